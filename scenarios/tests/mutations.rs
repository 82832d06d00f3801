//! Whatever is done to a scenario's text, reading it ends in a scenario or in a message with a place; never in a panic.
//! And what is written out reads back the same.

use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::proptest;
use scenarios::error::ScenarioError;
use scenarios::load::Loaded;
use scenarios::{library, load};

/// A change to a text, by positions relative to its length.
#[derive(Clone, Debug)]
enum Change {
    Remove(f64, usize),
    Insert(f64, String),
    Copy(f64, f64, usize),
}

/// Pieces that mean something to the language.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        ",",
        ":",
        "//",
        "/*",
        "*/",
        "r#\"",
        "\\",
        "-",
        "1e999",
        "NaN",
        "inf",
        "0x",
        "18446744073709551616",
        "-1",
        "0",
        "None",
        "Some(",
        "true",
        "%",
        "5ms",
        "é",
        "\u{0}",
        "\n",
        "_",
        "#![",
        "Fixed(",
        "\\u{110000}",
        "...",
        "/s",
        "µs",
    ];
    (0..pieces.len()).prop_map(move |i| pieces[i].to_string())
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0.0..1.0, 1_usize..30).prop_map(|(at, length)| Change::Remove(at, length)),
        (0.0..1.0, piece()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (0.0..1.0, 0.0..1.0, 1_usize..60).prop_map(|(from, to, length)| Change::Copy(from, to, length)),
    ]
}

fn apply(text: &str, change: &Change) -> String {
    let chars: Vec<char> = text.chars().collect();
    let place = |share: f64| (share * chars.len() as f64) as usize;
    let text = |chars: &[char]| chars.iter().collect::<String>();
    match change {
        Change::Remove(at, length) => {
            let (from, to) = (place(*at), (place(*at) + length).min(chars.len()));
            text(&chars[..from]) + &text(&chars[to..])
        }
        Change::Insert(at, piece) => text(&chars[..place(*at)]) + piece + &text(&chars[place(*at)..]),
        Change::Copy(from, to, length) => {
            let end = (place(*from) + length).min(chars.len());
            text(&chars[..place(*to)]) + &text(&chars[place(*from)..end]) + &text(&chars[place(*to)..])
        }
    }
}

/// What reading comes to, and that a message is one.
fn read(text: &str, overrides: &[String]) -> Option<Loaded> {
    match Loaded::parse("mutant.ron", text, overrides) {
        Ok(loaded) => Some(loaded),
        Err(ScenarioError::Invalid(wrong)) => {
            assert!(wrong.line >= 1 && wrong.column >= 1 && wrong.width >= 1 && !wrong.message.is_empty());
            assert!(wrong.to_string().contains('^'));
            None
        }
        Err(other) => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_spoiled_text_never_panics(which in any::<usize>(), changes in proptest::collection::vec(change(), 1..6)) {
        let names = library::names();
        let text = library::text(names[which % names.len()]).expect("a text");
        let spoiled = changes.iter().fold(text.to_string(), |text, change| apply(&text, change));
        // Huge clusters are legal; they are only not built here.
        let _ = read(&spoiled, &[]);
    }

    #[test]
    fn a_spoiled_override_never_panics(
        path in "(cluster|faults|clients|model|network|run|checks|expect)(\\.[a-z]{1,8}|\\[[0-9]\\]|\\.|\\[){0,3}",
        value in "[ -~]{0,20}",
    ) {
        let text = library::text("solo/restart").expect("a text");
        let _ = read(text, &[format!("{path}={value}")]);
    }
}

#[test]
fn what_is_written_out_reads_back_the_same() {
    for name in library::names() {
        let loaded = load(name, &[]).expect(name);
        let text = loaded.scenario.to_text();
        let again = Loaded::parse(name, &text, &[]).unwrap_or_else(|error| panic!("{name}:\n{error}"));
        assert_eq!(again.scenario, loaded.scenario, "{name}");
        assert_eq!(again.hash, loaded.hash, "{name}");
    }
}

#[test]
fn library_files_are_plain_ron() {
    for name in library::names() {
        let text = library::text(name).expect(name);
        if let Err(error) = ron::from_str::<ron::Value>(text) {
            panic!("{name} is not plain RON: {error}");
        }
        assert!(text.starts_with("// "), "{name} opens with a comment that says what to look for");
        assert!(text.contains("Look for:"), "{name} says what to look for");
    }
}

#[test]
fn nesting_without_end_is_refused() {
    for open in ["(", "[", "{", "Some(", "a(b:"] {
        assert!(read(&open.repeat(100_000), &[]).is_none());
    }
}
