//! Two transactions that each read what the other replaced and wrote different keys: harmless one after another, and a
//! broken invariant together (Berenson et al., "A Critique of ANSI SQL Isolation Levels", SIGMOD'95, A5B).
//!
//! Registers of unique values; that a write replaced a version is known where its transaction had read that version.
//! Deliberately absent: longer circles of anti-dependencies (see [`crate::transactions`]).

use sim_core::history::History;
use sim_core::value::{Micro, Value};

use crate::intern::Table;
use crate::transactions::{End, Log, register};
use crate::verdict::{Verdict, Witness, WitnessEdge};

/// What a transaction read before it wrote it, and whether it then wrote it.
struct Step<'l> {
    key: u32,
    read: &'l Value,
    wrote: bool,
}

/// Judges all transactions.
#[must_use]
pub fn check(history: &History) -> Verdict {
    let log = Log::new(history);
    let steps: Vec<Vec<Step<'_>>> = (0..log.txns.len() as u32).map(|txn| external(&log, txn)).collect();
    let mut replacers: Table<(u32, &Value), Vec<u32>> = Table::default();
    for (txn, steps) in steps.iter().enumerate() {
        for step in steps.iter().filter(|step| step.wrote) {
            replacers.entry((step.key, step.read)).or_default().push(txn as u32);
        }
    }
    for (first, its) in steps.iter().enumerate() {
        for guarded in its.iter().filter(|step| !step.wrote) {
            for &second in replacers.get(&(guarded.key, guarded.read)).into_iter().flatten() {
                let theirs = &steps[second as usize];
                let crossed = its.iter().filter(|step| step.wrote).find(|mine| {
                    theirs.iter().any(|step| !step.wrote && (step.key, step.read) == (mine.key, mine.read))
                });
                if let Some(mine) = crossed {
                    return skew(&log, (first as u32, mine.key), (second, guarded.key));
                }
            }
        }
    }
    Verdict::Pass
}

fn external<'l>(log: &'l Log<'_>, txn: u32) -> Vec<Step<'l>> {
    let mut steps: Vec<Step<'l>> = Vec::new();
    let mut blind: Vec<u32> = Vec::new();
    if log.txns[txn as usize].end != End::Ok {
        return steps;
    }
    for (key, step) in log.steps(txn) {
        let at = steps.iter().position(|step| step.key == key);
        match (step, at) {
            (Micro::Write(..), Some(at)) => steps[at].wrote = true,
            (Micro::Write(..), None) => blind.push(key),
            (Micro::Read(_, read), None) if !blind.contains(&key) => {
                steps.push(Step { key, read: register(read), wrote: false });
            }
            _ => {}
        }
    }
    steps
}

fn skew(log: &Log<'_>, (first, x): (u32, u32), (second, y): (u32, u32)) -> Verdict {
    let (x, y) = (log.keys[x as usize], log.keys[y as usize]);
    let (a, b) = (log.entry(first), log.entry(second));
    let edge = |from: usize, to: usize| WitnessEdge { from, to, why: "rw".to_string() };
    Verdict::Fail(Box::new(Witness {
        anomaly: "write skew".to_string(),
        headline: format!("two transactions decided on keys {x} and {y} without seeing each other"),
        story: vec![
            format!("T1 is {}.", log.describe(first)),
            format!("T2 is {}.", log.describe(second)),
            format!("T1 read the version of key {y} that T2 replaced, so T1 comes before T2;"),
            format!(
                "T2 read the version of key {x} that T1 replaced, so T2 comes before T1: a contradiction."
            ),
        ],
        entries: vec![a, b],
        edges: vec![edge(a, b), edge(b, a)],
    }))
}
