//! Weak consistency where transactions fail, end unknown, or are compare-and-sets: against the twin that tries every
//! choice of those that may have happened; and values that do not say who wrote them.

use checks::foreign::{Question, Words};
use checks::format::{ReadOptions, read_bytes};
use checks::weak::isolation::{Level, check};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, proptest};
use sim_core::history::{Answer, Entry, History, Outcome, Reason};
use sim_core::time::Time;
use sim_core::value::{Call, Key, Micro, Operation, Value};

use super::weak_twins::{LEVELS, by_hand, history, plans};

/// The same with some ends failed (0) and some unknown (1, 2).
fn with_ends(history: &History, ends: &[u8]) -> History {
    let mut changed = history.clone();
    for (entry, end) in changed.entries.iter_mut().zip(ends) {
        let forget = |step: &Micro| match step {
            Micro::Read(key, _) => Micro::Read(*key, None),
            step => step.clone(),
        };
        if let Call::Txn(steps) = &mut entry.operation.call {
            *steps = steps.iter().map(forget).collect();
        }
        match end {
            0 => entry.outcome = Outcome::Failed(Reason::Aborted),
            1 | 2 => {
                entry.outcome = Outcome::Unknown(Reason::Timeout);
                (entry.completed, entry.completed_index) = (Time::NEVER, u64::MAX);
            }
            _ => {}
        }
    }
    changed
}

/// Whether the level holds for some choice of the transactions of unknown end. Of one that happened only the writes are
/// known.
fn holds(history: &History, level: Level) -> bool {
    let unknown: Vec<usize> = (0..history.entries.len())
        .filter(|&at| matches!(history.entries[at].outcome, Outcome::Unknown(_)))
        .collect();
    (0..1u32 << unknown.len()).any(|chosen| {
        let mut entries: Vec<Entry> = Vec::new();
        for (at, entry) in history.entries.iter().enumerate() {
            let happened = match unknown.iter().position(|&other| other == at) {
                Some(place) => chosen >> place & 1 == 1,
                None => entry.is_ok(),
            };
            let mut entry = entry.clone();
            if let (Outcome::Unknown(_), Call::Txn(steps)) = (&entry.outcome, &entry.operation.call) {
                let writes = steps.iter().filter(|step| matches!(step, Micro::Write(..))).cloned().collect();
                entry.outcome = Outcome::Ok(Answer::Txn(writes));
            }
            if happened {
                entries.push(entry);
            }
        }
        by_hand(&History { entries }, level)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn failed_and_unknown_ends_are_judged_as_by_trying_them(plan in plans(), ends in vec(0u8..8, 6)) {
        let history = with_ends(&history(&plan), &ends);
        for level in LEVELS {
            let verdict = check(&history, level, &Value::Nil);
            let expected = if holds(&history, level) { "pass" } else { "fail" };
            assert_eq!(verdict.word(), expected, "{level:?} {verdict:?} {history:#?}");
        }
    }
}

/// One operation on the only register, done at once.
fn single(at: u64, process: u32, call: Call, answer: Option<Value>) -> Entry {
    Entry {
        process,
        operation: Operation { key: Some(Key(0)), call },
        invoked: Time(2 * at),
        invoked_index: 2 * at,
        completed: if answer.is_some() { Time(2 * at + 1) } else { Time::NEVER },
        completed_index: if answer.is_some() { 2 * at + 1 } else { u64::MAX },
        outcome: answer.map_or(Outcome::Unknown(Reason::Timeout), |value| Outcome::Ok(Answer::Value(value))),
        attempts: 1,
        answered_by: None,
    }
}

#[test]
fn a_compare_and_set_reads_and_writes() {
    let cas = |from, to| Call::Cas { from: Value::Int(from), to: Value::Int(to) };
    let read = |value| Some(Value::Int(value));
    let done = Some(Value::Nil);
    let began =
        [single(0, 0, Call::Write(Value::Int(1)), done), single(1, 0, cas(1, 2), Some(Value::Bool(true)))];
    let rows: [(&[Entry], &str); 4] = [
        (&[single(2, 1, Call::Read, read(2))], "pass"),
        (&[single(2, 1, Call::Read, read(2)), single(3, 1, Call::Read, read(1))], "fail"),
        // One of unknown end that was seen happened, and so did what it replaced.
        (
            &[
                single(2, 1, cas(2, 3), None),
                single(3, 2, Call::Read, read(3)),
                single(4, 2, Call::Read, read(2)),
            ],
            "fail",
        ),
        (&[single(2, 1, cas(2, 3), None), single(3, 2, Call::Read, read(2))], "pass"),
    ];
    for (rest, expected) in rows {
        let history = History { entries: began.iter().chain(rest).cloned().collect() };
        assert_eq!(check(&history, Level::Causal, &Value::Nil).word(), expected, "{rest:?}");
    }
}

/// The verdict of the command line's question on a file of Jepsen's.
fn asked(model: &str, consistency: &str, initial: Option<Value>, edn: &str) -> String {
    let consistency: Vec<String> =
        consistency.split(',').filter(|c| !c.is_empty()).map(str::to_owned).collect();
    let words = Words { model, consistency: &consistency, initial, ..Words::default() };
    let question = match Question::new(&words) {
        Ok(question) => question,
        Err(reason) => return reason,
    };
    let foreign = read_bytes("edn", edn.as_bytes(), &ReadOptions::default()).expect("a history");
    question.ask(&foreign).answer().verdict.word().to_owned()
}

#[test]
fn what_does_not_say_who_wrote_it_is_not_judged() {
    let event =
        |kind: &str, f: &str, value: &str| format!("{{:process 0 :type :{kind} :f :{f} :value {value}}}\n");
    let both = |f: &str, value: &str| event("invoke", f, value) + &event("ok", f, value);
    // A write of what was there at first, and a read of it: whose it was cannot be told.
    let again = both("read", "0") + &both("write", "1") + &both("write", "0");
    assert_eq!(asked("register", "causal", None, &again), "unknown");
    assert_eq!(
        asked("register", "causal", Some(Value::Int(7)), &again),
        "fail",
        "read before it was written"
    );
    // Appends, and what is no register at all.
    assert_eq!(asked("key-value", "causal", None, &both("append", "1")), "unknown");
    assert_eq!(asked("key-value", "causal", None, &both("enqueue", "1")), "unknown");
    assert!(asked("queue", "causal", None, &both("enqueue", "1")).contains("can be asked of registers"));
    assert!(
        asked("queue", "", Some(Value::Int(1)), &both("enqueue", "1")).contains("cannot hold 1 at first")
    );
    assert_eq!(asked("queue", "", Some(Value::List(vec![Value::Int(4)])), &both("dequeue", "4")), "pass");
    // A consistency by itself is one of registers.
    assert_eq!(asked("causal", "", None, &both("read", "0")), "pass");
    // A transaction that found nothing found the initial state.
    let txn = both("txn", "[[:r 1 nil] [:w 1 5]]") + &both("txn", "[[:r 1 5]]");
    assert_eq!(asked("causal", "", None, &txn), "pass");
    assert_eq!(asked("multi-register", "", None, &txn), "pass");
    assert_eq!(asked("multi-register", "serializable", None, &txn), "pass");
}
