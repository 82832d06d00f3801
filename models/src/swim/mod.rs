//! SWIM: membership by random probing and piggybacked gossip (Das et al., DSN'02), with Lifeguard's additions (Dadgar
//! et al., DSN'18) by memberlist's formulas.
//!
//! [`config`] the settings, [`formulas`] the formulas, [`members`] what a node believes and what it passes on,
//! [`node`] the protocol. Every node knows all members from the start. Deliberately absent: joining by members that
//! nobody heard of, leaving in good order, encryption, and the TCP fallback of probes.

pub mod config;
pub mod formulas;
pub mod members;
pub mod node;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sim_core::world::NodeGroup;

pub use self::config::Swim;
use self::node::{Shared, SwimNode};
use crate::model::{Cluster, Model, Words};

impl Model for Swim {
    type Node = SwimNode;
    type Invariants = ();

    const NAME: &'static str = "swim";
    const SUMMARY: &'static str =
        "SWIM membership with Lifeguard's additions by memberlist's formulas (DSN'02, DSN'18)";

    const WORDS: Option<Words> = Some(Words {
        roles: &[],
        marks: &["declared dead", "refuted"],
        messages: &["ping", "ping-req", "ack", "nack", "gossip", "sync", "state"],
    });

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        self.check(cluster)
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<Arc<Shared>>> {
        cluster.alike(Arc::new(Shared::new(self.clone(), cluster.nodes)))
    }

    fn invariants(&self, _: &Cluster) {}
}
