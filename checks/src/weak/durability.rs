//! Acknowledged writes that vanished, and old ones that came back, in registers of unique values and in sets.
//!
//! Lost: the last write of a key was acknowledged, and yet reads after it had settled see an older version (a lost update)
//! or none (a lost write), and nobody ever saw it. Resurrected: a version, or an element's removal, had been seen or acknowledged, and what it replaced is
//! there again at the end. Deliberately absent: versions overwritten in time, whose loss nobody can tell, and reads that
//! are merely late (see [`super::staleness`]).

use sim_core::history::{Entry, History};
use sim_core::time::{Span, Time};
use sim_core::value::{Call, Key, Value};

use crate::intern::Table;
use crate::naming::{Named, moment};
use crate::transactions::{End, Log, register};
use crate::verdict::{Verdict, Witness, WitnessEdge};
use sim_core::value::Micro;

/// A write of one key.
#[derive(Clone, Copy)]
struct Write<'l> {
    txn: u32,
    value: &'l Value,
}

/// Judges a history: reads that began later than `settle` after the last write of a key ended show what remained.
#[must_use]
pub fn check<'h>(history: impl Into<Named<'h>>, settle: Span, initial: &Value) -> Verdict {
    let log = Log::new(history);
    let history = log.history;
    if let Some(witness) = resurrected_elements(history, settle) {
        return Verdict::Fail(Box::new(witness));
    }
    let keys = log.keys.len();
    let (mut writes, mut reads): (Vec<Vec<Write<'_>>>, Vec<Vec<Write<'_>>>) =
        (vec![Vec::new(); keys], vec![Vec::new(); keys]);
    let known = written(&log);
    for (i, txn) in log.numbered() {
        for (key, step) in log.steps(i) {
            match step {
                Micro::Write(_, value) if txn.end != End::Failed => {
                    writes[key as usize].push(Write { txn: i, value })
                }
                Micro::Read(_, read) if txn.end == End::Ok => {
                    let seen = shown(&known, key, register(read)).iter();
                    reads[key as usize].extend(seen.map(|value| Write { txn: i, value }));
                }
                _ => {}
            }
        }
    }
    if let Some(verdict) = thin_air(&log, &known, initial) {
        return verdict;
    }
    for key in 0..keys {
        if let Some(witness) =
            vanished(&log, &log.called(key as u32), &writes[key], &reads[key], settle, initial)
        {
            return Verdict::Fail(Box::new(witness));
        }
    }
    Verdict::Pass
}

/// All that operations wrote, or failed to write, by key.
fn written<'l>(log: &'l Log<'_>) -> Table<(u32, &'l Value), ()> {
    let mut known: Table<(u32, &Value), ()> = Table::default();
    for (i, _) in log.numbered() {
        let steps = log.steps(i).filter_map(|(key, step)| match step {
            Micro::Write(_, value) => Some(((key, value), ())),
            _ => None,
        });
        known.extend(steps);
    }
    known
}

/// What a read showed: a value, or the siblings of a list that nobody wrote as a whole.
fn shown<'l>(known: &Table<(u32, &Value), ()>, key: u32, value: &'l Value) -> &'l [Value] {
    match value {
        Value::List(siblings) if !siblings.is_empty() && !known.contains_key(&(key, value)) => siblings,
        value => std::slice::from_ref(value),
    }
}

/// A read of what nobody wrote, if all that happens to registers are writes of whole values.
fn thin_air(log: &Log<'_>, known: &Table<(u32, &Value), ()>, initial: &Value) -> Option<Verdict> {
    let plain = |call: &Call| match call {
        Call::Read | Call::Write(_) | Call::Cas { .. } | Call::Delete => true,
        Call::Txn(steps) => !steps.iter().any(|step| matches!(step, Micro::Append(..))),
        _ => false,
    };
    if !log.history.entries.iter().all(|entry| plain(&entry.operation.call)) {
        return None;
    }
    for (i, _) in log.numbered().filter(|(_, txn)| txn.end == End::Ok) {
        for (key, step) in log.steps(i) {
            let Micro::Read(_, Some(value)) = step else { continue };
            let fits = |one: &Value| one == initial || known.contains_key(&(key, one));
            if *value != Value::Nil && value != initial && !shown(known, key, value).iter().all(fits) {
                return Some(super::seen::thin_air(log, i, step));
            }
        }
    }
    None
}

fn begun_at(entry: &Entry) -> String {
    moment(entry.invoked, entry.invoked_index)
}

fn ended_at(entry: &Entry) -> String {
    moment(entry.completed, entry.completed_index)
}

/// The last read of a key sees an older version than one that was seen or acknowledged last.
fn vanished(
    log: &Log<'_>,
    key: &str,
    writes: &[Write<'_>],
    reads: &[Write<'_>],
    settle: Span,
    initial: &Value,
) -> Option<Witness> {
    let entry = |txn: u32| -> &Entry { &log.history.entries[log.entry(txn)] };
    let ended = |w: &Write<'_>| log.txns[w.txn as usize].completed;
    let quiet = writes.iter().map(|w| entry(w.txn).completed).filter(|at| *at != Time::NEVER).max()? + settle;
    let last = reads.iter().max_by_key(|r| log.txns[r.txn as usize].invoked)?;
    if entry(last.txn).invoked < quiet {
        return None;
    }
    let mut sources = Vec::new();
    for seen in reads.iter().filter(|r| r.txn == last.txn) {
        let mut all = writes.iter().filter(|w| w.value == seen.value);
        match (all.next(), all.next()) {
            (Some(source), None) => sources.push(source),
            (None, _) if seen.value == initial => {}
            _ => return None,
        }
    }
    // A read of siblings is as new as the newest.
    let source = sources.into_iter().max_by_key(|w| ended(w));
    // What was read is certainly older than a write that began after it had ended.
    let newer = |w: &Write<'_>| source.is_none_or(|s| ended(s) < log.txns[w.txn as usize].invoked);
    let gone = writes
        .iter()
        .filter(|w| log.txns[w.txn as usize].end == End::Ok && newer(w))
        .max_by_key(|w| ended(w))?;
    let saw = reads.iter().find(|r| r.value == gone.value);
    let (anomaly, headline) = match saw {
        Some(_) => (
            "resurrected write",
            format!("key {key} fell back to a version that had been replaced and seen so"),
        ),
        // An older version is in its place, which cannot have known of it.
        None if source.is_some() => (
            "lost update",
            format!("an acknowledged write of key {key} was never seen: an older version is in its place"),
        ),
        None => ("lost write", format!("an acknowledged write of key {key} was never seen")),
    };
    let mut story = vec![
        format!("T1 is {}: acknowledged at {}.", log.describe(gone.txn), ended_at(entry(gone.txn))),
        format!("T2 is {}: the last read, begun at {}.", log.describe(last.txn), begun_at(entry(last.txn))),
    ];
    story.extend(saw.map(|r| format!("T1's version had been seen by {}.", log.describe(r.txn))));
    story.push(match source {
        Some(s) => format!("T2 saw the version of {}, which had ended before T1 began.", log.describe(s.txn)),
        None => "T2 saw the initial state.".to_string(),
    });
    let involved =
        source.into_iter().map(|s| s.txn).chain([gone.txn]).chain(saw.map(|r| r.txn)).chain([last.txn]);
    let (from, to) = (log.entry(gone.txn), log.entry(last.txn));
    Some(Witness {
        anomaly: anomaly.to_string(),
        headline,
        story,
        entries: involved.map(|txn| log.entry(txn)).collect(),
        edges: vec![WitnessEdge { from, to, why: "realtime".to_string() }],
    })
}

/// An element that was removed for good and is seen again at the end.
fn resurrected_elements(history: &History, settle: Span) -> Option<Witness> {
    let mut inserted: Table<(Option<Key>, &Value), Time> = Table::default();
    let mut removed: Table<(Option<Key>, &Value), usize> = Table::default();
    for (i, entry) in history.entries.iter().enumerate() {
        let key = entry.operation.key;
        match &entry.operation.call {
            Call::Insert(value) if !entry.is_failed() => {
                let at = inserted.entry((key, value)).or_insert(Time::ZERO);
                *at = (*at).max(entry.completed);
            }
            Call::Remove(value) if entry.is_ok() => {
                removed.insert((key, value), i);
            }
            _ => {}
        }
    }
    for (i, entry) in history.entries.iter().enumerate().filter(|(_, entry)| entry.is_ok()) {
        let key = entry.operation.key;
        let saw: &[Value] = match (&entry.operation.call, entry.value()) {
            (Call::Read, Some(Value::List(items))) => items,
            (Call::Contains(value), Some(Value::Bool(true))) => std::slice::from_ref(value),
            _ => continue,
        };
        for value in saw {
            let Some(&at) = removed.get(&(key, value)) else { continue };
            let gone = &history.entries[at];
            let again = inserted.get(&(key, value)).is_some_and(|ended| *ended >= gone.invoked);
            if !again && entry.invoked >= gone.completed + settle {
                return Some(Witness {
                    anomaly: "resurrected element".to_string(),
                    headline: format!("{value} was removed, never inserted again, and is there"),
                    story: vec![
                        format!(
                            "Operation {at} (process {}) removed {value}, acknowledged at {}.",
                            gone.process,
                            ended_at(gone)
                        ),
                        "Every insertion of it had ended before that began.".to_string(),
                        format!(
                            "Operation {i} (process {}), begun at {}, saw it.",
                            entry.process,
                            begun_at(entry)
                        ),
                    ],
                    entries: vec![at, i],
                    edges: vec![WitnessEdge { from: at, to: i, why: "realtime".to_string() }],
                });
            }
        }
    }
    None
}
