//! Small histories of transactions written by hand, each with what must be said of it; and stores broken on purpose,
//! each of which must be caught.

use super::support::{Draws, script, transaction};
use checks::transactions::{Analysis, Options, Validity, Workload, check};
use checks::verdict::Verdict;
use sim_core::history::History;
use sim_core::value::{Key, Micro, Value};

/// A name, the history, the model expected, the anomalies, the weakest models ruled out.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const LISTS: &[Row] = &[
    ("dirty write", "0 ax1 ay1\n1 ax2 ay2\n2 rx12 ry21", "read-uncommitted", &["G0"], &["read-uncommitted"]),
    ("reads only may be cyclic", "0 ax1 ry1\n1 ax2 ay1\n2 rx12 ry1", "read-uncommitted", &[], &[]),
    (
        "circular information flow",
        "0 ax1 ry1\n1 ax2 ay1\n2 rx12 ry1",
        "read-committed",
        &["G1c"],
        &["read-committed"],
    ),
    (
        "one anti-dependency",
        "0 ax1 ay1\n1 ax2 ry.\n2 rx12",
        "serializable",
        &["G-single-item"],
        &["consistent-view", "repeatable-read"],
    ),
    ("write skew", "0 ax1 ry.\n1 ay1 rx.", "serializable", &["G2-item"], &["repeatable-read"]),
    ("write skew is snapshot isolation", "0 ax1 ry.\n1 ay1 rx.", "snapshot-isolation", &[], &[]),
    (
        "long fork",
        "0 ax1\n1 rx1 ry.\n2 ay1\n3 ry1 rx.",
        "snapshot-isolation",
        &["G-nonadjacent-item"],
        &["repeatable-read", "snapshot-isolation"],
    ),
    (
        "adjacent anti-dependencies",
        "0 rx5 ay1\n1 ry. az2\n2 rz. at3\n3 rt3 au4\n4 ru. ax5",
        "snapshot-isolation",
        &[],
        &[],
    ),
    (
        "read contradicts own append",
        "0 ax1 ax2 ax4\n1 ax3 rx1234",
        "read-atomic",
        &["G0", "internal"],
        &["read-uncommitted"],
    ),
    ("own append unseen", "0 ax1\n1 ax2 rx1", "read-atomic", &["internal"], &["read-atomic"]),
    (
        "dirty update",
        "!0 ax1\n?1 ax2\n2 ax3\n3 rx123",
        "read-committed",
        &["G1a", "dirty-update"],
        &["read-committed"],
    ),
    (
        "future read",
        "0 rx012 ax1\n1 ax0\n2 ax2",
        "read-committed",
        &["G1c", "future-read"],
        &["read-committed"],
    ),
    ("made-up element", "0 ax1\n1 rx17\n2 rx1", "read-committed", &["garbage-read"], &["read-committed"]),
    (
        "stale read in real time",
        "0 ax1\n1 ax2\n2 rx1\n3 rx12",
        "strict-serializable",
        &["G-single-item-realtime"],
        &["strong-snapshot-isolation"],
    ),
    ("stale read is serializable", "0 ax1\n1 ax2\n2 rx1\n3 rx12", "serializable", &[], &[]),
    (
        "own write unseen later",
        "@0-9 0 ax1\n@1-2 1 ax2\n@3-4 1 rx1\n@5-8 2 rx12",
        "strong-session-snapshot-isolation",
        &["G-single-item-process"],
        &["strong-session-snapshot-isolation"],
    ),
    (
        "lost update",
        "0 ax0\n1 rx0 ax1\n2 rx0 ax2",
        "strict-serializable",
        &["G2-item", "lost-update"],
        &["cursor-stability", "update-atomic"],
    ),
    ("unknown append seen", "?0 ax1\n1 rx1\n2 rx1", "strict-serializable", &[], &[]),
    ("unknown append unseen", "?0 ax1\n1 rx.\n2 rx.", "strict-serializable", &[], &[]),
];

fn words(analysis: &Analysis) -> (Vec<&str>, Vec<&str>) {
    let not = analysis.not.iter().map(|model| model.name()).collect();
    (analysis.anomaly_names(), not)
}

fn run(row: &Row, workload: Workload) {
    let (name, text, model, anomalies, not) = row;
    let options = Options::new(workload).expecting(&[model]).expect("a model");
    let analysis = check(&script(text), &options);
    assert_eq!(words(&analysis), (anomalies.to_vec(), not.to_vec()), "{name}: {analysis:#?}");
    assert_eq!(analysis.validity == Validity::Valid, anomalies.is_empty(), "{name}");
    if let Verdict::Fail(witness) = &analysis.verdict {
        assert!(!witness.story.is_empty() && !witness.entries.is_empty(), "{name}: {witness:?}");
    }
}

#[test]
fn hand_written_histories_of_lists() {
    LISTS.iter().for_each(|row| run(row, Workload::ListAppend));
}

const REGISTERS: &[Row] = &[
    ("nothing wrong", "0 wx1\n1 rx1 wx2\n2 rx2", "strict-serializable", &[], &[]),
    ("circular information flow", "0 wx1 ry1\n1 wy1 rx1", "serializable", &["G1c"], &["read-committed"]),
    (
        "the initial state after a write",
        "0 rx. ry1\n1 wy1 wx2",
        "serializable",
        &["G-single-item"],
        &["consistent-view", "repeatable-read"],
    ),
    ("own write unseen", "0 wx1\n1 wx2 rx1\n2 rx2", "read-atomic", &["internal"], &["read-atomic"]),
    (
        "lost update",
        "0 wx1\n1 rx1 wx2\n2 rx1 wx3",
        "serializable",
        &["lost-update"],
        &["cursor-stability", "update-atomic"],
    ),
    ("aborted read", "!0 wx1\n1 rx1 wy1\n2 ry1", "serializable", &["G1a"], &["read-committed"]),
    ("intermediate read", "0 wx1 wx2\n1 rx1 wy1\n2 ry1", "serializable", &["G1b"], &["read-committed"]),
];

#[test]
fn hand_written_histories_of_registers() {
    REGISTERS.iter().for_each(|row| run(row, Workload::RwRegister));
}

#[test]
fn registers_are_told_more_where_more_is_assumed() {
    let assume = |text: &str, sequential: bool, linearizable: bool, follow: bool| {
        let mut options = Options::new(Workload::RwRegister).expecting(&["serializable"]).expect("a model");
        options.sequential_keys = sequential;
        options.linearizable_keys = linearizable;
        options.writes_follow_reads_keys = follow;
        let analysis = check(&script(text), &options);
        analysis.anomaly_names()
    };
    let fork = "0 ry1 wx1 wy2\n1 rx1 ry1";
    assert_eq!(assume(fork, false, false, false), Vec::<&str>::new());
    assert_eq!(assume(fork, false, false, true), ["G-single-item"]);
    let back = "0 wx1\n1 wx2\n0 rx2\n1 rx1";
    assert_eq!(assume(back, false, false, false), Vec::<&str>::new());
    assert_eq!(assume(back, true, false, false), ["cyclic-versions"]);
    assert_eq!(assume("0 wx1\n1 wx2\n2 rx1\n3 rx2", false, true, false), ["cyclic-versions"]);
    let crossed = "@0-1 0 wx1 wy2\n@0-1 1 wx2 wy1\n@2-3 0 rx2\n@4-5 1 ry2";
    assert_eq!(assume(crossed, true, false, false), ["G0"]);
}

#[test]
fn the_order_that_the_system_tells_is_taken() {
    let text = "@0-1 0 wx1 wy2 wz3\n@0-2 1 rx1 wy5\n@0-3 2 rz3 wx4\n@0-4 3 wz7 wy8";
    let mut options = Options::new(Workload::RwRegister).expecting(&["serializable"]).expect("a model");
    assert_eq!(check(&script(text), &options).anomaly_names(), Vec::<&str>::new());
    options.transaction_order = vec![(0, 1), (1, 4), (2, 2), (3, 3)];
    assert_eq!(check(&script(text), &options).anomaly_names(), ["G2-item"]);
    options.transaction_order = vec![(0, 1), (1, 2), (2, 3), (3, 4)];
    assert_eq!(check(&script(text), &options).anomaly_names(), Vec::<&str>::new());
}

#[test]
fn linearizable_keys_order_versions_by_real_time() {
    let strict = |text: &str| {
        let options = Options { linearizable_keys: true, ..Options::new(Workload::RwRegister) };
        check(&script(text), &options).anomaly_names()
    };
    assert_eq!(strict("0 wx1\n0 rx2"), Vec::<&str>::new());
    assert_eq!(strict("0 wx1\n0 rx2\n0 rx1"), ["cyclic-versions"]);
    assert_eq!(strict("@0-1 0 rx1 ry1\n@2-7 1 rx1 wy2\n@3-6 2 ry1 wx2"), ["G2-item"]);
    assert_eq!(strict("@0-3 0 wx1\n@1-2 1 wx2\n@4-5 2 rx2\n@6-7 2 rx2"), Vec::<&str>::new());
}

#[test]
fn what_cannot_be_judged_is_unknown_with_a_reason() {
    for (text, workload) in [
        ("0 wx1\n1 rx1", Workload::ListAppend),
        ("0 ax1\n1 rx1", Workload::RwRegister),
        ("0 wx1\n1 wx1\n2 rx1", Workload::RwRegister),
        ("0 rx.", Workload::ListAppend),
    ] {
        let analysis = check(&script(text), &Options::new(workload));
        assert_eq!(analysis.validity, Validity::Unknown, "{text}");
        assert!(matches!(analysis.verdict, Verdict::Unknown(reason) if !reason.is_empty()), "{text}");
    }
}

/// A way to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Nothing,
    /// Reads come from a snapshot taken at the beginning, and nobody checks for conflicts.
    NoConflicts,
    /// The same, and only conflicts of two writes of a key are refused: snapshot isolation.
    SnapshotOnly,
    /// Now and then a read misses the last append.
    StaleReads,
    /// Aborted transactions leave their appends behind.
    KeepsAborted,
}

/// Random transactions over lists by a store of five clients, broken in one way.
fn broken_store(broken: Broken, seed: u64) -> History {
    let mut draws = Draws(seed);
    let mut state: Vec<Vec<Value>> = vec![Vec::new(); 3];
    let mut fresh = [0i64; 3];
    let mut history = History::default();
    let mut open: Vec<Option<(u64, Vec<Vec<Value>>)>> = vec![None; 5];
    for at in 0..400 {
        let client = draws.below(5) as usize;
        let Some((begin, snapshot)) = open[client].take() else {
            open[client] = Some((at, state.clone()));
            continue;
        };
        let early = matches!(broken, Broken::NoConflicts | Broken::SnapshotOnly);
        let mut view = if early { snapshot.clone() } else { state.clone() };
        let aborts = broken == Broken::KeepsAborted && draws.below(8) == 0;
        let mut steps = Vec::new();
        let mut appended: Vec<(usize, Value)> = Vec::new();
        for _ in 0..1 + draws.below(3) {
            let key = draws.below(3) as usize;
            if draws.below(2) == 0 {
                fresh[key] += 1;
                view[key].push(Value::Int(fresh[key]));
                appended.push((key, Value::Int(fresh[key])));
                steps.push(Micro::Append(Key(key as u64), Value::Int(fresh[key])));
            } else {
                let mut list = view[key].clone();
                if broken == Broken::StaleReads && draws.below(10) == 0 {
                    list.pop();
                }
                steps.push(Micro::Read(Key(key as u64), Some(Value::List(list))));
            }
        }
        if broken == Broken::SnapshotOnly && appended.iter().any(|(key, _)| snapshot[*key] != state[*key]) {
            steps.retain(|step| matches!(step, Micro::Read(..)));
            appended.clear();
            continue;
        }
        for (key, value) in appended {
            state[key].push(value);
        }
        let mut made = transaction(client as u32, begin, at, steps);
        if aborts {
            made.outcome = sim_core::history::Outcome::Failed(sim_core::history::Reason::Aborted);
        }
        history.entries.push(made);
    }
    history.entries.sort_by_key(|entry| entry.invoked_index);
    history
}

#[test]
fn every_broken_store_is_caught_and_the_sound_one_is_not() {
    let strict = Options::new(Workload::ListAppend);
    let snapshot = strict.clone().expecting(&["strong-snapshot-isolation"]).expect("a model");
    for (broken, names, snapshot_holds) in [
        (Broken::Nothing, [].as_slice(), true),
        (Broken::NoConflicts, &["G-single-item", "internal", "lost-update", "G2-item"], false),
        (Broken::SnapshotOnly, &["G2-item", "G2-item-realtime"], true),
        (Broken::StaleReads, &["G-single-item", "G-single-item-realtime", "internal"], false),
        (Broken::KeepsAborted, &["G1a"], false),
    ] {
        let (mut caught, mut named) = (0, false);
        for seed in 0..20 {
            let history = broken_store(broken, seed);
            let analysis = check(&history, &strict);
            caught += usize::from(analysis.validity == Validity::Invalid);
            let found = analysis.anomaly_names();
            named |= found.iter().any(|name| names.contains(name));
            if snapshot_holds {
                assert_eq!(check(&history, &snapshot).validity, Validity::Valid, "{broken:?} {seed}");
            }
        }
        assert_eq!(caught > 15, broken != Broken::Nothing, "{broken:?} was caught {caught} times");
        assert!(broken != Broken::Nothing || caught == 0, "the sound store was accused");
        assert_eq!(named, !names.is_empty(), "{broken:?}");
    }
}
