//! Raft (Ongaro & Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX ATC'14; Ongaro's
//! dissertation, Stanford 2014), section by section.
//!
//! [`config`] holds the settings, [`admin`] the plan of changes an administrator makes.
//! Deliberately absent: clients, faults and judging, which are the engine's and the checkers'.

pub mod admin;
pub mod config;
mod node;

use std::sync::Arc;

use sim_core::node::Node;
use sim_core::peer::Peer;
use sim_core::world::NodeGroup;

pub use self::admin::{Action, Admin, Scheme};
pub use self::config::{Bug, Persistence, Quorums, Raft, Reads, Snapshots};
pub use self::node::{RaftConfig, RaftNode};

use crate::model::{Cluster, Model};

impl Model for Raft {
    type Node = RaftNode;
    type Invariants = ();

    const NAME: &'static str = "raft";
    const SUMMARY: &'static str =
        "Raft consensus under a replicated key-value store (Ongaro & Ousterhout 2014)";

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        self.check(cluster.nodes)
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<<RaftNode as Node>::Config>> {
        let members = (0..cluster.nodes).map(Peer::node).collect();
        cluster.alike(Arc::new(RaftConfig { raft: self.clone(), members }))
    }

    fn invariants(&self, _cluster: &Cluster) -> Self::Invariants {}
}
