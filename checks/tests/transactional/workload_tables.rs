//! Workloads with one invariant: histories that keep it and histories that do not, twins, and stores broken on purpose.

use checks::verdict::Verdict;
use checks::workloads::bank::{self, Bank};
use checks::workloads::{counter, long_fork, set_full, write_skew};
use sim_core::history::{Answer, Entry, History, Outcome, Reason};
use sim_core::value::{Call, Key, Micro, Operation, Value};

use super::support::{Draws, entry, script, transaction};

fn one(process: u32, begin: u64, end: u64, call: Call, answer: Value) -> Entry {
    entry(process, begin, end, Operation { key: None, call }, Outcome::Ok(Answer::Value(answer)))
}

fn anomaly(verdict: &Verdict) -> Option<&str> {
    match verdict {
        Verdict::Fail(witness) => Some(&witness.anomaly),
        _ => None,
    }
}

/// Transfers and reads by a bank whose reads are whole or not.
fn money(whole: bool, seed: u64) -> History {
    let mut draws = Draws(seed);
    let mut balances = [10i64; 4];
    let mut history = History::default();
    for i in 0..200u64 {
        let before = balances;
        let (from, to) = (draws.below(4) as usize, draws.below(4) as usize);
        let amount = draws.below(5) as i64;
        if balances[from] >= amount {
            balances[from] -= amount;
            balances[to] += amount;
        }
        let cut = if whole { 0 } else { draws.below(5) as usize };
        let steps = (0..4).map(|k| {
            let n = if k < cut { before[k] } else { balances[k] };
            Micro::Read(Key(k as u64), Some(Value::Int(n)))
        });
        history.entries.push(transaction(0, 2 * i, 2 * i + 1, steps.collect()));
    }
    history
}

#[test]
fn money_is_neither_made_nor_lost() {
    let bank = Bank { accounts: (0..4).map(Key).collect(), total: 40, negative_allowed: false };
    for seed in 0..10 {
        assert_eq!(bank::check(&money(true, seed), &bank), Verdict::Pass);
        assert_eq!(anomaly(&bank::check(&money(false, seed), &bank)), Some("wrong total"));
    }
    let list = |items: [i64; 4]| Value::List(items.into_iter().map(Value::Int).collect());
    let read = |answer: Value| History { entries: vec![one(0, 0, 1, Call::Read, answer)] };
    assert_eq!(bank::check(&read(list([10, 10, 15, 5])), &bank), Verdict::Pass);
    assert_eq!(anomaly(&bank::check(&read(list([10, 10, 25, -5])), &bank)), Some("negative balance"));
    let debts = Bank { negative_allowed: true, ..bank.clone() };
    assert_eq!(bank::check(&read(list([10, 10, 25, -5])), &debts), Verdict::Pass);
    assert_eq!(
        anomaly(&bank::check(&read(Value::List(vec![Value::Int(40)])), &bank)),
        Some("wrong accounts")
    );
    let hole = Value::List(vec![Value::Int(40), Value::Nil, Value::Int(0), Value::Int(0)]);
    assert_eq!(anomaly(&bank::check(&read(hole), &bank)), Some("missing balance"));
    assert_eq!(bank::check(&History::default(), &bank).word(), "unknown");
}

/// Additions and reads with random intervals; reads answer the exact count at some moment within, or off by some.
fn additions(draws: &mut Draws, off: i64) -> History {
    let mut history = History::default();
    let mut events: Vec<(u64, bool, usize)> = Vec::new();
    let count = 12;
    for i in 0..count {
        let begin = 8 * draws.below(20) + 2 * i as u64 % 8;
        let end = begin + 1 + 8 * draws.below(4);
        events.push((begin * 100 + i as u64, false, i));
        events.push((end * 100 + i as u64, true, i));
    }
    events.sort_unstable();
    let at = |i: usize, end: bool| {
        events.iter().position(|e| (e.1, e.2) == (end, i)).expect("both are there") as u64
    };
    // Each takes effect at a moment of its interval.
    let mut moments: Vec<(u64, usize)> =
        (0..count).map(|i| (at(i, false) + draws.below(at(i, true) - at(i, false)), i)).collect();
    moments.sort_unstable();
    let mut sum = 0;
    for (_, i) in moments {
        let n = draws.below(7) as i64 - 2;
        let (call, answer) = match i % 3 {
            0 => (Call::Read, Value::Int(sum + off)),
            _ => {
                sum += n;
                (Call::Add(n), Value::Nil)
            }
        };
        history.entries.push(one(i as u32, at(i, false), at(i, true), call, answer));
    }
    history.entries.sort_by_key(|entry| entry.invoked_index);
    history
}

#[test]
fn a_counter_lies_within_its_bounds() {
    let mut draws = Draws(31);
    let mut caught = 0;
    for _ in 0..500 {
        assert_eq!(counter::check(&additions(&mut draws, 0), 0), Verdict::Pass);
        caught += usize::from(counter::check(&additions(&mut draws, 30), 0).is_fail());
        caught += usize::from(counter::check(&additions(&mut draws, -30), 0).is_fail());
    }
    assert_eq!(caught, 1000);
    let reads = |value: i64| {
        let failed = Outcome::Failed(Reason::Aborted);
        let unknown = Outcome::Unknown(Reason::Timeout);
        let add = |at: u64, n: i64, outcome: Outcome| {
            entry(0, at, at + 1, Operation { key: None, call: Call::Add(n) }, outcome)
        };
        let entries = vec![
            add(0, 5, Outcome::Ok(Answer::Value(Value::Nil))),
            add(2, 100, failed),
            add(4, 10, unknown.clone()),
            add(5, -3, unknown),
            one(1, 6, 7, Call::Read, Value::Int(value)),
        ];
        counter::check(&History { entries }, 0)
    };
    for value in [2, 5, 12, 15] {
        assert_eq!(reads(value), Verdict::Pass, "{value}");
    }
    assert_eq!(anomaly(&reads(1)), Some("lost increment"));
    assert_eq!(anomaly(&reads(16)), Some("phantom increment"));
}

/// Insertions and reads one after another from text: `+3` inserts, `?3` inserts with unknown end, `=12` reads.
fn set(text: &str) -> History {
    let value = |c: char| Value::Int(c as i64 - '0' as i64);
    let entries = text.split(' ').enumerate().map(|(i, word)| {
        let (begin, end) = (2 * i as u64, 2 * i as u64 + 1);
        let items: Vec<Value> = word.chars().skip(1).map(value).collect();
        match &word[..1] {
            "+" => one(0, begin, end, Call::Insert(items[0].clone()), Value::Nil),
            "=" => one(1, begin, end, Call::Read, Value::List(items)),
            _ => {
                let operation = Operation { key: None, call: Call::Insert(items[0].clone()) };
                entry(2, begin, end, operation, Outcome::Unknown(Reason::Timeout))
            }
        }
    });
    History { entries: entries.collect() }
}

#[test]
fn elements_of_a_set_are_accounted_for() {
    for (text, linearizable, found) in [
        ("+1 +2 =12", true, None),
        ("+1 +2 =12 =1", true, Some("lost element")),
        ("+1 +2 =1", true, Some("lost element")),
        ("+1 =1 +2 =1 =12", true, Some("stale element")),
        ("+1 =1 +2 =1 =12", false, None),
        ("+1 ?2 =1", true, None),
        ("+1 ?2 =12 =1", true, Some("lost element")),
        ("+1 =11", true, Some("duplicated element")),
        ("+1 =13", true, Some("phantom element")),
    ] {
        let (totals, verdict) = set_full::check(&set(text), linearizable);
        assert_eq!(anomaly(&verdict), found, "{text}: {totals:?}");
    }
    let (totals, _) = set_full::check(&set("+1 =1 +2 =1 =12 ?3 +4 =12 =124 +5 =124 =13"), true);
    assert_eq!((totals.attempts, totals.stable, totals.lost, totals.never_read), (5, 2, 3, 0));
    assert_eq!(set_full::check(&set("+1"), true).1.word(), "unknown");
}

#[test]
fn a_set_that_forgets_is_caught() {
    for (forgets, seed) in [(false, 1), (false, 2), (true, 3), (true, 4)] {
        let mut draws = Draws(seed);
        let mut state: Vec<Value> = Vec::new();
        let mut history = History::default();
        for i in 0..300u64 {
            let (call, answer) = match draws.below(3) {
                0 => (Call::Read, Value::List(state.clone())),
                _ => {
                    state.push(Value::Int(i as i64));
                    (Call::Insert(Value::Int(i as i64)), Value::Nil)
                }
            };
            if forgets && i == 150 {
                state.remove(0);
            }
            history.entries.push(one(0, 2 * i, 2 * i + 1, call, answer));
        }
        assert_eq!(set_full::check(&history, true).1.is_fail(), forgets);
    }
}

#[test]
fn forks_and_skews() {
    for (text, forked) in [
        ("0 wx1\n1 wy1\n2 rx1 ry.\n3 rx. ry1", true),
        ("0 wx1\n1 wy1\n2 rx1 ry.\n3 rx1 ry1\n3 rx. ry.", false),
        ("0 wx1\n1 wy1\n2 rx1\n3 ry1\n3 rx. ry.", false),
        ("0 wx1\n1 wy1\n1 wz1\n2 rx1 ry1 rz.\n3 rz1 ry. rx1", true),
    ] {
        assert_eq!(anomaly(&long_fork::check(&script(text))).is_some(), forked, "{text}");
    }
    assert_eq!(long_fork::check(&script("0 wx1\n0 wx2\n1 rx1 ry.")).word(), "unknown");
    for (text, skewed) in [
        ("0 rx. ry. wx1\n1 rx. ry. wy1", true),
        ("0 rx. ry. wx1\n1 rx1 ry. wy1", false),
        ("0 rx. ry. wx1\n1 rx. ry. wx2", false),
        ("0 wx1 wy1\n1 rx1 ry1 wx2\n2 rx1 ry1 wy2", true),
        ("0 wx1 wy1\n1 rx1 ry1 wx2\n2 rx2 ry1 wy2", false),
    ] {
        assert_eq!(anomaly(&write_skew::check(&script(text))).is_some(), skewed, "{text}");
    }
}
