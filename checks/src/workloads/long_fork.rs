//! Keys that are written once, and reads of groups of them: two reads that each saw a write the other did not fork the
//! history, which snapshot isolation forbids and parallel snapshot isolation allows (Sovran et al., SOSP'11).
//!
//! A read that saw one key written and another not puts the one before the other; a fork is two keys put both ways.
//! Linear in the transactions, quadratic in the keys that one of them reads. Registers, and lists that are appended to
//! once. Deliberately absent: keys written more often.

use sim_core::value::{Micro, Value};

use crate::intern::Table;
use crate::naming::Named;
use crate::transactions::{End, Log};
use crate::verdict::{Verdict, Witness};

/// Judges all transactions that read two keys or more.
#[must_use]
pub fn check<'h>(history: impl Into<Named<'h>>) -> Verdict {
    let log = Log::new(history);
    let mut written: Vec<Option<&Value>> = vec![None; log.keys.len()];
    for (i, _) in log.numbered() {
        for (key, step) in log.steps(i) {
            let (Micro::Write(_, value) | Micro::Append(_, value)) = step else { continue };
            if written[key as usize].replace(value).is_some() {
                return Verdict::Unknown(format!(
                    "{} is a second write of that key; a long fork needs keys written once",
                    log.step(step)
                ));
            }
        }
    }
    let mut before: Table<(u32, u32), u32> = Table::default();
    let mut is_empty = true;
    for (i, _) in log.numbered().filter(|(_, txn)| txn.end == End::Ok) {
        let (mut saw, mut missed): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        let mut own: Vec<u32> = Vec::new();
        for (key, step) in log.steps(i) {
            match step {
                Micro::Read(_, Some(value)) if !own.contains(&key) => {
                    match seen(value, written[key as usize]) {
                        Some(true) => saw.push(key),
                        Some(false) => missed.push(key),
                        None => return thin_air(&log, i, step),
                    }
                }
                Micro::Read(..) => {}
                Micro::Write(..) | Micro::Append(..) => own.push(key),
            }
        }
        is_empty &= saw.len() + missed.len() < 2;
        for &x in &saw {
            for &y in missed.iter().filter(|y| **y != x) {
                if let Some(&other) = before.get(&(y, x)) {
                    return fork(&log, (y, other), (x, i));
                }
                before.entry((x, y)).or_insert(i);
            }
        }
    }
    match is_empty {
        true => Verdict::Unknown("no transaction read two keys".to_string()),
        false => Verdict::Pass,
    }
}

/// Whether a read saw the one write of its key; `None` if it saw something else.
fn seen(read: &Value, written: Option<&Value>) -> Option<bool> {
    match (read, written) {
        (Value::Nil, _) => Some(false),
        (Value::List(items), _) if items.is_empty() => Some(false),
        (read, Some(value)) if read == value => Some(true),
        (Value::List(items), Some(value)) if items.len() == 1 && items[0] == *value => Some(true),
        _ => None,
    }
}

fn thin_air(log: &Log<'_>, txn: u32, step: &Micro) -> Verdict {
    Verdict::Fail(Box::new(Witness {
        anomaly: "thin-air read".to_string(),
        headline: "a value was read that nobody wrote".to_string(),
        story: vec![
            format!("T1 is {}.", log.describe(txn)),
            format!("No operation wrote what its step {} saw.", log.step(step)),
        ],
        entries: vec![log.entry(txn)],
        edges: Vec::new(),
    }))
}

fn fork(log: &Log<'_>, (x, first): (u32, u32), (y, second): (u32, u32)) -> Verdict {
    let (x, y) = (log.called(x), log.called(y));
    Verdict::Fail(Box::new(Witness {
        anomaly: "long fork".to_string(),
        headline: format!("two reads saw the writes of keys {x} and {y} in opposite orders"),
        story: vec![
            format!("T1 is {}.", log.describe(first)),
            format!("T2 is {}.", log.describe(second)),
            format!("T1 saw key {x} written and key {y} not, so that {x} was written before {y};"),
            format!("T2 saw key {y} written and key {x} not, so that {y} was written before {x}."),
        ],
        entries: vec![log.entry(first), log.entry(second)],
        edges: Vec::new(),
    }))
}
