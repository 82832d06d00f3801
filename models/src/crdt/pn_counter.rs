//! The counter that goes both ways (INRIA RR-7506, §3.1.3): one grow-only counter for what was added, one for what was
//! taken away.
//!
//! Deliberately absent: a lower bound, which replicas that do not talk cannot keep.

use sim_core::value::{Call, Value};

use super::bytes::stored;
use super::g_counter::GCounter;
use super::lattice::{Author, Lattice, Replicated};

/// A counter. It offers `Add` of any number, and `Read`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PnCounter {
    up: GCounter,
    down: GCounter,
}

stored!(PnCounter { up, down });

impl Lattice for PnCounter {
    fn join(&mut self, other: &PnCounter) -> bool {
        let up = self.up.join(&other.up);
        self.down.join(&other.down) || up
    }
}

impl Replicated for PnCounter {
    fn delta(&self, call: &Call, author: Author) -> Option<PnCounter> {
        let Call::Add(amount) = call else { return None };
        let size = amount.unsigned_abs();
        Some(if *amount >= 0 {
            PnCounter { up: self.up.add(size, author.node), down: GCounter::default() }
        } else {
            PnCounter { up: GCounter::default(), down: self.down.add(size, author.node) }
        })
    }

    fn value(&self) -> Value {
        let sum = i128::from(self.up.total()) - i128::from(self.down.total());
        Value::Int(sum.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }
}
