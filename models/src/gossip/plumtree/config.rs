//! The settings as scenario files write them: a tree (the partial views below it, how it is pruned, repaired and shortened),
//! and what is broadcast along it.
//!
//! Another model that spreads its news along a tree has the same [`Tree`] in its own settings. Deliberately absent: how
//! any of it is done.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sim_core::time::{Span, Time};
use sim_core::units::Bytes;

use super::node::Shared;
use crate::detector::Detector;

/// The settings: a tree, and what is broadcast along it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plumtree {
    /// The tree.
    pub tree: Tree,
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

impl Plumtree {
    /// A tree on which nobody broadcasts by itself.
    fn silent(tree: Tree) -> Plumtree {
        Plumtree { tree, origins: 0, every: Span::secs(1), from: Span::ZERO, until: None, payload: Bytes(0) }
    }

    pub(super) fn broadcasts_at(&self, at: Time) -> bool {
        self.until.is_none_or(|until| at <= Time::ZERO + until)
    }

    /// Whether the settings make sense for so many nodes.
    pub(super) fn check(&self, nodes: u32) -> Result<(), (String, String)> {
        let fail = |path: &str, why: &str| Err((path.to_string(), why.to_string()));
        if nodes < 2 {
            return fail("", "a broadcast needs at least 2 nodes");
        }
        self.tree.check().map_err(|(path, why)| (format!("tree.{path}"), why))?;
        if self.every == Span::ZERO {
            return fail("every", "more than 0");
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

/// A tree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
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
    /// By how many hops an announcement must be shorter than the way a payload came, for the one link to take the other's
    /// place (§3.8); links stay as they are if absent.
    #[serde(default)]
    pub threshold: Option<u16>,
}

fn yes() -> bool {
    true
}

impl Tree {
    /// What the nodes of a tree share along which another model spreads its news.
    #[must_use]
    pub fn shared(&self) -> Arc<Shared> {
        Arc::new(Shared { settings: Plumtree::silent(*self) })
    }

    /// Whether the settings make sense.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn check(&self) -> Result<(), (String, String)> {
        let fail = |path: &str, why: &str| Err((path.to_string(), why.to_string()));
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
        ] {
            if span == Span::ZERO {
                return fail(path, "more than 0");
            }
        }
        if self.threshold == Some(0) {
            return fail("threshold", "at least 1; leave it out to keep links as they are");
        }
        if self.threshold.is_some() && !self.prune {
            return fail("threshold", "without `prune` there are no announcements to compare");
        }
        let under = |(path, why): (String, String)| (format!("detector.{path}"), why);
        self.detector.validate(self.keepalive).map_err(under)?;
        match self.detector {
            Detector::NfdS { .. } => {
                let why = "keep-alives begin at a random instant at each node, and NFD-S must know when they are sent; \
                           NfdE estimates it";
                fail("detector", why)
            }
            Detector::Timeout(silence) if silence <= self.keepalive => {
                fail("detector.Timeout", "longer than the time between keep-alives")
            }
            _ => Ok(()),
        }
    }
}
