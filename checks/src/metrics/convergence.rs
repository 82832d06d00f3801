//! How long replicas went on giving different answers once writes and faults were over, as clients saw it, and how long
//! they held different states, where somebody looked.
//!
//! Deliberately absent: whether they agree at all, which is the check `weak::convergence`.

use sim_core::history::Entry;
use sim_core::record::Record;
use sim_core::time::{Span, Time};
use sim_core::value::{Call, Key};

use crate::intern::Table;
use crate::metrics::Metrics;
use crate::weak::agreement;

/// What is known of a key.
#[derive(Default)]
struct Object<'r> {
    quiet: Option<Time>,
    reads: Vec<&'r Entry>,
}

pub(super) fn measure(record: &Record, metrics: &mut Metrics) {
    if let Some(from) = agreement::agreed_from(record) {
        metrics.insert("agreed_ms".into(), from.since(agreement::quiet_from(record)).as_ms_f64());
    }
    read(record, metrics);
}

fn read(record: &Record, metrics: &mut Metrics) {
    let mut objects: Table<Option<Key>, Object<'_>> = Table::default();
    for entry in &record.history.entries {
        let object = objects.entry(entry.operation.key).or_default();
        match &entry.operation.call {
            Call::Txn(_) | Call::Invoke { .. } => return,
            Call::Read if entry.is_ok() => object.reads.push(entry),
            call if call.is_read_only() => {}
            _ if entry.completed == Time::NEVER => object.quiet = object.quiet.max(Some(entry.invoked)),
            _ => object.quiet = object.quiet.max(Some(entry.completed)),
        }
    }
    let healed = record.faults.iter().map(|fault| fault.until.unwrap_or(record.ended)).max();
    let times = objects.values().filter_map(|object| {
        let start = object.quiet?.max(healed.unwrap_or(Time::ZERO));
        let last = object.reads.iter().max_by_key(|read| read.invoked)?;
        if last.invoked < start {
            return None;
        }
        let others = object.reads.iter().filter(|read| read.value() != last.value());
        let differed = others.map(|read| read.invoked).max().unwrap_or(start);
        Some(if differed > start { differed.since(start) } else { Span::ZERO })
    });
    if let Some(longest) = times.max() {
        metrics.insert("converged_ms".into(), longest.as_ms_f64());
    }
}
