//! One node outside a world, for tests of its protocol: it is told things one by one and what it asks for is handed
//! over, so a test decides what arrives, in which order, and what the disk keeps.
//!
//! Deliberately absent: network, clients, processors and the queue of timers; a test that wants them makes a world.

use crate::disk::{Disk, FileId, SyncId, SyncResult};
use crate::node::{Context, Effect, Node, Request};
use crate::peer::Peer;
use crate::random::Rng;
use crate::time::{Span, Time};

/// A node on its own, with its disk and a clock that its test sets.
pub struct Lone<N: Node> {
    me: Peer,
    now: Time,
    rng: Rng,
    disk: Option<Box<Disk>>,
    node: Option<N>,
}

/// What a handler asked for.
pub type Effects<N> = Vec<Effect<<N as Node>::Message, <N as Node>::Timer>>;

impl<N: Node> Lone<N> {
    /// A node that is down, with an empty disk. `seed` is that of its random stream.
    #[must_use]
    pub fn new(me: Peer, seed: u64) -> Lone<N> {
        Lone { me, now: Time::ZERO, rng: Rng::from_key(seed), disk: None, node: None }
    }

    fn with(
        &mut self,
        act: impl FnOnce(&mut Option<N>, &mut Context<'_, N::Message, N::Timer>),
    ) -> Effects<N> {
        let mut effects = Vec::new();
        let mut context = Context {
            me: self.me,
            now: self.now,
            wall: self.now,
            uncertainty: Span::ZERO,
            slow: &[],
            rng: &mut self.rng,
            disk: &mut self.disk,
            effects: &mut effects,
        };
        act(&mut self.node, &mut context);
        effects
    }

    fn handle(&mut self, act: impl FnOnce(&mut N, &mut Context<'_, N::Message, N::Timer>)) -> Effects<N> {
        self.with(|node, context| {
            if let Some(node) = node {
                act(node, context);
            }
        })
    }

    /// Starts it, from what its disk holds.
    pub fn boot(&mut self, config: &N::Config) -> Effects<N> {
        self.with(|node, context| *node = Some(N::boot(config, context)))
    }

    /// A message arrives; nothing happens at a node that is down.
    pub fn message(&mut self, from: Peer, message: N::Message) -> Effects<N> {
        self.handle(|node, context| node.on_message(from, message, context))
    }

    /// A timer fires, whether it was armed or not.
    pub fn timer(&mut self, timer: N::Timer) -> Effects<N> {
        self.handle(|node, context| node.on_timer(timer, context))
    }

    /// A client asks.
    pub fn request(&mut self, request: Request) -> Effects<N> {
        self.handle(|node, context| node.on_request(request, context))
    }

    /// A sync that the node asked for completes, or fails.
    pub fn synced(&mut self, sync: SyncId, result: SyncResult) -> Effects<N> {
        if let (Some(disk), SyncResult::Durable) = (&mut self.disk, result) {
            disk.complete_sync(sync);
        }
        self.handle(|node, context| node.on_synced(sync, result, context))
    }

    /// It stops; what was not synced is lost.
    pub fn crash(&mut self) {
        self.node = None;
        if let Some(disk) = &mut self.disk {
            disk.crash();
        }
    }

    /// Its clock goes on.
    pub fn advance(&mut self, by: Span) {
        self.now += by;
    }

    /// Its power fails while the disk writes: sectors of what was not synced are there at random, chosen by a key.
    pub fn crash_torn(&mut self, key: u64) {
        self.node = None;
        if let Some(disk) = &mut self.disk {
            disk.tear(&mut Rng::from_key(key));
        }
    }

    /// What its clock says.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// Its state, while it is up.
    #[must_use]
    pub fn node(&self) -> Option<&N> {
        self.node.as_ref()
    }

    /// Its disk, if it has written to it.
    #[must_use]
    pub fn disk(&self) -> Option<&Disk> {
        self.disk.as_deref()
    }

    /// Changes the bytes of a file behind its back, as a fault of the disk would. For a node that is down.
    pub fn damage(&mut self, file: FileId, change: impl FnOnce(&mut Vec<u8>)) {
        assert!(self.node.is_none(), "a disk is damaged while its node is down");
        let disk = self.disk.get_or_insert_default();
        disk.damage(file, change);
    }
}
