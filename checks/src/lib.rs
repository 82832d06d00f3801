//! Judges of a finished or running record: consistency checkers, properties and metrics.
//!
//! They know histories and records, never a protocol's insides.

pub mod format;
pub mod linearizability;
pub mod metrics;
pub mod property;
pub mod verdict;
