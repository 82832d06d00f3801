//! What single reads of lists and registers show, without any cycle: read from the definitions, pair by pair, and
//! compared with what the checkers name, on random small histories in which reads see anything.

use super::support::transaction;
use checks::transactions::{Options, Validity, Workload, check};
use proptest::prelude::{ProptestConfig, Strategy, prop, proptest};
use sim_core::history::{Answer, History, Outcome, Reason};
use sim_core::value::{Call, Key, Micro, Value};

/// For each transaction whether it failed, and its steps: whether it appends, its key, and in what order and how much of
/// the four elements it sees.
type Plan = Vec<(bool, Vec<(bool, u64, Vec<i64>)>)>;

fn plans() -> impl Strategy<Value = Plan> {
    let seen = prop::collection::vec(1i64..5, 0..4);
    let step = (proptest::bool::ANY, 0u64..2, seen);
    let failed = prop::sample::select(vec![false, false, false, true]);
    prop::collection::vec((failed, prop::collection::vec(step, 1..4)), 2..5)
}

/// The transactions one after another; the n-th append to a key adds n, a read shows what it is told to.
fn lists(plan: &Plan) -> History {
    let mut count = [0i64; 2];
    let mut entries = Vec::new();
    for (at, (failed, steps)) in (0u64..).zip(plan) {
        let mut done = Vec::new();
        for (append, key, seen) in steps {
            if *append {
                count[*key as usize] += 1;
                done.push(Micro::Append(Key(*key), Value::Int(count[*key as usize])));
            } else {
                let mut seen = seen.clone();
                let all = seen.clone();
                let mut at = 0;
                seen.retain(|one| {
                    at += 1;
                    !all[..at - 1].contains(one)
                });
                let items = seen.into_iter().map(Value::Int).collect();
                done.push(Micro::Read(Key(*key), Some(Value::List(items))));
            }
        }
        let mut made = transaction(at as u32, 2 * at, 2 * at + 1, done);
        if *failed {
            made.outcome = Outcome::Failed(Reason::Aborted);
        }
        entries.push(made);
    }
    History { entries }
}

/// The same with registers: the n-th write of a key writes n, a read sees the first of what it is told to, or nothing.
fn registers(plan: &Plan) -> History {
    let mut history = lists(plan);
    let step = |step: &mut Micro| {
        *step = match std::mem::replace(step, Micro::Read(Key(0), None)) {
            Micro::Append(key, value) => Micro::Write(key, value),
            Micro::Read(key, Some(Value::List(seen))) => {
                Micro::Read(key, Some(seen.into_iter().next().unwrap_or(Value::Nil)))
            }
            other => other,
        }
    };
    for entry in &mut history.entries {
        if let Call::Txn(steps) = &mut entry.operation.call {
            steps.iter_mut().for_each(step);
        }
        if let Outcome::Ok(Answer::Txn(steps)) = &mut entry.outcome {
            steps.iter_mut().for_each(step);
        }
    }
    history
}

/// Who wrote this to a register, and whether it was committed.
fn writer(history: &History, key: Key, value: &Value) -> Option<(usize, bool)> {
    (0..history.entries.len()).find_map(|txn| {
        let (steps, committed) = steps(history, txn);
        steps.contains(&Micro::Write(key, value.clone())).then_some((txn, committed))
    })
}

/// The steps of a transaction, and whether it was committed.
fn steps(history: &History, txn: usize) -> (&[Micro], bool) {
    let entry = &history.entries[txn];
    match (&entry.outcome, &entry.operation.call) {
        (Outcome::Ok(Answer::Txn(steps)), _) => (steps, true),
        (_, Call::Txn(steps)) => (steps, false),
        _ => (&[], false),
    }
}

/// All that committed transactions read: who, of which key, what.
fn reads(history: &History) -> Vec<(usize, Key, &[Value])> {
    let mut all = Vec::new();
    for txn in 0..history.entries.len() {
        let (steps, true) = steps(history, txn) else { continue };
        all.extend(steps.iter().filter_map(|step| match step {
            Micro::Read(key, Some(Value::List(items))) => Some((txn, *key, items.as_slice())),
            _ => None,
        }));
    }
    all
}

/// Who appended this, whether it was committed, and whether it appended to the key again after.
fn appender(history: &History, key: Key, value: &Value) -> Option<(usize, bool, bool)> {
    (0..history.entries.len()).find_map(|txn| {
        let (steps, committed) = steps(history, txn);
        let at = steps.iter().position(|step| *step == Micro::Append(key, value.clone()))?;
        let again =
            steps[at + 1..].iter().any(|step| matches!(step, Micro::Append(other, _) if *other == key));
        Some((txn, committed, again))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn reads_of_lists_are_named_as_by_every_pair(plan in plans()) {
        let history = lists(&plan);
        let analysis = check(&history, &Options::new(Workload::ListAppend));
        let named = |name: &str| analysis.anomaly_names().contains(&name);
        let all = reads(&history);
        let aborted = all.iter().any(|(_, key, items)| {
            items.iter().any(|item| matches!(appender(&history, *key, item), Some((_, false, _))))
        });
        assert_eq!(named("G1a"), aborted, "{:?} {history:?}", analysis.anomaly_names());
        let intermediate = all.iter().any(|(reader, key, items)| {
            let last = items.last().and_then(|last| appender(&history, *key, last));
            matches!(last, Some((writer, true, true)) if writer != *reader)
        });
        assert!(named("G1b") || !intermediate, "{:?} {history:?}", analysis.anomaly_names());
        let apart = all.iter().any(|(_, key, one)| {
            all.iter().any(|(_, other, two)| {
                key == other && !one.starts_with(two) && !two.starts_with(one)
            })
        });
        assert_eq!(named("incompatible-order"), apart, "{:?} {history:?}", analysis.anomaly_names());
    }

    #[test]
    fn reads_of_registers_are_named_as_by_every_pair(plan in plans()) {
        let history = registers(&plan);
        let all: Vec<(usize, Key, &Value, bool)> = (0..history.entries.len())
            .filter(|txn| steps(&history, *txn).1)
            .flat_map(|txn| {
                let its = steps(&history, txn).0;
                its.iter().enumerate().filter_map(move |(at, step)| match step {
                    Micro::Read(key, Some(value)) if *value != Value::Nil => {
                        let own = its[..at].iter().any(|step| matches!(step, Micro::Write(other, _) if other == key));
                        Some((txn, *key, value, own))
                    }
                    _ => None,
                })
            })
            .collect();
        let writers: Vec<_> = all.iter().map(|(_, key, value, _)| writer(&history, *key, value)).collect();
        if writers.iter().all(Option::is_some) {
            let analysis = check(&history, &Options::new(Workload::RwRegister));
            let told = format!("{:?} {history:?}", analysis.anomaly_names());
            let pairs = || all.iter().zip(writers.iter().flatten());
            let aborted = pairs().any(|((.., own), (_, committed))| !committed && !own);
            assert!(!aborted || analysis.anomaly_names().contains(&"G1a"), "{told}");
            // One runs after another, so who reads what is written later closes a circle.
            let early = pairs().any(|((reader, ..), (writer, committed))| *committed && writer > reader);
            assert!(!early || analysis.validity == Validity::Invalid, "{told}");
        }
    }
}
