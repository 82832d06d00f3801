//! Load shedding: what a server turns away at its door, before it has cost anything.
//!
//! Deliberately absent: the queue itself and what it drops later; see [`super::queue`].

use serde::{Deserialize, Serialize};
use sim_core::time::{Span, Time};

use super::concurrency::{Limit, LimitConfig};

/// One reason to turn work away.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ShedConfig {
    /// So many wait already.
    Depth(u32),
    /// So many wait already, by priority: class 0 is the most important and may fill the whole depth, each class
    /// below it an equal part less.
    Priority {
        /// The depth for class 0.
        depth: u32,
        /// How many classes there are.
        classes: u32,
    },
    /// It would not be done in time: the wait that the queue promises is longer than its deadline allows.
    Deadline,
    /// So many are inside already, by a limit that adapts.
    Concurrency(LimitConfig),
}

/// Shedding at work.
#[derive(Clone, Debug)]
pub struct Shed {
    rules: Vec<ShedConfig>,
    limit: Option<Limit>,
}

/// What a server knows of itself and of the work that comes.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The time.
    pub now: Time,
    /// How many wait.
    pub waiting: u32,
    /// How long one that waits behind them is expected to take.
    pub expected: Span,
    /// The work's class.
    pub priority: u8,
    /// When its caller gives up, if that is known.
    pub deadline: Option<Time>,
}

impl ShedConfig {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            ShedConfig::Priority { classes: 0, .. } => Err("Priority: classes: at least 1".into()),
            ShedConfig::Concurrency(config) => config.validate(),
            _ => Ok(()),
        }
    }
}

impl Shed {
    /// These rules, in this order.
    #[must_use]
    pub fn new(rules: &[ShedConfig]) -> Shed {
        let limit = rules.iter().find_map(|rule| match rule {
            ShedConfig::Concurrency(config) => Some(Limit::new(*config)),
            _ => None,
        });
        Shed { rules: rules.to_vec(), limit }
    }

    /// Whether the work may come in. If so, [`Shed::left`] must be told when it leaves.
    pub fn admit(&mut self, arrival: &Arrival) -> bool {
        let fits = self.rules.iter().all(|rule| match rule {
            ShedConfig::Depth(depth) => arrival.waiting < *depth,
            ShedConfig::Priority { depth, classes } => {
                let class = u32::from(arrival.priority).min(classes - 1);
                arrival.waiting < depth * (classes - class) / classes
            }
            ShedConfig::Deadline => {
                arrival.deadline.is_none_or(|deadline| arrival.now + arrival.expected <= deadline)
            }
            ShedConfig::Concurrency(_) => true,
        });
        fits && self.limit.as_mut().is_none_or(Limit::enter)
    }

    /// Work that came in has left: well or not, after this long.
    pub fn left(&mut self, ok: bool, took: Span) {
        if let Some(limit) = &mut self.limit {
            limit.ended(ok, took);
        }
    }

    /// Work that came in was called off: it says nothing.
    pub fn forget(&mut self) {
        if let Some(limit) = &mut self.limit {
            limit.forget();
        }
    }

    /// The adaptive limit now, if there is one.
    #[must_use]
    pub fn limit(&self) -> Option<u32> {
        self.limit.as_ref().map(Limit::limit)
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrival, Shed, ShedConfig};
    use sim_core::time::{Span, Time};

    fn arrival(waiting: u32, priority: u8) -> Arrival {
        Arrival { now: Time(100), waiting, expected: Span(50), priority, deadline: Some(Time(140)) }
    }

    #[test]
    fn the_less_important_is_turned_away_first() {
        let mut shed = Shed::new(&[ShedConfig::Priority { depth: 100, classes: 4 }]);
        let admitted: Vec<u8> = (0..4).filter(|class| shed.admit(&arrival(60, *class))).collect();
        assert_eq!(admitted, [0, 1]);
    }

    #[test]
    fn what_would_be_late_is_turned_away() {
        let mut shed = Shed::new(&[ShedConfig::Deadline]);
        assert!(!shed.admit(&arrival(1, 0)));
        assert!(shed.admit(&Arrival { expected: Span(40), ..arrival(1, 0) }));
        assert!(shed.admit(&Arrival { deadline: None, ..arrival(1, 0) }));
    }
}
