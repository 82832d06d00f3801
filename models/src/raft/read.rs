//! Reads that do not go through the log (D 6.4): by ReadIndex, under a lease, through a follower, and the two wrong
//! ways that answer at once.
//!
//! A leader shows that it still leads by rounds: every append and heartbeat carries the number of the latest round,
//! every answer gives it back. Reads that arrive during a round wait for the next one, so that one round serves many.

use std::collections::VecDeque;

use sim_core::node::{Context, Reply, Request, RequestId};
use sim_core::peer::Peer;
use sim_core::time::{Span, Time};
use sim_core::value::Operation;

use super::config::Reads;
use super::entry::Index;
use super::message::{Message, Timer};
use super::node::{RaftNode, Role};

type Ctx<'a> = Context<'a, Message, Timer>;

/// A leader's rounds, and the reads that wait for them.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// The latest round that was begun.
    begun: u64,
    /// The latest round that a quorum answered.
    answered: u64,
    /// When the rounds after the latest answered one were begun.
    starts: VecDeque<(u64, Time)>,
    /// Nobody else can have been elected before this.
    lease: Time,
    leases: Leases,
    /// Reads in the order of their rounds.
    waiting: VecDeque<Waiting>,
}

/// Whether rounds make leases. They rest on followers that vote for nobody else, and a transfer asks for just that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Leases {
    #[default]
    Made,
    /// A transfer is under way.
    Paused,
    /// A server was told to stand out of turn, and may do so at any time in this term.
    Over,
}

/// A read at the leader.
#[derive(Debug)]
struct Waiting {
    /// The round that must be answered.
    round: u64,
    /// What must be applied.
    index: Index,
    from: Reader,
}

#[derive(Debug)]
enum Reader {
    Client(RequestId, Operation),
    Server(Peer, u64),
}

/// Reads for which a follower asked its leader.
#[derive(Debug)]
pub(super) struct Asked {
    /// The latest question's number. A life's numbers begin at a drawn one, so that an answer to an earlier life's question
    /// is none to this one's, whatever the server's clock reads.
    number: u64,
    reads: VecDeque<AskedRead>,
}

#[derive(Debug)]
struct AskedRead {
    number: u64,
    at: Time,
    id: RequestId,
    operation: Operation,
    index: Option<Index>,
}

impl Asked {
    pub(super) fn new(reads: Reads, ctx: &mut Ctx<'_>) -> Asked {
        // There is room for more than will ever be asked.
        let number = if reads == Reads::Follower { ctx.rng().bits() >> 16 } else { 0 };
        Asked { number, reads: VecDeque::new() }
    }
}

impl Rounds {
    pub(super) fn latest(&self) -> u64 {
        self.begun
    }
    /// The clients that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = RequestId> + '_ {
        self.waiting.iter().filter_map(|read| match read.from {
            Reader::Client(id, _) => Some(id),
            Reader::Server(..) => None,
        })
    }
    /// Gives the lease up; no round makes another until [`Rounds::resume_leases`].
    pub(super) fn pause_leases(&mut self) {
        self.lease = Time::ZERO;
        self.starts.clear();
        if self.leases == Leases::Made {
            self.leases = Leases::Paused;
        }
    }
    /// No round makes a lease any more.
    pub(super) fn end_leases(&mut self) {
        self.leases = Leases::Over;
    }
    /// Rounds make leases again, unless that is over.
    pub(super) fn resume_leases(&mut self) {
        if self.leases == Leases::Paused {
            self.leases = Leases::Made;
        }
    }
    /// Until when nobody else can have been elected.
    pub(super) fn lease(&self) -> Time {
        self.lease
    }
    fn begin(&mut self, now: Time) {
        self.begun += 1;
        self.starts.push_back((self.begun, now));
    }
}

impl RaftNode {
    /// A client reads.
    pub(super) fn on_read(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        let Request { id, operation, .. } = request;
        let leads = self.role == Role::Leader;
        match self.shared.raft.reads {
            Reads::Local => self.answer(id, &operation, ctx),
            Reads::Follower if !leads => self.ask_leader(id, operation, ctx),
            _ if !leads => ctx.reply(id, Reply::Redirect(self.leader)),
            Reads::LeaderLocal => self.answer(id, &operation, ctx),
            Reads::Lease { .. } if self.holds_lease(ctx.now()) => {
                ctx.mark("read under lease");
                self.answer(id, &operation, ctx);
            }
            _ => self.await_round(Reader::Client(id, operation), ctx),
        }
    }

    fn answer(&self, id: RequestId, operation: &Operation, ctx: &mut Ctx<'_>) {
        ctx.reply(id, Reply::Done(self.machine().read(operation)));
    }

    fn holds_lease(&self, now: Time) -> bool {
        self.leading.as_ref().is_some_and(|leading| {
            now < leading.rounds.lease && self.applied >= self.commit.max(leading.first_index)
        })
    }

    /// A read waits for a round that begins now or later, and for what is committed now.
    fn await_round(&mut self, from: Reader, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let commit = self.commit;
        let Some(leading) = self.leading.as_mut() else { return };
        // Before an entry of its term is committed, a leader does not know what is (§8).
        let index = commit.max(leading.first_index);
        let rounds = &mut leading.rounds;
        let idle = rounds.begun == rounds.answered;
        rounds.waiting.push_back(Waiting { round: rounds.begun + 1, index, from });
        if idle {
            rounds.begin(now);
            self.send_heartbeats(ctx);
            self.check_rounds(ctx);
        }
    }

    /// Begins a round with a heartbeat, if leases are renewed by them and none is under way.
    pub(super) fn renew_lease(&mut self, now: Time) {
        let leases = matches!(self.shared.raft.reads, Reads::Lease { .. });
        if let Some(leading) = self.leading.as_mut().filter(|_| leases)
            && leading.rounds.leases == Leases::Made
            && leading.rounds.begun == leading.rounds.answered
        {
            leading.rounds.begin(now);
        }
    }

    /// How long a lease lasts on the leader's clock, so that it ends before the shortest election time-out does on
    /// any other: the leader's may be slow by the bound and the other's fast by it.
    pub(super) fn lease_length(&self) -> Span {
        let Reads::Lease { drift_ppm } = self.shared.raft.reads else { return Span::ZERO };
        let drift = drift_ppm / 1e6;
        self.least_timeout().times((1.0 - drift) / (1.0 + drift))
    }

    /// Someone answered: a round may be complete.
    #[inline(always)]
    pub(super) fn check_rounds(&mut self, ctx: &mut Ctx<'_>) {
        let Some(leading) = self.leading.as_ref() else { return };
        if leading.rounds.begun != leading.rounds.answered {
            self.check_round(ctx);
        }
    }

    /// Whether the round under way is complete.
    #[inline(never)]
    fn check_round(&mut self, ctx: &mut Ctx<'_>) {
        let Some(leading) = self.leading.as_ref() else { return };
        let length = self.lease_length();
        let mut scratch = std::mem::take(&mut self.scratch);
        let (me, begun) = (self.me, leading.rounds.begun);
        let answered = |peer: Peer| {
            let progress = leading.of(peer);
            if peer == me { begun } else { progress.map_or(0, |progress| progress.round) }
        };
        let known = leading.rounds.answered;
        let reached = self.membership().reached(self.shared.raft.quorums, &mut scratch, known, answered);
        self.scratch = scratch;
        let Some(leading) = self.leading.as_mut() else { return };
        let rounds = &mut leading.rounds;
        if reached <= rounds.answered {
            return;
        }
        rounds.answered = reached;
        while let Some(&(round, start)) = rounds.starts.front()
            && round <= reached
        {
            rounds.starts.pop_front();
            if length > Span::ZERO && rounds.leases == Leases::Made {
                rounds.lease = rounds.lease.max(start + length);
            }
        }
        self.serve_reads(ctx);
        let now = ctx.now();
        let Some(leading) = self.leading.as_mut() else { return };
        let rounds = &mut leading.rounds;
        let more = rounds.waiting.back().is_some_and(|read| read.round > rounds.begun);
        if more && rounds.begun == rounds.answered {
            rounds.begin(now);
            self.send_heartbeats(ctx);
        }
    }

    /// Answers the reads whose round is answered and whose index is applied.
    #[inline(always)]
    pub(super) fn serve_reads(&mut self, ctx: &mut Ctx<'_>) {
        let some = self.leading.as_ref().is_some_and(|leading| !leading.rounds.waiting.is_empty());
        if some || !self.asked.reads.is_empty() {
            self.serve_those_due(ctx);
        }
    }

    #[inline(never)]
    fn serve_those_due(&mut self, ctx: &mut Ctx<'_>) {
        let (applied, machine) = (self.applied, self.state.at(&self.log, self.applied));
        if let Some(leading) = self.leading.as_mut() {
            let rounds = &mut leading.rounds;
            while let Some(read) = rounds.waiting.front()
                && read.round <= rounds.answered
                && (read.index <= applied || matches!(read.from, Reader::Server(..)))
            {
                let Some(read) = rounds.waiting.pop_front() else { break };
                match read.from {
                    Reader::Client(id, operation) => ctx.reply(id, Reply::Done(machine.read(&operation))),
                    Reader::Server(peer, number) => {
                        ctx.send(peer, Message::ReadIndexReply { number, index: Some(read.index) });
                    }
                }
            }
        }
        while let Some(read) = self.asked.reads.front()
            && read.index.is_some_and(|index| index <= applied)
        {
            let Some(read) = self.asked.reads.pop_front() else { break };
            ctx.reply(read.id, Reply::Done(machine.read(&read.operation)));
        }
    }

    /// A follower asks its leader how far it must have applied.
    fn ask_leader(&mut self, id: RequestId, operation: Operation, ctx: &mut Ctx<'_>) {
        let Some(leader) = self.leader else { return ctx.reply(id, Reply::Redirect(None)) };
        self.asked.number += 1;
        let number = self.asked.number;
        self.asked.reads.push_back(AskedRead { number, at: ctx.now(), id, operation, index: None });
        ctx.send(leader, Message::ReadIndex { number });
    }

    /// A server asks how far it must have applied.
    pub(super) fn on_read_index(&mut self, from: Peer, number: u64, ctx: &mut Ctx<'_>) {
        if self.role == Role::Leader {
            self.await_round(Reader::Server(from, number), ctx);
        } else {
            ctx.send(from, Message::ReadIndexReply { number, index: None });
        }
    }

    /// The leader says how far.
    pub(super) fn on_read_index_reply(&mut self, number: u64, index: Option<Index>, ctx: &mut Ctx<'_>) {
        let Some(place) = self.asked.reads.iter().position(|read| read.number == number) else { return };
        match index {
            Some(_) => {
                // Answers come mostly in order; one that was overtaken lets those before it be asked again.
                self.asked.reads[place].index = index;
                if place > 0
                    && let Some(read) = self.asked.reads.remove(place)
                {
                    self.asked.reads.push_front(read);
                }
                self.serve_reads(ctx);
            }
            None => {
                if let Some(read) = self.asked.reads.remove(place) {
                    ctx.reply(read.id, Reply::Redirect(None));
                }
            }
        }
    }

    /// Reads that were asked for long ago are answered by nobody any more: the clients ask again.
    pub(super) fn give_up_asking(&mut self, now: Time) {
        let patience = self.usual_timeout().times(8.0);
        self.asked.reads.retain(|read| now.since(read.at) < patience);
    }
}
