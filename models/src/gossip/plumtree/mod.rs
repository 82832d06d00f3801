//! Plumtree over HyParView: broadcast along a tree that gossip repairs (Leitão, Pereira & Rodrigues, SRDS'07 and
//! DSN'07).
//!
//! [`views`] keeps whom a node knows (HyParView's active and passive view), [`node`] the tree: payloads go to eager
//! neighbours, announcements to lazy ones, and a missing payload is fetched from whoever announced it, which grafts
//! that link into the tree. The engine has no connections that break, so neighbours send keep-alives, which a
//! [`crate::detector`] judges. Other models spread their news along it through a [`port`], as [`crate::crdt`] does
//! with a [`Tree`]. Deliberately absent: the optimisation that exchanges a long path for a short one (§3.8).

pub mod node;
pub mod port;
pub mod views;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sim_core::time::{Span, Time};
use sim_core::units::Bytes;
use sim_core::world::NodeGroup;

use self::node::{PlumtreeNode, Shared};
use crate::detector::Detector;
use crate::model::{Cluster, Model, Words};

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plumtree {
    /// The size of the active view.
    pub active: u32,
    /// The size of the passive view.
    pub passive: u32,
    /// How far a newcomer's walk goes (ARWL).
    pub walk_active: u8,
    /// At how many steps before its end the walk leaves the newcomer in a passive view (PRWL).
    pub walk_passive: u8,
    /// How often passive views are mixed.
    pub shuffle: Span,
    /// How many active and passive peers a shuffle carries.
    pub shuffled: (u32, u32),
    /// The time between two nodes' joining, in the order of their index.
    pub join_gap: Span,
    /// How often neighbours say that they are there.
    pub keepalive: Span,
    /// What judges neighbours by their keep-alives; one that it suspects is given up.
    pub detector: Detector,
    /// How long an announced payload is waited for before it is fetched.
    pub missing: Span,
    /// How long a fetched one is, before the next announcer is asked.
    pub refetch: Span,
    /// Whether the tree is pruned; if not, this is plain flooding of the active views.
    #[serde(default = "yes")]
    pub prune: bool,
    /// How many nodes broadcast: the first so many.
    pub origins: u32,
    /// How often each does.
    pub every: Span,
    /// From when on.
    pub from: Span,
    /// Until when; to the run's end if absent.
    #[serde(default)]
    pub until: Option<Span>,
    /// The size of a payload.
    pub payload: Bytes,
}

/// A tree along which another model spreads its news: the settings of [`Plumtree`] that are not about what is broadcast,
/// and mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// The size of the active view.
    pub active: u32,
    /// The size of the passive view.
    pub passive: u32,
    /// How far a newcomer's walk goes.
    pub walk_active: u8,
    /// At how many steps before its end the walk leaves the newcomer in a passive view.
    pub walk_passive: u8,
    /// How often passive views are mixed.
    pub shuffle: Span,
    /// How many active and passive peers a shuffle carries.
    pub shuffled: (u32, u32),
    /// The time between two nodes' joining.
    pub join_gap: Span,
    /// How often neighbours say that they are there.
    pub keepalive: Span,
    /// What judges neighbours by their keep-alives.
    pub detector: Detector,
    /// How long an announced payload is waited for before it is fetched.
    pub missing: Span,
    /// How long a fetched one is, before the next announcer is asked.
    pub refetch: Span,
    /// Whether the tree is pruned.
    #[serde(default = "yes")]
    pub prune: bool,
}

impl Tree {
    /// Whether the settings make sense for so many nodes.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn check(&self, nodes: u32) -> Result<(), (String, String)> {
        self.settings().check(nodes)
    }

    /// What the nodes of the tree share.
    #[must_use]
    pub fn shared(&self) -> Arc<Shared> {
        Arc::new(Shared { settings: self.settings() })
    }

    /// A tree on which nobody broadcasts by itself.
    fn settings(&self) -> Plumtree {
        Plumtree {
            active: self.active,
            passive: self.passive,
            walk_active: self.walk_active,
            walk_passive: self.walk_passive,
            shuffle: self.shuffle,
            shuffled: self.shuffled,
            join_gap: self.join_gap,
            keepalive: self.keepalive,
            detector: self.detector,
            missing: self.missing,
            refetch: self.refetch,
            prune: self.prune,
            origins: 0,
            every: Span::secs(1),
            from: Span::ZERO,
            until: None,
            payload: Bytes(0),
        }
    }
}

fn yes() -> bool {
    true
}

impl Plumtree {
    fn broadcasts_at(&self, at: Time) -> bool {
        self.until.is_none_or(|until| at <= Time::ZERO + until)
    }

    /// Whether the settings make sense for so many nodes.
    fn check(&self, nodes: u32) -> Result<(), (String, String)> {
        let fail = |path: &str, why: &str| Err((path.to_string(), why.to_string()));
        if nodes < 2 {
            return fail("", "a broadcast needs at least 2 nodes");
        }
        if self.active == 0 {
            return fail("active", "at least 1");
        }
        if self.walk_passive > self.walk_active {
            return fail("walk_passive", "at most walk_active");
        }
        for (path, span) in [
            ("shuffle", self.shuffle),
            ("keepalive", self.keepalive),
            ("missing", self.missing),
            ("refetch", self.refetch),
            ("every", self.every),
        ] {
            if span == Span::ZERO {
                return fail(path, "more than 0");
            }
        }
        let under = |(path, why): (String, String)| (format!("detector.{path}"), why);
        self.detector.validate(self.keepalive).map_err(under)?;
        match self.detector {
            Detector::NfdS { .. } => {
                let why = "keep-alives begin at a random instant at each node, and NFD-S must know when they are sent; \
                           NfdE estimates it";
                return fail("detector", why);
            }
            Detector::Timeout(silence) if silence <= self.keepalive => {
                return fail("detector.Timeout", "longer than the time between keep-alives");
            }
            _ => {}
        }
        if self.origins > nodes {
            return fail("origins", "at most as many as there are nodes");
        }
        if self.until.is_some_and(|until| until < self.from) {
            return fail("until", "not before `from`");
        }
        if self.payload.0 > 1 << 30 {
            return fail("payload", "at most 1GiB");
        }
        Ok(())
    }
}

impl Model for Plumtree {
    type Node = PlumtreeNode;
    type Invariants = ();

    const NAME: &'static str = "plumtree";
    const SUMMARY: &'static str =
        "broadcast along a tree that gossip repairs, over HyParView's partial views (SRDS'07, DSN'07)";

    const WORDS: Option<Words> = Some(Words {
        roles: &[],
        marks: &["applied", "grafted", "neighbour given up", "payload sent"],
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
