//! Quorum replication after Dynamo (DeCandia et al., SOSP'07): N replicas of each key on a consistent-hash ring, of
//! which R answer a read and W a write; any node coordinates.
//!
//! | file | owns |
//! |---|---|
//! | `config` | the settings |
//! | `versions` | which version replaces which: time stamps, numbers, vectors, dots; siblings, tombstones |
//! | `ring`, `membership` | where a key lives; joins and leaves; how many answers are enough |
//! | `coordinator` | an operation's rounds, read repair, write-back (ABD), sloppy quorums |
//! | `replica`, `storage` | what a node holds, hints, purging of tombstones, the disk |
//! | `anti_entropy` | Merkle trees |
//!
//! Deliberately absent: compare-and-set and transactions, which no quorum of this kind can offer; gossip of membership.

mod anti_entropy;
mod config;
mod coordinator;
mod membership;
mod message;
mod node;
mod replica;
pub mod ring;
mod storage;
pub mod versions;

use std::sync::Arc;

use sim_core::node::Node;
use sim_core::world::NodeGroup;

use crate::model::{Cluster, Model};

pub use config::{AntiEntropy, Change, Contact, Context, Level, Move, Persistence, Quorum, Reads, Sloppy};
pub use membership::{Homes, QuorumConfig};
pub use message::{Cause, Message, Timer};
pub use node::QuorumNode;
pub use replica::{Held, Hint};

/// The regions of a cluster's places in turn, numbered in the order in which they come.
fn regions(cluster: &Cluster) -> (Vec<u16>, u32) {
    let mut names: Vec<&str> = Vec::new();
    let mut numbers = Vec::new();
    for place in &cluster.places {
        let region = place.split('/').next().unwrap_or(place);
        let number = names.iter().position(|name| *name == region).unwrap_or_else(|| {
            names.push(region);
            names.len() - 1
        });
        numbers.push(number as u16);
    }
    (numbers, (names.len() as u32).max(1))
}

impl Model for Quorum {
    type Node = QuorumNode;
    type Invariants = ();

    const NAME: &'static str = "quorum";
    const SUMMARY: &'static str =
        "a key-value store with N replicas, R of which answer a read and W a write (Dynamo, SOSP'07)";

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        self.check(cluster.nodes, regions(cluster).1)
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<<QuorumNode as Node>::Config>> {
        cluster.alike(Arc::new(QuorumConfig::new(self, cluster.nodes, regions(cluster).0)))
    }

    fn invariants(&self, _: &Cluster) {}
}
