//! The parts of a run that faults divide it into: before the first, until the last has ended, and after.

use sim_core::record::Record;
use sim_core::time::Time;

/// Name, beginning and end of each part; none where there was no fault. A fault without an end lasts as long as the run.
pub(super) fn parts(record: &Record) -> Vec<(&'static str, Time, Time)> {
    let Some(first) = record.faults.iter().map(|fault| fault.at).min() else { return Vec::new() };
    let ends = record.faults.iter().map(|fault| fault.until.unwrap_or(record.ended));
    let last = ends.max().unwrap_or(first).max(first);
    vec![("before", Time::ZERO, first), ("during", first, last), ("after", last, Time::NEVER)]
}
