//! The settings of a system of replicated objects as scenario files write them.
//!
//! Deliberately absent: machines, networks and clients, which the cluster and the scenario say.

use serde::{Deserialize, Serialize};
use sim_core::time::Span;

use crate::gossip::anti_entropy::Compare;
use crate::gossip::plumtree::Tree;
use crate::gossip::rumor::Interest;

/// Objects of one conflict-free replicated type under keys, a full copy at every node. A node answers clients from its
/// own copy, without asking anybody, and others learn of what changed by gossip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crdt {
    /// What every object is.
    pub kind: Kind,
    /// What a node tells another.
    pub sends: Sends,
    /// By which way it gets about; every node tells random others, again and again, unless said otherwise.
    #[serde(default)]
    pub via: Via,
    /// How often each node turns to others.
    pub every: Span,
    /// To how many others, drawn anew each time; 1 unless said otherwise.
    #[serde(default = "one")]
    pub fanout: u32,
    /// How many deltas a node keeps for those that lack them; one that is further behind is sent the whole state. 1024
    /// unless said otherwise.
    #[serde(default = "kept")]
    pub keep: u32,
}

/// The replicated types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Kind {
    /// A counter that only grows.
    GCounter,
    /// A counter that goes both ways.
    PnCounter,
    /// A set that only grows.
    GSet,
    /// A set whose elements, once removed, never come back.
    TwoPhaseSet,
    /// A set in which an insertion wins over a removal that did not know of it.
    OrSet,
    /// A register in which the write with the latest wall-clock time stays.
    LwwRegister,
    /// A register that keeps all writes that did not know of each other.
    MvRegister,
    /// A list.
    Rga,
}

/// What a node tells another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Sends {
    /// The whole state, each time.
    States,
    /// What the other has not acknowledged yet.
    Deltas,
}

/// By which way news gets about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Via {
    /// Each node tells random others, for as long as they have not acknowledged it.
    #[default]
    Push,
    /// Each delta is a rumor: told to random others until they knew it too often ([`crate::gossip::rumor`]). Rumors die
    /// out before everyone has heard, so in every so-manieth turn a node compares with another besides.
    Rumor {
        /// When a node stops telling.
        interest: Interest,
        /// In every so-manieth turn; 0 for never.
        compare_every: u32,
    },
    /// Nodes compare with random others, and exchange the objects in which they differ ([`crate::gossip::anti_entropy`]).
    AntiEntropy(Compare),
    /// Each delta goes along a broadcast tree, once ([`crate::gossip::plumtree`]). Who is cut off or down meanwhile misses
    /// it, so in every so-manieth turn a node compares with another besides.
    Plumtree {
        /// The tree.
        tree: Tree,
        /// In every so-manieth turn; 0 for never.
        compare_every: u32,
    },
}

fn one() -> u32 {
    1
}

fn kept() -> u32 {
    1024
}

impl Crdt {
    /// Whether the settings make sense for so many nodes.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn check(&self, nodes: u32) -> Result<(), (String, String)> {
        let fail = |field: &str, why: String| Err((field.to_string(), why));
        if self.every == Span::ZERO {
            return fail("every", "a length above 0".into());
        }
        if self.fanout == 0 || (self.fanout >= nodes && nodes > 1) {
            return fail(
                "fanout",
                format!("1 to {}, the number of other nodes, found {}", nodes.max(2) - 1, self.fanout),
            );
        }
        if self.keep == 0 {
            return fail("keep", "1 at least".into());
        }
        match (self.via, self.sends) {
            (Via::Push, _) => {}
            (Via::Rumor { .. } | Via::Plumtree { .. }, Sends::States) => {
                return fail("via", "rumors and payloads are deltas: sends: Deltas".into());
            }
            (Via::Plumtree { tree, .. }, _) => {
                if nodes < 2 {
                    return fail("via", "a broadcast needs at least 2 nodes".into());
                }
                tree.check().map_err(|(path, why)| (format!("via.Plumtree.tree.{path}"), why))?;
            }
            (Via::Rumor { interest: Interest::Coin { k }, .. }, _) if !(k >= 1.0 && k.is_finite()) => {
                return fail("via", format!("k is a number of 1 or more, found {k}"));
            }
            (Via::Rumor { interest: Interest::Counter { k: 0, .. }, .. }, _) => {
                return fail("via", "k is 1 or more".into());
            }
            (Via::Rumor { .. }, _) => {}
            (Via::AntiEntropy(_), Sends::Deltas) => {
                return fail("via", "comparisons exchange states: sends: States".into());
            }
            (Via::AntiEntropy(compare), _) => compare.check().map_err(|why| ("via".to_string(), why))?,
        }
        Ok(())
    }
}
