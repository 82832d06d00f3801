//! Which program made something: only what one build has made may stand in for each other.

/// The version that users are told.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version and a hash of the sources that decide what a run is (see this crate's `build.rs`): the identity of finished
/// worlds in a log, and of shards. Two builds of one version may differ in a model.
pub(crate) const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("SQUALL_SOURCES"));
