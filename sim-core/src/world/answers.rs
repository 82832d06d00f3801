//! The clients at work, the end of an operation: answers, and what is written into the history.

use std::ops::ControlFlow;

use crate::client::operation::FREE_REDIRECTS;
use crate::fingerprint::content;
use crate::history::{Answer, Outcome, Reason};
use crate::node::{Node, Reply, RequestId};
use crate::observer::{Happening, Observer};
use crate::peer::Peer;
use crate::world::{Flow, Kind, World};

impl<N: Node> World<N> {
    /// An answer reaches its client.
    pub(super) fn reply_arrives<O: Observer<N>>(&mut self, tie: u64, slot: u32, observer: &mut O) -> Flow {
        let (id, reply, from) = self.replies.take(slot);
        if self.network.blocks_arrival(from, id.client) {
            self.network.counts.blocked += 1;
            return self.dropped(
                tie,
                from,
                id.client,
                "reply",
                Some(crate::network::Drop::Blocked),
                observer,
            );
        }
        self.network.counts.delivered += 1;
        self.absorb(tie, Kind::Reply, id.client, content(&(id, &reply)));
        let (client, process) = self.clients.owner(id.process);
        let Some(op) = self.clients.op(client, process, id.serial) else { return ControlFlow::Continue(()) };
        if op.inside.is_some() {
            return self.answer_layers(client, process, id, reply, from, observer);
        }
        let answer = match reply {
            Reply::Done(answer) => answer,
            Reply::Told(answer, token) => {
                let key = op.operation.key;
                self.clients.keep_token(client, process, key, token);
                answer
            }
            other => return self.turned_away(id, other, from, observer),
        };
        self.done(client, process, id.serial, answer, from, observer)
    }

    /// An answer by which the operation did not happen.
    #[inline(never)]
    fn turned_away<O: Observer<N>>(
        &mut self,
        id: RequestId,
        reply: Reply,
        from: Peer,
        observer: &mut O,
    ) -> Flow {
        let (client, process) = self.clients.owner(id.process);
        let Some(op) = self.clients.op(client, process, id.serial) else { return ControlFlow::Continue(()) };
        let current = op.attempt == id.attempt && !op.between;
        match reply {
            Reply::Told(..) | Reply::Done(_) => ControlFlow::Continue(()),
            Reply::Failed(why) => {
                self.tell_guards(client, process, id.serial, true);
                self.end_operation(client, process, id.serial, Outcome::Failed(why), Some(from), observer)
            }
            Reply::Redirect(Some(node)) if current && op.redirects < FREE_REDIRECTS => {
                op.cleared(id.attempt);
                op.redirects += 1;
                if self.clients.follow(client, node) && node != from {
                    return self.dispatch(client, process, id.serial, node, false, observer);
                }
                self.try_again(client, process, id.serial, Reason::Rejected, observer)
            }
            Reply::Redirect(_) | Reply::Rejected => {
                op.cleared(id.attempt);
                let live = id.attempt >= op.copies_from && !op.between;
                if live {
                    op.on_their_way -= 1;
                }
                // The last of its copies, which without hedges is the latest attempt.
                if live && op.on_their_way == 0 {
                    return self.try_again(client, process, id.serial, Reason::Rejected, observer);
                }
                ControlFlow::Continue(())
            }
        }
    }

    /// An operation happened.
    #[inline(always)]
    fn done<O: Observer<N>>(
        &mut self,
        client: usize,
        process: u32,
        serial: u32,
        answer: Answer,
        from: Peer,
        observer: &mut O,
    ) -> Flow {
        let now = self.now;
        let Some(op) = self.clients.op(client, process, serial) else {
            return ControlFlow::Continue(());
        };
        let took = now.since(op.began_at);
        let guards = &mut self.clients.client(client).guards;
        if !guards.is_empty() {
            guards.took(took);
            self.tell_guards(client, process, serial, true);
        }
        self.clients.remember(client, process, serial, &answer);
        self.clients.follow(client, from);
        self.end_operation(client, process, serial, Outcome::Ok(answer), Some(from), observer)
    }

    /// A client's guards hear how its latest attempt ended: answered, or not.
    pub(super) fn tell_guards(&mut self, client: usize, process: u32, serial: u32, answered: bool) {
        let now = self.now;
        let Some(op) = self.clients.op(client, process, serial) else { return };
        let took = now.since(op.sent_at);
        self.clients.client(client).guards.ended(answered, took, now);
    }

    /// Writes an operation's end into the history and lets its process go on, or not.
    pub(super) fn end_operation<O: Observer<N>>(
        &mut self,
        client: usize,
        process: u32,
        serial: u32,
        outcome: Outcome,
        answered_by: Option<Peer>,
        observer: &mut O,
    ) -> Flow {
        let Some(op) = self.clients.op(client, process, serial) else { return ControlFlow::Continue(()) };
        let place = op.entry;
        let known = !matches!(outcome, Outcome::Unknown(_));
        self.clients.end(client, process, known);
        let index = self.counts.history();
        let entry = &mut self.record.history.entries[place];
        entry.outcome = outcome;
        entry.answered_by = answered_by;
        if known {
            (entry.completed, entry.completed_index) = (self.now, index);
        }
        self.tell(observer, &Happening::Completed(&self.record.history.entries[place]))?;
        if !self.clients.is_open(client) {
            self.ask_later(client);
        }
        ControlFlow::Continue(())
    }
}
