//! Adaptive concurrency: a limit on calls in flight, moved by what is seen. Used by callers before a callee and by
//! servers at their door.
//!
//! AIMD is TCP's rule (Chiu and Jain 1989). Vegas estimates the queue as limit·(1 − fastest/latency) (Brakmo and
//! Peterson 1995); Gradient compares a long average with a short one. Both are used as the open "concurrency-limits"
//! libraries use them, with their square-root headroom. Deliberately absent: queues.

use crate::time::Span;
use serde::{Deserialize, Serialize};

/// A limit's settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitConfig {
    /// How it moves.
    pub rule: Rule,
    /// Where it starts.
    pub initial: u32,
    /// The least it may be.
    #[serde(default = "one")]
    pub least: u32,
    /// The most it may be.
    pub most: u32,
}

/// How a limit moves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Rule {
    /// One more after a window of successes; times `back_off` after a failure or a call above `slower`.
    Aimd {
        /// What the limit is multiplied with: 0.9.
        back_off: f64,
        /// A call that takes longer counts as failed.
        slower: Span,
    },
    /// The limit follows the ratio of a long average of latencies to the latest one, which is let grow by
    /// `tolerance` first.
    Gradient {
        /// How much slower than the long average still counts as no queue: 1.5.
        tolerance: f64,
        /// How much of the new limit is taken at each step: 0.2.
        smoothing: f64,
    },
    /// The limit grows while the queue it causes is below alpha·√limit and shrinks above beta·√limit.
    Vegas {
        /// The lower bound's factor: 3.
        alpha: f64,
        /// The upper bound's factor: 6.
        beta: f64,
    },
}

fn one() -> u32 {
    1
}

/// A limit at work.
#[derive(Clone, Debug)]
pub struct Limit {
    config: LimitConfig,
    limit: f64,
    in_flight: u32,
    fastest: f64,
    long: f64,
    samples: u64,
}

impl LimitConfig {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        if self.least == 0 || self.initial < self.least || self.most < self.initial {
            return Err(format!(
                "least ({}), initial ({}) and most ({}) must rise, from 1 up",
                self.least, self.initial, self.most
            ));
        }
        let (name, value, range) = match self.rule {
            Rule::Aimd { back_off, .. } => ("back_off", back_off, 0.1..=0.999),
            Rule::Gradient { tolerance, smoothing } if (0.001..=1.0).contains(&smoothing) => {
                ("tolerance", tolerance, 1.0..=100.0)
            }
            Rule::Gradient { smoothing, .. } => ("smoothing", smoothing, 0.001..=1.0),
            Rule::Vegas { alpha, beta } if alpha >= beta || !beta.is_finite() => {
                return Err(format!("beta: {beta} must be a finite number above alpha ({alpha})"));
            }
            Rule::Vegas { alpha, .. } => ("alpha", alpha, 0.01..=1000.0),
        };
        if range.contains(&value) {
            Ok(())
        } else {
            Err(format!("{name}: {value} is out of range {}..{}", range.start(), range.end()))
        }
    }
}

impl Limit {
    /// A fresh one.
    #[must_use]
    pub fn new(config: LimitConfig) -> Limit {
        let limit = f64::from(config.initial);
        Limit { config, limit, in_flight: 0, fastest: f64::INFINITY, long: 0.0, samples: 0 }
    }
    /// The limit now.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit as u32
    }
    /// How many are in flight.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }
    /// Takes a place if there is one.
    pub fn enter(&mut self) -> bool {
        let free = self.in_flight < self.limit();
        self.in_flight += u32::from(free);
        free
    }
    /// One that has a place leaves it without telling anything.
    pub fn forget(&mut self) {
        self.in_flight -= 1;
    }
    /// One that has a place is done: well or not, after this long.
    pub fn ended(&mut self, ok: bool, took: Span) {
        // Whether the limit was used at all: an idle one must not grow.
        let used = f64::from(self.in_flight) * 2.0 >= self.limit;
        self.in_flight -= 1;
        let ns = (took.0 as f64).max(1.0);
        let next = match self.config.rule {
            Rule::Aimd { back_off, slower } => {
                if !ok || took > slower {
                    self.limit * back_off
                } else if used {
                    self.limit + 1.0 / self.limit
                } else {
                    self.limit
                }
            }
            Rule::Gradient { tolerance, smoothing } => self.gradient(ok, ns, used, tolerance, smoothing),
            Rule::Vegas { alpha, beta } => self.vegas(ok, ns, used, alpha, beta),
        };
        self.limit = next.clamp(f64::from(self.config.least), f64::from(self.config.most));
    }

    fn gradient(&mut self, ok: bool, ns: f64, used: bool, tolerance: f64, smoothing: f64) -> f64 {
        if !ok {
            return self.limit * 0.9;
        }
        self.samples += 1;
        let weight = 2.0 / (1.0 + (self.samples.min(600)) as f64);
        self.long += (ns - self.long) * weight;
        // After an overload the long average must come down faster than by itself.
        if self.long > 2.0 * ns {
            self.long *= 0.95;
        }
        if !used {
            return self.limit;
        }
        let gradient = (tolerance * self.long / ns).clamp(0.5, 1.0);
        let wanted = self.limit * gradient + libm::sqrt(self.limit);
        self.limit * (1.0 - smoothing) + wanted * smoothing
    }

    fn vegas(&mut self, ok: bool, ns: f64, used: bool, alpha: f64, beta: f64) -> f64 {
        self.fastest = self.fastest.min(ns);
        let root = libm::sqrt(self.limit);
        if !ok {
            return self.limit - root;
        }
        let queue = self.limit * (1.0 - self.fastest / ns);
        if queue > beta * root {
            self.limit - 1.0
        } else if queue < alpha * root && used {
            self.limit + 1.0 / root
        } else {
            self.limit
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Limit, LimitConfig, Rule};
    use crate::time::Span;

    /// A server of ten workers and 10 ms, driven in a closed loop as far as the limit allows: latency is in
    /// proportion to what is in flight. Where the limit settles.
    fn settles(rule: Rule) -> u32 {
        let mut limit = Limit::new(LimitConfig { rule, initial: 20, least: 1, most: 1000 });
        for _ in 0..20_000 {
            while limit.enter() {}
            let load = f64::from(limit.in_flight()) / 10.0;
            limit.ended(true, Span::ms(10).times(load.max(1.0)));
        }
        limit.limit()
    }

    #[test]
    fn every_rule_finds_a_limit_near_the_capacity() {
        let aimd = settles(Rule::Aimd { back_off: 0.9, slower: Span::ms(30) });
        let vegas = settles(Rule::Vegas { alpha: 3.0, beta: 6.0 });
        assert!((20..=31).contains(&aimd), "AIMD stays under three times the capacity: {aimd}");
        assert!((10..=60).contains(&vegas), "Vegas allows a queue of a few √limit: {vegas}");
    }

    #[test]
    fn a_gradient_shrinks_when_latency_jumps() {
        let rule = Rule::Gradient { tolerance: 1.5, smoothing: 0.2 };
        let mut limit = Limit::new(LimitConfig { rule, initial: 100, least: 1, most: 200 });
        let mut drive = |ms: u64, times: u32| {
            for _ in 0..times {
                while limit.enter() {}
                limit.ended(true, Span::ms(ms));
            }
            limit.limit()
        };
        assert_eq!(drive(10, 2000), 200);
        assert!(drive(100, 60) < 60);
    }

    #[test]
    fn failures_shrink_every_limit() {
        for rule in [
            Rule::Aimd { back_off: 0.5, slower: Span::secs(1) },
            Rule::Gradient { tolerance: 2.0, smoothing: 0.2 },
            Rule::Vegas { alpha: 3.0, beta: 6.0 },
        ] {
            let mut limit = Limit::new(LimitConfig { rule, initial: 50, least: 1, most: 100 });
            for _ in 0..50 {
                assert!(limit.enter());
                limit.ended(false, Span::ms(1));
            }
            assert!(limit.limit() <= 2, "{rule:?} {}", limit.limit());
        }
    }
}
