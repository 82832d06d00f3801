//! How news spreads: residue, traffic and delay (Demers et al., PODC'87, §1.4).
//!
//! Read from the measure `heard_round` (a node heard the rumor; the value is the round it was) and the mark
//! `rumor sent`; for many updates, from the measure `applied` (a node has an update, which the value names). A node that
//! forgot the rumor in a crash and heard it again counts once, at the first time. Of averages (Kempe, Dobra & Gehrke,
//! FOCS'03, §2) from `settled` (whether a node is within the tolerance, when that changes) and `error_ppb`.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::peer::Peer;
use sim_core::record::{Measure, Record};
use sim_core::time::Time;

use crate::metrics::Metrics;
use crate::metrics::detection::{Outages, outages};
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
    averages(record, metrics);
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

/// How far a broadcast went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    /// When it began.
    pub start: Time,
    /// The hops it made to the node that was farthest (the papers' last delivery hop).
    pub last: i64,
    /// The sum of the hops to all nodes that it reached.
    pub sum: i64,
    /// How many those are.
    pub nodes: u64,
}

/// How far each broadcast went, in the order of their starts, from the measures `applied` and `hops`, which nodes tell
/// in pairs. Empty where they do not.
#[must_use]
pub fn reaches(record: &Record) -> Vec<Reach> {
    let told = |name: &str| record.measures.get(name).map_or(&[][..], Vec::as_slice);
    let (applied, hops) = (told("applied"), told("hops"));
    if applied.len() != hops.len() {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut reaches: BTreeMap<i64, Reach> = BTreeMap::new();
    for (update, hops) in applied.iter().zip(hops) {
        if seen.insert((update.value, update.node)) {
            let fresh = Reach { start: update.at, last: 0, sum: 0, nodes: 0 };
            let reach = reaches.entry(update.value).or_insert(fresh);
            reach.last = reach.last.max(hops.value);
            reach.sum += hops.value;
            reach.nodes += 1;
        }
    }
    let mut list: Vec<Reach> = reaches.into_values().collect();
    list.sort_by_key(|reach| reach.start);
    list
}

/// Of the nodes that were up from an update's start until its last arrival, the share that has it.
fn reliability(record: &Record, outages: &Outages, spread: &Spread, has: impl Fn(i64) -> bool) -> f64 {
    let meets = |(from, until): &(Time, Time)| *from <= spread.last && spread.start < *until;
    let down = || outages.iter().filter(|(_, spans)| spans.iter().any(meets));
    let with = down().filter(|(node, _)| has(**node)).count() as u64;
    let correct = f64::from(record.node_count) - down().count() as f64;
    if correct > 0.0 { (spread.nodes - with) as f64 / correct } else { 1.0 }
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
    let outages = outages(record);
    let shares = spreads.iter().map(|(update, spread)| {
        reliability(record, &outages, spread, |node| seen.contains(&(*update, Peer::node(node as u32))))
    });
    let shares: Vec<f64> = shares.collect();
    put("reliability", shares.iter().sum::<f64>() / count);
    put("reliability_min", shares.iter().copied().fold(1.0, f64::min));
    put("update_ms_mean", delays as f64 / reached as f64 / 1e6);
    put("update_ms_last", longest);
    if let Some(sent) = record.marks.get("payload sent") {
        let by_payload = reached - spreads.len() as u64;
        put("redundancy", *sent as f64 / (by_payload as f64).max(1.0) - 1.0);
    }
    let reaches = reaches(record);
    if !reaches.is_empty() {
        let (sum, far) = (reaches.iter().map(|reach| reach.last).sum::<i64>(), reaches.len() as f64);
        put("last_hop_mean", sum as f64 / far);
        put("last_hop_max", reaches.iter().map(|reach| reach.last).max().unwrap_or(0) as f64);
    }
    let ended = record.faults.iter().filter_map(|fault| fault.until).max();
    let before: Vec<&Spread> =
        spreads.values().filter(|spread| ended.is_some_and(|end| spread.start <= end)).collect();
    let complete = before.iter().all(|spread| spread.nodes == u64::from(record.node_count));
    if let (Some(end), true, Some(last)) = (ended, complete, before.iter().map(|spread| spread.last).max()) {
        put("converged_after_heal_ms", last.since(end).as_ms_f64());
    }
}

/// How good averages by gossip are: in the end, and since when all are within the tolerance.
fn averages(record: &Record, metrics: &mut Metrics) {
    let mut put = |name: &str, value: f64| {
        metrics.insert(name.to_string(), value);
    };
    let mut errors: BTreeMap<Peer, i64> = BTreeMap::new();
    for measure in record.measures.get("error_ppb").into_iter().flatten() {
        errors.insert(measure.node, measure.value);
    }
    if let Some(worst) = errors.values().max() {
        let sum: i128 = errors.values().map(|error| i128::from(*error)).sum();
        put("average_error", sum as f64 / errors.len() as f64 / 1e9);
        put("average_error_max", *worst as f64 / 1e9);
    }
    let mut settled: BTreeMap<Peer, (Time, bool)> = BTreeMap::new();
    for measure in record.measures.get("settled").into_iter().flatten() {
        settled.insert(measure.node, (measure.at, measure.value != 0));
    }
    if settled.is_empty() && errors.is_empty() {
        return;
    }
    let share = settled.values().filter(|(_, is)| *is).count() as f64 / f64::from(record.node_count);
    put("settled_share", share);
    if let (true, Some(last)) = (share >= 1.0, settled.values().map(|(at, _)| *at).max()) {
        put("settled_ms_last", last.since(Time::ZERO).as_ms_f64());
    }
}
