//! Dots, the names of updates, and sets of them: the causal context of sets and registers that remove (Almeida, Shoker &
//! Baquero, JPDC 2018, §7; the compact form is from Bieniusa et al., "An Optimized Conflict-free Replicated Set", 2012).
//!
//! Deliberately absent: what an update did, which is the type's own.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::peer::Peer;

use super::bytes::stored;
use super::lattice::Lattice;

/// The name of one update: its replica, and a number that rises there from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot {
    /// The replica.
    pub node: Peer,
    /// The replica's number.
    pub count: u64,
}

stored!(Dot { node, count });

/// A set of dots: for each replica all up to a number, and those beyond a gap one by one. Equal sets have one form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dots {
    upto: BTreeMap<Peer, u64>,
    beyond: BTreeSet<Dot>,
}

stored!(Dots { upto, beyond });

impl Dots {
    /// Whether a dot is among them.
    #[must_use]
    pub fn has(&self, dot: Dot) -> bool {
        self.upto.get(&dot.node).is_some_and(|upto| *upto >= dot.count) || self.beyond.contains(&dot)
    }

    /// Adds one; whether it is new.
    pub fn add(&mut self, dot: Dot) -> bool {
        if self.has(dot) {
            return false;
        }
        self.beyond.insert(dot);
        self.compact(dot.node);
        true
    }

    /// The next dot of a replica that knows all of its own.
    #[must_use]
    pub fn next(&self, node: Peer) -> Dot {
        Dot { node, count: self.upto.get(&node).copied().unwrap_or_default() + 1 }
    }

    /// Takes what follows without a gap out of those beyond.
    fn compact(&mut self, node: Peer) {
        let mut upto = self.upto.get(&node).copied().unwrap_or_default();
        let before = upto;
        while self.beyond.remove(&Dot { node, count: upto + 1 }) {
            upto += 1;
        }
        if upto > before {
            self.upto.insert(node, upto);
        }
    }
}

impl Lattice for Dots {
    fn join(&mut self, other: &Dots) -> bool {
        let mut changed = false;
        for (&node, &count) in &other.upto {
            let upto = self.upto.entry(node).or_default();
            if *upto < count {
                *upto = count;
                changed = true;
                self.beyond.retain(|dot| dot.node != node || dot.count > count);
                self.compact(node);
            }
        }
        for &dot in &other.beyond {
            changed |= self.add(dot);
        }
        changed
    }
}

impl FromIterator<Dot> for Dots {
    fn from_iter<I: IntoIterator<Item = Dot>>(dots: I) -> Dots {
        let mut all = Dots::default();
        for dot in dots {
            all.add(dot);
        }
        all
    }
}
