//! Resilience policies, one small file each: state machines that are told what happened and say what to do.
//!
//! A caller's policies are layers, composed in the order written, the first one outermost: see [`Stack`]. Those that
//! the engine's clients run too (backoff with jitter, retry budgets, breakers, throttling, rate limits) are the
//! engine's own and are only named here, so there is one piece of code for both. A server's policies (queue
//! disciplines, shedding, deduplication, caches) stand beside them. Deliberately absent: nodes and messages.

pub mod bulkhead;
pub mod cache;
pub mod coalesce;
pub mod concurrency;
pub mod dedup;
pub mod outcome;
pub mod queue;
pub mod retry;
pub mod shed;
mod stack;
mod stack_frames;

use serde::{Deserialize, Serialize};
use sim_core::time::Span;

pub use self::outcome::Outcome;
pub use self::stack::{Act, Acts, Call, Stack, Token, Twin, Why};
pub use sim_core::client::policy::breaker::{Breaker, BreakerConfig, State as BreakerState, Trip};
pub use sim_core::client::policy::bucket::{LeakyBucket, LeakyBucketConfig, TokenBucket, TokenBucketConfig};
pub use sim_core::client::policy::budget::{BudgetConfig, RetryBudget};
pub use sim_core::client::policy::hedge;
pub use sim_core::client::policy::throttle::{Throttle, ThrottleConfig};
pub use sim_core::client::retry::{Backoff, Jitter};

use self::bulkhead::BulkheadConfig;
use self::concurrency::LimitConfig;
use self::hedge::HedgeConfig;
use self::retry::RetryConfig;

/// One policy of a caller. In a list the first is outermost: a `Timeout` before a `Retry` bounds the whole call, one
/// after it each attempt; a `Breaker` before a `Retry` counts calls, one after it attempts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Layer {
    /// What is inside may take this long; then it is given up.
    Timeout(Span),
    /// The callee is told how long there is, by the tightest timeout around and the caller's own deadline, less this
    /// margin; nothing is sent when nothing is left.
    Deadline {
        /// What is kept back for the way home.
        margin: Span,
    },
    /// What failed is tried again.
    Retry(RetryConfig),
    /// A second attempt is sent before the first has failed.
    Hedge(HedgeConfig),
    /// Nothing is sent while too much fails.
    Breaker(BreakerConfig),
    /// Attempts are turned away locally with the probability that they would be rejected.
    Throttle(ThrottleConfig),
    /// So many at once; some more may wait. A connection pool is one.
    Bulkhead(BulkheadConfig),
    /// So many at once, found out by what the callee can bear.
    Concurrency(LimitConfig),
    /// At most so many a second; bursts pass, the rest is turned away.
    TokenBucket(TokenBucketConfig),
    /// At most so many a second, evenly; a few wait, the rest is turned away.
    LeakyBucket(LeakyBucketConfig),
    /// Calls for a key that is being asked for share that answer.
    Coalesce,
    /// A failure is answered by something lesser: a default, a stale value.
    Fallback,
}

impl Layer {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Layer::Timeout(span) if *span == Span::ZERO => Err("Timeout: a length above 0".into()),
            Layer::Timeout(_) | Layer::Deadline { .. } | Layer::Coalesce | Layer::Fallback => Ok(()),
            Layer::Retry(config) => config.validate(),
            Layer::Hedge(config) => config.validate(),
            Layer::Breaker(config) => config.validate(),
            Layer::Throttle(config) => config.validate(),
            Layer::Bulkhead(config) => config.validate(),
            Layer::Concurrency(config) => config.validate(),
            Layer::TokenBucket(config) => config.validate(),
            Layer::LeakyBucket(_) => Ok(()),
        }
    }
}
