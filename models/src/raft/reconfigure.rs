//! Changes of membership, as the administrator's plan asks for them: one server at a time (D 4.1) or through a joint
//! configuration (§6, D 4.3); new servers catch up as learners first (D 4.2.1); a leader that is removed steps down
//! once that is committed (D 4.2.2).
//!
//! The next change is made only when the one before it is committed, and an entry of the leader's own term with it:
//! without the latter, two leaders could commit by quorums that do not intersect (Ongaro's note of 2015).

use std::sync::Arc;

use sim_core::node::Context;
use sim_core::peer::Peer;

use super::admin::{Action, Scheme};
use super::catch_up::Trials;
use super::config::Bug;
use super::entry::Payload;
use super::membership::Membership;
use super::message::{Message, Timer};
use super::node::RaftNode;

type Ctx<'a> = Context<'a, Message, Timer>;

impl RaftNode {
    /// Carries the plan on, as far as it can go now. The leader's heartbeat calls it.
    pub(super) fn administer(&mut self, ctx: &mut Ctx<'_>) {
        if self.shared.raft.admin.is_empty() || self.leading.is_none() || self.is_transferring() {
            return;
        }
        if !self.may_change() {
            return;
        }
        let membership = self.membership().clone();
        if membership.is_joint() {
            return self.change(Membership { outgoing: Vec::new(), ..Membership::clone(&membership) }, ctx);
        }
        let shared = self.shared.clone();
        let mine = |by: Option<u32>| by.is_none_or(|node| shared.members[node as usize] == self.me);
        let mut left = shared.raft.admin.iter().enumerate().skip(membership.lines_done as usize);
        let Some((place, line)) = left.find(|(_, line)| mine(line.by)) else { return };
        if ctx.now().0 < line.at.0 {
            return;
        }
        let done = place as u32 + 1;
        let same = Membership { lines_done: done, ..Membership::clone(&membership) };
        match &line.action {
            Action::Transfer(_) => {
                let index = self.log.last_index() + 1;
                if let Some(leading) = self.leading.as_mut() {
                    leading.handover = Some(index);
                }
                self.change(same, ctx);
            }
            Action::AddLearner(node) => {
                let (peer, mut next) = (shared.members[*node as usize], same);
                if !membership.everyone().any(|known| known == peer) {
                    insert(&mut next.learners, peer);
                }
                self.change(next, ctx);
            }
            action => match self.target(action, &same) {
                Some(target) => self.step_towards(target, &membership, ctx),
                None => {
                    ctx.mark("change refused");
                    self.change(same, ctx);
                }
            },
        }
    }

    /// Whether a change may be made: the latest is committed, and an entry of this term is.
    fn may_change(&self) -> bool {
        let latest = self.memberships.last().map_or(0, |(index, _)| *index);
        let own_term = self.leading.as_ref().is_some_and(|leading| self.commit >= leading.first_index);
        latest <= self.commit && (own_term || self.shared.raft.bug == Some(Bug::ChangesEarly))
    }

    /// Who is to vote in the end; `None` if nobody would.
    fn target(&self, action: &Action, now: &Membership) -> Option<Membership> {
        let peer = |node: &u32| self.shared.members[*node as usize];
        let mut target = now.clone();
        let mut remove = |peer: Peer| {
            target.voters.retain(|voter| *voter != peer);
            target.learners.retain(|learner| *learner != peer);
        };
        match action {
            Action::AddServer(node) => insert(&mut target.voters, peer(node)),
            Action::RemoveServer(node) => remove(peer(node)),
            Action::RemoveLeader => remove(self.me),
            Action::SetVoters(nodes) => {
                target.voters.clear();
                nodes.iter().for_each(|node| insert(&mut target.voters, peer(node)));
            }
            Action::AddLearner(_) | Action::Transfer(_) => {}
        }
        (!target.voters.is_empty()).then_some(target)
    }

    /// One step from the present membership to the target: learners first, then votes.
    fn step_towards(&mut self, target: Membership, now: &Membership, ctx: &mut Ctx<'_>) {
        let missing: Vec<Peer> =
            target.voters.iter().copied().filter(|peer| !now.voters.contains(peer)).collect();
        let strangers: Vec<Peer> =
            missing.iter().copied().filter(|peer| !now.learners.contains(peer)).collect();
        if !strangers.is_empty() {
            let mut next = now.clone();
            strangers.into_iter().for_each(|peer| insert(&mut next.learners, peer));
            return self.change(next, ctx);
        }
        match self.try_learners(&missing, now.lines_done, ctx.now()) {
            Trials::Passed => {}
            Trials::UnderWay => return,
            Trials::Hopeless => {
                ctx.mark("change given up");
                let left = self.dismiss(&missing, now);
                return self.change(Membership { lines_done: target.lines_done, ..left }, ctx);
            }
        }
        let mut next = target;
        next.learners.retain(|learner| !next.voters.contains(learner));
        if next.voters == now.voters {
            return self.change(next, ctx);
        }
        if self.shared.raft.scheme == Scheme::Joint {
            next.outgoing.clone_from(&now.voters);
            return self.change(next, ctx);
        }
        let surplus = now.voters.iter().copied().filter(|peer| !next.voters.contains(peer));
        let mut surplus: Vec<Peer> = surplus.collect();
        // The leader itself goes last, for it cannot lead on.
        surplus.sort_by_key(|peer| *peer == self.me);
        if missing.len() + surplus.len() == 1 {
            return self.change(next, ctx);
        }
        let mut step = now.clone();
        if let Some(peer) = missing.first() {
            insert(&mut step.voters, *peer);
            step.learners.retain(|learner| learner != peer);
        } else if let Some(peer) = surplus.first() {
            step.voters.retain(|voter| voter != peer);
        }
        self.change(step, ctx);
    }

    /// Appends a new membership, which holds from then on (D 4.1).
    fn change(&mut self, next: Membership, ctx: &mut Ctx<'_>) {
        let now = self.membership();
        let same =
            (&next.voters, &next.learners, &next.outgoing) == (&now.voters, &now.learners, &now.outgoing);
        if !same {
            ctx.mark("membership changed");
        }
        self.append_own(Payload::Membership(Arc::new(next)), ctx);
        self.follow_membership(ctx.now());
        self.spread(ctx);
    }

    /// Something was committed: a leader that the membership leaves out goes, one that was asked to hand over does.
    pub(super) fn after_commit(&mut self, ctx: &mut Ctx<'_>) {
        if self.memberships.len() == 1 && self.shared.raft.admin.is_empty() {
            return;
        }
        let Some((index, membership)) = self.memberships.last().cloned() else { return };
        if index > self.commit || self.leading.is_none() {
            return;
        }
        if !membership.is_voter(self.me) {
            ctx.mark("leader removed");
            // Those who stay learn of it first.
            self.send_heartbeats(ctx);
            return self.become_follower(self.term, ctx);
        }
        let asked = self.leading.as_mut().and_then(|leading| leading.handover.take_if(|at| *at <= index));
        if let (Some(_), Some(line)) =
            (asked, self.shared.raft.admin.get((membership.lines_done as usize).wrapping_sub(1)))
            && let Action::Transfer(target) = line.action
        {
            let target = target.map(|node| self.shared.members[node as usize]);
            self.transfer(target, ctx);
        }
    }
}

/// Inserts in order, once.
fn insert(list: &mut Vec<Peer>, peer: Peer) {
    if let Err(place) = list.binary_search(&peer) {
        list.insert(place, peer);
    }
}
