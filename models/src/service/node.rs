//! A node of a service graph: users, an instance of a service, or a topic, over one calling side.

use std::sync::Arc;

use sim_core::node::{Node, Reply, Request};
use sim_core::peer::Peer;
use sim_core::time::Time;

use super::caller::{Caller, Ctx, Sending};
use super::job::Origin;
use super::message::{HEADER, Message, Tie};
use super::plan::{NodePlan, Part, PartKind, Plan};
use super::server::{Env, Server};
use super::standstill::{Held, holds_message, holds_wake};
use super::timers::{Timers, Wake};
use super::topic::Topic;
use super::users::Users;
use crate::policy::{Act, Outcome, Token};

/// A node.
pub struct ServiceNode {
    /// Taken out while something happens here, so that what happens may borrow both.
    plan: Option<Arc<Plan>>,
    part: u16,
    caller: Caller,
    timers: Timers,
    role: Role,
    /// What came while this stood still.
    held: Vec<Held>,
}

enum Role {
    Users(Users),
    Server(Box<Server>),
    Topic(Topic),
}

impl Node for ServiceNode {
    type Config = NodePlan;
    type Message = Message;
    type Timer = ();
    const MESSAGE_KINDS: &'static [&'static str] =
        &["call", "return", "cancel", "connect", "connected", "probe", "health", "begun", "twin"];

    fn boot(config: &NodePlan, ctx: &mut Ctx<'_>) -> ServiceNode {
        let plan = Arc::clone(&config.plan);
        let part = &plan.parts[usize::from(config.part)];
        let role = match &part.kind {
            PartKind::Users => Role::Users(Users::default()),
            PartKind::Service(spec, program) => Role::Server(Box::new(Server::new(spec, program))),
            PartKind::Topic(spec) => Role::Topic(Topic::new(spec)),
        };
        let caller = Caller::new(&plan, part, ctx.me());
        let (plan, part) = (Some(Arc::clone(&config.plan)), config.part);
        let mut node = ServiceNode { plan, part, caller, timers: Timers::default(), role, held: Vec::new() };
        node.with(ctx, |node, plan, part, ctx| {
            node.server(part, ctx, |server, _| server.red.silent = plan.window.is_none());
            if let Role::Users(users) = &mut node.role {
                users.red.silent = plan.window.is_none();
            }
            node.caller.start(part, &mut node.timers, ctx);
            for edge in 0..part.edges.len() as u16 {
                node.caller.lookup(plan, part, edge, &mut Timers::default(), ctx);
            }
            if let Some(window) = plan.window {
                let next = (ctx.now().0 / window.0 + 1) * window.0;
                node.timers.at(Time(next), Wake::Window);
            }
            let instance = ctx.me().index() as u32 - part.first;
            node.server(part, ctx, |server, env| server.start(instance, env));
        });
        node
    }

    fn on_message(&mut self, from: Peer, message: Message, ctx: &mut Ctx<'_>) {
        self.with(ctx, |node, plan, part, ctx| {
            let now = ctx.now();
            match &part.kind {
                PartKind::Service(spec, _) if node.stands_still() && holds_message(&message, spec.probe) => {
                    node.held.push(Held::Message(now, from, message));
                }
                _ => node.receive(now, from, message, plan, part, ctx),
            }
        });
    }

    fn on_timer(&mut self, (): (), ctx: &mut Ctx<'_>) {
        self.timers.fired();
        self.with(ctx, |node, plan, part, ctx| {
            while let Some(wake) = node.timers.due(ctx.now()) {
                if node.stands_still() && holds_wake(&wake) {
                    node.held.push(Held::Wake(wake));
                    continue;
                }
                node.wake(wake, plan, part, ctx);
                node.pump(plan, part, ctx);
            }
        });
    }

    fn on_request(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        self.with(ctx, |node, plan, part, ctx| match &mut node.role {
            Role::Users(users) => users.ask(plan, part, request, &mut node.caller, ctx),
            _ => ctx.reply(request.id, Reply::Rejected),
        });
    }

    fn message_bytes(message: &Message) -> u32 {
        message.bytes()
    }

    fn message_kind(message: &Message) -> &'static str {
        message.kind()
    }

    fn refusal(message: &Message) -> Option<Message> {
        message.refused()
    }
}

impl ServiceNode {
    /// Does something, then all that follows from it, then arms the timer for what comes next.
    fn with(&mut self, ctx: &mut Ctx<'_>, what: impl FnOnce(&mut ServiceNode, &Plan, &Part, &mut Ctx<'_>)) {
        let Some(shared) = self.plan.take() else { return };
        let (plan, part) = (&*shared, &shared.parts[usize::from(self.part)]);
        what(self, plan, part, ctx);
        self.pump(plan, part, ctx);
        let caller = &self.caller;
        let dead =
            |wake: &Wake| matches!(wake, Wake::Policy { edge, token } if caller.is_dead(*edge, *token));
        if let Some(at) = self.timers.next(dead) {
            ctx.arm((), at.since(ctx.now()));
        }
        self.plan = Some(shared);
    }

    /// Lets the serving side do something, if this is an instance.
    fn server(&mut self, part: &Part, ctx: &mut Ctx<'_>, what: impl FnOnce(&mut Server, &mut Env<'_, '_>)) {
        if let (Role::Server(server), PartKind::Service(spec, program)) = (&mut self.role, &part.kind) {
            let (caller, timers) = (&mut self.caller, &mut self.timers);
            what(server, &mut Env { spec, program, name: part.name, caller, timers, ctx });
        }
    }

    fn stands_still(&self) -> bool {
        matches!(&self.role, Role::Server(server) if server.paused)
    }

    /// Hears what it was told while it stood still, as one loop over what was received would.
    fn go_on(&mut self, plan: &Plan, part: &Part, ctx: &mut Ctx<'_>) {
        for held in std::mem::take(&mut self.held) {
            match held {
                Held::Message(at, from, message) => self.receive(at, from, message, plan, part, ctx),
                Held::Wake(wake) => self.wake(wake, plan, part, ctx),
            }
            self.pump(plan, part, ctx);
        }
    }

    /// A message is read.
    fn receive(
        &mut self,
        came: Time,
        from: Peer,
        message: Message,
        plan: &Plan,
        part: &Part,
        ctx: &mut Ctx<'_>,
    ) {
        let instance = |edge: u16| {
            let to = &plan.parts[usize::from(part.edges[usize::from(edge)].to)];
            from.index() as u32 - to.first
        };
        match message {
            Message::Call { .. } => self.asked(came, from, &message, plan, part, ctx),
            Message::Return { attempt, edge, outcome, .. } => {
                let attempt = Token::from_raw(attempt);
                if let Some(tag) = self.caller.returned_now(part, edge, attempt, outcome, ctx) {
                    self.caller.forget(edge, tag, outcome);
                    self.done(edge, tag, outcome, part, ctx);
                }
            }
            Message::Cancel { attempt, edge } => {
                self.server(part, ctx, |server, env| server.cancel(from, edge, attempt, env));
            }
            Message::Connect { edge } => {
                let ok = match &self.role {
                    Role::Server(server) => server.accepts(),
                    _ => true,
                };
                ctx.send(from, Message::Connected { edge, ok });
            }
            Message::Connected { edge, ok } => {
                let outcome = if ok { Outcome::Ok } else { Outcome::Refused };
                self.caller.connected(plan, part, edge, instance(edge), outcome, ctx);
            }
            Message::Probe { edge, round } => {
                if matches!(self.role, Role::Server(_)) {
                    self.server(part, ctx, |server, env| server.probe(came, from, edge, round, env));
                } else {
                    ctx.send(from, Message::Health { edge, round, ok: true });
                }
            }
            Message::Health { edge, round, ok } => self.caller.probed(edge, instance(edge), round, ok, ctx),
            Message::Twin { edge, attempt, node, other } => {
                self.server(part, ctx, |server, env| {
                    server.tied((from, edge, attempt), Tie::To(node, other), env);
                });
            }
            Message::Begun { caller, edge, attempt } if caller == ctx.me() => {
                self.caller.begun(edge, Token::from_raw(attempt));
            }
            Message::Begun { caller, edge, attempt } => {
                self.server(part, ctx, |server, env| server.called_off((caller, edge, attempt), env));
            }
        }
    }

    /// A call comes to an instance or a topic.
    fn asked(&mut self, came: Time, from: Peer, call: &Message, plan: &Plan, part: &Part, ctx: &mut Ctx<'_>) {
        let Message::Call { attempt, edge, baggage, left, bytes: _, reply_bytes, tie } = *call else {
            return;
        };
        let deadline = left.map_or(Time::NEVER, |left| came + left);
        let entry = plan.entry(from, edge);
        let origin =
            Origin { from, came, attempt, edge, reply_bytes, baggage, deadline, probe: None, tie, entry };
        if let (Role::Topic(topic), PartKind::Topic(spec)) = (&mut self.role, &part.kind) {
            let taken = topic.publish(spec, baggage, &mut self.caller, ctx);
            let outcome = if taken { Outcome::Ok } else { Outcome::Rejected };
            return ctx.send(from, Message::Return { attempt, edge, outcome, bytes: HEADER });
        }
        self.server(part, ctx, |server, env| server.arrive(&origin, env));
    }

    fn wake(&mut self, wake: Wake, plan: &Plan, part: &Part, ctx: &mut Ctx<'_>) {
        match wake {
            Wake::Policy { edge, token } => self.caller.wake(edge, token, ctx),
            Wake::Work { job, epoch } => {
                self.server(part, ctx, |server, env| server.worked(job, epoch, env));
            }
            Wake::Overdue { job } => self.server(part, ctx, |server, env| server.overdue(job, env)),
            Wake::Window => self.tell(plan, part, ctx),
            Wake::Probe { edge } => self.caller.probe(plan, part, edge, &mut self.timers, ctx),
            Wake::ProbeLate { edge, round } => self.caller.probe_late(edge, round, ctx),
            Wake::Lookup { edge } => self.caller.lookup(plan, part, edge, &mut self.timers, ctx),
            Wake::ConnectLate { edge, instance, round } => {
                if self.caller.still_connecting(edge, instance, round) {
                    ctx.mark("connect timeout");
                    self.caller.connected(plan, part, edge, instance, Outcome::Timeout, ctx);
                }
            }
            Wake::Deploy { stage } => self.server(part, ctx, |server, env| server.deploy(stage, env)),
            Wake::Pause => {
                self.server(part, ctx, |server, env| server.pause(env));
                if !self.stands_still() {
                    self.go_on(plan, part, ctx);
                }
            }
            Wake::Redeliver { subscription, message } => {
                if let Role::Topic(topic) = &mut self.role {
                    topic.again(subscription, message, &mut self.caller, ctx);
                }
            }
        }
    }

    /// Takes up what the policies ask for, until they ask for nothing more.
    fn pump(&mut self, plan: &Plan, part: &Part, ctx: &mut Ctx<'_>) {
        while let Some((edge, act)) = self.caller.next_act() {
            match act {
                Act::Send { attempt, tag, deadline, twin, .. } => {
                    let baggage = match &self.role {
                        Role::Users(users) => users.baggage(tag),
                        Role::Server(server) => Some(server.jobs.get(tag as u32).baggage),
                        Role::Topic(topic) => topic.baggage(edge, tag),
                    };
                    let (baggage, timers) = (baggage.unwrap_or_default(), &mut self.timers);
                    let sent = Sending { edge, attempt, tag, deadline, twin };
                    self.caller.send(plan, part, sent, baggage, timers, ctx);
                }
                Act::Cancel { attempt, why } => self.caller.cancelled(plan, part, edge, attempt, why, ctx),
                Act::Wake { at, token } => self.timers.at(at, Wake::Policy { edge, token }),
                Act::Done { tag, outcome } => {
                    self.caller.forget(edge, tag, outcome);
                    self.done(edge, tag, outcome, part, ctx);
                }
                Act::Mark(mark) => ctx.mark(mark),
            }
        }
    }

    fn done(&mut self, edge: u16, tag: u64, outcome: Outcome, part: &Part, ctx: &mut Ctx<'_>) {
        match (&mut self.role, &part.kind) {
            (Role::Users(users), _) => users.done(part, tag, outcome, ctx),
            (Role::Topic(topic), PartKind::Topic(spec)) => {
                topic.done(spec, edge, tag, outcome, &mut self.caller, &mut self.timers, ctx);
            }
            _ => {
                let optional = part.edges[usize::from(edge)].spec.optional;
                self.server(part, ctx, |server, env| server.called(tag, outcome, optional, env));
            }
        }
    }

    /// Tells the figures of a window.
    fn tell(&mut self, plan: &Plan, part: &Part, ctx: &mut Ctx<'_>) {
        let Some(window) = plan.window else { return };
        let now = ctx.now();
        match (&mut self.role, &part.kind) {
            (Role::Users(users), _) => users.red.tell(|name, value| ctx.measure(name, value)),
            (Role::Server(server), PartKind::Service(spec, _)) => {
                server.red.tell(|name, value| ctx.measure(name, value));
                let waiting = server.queue.len();
                server.usage.tell(spec.workers, waiting, now, |name, value| ctx.measure(name, value));
            }
            (Role::Topic(topic), _) => ctx.measure("lag", topic.lag() as i64),
            _ => {}
        }
        self.caller.tell(part, ctx);
        self.timers.at(now + window, Wake::Window);
    }
}
