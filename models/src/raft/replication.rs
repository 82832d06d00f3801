//! The leader's side of replication (§5.3): what each follower has, appends in batches and in flight several at a
//! time (D 10.2.1), the way back after a conflict, what is committed (§5.4.2), and the step down of a leader that
//! hears from no quorum (D 6.2).
//!
//! Its own entries go to its disk and to the followers at the same time; its own copy counts once it is durable.

use sim_core::node::{Context, Reply};
use sim_core::peer::Peer;
use sim_core::time::{Span, Time};

use super::catch_up::Chase;
use super::config::Bug;
use super::entry::{Entry, Index, Payload};
use super::membership::{Membership, Purpose};
use super::message::{Message, Timer};
use super::node::{RaftNode, Role};
use super::progress::{Leading, Progress, batch};

type Ctx<'a> = Context<'a, Message, Timer>;

impl RaftNode {
    /// Takes the followers from the latest membership, keeping what is known of those that stay.
    pub(super) fn follow_membership(&mut self, now: Time) {
        let (membership, last) = (self.membership().clone(), self.log.last_index());
        let Some(leading) = self.leading.as_mut() else { return };
        leading.progress.retain(|progress| membership.everyone().any(|peer| peer == progress.peer));
        for peer in membership.everyone().filter(|peer| *peer != self.me) {
            if !leading.progress.iter().any(|progress| progress.peer == peer) {
                leading.progress.push(Progress::unknown(peer, last, now));
            }
        }
        for progress in &mut leading.progress {
            let learns = !membership.is_voter(progress.peer);
            progress.chase = learns.then(|| progress.chase.unwrap_or(Chase::new(last, now)));
        }
        leading.note_places();
        leading.recount(self.commit);
    }

    pub(super) fn progress_of(&mut self, peer: Peer) -> Option<(usize, &mut Progress)> {
        self.leading.as_mut()?.of_mut(peer)
    }

    /// Appends an entry of its own to its log and its disk.
    #[inline(always)]
    pub(super) fn append_own(&mut self, payload: Payload, ctx: &mut Ctx<'_>) -> Index {
        let index = self.log.last_index() + 1;
        if let Payload::Membership(membership) = &payload {
            self.memberships.push((index, membership.clone()));
        }
        let entry = Entry::shared(index, self.term, payload);
        self.log.append(entry.clone());
        self.storage.append(std::iter::once(&entry), index, ctx);
        if self.shared.raft.bug == Some(Bug::AppliesEarly) {
            self.apply(ctx);
        }
        index
    }

    /// What was appended goes to the followers now, or when what arrives shortly has been gathered; and to the disk.
    #[inline(always)]
    pub(super) fn spread(&mut self, ctx: &mut Ctx<'_>) {
        let gather = self.shared.raft.gather;
        self.storage.sync(ctx);
        if gather == Span::ZERO {
            self.replicate(ctx);
        } else if let Some(leading) = self.leading.as_mut().filter(|leading| !leading.gathering) {
            leading.gathering = true;
            ctx.arm(Timer::Gather, gather);
        }
        if self.storage.is_hasty() {
            self.advance_commit(ctx);
        }
    }

    /// Sends every follower what it lacks.
    #[inline(always)]
    pub(super) fn replicate(&mut self, ctx: &mut Ctx<'_>) {
        let count = self.leading.as_ref().map_or(0, |leading| leading.progress.len());
        for place in 0..count {
            self.feed(place, ctx);
        }
    }

    /// Sends one follower what it lacks, as far as appends may be in flight.
    #[inline(always)]
    pub(super) fn feed(&mut self, place: usize, ctx: &mut Ctx<'_>) {
        let next = self
            .leading
            .as_ref()
            .and_then(|leading| leading.progress.get(place))
            .map(|progress| progress.next);
        if next.is_some_and(|next| next <= self.log.last_index()) {
            self.feed_more(place, ctx);
        }
    }

    /// It lacks something.
    #[inline(never)]
    fn feed_more(&mut self, place: usize, ctx: &mut Ctx<'_>) {
        let (last, term, commit) = (self.log.last_index(), self.term, self.commit);
        let (most, in_flight_max) =
            (self.shared.raft.batch_entries_max, self.shared.raft.in_flight_max as usize);
        let Some(leading) = self.leading.as_mut() else { return };
        let round = leading.rounds.latest();
        let Leading { progress, batch: latest, .. } = leading.as_mut();
        let progress = &mut progress[place];
        while progress.next <= last {
            let busy = progress.probing.unwrap_or(progress.in_flight.len() >= in_flight_max);
            if busy || progress.sending.is_some() {
                return;
            }
            let previous_index = progress.next - 1;
            let Some(previous_term) = self.log.term(previous_index) else {
                return self.start_snapshot(place, ctx);
            };
            let Some(batch) = batch(latest, &self.log, progress.next, most) else { return };
            let end = previous_index + batch.len() as u64;
            let entries = Some(batch);
            let append = Message::Append { term, previous_index, previous_term, commit, round, entries };
            ctx.send(progress.peer, append);
            if progress.probing.is_some() {
                progress.probing = Some(true);
                return;
            }
            progress.in_flight.push_back(end);
            progress.next = end + 1;
        }
    }

    pub(super) fn on_heartbeat_timer(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        if self.leading.is_none() {
            return;
        }
        if self.shared.raft.check_quorum && !self.has_quorum(now) {
            ctx.mark("quorum lost");
            return self.become_follower(self.term, ctx);
        }
        if self.shared.raft.bug == Some(Bug::LeaderDrops) {
            self.cut(self.commit + 1);
        }
        ctx.arm(Timer::Heartbeat, self.shared.raft.heartbeat);
        self.renew_lease(now);
        self.send_heartbeats(ctx);
        self.check_transfer(ctx);
        self.administer(ctx);
        self.yield_to_priority(ctx);
        self.storage.mark(ctx);
    }

    /// Whether a quorum was heard from within an election time-out.
    fn has_quorum(&self, now: Time) -> bool {
        let (patience, quorums) = (self.usual_timeout(), self.shared.raft.quorums);
        let Some(leading) = self.leading.as_ref() else { return false };
        if now.since(leading.since) < patience {
            return true;
        }
        let is_near = |peer: Peer| {
            let progress = leading.of(peer);
            peer == self.me || progress.is_some_and(|progress| now.since(progress.heard) <= patience)
        };
        self.membership().is_quorum(quorums, Purpose::Commit, is_near)
    }

    /// A word to every follower: who leads, what is committed, and whether it agrees at the end of what it was sent.
    pub(super) fn send_heartbeats(&mut self, ctx: &mut Ctx<'_>) {
        let count = self.leading.as_ref().map_or(0, |leading| leading.progress.len());
        for place in 0..count {
            let Some(leading) = self.leading.as_mut() else { return };
            let round = leading.rounds.latest();
            let progress = &mut leading.progress[place];
            // What was sent and not answered since the last heartbeat is taken for lost.
            progress.probing = progress.probing.map(|_| false);
            let previous = progress.next - 1;
            let known = if progress.sending.is_some() { None } else { self.log.term(previous) };
            let (previous_index, previous_term) = known.map_or((0, 0), |term| (previous, term));
            let (term, commit, entries) = (self.term, self.commit, None);
            let peer = progress.peer;
            ctx.send(peer, Message::Append { term, previous_index, previous_term, commit, round, entries });
            if progress.sending.is_some() {
                self.resend_chunk(place, ctx);
            } else if known.is_none() {
                self.start_snapshot(place, ctx);
            }
        }
    }

    /// A follower's log agrees up to `matched`.
    #[inline(always)]
    pub(super) fn on_accepted(&mut self, from: Peer, matched: Index, round: u64, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some((place, progress)) = self.progress_of(from) else { return };
        progress.heard = now;
        progress.round = progress.round.max(round);
        // The heartbeat beside a snapshot asks for nothing.
        if progress.sending.is_none() {
            self.follower_has(place, matched, ctx);
        }
        self.check_rounds(ctx);
    }

    /// A follower has everything up to `matched`.
    #[inline(always)]
    pub(super) fn follower_has(&mut self, place: usize, matched: Index, ctx: &mut Ctx<'_>) {
        let (now, last) = (ctx.now(), self.log.last_index());
        let Some(leading) = self.leading.as_mut() else { return };
        let progress = &mut leading.progress[place];
        let (before, further) = (progress.matched, matched > progress.matched);
        progress.matched = before.max(matched);
        if progress.probing.is_some() {
            progress.probing = None;
            progress.in_flight.clear();
            progress.next = progress.matched + 1;
        } else {
            progress.next = progress.next.max(matched + 1);
            while progress.in_flight.front().is_some_and(|end| *end <= matched) {
                progress.in_flight.pop_front();
            }
        }
        if let Some(chase) = &mut progress.chase {
            chase.reached(progress.matched, last, now, self.shared.raft.usual_timeout());
        }
        let useful = further && progress.matched > self.commit;
        if useful && before <= self.commit {
            leading.further += 1;
        }
        self.feed(place, ctx);
        if useful {
            self.advance_commit(ctx);
        }
        if further {
            self.check_transfer(ctx);
        }
    }

    /// A follower's log does not agree at `previous`. `conflict` is the first place of the term it has there, and
    /// that term (§5.3, at its end).
    pub(super) fn on_refused(
        &mut self,
        from: Peer,
        previous: Index,
        conflict: (Index, u64),
        round: u64,
        ctx: &mut Ctx<'_>,
    ) {
        let now = ctx.now();
        let Some((place, progress)) = self.progress_of(from) else { return };
        progress.heard = now;
        progress.round = progress.round.max(round);
        let expected = progress.probing.is_none() || progress.next == previous + 1;
        let forgot = previous <= progress.matched && conflict.1 == 0 && conflict.0 <= progress.matched;
        if forgot {
            // It had more than it has: its disk was lost.
            progress.matched = 0;
        }
        let stale = previous <= progress.matched || !expected || progress.sending.is_some();
        if let Some(leading) = self.leading.as_mut().filter(|_| forgot) {
            leading.recount(self.commit);
        }
        if !stale {
            let (first, term) = conflict;
            // If this log has the term as well, it may agree up to its own last entry of it.
            let end_of_term = self.log.first_of_term(term + 1);
            let has_term = term > 0 && self.log.term(end_of_term - 1) == Some(term);
            let next = if has_term { end_of_term } else { first };
            if let Some((_, progress)) = self.progress_of(from) {
                progress.next = next.min(previous).max(progress.matched + 1);
                progress.probing = Some(false);
                progress.in_flight.clear();
            }
            self.feed(place, ctx);
        }
        self.check_rounds(ctx);
    }

    /// Commits what a quorum stores, if it is of this term (§5.4.2).
    #[inline(always)]
    pub(super) fn advance_commit(&mut self, ctx: &mut Ctx<'_>) {
        let Some(leading) = self.leading.as_ref() else { return };
        // Mostly too few have more than is committed, whoever of them votes: that is quick to see.
        let quorums = self.shared.raft.quorums;
        debug_assert_eq!(leading.further, leading.count_further(self.commit));
        let least = Membership::size(self.membership().voters.len(), quorums, Purpose::Commit);
        if leading.further + 1 >= least {
            self.advance_to_quorum(ctx);
        }
    }

    /// Commits what a quorum stores, if one may store more.
    #[inline(never)]
    fn advance_to_quorum(&mut self, ctx: &mut Ctx<'_>) {
        let Some(leading) = self.leading.as_ref() else { return };
        let quorums = self.shared.raft.quorums;
        let mut scratch = std::mem::take(&mut self.scratch);
        let (me, own) = (self.me, self.storage.durable_index(self.log.last_index()));
        let far = |peer: Peer| {
            let progress = leading.of(peer);
            if peer == me { own } else { progress.map_or(0, |progress| progress.matched) }
        };
        let reached = self.membership().reached(quorums, &mut scratch, self.commit, far);
        self.scratch = scratch;
        let any_term = self.shared.raft.bug == Some(Bug::CommitsOldTerms);
        if reached > self.commit && (any_term || self.log.term(reached) == Some(self.term)) {
            self.commit = reached;
            if let Some(leading) = self.leading.as_mut() {
                leading.recount(reached);
            }
            self.apply(ctx);
            self.after_commit(ctx);
        }
    }

    /// It leads no more; what it was asked to read is for another to answer.
    pub(super) fn stop_leading(&mut self, ctx: &mut Ctx<'_>) {
        ctx.mark("stepped down");
        ctx.disarm(Timer::Heartbeat);
        ctx.disarm(Timer::Gather);
        debug_assert!(self.role != Role::Leader);
        if let Some(leading) = self.leading.take() {
            for id in leading.rounds.waiting() {
                ctx.reply(id, Reply::Redirect(None));
            }
        }
    }
}
