//! Who can send and receive: nodes and clients.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A node or a client. Clients carry the high bit, so adding a node renumbers no client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Peer(u32);

const CLIENT: u32 = 1 << 31;

impl Peer {
    /// The engine itself, as the source of fault and measurement events.
    pub(crate) const ENGINE: Peer = Peer(u32::MAX);

    /// The node with this index, counted from 0.
    ///
    /// # Panics
    /// If there are 2³¹ nodes or more.
    #[must_use]
    pub const fn node(index: u32) -> Peer {
        assert!(index < CLIENT, "a cluster has fewer than 2^31 nodes");
        Peer(index)
    }
    /// The client with this index, counted from 0.
    ///
    /// # Panics
    /// If there are 2³¹ − 1 clients or more.
    #[must_use]
    pub const fn client(index: u32) -> Peer {
        assert!(index < CLIENT - 1, "a run has fewer than 2^31 - 1 clients");
        Peer(index | CLIENT)
    }
    /// The peer of this number.
    #[inline]
    pub(crate) const fn from_raw(raw: u32) -> Peer {
        Peer(raw)
    }
    /// Whether this is a client.
    #[must_use]
    pub const fn is_client(self) -> bool {
        self.0 & CLIENT != 0
    }
    /// The index among the nodes or among the clients.
    #[must_use]
    pub const fn index(self) -> usize {
        (self.0 & !CLIENT) as usize
    }
    /// The number that names this peer in keys and files.
    #[must_use]
    pub const fn raw(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Peer {
    /// `n0` for a node, `c0` for a client.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Peer::ENGINE {
            return f.pad("engine");
        }
        f.pad(&format!("{}{}", if self.is_client() { 'c' } else { 'n' }, self.index()))
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
