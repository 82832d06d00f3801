//! What nodes of a quorum system send each other, and what they are reminded of.
//!
//! The kinds `write`, `ack`, `read` and `response` are PBS's four (Bailis et al., VLDB'12, §4.1), so that a link can
//! give each a latency of its own. Deliberately absent: joint clocks; a stamp is all a message says of time.

use std::hash::{Hash, Hasher};

use sim_core::peer::Peer;
use sim_core::time::Time;

use super::versions::{Cell, Object, Version};

/// A coordinator's number for an operation.
pub type Number = u64;

/// How far changes of membership have come, four steps a change: nothing is under way; writes go to the homes before and
/// after it; besides, data moves; besides, reads go to the homes after it. Then the next number, and nothing is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u32);

impl Hash for Epoch {
    /// Where membership never changes nothing is added to a message's hash.
    fn hash<H: Hasher>(&self, state: &mut H) {
        if self.0 > 0 {
            self.0.hash(state);
        }
    }
}

impl Epoch {
    /// The change that is under way, or the next one.
    #[must_use]
    pub fn change(self) -> usize {
        self.0 as usize / 4
    }
    /// Whether no change is under way.
    #[must_use]
    pub fn is_settled(self) -> bool {
        self.0.is_multiple_of(4)
    }
    /// The change whose data moves in this step.
    #[must_use]
    pub fn moves(self) -> Option<usize> {
        (self.0 % 4 == 2).then(|| self.change())
    }
    /// Whether reads have turned to the homes after the change.
    #[must_use]
    pub fn has_turned(self) -> bool {
        self.0 % 4 == 3
    }
    /// The next step.
    #[must_use]
    pub fn next(self) -> Epoch {
        Epoch(self.0 + 1)
    }
}

/// Why versions are sent to a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A client writes, or a reading client's coordinator writes back what it read.
    Write,
    /// A read found the replica behind (Dynamo §5).
    Repair,
    /// It is home again, and this was kept for it (§4.6).
    Handoff,
    /// It is to hold the key from now on.
    Transfer,
}

/// What nodes send each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// Versions to take in.
    Write {
        /// The coordinator's operation.
        number: Number,
        /// The key.
        object: Object,
        /// The versions.
        cell: Cell,
        /// The replica they are kept for, if that is another.
        home: Option<Peer>,
        /// Why.
        cause: Cause,
        /// Under which epoch it was begun.
        epoch: Epoch,
    },
    /// They are taken in, and durable as far as the settings ask.
    Ack {
        /// The coordinator's operation.
        number: Number,
        /// The key.
        object: Object,
        /// As it was asked.
        home: Option<Peer>,
        /// As it was asked.
        cause: Cause,
    },
    /// What is held under a key?
    Read {
        /// The coordinator's operation.
        number: Number,
        /// The key.
        object: Object,
        /// Under which epoch it was begun.
        epoch: Epoch,
    },
    /// This is held.
    Response {
        /// The coordinator's operation.
        number: Number,
        /// The versions.
        cell: Cell,
    },
    /// A measuring read: has this version arrived?
    Probe {
        /// The reader's number for it.
        number: Number,
        /// The key.
        object: Object,
        /// What is looked for.
        version: Version,
        /// How much later this read began than it stands for, in nanoseconds.
        behind: u64,
    },
    /// How long after the read the version came, in nanoseconds; `None` if it has not come yet.
    Probed {
        /// The reader's number.
        number: Number,
        /// The time; 0 if it was there.
        late: Option<u64>,
    },
    /// It has now, so long after the measuring read.
    Late {
        /// The reader's number.
        number: Number,
        /// The time in nanoseconds.
        by: u64,
    },
    /// Hashes of a Merkle tree's nodes at a depth; absent nodes are empty.
    Tree {
        /// How far below the root.
        depth: u32,
        /// Index and hash of each node that is compared.
        nodes: Vec<(u64, u64)>,
    },
    /// All keys below these leaves; `back` asks for the other side's.
    Leaves {
        /// The leaves.
        leaves: Vec<u64>,
        /// The keys with their versions.
        cells: Vec<(Object, Cell)>,
        /// Whether the other side's are asked for.
        back: bool,
    },
    /// Measure when this version becomes visible to you.
    Measure {
        /// The key.
        object: Object,
        /// The version.
        version: Version,
        /// When its write ended.
        ended: Time,
    },
    /// I am here.
    Heartbeat {
        /// At so many intervals on the sender's clock.
        number: u64,
    },
    /// The ring is at this epoch; tell me when you have followed.
    Ring {
        /// The epoch.
        epoch: Epoch,
    },
    /// I have followed to this epoch: nothing begun before it is left here, and what it moves has moved.
    Followed {
        /// The epoch.
        epoch: Epoch,
    },
}

/// What a node is reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Replicas that have not answered are taken to be down: fallbacks are asked.
    Fallback(Number),
    /// An operation is given up.
    Deadline(Number),
    /// Hints are tried again.
    Handoff,
    /// The trees of another replica are compared.
    AntiEntropy,
    /// Old tombstones are removed.
    Purge,
    /// A change of membership begins, or is urged on.
    Lead,
    /// Keys that move are sent again to those that have not acknowledged them.
    Move,
    /// A measuring read is given up.
    Unseen(Number),
    /// The others are told that it is there.
    Heartbeat,
    /// A node has been silent for too long, unless a heartbeat came.
    Suspect(Peer),
}

fn cell_bytes(cell: &Cell) -> u32 {
    cell.0.iter().map(|version| 48 + 12 * (version.past.upto.len() + version.past.dots.len()) as u32).sum()
}

impl Message {
    /// Its size on the wire.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        32 + match self {
            Message::Write { cell, .. } | Message::Response { cell, .. } => cell_bytes(cell),
            Message::Tree { nodes, .. } => 16 * nodes.len() as u32,
            Message::Leaves { leaves, cells, .. } => {
                8 * leaves.len() as u32 + cells.iter().map(|(_, cell)| 8 + cell_bytes(cell)).sum::<u32>()
            }
            _ => 16,
        }
    }

    /// The name of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Message::Write { cause: Cause::Write, .. } => "write",
            Message::Write { cause: Cause::Repair, .. } => "repair",
            Message::Write { cause: Cause::Handoff, .. } => "handoff",
            Message::Write { cause: Cause::Transfer, .. } => "transfer",
            Message::Ack { .. } => "ack",
            Message::Read { .. } | Message::Probe { .. } => "read",
            Message::Response { .. } | Message::Probed { .. } => "response",
            Message::Measure { .. } => "measure",
            Message::Late { .. } => "late",
            Message::Tree { .. } => "tree",
            Message::Leaves { .. } => "leaves",
            Message::Heartbeat { .. } => "heartbeat",
            Message::Ring { .. } | Message::Followed { .. } => "ring",
        }
    }
}
