//! A node of the broadcast tree, and the upkeep of its views.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sim_core::node::{Context, Node};
use sim_core::peer::Peer;
use sim_core::time::{Span, Time};

use crate::detector::Watch;
use crate::gossip::plumtree::Plumtree;
use crate::gossip::plumtree::message::{Hops, Message};
use crate::gossip::plumtree::port::Port;
use crate::gossip::plumtree::views::Views;

/// What a node is reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// To join.
    Join,
    /// To say that it is here, and look who is not.
    Keepalive,
    /// To mix passive views.
    Shuffle,
    /// To broadcast.
    Broadcast,
    /// An announced payload has not come.
    Missing(u64),
}

/// What the nodes of a run share.
#[derive(Debug)]
pub struct Shared {
    pub(super) settings: Plumtree,
}

/// A node.
#[derive(Debug)]
pub struct PlumtreeNode {
    pub(super) shared: Arc<Shared>,
    views: Views,
    /// What the keep-alives of each neighbour say.
    watches: BTreeMap<u32, Watch>,
    /// How many keep-alives it has sent to its neighbours.
    beats: u64,
    /// The neighbours that get announcements only.
    pub(super) lazy: BTreeSet<u32>,
    /// The payloads it has, with the hops they made.
    have: BTreeMap<u64, u16>,
    /// Who announced a payload that has not come, in order, and the hops it would have made from them.
    announced: BTreeMap<u64, Vec<(u32, Hops)>>,
    serial: u32,
}

type Ctx<'a> = Context<'a, Message, Timer>;

impl Node for PlumtreeNode {
    type Config = Arc<Shared>;
    type Message = Message;
    type Timer = Timer;
    const MESSAGE_KINDS: &'static [&'static str] =
        &["payload", "ihave", "graft", "prune", "keepalive", "membership"];

    fn boot(shared: &Arc<Shared>, ctx: &mut Ctx<'_>) -> PlumtreeNode {
        PlumtreeNode::start(shared, ctx)
    }

    fn on_message(&mut self, from: Peer, message: Message, ctx: &mut Ctx<'_>) {
        self.receive(from, message, ctx);
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        self.remind(timer, ctx);
    }

    fn message_bytes(message: &Message) -> u32 {
        message.bytes()
    }

    fn message_kind(message: &Message) -> &'static str {
        message.kind()
    }
}

impl PlumtreeNode {
    /// A node that boots, alone or as part of another model's node.
    pub fn start(shared: &Arc<Shared>, ctx: &mut impl Port) -> PlumtreeNode {
        let (settings, me) = (&shared.settings, ctx.me().raw());
        let phase = ctx.rng().unit();
        // At the first start one after the other; a restarted node joins at once.
        let at = Time::ZERO + Span(settings.tree.join_gap.0 * u64::from(me));
        ctx.arm(Timer::Join, at.since(ctx.now()));
        ctx.arm(Timer::Keepalive, settings.tree.keepalive.times(phase));
        ctx.arm(Timer::Shuffle, settings.tree.shuffle.times(phase));
        let first = (Time::ZERO + settings.from).since(ctx.now()) + settings.every.times(phase);
        if me < settings.origins && settings.broadcasts_at(ctx.now() + first) {
            ctx.arm(Timer::Broadcast, first);
        }
        // Names of payloads must not come again after a restart: they go on from the time.
        let serial = (ctx.now().0 / 1_000_000) as u32;
        PlumtreeNode {
            shared: Arc::clone(shared),
            views: Views::default(),
            watches: BTreeMap::new(),
            beats: 0,
            lazy: BTreeSet::new(),
            have: BTreeMap::new(),
            announced: BTreeMap::new(),
            serial,
        }
    }

    /// A message of the tree came.
    pub fn receive(&mut self, from: Peer, message: Message, ctx: &mut impl Port) {
        let peer = from.raw();
        if let (Message::Keepalive(number), Some(watch)) = (&message, self.watches.get_mut(&peer)) {
            watch.heartbeat(*number, ctx.now());
        }
        match message {
            Message::Join => {
                self.add(peer, ctx);
                ctx.send(from, Message::Accept);
                let walk = self.shared.settings.tree.walk_active;
                for &other in self.views.active.iter().filter(|other| **other != peer) {
                    ctx.send(Peer::node(other), Message::ForwardJoin(peer, walk));
                }
            }
            Message::ForwardJoin(new, left) => self.forward_join(peer, new, left, ctx),
            Message::Neighbor(must) => {
                let room = self.views.active.len() < self.shared.settings.tree.active as usize;
                if must || room || self.views.active.contains(&peer) {
                    self.add(peer, ctx);
                    ctx.send(from, Message::Accept);
                } else {
                    ctx.send(from, Message::Refuse);
                }
            }
            Message::Accept => self.add(peer, ctx),
            Message::Refuse | Message::Keepalive(_) => self.stray(from, &message, ctx),
            Message::Disconnect => self.drop_neighbor(peer, true, ctx),
            Message::Shuffle(first, peers, left) => self.shuffled(peer, first, peers, left, ctx),
            Message::ShuffleReply(peers) => self.reserve(peers, ctx),
            Message::Payload(name, hops, _) => self.payload(peer, name, hops, ctx),
            Message::IHave(name, hops) => self.announced(peer, name, hops, ctx),
            Message::Graft(name) => {
                self.lazy.remove(&peer);
                if let Some(hops) = self.have.get(&name).copied() {
                    self.send_payload(peer, name, hops + 1, ctx);
                }
            }
            Message::Link => {
                self.lazy.remove(&peer);
            }
            Message::Prune => {
                if self.views.active.contains(&peer) {
                    self.lazy.insert(peer);
                }
            }
        }
    }

    /// A timer of the tree fired.
    pub fn remind(&mut self, timer: Timer, ctx: &mut impl Port) {
        match timer {
            Timer::Join => self.join(ctx),
            Timer::Keepalive => self.keepalive(ctx),
            Timer::Shuffle => {
                let me = ctx.me().raw();
                let settings = &self.shared.settings;
                let mut peers = self.views.sample(settings.tree.shuffled, ctx.rng());
                peers.push(me);
                if let Some(to) = self.views.any_active([me, me], ctx.rng()) {
                    ctx.send(Peer::node(to), Message::Shuffle(me, peers, settings.tree.walk_active));
                }
                ctx.arm(Timer::Shuffle, settings.tree.shuffle);
            }
            Timer::Broadcast => {
                self.broadcast(ctx);
                let settings = &self.shared.settings;
                if settings.broadcasts_at(ctx.now() + settings.every) {
                    ctx.arm(Timer::Broadcast, settings.every);
                }
            }
            Timer::Missing(name) => self.fetch(name, ctx),
        }
    }

    /// The name that its next payload gets.
    #[must_use]
    pub fn name_next(&self, me: Peer) -> u64 {
        u64::from(me.raw()) << 32 | u64::from(self.serial + 1)
    }

    /// Sends a payload of its own along the tree.
    pub fn broadcast(&mut self, ctx: &mut impl Port) {
        let name = self.name_next(ctx.me());
        self.serial += 1;
        self.deliver(None, name, 0, ctx);
    }

    /// Whether it has a payload.
    #[must_use]
    pub fn has(&self, name: u64) -> bool {
        self.have.contains_key(&name)
    }

    /// Whom it knows.
    #[must_use]
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// To any node before it: at the first start those have joined. Node 0 of a fresh cluster has nobody to join, and
    /// after a restart asks whoever there may be through the node after it.
    fn join(&mut self, ctx: &mut impl Port) {
        let me = ctx.me().raw();
        if me == 0 && ctx.now() == Time::ZERO {
            return;
        }
        let contact = if me == 0 { 1 } else { ctx.rng().below(u64::from(me)) as u32 };
        ctx.send(Peer::node(contact), Message::Join);
    }

    fn add(&mut self, peer: u32, ctx: &mut impl Port) {
        let (me, limit) = (ctx.me().raw(), self.shared.settings.tree.active);
        let left = self.views.add_active(peer, me, limit, ctx.rng());
        if peer != me {
            self.watches.insert(peer, Watch::new(&self.shared.settings.tree.detector, ctx.now()));
        }
        if let Some(left) = left {
            ctx.send(Peer::node(left), Message::Disconnect);
            self.forget(left);
            self.views.add_passive(left, me, self.shared.settings.tree.passive, ctx.rng());
        }
    }

    /// What a peer is to this node as a neighbour is over.
    fn forget(&mut self, peer: u32) {
        self.views.active.retain(|known| *known != peer);
        self.watches.remove(&peer);
        self.lazy.remove(&peer);
        for by in self.announced.values_mut() {
            by.retain(|(announcer, _)| *announcer != peer);
        }
    }

    /// A neighbour left (and may be a reserve) or is given up; a reserve takes its place.
    fn drop_neighbor(&mut self, peer: u32, lives: bool, ctx: &mut impl Port) {
        if !self.views.active.contains(&peer) {
            return;
        }
        self.forget(peer);
        if lives {
            self.views.add_passive(peer, ctx.me().raw(), self.shared.settings.tree.passive, ctx.rng());
        }
        self.promote(ctx);
    }

    /// Asks a random reserve to be a neighbour, if there is room.
    fn promote(&mut self, ctx: &mut impl Port) {
        if self.views.active.len() >= self.shared.settings.tree.active as usize {
            return;
        }
        let pick = ctx.rng().below(self.views.passive.len() as u64) as usize;
        // It leaves the reserve: if it is dead, it is not asked again; if it refuses, it comes back.
        if !self.views.passive.is_empty() {
            let peer = self.views.passive.swap_remove(pick);
            ctx.send(Peer::node(peer), Message::Neighbor(self.views.active.is_empty()));
        } else if self.views.active.is_empty() {
            self.join(ctx);
        }
    }

    /// A refusal puts a peer back into the reserve; a keep-alive from one that is no neighbour is set right.
    fn stray(&mut self, from: Peer, message: &Message, ctx: &mut impl Port) {
        let peer = from.raw();
        if matches!(message, Message::Refuse) {
            self.views.add_passive(peer, ctx.me().raw(), self.shared.settings.tree.passive, ctx.rng());
        } else if !self.views.active.contains(&peer) {
            ctx.send(from, Message::Disconnect);
        }
    }

    fn forward_join(&mut self, from: u32, new: u32, left: u8, ctx: &mut impl Port) {
        let me = ctx.me().raw();
        if new == me {
            return;
        }
        if left == 0 || self.views.active.len() <= 1 {
            ctx.send(Peer::node(new), Message::Neighbor(true));
            return;
        }
        if left == self.shared.settings.tree.walk_passive {
            self.views.add_passive(new, me, self.shared.settings.tree.passive, ctx.rng());
        }
        match self.views.any_active([from, new], ctx.rng()) {
            Some(next) => ctx.send(Peer::node(next), Message::ForwardJoin(new, left - 1)),
            None => ctx.send(Peer::node(new), Message::Neighbor(true)),
        }
    }

    fn shuffled(&mut self, from: u32, first: u32, peers: Vec<u32>, left: u8, ctx: &mut impl Port) {
        if left > 0
            && let Some(next) = self.views.any_active([from, first], ctx.rng())
        {
            return ctx.send(Peer::node(next), Message::Shuffle(first, peers, left - 1));
        }
        let back = self.views.sample((0, peers.len() as u32), ctx.rng());
        if first != ctx.me().raw() {
            ctx.send(Peer::node(first), Message::ShuffleReply(back));
        }
        self.reserve(peers, ctx);
    }

    fn reserve(&mut self, peers: Vec<u32>, ctx: &mut impl Port) {
        let (me, limit) = (ctx.me().raw(), self.shared.settings.tree.passive);
        for peer in peers {
            self.views.add_passive(peer, me, limit, ctx.rng());
        }
    }

    fn keepalive(&mut self, ctx: &mut impl Port) {
        let now = ctx.now();
        let suspects = self.watches.iter().filter(|(_, watch)| watch.suspects(now));
        let suspects: Vec<u32> = suspects.map(|(peer, _)| *peer).collect();
        for peer in suspects {
            ctx.mark("neighbour given up");
            ctx.measure("suspected", i64::from(peer));
            self.drop_neighbor(peer, false, ctx);
        }
        self.beats += 1;
        for &peer in &self.views.active {
            ctx.send(Peer::node(peer), Message::Keepalive(self.beats));
        }
        self.promote(ctx);
        ctx.arm(Timer::Keepalive, self.shared.settings.tree.keepalive);
    }

    fn send_payload(&self, to: u32, name: u64, hops: u16, ctx: &mut impl Port) {
        ctx.mark("payload sent");
        let bytes = self.shared.settings.payload.0 as u32;
        ctx.send(Peer::node(to), Message::Payload(name, hops, bytes));
    }

    /// A payload is new here: it is kept, passed on to eager neighbours and announced to lazy ones.
    fn deliver(&mut self, from: Option<u32>, name: u64, hops: u16, ctx: &mut impl Port) {
        self.have.insert(name, hops);
        ctx.mark("applied");
        ctx.measure("applied", name as i64);
        ctx.measure("hops", i64::from(hops));
        let told = Hops(self.shared.settings.tree.threshold.map(|_| hops + 1));
        for &peer in self.views.active.iter().filter(|peer| Some(**peer) != from) {
            if self.lazy.contains(&peer) {
                ctx.send(Peer::node(peer), Message::IHave(name, told));
            } else {
                self.send_payload(peer, name, hops + 1, ctx);
            }
        }
    }

    fn payload(&mut self, from: u32, name: u64, hops: u16, ctx: &mut impl Port) {
        if self.have.contains_key(&name) {
            if self.shared.settings.tree.prune {
                self.lazy.insert(from);
                ctx.send(Peer::node(from), Message::Prune);
            }
            return;
        }
        let announced = self.announced.remove(&name);
        if announced.is_some() {
            ctx.disarm(Timer::Missing(name));
        }
        self.lazy.remove(&from);
        self.deliver(Some(from), name, hops, ctx);
        self.shorten(from, hops, &announced.unwrap_or_default(), ctx);
    }

    fn announced(&mut self, from: u32, name: u64, hops: Hops, ctx: &mut impl Port) {
        if self.have.contains_key(&name) {
            return;
        }
        let by = self.announced.entry(name).or_default();
        if by.is_empty() {
            ctx.arm(Timer::Missing(name), self.shared.settings.tree.missing);
        }
        by.push((from, hops));
    }

    /// Fetches a missing payload from the next who announced it, and grafts that link into the tree.
    fn fetch(&mut self, name: u64, ctx: &mut impl Port) {
        let Some(by) = self.announced.get_mut(&name).filter(|by| !by.is_empty()) else { return };
        let (from, _) = by.remove(0);
        self.lazy.remove(&from);
        ctx.mark("grafted");
        ctx.send(Peer::node(from), Message::Graft(name));
        ctx.arm(Timer::Missing(name), self.shared.settings.tree.refetch);
    }
}
