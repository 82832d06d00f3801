//! The session guarantees against every order of the versions of each key, staleness against counting, and hand-written
//! histories for these, for convergence and for durability.

use checks::verdict::Verdict;
use checks::weak::convergence;
use checks::weak::durability;
use checks::weak::sessions::{ALL, Guarantee, check};
use checks::weak::staleness::{self, Bound, measure};
use sim_core::history::{Answer, Entry, History, Outcome};
use sim_core::time::Span;
use sim_core::value::{Call, Key, Operation, Value};

use super::support::{Draws, entry, script};

/// Single reads and writes by three sessions over two keys; a read sees any value of its key, or none.
fn random(draws: &mut Draws) -> History {
    let count = 3 + draws.below(6);
    let shapes: Vec<(u32, bool, u64)> =
        (0..count).map(|_| (draws.below(3) as u32, draws.below(2) == 0, draws.below(2))).collect();
    let mut written: [Vec<i64>; 2] = Default::default();
    for (i, (_, _, key)) in shapes.iter().enumerate().filter(|(_, shape)| shape.1) {
        written[*key as usize].push(i as i64);
    }
    let mut history = History::default();
    for (i, (process, write, key)) in shapes.into_iter().enumerate() {
        let begin = 4 * i as u64;
        let end = begin + 1 + 4 * draws.below(3);
        let (call, answer) = match write {
            true => (Call::Write(Value::Int(i as i64)), Value::Nil),
            false => {
                let pick = draws.below(written[key as usize].len() as u64 + 1) as usize;
                (Call::Read, written[key as usize].get(pick).map_or(Value::Nil, |v| Value::Int(*v)))
            }
        };
        let operation = Operation { key: Some(Key(key)), call };
        history.entries.push(entry(process, begin, end, operation, Outcome::Ok(Answer::Value(answer))));
    }
    history
}

type Touch = (u64, Option<i64>, bool);

/// What an operation touched: its key, the value, whether it wrote it. `None` is the initial value.
fn touched(entry: &Entry) -> Touch {
    let key = entry.operation.key.expect("every operation has a key").0;
    match (&entry.operation.call, entry.value()) {
        (Call::Write(Value::Int(v)), _) => (key, Some(*v), true),
        (_, Some(Value::Int(v))) => (key, Some(*v), false),
        _ => (key, None, false),
    }
}

/// All orders of these values.
fn orders(values: &[i64]) -> Vec<Vec<i64>> {
    values.iter().fold(vec![Vec::new()], |all, value| {
        let spread = |order: Vec<i64>| {
            (0..=order.len()).map(move |at| {
                let mut order = order.clone();
                order.insert(at, *value);
                order
            })
        };
        all.into_iter().flat_map(spread).collect()
    })
}

/// Whether each key's versions can be put in an order that satisfies the guarantee as its definition says it.
fn by_hand(history: &History, guarantee: Guarantee) -> bool {
    let ops: Vec<(u32, Touch)> = history.entries.iter().map(|e| (e.process, touched(e))).collect();
    let wrote =
        |value: i64| ops.iter().position(|(_, t)| t.2 && t.1 == Some(value)).expect("somebody wrote it");
    // Pairs (key, older, newer) that the guarantee asks for.
    let mut asked: Vec<(u64, Option<i64>, Option<i64>)> = Vec::new();
    for (j, (process, (key, value, writes))) in ops.iter().enumerate() {
        let before = |i: usize, p: u32| (0..i).filter(move |k| ops_process(history, *k) == p);
        for i in before(j, *process) {
            let (k, v, w) = ops[i].1;
            match guarantee {
                Guarantee::ReadYourWrites if !writes && w && k == *key => asked.push((k, v, *value)),
                Guarantee::MonotonicReads if !writes && !w && k == *key => asked.push((k, v, *value)),
                Guarantee::MonotonicWrites if *writes && w && k == *key => asked.push((k, v, *value)),
                Guarantee::WritesFollowReads if *writes && !w && k == *key => asked.push((k, v, *value)),
                _ => {}
            }
            // The session saw a write at i and reads at j.
            if let (false, Some(seen), false) = (w, v, *writes) {
                let writer = wrote(seen);
                for earlier in before(writer, ops[writer].0) {
                    let (k, v, w) = ops[earlier].1;
                    let counts = match guarantee {
                        Guarantee::MonotonicWrites => w,
                        Guarantee::WritesFollowReads => !w && v.is_some(),
                        _ => false,
                    };
                    if counts && k == *key {
                        asked.push((k, v, *value));
                    }
                }
            }
        }
    }
    (0..2).all(|key| {
        let values: Vec<i64> =
            ops.iter().filter(|(_, t)| t.2 && t.0 == key).filter_map(|(_, t)| t.1).collect();
        orders(&values).iter().any(|order| {
            let rank = |v: Option<i64>| {
                v.map_or(0, |v| 1 + order.iter().position(|o| *o == v).expect("it is there"))
            };
            asked.iter().filter(|a| a.0 == key).all(|(_, older, newer)| rank(*older) <= rank(*newer))
        })
    })
}

fn ops_process(history: &History, i: usize) -> u32 {
    history.entries[i].process
}

#[test]
fn session_guarantees_are_decided_as_by_all_orders_of_versions() {
    let mut draws = Draws(21);
    let mut held = [0; 4];
    for _ in 0..4000 {
        let history = random(&mut draws);
        for (guarantee, held) in ALL.into_iter().zip(&mut held) {
            let verdict = check(&history, guarantee, &Value::Nil);
            let expected = by_hand(&history, guarantee);
            assert_eq!(verdict == Verdict::Pass, expected, "{guarantee:?} {history:?} {verdict:?}");
            if let Verdict::Fail(witness) = verdict {
                assert!(!witness.headline.is_empty() && !witness.entries.is_empty(), "{witness:?}");
            }
            *held += usize::from(expected);
        }
    }
    assert!(held.iter().all(|count| (100..3990).contains(count)), "{held:?}");
}

#[test]
fn staleness_is_what_counting_gives() {
    let mut draws = Draws(22);
    let mut stale = 0;
    for _ in 0..3000 {
        let history = random(&mut draws);
        for age in measure(&history, &Value::Nil).expect("values are unique") {
            let read = &history.entries[age.entry];
            let (key, value, _) = touched(read);
            let source = history.entries.iter().find(|e| touched(e) == (key, value, true));
            let newer = history.entries.iter().filter(|e| {
                let (k, _, w) = touched(e);
                let after = source.is_none_or(|s| e.invoked_index > s.completed_index);
                k == key && w && after && e.completed_index < read.invoked_index
            });
            let newer: Vec<&Entry> = newer.collect();
            assert_eq!(age.versions as usize, newer.len(), "{history:?} {age:?}");
            let first = newer.iter().map(|e| e.completed).min();
            assert_eq!(age.time, first.map_or(Span::ZERO, |at| read.invoked.since(at)));
            stale += usize::from(age.versions > 0);
        }
    }
    assert!(stale > 300, "{stale}");
}

/// Histories, and which of the four guarantees hold.
const SESSIONS: &[(&str, &str, [bool; 4])] = &[
    ("nothing wrong", "0 wx1\n0 rx1\n1 rx1", [true, true, true, true]),
    ("own write unseen", "0 wx1\n0 rx.", [false, true, true, true]),
    ("back in time", "0 wx1\n1 rx1\n1 rx.", [true, false, true, true]),
    ("writes out of order", "0 wx1\n0 wy2\n1 ry2\n1 rx.", [true, true, false, true]),
    ("effect without its cause", "0 wx1\n1 rx1\n1 wy2\n2 ry2\n2 rx.", [true, true, true, false]),
    ("two observers disagree", "0 wx1\n1 wx2\n2 rx1\n2 rx2\n3 rx2\n3 rx1", [true, false, true, true]),
];

#[test]
fn hand_written_sessions() {
    for (name, text, expected) in SESSIONS {
        for (guarantee, expected) in ALL.into_iter().zip(expected) {
            let verdict = check(&script(text), guarantee, &Value::Nil);
            assert_eq!(verdict == Verdict::Pass, *expected, "{name}, {}: {verdict:?}", guarantee.name());
        }
    }
}

#[test]
fn answers_may_be_as_old_as_the_bound() {
    let history = script("0 wx1\n0 wx2\n0 wx3\n1 rx1");
    let ages = measure(&history, &Value::Nil).expect("values are unique");
    assert_eq!((ages[0].versions, ages[0].time), (2, Span(3)));
    let within = |versions: Option<u64>, time: Option<Span>| {
        staleness::check(&history, Bound { versions, time }, &Value::Nil) == Verdict::Pass
    };
    assert!(within(Some(2), Some(Span(3))) && within(None, None));
    assert!(!within(Some(1), None) && !within(None, Some(Span(2))));
}

#[test]
fn replicas_converge_or_not() {
    for (text, settle, word) in [
        ("0 wx1\n1 rx1\n2 rx1", 0, "pass"),
        ("0 wx1\n1 rx1\n2 rx.", 0, "fail"),
        ("0 wx1\n1 rx1\n2 rx.\n2 rx1", 4, "pass"),
        ("0 wx1\n1 wx2", 0, "unknown"),
        ("?0 wx1\n1 rx.\n2 rx1\n1 rx.", 0, "pass"),
        ("0 ax1\n1 ax2\n2 rx12\n3 rx21", 0, "fail"),
    ] {
        assert_eq!(convergence::check(&script(text), Span(settle)).word(), word, "{text}");
    }
}

#[test]
fn writes_are_lost_and_come_back() {
    for (text, settle, anomaly) in [
        ("0 wx1\n1 rx1", 0, None),
        ("0 wx1\n1 rx.", 0, Some("lost write")),
        ("0 wx1\n1 rx.", 9, None),
        ("0 wx1\n0 wx2\n1 rx1", 0, Some("lost update")),
        ("0 wx1\n0 wx2\n1 rx2\n1 rx1", 0, Some("resurrected write")),
        ("0 wx1\n?2 wx2\n1 rx2\n1 rx1", 0, None),
        ("@0-9 0 wx1\n@1-8 1 wx2\n@10-11 2 rx1", 0, None),
        ("0 wx1\n1 rx.\n1 rx1", 0, None),
    ] {
        let verdict = durability::check(&script(text), Span(settle), &Value::Nil);
        let found = match &verdict {
            Verdict::Fail(witness) => Some(witness.anomaly.as_str()),
            _ => None,
        };
        assert_eq!(found, anomaly, "{text}: {verdict:?}");
    }
}

#[test]
fn siblings_are_what_was_written() {
    let op = |process, at: u64, call: Call, answer: Value| {
        entry(process, at, at + 1, Operation { key: None, call }, Outcome::Ok(Answer::Value(answer)))
    };
    let both = || Value::List([1, 2].into_iter().map(Value::Int).collect());
    let mut entries = vec![
        op(0, 0, Call::Write(Value::Int(1)), Value::Nil),
        op(1, 2, Call::Write(Value::Int(2)), Value::Nil),
        op(2, 4, Call::Read, both()),
    ];
    let judge = |entries: &[Entry]| {
        durability::check(&History { entries: entries.to_vec() }, Span::ZERO, &Value::Nil)
    };
    assert_eq!(judge(&entries), Verdict::Pass);
    // One of them was seen, and is replaced by the older one.
    entries.push(op(2, 6, Call::Read, Value::Int(1)));
    assert!(matches!(judge(&entries), Verdict::Fail(witness) if witness.anomaly == "resurrected write"));
    entries[3] = op(2, 6, Call::Read, Value::List([1, 7].into_iter().map(Value::Int).collect()));
    assert!(matches!(judge(&entries), Verdict::Fail(witness) if witness.anomaly == "thin-air read"));
}

#[test]
fn removed_elements_stay_away() {
    let one = |at: u64, call: Call, answer: Value| {
        entry(0, at, at + 1, Operation { key: None, call }, Outcome::Ok(Answer::Value(answer)))
    };
    let seven = || Value::Int(7);
    let base = [one(0, Call::Insert(seven()), Value::Nil), one(2, Call::Remove(seven()), Value::Nil)];
    let with = |more: Vec<Entry>| History { entries: base.iter().cloned().chain(more).collect() };
    let read = |at: u64| one(at, Call::Read, Value::List(vec![seven()]));
    assert!(durability::check(&with(vec![read(4)]), Span::ZERO, &Value::Nil).is_fail());
    assert!(
        durability::check(
            &with(vec![one(4, Call::Contains(seven()), Value::Bool(true))]),
            Span::ZERO,
            &Value::Nil
        )
        .is_fail()
    );
    assert!(!durability::check(&with(vec![read(4)]), Span(5), &Value::Nil).is_fail());
    let again = vec![one(4, Call::Insert(seven()), Value::Nil), read(6)];
    assert!(!durability::check(&with(again), Span::ZERO, &Value::Nil).is_fail());
}
