//! The command line as its users meet it: exit codes, documents, files, messages.

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::{code, err, folder, squall};

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_str(&out(output)).unwrap_or_else(|error| panic!("{error}: {}", out(output)))
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_run_says_what_the_contract_promises() {
    let first = squall(&["run", "raft/minority-partition", "--json", "--seed", "3"]);
    assert_eq!(code(&first), 0, "{}", err(&first));
    let document = json(&first);
    assert_eq!(document["schema"], 1);
    assert_eq!((&document["scenario"], &document["seed"]), (&"raft/minority-partition".into(), &3.into()));
    assert_eq!((&document["verdict"], &document["as_expected"]), (&"pass".into(), &true.into()));
    for field in ["version", "fingerprint", "events", "simulated_ns", "checks", "metrics", "marks", "faults"]
    {
        assert!(!document[field].is_null(), "{field}");
    }
    assert!(
        document["checks"].as_array().expect("a list").iter().any(|check| check["name"] == "linearizable")
    );
    let again = squall(&["run", "raft/minority-partition", "--json", "--seed", "3"]);
    assert_eq!(first.stdout, again.stdout, "equal arguments, equal bytes");
    let golden = include_str!("golden/raft/minority-partition.txt").lines().nth(2).expect("seed 3");
    assert_eq!(document["fingerprint"], golden.split(' ').nth(1).expect("a fingerprint"), "as in the tests");
}

#[test]
fn the_summary_names_seed_verdict_and_the_way_back() {
    let run = squall(&["run", "raft/minority-partition", "--check-determinism"]);
    assert_eq!(code(&run), 0, "{}", err(&run));
    let text = out(&run);
    for part in [
        "seed 1",
        "PASS",
        "linearizable",
        "fingerprint",
        "squall replay raft/minority-partition --seed 1",
        "Partition",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "NO_COLOR is honoured");
    assert!(err(&run).contains("times real time"), "wall-clock figures are on standard error");
}

#[test]
fn out_holds_the_record_and_the_pictures_whole() {
    let dir = folder("run-out");
    let run = squall(&["run", "raft/leader-crash", "--out", dir.to_str().expect("a path")]);
    assert_eq!(code(&run), 0, "{}", err(&run));
    let found = files(&dir);
    for file in ["latency.svg", "record.json", "report.html", "throughput.svg", "timeline.svg"] {
        assert!(found.iter().any(|name| name == file), "{file} in {found:?}");
    }
    assert!(found.iter().all(|name| !name.starts_with('.')), "nothing half-written is left: {found:?}");
    let before = std::fs::read(dir.join("timeline.svg")).expect("the timeline");
    std::fs::remove_file(dir.join("timeline.svg")).expect("removed");
    assert_eq!(code(&squall(&["report", dir.to_str().expect("a path")])), 0);
    assert_eq!(before, std::fs::read(dir.join("timeline.svg")).expect("made anew"));
}

/// The history of a run is read back to the verdict that the run gave, in both formats, and a violation is drawn.
#[test]
fn a_history_that_was_written_is_judged_the_same() {
    for (scenario, exit) in [("raft/minority-partition", 0), ("raft/local-reads", 1)] {
        let dir = folder(&format!("history-{}", scenario.replace('/', "-")));
        let run = squall(&["run", scenario, "--json", "--out", dir.to_str().expect("a path")]);
        let verdict =
            |check: &serde_json::Value| check["name"] == "linearizable" && check["verdict"] == "pass";
        let passed = json(&run)["checks"].as_array().expect("a list").iter().any(verdict);
        assert_eq!(passed, exit == 0, "{scenario}");
        let (edn, lines) = (dir.join("history.edn"), dir.join("history.jsonl"));
        let pictures = dir.join("pictures");
        let [edn, lines, pictures] = [&edn, &lines, &pictures].map(|path| path.to_str().expect("a path"));
        let judged = squall(&["check", edn, lines, "--model", "register", "--json", "--out", pictures]);
        assert_eq!(code(&judged), exit, "{scenario}: {}", err(&judged));
        let document = json(&judged);
        let (one, two) = (&document["files"][0], &document["files"][1]);
        assert_eq!((&one["verdict"], &one["witness"]), (&two["verdict"], &two["witness"]), "{scenario}");
        assert_eq!(one["operations"].as_f64(), json(&run)["metrics"]["operations"].as_f64(), "{scenario}");
        if exit == 1 {
            assert_eq!(files(Path::new(pictures)), ["history-2-witness.svg", "history-witness.svg"]);
        }
    }
}

#[test]
fn explore_gives_the_same_bytes_for_one_and_two_jobs() {
    let explore =
        |jobs| squall(&["explore", "raft/leader-crash", "--seeds", "1..9", "--jobs", jobs, "--json"]);
    let (one, two) = (explore("1"), explore("2"));
    assert_eq!(code(&one), 0, "{}", err(&one));
    assert_eq!(one.stdout, two.stdout);
    let document = json(&one);
    assert_eq!(
        (&document["schema"], &document["runs"], &document["failed"]),
        (&1.into(), &8.into(), &0.into())
    );
    let metric = document["metrics"].as_object().expect("metrics").values().next().expect("one");
    for field in ["mean", "ci95", "p50", "p90", "p99", "max"] {
        assert!(metric[field].is_number(), "{field}: {metric}");
    }
    assert!(document["fingerprint"].is_string());
}

#[test]
fn a_violation_is_found_explained_and_replayable() {
    let explored = squall(&["explore", "raft/local-reads", "--seeds", "20", "--json"]);
    assert_eq!(code(&explored), 0, "it violates as it says: {}{}", out(&explored), err(&explored));
    let document = json(&explored);
    let failure = &document["failures"][0];
    assert_eq!(failure["check"], "linearizable");
    let replay = failure["replay"].as_str().expect("a command");
    assert!(replay.starts_with("squall ") && replay.contains("raft/local-reads"), "{replay}");
    let seed = failure["seed"].to_string();
    let run = squall(&["run", "raft/local-reads", "--seed", &seed]);
    assert!(out(&run).contains("FAIL"), "{}", out(&run));
    let told = squall(&["replay", "raft/local-reads", "--seed", &seed]);
    assert!(err(&told).contains("squall: linearizable: "), "it says what it ends with: {}", err(&told));
    let sound = squall(&["run", "raft/local-reads", "--seed", &seed, "--set", "expect=Holds"]);
    assert_eq!(code(&sound), 1, "where it is not expected, a violation is exit code 1");
}

#[test]
fn what_cannot_run_is_two_and_says_why() {
    let cases: &[(&[&str], &str)] = &[
        (&["run", "raft/helthy"], "raft/healthy"),
        (&["run", "raft/healthy", "--set", "cluster.nods=7"], "nodes"),
        (&["run", "raft/healthy", "--set", "cluster.nodes=0"], "node"),
        (&["run", "raft/healthy", "--set", "cluster.nodes"], "="),
        (&["run", "raft/healthy", "--seed", "minus"], "seed"),
        (&["explore", "raft/healthy", "--seeds", "9..3"], "seed"),
        (&["show", "raft/none"], "raft/"),
        (&["explain", "Partitoin"], "Partition"),
        (&["report", "/nonexistent"], "/nonexistent"),
        (&["replay", "raft/healthy", "--until", "ten"], "150ms"),
        (&["nonsense"], "nonsense"),
    ];
    for (arguments, part) in cases {
        let output = squall(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(part), "{arguments:?} names {part}: {}", err(&output));
        assert!(output.stdout.is_empty(), "{arguments:?} prints no partial result");
    }
}

#[test]
fn a_wrong_file_is_shown_with_its_place() {
    let dir = folder("wrong-file");
    let path = dir.join("mine.ron");
    let text = out(&squall(&["show", "raft/healthy"])).replacen("nodes:", "nodse:", 1);
    std::fs::write(&path, &text).expect("written");
    let output = squall(&["run", path.to_str().expect("a path")]);
    assert_eq!(code(&output), 2);
    let line = 1 + text.lines().position(|line| line.contains("nodse:")).expect("it is there");
    let message = err(&output);
    for part in [&format!("mine.ron:{line}:") as &str, "^", "nodse", "nodes"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn a_new_scenario_runs_and_is_never_written_over() {
    let dir = folder("new");
    let path = dir.join("mine");
    let path = path.to_str().expect("a path");
    assert_eq!(code(&squall(&["new", path, "--from", "raft/leader-crash"])), 0);
    assert_eq!(code(&squall(&["new", path])), 2);
    assert_eq!(files(&dir), ["mine.ron"]);
    let run = squall(&["run", &format!("{path}.ron"), "--json"]);
    assert_eq!(code(&run), 0, "{}", err(&run));
}

#[test]
fn a_run_is_told_in_words_and_in_lines_of_json() {
    let told = squall(&["replay", "raft/leader-crash", "--until", "1s"]);
    assert_eq!(code(&told), 0, "{}", err(&told));
    assert!(out(&told).contains("leader"), "{}", out(&told));
    let lines = out(&squall(&["replay", "raft/leader-crash", "--until", "500ms", "--json"]));
    assert!(lines.lines().count() > 10);
    for line in lines.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    let trace = folder("trace").join("trace.jsonl");
    let run = squall(&["run", "raft/leader-crash", "--trace", trace.to_str().expect("a path"), "--json"]);
    assert_eq!(code(&run), 0, "{}", err(&run));
    assert_eq!(
        json(&run)["fingerprint"],
        json(&squall(&["run", "raft/leader-crash", "--json"]))["fingerprint"]
    );
    assert!(std::fs::read_to_string(trace).expect("the trace").lines().count() > 1000);
}

#[test]
fn everything_that_is_listed_can_be_explained() {
    for kind in ["models", "faults", "checks", "scenarios", "metrics", "fields"] {
        let listed = json(&squall(&["list", kind, "--json"]));
        let items = listed["items"].as_array().expect("a list").clone();
        assert!(!items.is_empty(), "{kind}");
        for item in items {
            let name = item["name"].as_str().expect("a name");
            assert!(!item["about"].as_str().expect("a sentence").is_empty(), "{kind} {name}");
            let explained = squall(&["explain", name]);
            assert_eq!(code(&explained), 0, "{kind} {name}: {}", err(&explained));
        }
    }
}

#[test]
fn scripts_and_pages_for_the_shell_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(out(&squall(&["completions", shell])).contains("squall"), "{shell}");
    }
    let page = out(&squall(&["man"]));
    assert!(page.contains(".TH") && page.contains("explore"), "{page}");
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let script = format!("{} replay raft/leader-crash | head -n 1", env!("CARGO_BIN_EXE_squall"));
    let output = Command::new("bash").args(["-o", "pipefail", "-c", &script]).output().expect("bash runs");
    assert_eq!(code(&output), 0, "{}", err(&output));
}
