//! Adaptive throttling: a client that is being rejected sends less by itself ("Site Reliability Engineering", ch. 21).
//!
//! A request is turned away locally with probability max(0, (requests − K·accepts) / (requests + 1)), both counted
//! over a sliding window. Deliberately absent: any word from the server but its answers.

use serde::{Deserialize, Serialize};

use crate::time::{Span, Time};

/// The settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrottleConfig {
    /// The multiplier K: at 2, as many requests get through as are accepted, once more.
    pub k: f64,
    /// How far back is counted; the book says two minutes.
    pub window: Span,
}

/// The window moves on by twelfths of its length.
const SLOTS: usize = 12;

/// A throttle at work.
#[derive(Clone, Debug)]
pub struct Throttle {
    config: ThrottleConfig,
    slots: [(u64, u64); SLOTS],
    /// The number of the newest slot, counted from the start of the run.
    newest: u64,
    requests: u64,
    accepts: u64,
}

impl ThrottleConfig {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        if !(self.k.is_finite() && self.k >= 1.0) {
            return Err(format!("k: a finite number, 1 or more, found {}", self.k));
        }
        if self.window.0 < SLOTS as u64 {
            return Err("window: a length above 0".into());
        }
        Ok(())
    }
}

impl Throttle {
    /// A fresh one.
    #[must_use]
    pub fn new(config: ThrottleConfig) -> Throttle {
        Throttle { config, slots: [(0, 0); SLOTS], newest: 0, requests: 0, accepts: 0 }
    }

    /// The probability with which the next request is turned away.
    #[must_use]
    pub fn rejects(&self) -> f64 {
        let (requests, accepts) = (self.requests as f64, self.accepts as f64);
        ((requests - self.config.k * accepts) / (requests + 1.0)).max(0.0)
    }

    /// Whether a request may go out; `draw` is uniform in 0..1. Counts it either way, as the book does.
    pub fn admit(&mut self, now: Time, draw: f64) -> bool {
        self.advance(now);
        let passes = draw >= self.rejects();
        self.slots[(self.newest % SLOTS as u64) as usize].0 += 1;
        self.requests += 1;
        passes
    }

    /// A request that went out was accepted, or was not.
    pub fn ended(&mut self, accepted: bool, now: Time) {
        self.advance(now);
        if accepted {
            self.slots[(self.newest % SLOTS as u64) as usize].1 += 1;
            self.accepts += 1;
        }
    }

    fn advance(&mut self, now: Time) {
        let slot = now.0 / (self.config.window.0 / SLOTS as u64);
        while self.newest < slot {
            if slot - self.newest > SLOTS as u64 {
                self.newest = slot - SLOTS as u64;
            }
            self.newest += 1;
            let old = std::mem::take(&mut self.slots[(self.newest % SLOTS as u64) as usize]);
            self.requests -= old.0;
            self.accepts -= old.1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Throttle, ThrottleConfig};
    use crate::random::Rng;
    use crate::time::{Span, Time};

    #[test]
    fn at_ten_times_overload_four_fifths_are_turned_away_locally() {
        let config = ThrottleConfig { k: 2.0, window: Span::secs(120) };
        let (mut throttle, mut rng) = (Throttle::new(config), Rng::from_key(3));
        let (mut sent, mut offered) = (0_u32, 0_u32);
        let mut room = 0.0_f64;
        // 1,000 requests a second against a server that accepts 100, evenly or in bursts.
        for i in 0..600_000_u64 {
            let now = Time(i * 1_000_000);
            room = (room + 0.1).min(100.0);
            let passes = throttle.admit(now, rng.unit());
            if passes {
                let accepted = room >= 1.0;
                room -= if accepted { 1.0 } else { 0.0 };
                throttle.ended(accepted, now);
            }
            if i > 200_000 {
                offered += 1;
                sent += u32::from(passes);
            }
        }
        let rejected = 1.0 - f64::from(sent) / f64::from(offered);
        assert!((rejected - 0.8).abs() < 0.01, "{rejected}");
    }

    #[test]
    fn an_old_window_is_forgotten() {
        let mut throttle = Throttle::new(ThrottleConfig { k: 2.0, window: Span::secs(12) });
        for i in 0..100 {
            throttle.admit(Time(i), 1.0);
        }
        assert!(throttle.rejects() > 0.9);
        throttle.ended(true, Time(1_000_000_000_000));
        assert_eq!(throttle.rejects(), 0.0);
    }
}
