//! Linearizability: whether every operation of a history can have taken effect at one instant between its invocation
//! and its end, so that the answers are those of one object used by one client at a time (Herlihy & Wing, 1990).
//!
//! A history is parted into objects that know nothing of each other; each is judged by a near-linear algorithm where
//! its values are unique, and by a search otherwise; a violation is shrunk to a few operations and told in words.
//! Deliberately absent: other consistency models, and reading files ([`crate::format`]).

mod anomaly;
mod decide;
mod explain;
mod fast;
pub(crate) mod hash;
mod memory;
mod models;
mod partition;
mod problem;
mod search;
pub mod sequential;
mod shrink;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;
use std::str::FromStr;

use sim_core::history::History;
use sim_core::value::Value;

use crate::format::KeyNames;
use crate::verdict::Verdict;

pub use decide::{Decision, decide};
pub use partition::objects;

/// What kind of object the history is of. Every kind may be keyed: then each key is an object of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// A register with read, write and compare-and-set.
    Register,
    /// Several registers, read and written several at once by transactions.
    MultiRegister,
    /// A map: read, write, compare-and-set, delete and append, by key.
    KeyValue,
    /// A set: insert, remove, contains, read.
    Set,
    /// A first-in, first-out queue.
    Queue,
    /// A stack.
    Stack,
    /// A queue that gives out its least element.
    PriorityQueue,
    /// A counter: add, read.
    Counter,
    /// A lock: acquire, release. It does not know who holds it.
    Mutex,
    /// A log: append, read.
    Log,
}

/// How to judge.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What a register, a key, a counter or a log holds before the first operation.
    pub initial: Value,
    /// After how many configurations of a search, per object, to give up with [`Verdict::Unknown`].
    pub configurations_max: u64,
    /// The names of keys, for messages.
    pub names: KeyNames,
    /// Whether the near-linear algorithms may be used; off, everything is searched.
    pub fast_paths: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            initial: Value::Nil,
            configurations_max: 10_000_000,
            names: KeyNames::default(),
            fast_paths: true,
        }
    }
}

/// Judges a history, and explains a violation.
#[must_use]
pub fn check(history: &History, model: Model, options: &Options) -> Verdict {
    decide(history, model, options).explain(options)
}

impl Model {
    /// All of them with their names; the first name of each is its own, the others are those of other tools.
    pub const NAMES: [(&'static str, Model); 20] = [
        ("register", Model::Register),
        ("cas-register", Model::Register),
        ("etcd-cas-register", Model::Register),
        ("multi-register", Model::MultiRegister),
        ("key-value", Model::KeyValue),
        ("kv", Model::KeyValue),
        ("kv-partitioned", Model::KeyValue),
        ("kv-unpartitioned", Model::KeyValue),
        ("map", Model::KeyValue),
        ("set", Model::Set),
        ("queue", Model::Queue),
        ("fifo-queue", Model::Queue),
        ("stack", Model::Stack),
        ("priority-queue", Model::PriorityQueue),
        ("counter", Model::Counter),
        ("mutex", Model::Mutex),
        ("lock", Model::Mutex),
        ("log", Model::Log),
        ("append-log", Model::Log),
        ("lifo-stack", Model::Stack),
    ];

    /// Its own name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Model::NAMES.iter().find(|(_, model)| *model == self).map_or("register", |(name, _)| name)
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Model {
    type Err = String;

    /// # Errors
    /// The names there are, when the text is none of them.
    fn from_str(text: &str) -> Result<Model, String> {
        Model::NAMES.iter().find(|(name, _)| *name == text).map(|(_, model)| *model).ok_or_else(|| {
            let names: Vec<&str> = Model::NAMES.iter().map(|(name, _)| *name).collect();
            format!("no model \"{text}\"; there are {}", names.join(", "))
        })
    }
}
