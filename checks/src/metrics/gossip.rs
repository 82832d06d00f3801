//! How news spreads: residue, traffic and delay (Demers et al., PODC'87, §1.4).
//!
//! Read from the measure `heard_round` (a node heard the rumor; the value is the round it was) and the mark
//! `rumor sent`. A node that forgot the rumor in a crash and heard it again counts once, at the first time.

use sim_core::record::{Measure, Record};

use crate::metrics::Metrics;
use crate::metrics::summary::percentile;

/// The measure that says who heard when.
pub const HEARD: &str = "heard_round";

pub(super) fn measure(record: &Record, metrics: &mut Metrics) {
    let nodes = f64::from(record.node_count);
    if record.history.entries.is_empty() && nodes > 0.0 {
        metrics.insert("messages_per_node".into(), record.network.sent as f64 / nodes);
        metrics.insert("bytes_per_node".into(), record.network.bytes as f64 / nodes);
    }
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
