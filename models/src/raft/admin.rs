//! What an administrator asks of the cluster, as lines of a plan in the settings: members added and removed, the
//! leadership handed over.
//!
//! Every node knows the plan; whoever leads carries out the next line once its own clock has reached the line's time.
//! How many lines are done is part of the membership in the log, so a new leader goes on where the old one stopped.

use serde::{Deserialize, Serialize};
use sim_core::time::Span;

/// One line of the plan. Lines are carried out in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// Not before this, on the leader's own clock.
    pub at: Span,
    /// What.
    #[serde(rename = "do")]
    pub action: Action,
    /// Only this node does it, while it leads; another leader passes the line over. Whoever leads unless said
    /// otherwise.
    #[serde(default)]
    pub by: Option<u32>,
}

/// What an administrator asks. Nodes are named by their index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Action {
    /// A node that gets the log but does not vote (D 4.2.1).
    AddLearner(u32),
    /// A voter; it is a learner until it has caught up, and given up if it does not (D 4.2.1).
    AddServer(u32),
    /// A voter or learner leaves.
    RemoveServer(u32),
    /// Whoever leads then leaves (D 4.2.2).
    RemoveLeader,
    /// Exactly these vote from now on: one joint change (D 4.3), or one server after another, by the scheme.
    SetVoters(Vec<u32>),
    /// The leadership goes to this node, or to the one that is furthest (D 3.10).
    Transfer(Option<u32>),
}

/// How membership changes are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Scheme {
    /// One server at a time (D 4.1), each change after an entry of the leader's term is committed (Ongaro's note to
    /// the raft-dev list, 2015).
    #[default]
    Single,
    /// Through a joint configuration that needs quorums of both (§6, D 4.3).
    Joint,
}

impl Action {
    /// Whether it leaves the membership as it is.
    #[must_use]
    pub fn is_transfer(&self) -> bool {
        matches!(self, Action::Transfer(_))
    }

    /// Whether it makes sense for so many nodes.
    pub(super) fn check(&self, nodes: u32) -> Result<(), String> {
        let named: &[u32] = match self {
            Action::AddLearner(node) | Action::AddServer(node) | Action::RemoveServer(node) => &[*node],
            Action::SetVoters(list) if list.is_empty() => return Err("SetVoters: at least one votes".into()),
            Action::SetVoters(list) => {
                if let Some(twice) = list.iter().enumerate().find(|(i, node)| list[..*i].contains(node)) {
                    return Err(format!("SetVoters: node {} is named twice", twice.1));
                }
                list
            }
            Action::Transfer(node) => node.as_slice(),
            Action::RemoveLeader => &[],
        };
        match named.iter().find(|node| **node >= nodes) {
            Some(node) => Err(format!("there is no node {node}; there are 0 to {}", nodes - 1)),
            None => Ok(()),
        }
    }
}
