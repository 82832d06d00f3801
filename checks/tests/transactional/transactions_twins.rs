//! Transactions over lists and registers against slow and plain twins on small random histories: all cycles listed one
//! by one, and all orders of commits tried.

use super::support::transaction;
use checks::transactions::unordered::{self, Isolation, Respect};
use checks::transactions::{Anomaly, AnomalySet, Options, Validity, Workload, check};
use checks::verdict::Verdict;
use proptest::prelude::{ProptestConfig, Strategy, prop, proptest};
use sim_core::history::{Answer, History, Outcome};
use sim_core::value::{Key, Micro, Value};

/// For each transaction its process, its begin and length, and its steps: whether it appends, its key, and how much of
/// what is there it misses when it reads.
type Plan = Vec<(u32, u64, u64, Vec<(bool, u64, u64)>)>;

fn plans() -> impl Strategy<Value = Plan> {
    let step = (proptest::bool::ANY, 0u64..2, prop::sample::select(vec![0u64, 0, 0, 1, 2, 3]));
    prop::collection::vec((0u32..2, 0u64..8, 1u64..5, prop::collection::vec(step, 1..4)), 2..6)
}

/// Runs the plan one after another, reads missing what they are told to miss, then gives every transaction its interval.
fn history(plan: &Plan, lists: bool) -> History {
    let mut state: [Vec<Value>; 2] = Default::default();
    let mut events: Vec<(u64, bool, usize)> = Vec::new();
    let mut free = [0u64; 64];
    for (i, (process, begin, length, _)) in plan.iter().enumerate() {
        let begin = 4 * (begin + i as u64 / 2).max(free[*process as usize]);
        free[*process as usize] = begin / 4 + length + 1;
        events.push((begin, false, i));
        events.push((begin + 4 * length, true, i));
    }
    events.sort_unstable();
    let at = |i: usize, end: bool| {
        events.iter().position(|e| (e.1, e.2) == (end, i)).expect("each has two events") as u64
    };
    let mut entries = Vec::new();
    for (i, (process, _, _, steps)) in plan.iter().enumerate() {
        let mut done = Vec::new();
        for (append, key, miss) in steps {
            let list = &mut state[*key as usize];
            let value = Value::Int(list.len() as i64 + 1);
            let shown = list.len().saturating_sub(*miss as usize);
            done.push(match (append, lists) {
                (true, true) => Micro::Append(Key(*key), value.clone()),
                (true, false) => Micro::Write(Key(*key), value.clone()),
                (false, true) => Micro::Read(Key(*key), Some(Value::List(list[..shown].to_vec()))),
                (false, false) => {
                    Micro::Read(Key(*key), Some(list[..shown].last().cloned().unwrap_or(Value::Nil)))
                }
            });
            if *append {
                list.push(value);
            }
        }
        entries.push(transaction(*process, at(i, false), at(i, true), done));
    }
    entries.sort_by_key(|entry| entry.invoked_index);
    History { entries }
}

fn steps(history: &History, txn: usize) -> &[Micro] {
    match &history.entries[txn].outcome {
        Outcome::Ok(Answer::Txn(steps)) => steps,
        _ => panic!("only ok transactions are generated"),
    }
}

/// All labels between two transactions, found by looking at every pair of steps.
fn labels(history: &History, a: usize, b: usize) -> Vec<&'static str> {
    let mut labels = Vec::new();
    let list = |read: &Option<Value>| match read {
        Some(Value::List(items)) => items.clone(),
        _ => Vec::new(),
    };
    let longest = |key: &Key| {
        let reads =
            (0..history.entries.len()).flat_map(|t| steps(history, t)).filter_map(|step| match step {
                Micro::Read(k, read) if k == key => Some(list(read)),
                _ => None,
            });
        reads.max_by_key(Vec::len).unwrap_or_default()
    };
    for x in steps(history, a) {
        for y in steps(history, b) {
            match (x, y) {
                (Micro::Append(k, v), Micro::Read(l, read)) if k == l && list(read).last() == Some(v) => {
                    labels.push("wr")
                }
                (_, Micro::Append(l, w)) => {
                    let order = longest(l);
                    let before = match order.iter().position(|e| e == w) {
                        Some(at) => order[..at].last().cloned(),
                        None => order.last().cloned(),
                    };
                    match x {
                        Micro::Append(k, v) if k == l && before.as_ref() == Some(v) => labels.push("ww"),
                        Micro::Read(k, read) if k == l && before == list(read).last().cloned() => {
                            labels.push("rw")
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
    if history.entries[a].completed_index < history.entries[b].invoked_index {
        labels.push("realtime");
    }
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// The kinds of all simple cycles, by every choice of one label for each edge.
fn all_cycles(history: &History) -> AnomalySet {
    let n = history.entries.len();
    let edge: Vec<Vec<Vec<&str>>> = (0..n)
        .map(|a| (0..n).map(|b| if a == b { Vec::new() } else { labels(history, a, b) }).collect())
        .collect();
    let mut found = AnomalySet::default();
    let mut stack: Vec<(Vec<usize>, Vec<&str>)> = (0..n).map(|a| (vec![a], Vec::new())).collect();
    while let Some((path, taken)) = stack.pop() {
        let (first, last) = (path[0], *path.last().expect("a path has a start"));
        for label in &edge[last][first] {
            let mut taken = taken.clone();
            taken.push(label);
            if let Some(kind) = kind(&taken) {
                found.insert(kind);
            }
        }
        for (next, labels) in edge[last].iter().enumerate().skip(first + 1) {
            if !path.contains(&next) {
                for label in labels {
                    let (mut path, mut taken) = (path.clone(), taken.clone());
                    path.push(next);
                    taken.push(label);
                    stack.push((path, taken));
                }
            }
        }
    }
    found
}

fn kind(taken: &[&str]) -> Option<Anomaly> {
    let count = |label: &str| taken.iter().filter(|t| **t == label).count();
    let adjacent = (0..taken.len()).any(|i| taken[i] == "rw" && taken[(i + 1) % taken.len()] == "rw");
    let base = match (count("rw"), count("wr"), count("ww")) {
        (0, 0, 0) => return None,
        (0, 0, _) => "G0",
        (0, ..) => "G1c",
        (1, ..) => "G-single-item",
        _ if adjacent => "G2-item",
        _ => "G-nonadjacent-item",
    };
    let ending = if count("realtime") > 0 { "-realtime" } else { "" };
    Some(Anomaly::parse(&format!("{base}{ending}")).expect("a kind of the lattice"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn models_are_ruled_out_as_by_listing_all_cycles(plan in plans()) {
        let history = history(&plan, true);
        let analysis = check(&history, &Options::new(Workload::ListAppend));
        let cycles = all_cycles(&history);
        let mut all = cycles;
        for finding in &analysis.findings {
            let plain = ["internal", "lost-update", "future-read", "G1a", "G1b", "incompatible-order"];
            if plain.contains(&finding.anomaly.name()) {
                all.insert(finding.anomaly);
            } else if !finding.anomaly.is_cycle_exists() && finding.anomaly.name() != "empty-transaction-graph" {
                assert!(cycles.contains(finding.anomaly), "{} is not there: {history:?}", finding.anomaly);
            }
        }
        let expected: Vec<&str> = all.impossible_models().iter().map(|m| m.name()).collect();
        let mut expected = if analysis.findings.is_empty() { Vec::new() } else { expected };
        let mut ours: Vec<&str> = analysis.not.iter().chain(&analysis.also_not).map(|m| m.name()).collect();
        expected.sort_unstable();
        ours.sort_unstable();
        assert_eq!(ours, expected, "{:?} {history:?}", analysis.anomaly_names());
        assert_eq!(analysis.validity == Validity::Invalid, !all.impossible_models().weakest().iter().collect::<Vec<_>>().is_empty());
    }

    #[test]
    fn what_registers_are_accused_of_no_order_explains(plan in plans()) {
        let history = history(&plan, false);
        for (model, isolation, respect) in [
            ("serializable", Isolation::Serializable, Respect::Nothing),
            ("snapshot-isolation", Isolation::Snapshot, Respect::Nothing),
            ("strict-serializable", Isolation::Serializable, Respect::RealTime),
        ] {
            let options = Options::new(Workload::RwRegister).expecting(&[model]).expect("a model");
            if check(&history, &options).validity == Validity::Invalid {
                let verdict = unordered::check(&history, isolation, respect, &Value::Nil);
                assert!(verdict.is_fail(), "{model}: {:?} {history:?}", check(&history, &options).anomaly_names());
            }
        }
    }

    #[test]
    fn nothing_is_held_against_what_ran_one_after_another(plan in plans()) {
        let mut plan = plan;
        for (i, (_, begin, length, steps)) in plan.iter_mut().enumerate() {
            (*begin, *length) = (8 * i as u64, 1);
            steps.iter_mut().for_each(|step| step.2 = 0);
        }
        let lists = check(&history(&plan, true), &Options::new(Workload::ListAppend));
        assert_ne!(lists.validity, Validity::Invalid, "{lists:?}");
        let mut options = Options::new(Workload::RwRegister);
        options.sequential_keys = true;
        options.linearizable_keys = true;
        options.writes_follow_reads_keys = true;
        let registers = check(&history(&plan, false), &options);
        assert_ne!(registers.validity, Validity::Invalid, "{registers:?}");
        let whole = unordered::check(&history(&plan, false), Isolation::Serializable, Respect::RealTime, &Value::Nil);
        assert_eq!(whole, Verdict::Pass);
    }
}
