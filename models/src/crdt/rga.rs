//! The replicated growable array, a list (Roh et al., "Replicated abstract data types", JPDC 2011; as a tree of
//! insertions: Attiya et al., "Specification and Complexity of Collaborative Text Editing", PODC'16, §4).
//!
//! Each element names the one it was put behind; of several put behind one, the latest comes first. Removed elements stay
//! as tombstones, for others may be behind them. Deliberately absent: the removal of tombstones, which takes agreement.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::peer::Peer;
use sim_core::value::{Call, Value};

use super::bytes::stored;
use super::lattice::{Author, Lattice, Replicated};

/// The name of an element: a Lamport clock, then the replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// Greater than that of every element its replica knew.
    pub count: u64,
    /// The replica.
    pub node: Peer,
}

stored!(Id { count, node });

/// A list. It offers `Append` at the end, `Push` at the head, `InsertAt` and `RemoveAt` a place, `Remove` of the first
/// element with a value, and `Read`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rga {
    /// Each element with the one it is behind; `None` for the head.
    elements: BTreeMap<Id, (Option<Id>, Value)>,
    removed: BTreeSet<Id>,
}

stored!(Rga { elements, removed });

impl Rga {
    /// The elements that are there, in order.
    #[must_use]
    pub fn visible(&self) -> Vec<(Id, &Value)> {
        let mut behind: BTreeMap<Option<Id>, Vec<Id>> = BTreeMap::new();
        for (id, (previous, _)) in &self.elements {
            behind.entry(*previous).or_default().push(*id);
        }
        // Those behind one are in rising order, so the last is taken first.
        let mut open = behind.remove(&None).unwrap_or_default();
        let mut list = Vec::new();
        while let Some(id) = open.pop() {
            if !self.removed.contains(&id) {
                list.push((id, &self.elements[&id].1));
            }
            open.extend(behind.remove(&Some(id)).unwrap_or_default());
        }
        list
    }

    /// The delta of putting a value behind an element, or at the head.
    #[must_use]
    pub fn insert(&self, previous: Option<Id>, value: &Value, node: Peer) -> Rga {
        let last = self.elements.last_key_value().map_or(0, |(id, _)| id.count);
        let elements = BTreeMap::from([(Id { count: last + 1, node }, (previous, value.clone()))]);
        Rga { elements, removed: BTreeSet::new() }
    }

    /// The delta of removing an element.
    #[must_use]
    pub fn remove(&self, id: Id) -> Rga {
        Rga { elements: BTreeMap::new(), removed: BTreeSet::from([id]) }
    }
}

impl Lattice for Rga {
    fn join(&mut self, other: &Rga) -> bool {
        let before = (self.elements.len(), self.removed.len());
        for (id, element) in &other.elements {
            self.elements.entry(*id).or_insert_with(|| element.clone());
        }
        self.removed.extend(other.removed.iter().copied());
        (self.elements.len(), self.removed.len()) != before
    }
}

impl Replicated for Rga {
    fn delta(&self, call: &Call, author: Author) -> Option<Rga> {
        match call {
            Call::Append(value) => {
                let last = self.visible().last().map(|(id, _)| *id);
                Some(self.insert(last, value, author.node))
            }
            Call::Push(value) => Some(self.insert(None, value, author.node)),
            Call::InsertAt { place, value } => {
                let visible = self.visible();
                let at = ((visible.len() + 1) * usize::from(*place)) >> 16;
                let previous = at.checked_sub(1).map(|before| visible[before].0);
                Some(self.insert(previous, value, author.node))
            }
            Call::RemoveAt { place } => {
                let visible = self.visible();
                let at = (visible.len() * usize::from(*place)) >> 16;
                Some(visible.get(at).map_or_else(Rga::default, |(id, _)| self.remove(*id)))
            }
            Call::Remove(value) => {
                let first = self.visible().into_iter().find(|(_, own)| *own == value);
                Some(first.map_or_else(Rga::default, |(id, _)| self.remove(id)))
            }
            _ => None,
        }
    }

    fn value(&self) -> Value {
        Value::List(self.visible().into_iter().map(|(_, value)| value.clone()).collect())
    }
}
