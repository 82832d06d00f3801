//! Anti-entropy: two replicas descend their Merkle trees to the keys in which they differ, and exchange these
//! (Dynamo §4.7).
//!
//! A tree covers the keys that both replicas are home to. It is worked out when it is asked for: keys are few in a
//! simulation, and a stored tree would have to be kept at every change. Deliberately absent: whose version is right,
//! which merging decides.

use std::collections::BTreeMap;

use sim_core::peer::Peer;
use xxhash_rust::xxh3::xxh3_64;

use super::message::{Message, Timer};
use super::node::{Ctx, QuorumNode};
use super::ring::place;
use super::versions::{Cell, Object};

/// How many levels of a tree one message descends.
const STEP: u32 = 4;

/// A hash of what is held under a key: equal where the versions are, in whatever order they came.
fn hash(object: Object, cell: &Cell) -> u64 {
    cell.0.iter().fold(0, |sum, version| {
        let dot = version.stamp.dot;
        let words = [place(object), version.stamp.at, u64::from(dot.node.raw()), dot.count];
        let mut bytes = [0; 32];
        for (part, word) in bytes.chunks_exact_mut(8).zip(words) {
            part.copy_from_slice(&word.to_le_bytes());
        }
        sum ^ xxh3_64(&bytes)
    })
}

/// The node of a tree, at a depth, that a key is below.
fn branch(object: Object, depth: u32) -> u64 {
    if depth == 0 { 0 } else { place(object) >> (64 - depth) }
}

impl QuorumNode {
    fn shares(&self, object: Object, other: Peer) -> bool {
        let homes = self.shared.homes(object, self.epoch);
        let is_home = |node: &Peer| {
            homes.now.contains(node) || homes.also.as_ref().is_some_and(|also| also.contains(node))
        };
        is_home(&self.me) && is_home(&other)
    }

    /// The hashes of a tree's nodes at a depth; nodes without keys are absent.
    fn tree(&self, other: Peer, depth: u32) -> BTreeMap<u64, u64> {
        let mut nodes = BTreeMap::new();
        for (object, held) in self.held.iter().filter(|(object, _)| self.shares(**object, other)) {
            *nodes.entry(branch(*object, depth)).or_default() ^= hash(*object, &held.cell);
        }
        nodes
    }

    /// Turns to another node on the ring.
    pub(super) fn compare(&mut self, ctx: &mut Ctx<'_>) {
        let Some(settings) = self.shared.quorum.anti_entropy else { return };
        let shared = self.shared.clone();
        let members = shared.rings(self.epoch).0.members();
        let draw = ctx.rng().below(members.len() as u64) as usize;
        let other = members[draw];
        if other != self.me && members.contains(&self.me) {
            let root = self.tree(other, 0).get(&0).copied().unwrap_or_default();
            ctx.send(other, Message::Tree { depth: 0, nodes: vec![(0, root)] });
        }
        ctx.arm(Timer::AntiEntropy, settings.every);
    }

    pub(super) fn on_tree(&mut self, from: Peer, depth: u32, nodes: &[(u64, u64)], ctx: &mut Ctx<'_>) {
        let Some(settings) = self.shared.quorum.anti_entropy else { return };
        let own = self.tree(from, depth);
        let differ: Vec<u64> = nodes
            .iter()
            .filter(|(node, hash)| own.get(node).copied().unwrap_or_default() != *hash)
            .map(|(node, _)| *node)
            .collect();
        if differ.is_empty() {
            return;
        }
        if depth >= settings.depth {
            let cells = self.below(&differ, from);
            return ctx.send(from, Message::Leaves { leaves: differ, cells, back: true });
        }
        let deeper = (depth + STEP).min(settings.depth);
        let own = self.tree(from, deeper);
        let width = deeper - depth;
        let children = differ.iter().flat_map(|node| (node << width)..((node + 1) << width));
        let nodes = children.map(|child| (child, own.get(&child).copied().unwrap_or_default())).collect();
        ctx.send(from, Message::Tree { depth: deeper, nodes });
    }

    /// What is held below some leaves.
    fn below(&self, leaves: &[u64], other: Peer) -> Vec<(Object, Cell)> {
        let depth = self.shared.quorum.anti_entropy.map_or(0, |settings| settings.depth);
        self.held
            .iter()
            .filter(|(object, _)| leaves.binary_search(&branch(**object, depth)).is_ok())
            .filter(|(object, _)| self.shares(**object, other))
            .map(|(object, held)| (*object, held.cell.clone()))
            .collect()
    }

    pub(super) fn on_leaves(
        &mut self,
        from: Peer,
        leaves: &[u64],
        cells: Vec<(Object, Cell)>,
        back: bool,
        ctx: &mut Ctx<'_>,
    ) {
        for (object, cell) in cells {
            if self.take_in(object, &cell, ctx) {
                ctx.mark("anti-entropy repaired");
            }
        }
        if back {
            let cells = self.below(leaves, from);
            ctx.send(from, Message::Leaves { leaves: leaves.to_vec(), cells, back: false });
        }
    }
}
