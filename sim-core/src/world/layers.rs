//! Clients whose patience is layers: what happens is told to the layers, and what they ask for is carried out.
//!
//! The rules of histories stay the engine's: an operation of which any attempt may have landed ends unknown, and a late
//! answer to an earlier attempt still answers it, whatever the layers have given up. Deliberately absent: the layers
//! ([`crate::client::policy`]), and clients with a plain timeout and attempts (`clients`).

use std::ops::ControlFlow;

use crate::client::layered::{share, tag, untag};
use crate::client::operation::FREE_REDIRECTS;
use crate::client::policy::{self, Act, Call, Token};
use crate::history::{Answer, Outcome, Reason};
use crate::node::{Node, Reply, RequestId};
use crate::observer::Observer;
use crate::peer::Peer;
use crate::random::Rng;
use crate::time::Time;
use crate::world::clients::{Due, Halves};
use crate::world::{Flow, World};

/// What a client was told that the ends which follow from it are about.
enum Heard {
    /// Nothing: time passed.
    Nothing,
    /// An answer, and from whom.
    Answer(Answer, Peer),
    /// That it certainly did not happen, and asking again is of no use.
    Failure(Reason, Peer),
}

/// The draws of the layers' turns come after those of so many attempts.
const TURNS_FROM: u32 = 512;

impl<N: Node> World<N> {
    /// A new operation goes in through its client's layers.
    pub(super) fn enter_layers<O: Observer<N>>(
        &mut self,
        client: usize,
        process: u32,
        serial: u32,
        observer: &mut O,
    ) -> Flow {
        let (now, tag) = (self.now, tag(process, serial));
        let mut rng = self.turn(client, process, serial);
        let Some(op) = self.clients.op(client, process, serial) else { return ControlFlow::Continue(()) };
        let key = share(&op.operation.call, op.operation.key, op.level.is_none(), tag);
        let Some(layers) = &mut self.clients.client(client).layers else { return ControlFlow::Continue(()) };
        let call = Call { tag, key, deadline: Time::NEVER };
        let root = layers.stack.begin(call, now, &mut rng, &mut layers.acts);
        if let Some(inside) = self.clients.inside(client, process, serial) {
            inside.root = Some(root);
        }
        self.pump(client, &Heard::Nothing, observer)
    }

    /// A wake-up that layers asked for is due.
    #[inline(never)]
    pub(super) fn wake_layers<O: Observer<N>>(
        &mut self,
        tie: u64,
        client: usize,
        token: u64,
        observer: &mut O,
    ) -> Flow {
        let (now, token) = (self.now, Token::from_raw(token));
        let Some(layers) = &self.clients.client(client).layers else { return ControlFlow::Continue(()) };
        let Some(tag) = layers.stack.tag(token) else { return ControlFlow::Continue(()) };
        self.absorb_due(tie, client, &Due::Wake { client: client as u32, token: Halves::of(token.raw()) });
        let (process, serial) = untag(tag);
        let mut rng = self.turn(client, process, serial);
        if let Some(layers) = &mut self.clients.client(client).layers {
            layers.stack.wake(token, now, &mut rng, &mut layers.acts);
        }
        self.pump(client, &Heard::Nothing, observer)
    }

    /// The draws for what the layers do next about an operation.
    fn turn(&mut self, client: usize, process: u32, serial: u32) -> Rng {
        let mut number = 0;
        let mut turns = 0;
        if let Some(op) = self.clients.op(client, process, serial) {
            number = op.number;
            if let Some(inside) = &mut op.inside {
                turns = inside.turns;
                inside.turns += 1;
            }
        }
        self.clients.policy(client, number, TURNS_FROM.saturating_add(turns))
    }

    /// Carries out what the layers ask for, until they ask for nothing more.
    fn pump<O: Observer<N>>(&mut self, client: usize, heard: &Heard, observer: &mut O) -> Flow {
        while let Some(act) = self.clients.next_act(client) {
            match act {
                Act::Send { attempt, tag, deadline, .. } => {
                    self.send_inside(client, tag, attempt, deadline, observer)?;
                }
                // The engine does not tell nodes, and a late answer is still one.
                Act::Cancel { .. } => {}
                Act::Wake { at, token } => {
                    self.schedule_client(
                        at,
                        client,
                        Due::Wake { client: client as u32, token: Halves::of(token.raw()) },
                    );
                }
                Act::Done { tag, outcome } => self.leave_layers(client, tag, outcome, heard, observer)?,
                Act::Mark(name) => *self.counts.marks.entry(name).or_insert(0) += 1,
            }
        }
        ControlFlow::Continue(())
    }

    /// An attempt that the layers let through is sent to whom the routing names; one beside another to another node,
    /// where the routing is free.
    fn send_inside<O: Observer<N>>(
        &mut self,
        client: usize,
        tag: u64,
        attempt: Token,
        deadline: Time,
        observer: &mut O,
    ) -> Flow {
        let (process, serial) = untag(tag);
        let beside = self.clients.awaits(client, process, serial);
        let Some(op) = self.clients.op(client, process, serial) else { return ControlFlow::Continue(()) };
        let (number, sent, asked) = (op.number, op.attempt, op.asked);
        let mut rng = self.clients.policy(client, number, (sent + 1).min(TURNS_FROM - 1));
        let to = if beside {
            self.clients.route_copy(client, asked, &mut rng)
        } else {
            self.clients.route(client, sent > 0, &mut rng)
        };
        self.send_inside_to(client, (process, serial), attempt, deadline, to, observer)
    }

    fn send_inside_to<O: Observer<N>>(
        &mut self,
        client: usize,
        (process, serial): (u32, u32),
        attempt: Token,
        deadline: Time,
        to: Peer,
        observer: &mut O,
    ) -> Flow {
        if let Some(op) = self.clients.op(client, process, serial) {
            op.deadline = deadline;
        }
        let deadline = (deadline < Time::NEVER).then_some(deadline);
        let number = self.transmit(client, process, serial, to, deadline, observer)?;
        self.clients.sent_inside(client, process, serial, number, attempt);
        ControlFlow::Continue(())
    }

    /// An answer reaches a client with layers, about an operation that has not ended.
    pub(super) fn answer_layers<O: Observer<N>>(
        &mut self,
        client: usize,
        process: u32,
        id: RequestId,
        reply: Reply,
        from: Peer,
        observer: &mut O,
    ) -> Flow {
        let serial = id.serial;
        let attempt = self.clients.awaited(client, process, serial, id.attempt);
        let Some(op) = self.clients.op(client, process, serial) else { return ControlFlow::Continue(()) };
        match reply {
            Reply::Told(answer, token) => {
                let key = op.operation.key;
                self.clients.keep_token(client, process, key, token);
                let heard = Heard::Answer(answer, from);
                self.hear(client, process, serial, attempt, policy::Outcome::Ok, heard, observer)
            }
            Reply::Done(answer) => {
                let heard = Heard::Answer(answer, from);
                self.hear(client, process, serial, attempt, policy::Outcome::Ok, heard, observer)
            }
            Reply::Failed(why) => {
                let heard = Heard::Failure(why, from);
                self.hear(client, process, serial, attempt, policy::Outcome::Fatal, heard, observer)
            }
            Reply::Redirect(node) => {
                op.cleared(id.attempt);
                let Some(token) = attempt else { return ControlFlow::Continue(()) };
                if let Some(node) = node
                    && op.redirects < FREE_REDIRECTS
                {
                    op.redirects += 1;
                    let deadline = op.deadline;
                    if self.clients.follow(client, node) && node != from {
                        let place = (process, serial);
                        return self.send_inside_to(client, place, token, deadline, node, observer);
                    }
                }
                let outcome = policy::Outcome::Rejected;
                self.hear(client, process, serial, attempt, outcome, Heard::Nothing, observer)
            }
            Reply::Rejected => {
                op.cleared(id.attempt);
                if attempt.is_none() {
                    return ControlFlow::Continue(());
                }
                let outcome = policy::Outcome::Rejected;
                self.hear(client, process, serial, attempt, outcome, Heard::Nothing, observer)
            }
        }
    }

    /// The layers hear how an attempt ended. One that they have given up still answers its operation, which is then
    /// taken out of them.
    #[expect(clippy::too_many_arguments, reason = "an end, and all that it is about")]
    fn hear<O: Observer<N>>(
        &mut self,
        client: usize,
        process: u32,
        serial: u32,
        attempt: Option<Token>,
        outcome: policy::Outcome,
        heard: Heard,
        observer: &mut O,
    ) -> Flow {
        let now = self.now;
        let mut rng = self.turn(client, process, serial);
        let root = self.clients.inside(client, process, serial).and_then(|inside| inside.root);
        let Some(layers) = &mut self.clients.client(client).layers else { return ControlFlow::Continue(()) };
        if let Some(token) = attempt {
            layers.stack.ended(token, outcome, now, &mut rng, &mut layers.acts);
            return self.pump(client, &heard, observer);
        }
        if let Some(root) = root {
            layers.stack.abandon(root, now, &mut rng, &mut layers.acts);
        }
        self.leave_layers(client, tag(process, serial), outcome, &heard, observer)?;
        self.pump(client, &Heard::Nothing, observer)
    }

    /// An operation comes out of its client's layers.
    fn leave_layers<O: Observer<N>>(
        &mut self,
        client: usize,
        tag: u64,
        outcome: policy::Outcome,
        heard: &Heard,
        observer: &mut O,
    ) -> Flow {
        let (process, serial) = untag(tag);
        let Some(op) = self.clients.op(client, process, serial) else { return ControlFlow::Continue(()) };
        if let (true, Heard::Answer(answer, from)) = (outcome.is_ok(), heard) {
            self.clients.remember(client, process, serial, answer);
            self.clients.follow(client, *from);
            let end = Outcome::Ok(answer.clone());
            return self.end_operation(client, process, serial, end, Some(*from), observer);
        }
        if let (policy::Outcome::Fatal, Heard::Failure(why, from)) = (outcome, heard) {
            let end = Outcome::Failed(*why);
            return self.end_operation(client, process, serial, end, Some(*from), observer);
        }
        let why = match outcome {
            policy::Outcome::Timeout => Reason::Timeout,
            policy::Outcome::Refused | policy::Outcome::NoInstance => Reason::Unreachable,
            _ => Reason::Rejected,
        };
        let end = if op.may_have_landed() { Outcome::Unknown(why) } else { Outcome::Failed(why) };
        if outcome.is_local() {
            *self.counts.marks.entry("held back by client").or_insert(0) += 1;
        }
        self.end_operation(client, process, serial, end, None, observer)
    }
}
