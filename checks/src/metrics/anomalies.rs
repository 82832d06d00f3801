//! Reads that went back in their session, and acknowledged writes that the last read no longer shows, counted in
//! registers of unique values, over the run and by its parts.
//!
//! Both are counted only where they are certain: a version is older than another if its write had ended before the other's
//! began. Deliberately absent: proofs (`weak::sessions`, `weak::durability`), and writes overwritten in time, whose loss
//! nobody can tell.

use std::collections::BTreeMap;

use sim_core::history::Entry;
use sim_core::record::Record;
use sim_core::time::Time;
use sim_core::value::{Call, Key, Value};

use crate::intern::Table;
use crate::metrics::Metrics;
use crate::metrics::parts::parts;

/// A version of a key: the write's position, or the initial state.
type Version = Option<usize>;

/// The writes of a history by key and value; `None` where it is not one of registers of unique values.
fn writers(entries: &[Entry]) -> Option<Table<(Option<Key>, &Value), usize>> {
    let mut writers = Table::default();
    for (i, entry) in entries.iter().enumerate() {
        match &entry.operation.call {
            Call::Read => {}
            Call::Write(value) => {
                if writers.insert((entry.operation.key, value), i).is_some() {
                    return None;
                }
            }
            _ => return None,
        }
    }
    (!writers.is_empty()).then_some(writers)
}

/// Whether a version is certainly older than another.
fn older(entries: &[Entry], version: Version, than: Version) -> bool {
    match (version, than) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(version), Some(than)) => entries[version].completed < entries[than].invoked,
    }
}

pub(super) fn measure(record: &Record, metrics: &mut Metrics) {
    let entries = &record.history.entries;
    let Some(writers) = writers(entries) else { return };
    // A read of siblings or of nothing has no one source.
    let source = |entry: &Entry| -> Option<Version> {
        match entry.value()? {
            Value::Nil => Some(None),
            value => writers.get(&(entry.operation.key, value)).map(|write| Some(*write)),
        }
    };
    let counts: [(&str, Vec<Time>); 2] =
        [("session_anomalies", back(entries, &source)), ("lost_writes", lost(entries, &source))];
    let parts = parts(record);
    for (name, times) in counts {
        metrics.insert(name.to_string(), times.len() as f64);
        for (part, from, to) in &parts {
            let count = times.iter().filter(|at| (*from..*to).contains(at)).count();
            metrics.insert(format!("{name}_{part}"), count as f64);
        }
    }
}

/// When reads were invoked that saw a version older than one that their session had read or written.
fn back(entries: &[Entry], source: &impl Fn(&Entry) -> Option<Version>) -> Vec<Time> {
    let mut newest: BTreeMap<(u32, Option<Key>), Version> = BTreeMap::new();
    let mut times = Vec::new();
    for (i, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.is_ok()) {
        let session = (entry.process, entry.operation.key);
        let touched = match entry.operation.call {
            Call::Read => match source(entry) {
                Some(version) => version,
                None => continue,
            },
            _ => Some(i),
        };
        let known = newest.entry(session).or_insert(touched);
        if older(entries, touched, *known) {
            times.push(entry.invoked);
        } else {
            *known = touched;
        }
    }
    times
}

/// When acknowledged writes were invoked that are newer than what the last read of their key shows.
fn lost(entries: &[Entry], source: &impl Fn(&Entry) -> Option<Version>) -> Vec<Time> {
    let mut last: BTreeMap<Option<Key>, &Entry> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.is_ok() && entry.operation.call == Call::Read) {
        let latest = last.entry(entry.operation.key).or_insert(entry);
        if entry.invoked >= latest.invoked {
            *latest = entry;
        }
    }
    let gone = |(i, entry): &(usize, &Entry)| {
        let Some(read) = last.get(&entry.operation.key) else { return false };
        let Some(shown) = source(read) else { return false };
        entry.is_ok() && entry.completed < read.invoked && older(entries, shown, Some(*i))
    };
    let writes =
        entries.iter().enumerate().filter(|(_, entry)| matches!(entry.operation.call, Call::Write(_)));
    writes.filter(gone).map(|(_, entry)| entry.invoked).collect()
}

#[cfg(test)]
mod tests {
    use super::measure;
    use crate::metrics::Metrics;
    use sim_core::history::{Answer, Entry, Outcome};
    use sim_core::record::Record;
    use sim_core::time::{Span, Time};
    use sim_core::value::{Call, Key, Operation, Value};

    /// Process, from, to, and what was written (`w5`) or read (`r5`, `r-` for nothing).
    fn count(operations: &[(u32, u64, u64, &str)]) -> (f64, f64) {
        let mut record = Record::default();
        for (process, from, to, what) in operations {
            let value = what[1..].parse().map_or(Value::Nil, Value::Int);
            let (call, answer) = match what.as_bytes()[0] {
                b'w' => (Call::Write(value), Value::Nil),
                _ => (Call::Read, value),
            };
            record.history.entries.push(Entry {
                process: *process,
                operation: Operation { key: Some(Key(0)), call },
                invoked: Time::ZERO + Span::ms(*from),
                invoked_index: 0,
                completed: Time::ZERO + Span::ms(*to),
                completed_index: 0,
                outcome: Outcome::Ok(Answer::Value(answer)),
                attempts: 1,
                answered_by: None,
            });
        }
        let mut metrics = Metrics::new();
        measure(&record, &mut metrics);
        (metrics["session_anomalies"], metrics["lost_writes"])
    }

    #[test]
    fn only_what_is_certain_is_counted() {
        let writes = [(0, 0, 10, "w1"), (0, 20, 30, "w2")];
        let with = |reads: &[(u32, u64, u64, &'static str)]| {
            let mut all: Vec<(u32, u64, u64, &str)> = writes.to_vec();
            all.extend_from_slice(reads);
            count(&all)
        };
        assert_eq!(with(&[(1, 40, 50, "r1"), (1, 60, 70, "r2")]), (0.0, 0.0), "stale, but forwards");
        assert_eq!(with(&[(1, 40, 50, "r2"), (1, 60, 70, "r1"), (2, 80, 90, "r2")]), (1.0, 0.0), "back");
        assert_eq!(with(&[(0, 40, 50, "r1"), (2, 80, 90, "r2")]), (1.0, 0.0), "its own write is gone");
        assert_eq!(with(&[(1, 40, 50, "r1")]), (0.0, 1.0), "the second is lost");
        assert_eq!(with(&[(1, 40, 50, "r-")]), (0.0, 2.0), "both are");
        // Writes that overlap have no order that clients could know.
        assert_eq!(
            count(&[(0, 0, 30, "w1"), (1, 20, 40, "w2"), (2, 50, 60, "r2"), (2, 70, 80, "r1")]),
            (0.0, 0.0)
        );
    }
}
