//! The house kept in order by a machine: sizes of files and functions, crate arrows, module docs, banned words, and a
//! book page and a golden fingerprint for every library scenario.

use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below the given folders with this ending, sorted.
fn files(folders: &[&str], ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = left.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a readable entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                left.push(path);
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

const CODE: &[&str] = &["src", "sim-core", "models", "checks", "scenarios", "reports", "tests"];

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// Fails with all complaints at once.
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn files_are_short() {
    let long = files(CODE, ".rs").into_iter().filter_map(|path| {
        let lines = fs::read_to_string(&path).expect("text").lines().count();
        (lines > FILE_LINES_MAX).then(|| format!("{}: {lines} lines, {FILE_LINES_MAX} at most", shown(&path)))
    });
    none(long.collect());
}

/// The name and length of every function: from its `fn` line to the closing brace of the same indentation.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let is_function =
            ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "pub const fn ", "const fn "]
                .iter()
                .any(|head| code.starts_with(head));
        if !is_function || code.ends_with(';') || code.ends_with('}') {
            continue;
        }
        let close = format!("{}}}", " ".repeat(indent));
        let length = lines[start..].iter().position(|line| line.trim_end() == close);
        if let Some(length) = length {
            let name =
                code.split("fn ").nth(1).unwrap_or("").split(['(', '<']).next().unwrap_or("").to_string();
            found.push((name, start + 1, length + 1));
        }
    }
    found
}

#[test]
fn functions_are_short() {
    let mut complaints = Vec::new();
    for path in files(CODE, ".rs") {
        for (name, line, length) in functions(&fs::read_to_string(&path).expect("text")) {
            if length > FUNCTION_LINES_MAX {
                let place = shown(&path);
                complaints.push(format!(
                    "{place}:{line}: fn {name} has {length} lines, {FUNCTION_LINES_MAX} at most"
                ));
            }
        }
    }
    none(complaints);
}

#[test]
fn the_measure_of_functions_sees_one() {
    let long = format!("fn long() {{\n{}}}\n", "    x();\n".repeat(80));
    assert_eq!(functions(&long), [("long".to_string(), 1, 82)]);
}

#[test]
fn every_module_says_what_it_owns() {
    let silent = files(CODE, ".rs").into_iter().filter_map(|path| {
        let text = fs::read_to_string(&path).expect("text");
        (!text.starts_with("//!")).then(|| format!("{}: opens without a module doc", shown(&path)))
    });
    none(silent.collect());
}

#[test]
fn crates_depend_one_way() {
    let allowed: &[(&str, &[&str])] = &[
        ("sim-core", &[]),
        ("models", &["sim-core"]),
        ("checks", &["sim-core"]),
        ("scenarios", &["models", "checks", "sim-core"]),
        ("reports", &["checks", "sim-core"]),
        (".", &["scenarios", "reports"]),
    ];
    let house = ["sim-core", "models", "checks", "scenarios", "reports"];
    let mut complaints = Vec::new();
    for (name, arrows) in allowed {
        let text = fs::read_to_string(root().join(name).join("Cargo.toml")).expect("a manifest");
        let dependencies =
            text.split("[dependencies]").nth(1).unwrap_or("").split("\n[").next().unwrap_or("");
        for other in house {
            let depends = dependencies.lines().any(|line| line.starts_with(&format!("{other}.workspace")));
            if depends && !arrows.contains(&other) {
                complaints.push(format!("{name} depends on {other}: that arrow is not in the house's plan"));
            }
        }
    }
    none(complaints);
}

#[test]
fn there_is_one_clippy_file_and_no_glob_import() {
    let stray: Vec<PathBuf> = files(CODE, "clippy.toml");
    assert!(stray.is_empty(), "a crate's own clippy.toml replaces the root one: {stray:?}");
    let mut complaints = Vec::new();
    for path in files(CODE, ".rs") {
        for (number, line) in fs::read_to_string(&path).expect("text").lines().enumerate() {
            let code = line.trim();
            if (code.starts_with("use ") || code.starts_with("pub use ")) && code.ends_with("::*;") {
                complaints.push(format!("{}:{}: a glob import", shown(&path), number + 1));
            }
        }
    }
    none(complaints);
}

#[test]
fn unfinished_work_is_not_left_lying() {
    // Written apart, so that this file does not find itself.
    let banned = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("dbg", "!("),
    ];
    let mut complaints = Vec::new();
    for path in
        files(CODE, ".rs").into_iter().chain(files(&["scenarios"], ".ron")).chain(files(&["book/src"], ".md"))
    {
        for (number, line) in fs::read_to_string(&path).expect("text").lines().enumerate() {
            if let Some(word) = banned.iter().find(|word| line.contains(**word)) {
                complaints.push(format!("{}:{}: {word}", shown(&path), number + 1));
            }
        }
    }
    none(complaints);
}

#[test]
fn every_scenario_and_comparison_opens_with_what_to_look_for_and_has_a_page() {
    let mut complaints = Vec::new();
    let folders = ["scenarios/library", "scenarios/comparisons"];
    let summary = fs::read_to_string(root().join("book/src/SUMMARY.md")).unwrap_or_default();
    for path in files(&folders, ".ron") {
        let below = folders.iter().find_map(|folder| path.strip_prefix(root().join(folder)).ok());
        let name = below.expect("below a folder").with_extension("");
        let name = name.to_string_lossy().replace('\\', "/");
        if !fs::read_to_string(&path).expect("text").starts_with("//") {
            complaints.push(format!("{name}: does not open with a comment"));
        }
        let page = root().join("book/src/library").join(format!("{name}.md"));
        if !page.exists() {
            complaints.push(format!("{name}: no page {}", shown(&page)));
        } else if !summary.contains(&format!("library/{name}.md")) {
            complaints.push(format!("{name}: its page is not in SUMMARY.md"));
        }
    }
    none(complaints);
}

#[test]
fn every_page_is_in_the_book() {
    let book = root().join("book/src");
    let summary = fs::read_to_string(book.join("SUMMARY.md")).expect("text");
    let pages = files(&["book/src"], ".md").into_iter().filter(|path| !path.ends_with("SUMMARY.md"));
    let missing = pages.filter(|path| {
        let name = path.strip_prefix(&book).expect("below the book").to_string_lossy().replace('\\', "/");
        !summary.contains(&format!("({name})"))
    });
    none(missing.map(|path| format!("{}: not in SUMMARY.md", shown(&path))).collect());
}
