//! Judges of a finished or running record: consistency checkers, properties and metrics.
//!
//! They know histories and records, never a protocol's insides.

pub mod bounds;
pub mod critical;
pub mod foreign;
pub mod format;
pub mod graph;
mod intern;
pub mod linearizability;
pub mod metrics;
mod naming;
pub mod property;
pub mod services;
pub mod statistics;
pub mod transactions;
pub mod verdict;
pub mod weak;
pub mod workloads;

pub use naming::Named;
