//! The grow-only set (INRIA RR-7506, §3.3.1): joining is the union.

use std::collections::BTreeSet;

use sim_core::value::{Call, Value};

use super::bytes::stored;
use super::lattice::{Author, Lattice, Replicated};

/// A set that only grows. It offers `Insert` and `Read`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct GSet {
    elements: BTreeSet<Value>,
}

stored!(GSet { elements });

impl GSet {
    /// The set of one element.
    #[must_use]
    pub fn of(element: &Value) -> GSet {
        GSet { elements: BTreeSet::from([element.clone()]) }
    }

    /// Whether the element is there.
    #[must_use]
    pub fn has(&self, element: &Value) -> bool {
        self.elements.contains(element)
    }

    /// The elements in order.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.elements.iter()
    }
}

impl Lattice for GSet {
    fn join(&mut self, other: &GSet) -> bool {
        let before = self.elements.len();
        self.elements.extend(other.elements.iter().cloned());
        self.elements.len() > before
    }
}

impl Replicated for GSet {
    fn delta(&self, call: &Call, _: Author) -> Option<GSet> {
        match call {
            Call::Insert(element) => Some(GSet::of(element)),
            _ => None,
        }
    }

    fn value(&self) -> Value {
        Value::List(self.iter().cloned().collect())
    }
}
