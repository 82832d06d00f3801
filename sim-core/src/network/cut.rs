//! Partitions: which peers cannot reach which, while a fault lasts.

use crate::peer::Peer;
use crate::random::Rng;

/// A set of peers: some nodes and clients, or everyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerSet {
    /// All nodes and clients.
    Everyone,
    /// All clients.
    Clients,
    /// These, sorted.
    These(Vec<Peer>),
}

impl PeerSet {
    /// A set of these peers.
    #[must_use]
    pub fn of(mut peers: Vec<Peer>) -> PeerSet {
        peers.sort_unstable();
        peers.dedup();
        PeerSet::These(peers)
    }

    /// Whether the peer is in it.
    #[inline]
    #[must_use]
    pub fn contains(&self, peer: Peer) -> bool {
        match self {
            PeerSet::Everyone => true,
            PeerSet::Clients => peer.is_client(),
            PeerSet::These(peers) => peers.binary_search(&peer).is_ok(),
        }
    }
}

/// One partition: nothing passes from the first set to the second.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    pub(crate) id: u32,
    pub(crate) from: PeerSet,
    pub(crate) to: PeerSet,
    /// Only messages of this kind are stopped, where one is named.
    pub(crate) kind: Option<String>,
    /// The share of messages stopped.
    pub(crate) share: f64,
}

/// All partitions in force.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cuts(Vec<Cut>);

impl Cuts {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub(crate) fn add(&mut self, cut: Cut) {
        self.0.push(cut);
    }
    pub(crate) fn remove(&mut self, id: u32) {
        self.0.retain(|cut| cut.id != id);
    }
    /// Whether a message of this kind is stopped; `chance` is the message's own draw. Messages to oneself never are.
    pub(crate) fn blocks(&self, from: Peer, to: Peer, kind: &str, chance: u64) -> bool {
        from != to
            && self.0.iter().any(|cut| {
                let hit = cut.share >= 1.0 || Rng::from_key(chance ^ u64::from(cut.id)).chance(cut.share);
                hit && cut.from.contains(from)
                    && cut.to.contains(to)
                    && cut.kind.as_deref().is_none_or(|only| only == kind)
            })
    }
    /// Whether something in flight is stopped on arrival: a whole cut, of any kind of message.
    pub(crate) fn blocks_arrival(&self, from: Peer, to: Peer) -> bool {
        from != to
            && self.0.iter().any(|cut| {
                cut.share >= 1.0 && cut.kind.is_none() && cut.from.contains(from) && cut.to.contains(to)
            })
    }
}
