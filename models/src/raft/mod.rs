//! Raft (Ongaro & Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX ATC'14; Ongaro's
//! dissertation, Stanford 2014), section by section.
//!
//! | section | in |
//! |---|---|
//! | settings, the administrator's plan | [`config`], [`admin`] |
//! | figure 2: state, messages | `node`, [`message`], [`entry`], [`log`] |
//! | §5.2, §5.4.1, D 9.6, D 4.2.3: elections | `election` |
//! | §5.3, §5.4.2, D 10.2.1: replication, commitment | `replication`, `progress`, `follower` |
//! | figure 3: the five properties | [`invariants`] |
//! | §5 persistence | `storage`, `codec`, over [`crate::wal`] |
//! | §7, D 5: snapshots | [`snapshot`] |
//! | §6, D 4: membership | [`membership`], `reconfigure`, `catch_up` |
//! | D 3.10: leadership transfer | `transfer` |
//! | §8, D 6.3, D 6.4: clients | [`machine`], `state`, `read` |
//!
//! A number with D is of the dissertation. Deliberately absent: clients, faults and judging, which are the engine's
//! and the checkers'.

pub mod admin;
mod catch_up;
mod codec;
pub mod config;
mod election;
pub mod entry;
mod follower;
pub mod invariants;
pub mod lease;
pub mod log;
pub mod machine;
pub mod membership;
pub mod message;
mod node;
mod progress;
mod read;
mod reconfigure;
mod replication;
pub mod snapshot;
mod state;
mod storage;
mod stored;
mod transfer;
mod view;

use std::sync::Arc;

use sim_core::disk::Disk;
use sim_core::node::Node;
use sim_core::peer::Peer;
use sim_core::world::NodeGroup;

pub use self::admin::{Action, Admin, Scheme};
pub use self::config::{Bug, Persistence, Quorums, Raft, Reads, Snapshots};
pub use self::invariants::Invariants;
pub use self::node::{RaftConfig, RaftNode, Role};

use crate::model::{Cluster, Model, Moment, Stored, Words};

/// What servers say of themselves.
const WORDS: Words = Words {
    roles: &["follower", "pre-candidate", "candidate", "leader"],
    marks: &[
        "pre-vote started",
        "election started",
        "leader elected",
        "vote disregarded",
        "quorum lost",
        "stepped down",
        "log truncated",
        "log repaired",
        "log refused",
        "disk failed",
        "snapshot unreadable",
        "retry answered",
        "read under lease",
        "membership changed",
        "change refused",
        "change given up",
        "leader removed",
        "snapshot taken",
        "snapshot sent",
        "snapshot begun",
        "snapshot installed",
        "transfer started",
        "transfer taken",
        "transfer given up",
        "transfer refused",
        "priority yielded",
    ],
    messages: <RaftNode as Node>::MESSAGE_KINDS,
};

impl Model for Raft {
    type Node = RaftNode;
    type Invariants = Invariants;

    const NAME: &'static str = "raft";
    const SUMMARY: &'static str =
        "Raft consensus under a replicated key-value store (Ongaro & Ousterhout 2014)";

    const WORDS: Option<Words> = Some(WORDS);

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        self.check(cluster.nodes)
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<<RaftNode as Node>::Config>> {
        let members = (0..cluster.nodes).map(Peer::node).collect();
        cluster.alike(Arc::new(RaftConfig { raft: self.clone(), members }))
    }

    fn invariants(&self, _cluster: &Cluster) -> Invariants {
        Invariants::new()
    }

    fn view(node: &RaftNode, moment: &Moment) -> String {
        node.view(moment)
    }

    fn stored(&self, disk: &Disk) -> Option<Stored> {
        stored::stored(self, disk)
    }

    fn view_json(node: &RaftNode, moment: &Moment) -> Option<serde_json::Value> {
        Some(node.view_json(moment))
    }
}
