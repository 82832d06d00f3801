//! What is said to a stack of policies and what it answers: calls in, acts out.
//!
//! Deliberately absent: how it comes to its answers.

use std::collections::VecDeque;

use crate::time::Time;

use super::Outcome;
use super::stack_frames::Token;

/// A call as its caller hands it in.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// What the caller knows it by; comes back with its end.
    pub tag: u64,
    /// What is asked for; equal keys may be coalesced.
    pub key: u64,
    /// When the caller itself has no use for an answer any more; [`Time::NEVER`] if it does not know. It goes on to the
    /// callee with every attempt, and the call ends with it, as if a `Timeout` stood around all layers.
    pub deadline: Time,
}

/// What a stack asks its owner to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Send an attempt; [`Stack::ended`](super::Stack::ended) is to be told how it ends.
    Send {
        /// The attempt.
        attempt: Token,
        /// The call's tag.
        tag: u64,
        /// Which attempt of its call, from 1.
        number: u32,
        /// The deadline to tell the callee; [`Time::NEVER`] for none.
        deadline: Time,
        /// Whether it is one of two tied copies.
        twin: Twin,
    },
    /// Nobody waits for this attempt any more.
    Cancel {
        /// The attempt.
        attempt: Token,
        /// Why not.
        why: Why,
    },
    /// Call [`Stack::wake`](super::Stack::wake) at this time.
    Wake {
        /// When.
        at: Time,
        /// What with.
        token: Token,
    },
    /// A call has ended.
    Done {
        /// Its tag.
        tag: u64,
        /// How.
        outcome: Outcome,
    },
    /// Something worth counting happened.
    Mark(&'static str),
}

/// Whether an attempt is one of two tied copies, of which the one that begins calls the other off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twin {
    /// It is not.
    None,
    /// It is, and the other is not on its way.
    Awaited,
    /// It is, and this is the other.
    Of(Token),
}

/// Why nobody waits for an attempt any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It took too long: as far as its caller can tell, the callee failed.
    Late,
    /// Another copy has answered.
    Lost,
    /// Another copy has answered that it was tied to: it is to be taken back.
    Tied,
    /// The call is of no use any more.
    Left,
}

/// What stacks ask for, in the order of asking, each with the number of the stack that asks.
#[derive(Clone, Debug, Default)]
pub struct Acts {
    /// The number of the stack that is told something now.
    pub stack: u16,
    list: VecDeque<(u16, Act)>,
}

impl Acts {
    /// The next that is to be done.
    #[inline]
    pub fn take(&mut self) -> Option<(u16, Act)> {
        self.list.pop_front()
    }
    pub(super) fn push(&mut self, act: Act) {
        self.list.push_back((self.stack, act));
    }
    pub(super) fn extend(&mut self, act: Option<Act>) {
        self.list.extend(act.map(|act| (self.stack, act)));
    }
}
