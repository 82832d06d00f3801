//! The scenarios that come with the program, embedded in it.

/// The names, sorted: `raft/healthy` …
#[must_use]
pub fn names() -> Vec<&'static str> {
    Vec::new()
}

/// The text of one.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    let _ = name;
    None
}

/// One sentence on a scenario of the library: its `about`.
#[must_use]
pub fn about(name: &str) -> Option<String> {
    let _ = name;
    None
}
