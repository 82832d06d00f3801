//! The scenarios and comparisons that come with the program, embedded in it. A file `library/<group>/<name>.ron` is here
//! as the scenario `<group>/<name>`, `comparisons/<group>/<name>.ron` as a comparison; nothing else is needed to add one.

use crate::text::Document;

/// Names and texts, sorted by name.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// The same of comparisons.
const COMPARISONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/comparisons.rs"));

/// The names of scenarios, sorted: `raft/healthy` …
#[must_use]
pub fn names() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}

/// The names of comparisons, sorted: `compare/jitter` …
#[must_use]
pub fn comparisons() -> Vec<&'static str> {
    COMPARISONS.iter().map(|(name, _)| *name).collect()
}

/// The text of a comparison.
#[must_use]
pub fn comparison(name: &str) -> Option<&'static str> {
    COMPARISONS.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

/// The text of a scenario or a comparison.
#[must_use]
pub fn either(name: &str) -> Option<&'static str> {
    text(name).or_else(|| comparison(name))
}

/// The text of a scenario.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

/// One sentence on a scenario or comparison of the library: its `about`.
#[must_use]
pub fn about(name: &str) -> Option<String> {
    Document::parse(either(name)?, name, &[]).ok()?.field("about")?.read().ok()
}

/// What its opening comment says, without the comment marks.
#[must_use]
pub fn comment(name: &str) -> Option<String> {
    let lines = either(name)?.lines().map_while(|line| line.strip_prefix("//"));
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    Some(lines.join("\n"))
}
