//! Resilience policies, one small file each: state machines that are told what happened and say what to do.
//!
//! A caller's policies are layers, composed in the order written, the first one outermost: see [`Stack`]. They stand
//! before a call between services and before what any model's clients ask, so their files are the engine's
//! (`sim-core/src/client/policy/`) and are only named here. A server's policies (queue disciplines, shedding,
//! deduplication, caches) are this folder's own. Deliberately absent: nodes and messages.

pub mod cache;
pub mod dedup;
pub mod eviction;
pub mod queue;
pub mod shed;

pub use sim_core::client::policy::breaker::{Breaker, BreakerConfig, State as BreakerState, Trip};
pub use sim_core::client::policy::bucket::{LeakyBucket, LeakyBucketConfig, TokenBucket, TokenBucketConfig};
pub use sim_core::client::policy::budget::{BudgetConfig, RetryBudget};
pub use sim_core::client::policy::throttle::{Throttle, ThrottleConfig};
pub use sim_core::client::policy::{Act, Acts, Call, Layer, Outcome, Stack, Token, Twin, Why};
pub use sim_core::client::policy::{bulkhead, coalesce, concurrency, hedge, outcome, retry};
pub use sim_core::client::retry::{Backoff, Jitter};
