//! The anomalies found so far: how many of each, and the first few told in full.
//!
//! Deliberately absent: which of them matter; that depends on what was asked (see [`super::analysis`]).

use std::collections::BTreeMap;

use super::lattice::{Anomaly, AnomalySet, anomaly};
use crate::verdict::Witness;

/// How many of a kind are told in full.
const TOLD: usize = 4;

/// Anomalies by kind.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub kinds: BTreeMap<Anomaly, (usize, Vec<Witness>)>,
}

impl Findings {
    /// Counts one more; tells it if it is among the first, or if it is shorter than those.
    pub fn add(&mut self, name: &str, tell: impl FnOnce() -> Witness) {
        self.add_of(anomaly(name), usize::MAX, tell);
    }

    /// The same for an anomaly at hand; of more than are told the ones of least `size` are kept.
    pub fn add_of(&mut self, anomaly: Anomaly, size: usize, tell: impl FnOnce() -> Witness) {
        let (count, told) = self.kinds.entry(anomaly).or_default();
        *count += 1;
        if told.len() < TOLD {
            told.push(tell());
        } else if size < told[TOLD - 1].entries.len() {
            told[TOLD - 1] = tell();
        } else {
            return;
        }
        told.sort_by_key(|witness| witness.entries.len());
    }

    /// Which kinds there are.
    pub fn anomalies(&self) -> AnomalySet {
        self.kinds.keys().copied().collect()
    }
}
