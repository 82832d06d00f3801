//! How many operations ended how, and which share of them ended ok: before, during and after the faults.

use sim_core::history::Entry;
use sim_core::record::Record;
use sim_core::time::Time;

use crate::metrics::walk::Walk;
use crate::metrics::{Metrics, Phases, share_of, share_ok};

/// Answers how many ended ok.
pub(super) fn measure(record: &Record, phases: &Phases, walk: &Walk, metrics: &mut Metrics) -> u64 {
    let entries = &record.history.entries;
    if entries.is_empty() {
        return 0;
    }
    let [ok, failed, unknown] = walk.ends;
    let count = entries.len() as f64;
    for (name, count) in
        [("", count), ("_ok", ok as f64), ("_failed", failed as f64), ("_unknown", unknown as f64)]
    {
        metrics.insert(format!("operations{name}"), count);
    }
    let mut put = |name: &str, share: Option<f64>| {
        if let Some(share) = share {
            metrics.insert(name.to_string(), share);
        }
    };
    put("availability", Some(ok as f64 / count));
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
    let [ok_in_calm, not_ok] = walk.calm;
    put("availability_calm", share_of(ok_in_calm, ok_in_calm + not_ok));
    let asking = phases.stop_at.min(record.ended).as_secs_f64();
    if asking > 0.0 {
        metrics.insert("throughput_per_s".into(), ok as f64 / asking);
    }
    metrics.insert("attempts_per_operation".into(), walk.attempts as f64 / count);
    ok
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
