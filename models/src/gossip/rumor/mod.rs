//! Rumor mongering: one piece of news spreads by random calls (Demers et al., PODC'87, §1.4).
//!
//! All variants of the paper are settings: who tells whom ([`Exchange`]), what a contact tells the teller
//! ([`Feedback`]), when a node stops telling ([`Interest`]), how many calls a node takes in a cycle and how often a
//! caller hunts on. Time goes in cycles, which all nodes begin together, or runs freely ([`Pace`]).
//!
//! In cycles, everything is judged as of the cycle's start: what a node hears in a cycle it passes on from the next,
//! and to a second caller of the same cycle it still counts as new. Each node keeps the number of the cycle it heard
//! in and compares, so this holds in any order of events, as long as a contact (a call, with its answer and the feedback on
//! it where there are such) fits into a cycle.
//!
//! [`config`] is what a file says, [`node`] what runs. Deliberately absent: a second rumor ([`crate::gossip::anti_entropy`] has a whole database), and membership: every
//! node can call every other.

pub mod config;
pub mod node;

use std::sync::Arc;

use sim_core::network::NetworkConfig;
use sim_core::time::Span;
use sim_core::world::NodeGroup;

pub use self::config::{Exchange, Feedback, Interest, Pace, Rumor};
use self::node::{RumorNode, Shared};
use crate::model::{Cluster, Model, Words};

impl Model for Rumor {
    type Node = RumorNode;
    type Invariants = ();

    const NAME: &'static str = "rumor";
    const SUMMARY: &'static str =
        "rumor mongering in all variants of Demers et al. (PODC'87): one rumor, random calls";

    const WORDS: Option<Words> = Some(Words {
        roles: &[],
        marks: &["heard", "lost interest", "rumor sent", "turned away"],
        messages: &["call", "answer", "told", "busy"],
    });

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        self.check(cluster.nodes)
    }

    fn validate_network(&self, network: &NetworkConfig) -> Result<(), (String, String)> {
        self.check_network(network)
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<Arc<Shared>>> {
        let interval = match &self.pace {
            Pace::Cycles(length) => *length,
            Pace::Freely(gap) => gap.mean().unwrap_or(Span(1)),
        };
        cluster.alike(Arc::new(Shared { settings: self.clone(), nodes: cluster.nodes, interval }))
    }

    fn invariants(&self, _: &Cluster) {}
}
