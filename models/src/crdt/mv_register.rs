//! The multi-value register (INRIA RR-7506, §3.2.2; its deltas: Almeida, Shoker & Baquero, JPDC 2018, §7.3): writes that
//! did not know of each other are all kept, until one that knows of them is made.

use std::collections::BTreeMap;

use sim_core::value::{Call, Value};

use super::bytes::stored;
use super::dots::{Dot, Dots};
use super::lattice::{Author, Lattice, Replicated};

/// A register. It offers `Write` and `Read`, which answers a list where there are several values. A write replaces what
/// its replica holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MvRegister {
    /// The writes that no other replaced.
    values: BTreeMap<Dot, Value>,
    /// All writes known here.
    seen: Dots,
}

stored!(MvRegister { values, seen });

impl Lattice for MvRegister {
    fn join(&mut self, other: &MvRegister) -> bool {
        let before = self.values.len();
        self.values.retain(|dot, _| other.values.contains_key(dot) || !other.seen.has(*dot));
        let mut changed = self.values.len() < before;
        for (dot, value) in other.values.iter().filter(|(dot, _)| !self.seen.has(**dot)) {
            self.values.insert(*dot, value.clone());
            changed = true;
        }
        self.seen.join(&other.seen) || changed
    }
}

impl Replicated for MvRegister {
    fn delta(&self, call: &Call, author: Author) -> Option<MvRegister> {
        let Call::Write(value) = call else { return None };
        let dot = self.seen.next(author.node);
        let mut seen = self.seen.clone();
        seen.add(dot);
        Some(MvRegister { values: BTreeMap::from([(dot, value.clone())]), seen })
    }

    fn value(&self) -> Value {
        let mut values: Vec<Value> = self.values.values().cloned().collect();
        values.sort();
        match values.len() {
            0 => Value::Nil,
            1 => values.remove(0),
            _ => Value::List(values),
        }
    }
}
