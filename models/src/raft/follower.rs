//! The follower's side of replication (§5.3), and what every server does with what is committed: it applies it, and
//! answers those who asked for it.

use sim_core::node::{Context, Reply};
use sim_core::peer::Peer;
use std::sync::Arc;

use super::config::Bug;
use super::entry::{Entry, Index, Payload, Term};
use super::message::{Message, Timer};
use super::node::RaftNode;
use super::storage::Deferred;

type Ctx<'a> = Context<'a, Message, Timer>;

impl RaftNode {
    /// AppendEntries of the leader of this term.
    pub(super) fn on_append(
        &mut self,
        from: Peer,
        previous: (Index, Term),
        entries: &[Arc<Entry>],
        commit: Index,
        round: u64,
        ctx: &mut Ctx<'_>,
    ) {
        let (previous_index, previous_term) = previous;
        if let Some((conflict_index, conflict_term)) = self.conflict(previous_index, previous_term) {
            let term = self.term;
            let refusal = Message::Refused { term, previous_index, conflict_term, conflict_index, round };
            return self.defer(Deferred::Send(from, refusal), ctx);
        }
        let fresh = self.first_unknown(entries);
        if fresh < entries.len() {
            self.take(&entries[fresh..], ctx);
        }
        let matched = previous_index + entries.len() as u64;
        let term = self.term;
        self.defer(Deferred::Send(from, Message::Accepted { term, matched, round }), ctx);
        let known = match self.shared.raft.bug {
            Some(Bug::AppliesEarly) => matched,
            _ => commit.min(matched),
        };
        if known > self.commit {
            self.commit = known;
            self.apply(ctx);
        }
        if entries.is_empty() {
            self.storage.mark(ctx);
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
    fn first_unknown(&self, entries: &[Arc<Entry>]) -> usize {
        if self.shared.raft.bug == Some(Bug::CutsAlways) {
            return entries.iter().position(|entry| entry.index > self.log.base().index).unwrap_or(0);
        }
        let known = |entry: &&Arc<Entry>| {
            entry.index <= self.log.base().index || self.log.term(entry.index) == Some(entry.term)
        };
        // Mostly all are new: the first says so.
        entries.iter().take_while(known).count()
    }

    /// Takes entries over, in place of those that stand there.
    fn take(&mut self, entries: &[Arc<Entry>], ctx: &mut Ctx<'_>) {
        let first = entries[0].index;
        if first > self.log.last_index() + 1 {
            return;
        }
        if first <= self.log.last_index() {
            ctx.mark("log truncated");
            self.log.cut(first);
            self.storage.cut(first);
            while self.pending.back().is_some_and(|(index, ..)| *index >= first) {
                self.pending.pop_back();
            }
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
        self.storage.sync(ctx);
    }

    /// Applies what is committed, and answers whoever waits for it.
    pub(super) fn apply(&mut self, ctx: &mut Ctx<'_>) {
        while self.applied < self.commit {
            let Some(entry) = self.log.get(self.applied + 1).cloned() else { break };
            self.applied += 1;
            let answer = match &entry.payload {
                Payload::Command(command) => self.machine.apply(command),
                _ => None,
            };
            while let Some(&(index, term, id)) = self.pending.front()
                && index <= entry.index
            {
                self.pending.pop_front();
                if (index, term) != (entry.index, entry.term) {
                    // Another entry was committed in its place: this one never will be.
                    ctx.reply(id, Reply::Redirect(self.leader.filter(|leader| *leader != ctx.me())));
                } else if let Some(answer) = &answer {
                    ctx.reply(id, Reply::Done(answer.clone()));
                }
            }
        }
        self.serve_reads(ctx);
        self.compact_if_due(ctx);
    }
}
