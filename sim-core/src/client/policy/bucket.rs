//! Rate limits: the token bucket, which lets bursts through, and the leaky bucket, which spaces them out.
//!
//! Deliberately absent: who waits and where; a leaky bucket says how long, its owner sets the timer.

use serde::{Deserialize, Serialize};

use crate::time::{Span, Time};
use crate::units::Rate;

/// A token bucket's settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenBucketConfig {
    /// How fast it fills.
    pub rate: Rate,
    /// How many tokens it holds, so how large a burst passes; it starts full.
    pub burst: u32,
}

/// A leaky bucket's settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakyBucketConfig {
    /// How fast it leaks: calls leave it evenly at this rate.
    pub rate: Rate,
    /// How many may wait in it; what comes on top is turned away.
    pub holds: u32,
}

/// A token bucket at work.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    config: TokenBucketConfig,
    tokens: f64,
    at: Time,
}

/// A leaky bucket at work.
#[derive(Clone, Debug)]
pub struct LeakyBucket {
    config: LeakyBucketConfig,
    /// When the latest call it took leaves it.
    last: Option<Time>,
}

impl TokenBucketConfig {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        if self.burst == 0 { Err("burst: room for at least 1 token".into()) } else { Ok(()) }
    }
}

impl TokenBucket {
    /// A full one.
    #[must_use]
    pub fn new(config: TokenBucketConfig) -> TokenBucket {
        TokenBucket { config, tokens: f64::from(config.burst), at: Time::ZERO }
    }

    /// Takes a token if there is one.
    pub fn take(&mut self, now: Time) -> bool {
        let filled = now.since(self.at).as_secs_f64() * self.config.rate.get();
        self.tokens = (self.tokens + filled).min(f64::from(self.config.burst));
        self.at = self.at.max(now);
        // A nanosecond's rounding must not cost an evenly spaced caller its token.
        let enough = self.tokens >= 1.0 - 1e-6;
        if enough {
            self.tokens = (self.tokens - 1.0).max(0.0);
        }
        enough
    }
}

impl LeakyBucket {
    /// An empty one.
    #[must_use]
    pub fn new(config: LeakyBucketConfig) -> LeakyBucket {
        LeakyBucket { config, last: None }
    }

    /// How long a call that comes now waits; `None` if it is turned away.
    pub fn take(&mut self, now: Time) -> Option<Span> {
        let step = self.config.rate.interval();
        let leaves = self.last.map_or(now, |last| last + step).max(now);
        let wait = leaves.since(now);
        if wait.0 > step.0.saturating_mul(u64::from(self.config.holds)) {
            return None;
        }
        self.last = Some(leaves);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::{LeakyBucket, LeakyBucketConfig, TokenBucket, TokenBucketConfig};
    use crate::time::{Span, Time};
    use crate::units::Rate;

    #[test]
    fn a_token_bucket_passes_a_burst_and_then_its_rate() {
        let rate = Rate::per_second(10.0).expect("a rate");
        let mut bucket = TokenBucket::new(TokenBucketConfig { rate, burst: 5 });
        let passed = (0..20).filter(|_| bucket.take(Time::ZERO)).count();
        let later = (1..=1000).filter(|ms| bucket.take(Time(ms * 1_000_000))).count();
        assert_eq!((passed, later), (5, 10));
    }

    #[test]
    fn a_leaky_bucket_spaces_calls_out_and_turns_the_rest_away() {
        let rate = Rate::per_second(10.0).expect("a rate");
        let mut bucket = LeakyBucket::new(LeakyBucketConfig { rate, holds: 2 });
        let waits: Vec<Option<Span>> = (0..4).map(|_| bucket.take(Time::ZERO)).collect();
        assert_eq!(waits, [Some(Span::ZERO), Some(Span::ms(100)), Some(Span::ms(200)), None]);
        assert_eq!(bucket.take(Time(1_000_000_000)), Some(Span::ZERO));
    }
}
