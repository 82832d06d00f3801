//! Keys that are written once, and reads of groups of them: two reads that each saw a write the other did not fork the
//! history, which snapshot isolation forbids and parallel snapshot isolation allows (Sovran et al., SOSP'11).
//!
//! Near-linear: within a group of keys the reads must form a chain. Deliberately absent: keys written more often.

use sim_core::history::History;
use sim_core::value::{Micro, Value};

use crate::intern::Table;
use crate::transactions::{End, Log, register};
use crate::verdict::{Verdict, Witness};

/// A read of a group of keys: which of them it saw written, and by which transaction of the log.
struct Glimpse {
    saw: Vec<bool>,
    txn: u32,
}

/// Judges all transactions that only read two keys or more.
#[must_use]
pub fn check(history: &History) -> Verdict {
    let log = Log::new(history);
    let mut written: Vec<u32> = vec![0; log.keys.len()];
    let mut groups: Table<Vec<u32>, Vec<Glimpse>> = Table::default();
    for (i, txn) in log.numbered() {
        for (key, step) in log.steps(i).filter(|(_, step)| matches!(step, Micro::Write(..))) {
            written[key as usize] += 1;
            if written[key as usize] > 1 {
                return Verdict::Unknown(format!(
                    "{step} is a second write of that key; a long fork needs keys written once"
                ));
            }
        }
        if txn.end == End::Ok && txn.steps.iter().all(|step| matches!(step, Micro::Read(..))) {
            let mut reads: Vec<(u32, bool)> = log
                .steps(i)
                .map(|(key, step)| {
                    (key, matches!(step, Micro::Read(_, read) if *register(read) != Value::Nil))
                })
                .collect();
            reads.sort_unstable();
            reads.dedup_by_key(|(key, _)| *key);
            if reads.len() > 1 {
                let (keys, saw) = reads.into_iter().unzip();
                groups.entry(keys).or_default().push(Glimpse { saw, txn: i });
            }
        }
    }
    for (keys, glimpses) in &mut groups {
        glimpses.sort_by_key(|g| g.saw.iter().filter(|saw| **saw).count());
        for pair in glimpses.windows(2) {
            let only = |a: &Glimpse, b: &Glimpse| (0..keys.len()).find(|i| a.saw[*i] && !b.saw[*i]);
            if let (Some(x), Some(y)) = (only(&pair[0], &pair[1]), only(&pair[1], &pair[0])) {
                return fork(&log, (keys[x], pair[0].txn), (keys[y], pair[1].txn));
            }
        }
    }
    match groups.is_empty() {
        true => Verdict::Unknown("no transaction read two keys".to_string()),
        false => Verdict::Pass,
    }
}

fn fork(log: &Log<'_>, (x, first): (u32, u32), (y, second): (u32, u32)) -> Verdict {
    let (x, y) = (log.keys[x as usize], log.keys[y as usize]);
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
