//! From a name or a path to a scenario that has been checked.

use crate::error::ScenarioError;
use crate::schema::Scenario;

/// A scenario that has been read and checked; running it cannot fail.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its name: the one in the library, or the path it was read from.
    pub name: String,
    /// The text as it was read, without overrides.
    pub text: String,
    /// The overrides, `path=value` each.
    pub overrides: Vec<String>,
    /// What it says, overrides applied.
    pub scenario: Scenario,
    /// The hash of what it says; comments and spacing do not matter to it.
    pub hash: String,
}

impl Loaded {
    /// The seed to use where none is given.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.scenario.seed.unwrap_or(1)
    }
}

/// Reads a scenario by its path or its name in the library, applies overrides `path=value`, and checks it.
///
/// # Errors
/// Whatever keeps it from being run.
pub fn load(name_or_path: &str, overrides: &[String]) -> Result<Loaded, ScenarioError> {
    let _ = (name_or_path, overrides);
    todo!()
}
