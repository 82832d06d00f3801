//! Checkers for workloads made so that one invariant tells: money that is only moved, sets that only grow, counters
//! that are only added to, keys written once, pairs of keys guarded together.
//!
//! They find less than the general checkers, need less of a history, and say it in the workload's own words. After
//! Jepsen's workloads of the same names. Deliberately absent: the generators of these workloads.

pub mod bank;
pub mod counter;
pub mod long_fork;
pub mod set_full;
pub mod write_skew;
