//! What nodes tell each other.

use super::state::Objects;

/// What nodes tell each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// Everything the sender has, to be joined. `upto` is acknowledged where deltas are sent.
    State {
        /// The objects.
        objects: Objects,
        /// The number of the sender's next delta.
        upto: Option<u64>,
    },
    /// What the receiver has not acknowledged.
    Delta {
        /// The objects.
        objects: Objects,
        /// The number of the sender's next delta.
        upto: u64,
    },
    /// All of the receiver's deltas below this number are here, durably.
    Ack {
        /// The number.
        upto: u64,
    },
}

impl Message {
    /// Its size on the wire.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        match self {
            Message::State { objects, .. } | Message::Delta { objects, .. } => {
                objects.bytes().saturating_add(16)
            }
            Message::Ack { .. } => 16,
        }
    }

    /// The name of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Message::State { .. } => "state",
            Message::Delta { .. } => "delta",
            Message::Ack { .. } => "ack",
        }
    }
}
