//! The two-phase set (INRIA RR-7506, §3.3.2): what was ever inserted, and what was ever removed.
//!
//! An element that was removed never comes back: a later insertion is acknowledged and has no effect, which is this
//! type's price for needing no names of updates.

use sim_core::value::{Call, Value};

use super::bytes::stored;
use super::g_set::GSet;
use super::lattice::{Author, Lattice, Replicated};

/// A set. It offers `Insert`, `Remove` and `Read`. The removal of what is not there has no effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TwoPhaseSet {
    inserted: GSet,
    removed: GSet,
}

stored!(TwoPhaseSet { inserted, removed });

impl Lattice for TwoPhaseSet {
    fn join(&mut self, other: &TwoPhaseSet) -> bool {
        let inserted = self.inserted.join(&other.inserted);
        self.removed.join(&other.removed) || inserted
    }
}

impl Replicated for TwoPhaseSet {
    fn delta(&self, call: &Call, _: Author) -> Option<TwoPhaseSet> {
        match call {
            Call::Insert(element) => {
                Some(TwoPhaseSet { inserted: GSet::of(element), removed: GSet::default() })
            }
            Call::Remove(element) if self.inserted.has(element) => {
                Some(TwoPhaseSet { inserted: GSet::default(), removed: GSet::of(element) })
            }
            Call::Remove(_) => Some(TwoPhaseSet::default()),
            _ => None,
        }
    }

    fn value(&self) -> Value {
        Value::List(self.inserted.iter().filter(|element| !self.removed.has(element)).cloned().collect())
    }
}
