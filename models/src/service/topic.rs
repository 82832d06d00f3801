//! A topic: what is published is kept, answered for at once, and delivered later to every subscription.
//!
//! Delivery is at least once: a message is gone only when a delivery has ended well, or when it is put aside as a dead
//! letter. A message that waits to be delivered again keeps its place among those under way. Deliberately absent:
//! durability; a broker that crashes forgets.

use std::collections::VecDeque;

use sim_core::time::{Span, Time};

use super::caller::{Caller, Ctx};
use super::config::TopicSpec;
use super::message::Baggage;
use super::timers::{Timers, Wake};
use crate::policy::Outcome;

/// A topic at work.
pub(super) struct Topic {
    lines: Vec<Line>,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<u32>,
    under_way: u32,
    messages: Vec<Letter>,
    free: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Letter {
    baggage: Baggage,
    deliveries: u32,
}

impl Topic {
    pub(super) fn new(spec: &TopicSpec) -> Topic {
        Topic { lines: spec.subscriptions.iter().map(|_| Line::default()).collect() }
    }

    /// Something is published; whether it is taken.
    pub(super) fn publish(
        &mut self,
        spec: &TopicSpec,
        baggage: Baggage,
        caller: &mut Caller,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        let full = |line: &Line| spec.room.is_some_and(|room| line.waiting.len() >= room as usize);
        if self.lines.iter().any(full) {
            ctx.mark("topic full");
            return false;
        }
        for number in 0..self.lines.len() {
            let line = &mut self.lines[number];
            let letter = Letter { baggage, deliveries: 0 };
            let slot = match line.free.pop() {
                Some(slot) => {
                    line.messages[slot as usize] = letter;
                    slot
                }
                None => {
                    line.messages.push(letter);
                    (line.messages.len() - 1) as u32
                }
            };
            line.waiting.push_back(slot);
            self.deliver(spec, number as u16, caller, ctx);
        }
        true
    }

    fn deliver(&mut self, spec: &TopicSpec, number: u16, caller: &mut Caller, ctx: &mut Ctx<'_>) {
        let line = &mut self.lines[usize::from(number)];
        while line.under_way < spec.subscriptions[usize::from(number)].at_once {
            let Some(slot) = line.waiting.pop_front() else { return };
            line.under_way += 1;
            let key = line.messages[slot as usize].baggage.key;
            caller.begin(number, u64::from(slot), key, Time::NEVER, ctx);
        }
    }

    pub(super) fn baggage(&self, subscription: u16, tag: u64) -> Option<Baggage> {
        let line = self.lines.get(usize::from(subscription))?;
        line.messages.get(tag as usize).map(|letter| letter.baggage)
    }

    /// A delivery has ended.
    #[expect(clippy::too_many_arguments, reason = "the parts of one act and its surroundings")]
    pub(super) fn done(
        &mut self,
        spec: &TopicSpec,
        subscription: u16,
        tag: u64,
        outcome: Outcome,
        caller: &mut Caller,
        timers: &mut Timers,
        ctx: &mut Ctx<'_>,
    ) {
        let settings = &spec.subscriptions[usize::from(subscription)];
        let line = &mut self.lines[usize::from(subscription)];
        let letter = &mut line.messages[tag as usize];
        letter.deliveries += 1;
        let gives_up = settings.attempts.is_some_and(|attempts| letter.deliveries >= attempts);
        if !outcome.is_ok() && !gives_up && outcome != Outcome::Fatal {
            ctx.mark("redelivered");
            let at = ctx.now() + settings.again_after.max(Span(1));
            return timers.at(at, Wake::Redeliver { subscription, message: tag as u32 });
        }
        ctx.mark(if outcome.is_ok() { "delivered" } else { "dead letter" });
        line.under_way -= 1;
        line.free.push(tag as u32);
        self.deliver(spec, subscription, caller, ctx);
    }

    pub(super) fn again(&mut self, subscription: u16, message: u32, caller: &mut Caller, ctx: &mut Ctx<'_>) {
        let key = self.lines[usize::from(subscription)].messages[message as usize].baggage.key;
        caller.begin(subscription, u64::from(message), key, Time::NEVER, ctx);
    }

    /// How many messages are not delivered yet.
    pub(super) fn lag(&self) -> u64 {
        self.lines.iter().map(|line| line.waiting.len() as u64 + u64::from(line.under_way)).sum()
    }
}
