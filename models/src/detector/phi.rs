//! Phi accrual: suspicion as a number that grows with the silence, φ(t) = −log10 P(a heartbeat comes later than t)
//! (Hayashibara et al., SRDS'04, §4), the law of the gaps fitted to those seen.
//!
//! For a fixed threshold the silence that reaches it is the mean plus a constant number of deviations, so the constant
//! is solved for once and a deadline costs no logarithm.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use sim_core::time::Span;

/// The settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phi {
    /// The φ from which on it suspects: at 1 one suspicion in ten is wrong, at 3 one in a thousand, if the law holds.
    pub threshold: f64,
    /// How many gaps the fit is from.
    pub window: u32,
    /// The gap that is assumed before any was seen: as its mean, and a quarter of it as its deviation. It is forgotten once
    /// there are twenty real ones.
    pub first: Span,
    /// The fitted deviation is at least this.
    pub deviation_min: Span,
    /// A silence that is tolerated on top of the fitted mean: a pause for garbage collection.
    #[serde(default)]
    pub pause: Span,
    /// Which law is fitted.
    pub law: Law,
}

/// The law of the gaps between heartbeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Law {
    /// Normal, as in the paper.
    Normal,
    /// The logistic approximation of the normal that Akka computes with.
    Logistic,
    /// Exponential with the gaps' mean, as Cassandra has it.
    Exponential,
}

impl Phi {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first that does not, and what is wrong with it.
    pub fn validate(&self) -> Result<(), (&'static str, String)> {
        if !(self.threshold > 0.0 && self.threshold <= 300.0) {
            return Err(("threshold", format!("above 0 and at most 300, found {}", self.threshold)));
        }
        if self.window == 0 {
            return Err(("window", "at least 1 gap".into()));
        }
        if self.first == Span::ZERO {
            return Err(("first", "more than 0".into()));
        }
        Ok(())
    }
}

/// The gaps seen, and what follows from them.
#[derive(Clone, Debug)]
pub(crate) struct Intervals {
    law: Law,
    window: usize,
    deviation_min: f64,
    pause: f64,
    /// How many deviations beyond the mean (means, if the law is exponential) φ reaches the threshold.
    reach: f64,
    gaps: VecDeque<u64>,
    /// How many of the oldest gaps are assumed, not seen.
    assumed: usize,
    sum: u128,
    squares: u128,
}

/// With so many gaps seen, what was assumed before is forgotten: kept in a long window it would widen the fit for good.
const SEEN: usize = 20;

impl Intervals {
    pub(crate) fn new(phi: &Phi) -> Intervals {
        let mut intervals = Intervals {
            law: phi.law,
            window: phi.window as usize,
            deviation_min: phi.deviation_min.0 as f64,
            pause: phi.pause.0 as f64,
            reach: reach(phi.law, phi.threshold),
            gaps: VecDeque::new(),
            assumed: 0,
            sum: 0,
            squares: 0,
        };
        let quarter = phi.first.0 / 4;
        intervals.add(Span(phi.first.0 - quarter));
        intervals.add(Span(phi.first.0 + quarter));
        intervals.assumed = intervals.gaps.len();
        intervals
    }

    pub(crate) fn add(&mut self, gap: Span) {
        while self.gaps.len() >= self.window || (self.assumed > 0 && self.gaps.len() >= SEEN + self.assumed) {
            let Some(old) = self.gaps.pop_front() else { break };
            self.assumed = self.assumed.saturating_sub(1);
            self.sum -= u128::from(old);
            self.squares -= u128::from(old) * u128::from(old);
        }
        self.gaps.push_back(gap.0);
        self.sum += u128::from(gap.0);
        self.squares += u128::from(gap.0) * u128::from(gap.0);
    }

    /// The mean of the gaps with the tolerated pause, and their deviation, in nanoseconds.
    fn fit(&self) -> (f64, f64) {
        let n = self.gaps.len() as u128;
        // In whole numbers, so that nothing is lost when gaps leave the window.
        let spread = n * self.squares - self.sum * self.sum;
        let deviation = libm::sqrt(spread as f64) / n as f64;
        (self.sum as f64 / n as f64 + self.pause, deviation.max(self.deviation_min))
    }

    /// The silence after which φ reaches the threshold.
    pub(crate) fn patience(&self) -> Span {
        let (mean, deviation) = self.fit();
        Span::from_ns_f64(match self.law {
            Law::Normal | Law::Logistic => mean + deviation * self.reach,
            Law::Exponential => mean * self.reach,
        })
    }

    pub(crate) fn phi(&self, silence: Span) -> f64 {
        let (mean, deviation) = self.fit();
        match self.law {
            Law::Exponential => phi_at(self.law, silence.0 as f64 / mean),
            Law::Normal | Law::Logistic if deviation > 0.0 => {
                phi_at(self.law, (silence.0 as f64 - mean) / deviation)
            }
            Law::Normal | Law::Logistic if silence.0 as f64 > mean => f64::INFINITY,
            Law::Normal | Law::Logistic => 0.0,
        }
    }
}

/// φ at so many deviations beyond the mean, or so many means if the law is exponential.
#[must_use]
pub fn phi_at(law: Law, y: f64) -> f64 {
    match law {
        Law::Normal => -libm::log10(0.5 * libm::erfc(y / std::f64::consts::SQRT_2)),
        Law::Logistic => {
            let e = libm::exp(-y * (1.5976 + 0.070566 * y * y));
            if y > 0.0 { -libm::log10(e / (1.0 + e)) } else { -libm::log10(1.0 - 1.0 / (1.0 + e)) }
        }
        Law::Exponential => y * std::f64::consts::LOG10_E,
    }
}

/// Where φ reaches a threshold: the inverse of [`phi_at`], by halving.
#[must_use]
pub fn reach(law: Law, threshold: f64) -> f64 {
    let (mut low, mut high) = (-40.0_f64, 1000.0_f64);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        // Beyond what floating point can tell from certainty, φ is infinite and so above any threshold.
        if phi_at(law, middle) < threshold { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::{Intervals, Law, Phi, phi_at, reach};
    use sim_core::time::Span;

    #[test]
    fn thresholds_are_quantiles_of_the_normal() {
        for (phi, z) in [(1.0, 1.2816), (3.0, 3.0902), (8.0, 5.6120), (12.0, 7.0345)] {
            let ours = reach(Law::Normal, phi);
            assert!((ours - z).abs() < 5e-5, "phi {phi}: ours {ours}, published {z}");
        }
        // A silence of eight times ln 10 means, if the law is exponential.
        assert!((reach(Law::Exponential, 8.0) - 18.4207).abs() < 1e-4);
        let (normal, logistic) = (reach(Law::Normal, 3.0), reach(Law::Logistic, 3.0));
        assert!((normal - logistic).abs() < 0.05, "{normal} {logistic}");
    }

    #[test]
    fn what_was_assumed_is_forgotten() {
        let settings = Phi {
            threshold: 1.0,
            window: 1000,
            first: Span::secs(1),
            deviation_min: Span::ZERO,
            pause: Span::ZERO,
            law: Law::Normal,
        };
        let mut intervals = Intervals::new(&settings);
        for (seen, ms) in [400, 600].into_iter().cycle().take(200).enumerate() {
            intervals.add(Span::ms(ms));
            let assumed =
                intervals.gaps.iter().filter(|gap| [750_000_000, 1_250_000_000].contains(*gap)).count();
            assert_eq!(assumed, if seen < 20 { 2 } else { 0 }, "after {} gaps", seen + 1);
        }
        assert_eq!(intervals.gaps.len(), 200);
        let (mean, deviation) = intervals.fit();
        assert!((mean - 5e8).abs() < 1.0 && (deviation - 1e8).abs() < 1.0, "{mean} {deviation}");
    }

    #[test]
    fn phi_and_patience_are_inverse() {
        for law in [Law::Normal, Law::Logistic, Law::Exponential] {
            let settings = Phi {
                threshold: 5.0,
                window: 3,
                first: Span::secs(1),
                deviation_min: Span::ms(10),
                pause: Span::ms(100),
                law,
            };
            let mut intervals = Intervals::new(&settings);
            for ms in [900, 1000, 1100, 1300] {
                intervals.add(Span::ms(ms));
            }
            assert_eq!(intervals.gaps.len(), 3);
            let phi = intervals.phi(intervals.patience());
            assert!((phi - 5.0).abs() < 1e-4, "{law:?}: {phi}");
        }
        assert!(phi_at(Law::Normal, 0.0) < 0.302);
    }
}
