//! How long operations that ended ok took, overall and by kind.

use sim_core::record::Record;

use crate::metrics::parts::parts;
use crate::metrics::{Metrics, Phases};
use crate::statistics::sorting::sort_by_number;
use crate::statistics::summary::percentile;

pub(super) fn measure(record: &Record, _: &Phases, metrics: &mut Metrics) {
    let mut kinds: Vec<(&str, Vec<u64>)> = Vec::new();
    let mut clients: Vec<Vec<u64>> = vec![Vec::new(); record.clients.len().min(CLIENTS_MAX)];
    let few = (2..=CLIENTS_MAX).contains(&record.clients.len());
    // Each with the places of its kind and its client, so that all are sorted at once.
    let mut sorted: Vec<(u64, u32, u32)> = Vec::with_capacity(record.history.entries.len());
    for entry in record.history.entries.iter().filter(|entry| entry.is_ok()) {
        let name = entry.operation.call.name();
        let kind = kinds.iter().position(|(other, _)| *other == name).unwrap_or_else(|| {
            kinds.push((name, Vec::new()));
            kinds.len() - 1
        });
        // A client's processes are its index and whole numbers of clients further on.
        let client = if few { entry.process as usize % record.clients.len() } else { 0 };
        sorted.push((entry.completed.since(entry.invoked).0, kind as u32, client as u32));
    }
    if sorted.is_empty() {
        return;
    }
    sort_by_number(&mut sorted, |(took, ..)| *took);
    let all: Vec<u64> = sorted.iter().map(|(took, ..)| *took).collect();
    for (took, kind, client) in sorted {
        kinds[kind as usize].1.push(took);
        if few {
            clients[client as usize].push(took);
        }
    }
    let sum: u128 = all.iter().map(|ns| u128::from(*ns)).sum();
    metrics.insert("latency_ms_mean".into(), sum as f64 / all.len() as f64 / 1e6);
    put(
        metrics,
        "latency_ms",
        &all,
        &[("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)],
    );
    by_part(record, metrics);
    kinds.sort_unstable_by_key(|(name, _)| *name);
    let named = record.clients.iter().zip(clients).filter(|(_, values)| !values.is_empty());
    let mut clients: Vec<(&String, Vec<u64>)> = named.collect();
    clients.sort_by_key(|(name, _)| (name.len(), *name));
    for (client, values) in clients {
        put(metrics, &format!("latency_{client}_ms"), &values, &[("p50", 0.5)]);
    }
    if kinds.len() > 1 {
        for (kind, values) in kinds {
            let shares = [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)];
            put(metrics, &format!("latency_{kind}_ms"), &values, &shares);
        }
    }
}

/// Up to this many clients have latencies of their own.
const CLIENTS_MAX: usize = 16;

/// Before, during and after the faults.
fn by_part(record: &Record, metrics: &mut Metrics) {
    for (part, from, to) in parts(record) {
        let within = record.history.entries.iter().filter(|entry| (from..to).contains(&entry.invoked));
        let mut took: Vec<u64> = within
            .filter(|entry| entry.is_ok())
            .map(|entry| entry.completed.since(entry.invoked).0)
            .collect();
        sort_by_number(&mut took, |took| *took);
        put(metrics, "latency_ms", &took, &[(&format!("p50_{part}"), 0.5), (&format!("p99_{part}"), 0.99)]);
    }
}

fn put(metrics: &mut Metrics, name: &str, sorted: &[u64], shares: &[(&str, f64)]) {
    for (suffix, share) in shares {
        if let Some(ns) = percentile(sorted, *share) {
            metrics.insert(format!("{name}_{suffix}"), ns as f64 / 1e6);
        }
    }
}
