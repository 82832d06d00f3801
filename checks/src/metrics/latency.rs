//! How long operations that ended ok took, overall and by kind.

use sim_core::record::Record;

use crate::metrics::Metrics;
use crate::metrics::parts::parts;
use crate::metrics::walk::Done;
use crate::statistics::sorting::sort_by_number;
use crate::statistics::summary::percentile;

pub(super) fn measure(record: &Record, kinds: Vec<&'static str>, done: &[Done], metrics: &mut Metrics) {
    let mut kinds: Vec<(&str, Vec<u64>)> = kinds.into_iter().map(|name| (name, Vec::new())).collect();
    let mut clients: Vec<Vec<u64>> = vec![Vec::new(); record.clients.len().min(CLIENTS_MAX)];
    let few = (2..=CLIENTS_MAX).contains(&record.clients.len());
    // A client's processes are its index and whole numbers of clients further on.
    let client = |process: u32| if few { process as usize % record.clients.len() } else { 0 };
    // Each with the places of its kind and its client, so that all are sorted at once.
    let mut sorted: Vec<(u64, u32, u32)> =
        done.iter().map(|one| (one.took().0, one.kind, client(one.process) as u32)).collect();
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
    by_part(record, done, metrics);
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
fn by_part(record: &Record, done: &[Done], metrics: &mut Metrics) {
    for (part, from, to) in parts(record) {
        let within = done.iter().filter(|one| (from..to).contains(&one.invoked));
        let mut took: Vec<u64> = within.map(|one| one.took().0).collect();
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
