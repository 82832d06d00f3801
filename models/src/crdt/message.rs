//! What nodes tell each other.

use super::state::Objects;
use crate::gossip::plumtree::message::Message as Told;

/// What nodes tell each other.
#[derive(Clone, Debug, Hash)]
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
    /// Deltas that the sender tells as rumors.
    Rumor {
        /// The objects.
        objects: Objects,
        /// The sender's numbers of them.
        numbers: Vec<u64>,
    },
    /// Whether these rumors were known.
    Told {
        /// The numbers that they were told under.
        numbers: Vec<u64>,
        /// Whether none of them was news.
        knew: bool,
    },
    /// Hashes of subtrees: shall we compare?
    Hashes(Vec<(u32, u64)>),
    /// The objects below some leaves in which both differ.
    Leaves {
        /// The objects.
        objects: Objects,
        /// The leaves.
        leaves: Vec<u32>,
        /// Whether the other's are asked for.
        asks: bool,
    },
    /// A message of the broadcast tree.
    Tree {
        /// The message.
        message: Told,
        /// What a payload holds.
        objects: Option<Objects>,
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
            Message::Rumor { objects, numbers } => {
                objects.bytes().saturating_add(16 + 8 * numbers.len() as u32)
            }
            Message::Leaves { objects, leaves, .. } => {
                objects.bytes().saturating_add(16 + 4 * leaves.len() as u32)
            }
            Message::Told { numbers, .. } => 16 + 8 * numbers.len() as u32,
            Message::Hashes(hashes) => 16 + 12 * hashes.len() as u32,
            Message::Ack { .. } => 16,
            Message::Tree { message, objects } => {
                let holds = objects.as_ref().map_or(0, Objects::bytes);
                holds.saturating_add(message.bytes())
            }
        }
    }

    /// The name of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Message::State { .. } => "state",
            Message::Delta { .. } => "delta",
            Message::Ack { .. } => "ack",
            Message::Rumor { .. } => "rumor",
            Message::Told { .. } => "told",
            Message::Hashes(_) => "hashes",
            Message::Leaves { .. } => "leaves",
            Message::Tree { message, .. } => message.kind(),
        }
    }
}
