//! What a client does when an attempt is not answered: time-outs, how often it tries again, and after how long.

use serde::{Deserialize, Serialize};

use crate::client::policy::Guard;
use crate::random::Rng;
use crate::time::Span;

/// A client's patience.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryConfig {
    /// How long an attempt may take.
    pub timeout: Span,
    /// How many attempts an operation is given in all; at least 1.
    pub attempts: u32,
    /// How long the client waits between attempts.
    #[serde(default)]
    pub backoff: Backoff,
    /// What is asked before each attempt, in this order; each client has its own. An attempt that is turned away is not
    /// sent and is its operation's last.
    #[serde(default)]
    pub guards: Vec<Guard>,
}

/// The wait before attempt n + 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Backoff {
    /// No wait.
    #[default]
    None,
    /// The same wait each time.
    Fixed(Span),
    /// `base`·2ⁿ⁻¹, at most `cap`, jittered.
    Exponential {
        /// The first wait.
        base: Span,
        /// The longest.
        cap: Span,
        /// How it is randomised.
        #[serde(default)]
        jitter: Jitter,
    },
}

/// How a wait w is randomised (Brooker, "Exponential Backoff And Jitter", AWS 2015).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Jitter {
    /// Not at all.
    #[default]
    None,
    /// Uniform in 0..w.
    Full,
    /// Half of w, plus uniform in 0..w/2.
    Equal,
    /// Uniform from base to three times the previous wait, at most cap.
    Decorrelated,
}

impl Backoff {
    /// The wait after attempt `attempt` (from 1), given the previous wait. Always one draw.
    #[must_use]
    pub fn wait(&self, attempt: u32, previous: Span, rng: &mut Rng) -> Span {
        let u = rng.unit();
        match *self {
            Backoff::None => Span::ZERO,
            Backoff::Fixed(span) => span,
            Backoff::Exponential { base, cap, jitter } => {
                let doubled = base
                    .0
                    .checked_shl(attempt.saturating_sub(1).min(62))
                    .filter(|n| n >> (attempt.saturating_sub(1).min(62)) == base.0);
                let whole = Span(doubled.unwrap_or(u64::MAX)).min(cap);
                match jitter {
                    Jitter::None => whole,
                    Jitter::Full => whole.times(u),
                    Jitter::Equal => Span(whole.0 / 2).saturating_add(whole.times(u / 2.0)),
                    Jitter::Decorrelated => {
                        let top = Span(previous.max(base).0.saturating_mul(3));
                        Span(base.0.saturating_add(Span(top.0 - base.0).times(u).0)).min(cap)
                    }
                }
            }
        }
    }
}

impl RetryConfig {
    /// No such patience: what a client has whose `policies` say it all.
    #[must_use]
    pub fn absent() -> RetryConfig {
        RetryConfig { timeout: Span::ZERO, attempts: 0, backoff: Backoff::None, guards: Vec::new() }
    }

    /// Whether it is [`RetryConfig::absent`].
    #[must_use]
    pub fn is_absent(&self) -> bool {
        *self == RetryConfig::absent()
    }

    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        if self.attempts == 0 {
            return Err("attempts: an operation is attempted at least once".into());
        }
        if self.timeout == Span::ZERO {
            return Err("timeout: an attempt needs some time; use a length above 0".into());
        }
        for (i, guard) in self.guards.iter().enumerate() {
            guard.validate().map_err(|why| format!("guards[{i}]: {why}"))?;
        }
        if let Backoff::Exponential { base, cap, .. } = self.backoff
            && (base == Span::ZERO || cap < base)
        {
            return Err(format!("backoff: base ({base}) must be above 0 and at most cap ({cap})"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, Jitter};
    use crate::random::Rng;
    use crate::time::Span;

    fn waits(jitter: Jitter) -> Vec<Span> {
        let backoff = Backoff::Exponential { base: Span::ms(10), cap: Span::ms(100), jitter };
        let (mut rng, mut previous) = (Rng::from_key(4), Span::ZERO);
        (1..=8)
            .map(|attempt| {
                previous = backoff.wait(attempt, previous, &mut rng);
                previous
            })
            .collect()
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let expected = [10, 20, 40, 80, 100, 100, 100, 100].map(Span::ms);
        assert_eq!(waits(Jitter::None), expected);
        let huge = Backoff::Exponential { base: Span::ms(1), cap: Span::FOREVER, jitter: Jitter::None };
        assert_eq!(huge.wait(4_000_000_000, Span::ZERO, &mut Rng::from_key(1)), Span::FOREVER);
    }

    #[test]
    fn jitter_stays_in_its_range() {
        let whole = waits(Jitter::None);
        for (i, wait) in waits(Jitter::Full).into_iter().enumerate() {
            assert!(wait <= whole[i]);
        }
        for (i, wait) in waits(Jitter::Equal).into_iter().enumerate() {
            assert!(wait >= Span(whole[i].0 / 2) && wait <= whole[i]);
        }
        let mut previous = Span::ms(10);
        for wait in waits(Jitter::Decorrelated) {
            assert!(wait >= Span::ms(10) && wait.0 <= (previous.0 * 3).min(Span::ms(100).0), "{wait}");
            previous = wait;
        }
    }
}
