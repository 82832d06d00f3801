//! Golden fingerprints: every library scenario, at three seeds, does what it always did, byte for byte, and is judged
//! as it always was. Set SQUALL_UPDATE_GOLDEN=1 to write the files anew, and state the reason in the commit.

use std::fmt::Write as _;
use std::path::PathBuf;

use scenarios::run::{RunOptions, run};

const SEEDS: [u64; 3] = [1, 2, 3];

/// Of clusters larger than this, only the start is run, for time's sake.
const NODES_MAX: u32 = 100_000;

/// One line a seed: seed, fingerprint, events, verdict.
fn lines(name: &str) -> String {
    let load = |set: &[String]| scenarios::load(name, set).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut loaded = load(&[]);
    if loaded.scenario.cluster.nodes > NODES_MAX {
        // Bounds are for whole runs.
        loaded = load(&["run.duration=\"12s\"".to_string(), "checks=[]".to_string()]);
    }
    let mut text = String::new();
    for seed in SEEDS {
        let outcome = run(&loaded, seed, &RunOptions::default());
        let record = &outcome.record;
        writeln!(text, "{seed} {} {} {}", record.fingerprint, record.events, outcome.verdict())
            .expect("a string");
    }
    text
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.txt"))
}

#[test]
fn every_library_scenario_does_what_it_always_did() {
    #[expect(clippy::disallowed_methods, reason = "a developer's switch, not a run's")]
    let update = std::env::var("SQUALL_UPDATE_GOLDEN").is_ok();
    let mut complaints = Vec::new();
    for name in scenarios::library::names() {
        let (path, now) = (file(name), lines(name));
        if update {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, &now).expect("a golden file");
            continue;
        }
        let then = std::fs::read_to_string(&path).unwrap_or_default();
        if then != now {
            complaints.push(format!("{name}\n  was\n{then}  is\n{now}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn no_golden_file_is_left_without_its_scenario() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for group in std::fs::read_dir(folder).expect("the golden files") {
        let group = group.expect("an entry").path();
        for entry in std::fs::read_dir(&group).into_iter().flatten() {
            let path = entry.expect("an entry").path().with_extension("");
            let name = format!(
                "{}/{}",
                group.file_name().expect("a name").display(),
                path.file_name().expect("a name").display()
            );
            assert!(scenarios::library::text(&name).is_some(), "{name} is no scenario of the library");
        }
    }
}
