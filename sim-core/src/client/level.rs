//! How many replicas an operation waits for, as its client says: Cassandra's consistency levels.
//!
//! The engine carries a level with the request and draws it where a client mixes several; what it means is the model's
//! business. Deliberately absent: levels for models without replicas, which the loader refuses.

use serde::{Deserialize, Serialize};

use crate::random::Rng;
use crate::value::Call;

/// How many replicas an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Level {
    /// One.
    One,
    /// This many.
    Replicas(u32),
    /// More than half of all.
    Quorum,
    /// All.
    All,
    /// One in the coordinator's region.
    LocalOne,
    /// More than half of those in the coordinator's region.
    LocalQuorum,
    /// More than half of those in each region.
    EachQuorum,
}

/// The levels of a group of clients, each with its weight; those of an empty list are the model's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// Of operations that change nothing.
    #[serde(default)]
    pub reads: Vec<(Level, f64)>,
    /// Of all others.
    #[serde(default)]
    pub writes: Vec<(Level, f64)>,
}

impl Levels {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reads.is_empty() && self.writes.is_empty()
    }

    /// All levels that may be asked for.
    pub fn all(&self) -> impl Iterator<Item = Level> {
        self.reads.iter().chain(&self.writes).map(|(level, _)| *level)
    }

    /// Whether the weights make sense.
    ///
    /// # Errors
    /// What does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        for (name, list) in [("reads", &self.reads), ("writes", &self.writes)] {
            if list.iter().any(|(_, weight)| !(weight.is_finite() && *weight >= 0.0)) {
                return Err(format!("{name}: a weight is a finite number, 0 or more"));
            }
            let total: f64 = list.iter().map(|(_, weight)| weight).sum();
            let sound = total.is_finite() && total > 0.0;
            if !list.is_empty() && !sound {
                return Err(format!("{name}: at least one level needs a weight above 0"));
            }
        }
        Ok(())
    }

    /// The level of an operation. The draw is the last of the operation's block, so no other draw moves.
    pub(crate) fn draw(&self, call: &Call, rng: &mut Rng) -> Option<Level> {
        let list = if call.is_read_only() { &self.reads } else { &self.writes };
        let total: f64 = list.iter().map(|(_, weight)| weight).sum();
        let mut left = rng.unit() * total;
        let drawn = list.iter().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        drawn.or(list.last()).map(|(level, _)| *level)
    }
}
