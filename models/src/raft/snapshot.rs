//! Log compaction and InstallSnapshot (§7, D 5): when a snapshot is taken, how it travels in chunks, how it is
//! installed.
//!
//! A follower that gets chunks says how many bytes it has, so a transfer that was interrupted goes on where it
//! stopped. An installed snapshot that the log already holds keeps what follows it.

use std::sync::Arc;

use sim_core::node::Context;
use sim_core::peer::Peer;

use super::entry::{Index, Position, Term};
use super::log::Log;
use super::machine::Machine;
use super::membership::Membership;
use super::message::{Chunk, Message, Timer};
use super::node::RaftNode;
use super::state::State;
use super::storage::Deferred;

/// The state at a place of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// What it covers.
    pub position: Position,
    /// The membership there.
    pub membership: Arc<Membership>,
    /// The state machine, sessions included.
    pub state: Arc<[u8]>,
}

/// A snapshot on its way to a follower.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) offset: u64,
    /// Whether a chunk is on its way and neither answered nor given up.
    pub(super) waiting: bool,
}

/// A snapshot that arrives in chunks.
#[derive(Debug)]
pub(super) struct Incoming {
    position: Position,
    bytes: Vec<u8>,
}

type Ctx<'a> = Context<'a, Message, Timer>;

impl RaftNode {
    /// Takes a snapshot if enough has been applied since the last one.
    pub(super) fn compact_if_due(&mut self, ctx: &mut Ctx<'_>) {
        let Some(settings) = self.shared.raft.snapshots else { return };
        let covered = self.snapshot.as_ref().map_or(0, |snapshot| snapshot.position.index);
        if self.applied - covered < settings.every_entries {
            return;
        }
        let Some(position) = self.log.position(self.applied) else { return };
        let mut state = Vec::new();
        self.machine().save(&mut state);
        let membership = self.membership_at(self.applied);
        let snapshot = Arc::new(Snapshot { position, membership, state: state.into() });
        ctx.mark("snapshot taken");
        // What a follower that is a little behind may need stays in memory; the disk needs only what follows.
        let keep = self.applied.saturating_sub(settings.keep_entries);
        let mut tail = self.log.clone();
        tail.compact(self.applied);
        self.storage.checkpoint(&snapshot, (self.term, self.vote), &tail, ctx);
        self.log.compact(keep.max(self.log.base().index));
        self.forget_memberships();
        self.snapshot = Some(snapshot);
    }

    /// A follower needs what is compacted: it is sent the snapshot.
    pub(super) fn start_snapshot(&mut self, place: usize, ctx: &mut Ctx<'_>) {
        let (Some(snapshot), Some(leading)) = (self.snapshot.clone(), self.leading.as_mut()) else { return };
        let progress = &mut leading.progress[place];
        progress.in_flight.clear();
        progress.sending = Some(Sending { snapshot, offset: 0, waiting: false });
        ctx.mark("snapshot sent");
        self.send_chunk(place, ctx);
    }

    /// Sends the next chunk, unless one is on its way.
    pub(super) fn send_chunk(&mut self, place: usize, ctx: &mut Ctx<'_>) {
        let size = self.shared.raft.snapshots.map_or(4096, |snapshots| snapshots.chunk_bytes);
        let term = self.term;
        let Some(leading) = self.leading.as_mut() else { return };
        let progress = &mut leading.progress[place];
        let Some(sending) = progress.sending.as_mut().filter(|sending| !sending.waiting) else { return };
        sending.waiting = true;
        let state = &sending.snapshot.state;
        let start = (sending.offset as usize).min(state.len());
        let end = state.len().min(start + size as usize);
        let chunk = Chunk {
            term,
            position: sending.snapshot.position,
            membership: sending.snapshot.membership.clone(),
            offset: start as u64,
            total: state.len() as u64,
            bytes: state[start..end].to_vec(),
        };
        ctx.send(progress.peer, Message::Snapshot(Box::new(chunk)));
    }

    /// A chunk arrives from the leader of this term.
    pub(super) fn on_chunk(&mut self, from: Peer, chunk: &Chunk, ctx: &mut Ctx<'_>) {
        let index = chunk.position.index;
        if index <= self.commit {
            // A snapshot of what is known already, over a newer log.
            return self.answer_chunk(from, index, chunk.total, true, ctx);
        }
        let fits = |incoming: &&mut Incoming| incoming.position == chunk.position;
        let incoming = match self.incoming.as_mut().filter(fits) {
            Some(incoming) => incoming,
            None => {
                ctx.mark("snapshot begun");
                self.incoming.insert(Incoming { position: chunk.position, bytes: Vec::new() })
            }
        };
        if incoming.bytes.len() as u64 == chunk.offset {
            incoming.bytes.extend_from_slice(&chunk.bytes);
        }
        let received = incoming.bytes.len() as u64;
        if received < chunk.total {
            return self.answer_chunk(from, index, received, false, ctx);
        }
        let Some(incoming) = self.incoming.take() else { return };
        let Some(machine) = Machine::load(self.shared.raft.sessions, &incoming.bytes) else { return };
        let (position, membership) = (chunk.position, chunk.membership.clone());
        self.install(Arc::new(Snapshot { position, membership, state: incoming.bytes.into() }), machine, ctx);
        self.answer_chunk(from, index, received, true, ctx);
    }

    fn answer_chunk(&mut self, to: Peer, index: Index, received: u64, installed: bool, ctx: &mut Ctx<'_>) {
        let term = self.term;
        let reply = Message::SnapshotReply { term, index, received, installed };
        if installed {
            self.defer(Deferred::Send(to, Box::new(reply)), ctx);
        } else {
            ctx.send(to, reply);
        }
    }

    /// The state becomes the snapshot's. Entries behind it stay if the log holds its last entry (§7).
    fn install(&mut self, snapshot: Arc<Snapshot>, machine: Machine, ctx: &mut Ctx<'_>) {
        ctx.mark("snapshot installed");
        let position = snapshot.position;
        if self.log.term(position.index) == Some(position.term) {
            self.log.compact(position.index);
        } else {
            self.storage.cut(position.index + 1);
            self.pending.clear();
            self.orphans.clear();
            self.log = Log::behind(position);
        }
        self.memberships.retain(|(index, _)| *index > position.index && *index <= self.log.last_index());
        self.memberships.insert(0, (position.index, snapshot.membership.clone()));
        self.state = State::new(machine, position.index);
        self.commit = self.commit.max(position.index);
        self.applied = position.index;
        while self.pending.front().is_some_and(|(index, ..)| *index <= position.index) {
            self.pending.pop_front();
        }
        self.storage.checkpoint(&snapshot, (self.term, self.vote), &self.log, ctx);
        self.snapshot = Some(snapshot);
        self.apply(ctx);
    }

    /// A follower says how much of the snapshot it has.
    pub(super) fn on_snapshot_reply(
        &mut self,
        from: Peer,
        index: Index,
        received: u64,
        installed: bool,
        ctx: &mut Ctx<'_>,
    ) {
        let now = ctx.now();
        let Some((place, progress)) = self.progress_of(from) else { return };
        progress.heard = now;
        if installed {
            if progress.sending.as_ref().is_some_and(|sending| sending.snapshot.position.index <= index) {
                progress.sending = None;
            }
            return self.follower_has(place, index, ctx);
        }
        let Some(sending) = progress.sending.as_mut() else { return };
        // An answer that tells nothing new belongs to a chunk that was sent twice.
        if sending.snapshot.position.index == index && received != sending.offset {
            (sending.offset, sending.waiting) = (received, false);
            self.send_chunk(place, ctx);
        }
    }

    /// A heartbeat has passed: a chunk that was not answered is sent again, a snapshot that is outdated anew.
    pub(super) fn resend_chunk(&mut self, place: usize, ctx: &mut Ctx<'_>) {
        let newest = self.snapshot.clone();
        let Some(leading) = self.leading.as_mut() else { return };
        let Some(sending) = leading.progress[place].sending.as_mut() else { return };
        if let Some(newest) = newest
            && newest.position.index > sending.snapshot.position.index
            && sending.offset == 0
        {
            sending.snapshot = newest;
        }
        sending.waiting = false;
        self.send_chunk(place, ctx);
    }

    /// The snapshot that arrives: what it covers, and how many bytes of it are here.
    pub(super) fn arriving(&self) -> Option<(Position, usize)> {
        self.incoming.as_ref().map(|incoming| (incoming.position, incoming.bytes.len()))
    }

    /// What the snapshot covers, for views and tests.
    #[must_use]
    pub fn snapshot_position(&self) -> Option<(Index, Term)> {
        self.snapshot.as_ref().map(|snapshot| (snapshot.position.index, snapshot.position.term))
    }
}
