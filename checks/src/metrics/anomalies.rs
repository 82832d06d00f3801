//! Reads that went back in their session, and acknowledged writes that no replica holds any more, counted in registers of
//! unique values, over the run and by its parts.
//!
//! Both are counted only where they are certain: a version is older than another if its write had ended before the other's
//! began. A write is lost where somebody looked and all replicas held an older version: reads, which may be stale, do not
//! count. Deliberately absent: proofs (`weak::sessions`, `weak::durability`).

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
    // A read of siblings is as new as the newest of them.
    let source = |entry: &Entry| -> Option<Version> {
        let write = |value: &Value| writers.get(&(entry.operation.key, value)).copied();
        match entry.value()? {
            Value::Nil => Some(None),
            Value::List(siblings) => {
                let writes = siblings.iter().map(write).collect::<Option<Vec<usize>>>()?;
                Some(writes.into_iter().max_by_key(|write| entries[*write].completed))
            }
            value => write(value).map(Some),
        }
    };
    let counts: [(&str, Vec<Time>); 2] =
        [("session_anomalies", back(entries, &source)), ("lost_writes", lost(record, &writers))];
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

/// When acknowledged writes were invoked that are lost: at some instant after their end all replicas of their key held a
/// version that is certainly older. Had something newer replaced them, that would be there instead.
fn lost(record: &Record, writers: &Table<(Option<Key>, &Value), usize>) -> Vec<Time> {
    let entries = &record.history.entries;
    let mut held: BTreeMap<Option<Key>, Vec<(Time, Vec<Version>)>> = BTreeMap::new();
    for agreed in &record.agreed {
        let source = |value: &Value| match value {
            Value::Nil => Some(None),
            value => writers.get(&(agreed.key, value)).map(|write| Some(*write)),
        };
        let versions = agreed.values.iter().map(source).collect::<Option<Vec<Version>>>();
        if let Some(versions) = versions.filter(|versions| !versions.is_empty()) {
            held.entry(agreed.key).or_default().push((agreed.until, versions));
        }
    }
    let gone = |(i, entry): &(usize, &Entry)| {
        let later = held.get(&entry.operation.key).into_iter().flatten();
        entry.is_ok()
            && later
                .filter(|(until, _)| entry.completed < *until)
                .any(|(_, versions)| versions.iter().all(|version| older(entries, *version, Some(*i))))
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
    use sim_core::record::{Agreed, Record};
    use sim_core::time::{Span, Time};
    use sim_core::value::{Call, Key, Operation, Value};

    /// Process, from, to, and what was written (`w5`) or read (`r5`, `r-` for nothing); and what all replicas held, from
    /// when to when.
    fn count(operations: &[(u32, u64, u64, &str)], held: &[(u64, u64, &[i64])]) -> (f64, f64) {
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
        for (from, until, values) in held {
            record.agreed.push(Agreed {
                key: Some(Key(0)),
                values: values.iter().map(|value| Value::Int(*value)).collect(),
                from: Time::ZERO + Span::ms(*from),
                until: Time::ZERO + Span::ms(*until),
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
            count(&all, &[]).0
        };
        assert_eq!(with(&[(1, 40, 50, "r1"), (1, 60, 70, "r2")]), 0.0, "stale, but forwards");
        assert_eq!(with(&[(1, 40, 50, "r2"), (1, 60, 70, "r1"), (2, 80, 90, "r2")]), 1.0, "back");
        assert_eq!(with(&[(0, 40, 50, "r1"), (2, 80, 90, "r2")]), 1.0, "its own write is gone");
    }

    #[test]
    fn a_write_is_lost_where_all_replicas_hold_an_older_one() {
        let writes = [(0, 0, 10, "w1"), (0, 20, 30, "w2"), (0, 60, 70, "w3")];
        let lost = |held: &[(u64, u64, &[i64])]| count(&writes, held).1;
        assert_eq!(lost(&[(12, 15, &[1]), (35, 55, &[2]), (80, 90, &[3])]), 0.0);
        // A stale read of the old value is no loss, whatever clients see.
        let read = (1, 75, 78, "r1");
        assert_eq!(count(&[writes[0], writes[1], writes[2], read], &[(80, 90, &[3])]).1, 0.0);
        assert_eq!(lost(&[(12, 40, &[1]), (80, 90, &[3])]), 1.0, "the second was gone before the third came");
        assert_eq!(lost(&[(80, 90, &[1])]), 2.0, "both later ones are gone");
        assert_eq!(lost(&[(80, 90, &[1, 3])]), 0.0, "a sibling is no older");
        assert_eq!(lost(&[(12, 25, &[1])]), 0.0, "the second had not ended");
    }
}
