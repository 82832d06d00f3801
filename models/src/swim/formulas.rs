//! The formulas of SWIM (Das et al., DSN'02), Lifeguard (Dadgar et al., DSN'18) and of memberlist, which has both.
//!
//! Pure functions over numbers, so that they can be read beside their sources.

use sim_core::time::Span;

/// The expected number of periods until somebody probes a given member of `n`, if all choose at random at the same
/// instants: 1/(1−(1−1/(n−1))^(n−1)) (SWIM §3.1).
#[must_use]
pub fn periods_to_first_probe(n: u32) -> f64 {
    let others = f64::from(n) - 1.0;
    1.0 / (1.0 - libm::pow(1.0 - 1.0 / others, others))
}

/// The same where each node's periods begin at an instant of its own. Of `m` = n−1 others each probes a given member once
/// a period with chance 1/m, so nobody has by t within a period with chance (1−t/m)^m; whole periods multiply.
#[must_use]
pub fn periods_to_first_probe_unsynchronised(n: u32) -> f64 {
    let m = f64::from(n) - 1.0;
    let none = 1.0 - 1.0 / m;
    let within = m / (m + 1.0) * (1.0 - libm::pow(none, m + 1.0));
    within / (1.0 - libm::pow(none, m))
}

/// How often an update is sent on: `multiplier` · ⌈log10(n+1)⌉.
#[must_use]
pub fn transmissions(multiplier: u32, n: u32) -> u32 {
    multiplier * libm::ceil(libm::log10(f64::from(n) + 1.0)) as u32
}

/// The least suspicion time: `multiplier` · max(1, log10 n) · the probe interval.
#[must_use]
pub fn suspicion_min(multiplier: f64, n: u32, interval: Span) -> Span {
    let scale = libm::log10(f64::from(n.max(1))).max(1.0);
    interval.times(multiplier * scale)
}

/// The suspicion time after `confirmations` of the `expected` independent ones: max − (max−min)·ln(c+1)/ln(k+1), and
/// never below min (Lifeguard §IV-B). With none expected it is min at once.
#[must_use]
pub fn suspicion_after(min: Span, max: Span, confirmations: u32, expected: u32) -> Span {
    if expected == 0 {
        return min;
    }
    let share = libm::log(f64::from(confirmations) + 1.0) / libm::log(f64::from(expected) + 1.0);
    let time = max.0 as f64 - share * (max.0 as f64 - min.0 as f64);
    Span::from_ns_f64(time).max(min)
}

#[cfg(test)]
mod tests {
    use super::{
        periods_to_first_probe, periods_to_first_probe_unsynchronised, suspicion_after, suspicion_min,
        transmissions,
    };
    use sim_core::time::Span;

    #[test]
    fn first_probes() {
        for (n, periods) in [(10, 1.530), (100, 1.577), (1_000_000, 1.582)] {
            assert!((periods_to_first_probe(n) - periods).abs() < 5e-4, "{n}");
        }
        for (n, periods) in [(10, 0.953), (100, 0.996), (1_000_000, 1.0)] {
            assert!((periods_to_first_probe_unsynchronised(n) - periods).abs() < 5e-4, "{n}");
        }
    }

    #[test]
    fn memberlist_transmissions() {
        let ours: Vec<u32> = [0, 1, 9, 10, 99, 100, 999, 1000].map(|n| transmissions(4, n)).to_vec();
        assert_eq!(ours, [0, 4, 4, 8, 8, 12, 12, 16]);
    }

    #[test]
    fn memberlist_suspicion() {
        let second = Span::secs(1);
        let min: Vec<u64> =
            [1, 5, 10, 50, 100, 1000].map(|n| suspicion_min(4.0, n, second).0 / 1_000_000).to_vec();
        assert_eq!(min, [4000, 4000, 4000, 6795, 8000, 12000]);
        // Between 2 s and 30 s with three expected: the values that memberlist's own test has.
        let after = |confirmations, expected| {
            suspicion_after(Span::secs(2), Span::secs(30), confirmations, expected).0 / 1_000_000_000
        };
        assert_eq!([0, 1, 2, 3, 4].map(|c| after(c, 3)), [30, 16, 7, 2, 2]);
        assert_eq!(after(0, 0), 2);
    }
}
