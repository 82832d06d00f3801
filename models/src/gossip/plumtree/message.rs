//! What nodes of the tree say, and how large it is.

use std::hash::{Hash, Hasher};

/// How far an announced payload would have come, where nodes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hops(pub Option<u16>);

impl Hash for Hops {
    /// What is not told adds nothing to a run's fingerprint.
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let Some(hops) = self.0 {
            hops.hash(state);
        }
    }
}

/// What nodes say.
#[derive(Clone, Debug, Hash)]
pub enum Message {
    /// I am new; to a contact.
    Join,
    /// Somebody is new, and so many steps of its walk are left.
    ForwardJoin(u32, u8),
    /// Be my neighbour; if `true`, you must, for I have no other.
    Neighbor(bool),
    /// I am your neighbour from now on.
    Accept,
    /// I have neighbours enough.
    Refuse,
    /// I am your neighbour no longer.
    Disconnect,
    /// Peers for your passive view, from the first; so many steps are left.
    Shuffle(u32, Vec<u32>, u8),
    /// Peers in return.
    ShuffleReply(Vec<u32>),
    /// I am here, for the so-manieth time.
    Keepalive(u64),
    /// A payload: its name, the hops it made, its size.
    Payload(u64, u16, u32),
    /// I have this payload, and this many hops it would have made through me.
    IHave(u64, Hops),
    /// Send me this payload, and all others from now on.
    Graft(u64),
    /// Send me announcements from now on, I have payloads from others.
    Prune,
    /// Send me payloads from now on; I have this one.
    Link,
}

impl Message {
    /// The size on the wire.
    #[must_use]
    pub fn bytes(&self) -> u32 {
        match self {
            Message::Shuffle(_, peers, _) | Message::ShuffleReply(peers) => 24 + 6 * peers.len() as u32,
            Message::Payload(_, _, bytes) => 24 + bytes,
            _ => 24,
        }
    }

    /// The name of the kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Message::Payload(..) => "payload",
            Message::IHave(..) => "ihave",
            Message::Graft(_) | Message::Link => "graft",
            Message::Prune => "prune",
            Message::Keepalive(_) => "keepalive",
            _ => "membership",
        }
    }
}
