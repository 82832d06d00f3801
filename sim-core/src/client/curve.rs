//! Rates that change with time: the integral of a rate that runs straight from point to point, and its inverse, which
//! turns a unit of arrivals into the time it takes (Lewis and Shedler's inversion of a Poisson process).

use crate::time::Span;

/// Whether a curve's points make sense.
pub(super) fn validate(points: &[(Span, f64)], repeats: bool) -> Result<(), String> {
    let Some((first, _)) = points.first() else { return Err("points: at least one".into()) };
    if *first != Span::ZERO {
        return Err(format!("points: the first is at 0, found {first}"));
    }
    if points.windows(2).any(|pair| pair[0].0 > pair[1].0) {
        return Err("points: their times must not fall".into());
    }
    if let Some((_, rate)) = points.iter().find(|(_, rate)| !(rate.is_finite() && *rate >= 0.0)) {
        return Err(format!("points: a rate is a finite number a second, 0 or more, found {rate}"));
    }
    let length = points[points.len() - 1].0;
    if repeats && (length == Span::ZERO || area(points) == 0.0) {
        return Err("repeats: a curve that repeats has a length, and a rate above 0 somewhere".into());
    }
    Ok(())
}

/// The arrivals of one pass.
fn area(points: &[(Span, f64)]) -> f64 {
    points
        .windows(2)
        .map(|pair| (pair[1].0.0 - pair[0].0.0) as f64 * 1e-9 * (pair[0].1 + pair[1].1) / 2.0)
        .sum()
}

/// How long from `now` until `amount` arrivals are due; [`Span::FOREVER`] if never.
pub(super) fn time_for(points: &[(Span, f64)], repeats: bool, now: Span, mut amount: f64) -> Span {
    let Some(&(end, last)) = points.last() else { return Span::FOREVER };
    let mut at = if repeats && end > Span::ZERO { now.0 % end.0 } else { now.0 };
    let mut waited = 0_u64;
    if repeats {
        let whole = area(points);
        let passes = (amount / whole).floor();
        amount -= passes * whole;
        waited = (passes * end.0 as f64) as u64;
    }
    // Twice at most when it repeats: the rest of this pass, and the next.
    for _ in 0..3 {
        for pair in points.windows(2) {
            let ((from, low), (to, high)) = (pair[0], pair[1]);
            if to.0 <= at {
                continue;
            }
            let slope = (high - low) / ((to.0 - from.0) as f64 * 1e-9);
            let rate = low + slope * (at - from.0) as f64 * 1e-9;
            let left = (to.0 - at) as f64 * 1e-9;
            let here = left * (rate + high) / 2.0;
            if here >= amount {
                // rate·t + slope·t²/2 = amount, in the form that is stable for a small slope.
                let root = libm::sqrt((rate * rate + 2.0 * slope * amount).max(0.0));
                let seconds = if rate + root > 0.0 { 2.0 * amount / (rate + root) } else { left };
                return Span(waited).saturating_add(Span::from_secs_f64(seconds.min(left)).max(Span(1)));
            }
            amount -= here;
            waited += to.0 - at;
            at = to.0;
        }
        if !repeats {
            return if last > 0.0 {
                Span(waited).saturating_add(Span::from_secs_f64(amount / last))
            } else {
                Span::FOREVER
            };
        }
        at = 0;
    }
    Span(waited).max(Span(1))
}

#[cfg(test)]
mod tests {
    use super::{time_for, validate};
    use crate::client::load::Load;
    use crate::time::Span;

    #[test]
    fn the_integral_is_inverted() {
        // From 0 to 10 a second in 10 s: 50 arrivals; then 10 a second for ever.
        let ramp = [(Span::ZERO, 0.0), (Span::secs(10), 10.0)];
        let ms = |now, amount| time_for(&ramp, false, Span::secs(now), amount).as_ms_f64().round() as u64;
        assert_eq!((ms(0, 12.5), ms(0, 50.0), ms(0, 60.0), ms(20, 5.0)), (5000, 10_000, 11_000, 500));
        // A burst: 1 a second, then 100 for a second, again and again.
        let burst =
            [(Span::ZERO, 1.0), (Span::secs(9), 1.0), (Span::secs(9), 100.0), (Span::secs(10), 100.0)];
        let ms = |now, amount| time_for(&burst, true, Span::secs(now), amount).as_ms_f64().round() as u64;
        assert_eq!((ms(0, 9.0), ms(0, 59.0), ms(0, 110.0), ms(19, 1.0)), (9000, 9500, 11_000, 10));
    }

    #[test]
    fn curves_that_make_no_sense_are_refused() {
        for points in
            [vec![], vec![(Span::secs(1), 1.0)], vec![(Span::ZERO, f64::NAN)], vec![(Span::ZERO, -1.0)]]
        {
            assert!(validate(&points, false).is_err(), "{points:?}");
        }
        assert!(validate(&[(Span::ZERO, 1.0)], true).is_err());
    }

    #[test]
    fn recorded_arrivals_are_read_from_csv() {
        let load = Load::replay_csv("time,what\n0.5,a\n0.25,b\n\n3,c\n").expect("a table");
        assert_eq!(load, Load::Replay(vec![Span::ms(250), Span::ms(500), Span::secs(3)]));
        assert!(Load::replay_csv("0.5\nsoon\n").expect_err("no number").contains("line 2"));
    }
}
