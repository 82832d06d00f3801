//! What a handler asked for, carried out in the order it asked.

use std::ops::ControlFlow;

use crate::fault::Crash;
use crate::network::Fate;
use crate::node::{Effect, Node, Reply, RequestId};
use crate::observer::{Happening, Observer};
use crate::peer::Peer;
use crate::random::Purpose;
use crate::record::{Life, Measure, StatusChange};
use crate::time::{Span, Time};
use crate::world::inject::Occurrence;
use crate::world::timers::Armed;
use crate::world::{Event, Flow, World};

impl<N: Node> World<N> {
    pub(super) fn carry_out<O: Observer<N>>(&mut self, node: Peer, observer: &mut O) -> Flow {
        let mut effects = std::mem::take(&mut self.effects);
        let mut halted = None;
        for effect in effects.drain(..) {
            match effect {
                Effect::Send { to, message } => self.send(node, to, message, observer)?,
                Effect::Reply { id, reply } => self.send_reply(node, id, reply),
                Effect::Arm { timer, after } => self.arm(node, timer, after),
                Effect::Disarm { timer } => self.slots[node.index()].timers.disarm(timer),
                Effect::Sync(sync) => self.sync(node, sync),
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
                Effect::Halt(reason) => halted = Some(reason),
            }
        }
        self.effects = effects;
        if let Some(reason) = halted {
            *self.counts.marks.entry(reason).or_insert(0) += 1;
            return self.crash(node, Crash::LoseUnsynced, Life::Halted, observer);
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn send<O: Observer<N>>(&mut self, from: Peer, to: Peer, message: N::Message, observer: &mut O) -> Flow {
        assert!(
            to.index() < self.slots.len() && !to.is_client(),
            "{from} sent a message to {to}, which is no node"
        );
        let bytes = N::message_bytes(&message);
        let kind = N::message_kind(&message);
        let fate = if from == to {
            Fate::Deliver(Span::ZERO)
        } else {
            self.network.fate(&self.streams, from, to, bytes, kind, self.now)
        };
        match fate {
            Fate::Deliver(after) => {
                self.schedule_node(self.now + after, from, Event::Deliver { from, to, message })
            }
            Fate::Twice(after, again) => {
                let copy = message.clone();
                self.schedule_node(self.now + after, from, Event::Deliver { from, to, message });
                self.schedule_node(self.now + again, from, Event::Deliver { from, to, message: copy });
            }
            Fate::Drop(why) => {
                self.tell(observer, &Happening::Dropped { from, to, kind, why: Some(why) })?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Sends an answer on its way to the client.
    pub(super) fn send_reply(&mut self, node: Peer, id: RequestId, reply: Reply) {
        let bytes = self.clients.reply_bytes(id.client.index(), &reply);
        let fate = self.network.fate(&self.streams, node, id.client, bytes, "reply", self.now);
        // An answer comes over the client's connection: a repeated packet is not an answer repeated.
        let (Fate::Deliver(after) | Fate::Twice(after, _)) = fate else { return };
        let slot = self.replies.insert((id, reply, node));
        self.schedule_node(self.now + after, node, Event::Reply { slot });
    }

    #[inline]
    fn arm(&mut self, node: Peer, timer: N::Timer, after: Span) {
        let now = self.now;
        let slot = &mut self.slots[node.index()];
        slot.armings = slot.armings.wrapping_add(1);
        let arming = slot.armings;
        let (due, at) = match &slot.body {
            None => (now + after, now + after),
            Some(body) => {
                let due = body.clock.monotonic(now) + after;
                (due, body.clock.when(now, due))
            }
        };
        slot.timers.arm(Armed { timer, due, arming });
        self.schedule_node(at, node, Event::Timer { node, arming });
    }

    /// A node's clock changed its rate: its timers are due at other true times.
    pub(super) fn rearm_all(&mut self, node: Peer) {
        let count = self.slots[node.index()].timers.as_mut_slice().len();
        for place in 0..count {
            let slot = &mut self.slots[node.index()];
            slot.armings = slot.armings.wrapping_add(1);
            let arming = slot.armings;
            let armed = &mut slot.timers.as_mut_slice()[place];
            armed.arming = arming;
            let due = armed.due;
            let at = slot.body.as_ref().map_or(due, |body| body.clock.when(self.now, due));
            self.schedule_node(at, node, Event::Timer { node, arming });
        }
    }

    fn sync(&mut self, node: Peer, sync: crate::disk::SyncId) {
        let slot = &mut self.slots[node.index()];
        let config = &self.groups[usize::from(slot.group)].disk;
        // The n-th sync of a node, over all its lives, takes the n-th draw of its disk's stream.
        let mut rng = self.streams.block(Purpose::Disk, u64::from(node.raw()), u64::from(slot.syncs_ever));
        slot.syncs_ever = slot.syncs_ever.wrapping_add(1);
        let base = config.sync.sample(&mut rng);
        let boot = slot.boot;
        let Some(disk) = &mut slot.disk else { return };
        let takes = config.sync_time(base, disk.dirty_bytes(sync), disk.slowdown());
        let done: Time = disk.busy_until.max(self.now) + takes;
        disk.busy_until = done;
        let result = crate::disk::SyncResult::Durable;
        self.schedule_node(done, node, Event::Synced { node, boot, sync, result });
    }

    fn status(&mut self, node: Peer, role: &'static str, epoch: u64) {
        let slot = &mut self.slots[node.index()];
        if (slot.role, slot.epoch) == (role, epoch) {
            return;
        }
        let turned = slot.role != role;
        (slot.role, slot.epoch) = (role, epoch);
        self.record.statuses.push(StatusChange { at: self.now, node, role: role.to_string(), epoch });
        if turned && self.plan.listens() {
            self.happened(Occurrence::Becomes(role), node);
        }
    }
}
