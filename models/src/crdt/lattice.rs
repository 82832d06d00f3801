//! What every replicated type here is: a join semilattice whose updates are deltas of the same type (Shapiro, Preguiça,
//! Baquero & Zawirski, "Conflict-free Replicated Data Types", SSS'11; Almeida, Shoker & Baquero, "Delta State Replicated
//! Data Types", JPDC 2018, §3).
//!
//! An update changes nothing itself: it answers a delta, and joining that is the update, at its own replica as at every
//! other. Deliberately absent: how deltas travel (`spread`).

use sim_core::peer::Peer;
use sim_core::value::{Call, Value};

use super::bytes::Stored;

/// A join semilattice; `Default` is its least element.
pub trait Lattice: Clone + Default + PartialEq {
    /// The least upper bound of both, put in place of this one; whether that changed it.
    fn join(&mut self, other: &Self) -> bool;
}

/// Who makes an update, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Author {
    /// The replica.
    pub node: Peer,
    /// Its wall clock in nanoseconds.
    pub wall: u64,
}

/// A replicated type: a lattice with updates and a value.
pub trait Replicated: Lattice + Stored {
    /// The delta of a call, to be joined; `None` for a call that the type does not offer.
    fn delta(&self, call: &Call, author: Author) -> Option<Self>;
    /// What a read answers.
    fn value(&self) -> Value;
}
