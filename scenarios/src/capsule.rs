//! A run in a file: the scenario with its overrides applied, the seed, and the fingerprint it must give.

use sim_core::fingerprint::Fingerprint;

use crate::error::ScenarioError;
use crate::load::Loaded;

/// A run that can be repeated elsewhere.
#[derive(Clone, Debug)]
pub struct Capsule {
    /// The scenario.
    pub loaded: Loaded,
    /// The seed.
    pub seed: u64,
    /// What the run must come to; `None` if that was not known.
    pub fingerprint: Option<Fingerprint>,
}

impl Capsule {
    /// The capsule as a file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        todo!()
    }

    /// Reads a capsule.
    ///
    /// # Errors
    /// As for a scenario.
    pub fn parse(text: &str, origin: &str) -> Result<Capsule, ScenarioError> {
        let _ = (text, origin);
        todo!()
    }

    /// Whether a text looks like a capsule rather than a scenario.
    #[must_use]
    pub fn is_capsule(text: &str) -> bool {
        let _ = text;
        todo!()
    }
}
