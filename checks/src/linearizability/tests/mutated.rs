//! The histories that lie beside the project, changed at random, against the plain search: whatever a change makes of a
//! history, the verdict is right, and there is one.

use std::path::Path;

use sim_core::history::{Answer, Entry, History, Outcome, Reason};
use sim_core::time::Time;
use sim_core::value::{Call, Micro, Value};

use super::plain;
use crate::format::{Foreign, ReadOptions, read_file};
use crate::linearizability::{Model, Options, decide};

/// Small, fixed random numbers (splitmix64).
pub(super) struct Draws(pub(super) u64);

impl Draws {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }
}

/// One change somewhere.
fn change(history: &mut History, draws: &mut Draws) {
    let count = history.entries.len();
    let (one, other) = (draws.below(count), draws.below(count));
    match draws.below(9) {
        0 => swap_answers(history, one, other),
        1 => drop(history.entries.remove(one)),
        2 => again(history, one),
        3 | 4 => lose(&mut history.entries[one]),
        5 => later(history, one, 1 + draws.below(12) as u64),
        6 => earlier(history, one, 1 + draws.below(12) as u64),
        7 => swap_arguments(history, one, other),
        _ => history.entries[one].outcome = fail(&history.entries[one]),
    }
}

fn swap_answers(history: &mut History, one: usize, other: usize) {
    let name = history.entries[one].operation.call.name();
    let fits = |entry: &Entry| entry.is_ok() && entry.operation.call.name() == name;
    let count = history.entries.len();
    let found = (0..count).map(|step| (other + step) % count).find(|&at| {
        fits(&history.entries[at]) && history.entries[at].outcome != history.entries[one].outcome
    });
    if let (Some(other), true) = (found, history.entries[one].is_ok()) {
        let outcome = history.entries[other].outcome.clone();
        match (&mut history.entries[one].outcome, outcome) {
            (Outcome::Ok(Answer::Txn(_)), _) => {}
            (mine, outcome) => *mine = outcome,
        }
    }
}

fn swap_arguments(history: &mut History, one: usize, other: usize) {
    let call = history.entries[other].operation.call.clone();
    let Entry { operation, outcome, .. } = &mut history.entries[one];
    if let (Call::Txn(asked), Outcome::Ok(Answer::Txn(told))) = (&mut operation.call, outcome) {
        for step in asked.iter_mut().chain(told) {
            if let Micro::Write(_, Value::Int(n)) | Micro::Read(_, Some(Value::Int(n))) = step {
                *n = (*n + 1) % 5;
            }
        }
    }
    match (&mut operation.call, call) {
        (Call::Write(value), Call::Write(new) | Call::Cas { to: new, .. }) => *value = new,
        (Call::Cas { to: value, .. }, Call::Write(new) | Call::Cas { from: new, .. }) => *value = new,
        (Call::Append(value), Call::Append(new)) => *value = new,
        _ => {}
    }
}

/// The same once more, by another process.
fn again(history: &mut History, one: usize) {
    let mut entry = history.entries[one].clone();
    entry.process += 1000;
    history.entries.insert(one + 1, entry);
    for (index, entry) in history.entries.iter_mut().enumerate() {
        entry.invoked_index = 2 * entry.invoked_index + u64::from(index == one + 1);
        entry.completed_index =
            entry.completed_index.saturating_mul(2).saturating_add(u64::from(index == one + 1));
    }
}

fn lose(entry: &mut Entry) {
    if !entry.is_failed() {
        entry.outcome = Outcome::Unknown(Reason::Timeout);
        (entry.completed, entry.completed_index) = (Time::NEVER, u64::MAX);
    }
}

fn fail(entry: &Entry) -> Outcome {
    if entry.is_ok() { Outcome::Failed(Reason::Rejected) } else { entry.outcome.clone() }
}

/// It ends later: after as many more events.
fn later(history: &mut History, one: usize, events: u64) {
    spread(history, 32);
    let end = &mut history.entries[one].completed_index;
    if *end < u64::MAX {
        *end += events * 32 + 1 + one as u64 % 31;
    }
}

/// It begins earlier: before as many more events.
fn earlier(history: &mut History, one: usize, events: u64) {
    spread(history, 32);
    let begin = &mut history.entries[one].invoked_index;
    *begin = begin.saturating_sub(events * 32) + 1 + one as u64 % 31;
    history.entries.sort_by_key(|entry| entry.invoked_index);
}

/// Makes room between the events.
fn spread(history: &mut History, factor: u64) {
    let mut positions: Vec<u64> =
        history.entries.iter().flat_map(|entry| [entry.invoked_index, entry.completed_index]).collect();
    positions.sort_unstable();
    positions.dedup();
    let place = |at: u64| positions.partition_point(|&other| other < at) as u64 * factor;
    for entry in &mut history.entries {
        entry.invoked_index = place(entry.invoked_index);
        if entry.completed_index < u64::MAX {
            entry.completed_index = place(entry.completed_index);
        }
    }
}

fn compare(
    file: &str,
    foreign: &Foreign,
    model: Model,
    rounds: usize,
    counts: &mut [usize; 3],
) -> Vec<String> {
    let mut wrong = Vec::new();
    for round in 0..rounds {
        let mut draws = Draws(round as u64 * 7919 + file.len() as u64);
        let mut history = foreign.history.clone();
        for _ in 0..1 + draws.below(if round % 3 == 0 { 20 } else { 3 }) {
            if history.entries.len() > 1 {
                change(&mut history, &mut draws);
            }
        }
        let options = Options { initial: foreign.initial(), ..Options::default() };
        let ours = decide(&history, model, &options).word();
        let plain = plain::linearizable(&history, model, &options, 20_000);
        let searched = decide(&history, model, &Options { fast_paths: false, ..options.clone() }).word();
        counts[plain.map_or(2, usize::from)] += 1;
        let expected = plain.map_or(searched, |holds| if holds { "pass" } else { "fail" });
        if ours != expected || searched != expected || ours == "unknown" {
            wrong.push(format!("{file} round {round}: {ours}, searched {searched}, plainly {plain:?}"));
        }
    }
    wrong
}

#[test]
fn changed_histories_are_judged_as_by_the_plain_search() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora");
    let Ok(table) = std::fs::read_to_string(folder.join("linearizability.tsv")) else {
        println!("skipped: no ../shared/corpora beside the project");
        return;
    };
    let rounds = 6;
    let (mut wrong, mut counts) = (Vec::new(), [0; 3]);
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [file, name, operations, ..] = fields.as_slice() else { panic!("{line}") };
        if operations.parse().is_ok_and(|count: usize| count > 1000) {
            continue;
        }
        let foreign = read_file(&folder.join(file), &ReadOptions::default()).expect("a known history");
        let model: Model = name.parse().expect("a model of the table");
        wrong.extend(compare(file, &foreign, model, rounds, &mut counts));
    }
    println!("violated, held, too long for the plain search: {counts:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(counts[0] > 100 && counts[1] > 100, "{counts:?}");
}

/// A set to which most additions never end, and which is then read whole, again and again.
#[test]
fn a_set_with_many_unknown_additions_is_decided() {
    let entry = |at: u64, call: Call, answer: Option<Value>| Entry {
        process: at as u32,
        operation: sim_core::value::Operation { key: None, call },
        invoked: Time(2 * at),
        invoked_index: 2 * at,
        completed: if answer.is_some() { Time(2 * at + 1) } else { Time::NEVER },
        completed_index: if answer.is_some() { 2 * at + 1 } else { u64::MAX },
        outcome: answer.map_or(Outcome::Unknown(Reason::Timeout), |value| Outcome::Ok(Answer::Value(value))),
        attempts: 1,
        answered_by: None,
    };
    for (gone, expected) in [(false, "pass"), (true, "fail")] {
        let mut entries: Vec<Entry> =
            (0..200).map(|n| entry(n, Call::Insert(Value::Int(n as i64)), None)).collect();
        for round in 0..20 {
            let all: Vec<Value> = (0..200).filter(|n| n % 20 <= round).map(Value::Int).collect();
            let skipped = usize::from(gone && round == 19);
            let answer = Value::List(all[skipped..].to_vec());
            entries.push(entry(200 + round as u64, Call::Read, Some(answer)));
        }
        assert_eq!(decide(&History { entries }, Model::Set, &Options::default()).word(), expected);
    }
}
