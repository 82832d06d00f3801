//! What a handler asked for, carried out in the order it asked.

use std::ops::ControlFlow;

use crate::disk::SyncResult;
use crate::fault::Crash;
use crate::network::{Fate, Network};
use crate::node::{Effect, Node, Reply, RequestId};
use crate::observer::{Happening, Observer};
use crate::peer::Peer;
use crate::random::{Purpose, Streams};
use crate::record::{Life, Measure, StatusChange};
use crate::time::{Span, Time};
use crate::world::inject::Occurrence;
use crate::world::timers::{Armed, next_arming};
use crate::world::{Flow, World};

impl<N: Node> World<N> {
    /// Carries out what is in the buffer, and empties it.
    #[inline(always)]
    pub(super) fn carry_out<O: Observer<N>>(&mut self, node: Peer, observer: &mut O) -> Flow {
        match self.effects.len() {
            0 => ControlFlow::Continue(()),
            1 => self.carry_out_last(node, observer),
            _ => self.carry_out_many(node, observer),
        }
    }

    #[inline(never)]
    fn carry_out_many<O: Observer<N>>(&mut self, node: Peer, observer: &mut O) -> Flow {
        self.effects.reverse();
        let mut halted = None;
        while !self.effects.is_empty() {
            if let Some(Effect::Halt(reason)) = self.effects.last() {
                // After the others, whatever its place.
                halted = Some(*reason);
                self.effects.pop();
            } else {
                self.carry_out_last(node, observer)?;
            }
        }
        halted.map_or(ControlFlow::Continue(()), |reason| self.halt(reason, node, observer))
    }

    /// Carries out the last effect of the buffer, and takes it out.
    #[inline(never)]
    fn carry_out_last<O: Observer<N>>(&mut self, node: Peer, observer: &mut O) -> Flow {
        match self.effects.last() {
            // What owns nothing on the heap is read where it stands; taking it out would copy the whole effect.
            Some(Effect::Send { to, message }) if !std::mem::needs_drop::<N::Message>() => {
                let (to, message) = (*to, message.clone());
                std::mem::forget(self.effects.pop());
                self.send(node, to, message, observer)
            }
            Some(Effect::Arm { timer, after }) => {
                let (timer, after) = (*timer, *after);
                std::mem::forget(self.effects.pop());
                self.arm(node, timer, after);
                ControlFlow::Continue(())
            }
            Some(Effect::Sync(sync)) => {
                let sync = *sync;
                std::mem::forget(self.effects.pop());
                self.sync(node, sync);
                ControlFlow::Continue(())
            }
            Some(Effect::Send { to, message }) => {
                let to = *to;
                let around = (self.slots.len(), self.now);
                let fate = fate::<N>(&mut self.network, &self.streams, around, node, to, message);
                match self.effects.pop() {
                    Some(Effect::Send { message, .. }) => self.meet(fate, (node, to), message, observer),
                    _ => ControlFlow::Continue(()),
                }
            }
            Some(Effect::Reply { .. }) => match self.effects.pop() {
                Some(Effect::Reply { id, reply }) => {
                    self.send_reply(node, id, reply);
                    ControlFlow::Continue(())
                }
                _ => ControlFlow::Continue(()),
            },
            _ => match self.effects.pop() {
                Some(effect) => self.carry_out_rarer(node, effect, observer),
                None => ControlFlow::Continue(()),
            },
        }
    }

    #[cold]
    fn halt<O: Observer<N>>(&mut self, reason: &'static str, node: Peer, observer: &mut O) -> Flow {
        *self.counts.marks.entry(reason).or_insert(0) += 1;
        self.crash(node, Crash::LoseUnsynced, Life::Halted, observer)
    }

    /// The effects that are not in every handler.
    #[inline(never)]
    fn carry_out_rarer<O: Observer<N>>(
        &mut self,
        node: Peer,
        effect: Effect<N::Message, N::Timer>,
        observer: &mut O,
    ) -> Flow {
        match effect {
            Effect::Send { .. } | Effect::Arm { .. } | Effect::Sync(_) | Effect::Reply { .. } => {}
            Effect::Halt(reason) => return self.halt(reason, node, observer),
            Effect::Disarm { timer } => self.slots[node.index()].timers.disarm(timer),
            Effect::Mark(name) => {
                *self.counts.marks.entry(name).or_insert(0) += 1;
                if self.plan.listens() {
                    self.happened(Occurrence::Mark(name), node);
                }
            }
            Effect::Status(status) => self.status(node, status.role, status.epoch),
            Effect::Measure(name, value) => {
                let measure = Measure { at: self.now, node, value };
                match self.record.measures.get_mut(name) {
                    Some(list) => list.push(measure),
                    None => drop(self.record.measures.insert(name.to_string(), vec![measure])),
                }
            }
            Effect::Span(span) => self.record.spans.push(*span),
        }
        ControlFlow::Continue(())
    }

    #[inline(always)]
    pub(super) fn send<O: Observer<N>>(
        &mut self,
        from: Peer,
        to: Peer,
        message: N::Message,
        observer: &mut O,
    ) -> Flow {
        let around = (self.slots.len(), self.now);
        let fate = fate::<N>(&mut self.network, &self.streams, around, from, to, &message);
        self.meet(fate, (from, to), message, observer)
    }

    /// A message meets its fate.
    #[inline(always)]
    fn meet<O: Observer<N>>(
        &mut self,
        fate: Fate,
        (from, to): (Peer, Peer),
        message: N::Message,
        observer: &mut O,
    ) -> Flow {
        match fate {
            Fate::Deliver(after) => {
                self.schedule_message(self.now + after, from, to, message);
            }
            Fate::Twice(after, again) => {
                for after in [after, again] {
                    self.send_copy(self.now + after, from, to, message.clone());
                }
            }
            Fate::Drop(why) => {
                let kind = N::message_kind(&message);
                self.tell(observer, &Happening::Dropped { from, to, kind, why: Some(why) })?;
            }
        }
        ControlFlow::Continue(())
    }

    #[inline(never)]
    fn send_copy(&mut self, at: Time, from: Peer, to: Peer, message: N::Message) {
        self.schedule_message(at, from, to, message);
    }

    /// Sends an answer on its way to the client.
    #[inline]
    pub(super) fn send_reply(&mut self, node: Peer, id: RequestId, reply: Reply) {
        let bytes = self.clients.reply_bytes(id.client.index(), &reply);
        let fate = self.network.fate_of_call(&self.streams, node, id.client, bytes, "reply", self.now);
        // An answer comes over the client's connection: a repeated packet is not an answer repeated.
        let (Fate::Deliver(after) | Fate::Twice(after, _)) = fate else { return };
        let slot = self.replies.insert(|| (id, reply, node));
        self.schedule_reply(self.now + after, node, slot);
    }

    #[inline]
    fn arm(&mut self, node: Peer, timer: N::Timer, after: Span) {
        let now = self.now;
        let slot = &mut self.slots[node.index()];
        slot.armings = next_arming(slot.armings);
        let arming = slot.armings;
        let (due, at) = match &slot.body {
            None => (now + after, now + after),
            Some(body) => {
                let due = body.clock.monotonic(now) + after;
                (due, body.clock.when(now, due))
            }
        };
        slot.timers.arm(Armed { timer, due, arming });
        self.schedule_timer(at, node, arming);
    }

    /// A node's clock changed its rate: its timers are due at other true times.
    pub(super) fn rearm_all(&mut self, node: Peer) {
        for place in 0..self.slots[node.index()].timers.list().len() {
            let slot = &mut self.slots[node.index()];
            slot.armings = next_arming(slot.armings);
            let (arming, armed) = (slot.armings, &mut slot.timers.list_mut()[place]);
            armed.arming = arming;
            let due = armed.due;
            let at = slot.body.as_ref().map_or(due, |body| body.clock.when(self.now, due));
            self.schedule_timer(at, node, arming);
        }
    }

    #[inline(always)]
    fn sync(&mut self, node: Peer, sync: crate::disk::SyncId) {
        let rest = &mut self.rests[node.index()];
        let config = &self.groups[usize::from(rest.group)].disk;
        // The n-th sync of a node, over all its lives, takes the n-th draw of its disk's stream.
        let mut rng = self.streams.block(Purpose::Disk, u64::from(node.raw()), u64::from(rest.syncs_ever));
        rest.syncs_ever = rest.syncs_ever.wrapping_add(1);
        let base = config.sync.sample(&mut rng);
        let boot = rest.boot;
        let Some(disk) = &mut rest.disk else { return };
        let takes = config.sync_time(base, || disk.dirty_bytes(sync), disk.slowdown());
        let done: Time = disk.busy_until.max(self.now) + takes;
        disk.busy_until = done;
        let result = if disk.fails(&mut rng) { SyncResult::Failed } else { SyncResult::Durable };
        self.schedule_sync(done, node, boot, sync, result);
    }

    fn status(&mut self, node: Peer, role: &'static str, epoch: u64) {
        let rest = &mut self.rests[node.index()];
        if (rest.role, rest.epoch) == (role, epoch) {
            return;
        }
        let turned = rest.role != role;
        (rest.role, rest.epoch) = (role, epoch);
        self.record.statuses.push(StatusChange { at: self.now, node, role: role.to_string(), epoch });
        if turned && self.plan.listens() {
            self.happened(Occurrence::Becomes(role), node);
        }
    }
}

/// The fate of a message from a node of so many, at this instant.
#[inline(always)]
fn fate<N: Node>(
    network: &mut Network,
    streams: &Streams,
    (nodes, now): (usize, Time),
    from: Peer,
    to: Peer,
    message: &N::Message,
) -> Fate {
    assert!(to.index() < nodes && !to.is_client(), "{from} sent a message to {to}, which is no node");
    let kind = || N::message_kind(message);
    debug_assert!(N::MESSAGE_KINDS.contains(&kind()), "{} is none of {:?}", kind(), N::MESSAGE_KINDS);
    if from == to {
        Fate::Deliver(Span::ZERO)
    } else {
        network.fate(streams, from, to, N::message_bytes(message), kind, now)
    }
}
