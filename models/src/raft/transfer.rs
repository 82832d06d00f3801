//! Leadership transfer (D 3.10): the leader takes no more requests, brings the target up to date, and tells it to
//! stand for election at once. If that does not succeed within an election time-out, the leader goes on.

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
    pub(super) fn is_transferring(&self) -> bool {
        self.leading.as_ref().is_some_and(|leading| leading.transfer.is_some())
    }

    /// Begins to hand over: to this voter, or to the one whose log is longest.
    pub(super) fn transfer(&mut self, target: Option<Peer>, ctx: &mut Ctx<'_>) {
        let until = ctx.now() + self.usual_timeout();
        let membership = self.membership().clone();
        let Some(leading) = self.leading.as_mut() else { return };
        let voters = leading.progress.iter().filter(|progress| membership.voters.contains(&progress.peer));
        let chosen = match target {
            Some(target) => voters.map(|progress| progress.peer).find(|peer| *peer == target),
            None => voters.max_by_key(|p| (p.matched, std::cmp::Reverse(p.peer))).map(|p| p.peer),
        };
        let Some(target) = chosen else { return ctx.mark("transfer refused") };
        leading.transfer = Some(Transfer { target, until, told: false });
        leading.rounds.end_lease();
        ctx.mark("transfer started");
        self.check_transfer(ctx);
    }

    /// The target may have caught up, or the time be over.
    pub(super) fn check_transfer(&mut self, ctx: &mut Ctx<'_>) {
        let (now, term, last): (Time, Term, Index) = (ctx.now(), self.term, self.log.last_index());
        let Some(leading) = self.leading.as_mut() else { return };
        let Some(transfer) = leading.transfer.as_mut() else { return };
        if now >= transfer.until {
            leading.transfer = None;
            return ctx.mark("transfer given up");
        }
        let target = transfer.target;
        let ready = leading.progress.iter().any(|p| p.peer == target && p.matched == last);
        if ready && !transfer.told {
            transfer.told = true;
            ctx.send(target, Message::TimeoutNow { term });
        }
    }

    /// The leader asks this server to take over.
    pub(super) fn on_timeout_now(&mut self, from: Peer, term: Term, ctx: &mut Ctx<'_>) {
        let from_leader = term == self.term && self.leader == Some(from);
        if from_leader && self.role == Role::Follower && self.membership().is_voter(self.me) {
            ctx.mark("transfer taken");
            self.stand(true, ctx);
        }
    }
}
