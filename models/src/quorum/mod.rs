//! Quorum replication after Dynamo (DeCandia et al., SOSP'07): N replicas of each key on a consistent-hash ring, of
//! which R answer a read and W a write; any node coordinates.
//!
//! | file | owns |
//! |---|---|
//! | `config` | the settings |
//! | `versions` | which version replaces which: time stamps, numbers, vectors, dots; siblings, tombstones |
//! | `ring`, `membership` | where a key lives, before and after each change; how many answers are enough |
//! | `administration` | how a change of membership is carried out, step by step |
//! | `coordinator` | an operation's rounds, read repair, write-back (ABD), sloppy quorums |
//! | `replica`, `storage` | what a node holds, hints, purging of tombstones, the disk |
//! | `anti_entropy` | Merkle trees |
//! | `liveness` | heartbeats, and whom a coordinator thinks up |
//! | `probe` | measuring reads |
//! | `replicas` | whether all replicas hold the same, as the run's judge asks |
//!
//! Deliberately absent: compare-and-set and transactions, which no quorum of this kind can offer; gossip of membership.

mod administration;
mod anti_entropy;
mod config;
mod coordinator;
mod liveness;
mod membership;
mod message;
mod node;
mod probe;
mod replica;
mod replicas;
pub mod ring;
mod storage;
pub mod versions;

use std::sync::Arc;

use sim_core::client::level::Level;
use sim_core::node::Node;
use sim_core::peer::Peer;
use sim_core::time::{Span, Time};
use sim_core::value::Key;
use sim_core::world::NodeGroup;

use crate::model::{Cluster, Model, Moment, Replicas};

pub use config::{
    Action, Admin, AntiEntropy, Contact, Context, Liveness, Persistence, Probe, Quorum, Reads, Sloppy,
};
pub use membership::{Homes, QuorumConfig};
pub use message::{Cause, Epoch, Message, Timer};
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

    const LEVELS: bool = true;
    const REPLICATED: bool = true;

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        let true_clocks = cluster.clock.offset == Span::ZERO && cluster.clock.drift_ppm == 0.0;
        let (numbers, count) = regions(cluster);
        self.check(cluster.nodes, count, true_clocks)?;
        QuorumConfig::new(self, cluster.nodes, numbers).check_regions()
    }

    fn validate_level(&self, cluster: &Cluster, level: Level) -> Result<(), String> {
        self.check_level(level, regions(cluster).1)
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<<QuorumNode as Node>::Config>> {
        cluster.alike(Arc::new(QuorumConfig::new(self, cluster.nodes, regions(cluster).0)))
    }

    fn invariants(&self, _: &Cluster) {}

    fn replicas(nodes: &[(Peer, &QuorumNode)], _: Time) -> Option<Replicas> {
        Some(replicas::compare(nodes))
    }

    fn view(node: &QuorumNode, _: &Moment) -> String {
        let name = |key: &Option<Key>| key.map_or_else(|| "the object".to_string(), |key| format!("x{key}"));
        let held = node.all_held().iter().map(|(key, held)| format!("{}: {}", name(key), held.cell.answer()));
        let kept = node
            .kept_for_others()
            .iter()
            .map(|((home, key), hint)| format!("{} for {home}: {}", name(key), hint.cell.answer()));
        held.chain(kept).collect::<Vec<_>>().join("\n")
    }
}
