//! Bank, set-full, counter bounds, long fork, write skew, convergence and durability on random small histories, against their definitions tried
//! on every pair.

use super::support::{Draws, entry, transaction};
use checks::verdict::Verdict;
use checks::weak::{convergence, durability};
use checks::workloads::bank::{self, Bank};
use checks::workloads::{counter, long_fork, set_full, write_skew};
use sim_core::history::{Answer, Entry, History, Outcome, Reason};
use sim_core::time::Span;
use sim_core::value::{Call, Key, Micro, Operation, Value};

/// How often each answer came, and that each did come often enough to mean anything.
#[derive(Default)]
struct Tally([usize; 3]);

impl Tally {
    fn add(&mut self, verdict: &Verdict) {
        self.0
            [["pass", "fail", "unknown"].iter().position(|word| *word == verdict.word()).expect("a word")] +=
            1;
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        assert!(std::thread::panicking() || self.0[0] > 100 && self.0[1] > 100, "{:?}", self.0);
    }
}

fn steps(entry: &Entry) -> &[Micro] {
    match &entry.outcome {
        Outcome::Ok(Answer::Txn(steps)) => steps,
        _ => &[],
    }
}

/// What a transaction read of a key, if it did.
fn read(entry: &Entry, key: u64) -> Option<&Value> {
    steps(entry).iter().find_map(|step| match step {
        Micro::Read(k, Some(value)) if k.0 == key => Some(value),
        _ => None,
    })
}

fn wrote(entry: &Entry, key: u64) -> bool {
    steps(entry).iter().any(|step| matches!(step, Micro::Write(k, _) if k.0 == key))
}

fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |a| (0..count).map(move |b| (a, b)))
}

#[test]
fn banks_are_judged_by_every_sum() {
    let mut tally = Tally::default();
    for seed in 0..2000 {
        let mut draws = Draws(seed);
        let mut balances = [5i64; 3];
        let mut history = History::default();
        for at in 0..6 {
            let (from, to, amount) =
                (draws.below(3) as usize, draws.below(3) as usize, draws.below(4) as i64);
            balances[from] -= amount;
            balances[to] += amount - i64::from(draws.below(12) == 0);
            let seen =
                (0..2 + draws.below(2)).map(|k| Micro::Read(Key(k), Some(Value::Int(balances[k as usize]))));
            history.entries.push(transaction(0, 2 * at, 2 * at + 1, seen.collect()));
        }
        let bank = Bank { accounts: (0..3).map(Key).collect(), total: 15, negative_allowed: seed % 2 == 0 };
        let sums: Vec<Vec<i64>> = history
            .entries
            .iter()
            .map(|entry| {
                let of = |key| if let Some(Value::Int(n)) = read(entry, key) { Some(*n) } else { None };
                (0..3).filter_map(of).collect()
            })
            .filter(|seen: &Vec<i64>| seen.len() == 3)
            .collect();
        let bad =
            |seen: &Vec<i64>| seen.iter().sum::<i64>() != 15 || seed % 2 == 1 && seen.iter().any(|n| *n < 0);
        let expected = match (sums.is_empty(), sums.iter().any(bad)) {
            (true, _) => "unknown",
            (_, true) => "fail",
            _ => "pass",
        };
        let verdict = bank::check(&history, &bank);
        assert_eq!(verdict.word(), expected, "{history:?}");
        tally.add(&verdict);
    }
}

#[test]
fn long_forks_are_found_as_by_every_pair_of_reads() {
    let mut tally = Tally::default();
    for seed in 0..3000 {
        let mut draws = Draws(seed);
        let mut history = History::default();
        for key in 0..3 {
            history.entries.push(transaction(0, key, key + 1, vec![Micro::Write(Key(key), Value::Int(1))]));
        }
        let groups: [&[u64]; 4] = [&[0, 1], &[0, 1, 2], &[2, 1, 0], &[1, 2]];
        for at in 3..3 + draws.below(5) {
            let group = groups[draws.below(4) as usize];
            let mut seen: Vec<Micro> = Vec::new();
            let newest = draws.below(4);
            for key in group {
                // Mostly what was written in the order of the keys; now and then something else.
                let there = if draws.below(6) == 0 { draws.below(2) == 0 } else { *key < newest };
                seen.push(Micro::Read(Key(*key), Some(if there { Value::Int(1) } else { Value::Nil })));
            }
            history.entries.push(transaction(1, at, at + 1, seen));
        }
        let group =
            |entry: &Entry| -> Vec<u64> { (0..3).filter(|key| read(entry, *key).is_some()).collect() };
        let ahead = |a: &Entry, b: &Entry| {
            (0..3).any(|key| matches!((read(a, key), read(b, key)), (Some(Value::Int(_)), Some(Value::Nil))))
        };
        let reads: Vec<&Entry> = history.entries.iter().filter(|entry| group(entry).len() > 1).collect();
        let forked = pairs(reads.len()).any(|(a, b)| ahead(reads[a], reads[b]) && ahead(reads[b], reads[a]));
        let verdict = long_fork::check(&history);
        let expected = if reads.is_empty() {
            "unknown"
        } else if forked {
            "fail"
        } else {
            "pass"
        };
        assert_eq!(verdict.word(), expected, "{history:?}");
        tally.add(&verdict);
    }
}

#[test]
fn write_skews_are_found_as_by_every_pair_of_transactions() {
    let mut tally = Tally::default();
    for seed in 0..3000 {
        let mut draws = Draws(seed);
        let mut history = History::default();
        let mut past = vec![[Value::Nil, Value::Nil]];
        for at in 0..2 + draws.below(4) {
            let newest = past.len() - 1;
            let view = past[newest - (draws.below(2) as usize).min(newest)].clone();
            let mut state = past[newest].clone();
            let mut made: Vec<Micro> = (0..2)
                .filter(|_| draws.below(5) > 0)
                .map(|key| Micro::Read(Key(key), Some(view[key as usize].clone())))
                .collect();
            let key = draws.below(2);
            let value = Value::Int(at as i64 + 1);
            state[key as usize] = value.clone();
            made.push(Micro::Write(Key(key), value));
            past.push(state);
            history.entries.push(transaction(at as u32, 2 * at, 2 * at + 1, made));
        }
        let all = &history.entries;
        // The second replaced what the first had read and left alone.
        let passed_by = |a: &Entry, b: &Entry, key: u64| {
            let same = read(a, key) == read(b, key) || read(a, key) == Some(&Value::Nil);
            read(a, key).is_some() && same && wrote(b, key) && !wrote(a, key)
        };
        let skewed =
            pairs(all.len()).any(|(a, b)| passed_by(&all[a], &all[b], 0) && passed_by(&all[b], &all[a], 1));
        let verdict = write_skew::check(&history);
        assert_eq!(verdict.is_fail(), skewed, "{history:?}");
        tally.add(&verdict);
    }
}

/// Reads and writes of one register by a store whose reads are at times behind.
fn register(draws: &mut Draws) -> History {
    let mut history = History::default();
    let mut values = vec![Value::Nil];
    let mut at = 0;
    for i in 0..3 + draws.below(5) {
        let (begin, end) = (at + draws.below(4), at + 4 + draws.below(4));
        at += 2 + draws.below(6);
        let writes = draws.below(8) < 5u64.saturating_sub(i);
        let call = if writes { Call::Write(Value::Int(i as i64 + 1)) } else { Call::Read };
        let behind = if draws.below(3) == 0 { draws.below(3) as usize } else { 0 };
        let seen = values[values.len() - 1 - behind.min(values.len() - 1)].clone();
        let outcome = match (writes, draws.below(10)) {
            (true, 0) => Outcome::Unknown(Reason::Timeout),
            (true, 1) => Outcome::Failed(Reason::Rejected),
            (true, _) => Outcome::Ok(Answer::Value(Value::Nil)),
            (false, _) => Outcome::Ok(Answer::Value(seen)),
        };
        if writes && draws.below(8) > 0 {
            values.push(Value::Int(i as i64 + 1));
        }
        history.entries.push(entry(i as u32, begin, end, Operation { key: None, call }, outcome));
    }
    history.entries.sort_by_key(|entry| entry.invoked_index);
    history
}

fn writes(history: &History) -> impl Iterator<Item = (&Entry, &Value)> {
    history.entries.iter().filter_map(|entry| match &entry.operation.call {
        Call::Write(value) => Some((entry, value)),
        _ => None,
    })
}

/// The reads that began so long after all writes whose end is known had ended.
fn late(history: &History, settle: Span, failed_too: bool) -> Vec<&Entry> {
    let calm = |read: &Entry| {
        let known = writes(history).filter(|(write, _)| write.is_ok() || failed_too && write.is_failed());
        known.into_iter().all(|(write, _)| read.invoked >= write.completed + settle)
    };
    history.entries.iter().filter(|entry| entry.operation.call == Call::Read && calm(entry)).collect()
}

#[test]
fn convergence_is_agreement_of_every_pair_of_late_reads() {
    let mut tally = Tally::default();
    for seed in 0..6000 {
        let history = register(&mut Draws(seed));
        let settle = Span(seed % 3 * 2);
        let unsure = |value: &Value| {
            writes(&history).any(|(write, v)| v == value && !write.is_ok() && !write.is_failed())
        };
        let late = late(&history, settle, true);
        let reads: Vec<&Value> =
            late.iter().filter_map(|read| read.value()).filter(|value| !unsure(value)).collect();
        let expected = match reads.is_empty() {
            true => "unknown",
            false if pairs(reads.len()).any(|(a, b)| reads[a] != reads[b]) => "fail",
            false => "pass",
        };
        let verdict = convergence::check(&history, settle);
        assert_eq!(verdict.word(), expected, "{history:?}");
        tally.add(&verdict);
    }
}

#[test]
fn a_write_is_gone_if_the_last_read_saw_what_was_certainly_before_it() {
    let mut tally = Tally::default();
    for seed in 0..6000 {
        let history = register(&mut Draws(seed));
        let settle = Span(seed % 3 * 2);
        let acknowledged: Vec<&Entry> =
            writes(&history).map(|(write, _)| write).filter(|w| w.is_ok()).collect();
        let reads = history.entries.iter().filter(|entry| entry.operation.call == Call::Read);
        let last = reads.max_by_key(|read| read.invoked_index);
        let gone = last.is_some_and(|read| {
            let is_late = late(&history, settle, false).iter().any(|other| std::ptr::eq(*other, read));
            let source = writes(&history).find(|(write, v)| Some(*v) == read.value() && !write.is_failed());
            let none = source.is_none() && read.value() != Some(&Value::Nil);
            let before = |write: &&&Entry| {
                source.is_none_or(|(source, _)| source.completed_index < write.invoked_index)
            };
            is_late && !none && acknowledged.iter().filter(before).count() > 0
        });
        let verdict = durability::check(&history, settle, &Value::Nil);
        assert_eq!(verdict.is_fail(), gone, "{verdict:?} {history:?}");
        tally.add(&verdict);
    }
}

/// Operations of a random history in the order of their beginnings: a call and its answer, with an end of each kind.
fn random(draws: &mut Draws, mut one: impl FnMut(&mut Draws, u64) -> (Call, Value)) -> History {
    let count = 4 + draws.below(6);
    let entries = (0..count).map(|at| {
        let (call, answer) = one(draws, at);
        let outcome = match draws.below(8) {
            0 => Outcome::Failed(Reason::Aborted),
            1 => Outcome::Unknown(Reason::Timeout),
            _ => Outcome::Ok(Answer::Value(answer)),
        };
        entry(at as u32, 4 * at, 4 * at + 1 + 4 * draws.below(3), Operation { key: None, call }, outcome)
    });
    History { entries: entries.collect() }
}

#[test]
fn elements_fare_as_every_read_tells() {
    let mut tally = Tally::default();
    for seed in 0..6000 {
        let mut added: Vec<Value> = Vec::new();
        let history = random(&mut Draws(seed), |draws, at| {
            if draws.below(2) == 0 {
                added.push(Value::Int(at as i64));
                return (Call::Insert(Value::Int(at as i64)), Value::Nil);
            }
            let mut seen: Vec<Value> = added.iter().filter(|_| draws.below(8) > 0).cloned().collect();
            match draws.below(20) {
                0 => seen.push(Value::Int(99)),
                1 => seen.extend(seen.first().cloned()),
                _ => {}
            }
            (Call::Read, Value::List(seen))
        });
        let linearizable = seed % 2 == 0;
        let reads: Vec<(&Entry, &Vec<Value>)> = history
            .entries
            .iter()
            .filter_map(|entry| match entry.value() {
                Some(Value::List(items)) => Some((entry, items)),
                _ => None,
            })
            .collect();
        let adder = |element: &Value| {
            let adds = |entry: &&Entry| entry.operation.call == Call::Insert(element.clone());
            history.entries.iter().filter(|entry| !entry.is_failed()).find(adds)
        };
        let elements = (0..12).chain([99]).map(Value::Int);
        let elements: Vec<Value> = elements
            .filter(|e| adder(e).is_some() || reads.iter().any(|(_, items)| items.contains(e)))
            .collect();
        let fate = |element: &Value| {
            let saw = |read: &&(&Entry, &Vec<Value>)| read.1.contains(element);
            let Some(adder) = adder(element) else { return "wrong" };
            let acknowledged = adder.is_ok().then_some(adder.completed_index);
            let known =
                reads.iter().filter(saw).map(|(read, _)| read.completed_index).chain(acknowledged).min();
            let missed = |at: &usize| {
                let (read, items) = reads[*at];
                !items.contains(element) && known.is_some_and(|known| known < read.invoked_index)
            };
            let seen_after = |at: usize| reads[at + 1..].iter().any(|(_, items)| items.contains(element));
            let twice =
                reads.iter().any(|(_, items)| items.iter().filter(|item| *item == element).count() > 1);
            if twice || (0..reads.len()).filter(missed).any(|at| !seen_after(at)) {
                "wrong"
            } else if (0..reads.len()).any(|at| missed(&at)) {
                "stale"
            } else if reads.iter().any(|read| saw(&read)) {
                "there"
            } else {
                "unseen"
            }
        };
        let fates: Vec<&str> = elements.iter().map(fate).collect();
        let expected = match () {
            () if fates.contains(&"wrong") || linearizable && fates.contains(&"stale") => "fail",
            () if fates.contains(&"there") || fates.contains(&"stale") => "pass",
            () => "unknown",
        };
        let (_, verdict) = set_full::check(&history, linearizable);
        assert_eq!(verdict.word(), expected, "{fates:?} {verdict:?} {history:?}");
        tally.add(&verdict);
    }
}

#[test]
fn counts_lie_between_what_must_and_what_can_have_arrived() {
    let mut tally = Tally::default();
    for seed in 0..6000 {
        let mut sum = 0;
        let history = random(&mut Draws(seed), |draws, _| {
            if draws.below(2) == 0 {
                return (Call::Read, Value::Int(sum + draws.below(4) as i64 - 1));
            }
            let n = draws.below(6) as i64 - 2;
            sum += n;
            (Call::Add(n), Value::Nil)
        });
        let within = |read: &Entry, value: i64| {
            let sum = |up: bool| -> i64 {
                let counts = |entry: &&Entry| match entry.operation.call {
                    Call::Add(n) if (n > 0) == up => {
                        entry.is_ok() && entry.completed_index < read.invoked_index
                    }
                    Call::Add(_) => !entry.is_failed() && entry.invoked_index < read.completed_index,
                    _ => false,
                };
                let added = |entry: &Entry| if let Call::Add(n) = entry.operation.call { n } else { 0 };
                history.entries.iter().filter(counts).map(added).sum()
            };
            // At least what certainly went up and all that may have gone down; at most the other way round.
            (sum(true)..=sum(false)).contains(&value)
        };
        let holds = history.entries.iter().all(|entry| match entry.value() {
            Some(Value::Int(value)) if entry.operation.call == Call::Read => within(entry, *value),
            _ => true,
        });
        let verdict = counter::check(&history, 0);
        assert_eq!(verdict == Verdict::Pass, holds, "{verdict:?} {history:?}");
        tally.add(&verdict);
    }
}
