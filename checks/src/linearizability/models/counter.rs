//! A counter: a whole number that is added to.
//!
//! Deliberately absent: overflow. A sum that does not fit saturates, which no counter of a test reaches.

use sim_core::value::{Call, Value};

use crate::linearizability::hash::Interner;
use crate::linearizability::problem::{Deed, Spec};

/// The specification of a counter; a state is the number of its sum.
#[derive(Debug)]
pub(crate) struct Counter {
    sums: Interner<i64>,
    initial: i64,
}

/// What is done to a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Read this sum.
    Read(i64),
    /// Added this much.
    Add(i64),
    /// Added this much and was told the new sum.
    AddTold(i64, i64),
}

impl Counter {
    /// A counter that stands here at first; nothing is 0.
    pub(crate) fn new(initial: &Value) -> Counter {
        let initial = if let Value::Int(n) = initial { *n } else { 0 };
        Counter { sums: Interner::new(), initial }
    }
}

impl Spec for Counter {
    type Action = Action;

    fn action(&mut self, deed: &Deed<'_>) -> Result<Option<Action>, String> {
        match (deed.call, deed.value()) {
            (Call::Read, Some(Value::Int(sum))) => Ok(Some(Action::Read(*sum))),
            (Call::Read, None) => Ok(None),
            (Call::Read, Some(Value::Nil)) => Ok(Some(Action::Read(0))),
            (Call::Read, Some(other)) => Err(format!("a counter cannot read {other}")),
            (Call::Add(n), Some(Value::Int(sum))) => Ok(Some(Action::AddTold(*n, *sum))),
            (Call::Add(n), _) => Ok(Some(Action::Add(*n))),
            (other, _) => Err(format!("a counter has no operation \"{}\"", other.name())),
        }
    }

    fn initial(&mut self) -> u32 {
        self.sums.number(self.initial)
    }

    fn step(&mut self, state: u32, action: Action) -> Option<u32> {
        let sum = *self.sums.get(state);
        match action {
            Action::Read(seen) => (seen == sum).then_some(state),
            Action::Add(n) => Some(self.sums.number(sum.saturating_add(n))),
            Action::AddTold(n, told) => {
                let after = sum.saturating_add(n);
                (after == told).then(|| self.sums.number(after))
            }
        }
    }

    fn is_observation(action: Action) -> bool {
        matches!(action, Action::Read(_))
    }

    fn as_initial(&self, state: u32) -> Option<Value> {
        Some(Value::Int(*self.sums.get(state)))
    }

    fn show(&self, state: u32) -> String {
        format!("it stands at {}", self.sums.get(state))
    }
}
