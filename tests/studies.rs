//! Comparisons, sweeps and searches as their users meet them: interrupted and gone on with, done in parts and merged,
//! refused where parts do not fit, with pictures and pages.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::{code, err, squall};

fn folder(name: &str) -> PathBuf {
    common::folder(&format!("studies/{name}"))
}

/// Runs with `--out` into a folder; answers the folder as text.
fn into(arguments: &[&str], dir: &Path) -> (String, Output) {
    let text = dir.to_string_lossy().into_owned();
    let mut all = arguments.to_vec();
    all.extend(["--out", &text]);
    let output = squall(&all);
    (text, output)
}

/// Every file of a folder by name, the manifest aside.
fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = std::fs::read_dir(dir)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("a file"))
        })
        .collect();
    all.sort();
    all
}

fn same(a: &Path, b: &Path) {
    let (a, b) = (contents(a), contents(b));
    let names = |all: &[(String, Vec<u8>)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b));
    for ((name, left), (_, right)) in a.iter().zip(&b) {
        assert!(left == right, "{name} differs");
    }
}

const COMPARE: &[&str] = &[
    "compare",
    "solo/restart",
    "--vary",
    "clients[0].count=3,5",
    "--metric",
    "messages,latency_ms_p99",
    "--seeds",
    "6",
];
const EXPLORE: &[&str] = &["explore", "raft/figure-8-bug", "--seeds", "8"];
const PRECISE: &[&str] = &["compare", "compare/jitter", "--precision", "5%", "--seeds", "40"];
const SWEEP: &[&str] = &[
    "sweep",
    "solo/restart",
    "--vary",
    "clients[0].count=2..6:3",
    "--vary",
    "network.link.latency=100us,1ms",
    "--minimize",
    "latency_ms_p99",
    "--require",
    "messages<100000000",
    "--pareto",
    "latency_ms_p99,most:operations",
    "--seeds",
    "4",
];
const METASTABLE: &[&str] = &[
    "metastable",
    "service/metastable",
    "--load",
    "clients[0].load.Open.rate=100/s,200/s,320/s",
    "--seeds",
    "1",
    "--tolerance",
    "50%",
];

/// A log cut off in the middle of its third line, as by a kill, is gone on with to the same bytes; so with one job.
#[test]
fn what_was_interrupted_gives_the_same_bytes() {
    for (name, log, arguments) in [
        ("explore", "runs.jsonl", EXPLORE),
        ("compare", "worlds.jsonl", COMPARE),
        ("precise", "worlds.jsonl", PRECISE),
        ("sweep", "worlds.jsonl", SWEEP),
        ("metastable", "worlds.jsonl", METASTABLE),
    ] {
        let (whole, cut) = (folder(&format!("{name}-whole")), folder(&format!("{name}-cut")));
        let (_, output) = into(arguments, &whole);
        assert_eq!(code(&output), 0, "{name}: {}", err(&output));
        let lines = std::fs::read(whole.join(log)).expect("the log");
        let ends: Vec<usize> = (0..lines.len()).filter(|i| lines[*i] == b'\n').collect();
        std::fs::write(cut.join(log), &lines[..ends[2] - 20]).expect("written");
        let mut again = arguments.to_vec();
        again.extend(["--jobs", "1"]);
        let (_, output) = into(&again, &cut);
        assert_eq!(code(&output), 0, "{name}: {}", err(&output));
        assert!(err(&output).contains("2 finished"), "{name}: {}", err(&output));
        same(&whole, &cut);
    }
}

/// Killed again and again, each time wherever it happens to be, it ends with the bytes of a run that nobody disturbed.
#[test]
fn what_was_killed_loses_nothing() {
    for (name, arguments) in [("explore", EXPLORE), ("precise", PRECISE)] {
        let (whole, killed) = (folder(&format!("{name}-undisturbed")), folder(&format!("{name}-killed")));
        into(arguments, &whole);
        for pause_ms in [5, 20, 40, 80, 160] {
            let mut child = Command::new(env!("CARGO_BIN_EXE_squall"))
                .args(arguments)
                .arg("--out")
                .arg(&killed)
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .expect("squall runs");
            std::thread::sleep(std::time::Duration::from_millis(pause_ms));
            child.kill().expect("killed, or over already");
            child.wait().expect("it ends");
        }
        let (_, output) = into(arguments, &killed);
        assert_eq!(code(&output), 0, "{name}: {}", err(&output));
        same(&whole, &killed);
    }
}

/// The shards of a job, each in a folder, as `merge` takes them.
fn shards(name: &str, arguments: &[&str], of: usize) -> Vec<String> {
    (0..of)
        .map(|i| {
            let part = format!("{i}/{of}");
            let mut all = arguments.to_vec();
            all.extend(["--shard", &part]);
            let (dir, output) = into(&all, &folder(&format!("{name}-shard-{i}")));
            assert_eq!(code(&output), 0, "{name}: {}", err(&output));
            dir
        })
        .collect()
}

fn merge(dirs: &[String]) -> Output {
    let mut all = vec!["merge"];
    all.extend(dirs.iter().map(String::as_str));
    squall(&all)
}

#[test]
fn parts_merged_are_the_bytes_of_one_machine() {
    for (name, arguments) in
        [("explore", EXPLORE), ("compare", COMPARE), ("precise", PRECISE), ("sweep", SWEEP)]
    {
        let whole = folder(&format!("{name}-one"));
        let (_, one) = into(arguments, &whole);
        let parts = shards(&format!("{name}-merge"), arguments, 3);
        let merged = folder(&format!("{name}-merged"));
        let mut all = vec!["merge"];
        all.extend(parts.iter().map(String::as_str));
        let (_, output) = into(&all, &merged);
        assert_eq!(code(&output), 0, "{}", err(&output));
        if name != "explore" {
            // The words of an exploration name its folder.
            assert_eq!(output.stdout, one.stdout, "{name}");
        }
        same(&whole, &merged);
    }
}

#[test]
fn merge_refuses_what_does_not_fit() {
    let parts = shards("refused", COMPARE, 2);
    let refused = |dirs: &[String], why: &str| {
        let output = merge(dirs);
        assert_eq!(code(&output), 2, "{why}");
        assert!(err(&output).contains(why), "{why}: {}", err(&output));
    };
    refused(&parts[..1], "parts are missing: 1/2");
    refused(&[parts[0].clone(), parts[0].clone()], "are both part 0/2");
    let mut other: Vec<&str> = COMPARE.to_vec();
    other[3] = "clients[0].count=3,4";
    let others = shards("refused-other", &other, 2);
    refused(&[parts[0].clone(), others[1].clone()], "differ in scenario");
    let manifests = [0, 1].map(|i| Path::new(&parts[i]).join("shard.json"));
    let texts = manifests.each_ref().map(|path| std::fs::read_to_string(path).expect("the manifest"));
    // Another build of the same version: other sources, another hash behind the plus.
    let version = format!("\"version\": \"{}+", env!("CARGO_PKG_VERSION"));
    let elsewhere = texts.each_ref().map(|text| text.replace(&version, &format!("{version}0")));
    assert_ne!(texts, elsewhere);
    std::fs::write(&manifests[1], &elsewhere[1]).expect("written");
    refused(&parts, "differ in version");
    std::fs::write(&manifests[0], &elsewhere[0]).expect("written");
    refused(&parts, "merge it with the build that made it");
    for (path, text) in manifests.iter().zip(&texts) {
        std::fs::write(path, text).expect("written");
    }
    let log = Path::new(&parts[1]).join("worlds.jsonl");
    let lines = std::fs::read_to_string(&log).expect("the log");
    let short: String = lines.lines().skip(1).map(|line| format!("{line}\n")).collect();
    std::fs::write(&log, short).expect("written");
    refused(&parts, "is not finished");
}

/// What is a finding alone is none to a scheduler, which would try a failed shard again.
#[test]
fn a_shard_that_finds_a_violation_exits_0() {
    let found = ["explore", "solo/restart", "--set", "checks=[Metric(\"messages\",0,1)]", "--seeds", "2"];
    assert_eq!(code(&squall(&found)), 1);
    shards("finding-explore", &found, 2);
    let compared: Vec<&str> =
        COMPARE.iter().copied().chain(["--set", "checks=[Metric(\"messages\",0,1)]"]).collect();
    assert_eq!(code(&squall(&compared)), 1);
    shards("finding-compare", &compared, 2);
}

/// `squall compare NAME` alone runs what the file asks, and so does a file of one's own; options override it.
#[test]
fn a_comparison_that_is_written_down_runs_by_its_name() {
    let found = |arguments: &[&str]| -> serde_json::Value {
        let output = squall(arguments);
        assert_eq!(code(&output), 0, "{}", err(&output));
        serde_json::from_slice(&output.stdout).expect("a document")
    };
    let jitter = found(&["compare", "compare/jitter", "--json"]);
    assert_eq!(jitter["candidates"].as_array().map(Vec::len), Some(5));
    assert_eq!(jitter["baseline"], "exponential");
    assert_eq!(jitter["command"], "squall compare compare/jitter");
    let metric = &jitter["metrics"]["measure_done us_max"];
    let base = metric["candidates"]["exponential"]["mean"].as_f64().expect("a mean");
    for pair in metric["pairs"].as_array().expect("pairs") {
        assert!(pair["ci95"].as_f64().expect("an interval") < 0.021 * base, "{pair}");
        assert!(pair["difference"].as_f64().expect("a number") < -0.7 * base, "{pair}");
    }
    let own = folder("own").join("mine.ron");
    let text = "(about: \"x\", candidates: [(label: \"few\", scenario: \"solo/restart\"), (label: \"many\", \
                scenario: \"solo/restart\", set: [\"clients[0].count=6\"])], metrics: [\"messages\"], \
                require: [\"error_rate<50%\"], seeds: 8)";
    std::fs::write(&own, text).expect("written");
    let own = own.to_string_lossy();
    let mine = found(&["compare", &own, "--baseline", "many", "--json"]);
    assert_eq!((&mine["baseline"], &mine["worlds"]), (&"many".into(), &8.into()));
    assert_eq!(mine["bounds"][0]["kept"], serde_json::json!(["few", "many"]), "{mine:#}");
    let last = mine["conclusions"].as_array().and_then(|all| all.last()).expect("a sentence");
    assert!(
        last.as_str()
            .is_some_and(|last| last.starts_with("Overall: of those that keep the bounds choose few")),
        "{last}"
    );
    let output = squall(&["run", "compare/jitter"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("squall compare compare/jitter"), "{}", err(&output));
}

/// Whoever is better by breaking its checks is not chosen, by a comparison or by a sweep, and the seed that shows it is told.
#[test]
fn what_breaks_its_checks_is_not_chosen() {
    let set =
        ["--set", "checks=[Metric(\"operations\",0,2000)]", "--vary", "clients[0].count=2,4", "--seeds", "8"];
    let compared: Vec<&str> =
        ["compare", "solo/restart", "--metric", "most:operations"].into_iter().chain(set).collect();
    let output = squall(&compared);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(code(&output), 1, "{text}");
    assert!(text.contains("stay with count=2") && !text.contains("choose"), "{text}");
    assert!(text.contains("count=4: 8 of 8 worlds did not go") && text.contains("--seed 1"), "{text}");
    // Nor is the baseline, if it is the one that breaks them.
    let turned: Vec<&str> = compared.iter().copied().chain(["--baseline", "count=4"]).collect();
    let output = squall(&turned);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("choose count=2") && !text.contains("stay with count=4"), "{text}");
    assert!(text.contains("more than of count=2: it is not to be chosen"), "{text}");
    let swept: Vec<&str> =
        ["sweep", "solo/restart", "--maximize", "operations"].into_iter().chain(set).collect();
    let output = squall(&swept);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("most operations: count=2") && text.contains("8 worlds not as expected"), "{text}");
}

/// One world has no interval, and nothing is chosen by it.
#[test]
fn of_one_world_there_is_no_interval() {
    let one = ["compare", "solo/restart", "--vary", "clients[0].count=2,4", "--seeds", "1", "--json"];
    let asked: Vec<&str> =
        one.into_iter().chain(["--metric", "least:operations", "--require", "operations<1000000"]).collect();
    let output = squall(&asked);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let found: serde_json::Value = serde_json::from_str(&text).expect("a document");
    assert!(found["metrics"]["operations"]["pairs"][0]["ci95"].is_null(), "{text}");
    assert!(text.contains("no candidate keeps all bounds for sure") && !text.contains("choose"), "{text}");
    assert_eq!(code(&output), 1);
}

/// What no job of ours left in a folder is not written over.
#[test]
fn a_strangers_file_is_kept() {
    for (name, arguments) in [("worlds.jsonl", COMPARE), ("runs.jsonl", EXPLORE)] {
        let dir = folder(&format!("stranger-{name}"));
        std::fs::write(dir.join(name), "keep\n").expect("written");
        let (_, output) = into(arguments, &dir);
        assert_eq!(code(&output), 2, "{}", err(&output));
        assert!(err(&output).contains("choose another --out"), "{}", err(&output));
        assert_eq!(std::fs::read_to_string(dir.join(name)).expect("kept"), "keep\n");
    }
}

/// Ctrl-C in the middle: what has finished is kept, and the exit code says that it is not all.
#[cfg(unix)]
#[test]
fn a_stopped_exploration_ends_with_one() {
    let dir = folder("stopped");
    let mut child = Command::new(env!("CARGO_BIN_EXE_squall"))
        .args(["explore", "raft/figure-8-bug", "--seeds", "100000", "--jobs", "1", "--out"])
        .arg(&dir)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("squall runs");
    let finished = || std::fs::read_to_string(dir.join("runs.jsonl")).unwrap_or_default().lines().count();
    while finished() == 0 {
        assert!(child.try_wait().expect("it lives").is_none(), "it ended by itself");
        std::thread::yield_now();
    }
    let told = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(told.expect("kill runs").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    assert!((1..100_000).contains(&finished()), "{}", finished());
}

/// What has been finished stays, whatever is asked for next.
#[test]
fn what_was_finished_stays() {
    let other_runs = ["explore", "solo/restart", "--seeds", "2"];
    let mut other_worlds = COMPARE.to_vec();
    other_worlds[3] = "clients[0].count=3,4";
    for (name, log, arguments, other) in [
        ("runs", "runs.jsonl", EXPLORE, other_runs.as_slice()),
        ("worlds", "worlds.jsonl", COMPARE, other_worlds.as_slice()),
    ] {
        let dir = folder(&format!("stays-{name}"));
        let lines = |arguments: &[&str]| {
            let (_, output) = into(arguments, &dir);
            let text = std::fs::read_to_string(dir.join(log)).expect("the log");
            (text.lines().map(str::to_string).collect::<Vec<_>>(), err(&output))
        };
        let (all, _) = lines(arguments);
        let fewer: Vec<&str> =
            arguments.iter().map(|word| if *word == "6" || *word == "8" { "2" } else { word }).collect();
        assert_eq!(lines(&fewer).0, all, "{name}: fewer seeds");
        let (both, said) = lines(other);
        assert!(said.contains("of other scenarios") && said.contains("and stay"), "{name}: {said}");
        assert!(both.len() > all.len() && all.iter().all(|line| both.contains(line)), "{name}");
        let (again, said) = lines(arguments);
        assert!(said.contains(&format!("{} finished", all.len())), "{name}: {said}");
        assert_eq!((again.len(), again.last()), (both.len(), all.last()), "{name}");
    }
}

#[test]
fn studies_leave_pictures_and_one_page() {
    for (name, arguments, pictures) in [
        ("compare", COMPARE, vec!["effect.svg", "candidates.svg"]),
        ("sweep", SWEEP, vec!["heatmap.svg", "pareto.svg", "sensitivity.svg"]),
        ("metastable", METASTABLE, vec!["stability.svg"]),
    ] {
        let dir = folder(&format!("{name}-pictures"));
        into(arguments, &dir);
        let page = std::fs::read_to_string(dir.join("report.html")).expect("the page");
        assert!(!page.contains("<script") && !page.contains("src="), "{name}: self-contained");
        for picture in pictures {
            let svg = std::fs::read_to_string(dir.join(picture)).expect(picture);
            assert!(page.contains(&svg), "{name}: {picture} is on the page");
        }
    }
}

#[test]
fn a_search_tells_the_regions_apart() {
    let mut arguments = METASTABLE.to_vec();
    arguments.push("--json");
    let output = squall(&arguments);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a document");
    let region = |i: usize| found["regions"][i]["region"].as_str().expect("a region").to_string();
    assert_eq!(region(1), "vulnerable", "{found:#}");
    assert_eq!(region(2), "overloaded", "{found:#}");
    let between = &found["thresholds"][1]["threshold"]["between"];
    let ns = |name: &str| between[name].as_f64().expect("a time");
    assert!(ns("recovers_ns") < ns("stuck_ns") && ns("stuck_ns") <= 1.5 * ns("recovers_ns"), "{between}");
}

#[test]
fn halving_ends_with_the_best_and_fresh_worlds_confirm_it() {
    let output = squall(&[
        "sweep",
        "solo/restart",
        "--vary",
        "network.link.latency=100us..8ms:4:log",
        "--minimize",
        "latency_ms_p50",
        "--halving",
        "--seeds",
        "2",
        "--confirm",
        "6",
        "--json",
    ]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(found["best"], "latency=100us", "{found:#}");
    assert!(found["confirmed"]["difference"].as_f64().expect("a number") < 0.0);
    let worlds: Vec<u64> = found["points"]
        .as_array()
        .expect("points")
        .iter()
        .map(|p| p["worlds"].as_u64().expect("a count"))
        .collect();
    assert_eq!(worlds, [4, 4, 2, 2]);
    let nothing = squall(&[
        "sweep",
        "solo/restart",
        "--vary",
        "clients[0].count=2,3",
        "--minimize",
        "messages",
        "--require",
        "availability>1",
        "--seeds",
        "1",
    ]);
    assert_eq!(code(&nothing), 1, "no point keeps the bounds");
}

#[test]
fn what_cannot_be_studied_is_refused_with_the_nearest_name() {
    for (arguments, part) in [
        (vec!["compare", "solo/restart", "--vary", "clients[0].cuont=1,2"], "did you mean `count`"),
        (
            vec!["compare", "solo/restart", "--vary", "clients[0].count=1,2", "--metric", "mesages"],
            "did you mean \"messages\"",
        ),
        (
            vec!["sweep", "solo/restart", "--vary", "clients[0].count=1..x", "--metric", "messages"],
            "expected a number",
        ),
        (
            vec!["sweep", "solo/restart", "--vary", "clients[0].count=1..3", "--metric", "mesages"],
            "did you mean \"messages\"",
        ),
        (vec!["sweep", "solo/restart", "--vary", "clients[0].count=1..3"], "a sweep needs a metric"),
        (vec!["compare", "solo/restart", "--vary", "seed=1,2"], "changes no world"),
        (vec!["compare", "compare/jitter", "--seeds", "10"], "40 first seeds"),
        (vec!["compare", "compare/jitter", "--metric", "lest:messages"], "only least:messages"),
        (vec!["compare", "compare/jiter"], "did you mean \"compare/jitter\""),
        (vec!["compare", "compare/jitter", "--baseline", "fulll"], "there is no candidate \"fulll\""),
        (vec!["metastable", "solo/restart"], "which fault is the trigger"),
        (
            vec!["metastable", "service/metastable", "--duration", "faults[0].lasts.Fixed=1s..90s"],
            "30s are left",
        ),
        (vec!["explain", "path", "model.Raft.hartbeat", "--of", "raft/healthy"], "model.Raft.heartbeat"),
    ] {
        let output = squall(&arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(part), "{arguments:?}: {}", err(&output));
    }
}

/// The shell asks, and squall answers with the fields of the scenario on the line.
#[test]
fn the_shell_completes_fields() {
    let output = Command::new(env!("CARGO_BIN_EXE_squall"))
        .args(["--", "squall", "run", "raft/healthy", "--set", "model.Raft.heart"])
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", "4")
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_IFS", "\n")
        .output()
        .expect("squall runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("model.Raft.heartbeat="), "{text} {}", err(&output));
}
