//! A Raft server: what it remembers (figure 2), its boot, and which part of the protocol handles what.
//!
//! The parts are methods in files of their own: `election`, `replication` (the leader's side), `follower` (the other
//! side, and applying), `read`, `snapshot`, `reconfigure`, `transfer`. Deliberately absent: true time and other
//! nodes' states, which a server cannot know.

use std::cell::RefMut;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use sim_core::disk::{SyncId, SyncResult};
use sim_core::node::{Context, Node, Reply, Request, RequestId};
use sim_core::peer::Peer;
use sim_core::time::{Span, Time};

use super::config::{Raft, Reads};
use super::entry::{Command, Entry, Index, Payload, Term};
use super::follower::Early;
use super::log::Log;
use super::machine::Machine;
use super::membership::Membership;
use super::message::{Message, Timer};
use super::progress::Leading;
use super::read::Asked;
use super::snapshot::{Incoming, Snapshot};
use super::state::State;
use super::storage::{Deferred, Restored, Storage};
use crate::wal::Recovery;

/// What every server of a cluster is booted with.
#[derive(Clone, Debug, PartialEq)]
pub struct RaftConfig {
    /// The settings.
    pub raft: Raft,
    /// The nodes of the cluster by index, voters first.
    pub members: Vec<Peer>,
}

/// What a server is at present (§5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It follows a leader, or waits for one.
    Follower,
    /// It asks whether an election could be won (D 9.6).
    PreCandidate,
    /// It stands for election.
    Candidate,
    /// It leads.
    Leader,
}

/// One Raft server.
#[derive(Debug)]
pub struct RaftNode {
    pub(super) shared: Arc<RaftConfig>,
    pub(super) me: Peer,
    pub(super) term: Term,
    pub(super) vote: Option<Peer>,
    pub(super) role: Role,
    /// The leader of this term, once it is known.
    pub(super) leader: Option<Peer>,
    pub(super) log: Log,
    pub(super) storage: Storage,
    pub(super) snapshot: Option<Arc<Snapshot>>,
    pub(super) incoming: Option<Incoming>,
    pub(super) commit: Index,
    pub(super) applied: Index,
    pub(super) state: State,
    /// The memberships in the log with their places, behind the one that holds at its start.
    pub(super) memberships: Vec<(Index, Arc<Membership>)>,
    /// When the leader is given up, or the election.
    pub(super) deadline: Time,
    /// When the timer for it is due; at the deadline or before.
    pub(super) armed: Option<Time>,
    /// When it last heard from a leader of its term or a later one.
    pub(super) contact: Option<Time>,
    pub(super) booted: Time,
    pub(super) votes: Vec<Peer>,
    pub(super) leading: Option<Box<Leading>>,
    /// Requests in the log that are not answered yet, in the order of their places.
    pub(super) pending: VecDeque<(Index, Term, RequestId)>,
    /// Likewise, of entries that were cut from its log and may be in others.
    pub(super) orphans: Vec<(Index, Term, RequestId)>,
    pub(super) asked: Asked,
    /// Whether its log has agreed with that of this term's leader somewhere.
    pub(super) agreed: bool,
    /// Appends of this term that overtook those before them.
    pub(super) early: Vec<Early>,
    pub(super) scratch: Vec<Index>,
}

type Ctx<'a> = Context<'a, Message, Timer>;

impl Node for RaftNode {
    type Config = Arc<RaftConfig>;
    type Message = Message;
    type Timer = Timer;
    const MESSAGE_KINDS: &'static [&'static str] = &[
        "pre-vote",
        "vote",
        "pre-vote reply",
        "vote reply",
        "heartbeat",
        "append",
        "append reply",
        "snapshot",
        "snapshot reply",
        "timeout now",
        "read index",
        "read index reply",
    ];

    fn boot(config: &Arc<RaftConfig>, ctx: &mut Ctx<'_>) -> RaftNode {
        let (storage, restored) = Storage::open(&config.raft, ctx);
        let mut node = RaftNode::fresh(config, storage, ctx);
        match restored.recovery {
            Some(Recovery::Refused) => {
                ctx.halt("log refused");
                return node;
            }
            Some(Recovery::Repaired(_)) => ctx.mark("log repaired"),
            _ => {}
        }
        let first = restored.recovery.is_none_or(|recovery| recovery == Recovery::Fresh);
        if !node.restore(restored) {
            ctx.halt("snapshot unreadable");
            return node;
        }
        if first {
            node.preload(ctx);
        }
        ctx.status("follower", node.term);
        node.reset_deadline(ctx);
        if first && node.is_initial_leader() {
            node.wait(Span::ZERO, ctx);
        }
        node
    }

    fn on_message(&mut self, from: Peer, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Vote { term, last_index, last_term, pre: true, .. } => {
                self.on_pre_vote(from, term, (last_term, last_index), ctx);
            }
            Message::Vote { term, last_index, last_term, transfer, .. } => {
                self.on_vote(from, term, (last_term, last_index), transfer, ctx);
            }
            Message::VoteReply { term, granted, pre } => self.on_vote_reply(from, term, granted, pre, ctx),
            Message::Append { term, previous_index, previous_term, commit, round, entries } => {
                if self.hears_leader(from, term, ctx) {
                    let previous = (previous_index, previous_term);
                    self.on_append(from, previous, entries, commit, round, ctx);
                } else if term < self.term {
                    // Of its log it tells nothing, and its sender may lead again by now: rounds of another term count for none.
                    let (term, conflict_term, conflict_index) = (self.term, 0, Index::MAX);
                    let refusal =
                        Message::Refused { term, previous_index, conflict_term, conflict_index, round: 0 };
                    self.defer(Deferred::Send(from, Box::new(refusal)), ctx);
                }
            }
            Message::Snapshot(chunk) => {
                if self.hears_leader(from, chunk.term, ctx) {
                    self.on_chunk(from, &chunk, ctx);
                } else if chunk.term < self.term {
                    let (term, index) = (self.term, chunk.position.index);
                    let reply = Message::SnapshotReply { term, index, received: 0, installed: false };
                    self.defer(Deferred::Send(from, Box::new(reply)), ctx);
                }
            }
            Message::Accepted { term, matched, round } => {
                if self.leads_in(term, ctx) {
                    self.on_accepted(from, matched, round, ctx);
                }
            }
            Message::Refused { term, previous_index, conflict_term, conflict_index, round } => {
                if self.leads_in(term, ctx) {
                    self.on_refused(from, previous_index, (conflict_index, conflict_term), round, ctx);
                }
            }
            Message::SnapshotReply { term, index, received, installed } => {
                if self.leads_in(term, ctx) {
                    self.on_snapshot_reply(from, index, received, installed, ctx);
                }
            }
            Message::TimeoutNow { term } => self.on_timeout_now(from, term, ctx),
            Message::ReadIndex { number } => self.on_read_index(from, number, ctx),
            Message::ReadIndexReply { number, index } => self.on_read_index_reply(number, index, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        match timer {
            Timer::Election => self.on_election_timer(ctx),
            Timer::Heartbeat => self.on_heartbeat_timer(ctx),
            Timer::Gather => {
                if let Some(leading) = self.leading.as_mut() {
                    leading.gathering = false;
                    self.replicate(ctx);
                }
            }
        }
    }

    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        if !Machine::offers(&request.operation) {
            return ctx.reply(request.id, Reply::Rejected);
        }
        if request.operation.call.is_read_only() && self.shared.raft.reads != Reads::Log {
            self.on_read(request, ctx);
        } else {
            self.on_write(request, ctx);
        }
    }

    fn on_synced(&mut self, sync: SyncId, result: SyncResult, ctx: &mut Ctx<'_>) {
        if !self.storage.synced(sync, result, ctx) {
            return ctx.halt("disk failed");
        }
        while let Some(deferred) = self.storage.released() {
            self.carry_out(deferred, ctx);
        }
        if self.leading.is_some() {
            self.advance_commit(ctx);
        }
    }

    #[inline(always)]
    fn message_bytes(message: &Message) -> u32 {
        message.bytes()
    }

    fn message_kind(message: &Message) -> &'static str {
        message.kind()
    }
}

impl RaftNode {
    fn fresh(config: &Arc<RaftConfig>, storage: Storage, ctx: &mut Ctx<'_>) -> RaftNode {
        let (me, now) = (ctx.me(), ctx.now());
        let voters = config.raft.voters.map_or(config.members.len(), |voters| voters as usize);
        let first = Membership::of(config.members[..voters].to_vec());
        RaftNode {
            shared: config.clone(),
            me,
            term: 0,
            vote: None,
            role: Role::Follower,
            leader: None,
            log: Log::default(),
            storage,
            snapshot: None,
            incoming: None,
            commit: 0,
            applied: 0,
            state: State::new(Machine::new(config.raft.sessions), 0),
            memberships: vec![(0, Arc::new(first))],
            deadline: Time::ZERO,
            armed: None,
            // A server that restarts does not know what it promised a lease-holder: it keeps still for a while.
            contact: matches!(config.raft.reads, Reads::Lease { .. }).then_some(now),
            booted: now,
            votes: Vec::new(),
            leading: None,
            pending: VecDeque::new(),
            orphans: Vec::new(),
            asked: Asked::new(config.raft.reads, ctx),
            agreed: false,
            early: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Whether the settings have it stand at once. Where nothing is kept on disk each boot is a first one, so only the
    /// run's very beginning counts.
    fn is_initial_leader(&self) -> bool {
        let chosen = self.shared.raft.initial_leader;
        self.booted == Time::ZERO && chosen.is_some_and(|node| self.shared.members[node as usize] == self.me)
    }

    /// Takes over what the disk held; `false` if its snapshot cannot be read.
    fn restore(&mut self, restored: Restored) -> bool {
        (self.term, self.vote) = (restored.term, restored.vote);
        self.log = restored.log;
        if let Some(snapshot) = restored.snapshot {
            let Some(machine) = Machine::load(self.shared.raft.sessions, &snapshot.state) else {
                return false;
            };
            let index = snapshot.position.index;
            self.state = State::new(machine, index);
            (self.commit, self.applied) = (index, index);
            self.memberships = vec![(index, snapshot.membership.clone())];
            self.snapshot = Some(snapshot);
        }
        for entry in self.log.entries() {
            if let Payload::Membership(membership) = &entry.payload {
                self.memberships.push((entry.index, membership.clone()));
            }
        }
        true
    }

    /// Fills the log of a first boot as the settings say.
    fn preload(&mut self, ctx: &mut Ctx<'_>) {
        let shared = self.shared.clone();
        let place = shared.members.iter().position(|member| *member == self.me);
        let terms = place.and_then(|place| shared.raft.initial_logs.get(place));
        for term in terms.into_iter().flatten() {
            self.log.append(Rc::new(Entry::new(self.log.last_index() + 1, *term, Payload::Noop)));
        }
        self.term = self.log.last().term;
        if self.term > 0 {
            self.storage.append(self.log.entries(), self.log.last_index(), ctx);
            self.storage.promise(self.term, None, ctx);
            // It was there before the run began: nobody waits for it.
            self.storage.trust(self.log.last_index());
        }
    }

    /// A client's write, or a read that goes through the log.
    fn on_write(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        let Request { id, operation, .. } = request;
        if self.role != Role::Leader {
            return ctx.reply(id, Reply::Redirect(self.leader));
        }
        let answered = self.machine().answered(id.process, id.serial);
        if let Some(answer) = answered {
            ctx.mark("retry answered");
            return ctx.reply(id, Reply::Done(answer));
        }
        if self.is_transferring() {
            return ctx.reply(id, Reply::Rejected);
        }
        let command = Command { process: id.process, serial: id.serial, operation };
        let index = self.append_own(Payload::Command(command), ctx);
        self.pending.push_back((index, self.term, id));
        self.spread(ctx);
    }

    /// Does something once all that was written is durable, at once if it is.
    #[inline(always)]
    pub(super) fn defer(&mut self, what: Deferred, ctx: &mut Ctx<'_>) {
        if self.storage.is_durable(ctx) {
            self.carry_out(what, ctx);
        } else {
            self.storage.keep(what);
        }
    }

    #[inline(always)]
    fn carry_out(&mut self, deferred: Deferred, ctx: &mut Ctx<'_>) {
        match deferred {
            Deferred::Accept { to, term, matched, round } => {
                ctx.send(to, Message::Accepted { term, matched, round });
            }
            rarer => self.carry_out_rarer(rarer, ctx),
        }
    }

    #[cold]
    fn carry_out_rarer(&mut self, deferred: Deferred, ctx: &mut Ctx<'_>) {
        match deferred {
            Deferred::Send(to, message) => ctx.send(to, *message),
            Deferred::OwnVote(term) if term == self.term && self.role == Role::Candidate => {
                let me = self.me;
                self.count_vote(me, ctx);
            }
            Deferred::OwnVote(_) | Deferred::Accept { .. } => {}
        }
    }

    /// The state machine, with everything applied.
    #[inline]
    pub(super) fn machine(&self) -> RefMut<'_, Machine> {
        self.state.at(&self.log, self.applied)
    }

    /// Removes the entries from a place on, in memory and on disk.
    pub(super) fn cut(&mut self, from: Index) {
        self.state.before_cut(&self.log, from, self.applied);
        self.log.cut(from);
        self.storage.cut(from);
    }

    /// The latest membership in the log, committed or not (D 4.1).
    pub(super) fn membership(&self) -> &Arc<Membership> {
        self.memberships.last().map(|(_, membership)| membership).expect("there is one from the start")
    }

    /// The membership that holds at a place of the log.
    pub(super) fn membership_at(&self, index: Index) -> Arc<Membership> {
        let place = self.memberships.partition_point(|(at, _)| *at <= index).max(1) - 1;
        self.memberships[place].1.clone()
    }

    /// Forgets memberships that a snapshot covers, but the one that holds at its end.
    pub(super) fn forget_memberships(&mut self) {
        let base = self.log.base().index;
        let place = self.memberships.partition_point(|(at, _)| *at <= base).max(1) - 1;
        self.memberships.drain(..place);
    }

    /// The time in which nobody stands for election after hearing from a leader.
    pub(super) fn least_timeout(&self) -> Span {
        self.shared.raft.election_timeout.least()
    }

    /// The length of a usual election time-out, for what is given up after one.
    pub(super) fn usual_timeout(&self) -> Span {
        self.shared.raft.usual_timeout()
    }
}
