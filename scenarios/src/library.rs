//! The scenarios that come with the program, embedded in it. A file `library/<group>/<name>.ron` is here as
//! `<group>/<name>`; nothing else is needed to add one.

use crate::text::Document;

/// Names and texts, sorted by name.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// The names, sorted: `raft/healthy` …
#[must_use]
pub fn names() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}

/// The text of one.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

/// One sentence on a scenario of the library: its `about`.
#[must_use]
pub fn about(name: &str) -> Option<String> {
    Document::parse(text(name)?, name, &[]).ok()?.field("about")?.read().ok()
}

/// What its opening comment says, without the comment marks.
#[must_use]
pub fn comment(name: &str) -> Option<String> {
    let lines = text(name)?.lines().map_while(|line| line.strip_prefix("//"));
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    Some(lines.join("\n"))
}
