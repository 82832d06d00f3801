//! The peers that are libraries of Rust, each driven as its users would.

pub mod nexosim;
pub mod turmoil;
