//! Whether the replicas of each key hold the same: the states themselves, compared from outside.
//!
//! What is kept for a silent replica counts as known: a key whose homes agree while somebody keeps news for one of them
//! has not settled. Deliberately absent: what clients read, which may hide what a replica lacks.

use std::collections::BTreeMap;

use sim_core::peer::Peer;

use super::node::QuorumNode;
use super::versions::{Cell, Object};
use crate::model::{ReplicaState, Replicas};

/// Compares live nodes.
pub(super) fn compare(nodes: &[(Peer, &QuorumNode)]) -> Replicas {
    let mut found = Replicas::default();
    let Some((_, first)) = nodes.first() else { return found };
    let shared = first.shared();
    let rule = shared.quorum.versions;
    let epoch = nodes.iter().map(|(_, node)| node.epoch()).max().unwrap_or_default();
    let mut known: BTreeMap<Object, Cell> = BTreeMap::new();
    for (_, node) in nodes {
        let held = node.all_held().iter().map(|(object, held)| (*object, &held.cell));
        let kept = node.kept_for_others().iter().map(|((_, object), hint)| (*object, &hint.cell));
        for (object, cell) in held.chain(kept) {
            match known.get_mut(&object) {
                Some(all) if all == cell => {}
                Some(all) => drop(all.merge(cell, rule)),
                None => drop(known.insert(object, cell.clone())),
            }
        }
    }
    let mut states: BTreeMap<Peer, ReplicaState> =
        nodes.iter().map(|(peer, _)| (*peer, ReplicaState::default())).collect();
    for (object, all) in &known {
        let homes = shared.homes(*object, epoch);
        let mut same = true;
        for home in homes.now {
            let Ok(place) = nodes.binary_search_by_key(&home, |(peer, _)| *peer) else {
                same = false;
                continue;
            };
            let held = nodes[place].1.held(*object).map(|held| &held.cell);
            let state = states.entry(home).or_default();
            state.versions = state.versions.max(held.map_or(0, |cell| cell.0.len() as u64));
            if held != Some(all) {
                state.behind += 1;
                same = false;
            }
        }
        if same {
            let values = all.0.iter().map(|version| version.value.clone().unwrap_or_default());
            found.agreed.push((*object, values.collect()));
        } else {
            found.unsettled += 1;
        }
    }
    found.states = states.into_iter().collect();
    found
}
