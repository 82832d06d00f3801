//! How news spreads: residue, traffic and delay (Demers et al., PODC'87, §1.4).
//!
//! Read from the measure `heard_round` (a node heard the rumor; the value is the round it was) and the mark
//! `rumor sent`; for many updates, from the measure `applied` (a node has an update, which the value names). A node that forgot the rumor in a crash and heard it again counts once, at the first time.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::record::{Measure, Record};
use sim_core::time::Time;

use crate::metrics::Metrics;
use crate::statistics::summary::percentile;

/// The measure that says who heard when.
pub const HEARD: &str = "heard_round";

pub(super) fn measure(record: &Record, metrics: &mut Metrics) {
    let nodes = f64::from(record.node_count);
    if record.history.entries.is_empty() && nodes > 0.0 {
        metrics.insert("messages_per_node".into(), record.network.sent as f64 / nodes);
        metrics.insert("bytes_per_node".into(), record.network.bytes as f64 / nodes);
    }
    updates(record, metrics);
    let first = first_hearings(record);
    let (Some(start), Some(last)) = (first.first(), first.last()) else { return };
    let mut put = |name: &str, value: f64| {
        metrics.insert(name.to_string(), value);
    };
    let heard = first.len() as f64;
    put("residue", 1.0 - heard / nodes);
    put("traffic", record.marks.get("rumor sent").copied().unwrap_or(0) as f64 / nodes);
    let rounds: i64 = first.iter().map(|measure| measure.value - start.value).sum();
    put("rounds_mean", rounds as f64 / heard);
    put("rounds_last", (last.value - start.value) as f64);
    let delays: Vec<u64> = first.iter().map(|measure| measure.at.since(start.at).0).collect();
    let sum: u128 = delays.iter().map(|delay| u128::from(*delay)).sum();
    put("delay_ms_mean", sum as f64 / heard / 1e6);
    put("delay_ms_p99", percentile(&delays, 0.99).unwrap_or(0) as f64 / 1e6);
    put("delay_ms_last", last.at.since(start.at).as_ms_f64());
}

/// Each node's first hearing, in the order of time.
#[must_use]
pub fn first_hearings(record: &Record) -> Vec<Measure> {
    let list = record.measures.get(HEARD).map_or(&[][..], Vec::as_slice);
    let mut seen = vec![false; record.node_count as usize];
    let is_first = |measure: &&Measure| {
        let place = seen.get_mut(measure.node.index());
        place.is_some_and(|seen| !std::mem::replace(seen, true))
    };
    list.iter().filter(is_first).copied().collect()
}

/// One update: when it began, how many nodes got it, the sum of their delays, and when the last one got it.
struct Spread {
    start: Time,
    nodes: u64,
    delays: u128,
    last: Time,
}

/// The spread of many updates.
fn updates(record: &Record, metrics: &mut Metrics) {
    let Some(list) = record.measures.get("applied") else { return };
    let mut seen = BTreeSet::new();
    let mut spreads: BTreeMap<i64, Spread> = BTreeMap::new();
    for measure in list.iter().filter(|measure| seen.insert((measure.value, measure.node))) {
        let fresh = Spread { start: measure.at, nodes: 0, delays: 0, last: measure.at };
        let spread = spreads.entry(measure.value).or_insert(fresh);
        spread.nodes += 1;
        spread.delays += u128::from(measure.at.since(spread.start).0);
        spread.last = measure.at;
    }
    let (nodes, count) = (f64::from(record.node_count), spreads.len() as f64);
    let mut put = |name: &str, value: f64| {
        metrics.insert(name.to_string(), value);
    };
    let reached: u64 = spreads.values().map(|spread| spread.nodes).sum();
    let fewest = spreads.values().map(|spread| spread.nodes).min().unwrap_or(0);
    let longest =
        spreads.values().map(|spread| spread.last.since(spread.start).as_ms_f64()).fold(0.0, f64::max);
    let delays: u128 = spreads.values().map(|spread| spread.delays).sum();
    put("coverage", reached as f64 / count / nodes);
    put("coverage_min", fewest as f64 / nodes);
    put("update_ms_mean", delays as f64 / reached as f64 / 1e6);
    put("update_ms_last", longest);
    if let Some(sent) = record.marks.get("payload sent") {
        let by_payload = reached - spreads.len() as u64;
        put("redundancy", *sent as f64 / (by_payload as f64).max(1.0) - 1.0);
    }
    let ended = record.faults.iter().filter_map(|fault| fault.until).max();
    let before: Vec<&Spread> =
        spreads.values().filter(|spread| ended.is_some_and(|end| spread.start <= end)).collect();
    let complete = before.iter().all(|spread| spread.nodes == u64::from(record.node_count));
    if let (Some(end), true, Some(last)) = (ended, complete, before.iter().map(|spread| spread.last).max()) {
        put("converged_after_heal_ms", last.since(end).as_ms_f64());
    }
}
