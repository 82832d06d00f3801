//! Whether all copies are alike: the states themselves, compared from outside.
//!
//! Deliberately absent: what clients read, which of two unlike states may be the same.

use std::collections::BTreeSet;

use sim_core::peer::Peer;
use sim_core::value::Value;

use super::node::CrdtNode;
use super::state::State;
use crate::model::{ReplicaState, Replicas};

/// Compares live nodes.
pub(super) fn compare(nodes: &[(Peer, &CrdtNode)]) -> Replicas {
    let mut found = Replicas::default();
    let all_up = nodes.first().is_some_and(|(_, node)| nodes.len() == node.nodes() as usize);
    found.states = nodes.iter().map(|(peer, _)| (*peer, ReplicaState::default())).collect();
    let keys: BTreeSet<_> = nodes.iter().flat_map(|(_, node)| node.objects().states.keys()).collect();
    for key in keys {
        let own = |place: usize| nodes[place].1.objects().states.get(key);
        let first = own(0);
        let alike = (1..nodes.len()).all(|place| own(place) == first);
        if let Some(state) = first.filter(|_| alike && all_up) {
            found.agreed.push((*key, values(state)));
        } else {
            found.unsettled += 1;
        }
        // The join of all is worked out only where they differ.
        let all = (!alike).then(|| joined((0..nodes.len()).filter_map(own))).flatten();
        for (place, (_, state)) in found.states.iter_mut().enumerate() {
            state.versions = state.versions.max(own(place).map_or(0, |own| values(own).len() as u64));
            state.behind += u64::from(all.is_some() && own(place) != all.as_ref());
        }
    }
    found
}

fn joined<'s>(mut states: impl Iterator<Item = &'s State>) -> Option<State> {
    let mut all = states.next()?.clone();
    for state in states {
        all.join(state);
    }
    Some(all)
}

/// One value; of a register that keeps several, each.
fn values(state: &State) -> Vec<Value> {
    match (state, state.value()) {
        (State::MvRegister(_), Value::List(values)) => values,
        (_, value) => vec![value],
    }
}
