//! Eventual convergence: once writes have ceased and some time has passed, all reads of a key give one answer (Vogels,
//! "Eventually Consistent", CACM 2009; Terry et al., SOSP'95).
//!
//! Deliberately absent: which answer it is, save that a write whose end is unknown may land at any time, so that reads
//! of its value prove nothing.

use sim_core::history::Outcome;
use sim_core::time::{Span, Time};
use sim_core::value::{Call, Micro, Value};

use crate::intern::Table;
use crate::naming::Named;
use crate::transactions::{End, Log, register};
use crate::verdict::{Verdict, Witness};

/// Judges a history of registers, lists, maps, counters or sets: reads of a key that began later than `settle` after its last write
/// ended must agree.
#[must_use]
pub fn check<'h>(history: impl Into<Named<'h>>, settle: Span) -> Verdict {
    let log = Log::new(history);
    let history = log.history;
    let mut quiet: Vec<Time> = vec![Time::ZERO; log.keys.len()];
    let mut unsure: Table<(u32, &Value), ()> = Table::default();
    for (i, txn) in log.numbered() {
        for (key, step) in log.steps(i) {
            let (Micro::Write(_, value) | Micro::Append(_, value)) = step else { continue };
            match txn.end {
                End::Unknown => {
                    unsure.insert((key, value), ());
                }
                End::Ok | End::Failed => {
                    let ended = history.entries[txn.entry as usize].completed;
                    quiet[key as usize] = quiet[key as usize].max(ended + settle);
                }
            }
        }
    }
    let updates = Updates::new(&log, settle);
    for (key, at) in &updates.quiet {
        quiet[*key as usize] = quiet[*key as usize].max(*at);
    }
    let mut answers: Vec<Option<(u32, &Value)>> = vec![None; log.keys.len()];
    let mut late = 0;
    for (i, txn) in log.numbered().filter(|(_, txn)| txn.end == End::Ok) {
        if txn.steps.iter().any(|step| !matches!(step, Micro::Read(..))) {
            continue;
        }
        for (key, step) in log.steps(i) {
            let Micro::Read(_, read) = step else { continue };
            let value = register(read);
            if history.entries[txn.entry as usize].invoked < quiet[key as usize]
                || doubtful(&unsure, key, value)
                || updates.unsure.contains_key(&key)
            {
                continue;
            }
            late += 1;
            match answers[key as usize] {
                None => answers[key as usize] = Some((i, value)),
                Some((_, other)) if other == value => {}
                Some((first, other)) => return diverged(&log, key, (first, other), (i, value)),
            }
        }
    }
    match late {
        0 => Verdict::Unknown("no read began after writes had ceased and settled".to_string()),
        _ => Verdict::Pass,
    }
}

/// Updates of counters and sets, which are no steps of a register's or list's history.
#[derive(Default)]
struct Updates {
    /// From when on each key should have settled.
    quiet: Table<u32, Time>,
    /// Keys with an update that may land at any time, so that their reads prove nothing.
    unsure: Table<u32, ()>,
}

impl Updates {
    fn new(log: &Log<'_>, settle: Span) -> Updates {
        let numbers: Table<_, u32> = log.keys.iter().enumerate().map(|(i, key)| (*key, i as u32)).collect();
        let mut updates = Updates::default();
        for entry in &log.history.entries {
            if !matches!(
                entry.operation.call,
                Call::Add(_)
                    | Call::Insert(_)
                    | Call::Remove(_)
                    | Call::Push(_)
                    | Call::InsertAt { .. }
                    | Call::RemoveAt { .. }
            ) {
                continue;
            }
            let Some(&key) = numbers.get(&entry.operation.key.unwrap_or_default()) else { continue };
            if matches!(entry.outcome, Outcome::Unknown(_)) {
                updates.unsure.insert(key, ());
            } else {
                let at = updates.quiet.entry(key).or_insert(Time::ZERO);
                *at = (*at).max(entry.completed + settle);
            }
        }
        updates
    }
}

fn doubtful(unsure: &Table<(u32, &Value), ()>, key: u32, value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().any(|item| unsure.contains_key(&(key, item))),
        _ => unsure.contains_key(&(key, value)),
    }
}

fn diverged(log: &Log<'_>, key: u32, first: (u32, &Value), second: (u32, &Value)) -> Verdict {
    let name = log.called(key);
    Verdict::Fail(Box::new(Witness {
        anomaly: "divergence".to_string(),
        headline: format!("after all writes of key {name} had ended, reads of it still differ"),
        story: vec![
            format!("T1 is {}: it read {}.", log.describe(first.0), first.1),
            format!("T2 is {}: it read {}.", log.describe(second.0), second.1),
            format!("Both began after the last write of key {name} had ended and settled."),
        ],
        entries: vec![log.entry(first.0), log.entry(second.0)],
        edges: Vec::new(),
    }))
}
