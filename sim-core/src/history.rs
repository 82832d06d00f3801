//! A history: every operation that clients invoked, when, and how it ended, by Jepsen's three ends.
//!
//! It holds no verdict; the checkers in `checks` read it. Foreign histories are read into the same form.

use std::mem;

use serde::{Deserialize, Serialize};

use crate::peer::Peer;
use crate::time::Time;
use crate::value::{Call, Micro, Operation, Value};

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It happened, and this was the answer. Jepsen's `:ok`.
    Ok(Answer),
    /// It certainly did not happen. Jepsen's `:fail`.
    Failed(Reason),
    /// It may have happened, may yet happen, or never will. Jepsen's `:info`. Stays concurrent to the end.
    Unknown(Reason),
}

/// What a completed operation was told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Answer {
    /// The answer of a plain call: the value read, `Bool` for a compare-and-set, `Nil` where there is nothing to tell.
    Value(Value),
    /// A transaction's steps, with what its reads saw.
    Txn(Vec<Micro>),
}

/// The answer of an operation that got something lesser than it asked for: a default, a stale value.
pub const LESSER: &str = "degraded";

/// Why an operation failed or its end is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// No answer came in time.
    Timeout,
    /// The run ended first.
    EndOfRun,
    /// The node answered that it will not (not the leader, overloaded, shutting down).
    Rejected,
    /// The network told the client at once that nobody is there.
    Unreachable,
    /// The system aborted it: a transaction's conflict.
    Aborted,
    /// A history from elsewhere gave no reason.
    Unstated,
}

/// One operation's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The logical process: it issues one operation after another, and none after one whose end is unknown.
    pub process: u32,
    /// What was asked.
    pub operation: Operation,
    /// When it was invoked.
    pub invoked: Time,
    /// The position of the invocation among all invocations and completions of the history. Two events at one
    /// instant are ordered by it.
    pub invoked_index: u64,
    /// When its end was known; [`Time::NEVER`] while it is not, and for ever if it ends unknown.
    pub completed: Time,
    /// The position of the completion likewise; `u64::MAX` where there is none.
    pub completed_index: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// How often it was sent; 0 in a history from elsewhere.
    pub attempts: u32,
    /// The node that answered, where one did and is known.
    pub answered_by: Option<Peer>,
}

/// All operations of a run, in the order of their invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// In the order of `invoked_index`.
    pub entries: Vec<Entry>,
}

impl Outcome {
    /// Jepsen's word for it: `ok`, `fail`, `info`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Ok(_) => "ok",
            Outcome::Failed(_) => "fail",
            Outcome::Unknown(_) => "info",
        }
    }
}

impl Entry {
    /// What has just been invoked, a read for now: what it asks is to be said by [`Entry::ask`], so that it is written where it stays.
    #[inline(always)]
    pub(crate) fn begun(process: u32, invoked: Time, invoked_index: u64) -> Entry {
        Entry {
            process,
            operation: Operation { key: None, call: Call::Read },
            invoked,
            invoked_index,
            completed: Time::NEVER,
            completed_index: u64::MAX,
            outcome: Outcome::Unknown(Reason::EndOfRun),
            attempts: 0,
            answered_by: None,
        }
    }

    /// Says what it asks, once.
    #[inline(always)]
    pub(crate) fn ask(&mut self, operation: &Operation) {
        debug_assert_eq!(self.operation.call, Call::Read, "it is said once");
        self.operation.key = operation.key;
        // There is nothing to drop.
        mem::forget(mem::replace(&mut self.operation.call, operation.call.clone()));
    }

    /// The value answered, if it ended ok with one.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        match &self.outcome {
            Outcome::Ok(Answer::Value(value)) => Some(value),
            _ => None,
        }
    }
    /// Whether it ended ok with something lesser than it asked for.
    #[must_use]
    pub fn is_lesser(&self) -> bool {
        matches!(&self.outcome, Outcome::Ok(Answer::Value(Value::Text(text))) if **text == *LESSER)
    }
    /// Whether it ended ok.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Ok(_))
    }
    /// Whether it certainly did not happen.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }
}

impl History {
    /// How many ended (ok, failed, unknown).
    #[must_use]
    pub fn counts(&self) -> (u64, u64, u64) {
        self.entries.iter().fold((0, 0, 0), |(ok, failed, unknown), entry| match entry.outcome {
            Outcome::Ok(_) => (ok + 1, failed, unknown),
            Outcome::Failed(_) => (ok, failed + 1, unknown),
            Outcome::Unknown(_) => (ok, failed, unknown + 1),
        })
    }
}
