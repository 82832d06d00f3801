//! Leadership transfer (D 3.10): the leader takes no more requests, brings the target up to date, and tells it to
//! stand for election at once. If that does not succeed within an election time-out, the leader goes on; after it has told
//! the target it reads under no lease in its term any more.

use sim_core::node::Context;
use sim_core::peer::Peer;
use sim_core::time::Time;

use super::entry::{Index, Term};
use super::message::{Message, Timer};
use super::node::{RaftNode, Role};

type Ctx<'a> = Context<'a, Message, Timer>;

/// A transfer under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    target: Peer,
    until: Time,
    told: bool,
}

impl RaftNode {
    /// Whether it is handing its leadership over.
    #[inline]
    pub(super) fn is_transferring(&self) -> bool {
        self.leading.as_ref().is_some_and(|leading| leading.transfer.is_some())
    }

    /// Begins to hand over: to this voter, or to the one whose log is longest.
    pub(super) fn transfer(&mut self, target: Option<Peer>, ctx: &mut Ctx<'_>) {
        let until = ctx.now() + self.usual_timeout();
        let membership = self.membership().clone();
        let shared = self.shared.clone();
        let may_lead = |peer: Peer| {
            let place = shared.members.iter().position(|member| *member == peer);
            membership.voters.contains(&peer) && shared.raft.is_eligible(place.unwrap_or(usize::MAX))
        };
        let Some(leading) = self.leading.as_mut() else { return };
        let voters = leading.progress.iter().filter(|progress| may_lead(progress.peer));
        let chosen = match target {
            Some(target) => voters.map(|progress| progress.peer).find(|peer| *peer == target),
            None => voters.max_by_key(|p| (p.matched, std::cmp::Reverse(p.peer))).map(|p| p.peer),
        };
        let Some(target) = chosen else { return ctx.mark("transfer refused") };
        leading.transfer = Some(Transfer { target, until, told: false });
        leading.rounds.pause_leases();
        ctx.mark("transfer started");
        self.check_transfer(ctx);
    }

    fn priority_of(&self, peer: Peer) -> u32 {
        let place = self.shared.members.iter().position(|member| *member == peer);
        place.and_then(|place| self.shared.raft.priority.get(place)).copied().unwrap_or(0)
    }

    /// A voter of higher priority that has caught up and is heard from takes over. A try that fails is repeated only
    /// after some election time-outs, for each costs the clients a pause.
    pub(super) fn yield_to_priority(&mut self, ctx: &mut Ctx<'_>) {
        let (now, fresh) = (ctx.now(), self.shared.raft.heartbeat.times(3.0));
        let own = self.priority_of(self.me);
        let Some(leading) = self.leading.as_ref() else { return };
        let busy = leading.transfer.is_some() || leading.handover.is_some() || now < leading.yield_after;
        if self.shared.raft.priority.is_empty() || busy || self.commit < leading.first_index {
            return;
        }
        let membership = self.membership();
        let near = leading.progress.iter().filter(|progress| {
            progress.matched >= self.commit
                && now.since(progress.heard) <= fresh
                && membership.voters.contains(&progress.peer)
                && self.is_eligible(progress.peer)
        });
        let best = near.map(|progress| progress.peer).max_by_key(|peer| self.priority_of(*peer));
        let Some(best) = best.filter(|best| self.priority_of(*best) > own) else { return };
        let after = now + self.usual_timeout().times(10.0);
        if let Some(leading) = self.leading.as_mut() {
            leading.yield_after = after;
        }
        ctx.mark("priority yielded");
        self.transfer(Some(best), ctx);
    }

    /// Whom it is handing over to.
    pub(super) fn successor(&self) -> Option<Peer> {
        Some(self.leading.as_ref()?.transfer?.target)
    }

    /// The target may have caught up, or the time be over.
    #[inline(always)]
    pub(super) fn check_transfer(&mut self, ctx: &mut Ctx<'_>) {
        if self.is_transferring() {
            self.go_on_with_transfer(ctx);
        }
    }

    #[cold]
    fn go_on_with_transfer(&mut self, ctx: &mut Ctx<'_>) {
        let (now, term, last): (Time, Term, Index) = (ctx.now(), self.term, self.log.last_index());
        let Some(leading) = self.leading.as_mut() else { return };
        let Some(transfer) = leading.transfer.as_mut() else { return };
        if now >= transfer.until {
            leading.rounds.resume_leases();
            leading.transfer = None;
            return ctx.mark("transfer given up");
        }
        let target = transfer.target;
        let ready = leading.progress.iter().any(|p| p.peer == target && p.matched == last);
        if ready && !transfer.told {
            transfer.told = true;
            // However late the word arrives, the target is voted for against all loyalty (D 6.4.1).
            leading.rounds.end_leases();
            ctx.send(target, Message::TimeoutNow { term });
        }
    }

    /// The leader asks this server to take over.
    pub(super) fn on_timeout_now(&mut self, from: Peer, term: Term, ctx: &mut Ctx<'_>) {
        let from_leader = term == self.term && self.leader == Some(from);
        let may_lead = self.membership().is_voter(self.me) && self.is_eligible(self.me);
        if from_leader && self.role == Role::Follower && may_lead {
            ctx.mark("transfer taken");
            self.stand(true, ctx);
        }
    }
}
