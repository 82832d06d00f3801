//! Entries of the log, and what they carry.
//!
//! An entry is made once and shared by everyone who holds it: logs, messages and snapshots keep references. It
//! carries a digest of its content, so a message is hashed without walking its entries, and each place of a log a
//! digest of everything up to it, so two logs are compared in one step.

use std::cell::Cell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;
use std::ops::Deref;
use std::rc::Rc;
use std::slice;
use std::sync::Arc;

use sim_core::fingerprint::content;
use sim_core::peer::Peer;
use sim_core::value::Operation;

use super::membership::Membership;

/// A period with at most one leader (§5.1).
pub type Term = u64;

/// A place in the log, from 1 up.
pub type Index = u64;

/// One entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place.
    pub index: Index,
    /// The term of the leader that made it.
    pub term: Term,
    /// The hash of index, term and payload.
    digest: u64,
    /// What it carries.
    pub payload: Payload,
    /// How many bytes its record on disk has, once somebody has asked; 0 before, for no record is empty. Every server
    /// writes it.
    on_disk: Cell<u32>,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        (self.index, self.term, &self.payload) == (other.index, other.term, &other.payload)
    }
}

/// Entries on their way, one at least, shared by the messages to all followers. Most batches are of one entry, which needs no
/// list.
#[derive(Clone, Debug, PartialEq)]
pub enum Batch {
    /// One entry.
    One(Rc<Entry>),
    /// Several.
    Many(Rc<Vec<Rc<Entry>>>),
}

impl Batch {
    /// These entries; `None` if there are none.
    #[must_use]
    pub fn of(entries: Vec<Rc<Entry>>) -> Option<Batch> {
        match <[Rc<Entry>; 1]>::try_from(entries) {
            Ok([entry]) => Some(Batch::One(entry)),
            Err(entries) => (!entries.is_empty()).then(|| Batch::Many(Rc::new(entries))),
        }
    }
}

impl Deref for Batch {
    type Target = [Rc<Entry>];

    #[inline]
    fn deref(&self) -> &[Rc<Entry>] {
        match self {
            Batch::One(entry) => slice::from_ref(entry),
            Batch::Many(entries) => entries,
        }
    }
}

impl Hash for Batch {
    /// As a list.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

/// What an entry carries.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Payload {
    /// Nothing: a new leader's first entry.
    Noop,
    /// A client's operation.
    Command(Command),
    /// The membership from here on.
    Membership(Arc<Membership>),
}

/// A client's operation, and whose it is.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct Command {
    /// The client's logical process: one session each.
    pub process: u32,
    /// The operation's number within it.
    pub serial: u32,
    /// What is asked.
    pub operation: Operation,
}

/// A place of a log with everything before it: index, term, and the digest of all entries up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position {
    /// The place; 0 before the first entry.
    pub index: Index,
    /// The term of the entry there; 0 before the first.
    pub term: Term,
    /// The digest of every entry up to and with it.
    pub chain: u64,
}

impl Entry {
    /// A new entry.
    #[must_use]
    #[inline(always)]
    pub fn new(index: Index, term: Term, payload: Payload) -> Entry {
        let digest = content(&(index, term, &payload));
        Entry { index, term, digest, payload, on_disk: Cell::new(0) }
    }

    /// The same, to be shared. It is put together where it stays: moving what has just been written in narrower pieces would
    /// hold the processor up.
    #[must_use]
    #[inline(always)]
    pub fn shared(index: Index, term: Term, payload: Payload) -> Rc<Entry> {
        let on_disk = Cell::new(0);
        let mut shared = Rc::new(Entry { index, term, digest: 0, payload: Payload::Noop, on_disk });
        if let Some(entry) = Rc::get_mut(&mut shared) {
            // There is nothing to drop.
            mem::forget(mem::replace(&mut entry.payload, payload));
            entry.digest = content(&(index, term, &entry.payload));
        }
        shared
    }

    /// How many bytes its record on disk has; `count` counts them if nobody has asked before.
    #[inline(always)]
    pub(super) fn bytes_on_disk(&self, count: impl FnOnce(&Entry) -> u32) -> u32 {
        if self.on_disk.get() == 0 {
            self.on_disk.set(count(self));
        }
        self.on_disk.get()
    }

    /// The digest of a log up to this entry, given that of what precedes it.
    #[must_use]
    #[inline]
    pub fn chain(&self, before: u64) -> u64 {
        content(&(before, self.digest))
    }

    /// About how many bytes it takes on the wire.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> u32 {
        match &self.payload {
            Payload::Noop => 16,
            Payload::Command(_) => 48,
            Payload::Membership(membership) => 16 + 4 * membership.everyone().count() as u32,
        }
    }
}

impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest);
    }
}

impl fmt::Display for Entry {
    /// `7/3 write x1 5`: index, term, content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.index, self.term, self.payload)
    }
}

impl fmt::Display for Payload {
    /// What it carries; `-` for nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Payload::Noop => f.write_str("-"),
            Payload::Command(command) => write!(f, "{}", command.operation),
            Payload::Membership(membership) => write!(f, "{membership}"),
        }
    }
}

impl fmt::Display for Position {
    /// `7/3`: index and term.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.term)
    }
}

/// Names in brackets: `n0 n3 n4`.
pub(super) fn names(peers: &[Peer]) -> String {
    peers.iter().map(Peer::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Command, Entry, Payload};
    use sim_core::value::{Call, Operation};

    #[test]
    fn an_entry_to_be_shared_is_as_any_other() {
        let operation = Operation { key: None, call: Call::Write("text".into()) };
        for payload in [Payload::Noop, Payload::Command(Command { process: 1, serial: 2, operation })] {
            let (plain, shared) = (Entry::new(3, 4, payload.clone()), Entry::shared(3, 4, payload));
            assert_eq!((&plain, plain.chain(5)), (&*shared, shared.chain(5)));
        }
    }
}
