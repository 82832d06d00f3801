//! Retry budgets: how much of the load may be retries, whatever single calls would like.
//!
//! Four ways that are deployed. Tokens: Brooker, "Fixing retries with token buckets and circuit breakers" (2022), as
//! in the AWS SDKs. gRPC: proposal A6, "Throttling Retry Attempts and Hedged RPCs". A failure rate: the breaker on
//! retries of Brooker's comparison. A window: Finagle's `RetryBudget`, which Linkerd has too. Deliberately absent: how often one call is tried and how long it waits.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::time::{Span, Time};

/// A budget's kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum BudgetConfig {
    /// Each first try pays in; each retry takes a whole token out, and needs more than one there.
    Tokens {
        /// What a first try pays in: 0.1 bounds retries to a tenth of the calls.
        deposit: f64,
        /// How many tokens it holds; it starts full.
        size: f64,
    },
    /// A failure takes a token, a success gives `token_ratio` back; retries stop at half of `max_tokens` and below.
    /// In the long run that is at a failure rate of ratio / (1 + ratio).
    Grpc {
        /// How many tokens it holds; it starts full.
        max_tokens: f64,
        /// What a success gives back.
        token_ratio: f64,
    },
    /// No retry while failures are more than this share of the calls made so far.
    FailureRate {
        /// The share.
        at_most: f64,
    },
    /// Each first try pays in, what is paid in is gone after `ttl`, and so many retries a second are free.
    Window {
        /// How long what was paid in, or taken out, is remembered: Finagle's 10 s.
        ttl: Span,
        /// What a first try pays in: 0.2.
        share: f64,
        /// How many retries a second need nothing paid in: 10.
        floor: f64,
    },
}

/// A budget at work; one for each client and destination.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    config: BudgetConfig,
    tokens: f64,
    calls: f64,
    failures: f64,
    /// Tenths of a window in time: (which, paid in less taken out).
    tenths: VecDeque<(u64, f64)>,
}

impl BudgetConfig {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        let fields = match self {
            BudgetConfig::Tokens { deposit, size } => [("deposit", *deposit), ("size", *size)],
            BudgetConfig::Grpc { max_tokens, token_ratio } => {
                [("max_tokens", *max_tokens), ("token_ratio", *token_ratio)]
            }
            BudgetConfig::FailureRate { at_most } => [("at_most", *at_most), ("at_most", *at_most)],
            BudgetConfig::Window { ttl, .. } if *ttl < Span(10) => {
                return Err("ttl: a length above 0".into());
            }
            BudgetConfig::Window { share, floor, .. } => [("share", *share), ("floor", *floor)],
        };
        match fields.into_iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0)) {
            Some((name, value)) => Err(format!("{name}: a finite number, 0 or more, found {value}")),
            None => Ok(()),
        }
    }
}

impl RetryBudget {
    /// A fresh budget.
    #[must_use]
    pub fn new(config: BudgetConfig) -> RetryBudget {
        let tokens = match config {
            BudgetConfig::Tokens { size, .. } => size,
            BudgetConfig::Grpc { max_tokens, .. } => max_tokens,
            BudgetConfig::FailureRate { .. } | BudgetConfig::Window { .. } => 0.0,
        };
        RetryBudget { config, tokens, calls: 0.0, failures: 0.0, tenths: VecDeque::new() }
    }

    /// A call is tried for the first time.
    pub fn first_try(&mut self, now: Time) {
        self.calls += 1.0;
        match self.config {
            BudgetConfig::Tokens { deposit, size } => self.tokens = (self.tokens + deposit).min(size),
            BudgetConfig::Window { ttl, share, .. } => self.pay(ttl, share, now),
            _ => {}
        }
    }

    /// Pays into a window, and forgets what is too old.
    fn pay(&mut self, ttl: Span, tokens: f64, now: Time) {
        let tenth = now.0 / (ttl.0 / 10).max(1);
        while self.tenths.front().is_some_and(|(old, _)| old + 10 <= tenth) {
            self.tenths.pop_front();
        }
        match self.tenths.back_mut() {
            Some((last, sum)) if *last == tenth => *sum += tokens,
            _ => self.tenths.push_back((tenth, tokens)),
        }
    }

    /// An attempt ended.
    pub fn ended(&mut self, ok: bool) {
        self.failures += f64::from(u8::from(!ok));
        if let BudgetConfig::Grpc { max_tokens, token_ratio } = self.config {
            let change = if ok { token_ratio } else { -1.0 };
            self.tokens = (self.tokens + change).clamp(0.0, max_tokens);
        }
    }

    /// Whether a retry may go out; takes what it costs.
    pub fn take_retry(&mut self, now: Time) -> bool {
        match self.config {
            BudgetConfig::Window { ttl, floor, .. } => {
                self.pay(ttl, 0.0, now);
                let there: f64 = self.tenths.iter().map(|(_, sum)| sum).sum();
                let enough = there + floor * ttl.as_secs_f64() >= 1.0;
                if enough {
                    self.pay(ttl, -1.0, now);
                }
                enough
            }
            BudgetConfig::Tokens { .. } => {
                let enough = self.tokens > 1.0;
                if enough {
                    self.tokens -= 1.0;
                }
                enough
            }
            BudgetConfig::Grpc { max_tokens, .. } => self.tokens > max_tokens / 2.0,
            BudgetConfig::FailureRate { at_most } => self.failures <= at_most * self.calls.max(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BudgetConfig, RetryBudget};
    use crate::time::{Span, Time};

    /// The share of failures after which retries are still allowed, in a long regular pattern of outcomes.
    fn allows(config: BudgetConfig, failures_in_1000: u32) -> f64 {
        let (mut budget, mut allowed, mut asked) = (RetryBudget::new(config), 0.0, 0.0);
        for call in 0..200_000_u32 {
            // A thousand calls a second.
            let now = Time(u64::from(call) * 1_000_000);
            budget.first_try(now);
            // Spread evenly, so that no burst of failures empties the bucket by itself.
            let fails = (call * failures_in_1000) % 1000 < failures_in_1000;
            budget.ended(!fails);
            if fails && call > 100_000 {
                asked += 1.0;
                allowed += f64::from(u8::from(budget.take_retry(now)));
            }
        }
        allowed / asked
    }

    #[test]
    fn grpc_throttling_engages_at_ratio_over_one_plus_ratio() {
        // ratio 0.1: 1/11, or 9.09%.
        let config = BudgetConfig::Grpc { max_tokens: 10.0, token_ratio: 0.1 };
        assert_eq!(allows(config, 88), 1.0);
        assert_eq!(allows(config, 94), 0.0);
    }

    #[test]
    fn tokens_bound_retries_to_their_share_of_calls() {
        let config = BudgetConfig::Tokens { deposit: 0.1, size: 5.0 };
        assert_eq!(allows(config, 50), 1.0);
        let share = allows(config, 500);
        assert!((share - 0.2).abs() < 0.01, "a tenth of the calls over half of them: {share}");
    }

    #[test]
    fn a_window_has_a_floor_and_forgets() {
        let budget = |share, floor| BudgetConfig::Window { ttl: Span::secs(10), share, floor };
        // A thousand calls a second, half of them fail: a fifth of the calls may be retries, or ten a second.
        assert!((allows(budget(0.2, 0.0), 500) - 0.4).abs() < 0.01);
        assert!((allows(budget(0.0, 10.0), 500) - 0.02).abs() < 0.002);
        // What was paid in is gone after ten seconds, however much it was.
        let mut saved = RetryBudget::new(budget(1.0, 0.0));
        (0..100).for_each(|_| saved.first_try(Time(0)));
        assert!(saved.take_retry(Time(9_000_000_000)));
        assert!(!saved.take_retry(Time(10_000_000_000)));
    }

    #[test]
    fn a_failure_rate_stops_every_retry_above_it() {
        let config = BudgetConfig::FailureRate { at_most: 0.1 };
        assert_eq!((allows(config, 90), allows(config, 110)), (1.0, 0.0));
    }
}
