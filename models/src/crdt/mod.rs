//! Conflict-free replicated data types under keys, every node with a copy of its own (Shapiro, Preguiça, Baquero &
//! Zawirski, "Conflict-free Replicated Data Types", SSS'11): available on every side of a partition, and alike again after.
//!
//! | file | owns |
//! |---|---|
//! | `config` | the settings |
//! | `lattice` | what a replicated type is: joins, deltas, values |
//! | `g_counter`, `pn_counter`, `g_set`, `two_phase_set`, `or_set`, `lww_register`, `mv_register`, `rga` | a type each |
//! | `dots` | names of updates and sets of them |
//! | `state` | an object of whichever type, and the map of all objects |
//! | `spread` | which deltas whom to tell |
//! | `gossip` | deltas as rumors, comparisons by trees of hashes |
//! | `broadcast` | deltas along a broadcast tree |
//! | `replicas` | whether all copies are alike, as the run's judge asks |
//! | `node`, `message`, `bytes` | a replica, what it says, what it keeps on disk |
//!
//! Deliberately absent: operation-based types, which need exactly-once causal delivery; partial replication.

mod broadcast;
mod bytes;
pub mod config;
pub mod dots;
pub mod g_counter;
pub mod g_set;
mod gossip;
pub mod lattice;
pub mod lww_register;
mod message;
pub mod mv_register;
mod node;
pub mod or_set;
pub mod pn_counter;
mod replicas;
pub mod rga;
pub mod spread;
pub mod state;
#[cfg(test)]
mod tests;
pub mod two_phase_set;

use sim_core::peer::Peer;
use sim_core::time::Time;
use sim_core::world::NodeGroup;

use crate::model::{Cluster, Model, Moment, Replicas};

pub use config::{Crdt, Kind, Sends, Via};
pub use message::Message;
pub use node::{CrdtConfig, CrdtNode};

impl Model for Crdt {
    type Node = CrdtNode;
    type Invariants = ();

    const NAME: &'static str = "crdt";
    const SUMMARY: &'static str = "conflict-free replicated objects: every node answers from its own copy, and copies are merged (SSS'11)";

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        self.check(cluster.nodes)
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<CrdtConfig>> {
        cluster.alike(CrdtConfig { crdt: self.clone(), nodes: cluster.nodes })
    }

    fn invariants(&self, _: &Cluster) {}

    const REPLICATED: bool = true;

    fn replicas(nodes: &[(Peer, &CrdtNode)], _: Time) -> Option<Replicas> {
        Some(replicas::compare(nodes))
    }

    fn view(node: &CrdtNode, _: &Moment) -> String {
        let name =
            |key: &Option<sim_core::value::Key>| key.map_or_else(String::new, |key| format!("x{key}: "));
        let lines =
            node.objects().states.iter().map(|(key, state)| format!("{}{}", name(key), state.value()));
        lines.collect::<Vec<_>>().join("\n")
    }
}
