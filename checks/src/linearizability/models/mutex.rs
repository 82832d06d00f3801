//! A lock: free or held.
//!
//! Deliberately absent: who holds it, as in Knossos' mutex. Acquiring a held lock and releasing a free one are
//! impossible; an attempt that was told `false` saw that it was so.

use sim_core::value::{Call, Value};

use crate::linearizability::problem::{Deed, Spec};

/// The specification of a lock, held at first or free; state 0 is free, 1 is held.
#[derive(Debug)]
pub(crate) struct Mutex(pub(crate) bool);

/// What is done to a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Took it.
    Acquire,
    /// Gave it back.
    Release,
    /// Saw it in this state.
    Saw(u32),
}

impl Spec for Mutex {
    type Action = Action;

    fn action(&mut self, deed: &Deed<'_>) -> Result<Option<Action>, String> {
        let refused = deed.value() == Some(&Value::Bool(false));
        match (deed.call, deed.value()) {
            (Call::Acquire, _) if refused => Ok(Some(Action::Saw(1))),
            (Call::Release, _) if refused => Ok(Some(Action::Saw(0))),
            (Call::Acquire, _) => Ok(Some(Action::Acquire)),
            (Call::Release, _) => Ok(Some(Action::Release)),
            (Call::Read, Some(Value::Bool(held))) => Ok(Some(Action::Saw(u32::from(*held)))),
            (Call::Read, _) => Ok(None),
            (other, _) => Err(format!("a mutex has no operation \"{}\"", other.name())),
        }
    }

    fn initial(&mut self) -> u32 {
        u32::from(self.0)
    }

    fn step(&mut self, state: u32, action: Action) -> Option<u32> {
        match action {
            Action::Acquire => (state == 0).then_some(1),
            Action::Release => (state == 1).then_some(0),
            Action::Saw(seen) => (state == seen).then_some(state),
        }
    }

    fn is_observation(action: Action) -> bool {
        matches!(action, Action::Saw(_))
    }

    fn as_initial(&self, state: u32) -> Option<Value> {
        Some(Value::Bool(state == 1))
    }

    fn show(&self, state: u32) -> String {
        if state == 0 { "it is free".to_owned() } else { "it is held".to_owned() }
    }
}
