//! How often reads were stale, and by how many versions, before, during and after faults.
//!
//! Only of registers of unique values; other histories say nothing of the age of an answer.

use sim_core::history::Entry;
use sim_core::record::Record;
use sim_core::value::{Call, Key, Value};

use crate::intern::Table;
use crate::metrics::Metrics;
use crate::metrics::parts::parts;
use crate::weak::staleness::{self, Age};

/// Keys and values that were written, or brought by compare-and-sets.
type Written<'r> = (Option<Key>, &'r Value);

/// Whether a read saw what a compare-and-set `brought` and no write did: then nobody can tell how old it was, which a search
/// of all reads and writes would find out in the end.
fn sees_an_exchange<'r>(
    entries: &'r [Entry],
    wrote: &[Written<'r>],
    brought: &Table<Written<'r>, ()>,
) -> bool {
    let exchanged = |entry: &'r Entry| match (&entry.operation.call, entry.value()) {
        (Call::Read, Some(value)) if *value != Value::Nil => {
            Some((entry.operation.key, value)).filter(|seen| brought.contains_key(seen))
        }
        _ => None,
    };
    !brought.is_empty() && entries.iter().filter_map(exchanged).take(MANY).any(|seen| !wrote.contains(&seen))
}

/// How many reads of what was exchanged are looked at: each takes a walk over all writes.
const MANY: usize = 8;

pub(super) fn measure(record: &Record, metrics: &mut Metrics) {
    let entries = &record.history.entries;
    let (mut wrote, mut brought) = (Vec::new(), Table::default());
    for entry in entries {
        match &entry.operation.call {
            Call::Read | Call::Delete => {}
            Call::Write(value) => wrote.push((entry.operation.key, value)),
            Call::Cas { to, .. } => drop(brought.insert((entry.operation.key, to), ())),
            // Not a register's.
            _ => return,
        }
    }
    if wrote.is_empty() || sees_an_exchange(entries, &wrote, &brought) {
        return;
    }
    let Ok(ages) = staleness::measure(&record.history, &Value::Nil) else { return };
    let share = |ages: &[&Age], within: u64| {
        let near = ages.iter().filter(|age| age.versions < within).count();
        near as f64 / ages.len() as f64
    };
    let all: Vec<&Age> = ages.iter().collect();
    if all.is_empty() {
        return;
    }
    metrics.insert("stale_share".into(), 1.0 - share(&all, 1));
    for within in 1..=3 {
        metrics.insert(format!("within_{within}_versions"), share(&all, within));
    }
    let longest = ages.iter().map(|age| age.time).max().unwrap_or_default();
    metrics.insert("stale_ms_max".into(), longest.as_ms_f64());
    for (name, from, to) in parts(record) {
        let within = |age: &&Age| (from..to).contains(&entries[age.entry].invoked);
        let ages: Vec<&Age> = ages.iter().filter(within).collect();
        if !ages.is_empty() {
            metrics.insert(format!("stale_share_{name}"), 1.0 - share(&ages, 1));
        }
    }
}
