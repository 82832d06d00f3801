//! The observed-remove set (INRIA RR-7506, §3.3.5), with a causal context in place of tombstones (Bieniusa et al., 2012;
//! its deltas: Almeida, Shoker & Baquero, JPDC 2018, §7.2).
//!
//! A removal takes away the insertions that its replica had seen and no others: of an insertion and a removal that did
//! not know of each other, the insertion wins.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::value::{Call, Value};

use super::bytes::stored;
use super::dots::{Dot, Dots};
use super::lattice::{Author, Lattice, Replicated};

/// A set. It offers `Insert`, `Remove` and `Read`. The removal of what is not there has no effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OrSet {
    /// Each element with the insertions that are not removed; never none.
    elements: BTreeMap<Value, BTreeSet<Dot>>,
    /// All insertions known here, removed ones included.
    seen: Dots,
}

stored!(OrSet { elements, seen });

impl OrSet {
    fn dots(&self, element: &Value) -> impl Iterator<Item = Dot> {
        self.elements.get(element).into_iter().flatten().copied()
    }
}

impl Lattice for OrSet {
    fn join(&mut self, other: &OrSet) -> bool {
        let mut changed = false;
        self.elements.retain(|element, own| {
            let theirs = other.elements.get(element);
            let before = own.len();
            own.retain(|dot| theirs.is_some_and(|theirs| theirs.contains(dot)) || !other.seen.has(*dot));
            changed |= own.len() < before;
            !own.is_empty()
        });
        for (element, theirs) in &other.elements {
            let mut new = theirs.iter().copied().filter(|dot| !self.seen.has(*dot)).peekable();
            if new.peek().is_some() {
                self.elements.entry(element.clone()).or_default().extend(new);
                changed = true;
            }
        }
        self.seen.join(&other.seen) || changed
    }
}

impl Replicated for OrSet {
    fn delta(&self, call: &Call, author: Author) -> Option<OrSet> {
        match call {
            Call::Insert(element) => {
                let dot = self.seen.next(author.node);
                let elements = BTreeMap::from([(element.clone(), BTreeSet::from([dot]))]);
                Some(OrSet { elements, seen: self.dots(element).chain([dot]).collect() })
            }
            Call::Remove(element) => {
                Some(OrSet { elements: BTreeMap::new(), seen: self.dots(element).collect() })
            }
            _ => None,
        }
    }

    fn value(&self) -> Value {
        Value::List(self.elements.keys().cloned().collect())
    }
}
