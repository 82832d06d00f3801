//! The clients at work: invocations and attempts.

use std::hash::{Hash, Hasher};
use std::ops::ControlFlow;

use crate::client::operation::Op;
use crate::client::patience::Attempt;
use crate::fingerprint::content;
use crate::history::{Entry, Outcome, Reason};
use crate::network::Fate;
use crate::node::{Node, Request, RequestId};
use crate::observer::{Happening, Observer};
use crate::peer::Peer;
use crate::record::Violation;
use crate::room;
use crate::time::Time;
use crate::world::{Event, Flow, Kind, World};

/// Something a client is to do. What tells which has a word to itself, so that all of it is moved by words.
#[derive(Clone, Copy, Debug, Hash)]
#[repr(u32)]
pub(super) enum Due {
    /// Invoke its next operation.
    Ask { client: u32 },
    /// Give up waiting for an attempt.
    Timeout { process: u32, serial: u32, attempt: u32 },
    /// Send the next attempt.
    Again { process: u32, serial: u32 },
    /// Send another copy of an attempt.
    Copy { process: u32, serial: u32, attempt: u32 },
    /// Wake a client's layers.
    Wake { client: u32, token: Halves },
    /// Give up waiting for the attempt that is the first of the time-outs of a group's clients.
    FirstTimeout { group: u32 },
}

/// A number of 64 bits that needs to be at no multiple of eight, hashed as what it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Halves(u32, u32);

impl Halves {
    pub(super) fn of(whole: u64) -> Halves {
        Halves(whole as u32, (whole >> 32) as u32)
    }
    fn whole(self) -> u64 {
        u64::from(self.0) | u64::from(self.1) << 32
    }
}

impl Hash for Halves {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.whole().hash(state);
    }
}

impl<N: Node> World<N> {
    pub(super) fn start_clients(&mut self) {
        for client in 0..self.clients.len() {
            if let Some(at) = self.clients.first_ask(client) {
                self.schedule_client(at, client, Due::Ask { client: client as u32 });
            }
        }
    }

    #[inline(never)]
    pub(super) fn schedule_client(&mut self, at: Time, client: usize, due: Due) {
        let seq = self.client_seq(client);
        self.schedule(at, Peer::client(client as u32), seq, || Event::Client(due));
    }

    /// Something that a client is to do enters the fingerprint.
    pub(super) fn absorb_due(&mut self, tie: u64, client: usize, due: &Due) {
        self.absorb(tie, Kind::Client, Peer::client(client as u32), content(due));
    }

    pub(super) fn client_seq(&mut self, client: usize) -> u32 {
        let state = self.clients.client(client);
        state.seq = state.seq.wrapping_add(1);
        state.seq
    }

    pub(super) fn client_due<O: Observer<N>>(&mut self, tie: u64, due: Due, observer: &mut O) -> Flow {
        match due {
            Due::Ask { client } => self.ask(tie, client as usize, observer),
            Due::Timeout { process, serial, attempt } => {
                self.timed_out(tie, Attempt { process, serial, number: attempt }, observer)
            }
            Due::FirstTimeout { group } => self.first_timed_out(tie, group, observer),
            Due::Again { process, serial } => {
                let (client, number) = self.clients.owner(process);
                if !self.clients.op(client, number, serial).is_some_and(|op| op.between) {
                    return ControlFlow::Continue(());
                }
                self.absorb(tie, Kind::Client, Peer::client(client as u32), content(&due));
                self.attempt(client, number, serial, true, observer)
            }
            Due::Copy { process, serial, attempt } => {
                let (client, number) = self.clients.owner(process);
                if !self.clients.is_waited_for(Attempt { process, serial, number: attempt }) {
                    return ControlFlow::Continue(());
                }
                self.absorb(tie, Kind::Client, Peer::client(client as u32), content(&due));
                self.copy(client, number, serial, observer)
            }
            Due::Wake { client, token } => self.wake_layers(tie, client as usize, token.whole(), observer),
        }
    }

    /// Sends another copy of the latest attempt, to another node where the routing is free.
    #[inline(never)]
    fn copy<O: Observer<N>>(&mut self, client: usize, process: u32, serial: u32, observer: &mut O) -> Flow {
        let Some(op) = self.clients.op(client, process, serial) else { return ControlFlow::Continue(()) };
        let (number, attempt, asked) = (op.number, op.attempt + 1, op.asked);
        let mut rng = self.clients.policy(client, number, attempt);
        let now = self.now;
        if !self.clients.client(client).guards.admit_copy(now) {
            *self.counts.marks.entry("held back by client").or_insert(0) += 1;
            return ControlFlow::Continue(());
        }
        *self.counts.marks.entry("hedged").or_insert(0) += 1;
        let to = self.clients.route_copy(client, asked, &mut rng);
        self.dispatch(client, process, serial, to, true, observer)
    }

    /// Invokes a client's next operation.
    fn ask<O: Observer<N>>(&mut self, tie: u64, client: usize, observer: &mut O) -> Flow {
        let (number, operation, level) = self.clients.ask(client, &self.record.history.entries);
        self.absorb(tie, Kind::Client, Peer::client(client as u32), content(&operation));
        if self.clients.is_open(client) {
            self.ask_later(client);
        }
        let process = self.clients.take_process(client);
        let place = self.record.history.entries.len();
        let (name, index) = (self.clients.process_id(client, process), self.counts.history());
        room::push(&mut self.record.history.entries, || Entry::begun(name, self.now, index));
        self.record.history.entries[place].ask(&operation);
        self.tell(observer, &Happening::Invoked(&self.record.history.entries[place]))?;
        let serial = self.clients.begin(client, process, || Op::new(place, number, operation, level));
        if self.clients.client(client).layers.is_some() {
            return self.enter_layers(client, process, serial, observer);
        }
        self.attempt(client, process, serial, false, observer)
    }

    pub(super) fn ask_later(&mut self, client: usize) {
        if let Some(at) = self.clients.next_ask(client, self.now) {
            self.schedule_client(at, client, Due::Ask { client: client as u32 });
        }
    }

    /// Sends an attempt to the node the routing names, which is another one if the latest attempt was of no use.
    fn attempt<O: Observer<N>>(
        &mut self,
        client: usize,
        process: u32,
        serial: u32,
        again: bool,
        observer: &mut O,
    ) -> Flow {
        let Some(op) = self.clients.op(client, process, serial) else { return ControlFlow::Continue(()) };
        op.tries += 1;
        let (number, attempt, first) = (op.number, op.attempt + 1, op.tries == 1);
        let landed = op.may_have_landed();
        let mut rng = self.clients.policy(client, number, attempt);
        let to = self.clients.route(client, again, &mut rng);
        // The next lane is the backoff's.
        rng.bits();
        let now = self.now;
        let span = self.clients.client(client).guards.deadline();
        if let (true, Some(span), Some(op)) = (first, span, self.clients.op(client, process, serial)) {
            op.deadline = now + span;
        }
        let state = self.clients.client(client);
        let (under_way, guards) = (state.under_way, &mut state.guards);
        if !guards.is_empty() && !guards.admit(first, under_way, now, &mut rng) {
            *self.counts.marks.entry("held back by client").or_insert(0) += 1;
            let why = Reason::Rejected;
            let outcome = if landed { Outcome::Unknown(why) } else { Outcome::Failed(why) };
            return self.end_operation(client, process, serial, outcome, None, observer);
        }
        self.dispatch(client, process, serial, to, false, observer)
    }

    /// Sends an attempt to this node; `copy` if the one before it stays on its way.
    pub(super) fn dispatch<O: Observer<N>>(
        &mut self,
        client: usize,
        process: u32,
        serial: u32,
        to: Peer,
        copy: bool,
        observer: &mut O,
    ) -> Flow {
        let (name, now) = (self.clients.process_id(client, process), self.now);
        let until = self.clients.op(client, process, serial).map_or(Time::NEVER, |op| op.deadline);
        let until = (until < Time::NEVER).then_some(until);
        let attempt = self.transmit(client, process, serial, to, until, observer)?;
        let Some(op) = self.clients.op(client, process, serial) else { return ControlFlow::Continue(()) };
        if !copy {
            (op.copies_from, op.began_at, op.on_their_way) = (attempt, now, 0);
        }
        op.on_their_way += 1;
        let (sent, deadline) = (op.on_their_way, op.deadline);
        let timeout = self.clients.config(client).retry.timeout;
        self.wait(client, (now + timeout).min(deadline), Attempt { process: name, serial, number: attempt });
        if let Some(after) = self.clients.client(client).guards.copy_after(sent) {
            let due = Due::Copy { process: name, serial, attempt };
            self.schedule_client(now + after, client, due);
        }
        ControlFlow::Continue(())
    }

    /// Counts another attempt and puts it on the wire; which one it is. The node is told until when an answer is of use
    /// if there is a deadline to tell.
    pub(super) fn transmit<O: Observer<N>>(
        &mut self,
        client: usize,
        process: u32,
        serial: u32,
        to: Peer,
        deadline: Option<Time>,
        observer: &mut O,
    ) -> ControlFlow<Violation, u32> {
        let (name, now) = (self.clients.process_id(client, process), self.now);
        let Some(op) = self.clients.op(client, process, serial) else { return ControlFlow::Continue(0) };
        op.sent();
        (op.sent_at, op.asked) = (now, to);
        let id =
            RequestId { client: Peer::client(client as u32), process: name, serial, attempt: op.attempt };
        let (operation, level, place) = (op.operation.clone(), op.level, op.entry);
        self.record.history.entries[place].attempts += 1;
        self.tell(observer, &Happening::Attempt { id, to })?;
        let token = self.clients.token(client, process, operation.key);
        let carried = token.as_ref().map_or(0, |token| token.len() as u32);
        let bytes = self.clients.request_bytes(client, &operation) + carried;
        match self.network.fate_of_call(&self.streams, id.client, to, bytes, "request", self.now) {
            // A client speaks over a connection: a packet that is repeated is not a request repeated.
            Fate::Deliver(after) | Fate::Twice(after, _) => {
                let slot = self.requests.insert(|| Request { id, operation, level, token, deadline });
                let (seq, at) = (self.client_seq(client), self.now + after);
                self.schedule_request(at, (id.client, seq), to, slot);
            }
            Fate::Drop(why) => {
                let (from, kind, why) = (id.client, "request", Some(why));
                self.tell(observer, &Happening::Dropped { from, to, kind, why })?;
            }
        }
        ControlFlow::Continue(id.attempt)
    }

    /// The latest attempt was of no use: another after a wait, or the end.
    #[inline(never)]
    pub(super) fn try_again<O: Observer<N>>(
        &mut self,
        client: usize,
        process: u32,
        serial: u32,
        why: Reason,
        observer: &mut O,
    ) -> Flow {
        self.tell_guards(client, process, serial, false);
        let (attempts, backoff) = {
            let retry = &self.clients.config(client).retry;
            (retry.attempts, retry.backoff)
        };
        let Some(op) = self.clients.op(client, process, serial) else { return ControlFlow::Continue(()) };
        op.between = true;
        if op.tries >= attempts {
            let outcome = if op.may_have_landed() { Outcome::Unknown(why) } else { Outcome::Failed(why) };
            return self.end_operation(client, process, serial, outcome, None, observer);
        }
        let (number, attempt, tries, previous) = (op.number, op.attempt, op.tries, op.wait);
        let mut rng = self.clients.policy(client, number, attempt);
        rng.bits();
        rng.bits();
        let wait = backoff.wait(tries, previous, &mut rng);
        let now = self.now;
        let Some(op) = self.clients.op(client, process, serial) else { return ControlFlow::Continue(()) };
        op.wait = wait;
        if now + wait >= op.deadline {
            let outcome = if op.may_have_landed() { Outcome::Unknown(why) } else { Outcome::Failed(why) };
            return self.end_operation(client, process, serial, outcome, None, observer);
        }
        let due = Due::Again { process: self.clients.process_id(client, process), serial };
        self.schedule_client(self.now + wait, client, due);
        ControlFlow::Continue(())
    }
}
