//! The orders that are not in the data: which transaction a process ran before which, and which had ended before
//! which began; and the labels that all dependencies carry.
//!
//! Real time relates almost all pairs, so it is written down in two short forms: for the search for components, as a
//! chain of auxiliary nodes through which every earlier end reaches every later beginning (linear in the history);
//! within a component, as the transitive reduction (Elle §6 does the same). Deliberately absent: clocks; only
//! the positions of events in the history count.

use super::lattice::AnomalySet;
use super::{End, Log, lattice};
use crate::graph::Edge;

/// One wrote the version after the other's.
pub(crate) const WW: u8 = 1;
/// One read what the other wrote.
pub(crate) const WR: u8 = 2;
/// One read the version before the other's.
pub(crate) const RW: u8 = 4;
/// The same process ran one before the other.
pub(crate) const PROCESS: u8 = 8;
/// One had ended before the other began.
pub(crate) const REALTIME: u8 = 16;
/// Every label.
pub(crate) const ANY: u8 = 31;

/// Which order is taken beside the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Data,
    Process,
    Realtime,
}

impl Kind {
    /// The strongest order that one of these anomalies needs.
    pub fn needed(wanted: AnomalySet) -> Kind {
        let any = |ending: &str| {
            let cycles =
                |name: &str| name.starts_with("G0") || name.starts_with("G1c") || name.starts_with("G2");
            let of_cycles =
                |name: &str| cycles(name) || name.starts_with("G-single") || name.starts_with("G-non");
            wanted.iter().any(|a: lattice::Anomaly| a.name().ends_with(ending) && of_cycles(a.name()))
        };
        if any("-realtime") {
            Kind::Realtime
        } else if any("-process") {
            Kind::Process
        } else {
            Kind::Data
        }
    }
}

/// Adds the edges of this order over all transactions, auxiliary nodes numbered from `nodes` on; returns how many nodes there are with the auxiliary ones, and
/// whether any pair is ordered.
pub(crate) fn extend(log: &Log<'_>, kind: Kind, nodes: usize, edges: &mut Vec<Edge>) -> (usize, bool) {
    let before = edges.len();
    match kind {
        Kind::Data => (nodes, false),
        Kind::Process => {
            process_edges(log, edges);
            (nodes, edges.len() > before)
        }
        Kind::Realtime => chain(log, nodes, edges),
    }
}

/// The ok transactions in the order of their ends.
fn ends(log: &Log<'_>) -> Vec<(u64, u32)> {
    let ok = log.numbered().filter(|(_, txn)| txn.end == End::Ok);
    let mut ends: Vec<(u64, u32)> = ok.map(|(i, txn)| (txn.completed, i)).collect();
    ends.sort_unstable();
    ends
}

fn process_edges(log: &Log<'_>, edges: &mut Vec<Edge>) {
    let mut ended: Vec<(u32, u64, u32)> =
        ends(log).into_iter().map(|(at, i)| (log.txns[i as usize].process, at, i)).collect();
    ended.sort_unstable();
    for pair in ended.windows(2) {
        if pair[0].0 == pair[1].0 {
            edges.push(Edge::new(pair[0].2, pair[1].2, PROCESS));
        }
    }
}

/// Ends lead into the chain, the chain leads to later beginnings.
fn chain(log: &Log<'_>, nodes: usize, edges: &mut Vec<Edge>) -> (usize, bool) {
    let ends = ends(log);
    let mut next_node = nodes as u32;
    let (mut at, mut current) = (0, None);
    for (i, txn) in log.numbered() {
        if at < ends.len() && ends[at].0 < txn.invoked {
            let node = next_node;
            next_node += 1;
            if let Some(previous) = current {
                edges.push(Edge::new(previous, node, REALTIME));
            }
            while at < ends.len() && ends[at].0 < txn.invoked {
                edges.push(Edge::new(ends[at].1, node, REALTIME));
                at += 1;
            }
            current = Some(node);
        }
        if let Some(node) = current {
            edges.push(Edge::new(node, i, REALTIME));
        }
    }
    (next_node as usize, current.is_some())
}

/// The transitive reduction of real time among these transactions (ascending): from `a` to `b` unless an ok one of
/// them lies wholly between. Nodes of the edges are positions in `members`.
pub(crate) fn reduced(log: &Log<'_>, members: &[u32], edges: &mut Vec<Edge>) {
    let txn = |local: u32| &log.txns[members[local as usize] as usize];
    let mut ends: Vec<u32> = (0..members.len() as u32).filter(|i| txn(*i).end == End::Ok).collect();
    ends.sort_unstable_by_key(|i| txn(*i).completed);
    let mut open: Vec<u32> = Vec::new();
    let mut at = 0;
    for local in 0..members.len() as u32 {
        while at < ends.len() && txn(ends[at]).completed < txn(local).invoked {
            let ended = ends[at];
            open.retain(|a| txn(*a).completed >= txn(ended).invoked);
            open.push(ended);
            at += 1;
        }
        edges.extend(open.iter().map(|a| Edge::new(*a, local, REALTIME)));
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, REALTIME, extend, reduced};
    use crate::graph::{Edge, Graph, Searcher};
    use crate::transactions::Log;
    use crate::transactions::list_append::tests_support::history_of_intervals;
    use proptest::prelude::{prop, proptest};

    proptest! {
        #[test]
        fn both_short_forms_reach_what_real_time_orders(
            intervals in prop::collection::vec((0u64..30, 1u64..9), 1..10)
        ) {
            let history = history_of_intervals(&intervals);
            let log = Log::new(&history);
            let n = log.txns.len() as u32;
            let mut chain = Vec::new();
            let (nodes, _) = extend(&log, Kind::Realtime, log.txns.len(), &mut chain);
            let mut short = Vec::new();
            let members: Vec<u32> = (0..n).collect();
            reduced(&log, &members, &mut short);
            assert!(short.iter().all(|e: &Edge| e.labels == REALTIME));
            let (chain, short) = (Graph::new(nodes, &chain), Graph::new(n as usize, &short));
            for a in 0..n {
                for b in 0..n {
                    let before = log.txns[a as usize].completed < log.txns[b as usize].invoked;
                    assert_eq!(Searcher::new(&chain).path(a, b, 999, |_, _, _| true).is_some(), before);
                    assert_eq!(Searcher::new(&short).path(a, b, 999, |_, _, _| true).is_some(), before);
                }
            }
        }
    }
}
