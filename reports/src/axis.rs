//! Axes as plotters' coordinates: linear, logarithmic and "nines" scales, with ticks at round numbers of real units.
//!
//! The logarithms are libm's, so that the bytes of a picture do not depend on the machine. Values outside an axis are
//! put on its edge. Deliberately absent: calendars; time here is simulated.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::number::{fixed, short};

/// Spans smaller than this, and numbers closer to zero, are nothing to an axis.
const LEAST: f64 = 1e-9;
/// Numbers beyond this lie on an axis's edge.
const GREATEST: f64 = 1e15;

/// How values become positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By the logarithm.
    Log,
    /// By −log₁₀(1 − p): each nine of a share takes the same room.
    Nines,
}

/// An axis: what it spans, and where its ticks are.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// How values become positions.
    pub scale: Scale,
    /// The value at its beginning.
    pub from: f64,
    /// The value at its end.
    pub to: f64,
    /// The labelled ticks.
    pub ticks: Vec<(f64, String)>,
    /// What it measures, with the unit.
    pub title: String,
}

impl Axis {
    /// Simulated time from the start to `end_ns`, with about `wanted` ticks. Values are nanoseconds.
    #[must_use]
    pub fn time(end_ns: u64, wanted: usize) -> Axis {
        let (unit, size) = match end_ns {
            n if n >= 72_000_000_000_000 => ("h", 3.6e12),
            n if n >= 1_200_000_000_000 => ("min", 60e9),
            n if n >= 2_000_000_000 => ("s", 1e9),
            n if n >= 2_000_000 => ("ms", 1e6),
            n if n >= 2_000 => ("µs", 1e3),
            _ => ("ns", 1.0),
        };
        let end = end_ns.max(1) as f64;
        let (step, decimals) = step(end / size, wanted);
        let ticks = multiples(0.0, end / size, step);
        let ticks = ticks.map(|tick| (tick * size, fixed(tick, decimals))).collect();
        Axis { scale: Scale::Linear, from: 0.0, to: end, ticks, title: format!("simulated time ({unit})") }
    }

    /// From zero up to at least `greatest`, ending at a tick.
    #[must_use]
    pub fn from_zero(greatest: f64, wanted: usize, title: &str) -> Axis {
        let greatest = if greatest.is_finite() && greatest > LEAST { greatest.min(GREATEST) } else { 1.0 };
        let (step, decimals) = step(greatest, wanted);
        let to = (greatest / step - 1e-9).ceil() * step;
        let ticks = multiples(0.0, to, step).map(|tick| (tick, fixed(tick, decimals))).collect();
        Axis { scale: Scale::Linear, from: 0.0, to, ticks, title: title.to_string() }
    }

    /// From the least to the greatest, widened to ticks; widened around a single value.
    #[must_use]
    pub fn spanning(least: f64, greatest: f64, wanted: usize, title: &str) -> Axis {
        let (mut least, mut greatest) = match (least.is_finite(), greatest.is_finite()) {
            (true, true) if least <= greatest => {
                (least.clamp(-GREATEST, GREATEST), greatest.clamp(-GREATEST, GREATEST))
            }
            _ => (0.0, 1.0),
        };
        if greatest - least <= (greatest.abs().max(least.abs()) * LEAST).max(LEAST) {
            let half = if least.abs() <= LEAST { 0.5 } else { least.abs() * 0.1 };
            (least, greatest) = (least - half, greatest + half);
        }
        let (step, decimals) = step(greatest - least, wanted);
        let (from, to) = ((least / step + 1e-9).floor() * step, (greatest / step - 1e-9).ceil() * step);
        let ticks = multiples(from, to, step).map(|tick| (tick, fixed(tick, decimals))).collect();
        Axis { scale: Scale::Linear, from, to, ticks, title: title.to_string() }
    }

    /// Lengths of time on a logarithmic axis, values in nanoseconds, labelled with their own units.
    #[must_use]
    pub fn log_durations(least_ns: f64, greatest_ns: f64, title: &str) -> Axis {
        let least = if least_ns.is_finite() { least_ns.clamp(1.0, GREATEST) } else { 1.0 };
        let greatest = if greatest_ns.is_finite() { greatest_ns.clamp(least, 1e19) } else { least };
        let decades = libm::log10(greatest / least);
        let digits: &[f64] = match decades {
            d if d > 4.0 => &[1.0],
            d if d > 2.0 => &[1.0, 3.0],
            d if d > 0.8 => &[1.0, 2.0, 5.0],
            _ => &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0],
        };
        let mut candidates = Vec::new();
        let mut decade = 0.1;
        while decade <= 1e20 {
            candidates.extend(digits.iter().map(|digit| digit * decade));
            decade *= 10.0;
        }
        let from = candidates.iter().rev().find(|c| **c <= least * 1.000_001).copied().unwrap_or(least);
        let to = candidates.iter().find(|c| **c >= greatest * 0.999_999).copied().unwrap_or(greatest);
        let to = if to <= from { from * 2.0 } else { to };
        let inside = candidates.into_iter().filter(|c| (from..=to).contains(c));
        let ticks = inside.map(|tick| (tick, crate::number::duration(tick))).collect();
        Axis { scale: Scale::Log, from, to, ticks, title: title.to_string() }
    }

    /// Shares from 0 up to as many nines as `samples` can show, at least one and at most five.
    #[must_use]
    pub fn nines(samples: usize, title: &str) -> Axis {
        let all = [(0.0, "0 %"), (0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %")];
        let all = all.into_iter().chain([(0.9999, "99.99 %"), (0.99999, "99.999 %")]);
        let shown = |p: f64| p <= 0.9 || (1.0 - p) * samples as f64 >= 0.999;
        let ticks: Vec<(f64, String)> =
            all.filter(|(p, _)| shown(*p)).map(|(p, text)| (p, text.to_string())).collect();
        let last = ticks.last().map_or(0.9, |(p, _)| *p);
        // A little room above the last line and the last step, where the curve goes on to the greatest value.
        let last_step = 1.0 - 1.0 / samples.clamp(1, 1_000_000) as f64;
        let to = 1.0 - (1.0 - last.max(last_step)) * 0.6;
        Axis { scale: Scale::Nines, from: 0.0, to, ticks, title: title.to_string() }
    }

    /// The position of a value, from 0 at the beginning to 1 at the end.
    #[must_use]
    pub fn position(&self, value: f64) -> f64 {
        let value = if value.is_nan() { self.from } else { value.clamp(self.from, self.to) };
        let bend = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Log => libm::log10(value),
            Scale::Nines => -libm::log10(1.0 - value),
        };
        let (from, to) = (bend(self.from), bend(self.to));
        if to > from { (bend(value) - from) / (to - from) } else { 0.0 }
    }
}

/// The round step (1, 2 or 5 times a power of ten) that gives about `wanted` ticks over a span, and the decimals it
/// needs.
fn step(span: f64, wanted: usize) -> (f64, usize) {
    let rough = (span / wanted.max(1) as f64).max(1e-12);
    let mut power = 1e-12;
    let mut decimals: i32 = 12;
    while power * 10.0 <= rough * 1.000_001 {
        power *= 10.0;
        decimals -= 1;
    }
    // The power is built by multiplication; make it exact again.
    if decimals >= 0 {
        power = format!("1e-{decimals}").parse().unwrap_or(power);
    } else {
        power = format!("1e{}", -decimals).parse().unwrap_or(power);
    }
    let (factor, more) = match rough / power {
        r if r <= 1.000_001 => (1.0, 0),
        r if r <= 2.000_001 => (2.0, 0),
        r if r <= 5.000_001 => (5.0, 0),
        _ => (10.0, 1),
    };
    (power * factor, usize::try_from(decimals - more).unwrap_or(0))
}

fn multiples(from: f64, to: f64, step: f64) -> impl Iterator<Item = f64> {
    let first = (from / step - 1e-6).ceil();
    let last = (to / step + 1e-6).floor();
    let many = (last - first).clamp(-1.0, 1000.0) as i64;
    (0..=many).map(move |i| (first + i as f64) * step)
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let span = f64::from(limit.1) - f64::from(limit.0);
        (f64::from(limit.0) + span * self.position(*value)).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, _hint: H) -> Vec<f64> {
        self.ticks.iter().map(|(value, _)| *value).collect()
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let known = self.ticks.iter().find(|(tick, _)| tick == value);
        known.map_or_else(|| short(*value), |(_, text)| text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::Axis;

    fn labels(axis: &Axis) -> String {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&Axis::time(30_000_000_000, 6)), "0 5 10 15 20 25 30");
        assert_eq!(labels(&Axis::time(5_000_000, 6)), "0 1 2 3 4 5");
        assert_eq!(labels(&Axis::time(600_000_000_000, 6)), "0 100 200 300 400 500 600");
        assert_eq!(labels(&Axis::time(0, 6)), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(labels(&Axis::from_zero(37.0, 4, "")), "0 10 20 30 40");
        assert_eq!(labels(&Axis::from_zero(0.0, 4, "")), "0.0 0.5 1.0");
        assert_eq!(labels(&Axis::log_durations(1.2e6, 48e6, "")), "1 ms 2 ms 5 ms 10 ms 20 ms 50 ms");
        assert_eq!(labels(&Axis::nines(500, "")), "0 % 50 % 90 % 99 %");
    }

    #[test]
    fn any_numbers_make_an_axis() {
        let odd = [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-300, 1e300, 5.0];
        for a in odd {
            for b in odd {
                for axis in
                    [Axis::spanning(a, b, 5, ""), Axis::from_zero(a, 5, ""), Axis::log_durations(a, b, "")]
                {
                    assert!(axis.from < axis.to, "{a} {b}: {axis:?}");
                    assert!(axis.ticks.len() < 200, "{a} {b}: {axis:?}");
                    assert!((0.0..=1.0).contains(&axis.position(b)), "{a} {b}");
                }
            }
        }
    }
}
