//! Plumtree over HyParView: broadcast along a tree that gossip repairs (Leitão, Pereira & Rodrigues, SRDS'07 and
//! DSN'07).
//!
//! [`views`] keeps whom a node knows (HyParView's active and passive view), [`node`] the tree: payloads go to eager
//! neighbours, announcements to lazy ones, and a missing payload is fetched from whoever announced it, which grafts
//! that link into the tree; a link is exchanged for one that is shorter by a threshold (§3.8), where [`Tree::threshold`]
//! says so. The engine has no connections that break, so neighbours send keep-alives, which a [`crate::detector`] judges.
//! [`config`] is what a file says. Other models spread their news along a [`Tree`] through a [`port`], as [`crate::crdt`]
//! does. Deliberately absent: announcements that are held back to be sent together.

pub mod config;
pub mod message;
pub mod node;
pub mod port;
mod shorten;
pub mod views;

use std::sync::Arc;

use sim_core::world::NodeGroup;

pub use self::config::{Plumtree, Tree};
use self::node::{PlumtreeNode, Shared};
use crate::model::{Cluster, Model, Words};

impl Model for Plumtree {
    type Node = PlumtreeNode;
    type Invariants = ();

    const NAME: &'static str = "plumtree";
    const SUMMARY: &'static str =
        "broadcast along a tree that gossip repairs, over HyParView's partial views (SRDS'07, DSN'07)";

    const WORDS: Option<Words> = Some(Words {
        roles: &[],
        marks: &["applied", "grafted", "neighbour given up", "path shortened", "payload sent"],
        messages: &["payload", "ihave", "graft", "prune", "keepalive", "membership"],
    });

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        self.check(cluster.nodes)
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<Arc<Shared>>> {
        cluster.alike(Arc::new(Shared { settings: self.clone() }))
    }

    fn invariants(&self, _: &Cluster) {}
}
