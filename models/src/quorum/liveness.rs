//! Whom a node thinks up: heartbeats between nodes, judged by a failure detector ([`crate::detector`]), and what a
//! coordinator makes of it. With it a request goes to "the first N healthy nodes" (Dynamo §4.6) without waiting for those
//! that are thought down; where nobody may stand in for them and too few are left, it is refused at once.
//!
//! Suspicions are measured as [`crate::detector::measured`] does it. Deliberately absent: agreement on who is down; each
//! node has its own view, and may be wrong.

use sim_core::peer::Peer;
use sim_core::time::Span;

use super::coordinator::Coordination;
use super::message::{Message, Timer};
use super::node::{Ctx, QuorumNode};
use crate::detector::Watch;

impl QuorumNode {
    /// Begins to send heartbeats, if it holds data, and to watch all others that do.
    pub(super) fn start_watching(&mut self, ctx: &mut Ctx<'_>) {
        let shared = self.shared.clone();
        let Some(liveness) = &shared.quorum.liveness else { return };
        let now = ctx.now();
        let holders = shared.holders();
        for node in holders.iter().filter(|node| **node != self.me) {
            self.watches.insert(*node, (Watch::new(&liveness.detector, now), false));
            ctx.measure("watches", i64::from(node.raw()));
            self.arm_suspicion(*node, ctx);
        }
        if holders.contains(&self.me) {
            arm_heartbeat(liveness.every, ctx);
        }
    }

    /// Tells all others that it is there. Heartbeats are numbered by the clock, so that numbers rise over restarts.
    pub(super) fn beat(&mut self, ctx: &mut Ctx<'_>) {
        let shared = self.shared.clone();
        let Some(liveness) = &shared.quorum.liveness else { return };
        let number = nearest(liveness.every, ctx);
        for node in (0..shared.nodes).map(Peer::node).filter(|node| *node != self.me) {
            ctx.send(node, Message::Heartbeat { number });
        }
        arm_heartbeat(liveness.every, ctx);
    }

    pub(super) fn on_heartbeat(&mut self, from: Peer, number: u64, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some((watch, suspected)) = self.watches.get_mut(&from) else { return };
        watch.heartbeat(number, now);
        if watch.suspects(now) {
            return;
        }
        if std::mem::take(suspected) {
            ctx.mark("trusted again");
            ctx.measure("trusted", i64::from(from.raw()));
        }
        self.arm_suspicion(from, ctx);
    }

    fn arm_suspicion(&self, node: Peer, ctx: &mut Ctx<'_>) {
        if let Some((watch, _)) = self.watches.get(&node) {
            ctx.arm(Timer::Suspect(node), watch.deadline().since(ctx.now()));
        }
    }

    /// No heartbeat came in time.
    pub(super) fn on_suspicion(&mut self, node: Peer, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Some((watch, suspected)) = self.watches.get_mut(&node) else { return };
        if watch.suspects(now) && !*suspected {
            *suspected = true;
            ctx.mark("suspected");
            ctx.measure("suspected", i64::from(node.raw()));
        }
    }

    /// Whether a node is thought up; all are where nobody watches.
    pub(super) fn trusts(&self, node: Peer, ctx: &Ctx<'_>) -> bool {
        self.watches.get(&node).is_none_or(|(watch, _)| !watch.suspects(ctx.now()))
    }

    /// Turns from those that are thought down to those that may stand in for them. Whether those asked could be enough.
    pub(super) fn turn_to_the_living(&self, op: &mut Coordination, ctx: &Ctx<'_>) -> bool {
        op.stand_ins.clear();
        let down: Vec<Peer> = op.asked.iter().filter(|node| !self.trusts(**node, ctx)).copied().collect();
        if down.is_empty() {
            return true;
        }
        op.asked.retain(|node| !down.contains(node));
        // Who stands in holds little: a read turns there only where too few homes are left.
        let left = op.asks() && self.enough(op, op.level(), &op.asked);
        if self.shared.quorum.sloppy.is_some() && !left {
            let others = self.fallbacks(op, down.len(), ctx);
            op.asked.extend(&others);
            op.stand_ins = down.into_iter().zip(others).collect();
        }
        self.enough(op, op.level(), &op.asked)
    }
}

/// The number of intervals that the clock is nearest to; it may be a hair early.
fn nearest(every: Span, ctx: &Ctx<'_>) -> u64 {
    (ctx.now().0 + every.0 / 2) / every.0
}

/// Until the next multiple of the interval.
fn arm_heartbeat(every: Span, ctx: &mut Ctx<'_>) {
    let next = (nearest(every, ctx) + 1) * every.0;
    ctx.arm(Timer::Heartbeat, Span(next - ctx.now().0));
}
