//! The book says nothing that the program does not: every RON block of the page on the format is read, and what the
//! page on checkers shows is what they say.
//!
//! A block marked `ron` holds top-level fields, which replace those of [`BASE`]; one marked `ron,each=PATH` a value a
//! line, each of which is set at that path. Whole scenarios are included from the library, which has its own tests.

use scenarios::Loaded;
use scenarios::checks::foreign::{Question, Words};
use scenarios::checks::format::{ReadOptions, read_file};

const PAGE: &str = include_str!("../../book/src/scenario-format.md");

/// A scenario with everything in it that the fragments lean on.
const BASE: &[(&str, &str)] = &[
    ("about", r#""a base for fragments""#),
    ("model", "Raft()"),
    ("cluster", "(nodes: 5)"),
    (
        "network",
        r#"(link: (latency: Fixed("1ms")), topology: Some((
            regions: {"eu": ["a", "b"], "us": []},
            within_zone: (latency: Fixed("100us")),
            between_regions: (latency: Fixed("0")),
            rtt: [("eu", "us", "90ms")],
        )))"#,
    ),
    (
        "clients",
        r#"[(count: 2, load: Open(rate: "5/s"), mix: (operations: [(Read, 1), (Write, 1)], keys: 3),
            retry: (timeout: "1s", attempts: 2))]"#,
    ),
    (
        "faults",
        r#"[
            (when: At("1s"), target: One, fault: Partition(shape: Isolate)),
            (when: On(event: Becomes("leader")), target: One, fault: Loss("10%")),
        ]"#,
    ),
    ("run", r#"(duration: "10s", settle: "2s", calm: "1s")"#),
    ("checks", "[Linearizable]"),
];

/// The marks after `ron` and the text of every such block, in the page's order.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let parts = PAGE.split("\n```ron").skip(1);
    let block = |part: &'static str| {
        let (mark, rest) = part.split_once('\n').expect("a block has lines");
        (mark, rest.split_once("\n```").expect("a block ends").0)
    };
    parts.map(block).filter(|(_, text)| !text.contains("{{#include")).collect()
}

/// A scenario file with these top-level fields, and the base's for all others.
fn filled(fragment: &str) -> String {
    let given = |name: &str| fragment.lines().any(|line| line.starts_with(&format!("{name}: ")));
    let missing = BASE.iter().filter(|(name, _)| !given(name));
    let missing: String = missing.map(|(name, value)| format!("{name}: {value},\n")).collect();
    format!("(\n{fragment}\n{missing})\n")
}

fn complaint(text: &str, overrides: &[String]) -> Option<String> {
    Loaded::parse("page", text, overrides).err().map(|error| format!("{text}{overrides:?}\n{error}"))
}

#[test]
fn every_fragment_of_the_page_is_taken() {
    let mut complaints = Vec::new();
    let (mut fragments, mut values) = (0, 0);
    for (mark, text) in blocks() {
        match mark.strip_prefix(",each=") {
            None => {
                fragments += 1;
                complaints.extend(complaint(&filled(text), &[]));
            }
            Some(path) => {
                for line in text.lines() {
                    values += 1;
                    let value = line.split("  //").next().unwrap_or(line).trim();
                    complaints.extend(complaint(&filled(""), &[format!("{path}={value}")]));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    assert!(
        fragments >= 8 && values >= 60,
        "{fragments} fragments and {values} values: has the page lost its blocks?"
    );
}

#[test]
fn the_page_on_checkers_shows_what_they_say() {
    const CHECKERS: &str = include_str!("../../book/src/checkers.md");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../book/src/histories");
    for (file, model, word) in [
        ("passing.edn", "register", "PASS"),
        ("stale.edn", "register", "FAIL"),
        ("skew.jsonl", "list-append", "FAIL"),
    ] {
        let read = read_file(&folder.join(file), &ReadOptions::default());
        let foreign = read.unwrap_or_else(|error| panic!("{error}"));
        let initial = (model == "register").then(Default::default);
        let question = Question::new(&Words { model, initial, ..Words::default() }).expect("a question");
        let answer = question.ask(&foreign).answer();
        assert_eq!(answer.verdict.word().to_uppercase(), word, "{file}");
        let told = format!("{word} {file} ({} operations)\n{answer}", foreign.history.entries.len());
        assert!(CHECKERS.contains(told.trim_end()), "the page does not show this:\n{told}");
    }
}
