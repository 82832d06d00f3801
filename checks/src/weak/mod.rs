//! Weak consistency: what sessions may see of each other's writes when no single order of everything is promised.
//!
//! [`isolation`]: read committed, read atomic, causal consistency of transactions or single operations.
//! [`sessions`]: the four session guarantees. [`convergence`]: whether all reads end
//! alike, [`agreement`]: whether the replicas themselves do. [`staleness`]: how old an
//! answer was, in versions and in time. [`durability`]: acknowledged writes that vanished, and old ones that came back.
//! [`updates`]: acknowledged writes replaced by ones that did not know of them.
//! [`sequential`]: one order of all operations that respects every session's own.
//!
//! All read registers of unique values: a value says who wrote it. Deliberately absent: linearizability, and
//! stronger isolation (see [`crate::transactions`]).

pub mod agreement;
pub mod convergence;
pub mod durability;
pub mod isolation;
mod older;
pub(crate) mod seen;
pub mod sequential;
pub mod sessions;
pub mod staleness;
pub mod updates;
