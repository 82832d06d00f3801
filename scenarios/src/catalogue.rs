//! Everything that can be named, with a sentence about it: for `list` and `explain`.

/// A thing with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The name.
    pub name: String,
    /// A sentence.
    pub about: String,
}

/// The kinds of things there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Models.
    Models,
    /// Faults.
    Faults,
    /// Checks.
    Checks,
    /// Scenarios of the library.
    Scenarios,
    /// Metrics.
    Metrics,
    /// Fields of a scenario file.
    Fields,
}

/// All things of a kind.
#[must_use]
pub fn list(kind: Kind) -> Vec<Item> {
    let _ = kind;
    todo!()
}

/// A longer text on a thing by its name, of whatever kind; the nearest names if there is none.
///
/// # Errors
/// The names nearest to it.
pub fn explain(name: &str) -> Result<String, Vec<String>> {
    let _ = name;
    todo!()
}
