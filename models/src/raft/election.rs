//! Elections (§5.2, §5.4.1): time-outs, votes, pre-votes (D 9.6), and servers that are loyal to a leader they have
//! just heard from (D 4.2.3).
//!
//! The election timer is armed lazily: each word from the leader moves the deadline and leaves the timer, which looks
//! at the deadline when it fires.

use sim_core::node::Context;
use sim_core::peer::Peer;
use sim_core::time::{Span, Time};

use super::config::Bug;
use super::entry::{Index, Payload, Term};
use super::membership::Purpose;
use super::message::{Message, Timer};
use super::node::{RaftNode, Role};
use super::progress::Leading;
use super::storage::Deferred;

type Ctx<'a> = Context<'a, Message, Timer>;

impl RaftNode {
    /// Draws a new time-out and counts it from now.
    #[inline]
    pub(super) fn reset_deadline(&mut self, ctx: &mut Ctx<'_>) {
        let timeout = self.shared.raft.election_timeout.sample(ctx.rng());
        self.wait(timeout, ctx);
    }

    /// It stands for election, or gives its leader up, after this time.
    #[inline]
    pub(super) fn wait(&mut self, timeout: Span, ctx: &mut Ctx<'_>) {
        self.deadline = ctx.now() + timeout;
        if self.armed.is_none_or(|armed| armed > self.deadline) {
            self.armed = Some(self.deadline);
            ctx.arm(Timer::Election, timeout);
        }
    }

    pub(super) fn on_election_timer(&mut self, ctx: &mut Ctx<'_>) {
        self.armed = None;
        if self.role == Role::Leader {
            return;
        }
        let now = ctx.now();
        if now < self.deadline {
            self.armed = Some(self.deadline);
            return ctx.arm(Timer::Election, self.deadline.since(now));
        }
        self.give_up_asking(now);
        if !self.may_stand() {
            self.leader = None;
            return self.reset_deadline(ctx);
        }
        if self.shared.raft.pre_vote { self.ask_around(ctx) } else { self.stand(false, ctx) }
    }

    /// Whether it may stand for election. A server that the latest membership leaves out may while that is not
    /// committed, for the cluster may need it until then (D 4.2.2).
    fn may_stand(&self) -> bool {
        if !self.is_eligible(self.me) {
            return false;
        }
        let (since, latest) = self.memberships.last().expect("there is one from the start");
        latest.is_voter(self.me) || (*since > self.commit && self.membership_at(since - 1).is_voter(self.me))
    }

    /// Whether this server may lead, by the settings.
    pub(super) fn is_eligible(&self, peer: Peer) -> bool {
        let place = self.shared.members.iter().position(|member| *member == peer);
        self.shared.raft.is_eligible(place.unwrap_or(usize::MAX))
    }

    /// Asks whether an election could be won, without beginning a term.
    fn ask_around(&mut self, ctx: &mut Ctx<'_>) {
        self.role = Role::PreCandidate;
        self.leader = None;
        self.votes.clear();
        ctx.status("pre-candidate", self.term);
        ctx.mark("pre-vote started");
        self.reset_deadline(ctx);
        self.canvass(self.term + 1, true, false, ctx);
        let me = self.me;
        self.count_vote(me, ctx);
    }

    /// Begins a term and asks for votes.
    pub(super) fn stand(&mut self, transfer: bool, ctx: &mut Ctx<'_>) {
        self.enter(self.term + 1, Some(self.me));
        self.role = Role::Candidate;
        self.votes.clear();
        ctx.status("candidate", self.term);
        ctx.mark("election started");
        self.storage.promise(self.term, self.vote, ctx);
        self.reset_deadline(ctx);
        self.canvass(self.term, false, transfer, ctx);
        let own = Deferred::OwnVote(self.term);
        self.defer(own, ctx);
    }

    fn canvass(&mut self, term: Term, pre: bool, transfer: bool, ctx: &mut Ctx<'_>) {
        let (me, last, membership) = (self.me, self.log.last(), self.membership().clone());
        // Were part of the log lost in a crash, a vote that was given to more of it could elect less.
        let durable = self.storage.durable_index(last.index) >= last.index;
        let at_once = pre || (self.shared.raft.parallel_vote && durable);
        for peer in membership.all_voters().filter(|peer| *peer != me) {
            let (last_index, last_term) = (last.index, last.term);
            let message = Message::Vote { term, last_index, last_term, pre, transfer };
            if at_once {
                ctx.send(peer, message)
            } else {
                self.defer(Deferred::Send(peer, Box::new(message)), ctx)
            }
        }
    }

    /// Whether a candidate's log is at least as up to date as this one (§5.4.1).
    fn is_up_to_date(&self, theirs: (Term, Index)) -> bool {
        let last = self.log.last();
        theirs >= (last.term, last.index) || self.shared.raft.bug == Some(Bug::IgnoresLogs)
    }

    /// Whether it leads, or heard from a leader too recently to help another.
    fn is_loyal(&self, now: Time) -> bool {
        let recent = self.contact.is_some_and(|contact| now.since(contact) < self.least_timeout());
        recent || self.role == Role::Leader
    }

    /// Whether it would vote for this candidate. Nothing is promised.
    pub(super) fn on_pre_vote(&mut self, from: Peer, term: Term, theirs: (Term, Index), ctx: &mut Ctx<'_>) {
        let granted = term > self.term && self.is_up_to_date(theirs) && !self.is_loyal(ctx.now());
        let term = if granted { term } else { self.term };
        ctx.send(from, Message::VoteReply { term, granted, pre: true });
    }

    pub(super) fn on_vote(
        &mut self,
        from: Peer,
        term: Term,
        theirs: (Term, Index),
        transfer: bool,
        ctx: &mut Ctx<'_>,
    ) {
        let sticky = self.shared.raft.leader_stickiness && !transfer;
        if sticky && term > self.term && self.is_loyal(ctx.now()) {
            return ctx.mark("vote disregarded");
        }
        if term > self.term {
            self.become_follower(term, ctx);
        }
        let free = self.vote.is_none_or(|vote| vote == from);
        let granted = term == self.term && free && self.is_up_to_date(theirs);
        if granted {
            if self.vote.is_none() {
                self.vote = Some(from);
                self.storage.promise(self.term, self.vote, ctx);
            }
            self.reset_deadline(ctx);
        }
        let reply = Message::VoteReply { term: self.term, granted, pre: false };
        self.defer(Deferred::Send(from, Box::new(reply)), ctx);
    }

    pub(super) fn on_vote_reply(
        &mut self,
        from: Peer,
        term: Term,
        granted: bool,
        pre: bool,
        ctx: &mut Ctx<'_>,
    ) {
        if pre && granted {
            if self.role == Role::PreCandidate && term == self.term + 1 {
                self.count_vote(from, ctx);
            }
            return;
        }
        if term > self.term {
            return self.become_follower(term, ctx);
        }
        if granted && term == self.term && self.role == Role::Candidate {
            self.count_vote(from, ctx);
        }
    }

    /// One more vote, or answer to a pre-vote.
    pub(super) fn count_vote(&mut self, from: Peer, ctx: &mut Ctx<'_>) {
        if !self.votes.contains(&from) {
            self.votes.push(from);
        }
        let votes = &self.votes;
        let quorums = self.shared.raft.quorums;
        if !self.membership().is_quorum(quorums, Purpose::Election, |peer| votes.contains(&peer)) {
            return;
        }
        match self.role {
            Role::PreCandidate => self.stand(false, ctx),
            Role::Candidate => self.lead(ctx),
            Role::Follower | Role::Leader => {}
        }
    }

    /// It has won.
    fn lead(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        self.role = Role::Leader;
        self.leader = Some(self.me);
        ctx.status("leader", self.term);
        ctx.mark("leader elected");
        let silence = now.since(self.contact.unwrap_or(self.booted));
        ctx.measure("leaderless_ns", i64::try_from(silence.0).unwrap_or(i64::MAX));
        self.leading = Some(Box::new(Leading::new(self.log.last_index() + 1, now)));
        self.follow_membership(now);
        ctx.arm(Timer::Heartbeat, self.shared.raft.heartbeat);
        if self.shared.raft.no_op {
            self.append_own(Payload::Noop, ctx);
            self.replicate(ctx);
        } else {
            self.send_heartbeats(ctx);
        }
        self.storage.sync(ctx);
        self.advance_commit(ctx);
    }

    /// Begins a term: what came from the leader of the one before counts no more.
    fn enter(&mut self, term: Term, vote: Option<Peer>) {
        (self.term, self.vote, self.leader) = (term, vote, None);
        self.incoming = None;
        self.agreed = false;
        self.early.clear();
    }

    /// It follows from now on, in this term or a later one.
    pub(super) fn become_follower(&mut self, term: Term, ctx: &mut Ctx<'_>) {
        if term > self.term {
            self.enter(term, None);
            // Whatever is answered in this term waits for a sync that covers it, so a vote costs one and not two.
            self.storage.promise(term, None, ctx);
        }
        let led = self.role == Role::Leader;
        self.role = Role::Follower;
        ctx.status("follower", self.term);
        if led {
            self.leader = None;
            self.stop_leading(ctx);
            self.reset_deadline(ctx);
        }
    }

    /// A message claims to be from the leader of a term. Whether it is to be believed; if so, its term is followed.
    #[inline(always)]
    pub(super) fn hears_leader(&mut self, from: Peer, term: Term, ctx: &mut Ctx<'_>) -> bool {
        if term < self.term || (term == self.term && self.role == Role::Leader) {
            return false;
        }
        if term > self.term || self.role != Role::Follower {
            self.become_follower(term, ctx);
        }
        self.leader = Some(from);
        self.contact = Some(ctx.now());
        self.reset_deadline(ctx);
        true
    }

    /// Whether an answer of this term is for a leader that still leads in it.
    pub(super) fn leads_in(&mut self, term: Term, ctx: &mut Ctx<'_>) -> bool {
        if term > self.term {
            self.become_follower(term, ctx);
        }
        term == self.term && self.role == Role::Leader
    }
}
