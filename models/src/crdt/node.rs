//! A replica: it answers from what it has, and tells others.
//!
//! Every delta is appended to a write-ahead log, and nothing leaves the node, neither an answer nor a message, before
//! what it tells is durable: an update that was told and forgotten would give its dot to another. Recovery joins the log.
//! Deliberately absent: compaction of the log, and recognition of a client's second attempt: an addition that is asked of
//! two replicas counts twice.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};

use sim_core::disk::{FileId, SyncId, SyncResult};
use sim_core::node::{Context, Node, Reply, Request, RequestId};
use sim_core::peer::Peer;
use sim_core::value::{Call, Value};

use super::broadcast::Broadcast;
use super::bytes::Stored;
use super::config::{Crdt, Sends, Via};
use super::gossip::Rumors;
use super::lattice::{Author, Lattice};
use super::message::Message;
use super::spread::{Due, Spread};
use super::state::{Objects, State};
use crate::gossip::plumtree::node::Timer as Reminder;
use crate::wal::bytes::{Reader, Writer};
use crate::wal::{Recovery, Ticket, Wal};

/// What a node is given.
#[derive(Clone, Debug, PartialEq)]
pub struct CrdtConfig {
    pub(super) crdt: Crdt,
    pub(super) nodes: u32,
}

/// Something that leaves the node once it is durable.
#[derive(Debug)]
pub(super) enum Out {
    Send(Peer, Message),
    Reply(RequestId, Reply),
}

/// A replica.
#[derive(Debug)]
pub struct CrdtNode {
    pub(super) crdt: Crdt,
    nodes: u32,
    objects: Objects,
    spread: Spread,
    pub(super) rumors: Rumors,
    /// Its place in the broadcast tree, if there is one.
    pub(super) tree: Option<Broadcast>,
    /// How often it has turned to others.
    turns: u32,
    wal: Wal,
    waiting: VecDeque<(Ticket, Out)>,
}

pub(super) type Ctx<'a> = Context<'a, Message, Timer>;

/// What a node is reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// To turn to others.
    Turn,
    /// Whatever the broadcast tree asked for.
    Tree(Reminder),
}

impl Hash for Timer {
    /// A turn adds nothing: it is the only reminder there is without a tree.
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let Timer::Tree(reminder) = self {
            reminder.hash(state);
        }
    }
}

/// The files of the write-ahead log.
const FILES: [FileId; 2] = [0, 1];

impl Node for CrdtNode {
    type Config = CrdtConfig;
    type Message = Message;
    type Timer = Timer;
    const MESSAGE_KINDS: &'static [&'static str] = &[
        "state",
        "delta",
        "ack",
        "rumor",
        "told",
        "hashes",
        "leaves",
        "payload",
        "ihave",
        "graft",
        "prune",
        "keepalive",
        "membership",
    ];

    fn boot(config: &CrdtConfig, ctx: &mut Ctx<'_>) -> CrdtNode {
        let opened = Wal::open(FILES, true, ctx);
        if opened.recovery == Recovery::Refused {
            ctx.halt("the log is damaged");
        }
        let mut objects = Objects::default();
        let mut wal = opened.wal;
        wal.sync(ctx);
        let bytes = ctx.read(wal.file());
        for record in opened.records {
            if let Some(delta) = Objects::take(&mut Reader(&bytes[record])) {
                objects.join(&delta);
            }
        }
        let crdt = config.crdt.clone();
        // Nodes that start together do not go on together.
        let phase = ctx.rng().unit();
        ctx.arm(Timer::Turn, crdt.every.times(phase));
        let spread = Spread::new(ctx.now().0, crdt.keep);
        let mut node = CrdtNode {
            crdt,
            nodes: config.nodes,
            objects,
            spread,
            rumors: Rumors::default(),
            tree: None,
            turns: 0,
            wal,
            waiting: VecDeque::new(),
        };
        node.join_tree(&config.crdt, ctx);
        node
    }

    fn on_message(&mut self, from: Peer, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::State { objects, upto } => self.take_in(from, objects, upto, ctx),
            Message::Delta { objects, upto } => self.take_in(from, objects, Some(upto), ctx),
            Message::Rumor { objects, numbers } => self.hear(from, objects, numbers, ctx),
            Message::Told { numbers, knew } => self.told(&numbers, knew, ctx),
            Message::Hashes(hashes) => self.compare(from, &hashes, ctx),
            Message::Leaves { objects, leaves, asks } => self.exchange(from, objects, leaves, asks, ctx),
            Message::Tree { message, objects } => self.hear_tree(from, message, objects, ctx),
            Message::Ack { upto } => self.spread.acknowledge(from, upto, self.nodes as usize - 1),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        if let Timer::Tree(reminder) = timer {
            return self.remind_tree(reminder, ctx);
        }
        self.turns = self.turns.wrapping_add(1);
        for other in self.others(ctx) {
            match self.crdt.via {
                Via::Push => self.tell(other, ctx),
                Via::Rumor { compare_every, .. } => {
                    self.gossip(other, ctx);
                    if compare_every > 0 && self.turns.is_multiple_of(compare_every) {
                        self.begin_comparison(other, ctx);
                    }
                }
                Via::AntiEntropy(_) => self.begin_comparison(other, ctx),
                Via::Plumtree { compare_every, .. } => {
                    if compare_every > 0 && self.turns.is_multiple_of(compare_every) {
                        self.begin_comparison(other, ctx);
                    }
                }
            }
        }
        ctx.arm(Timer::Turn, self.crdt.every);
    }

    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        let Request { id, operation, .. } = request;
        let fresh = State::new(self.crdt.kind);
        let own = self.objects.states.get(&operation.key).unwrap_or(&fresh);
        let answer = match &operation.call {
            Call::Read => own.value(),
            Call::Contains(element) => {
                Value::Bool(matches!(own.value(), Value::List(all) if all.contains(element)))
            }
            call => {
                let author = Author { node: ctx.me(), wall: ctx.wall().0 };
                let Some(delta) = own.delta(call, author) else {
                    return ctx.reply(id, Reply::Rejected);
                };
                let delta = Objects { states: BTreeMap::from([(operation.key, delta)]) };
                self.change(delta, None, ctx);
                Value::Nil
            }
        };
        self.leave(Out::Reply(id, Reply::value(answer)), ctx);
    }

    fn on_synced(&mut self, sync: SyncId, result: SyncResult, ctx: &mut Ctx<'_>) {
        if !self.wal.synced(sync, result, ctx) {
            return ctx.halt("the disk failed");
        }
        while self.waiting.front().is_some_and(|(ticket, _)| *ticket <= self.wal.durable()) {
            if let Some((_, out)) = self.waiting.pop_front() {
                out.go(ctx);
            }
        }
    }

    fn message_bytes(message: &Message) -> u32 {
        message.bytes()
    }

    fn message_kind(message: &Message) -> &'static str {
        message.kind()
    }
}

impl Out {
    fn go(self, ctx: &mut Ctx<'_>) {
        match self {
            Out::Send(to, message) => ctx.send(to, message),
            Out::Reply(id, reply) => ctx.reply(id, reply),
        }
    }
}

impl CrdtNode {
    /// How many nodes have a copy.
    #[must_use]
    pub fn nodes(&self) -> u32 {
        self.nodes
    }

    /// What it has.
    #[must_use]
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Lets something out once all that was written is durable.
    pub(super) fn leave(&mut self, out: Out, ctx: &mut Ctx<'_>) {
        if self.wal.ticket() > self.wal.durable() {
            self.waiting.push_back((self.wal.ticket(), out));
        } else {
            out.go(ctx);
        }
    }

    /// Joins a delta; whether that changed anything.
    pub(super) fn change(&mut self, delta: Objects, from: Option<Peer>, ctx: &mut Ctx<'_>) -> bool {
        let changed = self.objects.join(&delta);
        if changed {
            self.wal.append(ctx, |out| delta.put(&mut Writer(out)));
            self.wal.sync(ctx);
            match self.crdt.via {
                Via::Rumor { .. } => self.rumors.begin(delta),
                Via::Push if self.crdt.sends == Sends::Deltas => self.spread.add(delta, from),
                Via::Plumtree { .. } if from.is_none() => self.broadcast(delta, ctx),
                Via::Push | Via::AntiEntropy(_) | Via::Plumtree { .. } => {}
            }
        }
        changed
    }

    fn take_in(&mut self, from: Peer, objects: Objects, upto: Option<u64>, ctx: &mut Ctx<'_>) {
        if self.change(objects, Some(from), ctx) {
            ctx.mark("merged");
        }
        if let Some(upto) = upto {
            self.leave(Out::Send(from, Message::Ack { upto }), ctx);
        }
    }

    /// Other nodes, drawn without repetition.
    fn others(&self, ctx: &mut Ctx<'_>) -> Vec<Peer> {
        let me = ctx.me().index() as u32;
        let mut others: Vec<u32> = (0..self.nodes).filter(|node| *node != me).collect();
        let count = (self.crdt.fanout as usize).min(others.len());
        for place in 0..count {
            let draw = place + ctx.rng().below((others.len() - place) as u64) as usize;
            others.swap(place, draw);
        }
        others.truncate(count);
        others.into_iter().map(Peer::node).collect()
    }

    fn tell(&mut self, other: Peer, ctx: &mut Ctx<'_>) {
        if self.objects.states.is_empty() {
            return;
        }
        let due = match self.crdt.sends {
            Sends::States => Due::State,
            Sends::Deltas => self.spread.due(other),
        };
        let message = match due {
            Due::Nothing => return,
            Due::Deltas(objects) => {
                ctx.mark("delta sent");
                Message::Delta { objects, upto: self.spread.next() }
            }
            Due::State => {
                ctx.mark("state sent");
                let upto = (self.crdt.sends == Sends::Deltas).then(|| self.spread.next());
                Message::State { objects: self.objects.clone(), upto }
            }
        };
        self.leave(Out::Send(other, message), ctx);
    }
}
