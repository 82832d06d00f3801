//! How long the service takes to come back: from each fault's start, and from the end of all faults.

use sim_core::history::Entry;
use sim_core::record::Record;
use sim_core::time::{Span, Time};

use crate::metrics::walk::Done;
use crate::metrics::{Metrics, Phases};
use crate::statistics::gaps::widest_gap;

/// The length of a window of sustained success, and the share of operations that must end ok in each.
const WINDOW: Span = Span::ms(250);
const SUSTAINED: f64 = 0.9;

pub(super) fn measure(record: &Record, phases: &Phases, done: &[Done], metrics: &mut Metrics) {
    if let Some(outage) = longest_outage(record, phases, done) {
        metrics.insert("outage_ms_longest".into(), outage.as_ms_f64());
    }
    if record.faults.is_empty() {
        return;
    }
    let firsts = first_success_since(record);
    let from_injection: Vec<f64> = record
        .faults
        .iter()
        .filter_map(|fault| {
            Some(since(&record.history.entries, &firsts, fault.at)?.since(fault.at).as_ms_f64())
        })
        .collect();
    if let Some(max) = from_injection.iter().copied().reduce(f64::max) {
        let mean = from_injection.iter().sum::<f64>() / from_injection.len() as f64;
        metrics.insert("recover_injection_ms_mean".into(), mean);
        metrics.insert("recover_injection_ms_max".into(), max);
    }
    let healed = last_heal(record, phases);
    if let Some(at) = since(&record.history.entries, &firsts, healed) {
        metrics.insert("recover_heal_ms".into(), at.since(healed).as_ms_f64());
    }
    if let Some(span) = sustained_recovery(record, phases) {
        metrics.insert("recover_sustained_ms".into(), span.as_ms_f64());
    }
}

/// When the last fault ended.
fn last_heal(record: &Record, phases: &Phases) -> Time {
    let ends = record.faults.iter().map(|fault| fault.until.unwrap_or(phases.heal_at).max(fault.at));
    ends.max().unwrap_or(phases.heal_at).min(phases.heal_at)
}

/// For each operation, when the first success came among it and those invoked after it.
fn first_success_since(record: &Record) -> Vec<Time> {
    let mut first = Time::NEVER;
    let mut times: Vec<Time> = record
        .history
        .entries
        .iter()
        .rev()
        .map(|entry| {
            if entry.is_ok() {
                first = first.min(entry.completed);
            }
            first
        })
        .collect();
    times.reverse();
    times
}

fn since(entries: &[Entry], firsts: &[Time], at: Time) -> Option<Time> {
    let next = entries.partition_point(|entry| entry.invoked < at);
    firsts.get(next).copied().filter(|first| *first != Time::NEVER)
}

/// How long after the end of all faults the service was back for good: from then on, in every 250 ms, at least 90% of
/// the operations asked end ok. `None` if it never was, or nobody asked.
#[must_use]
pub fn sustained_recovery(record: &Record, phases: &Phases) -> Option<Span> {
    let healed = last_heal(record, phases);
    let mut windows: Vec<(u64, u64)> = Vec::new();
    for entry in record.history.entries.iter().filter(|entry| entry.invoked >= healed) {
        let index = (entry.invoked.since(healed).0 / WINDOW.0) as usize;
        if windows.len() <= index {
            windows.resize(index + 1, (0, 0));
        }
        windows[index].0 += 1;
        windows[index].1 += u64::from(entry.is_ok());
    }
    let bad = |(asked, ok): &(u64, u64)| (*ok as f64) < SUSTAINED * *asked as f64;
    let good_from = windows.iter().rposition(bad).map_or(0, |last_bad| last_bad + 1);
    (good_from < windows.len()).then(|| Span(WINDOW.0 * good_from as u64))
}

/// The longest time in which clients were asking and no operation ended ok, given those that did.
fn longest_outage(record: &Record, phases: &Phases, done: &[Done]) -> Option<Span> {
    let first = record.history.entries.first()?.invoked;
    let until = phases.stop_at.min(record.ended);
    let ends = done.iter().map(|one| one.completed.min(until).0).chain([until.0]);
    Some(Span(widest_gap(first.0, &ends.collect::<Vec<u64>>())))
}
