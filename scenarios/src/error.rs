//! Why a scenario cannot be run, as a person reads it.

use crate::library;

/// A scenario that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Neither a file nor a name in the library.
    #[error("there is no scenario \"{name}\", neither as a file nor in the library{}", nearest.as_ref().map(|n| format!("; did you mean \"{n}\"?")).unwrap_or_default())]
    NotFound {
        /// What was asked for.
        name: String,
        /// The name in the library that is nearest to it.
        nearest: Option<String>,
    },
    /// The file is there but cannot be read.
    #[error("{path}: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        why: std::io::Error,
    },
    /// The text, or an override, is wrong: position, caret, path, expectation, nearest name.
    #[error("{0}")]
    Invalid(Box<crate::text::Diagnostic>),
    /// Candidates that cannot be compared.
    #[error("{0}")]
    Comparison(String),
}

impl ScenarioError {
    /// The library has no scenario of this name; the nearest it has is named.
    #[must_use]
    pub fn not_in_library(name: &str) -> ScenarioError {
        let stem = name.trim_end_matches(".ron");
        let nearest = crate::text::nearest(stem, library::names().into_iter().chain(library::comparisons()))
            .map(str::to_string);
        ScenarioError::NotFound { name: name.to_string(), nearest }
    }
}

impl From<Box<crate::text::Diagnostic>> for ScenarioError {
    fn from(wrong: Box<crate::text::Diagnostic>) -> ScenarioError {
        ScenarioError::Invalid(wrong)
    }
}
