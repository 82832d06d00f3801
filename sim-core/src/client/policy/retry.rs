//! Retries: how often, after which wait, within which budget. The waits are [`Backoff`], the engine's own.
//!
//! Deliberately absent: what counts as a failure, which is [`Outcome`](super::Outcome)'s business.

use crate::client::policy::budget::BudgetConfig;
use crate::client::retry::Backoff;
use crate::time::Span;
use serde::{Deserialize, Serialize};

/// How a caller repeats what failed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryConfig {
    /// How many attempts in all, the first one included; at least 1.
    pub attempts: u32,
    /// The wait between two.
    #[serde(default)]
    pub backoff: Backoff,
    /// What bounds the retries of all calls together; nothing if absent.
    #[serde(default)]
    pub budget: Option<BudgetConfig>,
}

/// At most so many attempts.
const ATTEMPTS_MAX: u32 = 1_000_000;
/// At most so many without a wait between them.
const AT_ONCE_MAX: u32 = 10_000;

impl RetryConfig {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        if self.attempts == 0 {
            return Err("Retry: attempts: a call is attempted at least once".into());
        }
        if self.attempts > ATTEMPTS_MAX {
            return Err(format!("Retry: attempts: at most {ATTEMPTS_MAX}, found {}", self.attempts));
        }
        let at_once = matches!(self.backoff, Backoff::None | Backoff::Fixed(Span::ZERO));
        if at_once && self.attempts > AT_ONCE_MAX {
            return Err(format!(
                "Retry: attempts: at most {AT_ONCE_MAX} without a backoff, found {}: they may all fail at one instant, and \
                 time would not go on",
                self.attempts
            ));
        }
        if let Backoff::Exponential { base, cap, .. } = self.backoff
            && (base == Span::ZERO || cap < base)
        {
            return Err(format!("Retry: backoff: base ({base}) must be above 0 and at most cap ({cap})"));
        }
        self.budget.map_or(Ok(()), |budget| budget.validate().map_err(|why| format!("Retry: budget: {why}")))
    }
}
