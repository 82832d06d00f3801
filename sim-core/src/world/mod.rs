//! The world: nodes, network, clients and faults on one event queue, and the loop that runs them.
//!
//! The loop takes the least event by (time, source, the source's sequence number), lets it happen, and writes down
//! what it caused. Nothing here knows a protocol. One file a part: [`config`] what a world is built from, `build` the
//! start, `pending` what is due and how the queue says it, `ahead` what of it is fetched before, `nodes` what happens at a node, `effects` what handlers asked for, `clients` the clients, `answers` what they
//! are told, `patience` their time-outs, `layers` those with layers of policies, `inject` the faults, `finish` the record.

mod ahead;
mod answers;
mod build;
mod clients;
pub mod config;
mod effects;
mod finish;
mod inject;
mod layers;
mod nodes;
mod patience;
mod pending;
mod timers;

use std::ops::ControlFlow;

use crate::client::session::Clients;
use crate::clock::Clock;
use crate::disk::{Disk, DiskConfig};
use crate::fingerprint::Fingerprint;
use crate::network::Network;
use crate::node::{Effect, Node, Reply, Request, RequestId};
use crate::observer::{Happening, Observer};
use crate::peer::Peer;
use crate::processor::{Processor, ProcessorConfig, Task};
use crate::queue::Queue;
use crate::random::{Rng, Streams};
use crate::record::{NodeInfo, Record, Violation};
use crate::slab::Slab;
use crate::time::Time;

use self::pending::{Event, MESSAGE, TIMER, Told, sync_of};
use self::timers::Timers;

pub use self::config::{ClockConfig, ConfigError, NodeGroup, Schedule, WorldConfig};

/// A running world of nodes of one type.
pub struct World<N: Node> {
    pub(crate) now: Time,
    queue: Queue,
    events: Slab<Event>,
    messages: Slab<N::Message>,
    requests: Slab<Request>,
    replies: Slab<(RequestId, Reply, Peer)>,
    tasks: Slab<Task<N>>,
    slots: Vec<Slot<N>>,
    /// The parts of the nodes that few events touch.
    rests: Vec<Rest>,
    groups: Vec<Group<N>>,
    streams: Streams,
    network: Network,
    clients: Clients,
    plan: inject::Plan,
    effects: Vec<Effect<N::Message, N::Timer>>,
    tie_break: Option<u64>,
    fetches_ahead: bool,
    engine_seq: u32,
    record: Record,
    counts: Counts,
}

/// What grows with every event, apart from the record so that the hot path stays small.
#[derive(Default)]
struct Counts {
    events: u64,
    fingerprint: Fingerprint,
    marks: indexmap::IndexMap<&'static str, u64>,
    /// Invocations and completions so far.
    history_events: u64,
}

impl Counts {
    /// The position of the next invocation or completion.
    fn history(&mut self) -> u64 {
        self.history_events += 1;
        self.history_events - 1
    }
}

/// What the nodes of a group share.
struct Group<N: Node> {
    config: N::Config,
    processor: ProcessorConfig,
    free: bool,
    disk: DiskConfig,
}

/// A node's place in the world: what every event touches, on cache lines of its own. Kept small: a cluster may have ten
/// million.
#[repr(align(64))]
struct Slot<N: Node> {
    /// The node, while its process lives.
    state: Option<N>,
    rng: Rng,
    timers: Timers<N::Timer>,
    /// Only for nodes whose clock is off or whose work costs something.
    body: Option<Box<Body<N>>>,
    seq: u32,
    armings: u32,
}

/// The rest of a node's place.
#[derive(Default)]
struct Rest {
    disk: Option<Box<Disk>>,
    role: &'static str,
    epoch: u64,
    boot: u32,
    syncs_ever: u32,
    group: u16,
    /// How many faults hold it down.
    down: u16,
}

/// A clock and a processor, where they are not the plain ones.
struct Body<N: Node> {
    clock: Clock,
    base_drift_ppb: i64,
    processor: Processor<N>,
}

/// All nodes as they are at one instant.
pub struct States<'a, N: Node>(&'a [Slot<N>], &'a [Rest]);

impl<N: Node> Clone for States<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<N: Node> Copy for States<'_, N> {}

impl<N: Node> std::fmt::Debug for States<'_, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "States of {} nodes", self.0.len())
    }
}

impl<'a, N: Node> States<'a, N> {
    /// How many nodes there are, up or down.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there are none, which no world allows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// A node's state, if its process lives.
    #[must_use]
    pub fn get(&self, node: Peer) -> Option<&'a N> {
        self.0.get(node.index())?.state.as_ref()
    }
    /// A node's disk, if it has written to it.
    #[must_use]
    pub fn disk(&self, node: Peer) -> Option<&'a Disk> {
        self.1.get(node.index())?.disk.as_deref()
    }
    /// A node's clock.
    #[must_use]
    pub fn clock(&self, node: Peer) -> Clock {
        let body = self.0.get(node.index()).and_then(|slot| slot.body.as_ref());
        body.map_or_else(Clock::default, |body| body.clock.clone())
    }
    /// How often a node has booted.
    #[must_use]
    pub fn boots(&self, node: Peer) -> u32 {
        self.1.get(node.index()).map_or(0, |rest| rest.boot)
    }
    /// The nodes whose processes live.
    pub fn live(&self) -> impl Iterator<Item = (Peer, &'a N)> + use<'a, N> {
        self.0.iter().enumerate().filter_map(|(i, slot)| Some((Peer::node(i as u32), slot.state.as_ref()?)))
    }
}

/// The kinds of events, as the fingerprint tells them apart. Never renumber one.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    Boot = 0,
    Message = 1,
    Timer = 2,
    Request = 3,
    Synced = 4,
    Reply = 5,
    Client = 6,
    Fault = 7,
    Dropped = 8,
    Crash = 9,
}

type Flow = ControlFlow<Violation>;

impl<N: Node> World<N> {
    /// The present instant of true time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// All nodes as they are now.
    #[must_use]
    pub fn states(&self) -> States<'_, N> {
        States(&self.slots, &self.rests)
    }

    /// The hash of everything so far.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.counts.fingerprint
    }

    /// How many events have happened.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.counts.events
    }

    /// The nodes as the record will name them; empty for clusters too large to name.
    #[must_use]
    pub fn nodes(&self) -> &[NodeInfo] {
        &self.record.nodes
    }

    /// Runs until nothing is due at `until` or before. May be called again with a later instant.
    ///
    /// # Errors
    /// Breaks with the violation that an observer saw; the world stays as it was then, and the record will hold it.
    pub fn run<O: Observer<N>>(&mut self, until: Time, observer: &mut O) -> Flow {
        if let Some(violation) = &self.record.violation {
            return ControlFlow::Break(violation.clone());
        }
        let flow = self.run_inner(until, observer);
        if let ControlFlow::Break(violation) = &flow {
            self.record.violation = Some(violation.clone());
        } else {
            self.now = self.now.max(until);
        }
        flow
    }

    fn run_inner<O: Observer<N>>(&mut self, until: Time, observer: &mut O) -> Flow {
        self.start(observer)?;
        loop {
            let Some(entry) = self.queue.pop_soon(until) else {
                if !self.queue.advance(until) {
                    return ControlFlow::Continue(());
                }
                self.fetch_first();
                continue;
            };
            self.fetch_next();
            self.now = entry.at;
            let (tie, slot) = (entry.tie, entry.slot);
            if slot >> 30 == MESSAGE >> 30 {
                self.arrive(tie, slot & !MESSAGE, Peer::from_raw(entry.target), observer)?;
            } else if slot >> 30 == TIMER >> 30 {
                self.timer_due(tie, Peer::node(entry.target), slot & !TIMER, observer)?;
            } else {
                self.other(tie, slot, entry.target, observer)?;
            }
        }
    }

    /// What is neither a message nor a timer.
    #[inline(never)]
    fn other<O: Observer<N>>(&mut self, tie: u64, slot: u32, target: u32, observer: &mut O) -> Flow {
        let slot = match Told::of(slot) {
            Told::Sync { low, result } => return self.synced(tie, target, low, result, observer),
            Told::Request(slot) => return self.request_arrives(tie, Peer::from_raw(target), slot, observer),
            Told::Reply(slot) => return self.reply_arrives(tie, slot, observer),
            Told::Event(slot) => slot,
        };
        match self.events.take(slot) {
            Event::Done { node, boot, slot } => self.served(tie, node, boot, slot, observer),
            Event::Client(due) => self.client_due(tie, due, observer),
            Event::Strike { line, cause } => self.strike(tie, line, cause, observer),
            Event::EndFault { id } => self.end_fault(tie, id, observer),
            Event::Heal => self.heal(tie, observer),
        }
    }

    /// Counts an event and adds it to the fingerprint.
    #[inline]
    fn absorb(&mut self, tie: u64, kind: Kind, target: Peer, content: u64) {
        self.counts.events = self.counts.events.wrapping_add(1);
        let what = (u64::from(kind as u8) << 32) | u64::from(target.raw());
        self.counts.fingerprint.absorb([self.now.0, tie, what, content]);
    }

    /// Tells an observer that something is about to happen.
    #[inline]
    fn tell<O: Observer<N>>(&self, observer: &mut O, happening: &Happening<'_, N>) -> Flow {
        if O::ACTIVE {
            observer.before(self.now, self.counts.fingerprint, happening)
        } else {
            ControlFlow::Continue(())
        }
    }
}
