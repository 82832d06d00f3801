//! Squall's engine.

pub mod client;
pub mod clock;
pub mod disk;
pub mod fault;
pub mod fingerprint;
pub mod history;
pub mod network;
pub mod node;
pub mod observer;
pub mod peer;
pub mod processor;
pub mod queue;
pub mod random;
pub mod record;
mod slab;
pub mod time;
pub mod units;
pub mod value;
pub mod world;
