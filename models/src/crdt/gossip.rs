//! Objects over the dissemination that [`crate::gossip`] has: deltas as rumors, and comparisons that walk a tree of hashes
//! down to the objects that differ. Interest, trees and their walk are gossip's own; what is told and exchanged are
//! objects.
//!
//! Deliberately absent: pushing to those that have not acknowledged, which is [`super::spread`].

use std::collections::BTreeMap;

use sim_core::fingerprint::content;
use sim_core::peer::Peer;

use super::config::Via;
use super::lattice::Lattice;
use super::message::Message;
use super::node::{CrdtNode, Ctx, Out};
use super::state::Objects;
use crate::gossip::anti_entropy::Compare;
use crate::gossip::tree;

/// The rumors that a node tells.
#[derive(Clone, Debug, Default)]
pub struct Rumors {
    next: u64,
    /// Each with how often something counted against telling it on.
    hot: BTreeMap<u64, (Objects, u16)>,
}

impl Rumors {
    /// A delta becomes a rumor.
    pub fn begin(&mut self, delta: Objects) {
        self.hot.insert(self.next, (delta, 0));
        self.next += 1;
    }
}

impl CrdtNode {
    /// Tells another all its rumors.
    pub(super) fn gossip(&mut self, other: Peer, ctx: &mut Ctx<'_>) {
        let mut objects = Objects::default();
        for (delta, _) in self.rumors.hot.values() {
            objects.join(delta);
        }
        if !self.rumors.hot.is_empty() {
            ctx.mark("rumors told");
            let numbers = self.rumors.hot.keys().copied().collect();
            self.leave(Out::Send(other, Message::Rumor { objects, numbers }), ctx);
        }
    }

    pub(super) fn hear(&mut self, from: Peer, objects: Objects, numbers: Vec<u64>, ctx: &mut Ctx<'_>) {
        let news = self.change(objects, Some(from), ctx);
        if news {
            ctx.mark("merged");
        }
        self.leave(Out::Send(from, Message::Told { numbers, knew: !news }), ctx);
    }

    /// Another heard some of its rumors.
    pub(super) fn told(&mut self, numbers: &[u64], knew: bool, ctx: &mut Ctx<'_>) {
        let Via::Rumor { interest, .. } = self.crdt.via else { return };
        for number in numbers {
            let Some((_, count)) = self.rumors.hot.get_mut(number) else { continue };
            if !knew {
                interest.renews(count);
            } else if interest.ends(count, ctx.rng()) {
                self.rumors.hot.remove(number);
                ctx.mark("lost interest");
            }
        }
    }

    /// How it compares: a single hash, where rumors only need a backup.
    fn comparison(&self) -> Compare {
        if let Via::AntiEntropy(compare) = self.crdt.via { compare } else { Compare::Checksum }
    }

    fn hash(&self, subtree: u32) -> u64 {
        tree::hash(self.objects().states.iter().map(|object| (content(object.0), content(&object))), subtree)
    }

    fn below(&self, leaves: &[u32]) -> Objects {
        let inside = |place: u64| leaves.iter().any(|leaf| tree::below(place, *leaf));
        let states = self.objects().states.iter().filter(|(key, _)| inside(content(key)));
        Objects { states: states.map(|(key, state)| (*key, state.clone())).collect() }
    }

    pub(super) fn begin_comparison(&mut self, other: Peer, ctx: &mut Ctx<'_>) {
        let message = match self.comparison() {
            Compare::Full => Message::Leaves { objects: self.below(&[1]), leaves: vec![1], asks: true },
            Compare::Checksum | Compare::Merkle { .. } => Message::Hashes(vec![(1, self.hash(1))]),
        };
        self.leave(Out::Send(other, message), ctx);
    }

    pub(super) fn compare(&mut self, from: Peer, hashes: &[(u32, u64)], ctx: &mut Ctx<'_>) {
        let found = tree::walk(hashes, self.comparison().depth(), |subtree| self.hash(subtree));
        if !found.deeper.is_empty() {
            self.leave(Out::Send(from, Message::Hashes(found.deeper)), ctx);
        }
        if !found.leaves.is_empty() {
            let objects = self.below(&found.leaves);
            let message = Message::Leaves { objects, leaves: found.leaves, asks: true };
            self.leave(Out::Send(from, message), ctx);
        }
    }

    /// Takes another's objects in, and sends its own if they are asked for and say more.
    pub(super) fn exchange(
        &mut self,
        from: Peer,
        theirs: Objects,
        leaves: Vec<u32>,
        asks: bool,
        ctx: &mut Ctx<'_>,
    ) {
        if asks {
            let mut both = theirs.clone();
            if both.join(&self.below(&leaves)) {
                let message = Message::Leaves { objects: self.below(&leaves), leaves, asks: false };
                self.leave(Out::Send(from, message), ctx);
            }
        }
        if self.change(theirs, Some(from), ctx) {
            ctx.mark("merged");
        }
    }
}
