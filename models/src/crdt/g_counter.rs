//! The grow-only counter (Shapiro et al., INRIA RR-7506, 2011, §3.1.1): each replica's own sum; the value is their sum.

use std::collections::BTreeMap;

use sim_core::peer::Peer;
use sim_core::value::{Call, Value};

use super::bytes::stored;
use super::lattice::{Author, Lattice, Replicated};

/// A counter that only grows. It offers `Add` of numbers that are not negative, and `Read`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct GCounter {
    sums: BTreeMap<Peer, u64>,
}

stored!(GCounter { sums });

impl GCounter {
    /// The sum of all replicas, which stops at the largest number there is.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.sums.values().fold(0, |total, sum| total.saturating_add(*sum))
    }

    fn of(&self, node: Peer) -> u64 {
        self.sums.get(&node).copied().unwrap_or_default()
    }

    /// The delta of adding.
    #[must_use]
    pub fn add(&self, amount: u64, node: Peer) -> GCounter {
        let sum = self.of(node).saturating_add(amount);
        // A replica that added nothing has no entry, so that equal counters have one form.
        GCounter { sums: (sum > 0).then_some((node, sum)).into_iter().collect() }
    }
}

impl Lattice for GCounter {
    fn join(&mut self, other: &GCounter) -> bool {
        let mut changed = false;
        for (&node, &sum) in &other.sums {
            if self.of(node) < sum {
                self.sums.insert(node, sum);
                changed = true;
            }
        }
        changed
    }
}

impl Replicated for GCounter {
    fn delta(&self, call: &Call, author: Author) -> Option<GCounter> {
        match call {
            Call::Add(amount) => Some(self.add(u64::try_from(*amount).ok()?, author.node)),
            _ => None,
        }
    }

    fn value(&self) -> Value {
        Value::Int(i64::try_from(self.total()).unwrap_or(i64::MAX))
    }
}
