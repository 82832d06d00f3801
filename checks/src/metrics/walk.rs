//! What several metrics ask of every operation, found in one walk: a history is larger than the caches.
//!
//! Deliberately absent: what they make of it.

use sim_core::history::Outcome;
use sim_core::record::Record;
use sim_core::time::{Span, Time};

use crate::metrics::Phases;

/// What the walk found.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// How many operations ended ok, how many failed, and how many ended unknown.
    pub(super) ends: [u64; 3],
    /// Of those invoked in the calm part, how many ended ok, and how many did not.
    pub(super) calm: [u64; 2],
    /// How often they were sent.
    pub(super) attempts: u64,
    /// Those that ended ok, in the order of their invocation.
    pub(super) done: Vec<Done>,
    /// The names of their calls.
    pub(super) kinds: Vec<&'static str>,
}

/// An operation that ended ok.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    pub(super) invoked: Time,
    pub(super) completed: Time,
    /// The place of its call's name.
    pub(super) kind: u32,
    pub(super) process: u32,
}

impl Done {
    pub(super) fn took(&self) -> Span {
        self.completed.since(self.invoked)
    }
}

impl Walk {
    pub(super) fn over(record: &Record, phases: &Phases) -> Walk {
        let entries = &record.history.entries;
        let mut walk = Walk { done: Vec::with_capacity(entries.len()), ..Walk::default() };
        let calm = phases.calm_from..phases.stop_at;
        for entry in entries {
            let end = match entry.outcome {
                Outcome::Ok(_) => 0,
                Outcome::Failed(_) => 1,
                Outcome::Unknown(_) => 2,
            };
            walk.ends[end] += 1;
            walk.calm[usize::from(end > 0)] += u64::from(calm.contains(&entry.invoked));
            walk.attempts += u64::from(entry.attempts);
            if end == 0 {
                let kind = walk.kind(entry.operation.call.name());
                let (invoked, completed, process) = (entry.invoked, entry.completed, entry.process);
                walk.done.push(Done { invoked, completed, kind, process });
            }
        }
        walk
    }

    fn kind(&mut self, name: &'static str) -> u32 {
        let place = self.kinds.iter().position(|other| *other == name).unwrap_or_else(|| {
            self.kinds.push(name);
            self.kinds.len() - 1
        });
        place as u32
    }
}
