//! The follower's side of replication (§5.3), and what every server does with what is committed: it applies it, and
//! answers those who asked for it.

use sim_core::history::Answer;
use sim_core::node::{Context, Reply};
use sim_core::peer::Peer;
use std::rc::Rc;

use super::config::Bug;
use super::entry::{Batch, Entry, Index, Payload, Term};
use super::message::{Message, Timer};
use super::node::RaftNode;
use super::storage::Deferred;

type Ctx<'a> = Context<'a, Message, Timer>;

/// How many appends wait for those that they overtook.
const EARLY_MAX: usize = 64;

/// An append that overtook those before it.
#[derive(Debug)]
pub(super) struct Early {
    previous: (Index, Term),
    entries: Batch,
    commit: Index,
    round: u64,
}

impl RaftNode {
    /// AppendEntries of the leader of this term.
    pub(super) fn on_append(
        &mut self,
        from: Peer,
        previous: (Index, Term),
        entries: Option<Batch>,
        commit: Index,
        round: u64,
        ctx: &mut Ctx<'_>,
    ) {
        let (previous_index, previous_term) = previous;
        if let Some((conflict_index, conflict_term)) = self.conflict(previous_index, previous_term) {
            // Entries that overtook those before them wait a little; a heartbeat finds out if those are lost.
            if let Some(entries) = entries
                && conflict_term == 0
                && self.agreed
                && self.early.len() < EARLY_MAX
            {
                return self.early.push(Early { previous, entries, commit, round });
            }
            let term = self.term;
            let refusal = Message::Refused { term, previous_index, conflict_term, conflict_index, round };
            return self.defer(Deferred::Send(from, Box::new(refusal)), ctx);
        }
        let entries: &[Rc<Entry>] = entries.as_deref().unwrap_or(&[]);
        let fresh = self.first_unknown(entries);
        if fresh < entries.len() {
            self.take(&entries[fresh..], ctx);
        }
        self.agreed = true;
        let matched = previous_index + entries.len() as u64;
        let term = self.term;
        self.defer(Deferred::Accept { to: from, term, matched, round }, ctx);
        let known = commit.min(matched);
        if known > self.commit || self.shared.raft.bug == Some(Bug::AppliesEarly) {
            self.commit = self.commit.max(known);
            self.apply(ctx);
        }
        if entries.is_empty() {
            self.storage.mark(ctx);
        }
        let last = self.log.last_index();
        if let Some(place) = self.early.iter().position(|early| early.previous.0 <= last) {
            let Early { previous, entries, commit, round } = self.early.swap_remove(place);
            self.on_append(from, previous, Some(entries), commit, round, ctx);
        }
    }

    /// Where the log disagrees with the leader's, if it does at the place before the entries: the first place of the
    /// term it has there and that term, or its end and 0.
    fn conflict(&self, index: Index, term: Term) -> Option<(Index, Term)> {
        if index <= self.commit.min(self.log.last_index()) {
            // What is committed agrees, be it compacted or not.
            return None;
        }
        match self.log.term(index) {
            Some(own) if own == term => None,
            _ if self.shared.raft.bug == Some(Bug::SkipsPrevious) && index <= self.log.last_index() => None,
            Some(own) => Some((self.log.first_of_term(own), own)),
            None => Some((self.log.last_index() + 1, 0)),
        }
    }

    /// How many of the entries the log has already.
    fn first_unknown(&self, entries: &[Rc<Entry>]) -> usize {
        if self.shared.raft.bug == Some(Bug::CutsAlways) {
            return entries.iter().position(|entry| entry.index > self.log.base().index).unwrap_or(0);
        }
        let known = |entry: &&Rc<Entry>| {
            entry.index <= self.log.base().index || self.log.term(entry.index) == Some(entry.term)
        };
        // Mostly all are new: the first says so.
        entries.iter().take_while(known).count()
    }

    /// Takes entries over, in place of those that stand there.
    fn take(&mut self, entries: &[Rc<Entry>], ctx: &mut Ctx<'_>) {
        let first = entries[0].index;
        if first > self.log.last_index() + 1 {
            return;
        }
        if first <= self.log.last_index() {
            ctx.mark("log truncated");
            self.cut(first);
            // Other logs may still hold them; what is committed in their places will tell.
            let kept = self.pending.partition_point(|(index, ..)| *index < first);
            self.orphans.extend(self.pending.drain(kept..));
            while self.memberships.len() > 1 && self.memberships.last().is_some_and(|(at, _)| *at >= first) {
                self.memberships.pop();
            }
        }
        for entry in entries {
            if let Payload::Membership(membership) = &entry.payload {
                self.memberships.push((entry.index, membership.clone()));
            }
            self.log.append(entry.clone());
        }
        self.storage.append(entries.iter(), self.log.last_index(), ctx);
    }

    /// Applies what is committed, and answers whoever waits for it.
    pub(super) fn apply(&mut self, ctx: &mut Ctx<'_>) {
        let last = self.log.last_index();
        let early = self.shared.raft.bug == Some(Bug::AppliesEarly);
        let end = if early { last } else { self.commit.min(last) };
        if self.pending.is_empty() && self.orphans.is_empty() {
            // Nobody is to be told anything: the state is brought up when somebody asks for it.
            self.applied = self.applied.max(end);
        }
        while self.applied < end {
            let Some(entry) = self.log.get(self.applied + 1) else { break };
            self.applied += 1;
            let (at, term) = (self.applied, entry.term);
            let asked =
                !self.orphans.is_empty() || self.pending.front().is_some_and(|(index, ..)| *index <= at);
            let answer = if asked { self.state.answer(&self.log, at) } else { None };
            if !self.orphans.is_empty() {
                self.settle_orphans((at, term), answer.as_ref(), ctx);
            }
            while let Some(&(index, _, id)) = self.pending.front()
                && index <= at
            {
                self.pending.pop_front();
                if let Some(answer) = answer.as_ref().filter(|_| index == at) {
                    ctx.reply(id, Reply::Done(answer.clone()));
                }
            }
        }
        self.serve_reads(ctx);
        self.compact_if_due(ctx);
    }

    /// Answers those whose entries were cut from this log, once something is committed in their places: if it is
    /// another entry, theirs never will be.
    fn settle_orphans(
        &mut self,
        (settled, in_term): (Index, Term),
        answer: Option<&Answer>,
        ctx: &mut Ctx<'_>,
    ) {
        let elsewhere = self.leader.filter(|leader| *leader != ctx.me());
        self.orphans.retain(|&(index, term, id)| {
            if index == settled {
                match answer {
                    _ if term != in_term => ctx.reply(id, Reply::Redirect(elsewhere)),
                    Some(answer) => ctx.reply(id, Reply::Done(answer.clone())),
                    None => {}
                }
            }
            index > settled
        });
    }
}
