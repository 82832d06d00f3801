//! Two transactions that each read what the other replaced and wrote different keys: harmless one after another, and a
//! broken invariant together (Berenson et al., "A Critique of ANSI SQL Isolation Levels", SIGMOD'95, A5B).
//!
//! That a write replaced a version is known where its transaction had read that version, and of the initial version of
//! every write. Registers of unique values, and lists. Deliberately absent: longer circles of anti-dependencies (see
//! [`crate::transactions`]).

use sim_core::value::{Micro, Value};

use crate::intern::Table;
use crate::naming::Named;
use crate::transactions::{End, Log};
use crate::verdict::{Verdict, Witness, WitnessEdge};

/// What a transaction read before it wrote it, and what it wrote.
#[derive(Default)]
struct External<'l> {
    reads: Vec<(u32, &'l Value)>,
    writes: Vec<u32>,
}

impl External<'_> {
    /// Whether it replaced this version of this key.
    fn replaced(&self, version: (u32, &Value)) -> bool {
        self.writes.contains(&version.0) && (is_initial(version.1) || self.reads.contains(&version))
    }
}

/// Judges all transactions.
#[must_use]
pub fn check<'h>(history: impl Into<Named<'h>>) -> Verdict {
    let log = Log::new(history);
    let all: Vec<External<'_>> = (0..log.txns.len() as u32).map(|txn| external(&log, txn)).collect();
    let mut writers: Vec<Vec<u32>> = vec![Vec::new(); log.keys.len()];
    let mut replacers: Table<(u32, &Value), Vec<u32>> = Table::default();
    for (txn, its) in all.iter().enumerate() {
        its.writes.iter().for_each(|key| writers[*key as usize].push(txn as u32));
        for &(key, version) in its.reads.iter().filter(|(key, _)| its.writes.contains(key)) {
            replacers.entry((key, version)).or_default().push(txn as u32);
        }
    }
    for (first, its) in all.iter().enumerate() {
        for &(key, version) in its.reads.iter().filter(|(key, _)| !its.writes.contains(key)) {
            let known = replacers.get(&(key, version));
            let others = if is_initial(version) { Some(&writers[key as usize]) } else { known };
            for &second in others.into_iter().flatten() {
                let theirs = &all[second as usize];
                let crossed = theirs
                    .reads
                    .iter()
                    .find(|version| !theirs.writes.contains(&version.0) && its.replaced(**version));
                if let Some(mine) = crossed {
                    return skew(&log, (first as u32, mine.0), (second, key));
                }
            }
        }
    }
    Verdict::Pass
}

/// Whether nothing had been written when this was read.
fn is_initial(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}

fn external<'l>(log: &'l Log<'_>, txn: u32) -> External<'l> {
    let mut its = External::default();
    if log.txns[txn as usize].end != End::Ok {
        return its;
    }
    for (key, step) in log.steps(txn) {
        match step {
            Micro::Write(..) | Micro::Append(..) if !its.writes.contains(&key) => its.writes.push(key),
            Micro::Read(_, Some(read)) if !its.writes.contains(&key) => its.reads.push((key, read)),
            _ => {}
        }
    }
    its
}

fn skew(log: &Log<'_>, (first, x): (u32, u32), (second, y): (u32, u32)) -> Verdict {
    let (x, y) = (log.called(x), log.called(y));
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
