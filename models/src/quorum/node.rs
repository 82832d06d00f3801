//! One node of a quorum system: what it holds as a replica, what it does as a coordinator, and which part of the
//! protocol handles what.
//!
//! The parts are methods in files of their own: `coordinator`, `replica`, `anti_entropy`, `liveness`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use sim_core::disk::{SyncId, SyncResult};
use sim_core::node::{Context, Node, Request};
use sim_core::peer::Peer;
use sim_core::time::Time;

use super::administration::Administration;
use super::coordinator::Coordination;
use super::membership::QuorumConfig;
use super::message::{Epoch, Message, Number, Timer};
use super::probe::{Measuring, Waiting};
use super::replica::{Held, Hint};
use super::storage::{Restored, Storage};
use super::versions::{Cell, Object};
use crate::detector::Watch;

/// One node.
#[derive(Debug)]
pub struct QuorumNode {
    pub(super) shared: Arc<QuorumConfig>,
    pub(super) me: Peer,
    pub(super) storage: Storage,
    /// What it holds as a replica.
    pub(super) held: BTreeMap<Object, Held>,
    /// What it keeps for other replicas.
    pub(super) hints: BTreeMap<(Peer, Object), Hint>,
    /// What it coordinates.
    pub(super) operations: BTreeMap<Number, Coordination>,
    /// Since when it lives.
    pub(super) life: u64,
    /// What it wrote as a coordinator in this life and has not replaced itself; kept where versions have dots.
    pub(super) written: BTreeMap<Object, Cell>,
    /// How far changes of membership have come, as far as it knows, and its part in them.
    pub(super) epoch: Epoch,
    pub(super) administration: Administration,
    /// Keys on their way to newcomers, each by the number under which it was sent.
    pub(super) moving: BTreeMap<(Peer, Object), Number>,
    /// The last number given to anything.
    pub(super) last_number: Number,
    /// Measuring reads of its own.
    pub(super) measuring: BTreeMap<Number, Measuring>,
    /// Measuring reads of others that wait for their version here.
    pub(super) waiting: Vec<Waiting>,
    /// When what was held under a key came to be; kept while anybody measures.
    pub(super) arrivals: BTreeMap<Object, VecDeque<(Time, Cell)>>,
    /// What the heartbeats of others say, and whether each is suspected; empty where nobody watches.
    pub(super) watches: BTreeMap<Peer, (Watch, bool)>,
}

pub(super) type Ctx<'a> = Context<'a, Message, Timer>;

impl Node for QuorumNode {
    type Config = Arc<QuorumConfig>;
    type Message = Message;
    type Timer = Timer;
    const MESSAGE_KINDS: &'static [&'static str] = &[
        "write",
        "repair",
        "handoff",
        "transfer",
        "ack",
        "read",
        "response",
        "measure",
        "late",
        "tree",
        "leaves",
        "heartbeat",
        "ring",
    ];

    fn boot(config: &Arc<QuorumConfig>, ctx: &mut Ctx<'_>) -> QuorumNode {
        let Restored { storage, held, hints, epoch, refused } = Storage::open(&config.quorum, ctx);
        let mut node = QuorumNode {
            shared: config.clone(),
            me: ctx.me(),
            storage,
            held,
            hints,
            operations: BTreeMap::new(),
            life: ctx.now().0,
            written: BTreeMap::new(),
            epoch,
            administration: Administration::default(),
            moving: BTreeMap::new(),
            last_number: 0,
            measuring: BTreeMap::new(),
            waiting: Vec::new(),
            arrivals: BTreeMap::new(),
            watches: BTreeMap::new(),
        };
        if refused {
            ctx.halt("log refused");
        } else {
            node.start(ctx);
        }
        node
    }

    fn on_message(&mut self, from: Peer, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Write { number, object, cell, home, cause, epoch } => {
                if self.fits(from, epoch, ctx) {
                    self.on_write(from, number, object, &cell, home, cause, ctx);
                }
            }
            Message::Ack { number, object, home, cause } => {
                self.on_ack(from, number, object, home, cause, ctx)
            }
            Message::Read { number, object, epoch } => {
                if self.fits(from, epoch, ctx) {
                    self.on_read(from, number, object, ctx);
                }
            }
            Message::Response { number, cell } => self.on_response(from, number, cell, ctx),
            Message::Measure { object, version, ended } => self.on_measure(object, version, ended, ctx),
            Message::Probe { number, object, version, behind } => {
                self.on_probe(from, number, (object, version), behind, ctx);
            }
            Message::Probed { number, late } => self.on_probed(from, number, late, ctx),
            Message::Late { number, by } => self.on_late(from, number, by, ctx),
            Message::Tree { depth, nodes } => self.on_tree(from, depth, &nodes, ctx),
            Message::Leaves { leaves, cells, back } => self.on_leaves(from, &leaves, cells, back, ctx),
            Message::Ring { epoch } => self.on_ring(from, epoch, ctx),
            Message::Followed { epoch } => self.on_followed(from, epoch, ctx),
            Message::Heartbeat { number } => self.on_heartbeat(from, number, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        match timer {
            Timer::Fallback(number) => self.on_silence(number, ctx),
            Timer::Deadline(number) => self.on_deadline(number, ctx),
            Timer::Handoff => self.offer_hints(ctx),
            Timer::AntiEntropy => self.compare(ctx),
            Timer::Purge => self.purge(ctx),
            Timer::Lead => self.on_lead(ctx),
            Timer::Move => self.move_keys(ctx),
            Timer::Unseen(number) => self.on_unseen(number, ctx),
            Timer::Heartbeat => self.beat(ctx),
            Timer::Suspect(node) => self.on_suspicion(node, ctx),
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        self.coordinate(request, ctx);
    }

    fn on_synced(&mut self, sync: SyncId, result: SyncResult, ctx: &mut Ctx<'_>) {
        if !self.storage.synced(sync, result, ctx) {
            return ctx.halt("disk failed");
        }
        while let Some((to, message)) = self.storage.released() {
            ctx.send(to, message);
        }
    }

    fn message_bytes(message: &Message) -> u32 {
        message.bytes()
    }

    fn message_kind(message: &Message) -> &'static str {
        message.kind()
    }
}

impl QuorumNode {
    /// Arms what recurs, and goes on with what was under way.
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let shared = self.shared.clone();
        // Nodes that start together do not go on together.
        let phase = ctx.rng().unit();
        if let Some(sloppy) = shared.quorum.sloppy {
            ctx.arm(Timer::Handoff, sloppy.handoff.times(phase));
        }
        if let Some(compare) = shared.quorum.anti_entropy {
            ctx.arm(Timer::AntiEntropy, compare.every.times(phase));
        }
        if let Some(age) = shared.quorum.purge {
            ctx.arm(Timer::Purge, age);
        }
        self.start_watching(ctx);
        self.resume(ctx);
    }

    /// A number that no life of this node has used: no less than its clock, which never goes back.
    pub(super) fn number(&mut self, ctx: &Ctx<'_>) -> Number {
        self.last_number = (self.last_number + 1).max(ctx.now().0);
        self.last_number
    }

    /// What it holds under a key.
    #[must_use]
    pub fn held(&self, object: Object) -> Option<&Held> {
        self.held.get(&object)
    }

    /// How far changes of membership have come, as far as it knows.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// What it keeps for other replicas, by home and key.
    #[must_use]
    pub fn kept_for_others(&self) -> &BTreeMap<(Peer, Object), Hint> {
        &self.hints
    }

    /// What everyone was booted with.
    #[must_use]
    pub fn shared(&self) -> &QuorumConfig {
        &self.shared
    }

    /// All that it holds.
    #[must_use]
    pub fn all_held(&self) -> &BTreeMap<Object, Held> {
        &self.held
    }

    /// How many versions it keeps for other replicas.
    #[must_use]
    pub fn hints(&self) -> usize {
        self.hints.len()
    }
}
