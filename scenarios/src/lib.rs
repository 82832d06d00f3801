//! Squall's scenarios: the file format, the library of files, and what runs them.
//!
//! [`load()`] reads a scenario from a file or the library, with overrides; [`run`] runs it once, [`explore`] with many
//! seeds, [`determinism`] twice; [`replay`] tells a run event by event, [`inspect`] shows its nodes at an
//! instant; [`capsule`] is a run that fits in a file.
//! Deliberately absent: printing for people, and pictures (`reports`, and the command line).

mod assemble;
pub mod capsule;
pub mod catalogue;
pub mod compare;
pub mod determinism;
pub mod error;
pub mod explore;
pub mod inspect;
mod judge;
pub mod library;
pub mod load;
pub mod log;
pub mod memory;
pub mod metastable;
pub mod paths;
mod registry;
pub mod replay;
mod replicas;
pub mod run;
pub mod schema;
pub mod shard;
pub mod sweep;
pub mod text;
mod version;
mod words;

pub use checks;
pub use checks::verdict;
pub use sim_core::{time, units};

pub use error::ScenarioError;
pub use load::{Loaded, load};
pub use schema::Scenario;
