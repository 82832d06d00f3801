//! A node as a replica: taking versions in, answering what it holds, keeping hints for others, forgetting tombstones,
//! and handing keys over when membership changes.
//!
//! Deliberately absent: who is asked and how many answers are enough, which is the coordinator's business.

use sim_core::peer::Peer;
use sim_core::time::Time;

use super::message::{Cause, Message, Number, Timer};
use super::node::{Ctx, QuorumNode};
use super::versions::{Cell, Object};

/// What is held under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The versions.
    pub cell: Cell,
    /// Since when, by the node's own clock.
    pub since: Time,
}

/// What is kept for another replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The versions.
    pub cell: Cell,
    /// Names the present state of it, so that an acknowledgement of an earlier one is told apart.
    pub number: Number,
}

impl QuorumNode {
    #[expect(clippy::too_many_arguments, reason = "a message's fields, and where it comes from")]
    pub(super) fn on_write(
        &mut self,
        from: Peer,
        number: Number,
        object: Object,
        cell: &Cell,
        home: Option<Peer>,
        cause: Cause,
        ctx: &mut Ctx<'_>,
    ) {
        match home {
            Some(home) if home != self.me => self.keep_hint(home, object, cell, ctx),
            _ => {
                if self.take_in(object, cell, ctx) {
                    match cause {
                        Cause::Repair => ctx.mark("read repaired"),
                        Cause::Handoff => ctx.mark("hint handed off"),
                        Cause::Transfer => ctx.mark("key moved"),
                        Cause::Write => {}
                    }
                }
            }
        }
        if cause != Cause::Repair {
            self.storage.send(from, Message::Ack { number, object, home, cause }, ctx);
        }
    }

    /// Takes versions in; whether anything was new.
    pub(super) fn take_in(&mut self, object: Object, cell: &Cell, ctx: &mut Ctx<'_>) -> bool {
        let rule = self.shared.quorum.versions;
        let since = ctx.now();
        let held = self.held.entry(object).or_insert_with(|| Held { cell: Cell::default(), since });
        if !held.cell.merge(cell, rule) {
            return false;
        }
        held.since = since;
        let siblings = held.cell.0.len();
        self.storage.keep(None, object, &held.cell, ctx);
        if siblings > 1 {
            ctx.mark("siblings");
            ctx.measure("siblings", siblings as i64);
        }
        let cell = held.cell.clone();
        self.note_arrival(object, &cell, ctx);
        true
    }

    fn keep_hint(&mut self, home: Peer, object: Object, cell: &Cell, ctx: &mut Ctx<'_>) {
        let (rule, number) = (self.shared.quorum.versions, self.number(ctx));
        let hint = self.hints.entry((home, object)).or_insert_with(|| Hint { cell: Cell::default(), number });
        if hint.cell.merge(cell, rule) {
            hint.number = number;
            self.storage.keep(Some(home), object, &hint.cell, ctx);
            ctx.mark("hint kept");
        }
    }

    pub(super) fn on_read(&mut self, from: Peer, number: Number, object: Object, ctx: &mut Ctx<'_>) {
        let rule = self.shared.quorum.versions;
        let mut cell = self.held.get(&object).map(|held| held.cell.clone()).unwrap_or_default();
        if !self.hints.is_empty() {
            for (_, hint) in self.hints.iter().filter(|((_, key), _)| *key == object) {
                cell.merge(&hint.cell, rule);
            }
        }
        // What is told must not be undone by a crash: it waits for the disk like an acknowledgement.
        self.storage.send(from, Message::Response { number, cell }, ctx);
    }

    /// Offers what is kept for others to them.
    pub(super) fn offer_hints(&mut self, ctx: &mut Ctx<'_>) {
        let epoch = self.epoch;
        for ((home, object), hint) in &self.hints {
            if !self.trusts(*home, ctx) {
                continue;
            }
            let (object, cell, number) = (*object, hint.cell.clone(), hint.number);
            ctx.send(
                *home,
                Message::Write { number, object, cell, home: None, cause: Cause::Handoff, epoch },
            );
        }
        if let Some(sloppy) = self.shared.quorum.sloppy {
            ctx.arm(Timer::Handoff, sloppy.handoff);
        }
    }

    /// A home has what was kept for it.
    pub(super) fn hint_arrived(&mut self, home: Peer, object: Object, number: Number, ctx: &mut Ctx<'_>) {
        if self.hints.get(&(home, object)).is_some_and(|hint| hint.number == number) {
            self.hints.remove(&(home, object));
            self.storage.keep(Some(home), object, &Cell::default(), ctx);
        }
    }

    /// Forgets tombstones that are old enough.
    pub(super) fn purge(&mut self, ctx: &mut Ctx<'_>) {
        let Some(age) = self.shared.quorum.purge else { return };
        let now = ctx.now();
        let old = |held: &Held| {
            now.since(held.since) >= age && held.cell.0.iter().all(|version| version.value.is_none())
        };
        let gone: Vec<Object> =
            self.held.iter().filter(|(_, held)| old(held)).map(|(object, _)| *object).collect();
        for object in gone {
            self.held.remove(&object);
            self.storage.keep(None, object, &Cell::default(), ctx);
            ctx.mark("tombstone purged");
        }
        ctx.arm(Timer::Purge, sim_core::time::Span(age.0 / 4 + 1));
    }

    /// Sends what it holds to those that are to hold it from now on, until they have it.
    pub(super) fn hand_over(&mut self, change: usize, ctx: &mut Ctx<'_>) {
        let number = self.number(ctx);
        let shared = self.shared.clone();
        for object in self.held.keys() {
            for newcomer in shared.newcomers(change, *object, self.me) {
                self.moving.insert((newcomer, *object), number);
            }
        }
        self.move_keys(ctx);
    }

    /// Sends the keys that move and have not arrived.
    pub(super) fn move_keys(&mut self, ctx: &mut Ctx<'_>) {
        for ((newcomer, object), number) in &self.moving {
            let Some(held) = self.held.get(object) else { continue };
            let (number, object, cell) = (*number, *object, held.cell.clone());
            let (cause, epoch) = (Cause::Transfer, self.epoch);
            ctx.send(*newcomer, Message::Write { number, object, cell, home: None, cause, epoch });
        }
        if !self.moving.is_empty() {
            ctx.arm(Timer::Move, self.shared.quorum.move_again);
        }
    }

    /// A newcomer has a key.
    pub(super) fn key_arrived(&mut self, newcomer: Peer, object: Object, number: Number, ctx: &mut Ctx<'_>) {
        if self.moving.get(&(newcomer, object)) == Some(&number) {
            self.moving.remove(&(newcomer, object));
            self.follow(ctx);
        }
    }
}
