//! How long replicas went on giving different answers once writes and faults were over, as clients saw it, and how long
//! they held different states, where somebody looked.
//!
//! Deliberately absent: whether they agree at all, which is the check `weak::convergence`.

use sim_core::history::Entry;
use sim_core::record::Record;
use sim_core::time::{Span, Time};
use sim_core::value::Call;

use crate::intern::Keys;
use crate::metrics::Metrics;
use crate::weak::agreement;

/// What is known of a key.
#[derive(Default)]
struct Object<'r> {
    /// When its last write was over.
    quiet: Option<Time>,
    /// The read that was invoked last.
    last: Option<&'r Entry>,
    /// When the last read was invoked that saw something else.
    differed: Option<Time>,
}

pub(super) fn measure(record: &Record, metrics: &mut Metrics) {
    if let Some(from) = agreement::agreed_from(record) {
        metrics.insert("agreed_ms".into(), from.since(agreement::quiet_from(record)).as_ms_f64());
    }
    read(record, metrics);
}

fn read(record: &Record, metrics: &mut Metrics) {
    let (mut keys, mut objects) = (Keys::default(), Vec::<Object<'_>>::new());
    // From the last to the first, so that the first read of an object that is met is its last.
    for entry in record.history.entries.iter().rev() {
        let place = keys.number(entry.operation.key);
        objects.resize_with(keys.len(), Object::default);
        let object = &mut objects[place];
        match &entry.operation.call {
            Call::Txn(_) | Call::Invoke { .. } => return,
            Call::Read if entry.is_ok() => {
                let last = *object.last.get_or_insert(entry);
                if last.value() != entry.value() {
                    object.differed = object.differed.max(Some(entry.invoked));
                }
            }
            call if call.is_read_only() => {}
            _ if entry.completed == Time::NEVER => object.quiet = object.quiet.max(Some(entry.invoked)),
            _ => object.quiet = object.quiet.max(Some(entry.completed)),
        }
    }
    let healed = record.faults.iter().map(|fault| fault.until.unwrap_or(record.ended)).max();
    let times = objects.iter().filter_map(|object| {
        let start = object.quiet?.max(healed.unwrap_or(Time::ZERO));
        if object.last?.invoked < start {
            return None;
        }
        let differed = object.differed.unwrap_or(start);
        Some(if differed > start { differed.since(start) } else { Span::ZERO })
    });
    if let Some(longest) = times.max() {
        metrics.insert("converged_ms".into(), longest.as_ms_f64());
    }
}
