//! Squall's models: protocols and services as state machines over the engine, one folder each.
//!
//! A model knows the engine and nothing else: no scenario, no checker, no file.

pub mod contention;
pub mod crdt;
pub mod detector;
pub mod gossip;
pub mod model;
pub mod policy;
pub mod quorum;
pub mod raft;
pub mod service;
pub mod solo;
pub mod swim;
pub mod wal;
