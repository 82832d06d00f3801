//! Failure detectors as components: a [`Watch`] is what one node knows of another's heartbeats.
//!
//! All four are the same machine: given the heartbeats so far, each names the instant from which it suspects unless
//! another comes ([`Watch::deadline`]). A model arms a timer for it and asks [`Watch::suspects`] when that fires.
//! [`measured`] is a small model that measures them; [`crate::gossip::plumtree`] gives up its neighbours by one, and
//! coordinators of [`crate::quorum`] turn to others by one. Deliberately absent: who is watched, and what a suspicion
//! leads to; those are the model's.

pub mod measured;
pub mod phi;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use sim_core::time::{Span, Time};

use self::phi::{Intervals, Phi};

/// Which detector, and its settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Detector {
    /// Suspects when this long has passed since the latest heartbeat.
    Timeout(Span),
    /// Phi accrual (Hayashibara et al., SRDS'04).
    Phi(Phi),
    /// NFD-S (Chen, Toueg & Aguilera, IEEE ToC 2002, §3): clocks are synchronised, so that the i-th heartbeat is
    /// known to be sent at i times the interval. From then plus `shift` on it, or a later one, must have come.
    NfdS {
        /// The time between heartbeats.
        interval: Span,
        /// How long after its sending a heartbeat is waited for (δ).
        shift: Span,
    },
    /// NFD-E (the same, §6): clocks are not synchronised; when the next heartbeat is due is estimated from those that
    /// came, and it is waited for until `margin` after that.
    NfdE {
        /// The time between heartbeats.
        interval: Span,
        /// How long after its expected arrival a heartbeat is waited for (α).
        margin: Span,
        /// From how many heartbeats the expected arrival is estimated.
        window: u32,
    },
}

impl Detector {
    /// Whether every field makes sense for heartbeats that come at this interval.
    ///
    /// # Errors
    /// The first that does not, as a path, and what is wrong with it.
    pub fn validate(&self, heartbeats: Span) -> Result<(), (String, String)> {
        let fail = |path: &str, why: String| Err((path.to_string(), why));
        match self {
            Detector::Timeout(Span::ZERO) => fail("Timeout", "more than 0".into()),
            Detector::Phi(phi) => phi.validate().map_err(|(field, why)| (format!("Phi.{field}"), why)),
            Detector::NfdS { interval, .. } if *interval != heartbeats => fail(
                "NfdS.interval",
                format!(
                    "heartbeats are sent every {heartbeats}, and the detector must know that; found {interval}"
                ),
            ),
            Detector::NfdE { interval, .. } if *interval != heartbeats => fail(
                "NfdE.interval",
                format!(
                    "heartbeats are sent every {heartbeats}, and the detector must know that; found {interval}"
                ),
            ),
            Detector::NfdE { window: 0, .. } => fail("NfdE.window", "at least 1 heartbeat".into()),
            _ => Ok(()),
        }
    }
}

/// What one node knows of another's heartbeats. All instants are on the watcher's monotonic clock.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The greatest number among the heartbeats that came; they count from 1.
    latest: u64,
    /// When that one came; when the watch began if none has.
    at: Time,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Timeout(Span),
    Phi(Box<Intervals>),
    NfdS {
        interval: Span,
        shift: Span,
    },
    /// For each heartbeat in the window, its arrival less its number of intervals, which may be below zero.
    NfdE {
        interval: Span,
        margin: Span,
        window: usize,
        offsets: VecDeque<i64>,
    },
}

impl Watch {
    /// A watch that begins now, with trust: NFD-S takes what should have come before as if it had.
    #[must_use]
    pub fn new(detector: &Detector, now: Time) -> Watch {
        let mut latest = 0;
        let kind = match detector {
            Detector::Timeout(timeout) => Kind::Timeout(*timeout),
            Detector::Phi(phi) => Kind::Phi(Box::new(Intervals::new(phi))),
            Detector::NfdS { interval, shift } => {
                latest = now.0 / interval.0;
                Kind::NfdS { interval: *interval, shift: *shift }
            }
            Detector::NfdE { interval, margin, window } => Kind::NfdE {
                interval: *interval,
                margin: *margin,
                window: *window as usize,
                offsets: VecDeque::new(),
            },
        };
        Watch { latest, at: now, kind }
    }

    /// The heartbeat with this number came. One that is older than the latest tells nothing new.
    pub fn heartbeat(&mut self, number: u64, now: Time) {
        if number <= self.latest {
            return;
        }
        match &mut self.kind {
            Kind::Timeout(_) | Kind::NfdS { .. } => {}
            Kind::Phi(intervals) => {
                if self.latest > 0 {
                    intervals.add(now.since(self.at));
                }
            }
            Kind::NfdE { interval, window, offsets, .. } => {
                if offsets.len() == *window {
                    offsets.pop_front();
                }
                offsets.push_back(now.0 as i64 - (number * interval.0) as i64);
            }
        }
        self.latest = number;
        self.at = now;
    }

    /// From when on it suspects, unless another heartbeat comes.
    #[must_use]
    pub fn deadline(&self) -> Time {
        match &self.kind {
            Kind::Timeout(timeout) => self.at + *timeout,
            Kind::Phi(intervals) => self.at + intervals.patience(),
            Kind::NfdS { interval, shift } => Time((self.latest + 1) * interval.0) + *shift,
            Kind::NfdE { interval, margin, offsets, .. } if offsets.is_empty() => {
                self.at + *interval + *margin
            }
            Kind::NfdE { interval, margin, offsets, .. } => {
                let sum: i128 = offsets.iter().map(|offset| i128::from(*offset)).sum();
                let mean = sum / offsets.len() as i128;
                let due = mean + i128::from((self.latest + 1) * interval.0);
                Time(due.max(0) as u64) + *margin
            }
        }
    }

    /// Whether it suspects.
    #[must_use]
    pub fn suspects(&self, now: Time) -> bool {
        now >= self.deadline()
    }

    /// How strongly it suspects, on the scale of phi; `None` for detectors that only say yes or no.
    #[must_use]
    pub fn phi(&self, now: Time) -> Option<f64> {
        match &self.kind {
            Kind::Phi(intervals) => Some(intervals.phi(now.since(self.at))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Detector, Watch};
    use sim_core::time::{Span, Time};

    fn at(ms: u64) -> Time {
        Time(ms * 1_000_000)
    }

    /// Heartbeats (number, arrival in ms) in; the deadlines after each out.
    fn check(detector: &Detector, heartbeats: &[(u64, u64)], deadlines_ms: &[u64]) {
        let mut watch = Watch::new(detector, Time::ZERO);
        let mut seen = vec![watch.deadline().0 / 1_000_000];
        for &(number, ms) in heartbeats {
            watch.heartbeat(number, at(ms));
            seen.push(watch.deadline().0 / 1_000_000);
        }
        assert_eq!(seen, deadlines_ms, "{detector:?}");
    }

    #[test]
    fn each_waits_as_its_paper_says() {
        let second = Span::secs(1);
        check(&Detector::Timeout(Span::secs(3)), &[(1, 1020), (2, 2500)], &[3000, 4020, 5500]);
        // Freshness points are fixed in advance: how late a heartbeat came does not move the next one.
        let nfd_s = Detector::NfdS { interval: second, shift: Span::ms(50) };
        check(&nfd_s, &[(1, 1040), (3, 3020), (2, 3030)], &[1050, 2050, 4050, 4050]);
        // Offsets 20, 40 and 0 ms: their mean, the next number's interval and the margin.
        let nfd_e = Detector::NfdE { interval: second, margin: Span::ms(100), window: 2 };
        check(&nfd_e, &[(1, 1020), (2, 2040), (3, 3000)], &[1100, 2120, 3130, 4120]);
    }
}
