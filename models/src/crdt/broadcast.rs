//! Objects along a broadcast tree: a replica is a node of [`crate::gossip::plumtree`] besides, and each of its deltas a
//! payload. The tree names payloads and says who is sent one; what they hold is kept here.
//!
//! The tree sends a payload once. Who is cut off or down meanwhile misses it, and so does whoever asks for one that is kept
//! no longer: comparisons ([`super::gossip`]) bring what is missing. Deliberately absent: passing on along the tree what a
//! comparison brought.

use std::collections::{BTreeMap, VecDeque};

use sim_core::peer::Peer;
use sim_core::random::Rng;
use sim_core::time::{Span, Time};

use super::config::{Crdt, Via};
use super::message::Message;
use super::node::{CrdtNode, Ctx, Out, Timer};
use super::state::Objects;
use crate::gossip::plumtree::message::Message as Told;
use crate::gossip::plumtree::node::{PlumtreeNode, Timer as Reminder};
use crate::gossip::plumtree::port::Port;

/// A node of the tree with what its payloads hold.
#[derive(Debug)]
pub(super) struct Broadcast {
    node: PlumtreeNode,
    kept: BTreeMap<u64, Objects>,
    /// The names of what is kept, in the order in which it came.
    order: VecDeque<u64>,
    keep: usize,
}

/// The tree's surroundings: its timers are the replica's, and what it sends is held back until it can be filled.
struct Through<'a, 'c> {
    ctx: &'a mut Ctx<'c>,
    out: Vec<(Peer, Told)>,
}

impl Port for Through<'_, '_> {
    fn me(&self) -> Peer {
        self.ctx.me()
    }
    fn now(&self) -> Time {
        self.ctx.now()
    }
    fn rng(&mut self) -> &mut Rng {
        self.ctx.rng()
    }
    fn send(&mut self, to: Peer, message: Told) {
        self.out.push((to, message));
    }
    fn arm(&mut self, timer: Reminder, after: Span) {
        self.ctx.arm(Timer::Tree(timer), after);
    }
    fn disarm(&mut self, timer: Reminder) {
        self.ctx.disarm(Timer::Tree(timer));
    }
    fn mark(&mut self, name: &'static str) {
        self.ctx.mark(name);
    }
    fn measure(&mut self, name: &'static str, value: i64) {
        self.ctx.measure(name, value);
    }
}

impl Broadcast {
    fn keep(&mut self, name: u64, delta: Objects) {
        self.kept.insert(name, delta);
        self.order.push_back(name);
        if self.order.len() > self.keep
            && let Some(oldest) = self.order.pop_front()
        {
            self.kept.remove(&oldest);
        }
    }
}

impl CrdtNode {
    /// Becomes a node of the tree, if the settings say so.
    pub(super) fn join_tree(&mut self, crdt: &Crdt, ctx: &mut Ctx<'_>) {
        let Via::Plumtree { tree, .. } = crdt.via else { return };
        let mut port = Through { ctx, out: Vec::new() };
        let node = PlumtreeNode::start(&tree.shared(), &mut port);
        let out = port.out;
        let (kept, order) = (BTreeMap::new(), VecDeque::new());
        self.tree = Some(Broadcast { node, kept, order, keep: crdt.keep as usize });
        self.fill(out, ctx);
    }

    fn in_tree(&mut self, ctx: &mut Ctx<'_>, act: impl FnOnce(&mut PlumtreeNode, &mut Through<'_, '_>)) {
        let Some(tree) = &mut self.tree else { return };
        let mut port = Through { ctx, out: Vec::new() };
        act(&mut tree.node, &mut port);
        let out = port.out;
        self.fill(out, ctx);
    }

    /// Sends what the tree wants sent. Payloads, and announcements of them, wait until they are durable.
    fn fill(&mut self, out: Vec<(Peer, Told)>, ctx: &mut Ctx<'_>) {
        for (to, message) in out {
            let kept = |name: &u64| self.tree.as_ref().and_then(|tree| tree.kept.get(name)).cloned();
            match &message {
                Told::Payload(name, ..) => {
                    let Some(objects) = kept(name) else { continue };
                    self.leave(Out::Send(to, Message::Tree { message, objects: Some(objects) }), ctx);
                }
                Told::IHave(..) => self.leave(Out::Send(to, Message::Tree { message, objects: None }), ctx),
                _ => ctx.send(to, Message::Tree { message, objects: None }),
            }
        }
    }

    /// A delta of its own goes along the tree.
    pub(super) fn broadcast(&mut self, delta: Objects, ctx: &mut Ctx<'_>) {
        let me = ctx.me();
        if let Some(tree) = &mut self.tree {
            tree.keep(tree.node.name_next(me), delta);
        }
        self.in_tree(ctx, |node, port| node.broadcast(port));
    }

    /// A message of the tree, with what a payload holds.
    pub(super) fn hear_tree(
        &mut self,
        from: Peer,
        message: Told,
        objects: Option<Objects>,
        ctx: &mut Ctx<'_>,
    ) {
        if let (Told::Payload(name, ..), Some(objects), Some(tree)) = (&message, objects, &mut self.tree)
            && !tree.node.has(*name)
        {
            tree.keep(*name, objects.clone());
            if self.change(objects, Some(from), ctx) {
                ctx.mark("merged");
            }
        }
        self.in_tree(ctx, |node, port| node.receive(from, message, port));
    }

    /// The tree is reminded.
    pub(super) fn remind_tree(&mut self, timer: Reminder, ctx: &mut Ctx<'_>) {
        self.in_tree(ctx, |node, port| node.remind(timer, port));
    }
}
