//! Changes of membership, as an administrator asks for them: who leads one through its steps, and what everyone else has
//! to do before the next.
//!
//! A line of the plan is carried out by the node that joins or leaves; the removal of one that is gone for good, by the first
//! member that stays. It takes the ring from one [`Epoch`] to the next and waits each time until every node has followed:
//! until that node has written down the epoch, has answered all that it began under an earlier one, and has handed over what
//! moves. So no two nodes are more than an epoch apart, and neighbouring epochs are made to fit each other. A node that is
//! down holds a change up; one that crashes on the way goes on where it was. A node that boots again may have been removed
//! meanwhile: it coordinates nothing before it has heard from half of the others where the ring is. Deliberately absent: changes side by side, and
//! agreement on who leads one: the plan says it.

use std::collections::BTreeSet;

use sim_core::peer::Peer;
use sim_core::time::Time;

use super::message::{Epoch, Message, Timer};
use super::node::{Ctx, QuorumNode};

/// What a node has under way in changes of membership.
#[derive(Debug, Default)]
pub(super) struct Administration {
    /// Who has not yet followed to the present epoch; absent where this node leads nothing.
    waits_for: Option<BTreeSet<Peer>>,
    /// To whom it owes word that it has followed.
    owed: BTreeSet<Peer>,
    /// Who has told since it booted again where the ring is; absent once these are enough.
    unsure: Option<BTreeSet<Peer>>,
}

impl QuorumNode {
    /// Goes on with what it had under way before it stopped.
    pub(super) fn resume(&mut self, ctx: &mut Ctx<'_>) {
        if self.shared.quorum.admin.is_empty() {
            return;
        }
        if let Some(change) = self.epoch.moves() {
            self.hand_over(change, ctx);
        }
        if ctx.now() > Time::ZERO && self.shared.nodes > 1 {
            self.administration.unsure = Some(BTreeSet::new());
            return self.ask_around(ctx);
        }
        self.lead(ctx);
    }

    /// Whether it knows where the ring is, as far as it can tell.
    pub(super) fn is_sure(&self) -> bool {
        self.administration.unsure.is_none()
    }

    fn ask_around(&mut self, ctx: &mut Ctx<'_>) {
        for node in (0..self.shared.nodes).map(Peer::node).filter(|node| *node != self.me) {
            ctx.send(node, Message::Ring { epoch: self.epoch });
        }
        ctx.arm(Timer::Lead, self.shared.quorum.move_again);
    }

    /// Another node has told where the ring is.
    fn heard(&mut self, from: Peer, ctx: &mut Ctx<'_>) {
        let others = self.shared.nodes as usize - 1;
        let Some(told) = &mut self.administration.unsure else { return };
        told.insert(from);
        if 2 * told.len() >= others {
            self.administration.unsure = None;
            self.lead(ctx);
        }
    }

    /// Takes up the next line of the plan, or the one that is under way, if that is this node's to lead.
    fn lead(&mut self, ctx: &mut Ctx<'_>) {
        let change = self.epoch.change();
        let Some(line) = self.shared.quorum.admin.get(change).copied() else { return };
        if self.shared.leader(change) != self.me || self.administration.waits_for.is_some() || !self.is_sure()
        {
            return;
        }
        let begins = Time::ZERO + line.at;
        if self.epoch.is_settled() && ctx.now() < begins {
            return ctx.arm(Timer::Lead, begins.since(ctx.now()));
        }
        self.announce(ctx);
    }

    /// Tells everyone the epoch, until all have followed.
    fn announce(&mut self, ctx: &mut Ctx<'_>) {
        let all = self.shared.followers(self.epoch);
        self.administration.waits_for = Some(all.into_iter().collect());
        self.administration.owed.insert(self.me);
        self.urge(ctx);
        self.follow(ctx);
    }

    fn urge(&mut self, ctx: &mut Ctx<'_>) {
        for node in self.administration.waits_for.iter().flatten().filter(|node| **node != self.me) {
            ctx.send(*node, Message::Ring { epoch: self.epoch });
        }
        ctx.arm(Timer::Lead, self.shared.quorum.move_again);
    }

    /// It is time to go on, or to ask again those that have not followed.
    pub(super) fn on_lead(&mut self, ctx: &mut Ctx<'_>) {
        if !self.is_sure() {
            self.ask_around(ctx);
        } else if self.administration.waits_for.is_some() {
            self.urge(ctx);
        } else {
            self.lead(ctx);
        }
    }

    /// Another node tells where the ring is.
    pub(super) fn on_ring(&mut self, from: Peer, epoch: Epoch, ctx: &mut Ctx<'_>) {
        if epoch < self.epoch {
            return ctx.send(from, Message::Ring { epoch: self.epoch });
        }
        self.enter(epoch, ctx);
        self.heard(from, ctx);
        self.administration.owed.insert(from);
        self.follow(ctx);
        self.lead(ctx);
    }

    /// The ring is at an epoch from now on.
    fn enter(&mut self, epoch: Epoch, ctx: &mut Ctx<'_>) {
        if epoch <= self.epoch {
            return;
        }
        self.epoch = epoch;
        self.administration.waits_for = None;
        self.administration.owed.clear();
        self.storage.keep_epoch(epoch, ctx);
        self.moving.clear();
        if let Some(change) = epoch.moves() {
            self.hand_over(change, ctx);
        }
    }

    /// Tells those who wait for it that it has followed, once nothing is left to do.
    pub(super) fn follow(&mut self, ctx: &mut Ctx<'_>) {
        if self.administration.owed.is_empty() {
            return;
        }
        let carried = self.moving.is_empty() || !self.shared.quorum.move_first;
        let answered = self.operations.values().all(|op| op.is_done() || op.epoch >= self.epoch);
        if !(carried && answered) {
            return;
        }
        let (epoch, me) = (self.epoch, self.me);
        let owed = std::mem::take(&mut self.administration.owed);
        for to in owed.iter().filter(|to| **to != me) {
            self.storage.send(*to, Message::Followed { epoch }, ctx);
        }
        if owed.contains(&me) {
            self.on_followed(me, epoch, ctx);
        }
    }

    /// A node has followed. When all have, the change goes on.
    pub(super) fn on_followed(&mut self, from: Peer, epoch: Epoch, ctx: &mut Ctx<'_>) {
        self.heard(from, ctx);
        let Some(waits_for) = &mut self.administration.waits_for else { return };
        if epoch != self.epoch {
            return;
        }
        waits_for.remove(&from);
        if !waits_for.is_empty() {
            return;
        }
        self.administration.waits_for = None;
        ctx.disarm(Timer::Lead);
        let change = self.epoch.change();
        let line = self.shared.quorum.admin.get(change).filter(|_| self.shared.leader(change) == self.me);
        let due = line.is_some_and(|line| Time::ZERO + line.at <= ctx.now());
        if self.epoch.is_settled() && !due {
            return self.lead(ctx);
        }
        if self.epoch.is_settled() {
            ctx.mark("membership changing");
        }
        self.enter(self.epoch.next(), ctx);
        if self.epoch.is_settled() {
            ctx.mark("membership changed");
        }
        self.announce(ctx);
    }

    /// Whether what was begun under an epoch can be answered here; who is behind is told where the ring is.
    pub(super) fn fits(&self, from: Peer, epoch: Epoch, ctx: &mut Ctx<'_>) -> bool {
        if self.epoch.0.abs_diff(epoch.0) > 1 {
            // Whichever of the two is behind is told by the other.
            ctx.send(from, Message::Ring { epoch: self.epoch });
        }
        self.epoch.0 <= epoch.0 + 1
    }
}
