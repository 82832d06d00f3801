//! Squall's engine.

pub mod history;
pub mod peer;
pub mod time;
pub mod units;
pub mod value;
