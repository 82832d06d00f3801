//! How many operations ended how, and which share of them ended ok: before, during and after the faults.

use sim_core::history::Entry;
use sim_core::record::Record;
use sim_core::time::Time;

use crate::metrics::{Metrics, Phases, share_ok};

pub(super) fn measure(record: &Record, phases: &Phases, metrics: &mut Metrics) {
    let entries = &record.history.entries;
    if entries.is_empty() {
        return;
    }
    let (ok, failed, unknown) = record.history.counts();
    for (name, count) in
        [("", ok + failed + unknown), ("_ok", ok), ("_failed", failed), ("_unknown", unknown)]
    {
        metrics.insert(format!("operations{name}"), count as f64);
    }
    let mut put = |name: &str, share: Option<f64>| {
        if let Some(share) = share {
            metrics.insert(name.to_string(), share);
        }
    };
    put("availability", share_ok(entries.iter()));
    let faulty = faulty_spans(record, phases);
    if let (Some((first, _)), Some(last)) = (faulty.first(), faulty.iter().map(|span| span.1).max()) {
        let during = |entry: &&Entry| {
            // The spans are sorted and do not overlap: only the last that begins by then can hold it.
            let next = faulty.partition_point(|(from, _)| *from <= entry.invoked);
            next > 0 && entry.invoked < faulty[next - 1].1
        };
        put("availability_before", share_ok(entries.iter().filter(|entry| entry.invoked < *first)));
        put("availability_during", share_ok(entries.iter().filter(during)));
        put("availability_after", share_ok(entries.iter().filter(|entry| entry.invoked >= last)));
    }
    let calm = |entry: &&Entry| (phases.calm_from..phases.stop_at).contains(&entry.invoked);
    put("availability_calm", share_ok(entries.iter().filter(calm)));
    let asking = phases.stop_at.min(record.ended).as_secs_f64();
    if asking > 0.0 {
        metrics.insert("throughput_per_s".into(), ok as f64 / asking);
    }
    let attempts: u64 = entries.iter().map(|entry| u64::from(entry.attempts)).sum();
    metrics.insert("attempts_per_operation".into(), attempts as f64 / entries.len() as f64);
}

/// When at least one fault was in force: sorted, overlaps joined.
fn faulty_spans(record: &Record, phases: &Phases) -> Vec<(Time, Time)> {
    let mut spans: Vec<(Time, Time)> = Vec::new();
    for fault in &record.faults {
        // A fault without a length is over as it strikes, and one without an end lasts until all heals.
        let until = fault.until.unwrap_or(phases.heal_at.min(record.ended)).max(fault.at);
        match spans.last_mut() {
            Some(last) if fault.at <= last.1 => last.1 = last.1.max(until),
            _ => spans.push((fault.at, until)),
        }
    }
    spans
}
