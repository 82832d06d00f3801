//! One object's operations, stripped to what a linearization must respect: what was asked, what was answered, and
//! between which two positions of the history it happened.
//!
//! Deliberately absent: failed operations, which did not happen, and unanswered reads, which bind nothing.

use sim_core::history::{Answer, Entry, Outcome};
use sim_core::value::{Call, Value};

/// The position of an end that is not known.
pub(crate) const PENDING: u64 = u64::MAX;

/// One operation that happened, or may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deed<'a> {
    /// Its position in the history's entries.
    pub entry: usize,
    /// The position of its invocation.
    pub invoked: u64,
    /// The position of its end; [`PENDING`] if it may have happened, may yet, or never will.
    pub returned: u64,
    /// What was asked.
    pub call: &'a Call,
    /// What was answered; `None` while pending.
    pub answer: Option<&'a Answer>,
}

/// What a specification makes of operations: small actions on small states, both cheap to copy and compare.
pub(crate) trait Spec {
    /// An operation with its answer. Equal actions are interchangeable.
    type Action: Copy + PartialEq + std::fmt::Debug;

    /// Whether [`Spec::leads_to`] can tell anything.
    const FORESEES: bool = false;

    /// The action of a deed; `None` if it binds nothing and changes nothing.
    ///
    /// # Errors
    /// In words, when the object has no such operation.
    fn action(&mut self, deed: &Deed<'_>) -> Result<Option<Self::Action>, String>;

    /// The state before all operations.
    fn initial(&mut self) -> u32;

    /// The state after this action, if the action with its answer is possible in this state.
    fn step(&mut self, state: u32, action: Self::Action) -> Option<u32>;

    /// Whether the action changes nothing in any state in which it is possible.
    fn is_observation(action: Self::Action) -> bool;

    /// The initial value of an object that is in this state from the start, if there is one.
    fn as_initial(&self, _state: u32) -> Option<Value> {
        None
    }

    /// The position by which these operations cannot have a linearization, where that shows without a search.
    fn refute(&mut self, _deeds: &[Deed<'_>]) -> Option<u64> {
        None
    }

    /// Whether a pending operation of this action is of no use to anyone. Asked once all deeds were made actions.
    fn is_idle(&self, _action: Self::Action) -> bool {
        false
    }

    /// Whether a pending operation need not take effect just before this next action (itself pending or not), since it
    /// may as well do so later, or not at all. `before` is the state without it.
    fn may_wait(&self, _before: u32, _pending: Self::Action, _next: Self::Action, _next_pends: bool) -> bool {
        false
    }

    /// Whether there are finitely many states if pending operations happen again and again. Asked once all deeds were
    /// made actions.
    fn is_finite(&self) -> bool {
        true
    }

    /// About how many words of memory the states seen so far take.
    fn weight(&self) -> u64 {
        0
    }

    /// The state in words, behind "then": `it holds 5`.
    fn show(&self, state: u32) -> String;

    /// Whether the action sees the whole state, so that [`Spec::leads_to`] can be asked of it.
    fn observes(&self, _action: Self::Action) -> bool {
        false
    }

    /// Whether the action may replace what was there by something unrelated.
    fn resets(&self, _action: Self::Action) -> bool {
        true
    }

    /// Whether, without a reset, this state can become one in which this observer is possible.
    fn leads_to(&self, _state: u32, _observer: Self::Action) -> bool {
        true
    }
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Solved {
    /// There is a linearization.
    Yes,
    /// There is none; already none for what happened up to this position.
    No(u64),
    /// The budget was spent, or the memory for states.
    Spent,
    /// The object has no such operation; in words.
    Unfit(String),
}

impl<'a> Deed<'a> {
    /// The deed of an entry, if it can have happened.
    pub(crate) fn of(index: usize, entry: &'a Entry) -> Option<Deed<'a>> {
        let (returned, answer) = match &entry.outcome {
            Outcome::Failed(_) => return None,
            Outcome::Unknown(_) if entry.operation.call.is_read_only() => return None,
            Outcome::Unknown(_) => (PENDING, None),
            Outcome::Ok(answer) => (entry.completed_index, Some(answer)),
        };
        Some(Deed {
            entry: index,
            invoked: entry.invoked_index,
            returned,
            call: &entry.operation.call,
            answer,
        })
    }

    /// The value answered.
    pub(crate) fn value(&self) -> Option<&'a Value> {
        match self.answer {
            Some(Answer::Value(value)) => Some(value),
            _ => None,
        }
    }

    /// The same operation as if its end were not known.
    pub(crate) fn relaxed(self) -> Deed<'a> {
        Deed { returned: PENDING, answer: None, ..self }
    }

    /// Whether it must have happened.
    pub(crate) fn is_required(&self) -> bool {
        self.answer.is_some()
    }
}
