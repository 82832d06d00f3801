//! The calling side of a node: its edges with their policies and balancers, connections, health checks, discovery.
//!
//! What the policies ask for is queued as acts, which the node takes up one by one; so nothing here calls back.

use std::collections::BTreeMap;

use sim_core::node::Context;
use sim_core::peer::Peer;
use sim_core::record::TraceSpan;
use sim_core::time::{Span, Time};

use super::balance::Balancer;
use super::figures::Carried;
use super::message::{Baggage, Message, Tie};
use super::plan::{Part, Plan};
use super::timers::{Timers, Wake};
use crate::policy::{Act, Acts, BreakerState, Call, Layer, Outcome, Stack, Token, Twin, Why};

pub(super) type Ctx<'a> = Context<'a, Message, ()>;

/// The calling side.
pub(super) struct Caller {
    edges: Vec<Out>,
    acts: Acts,
    spans: u64,
}

/// One edge at work.
struct Out {
    stack: Stack,
    chance: f64,
    balancer: Balancer,
    flights: Vec<Option<Flight>>,
    connections: Vec<Connection>,
    /// The instance each call was last sent to, where another attempt should go elsewhere.
    last: BTreeMap<u64, u32>,
    elsewhere: bool,
    carried: Carried,
    /// Whether it may have lesser answers to tell of.
    carried_lesser: bool,
    probes: u32,
    unanswered: Vec<bool>,
}

/// An attempt on its way.
struct Flight {
    attempt: Token,
    instance: u32,
    began: Time,
    deadline: Time,
    baggage: Baggage,
    /// The trace's part above this one.
    parent: u64,
    twin: Twin,
}

/// An attempt that is to be sent.
#[derive(Clone, Copy)]
pub(super) struct Sending {
    pub(super) edge: u16,
    pub(super) attempt: Token,
    pub(super) tag: u64,
    pub(super) deadline: Time,
    pub(super) twin: Twin,
}

#[derive(Clone, Default)]
struct Connection {
    stands: bool,
    round: u32,
    waiting: Vec<Token>,
}

impl Caller {
    pub(super) fn new(plan: &Plan, part: &Part, me: Peer) -> Caller {
        let own = me.index() - part.first as usize;
        let edges = part.edges.iter().map(|edge| {
            let to = &plan.parts[usize::from(edge.to)];
            let zone = part.zones.get(own).copied().unwrap_or(0);
            let repeats = |layer: &Layer| matches!(layer, Layer::Retry(_) | Layer::Hedge(_));
            Out {
                stack: Stack::new(&edge.spec.policies),
                chance: edge.spec.chance.get(),
                balancer: Balancer::new(&edge.spec.balancer, zone, &to.zones, own as u64),
                flights: Vec::new(),
                connections: vec![Connection::default(); to.count as usize],
                last: BTreeMap::new(),
                elsewhere: to.count > 1 && edge.spec.policies.iter().any(repeats),
                carried: Carried::default(),
                carried_lesser: edge.lesser,
                probes: 0,
                unanswered: vec![false; to.count as usize],
            }
        });
        Caller { edges: edges.collect(), acts: Acts::default(), spans: 0 }
    }

    /// Sets health checks and discovery going.
    pub(super) fn start(&mut self, part: &Part, timers: &mut Timers, ctx: &mut Ctx<'_>) {
        for (index, edge) in part.edges.iter().enumerate() {
            let number = index as u16;
            // Each at a phase of its own.
            let phase = ctx.rng().unit();
            if let Some(check) = edge.spec.balancer.health {
                timers.at(ctx.now() + check.every.times(phase), Wake::Probe { edge: number });
            }
            if let Some(ttl) = edge.spec.ttl {
                timers.at(ctx.now() + ttl.times(phase), Wake::Lookup { edge: number });
            }
        }
    }

    /// What is to be done next.
    pub(super) fn next_act(&mut self) -> Option<(u16, Act)> {
        self.acts.take()
    }

    /// A call begins; its end comes as [`Act::Done`].
    pub(super) fn begin(
        &mut self,
        edge: u16,
        tag: u64,
        key: u64,
        deadline: Time,
        ctx: &mut Ctx<'_>,
    ) -> Token {
        let out = &mut self.edges[usize::from(edge)];
        out.carried.calls += 1;
        let now = ctx.now();
        self.acts.stack = edge;
        out.stack.begin(Call { tag, key, deadline }, now, ctx.rng(), &mut self.acts)
    }

    /// With which probability a call over an edge is made at all.
    pub(super) fn chance(&self, edge: u16) -> f64 {
        self.edges[usize::from(edge)].chance
    }

    /// A call is of no interest any more.
    pub(super) fn abandon(&mut self, edge: u16, call: Token, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        self.acts.stack = edge;
        self.edges[usize::from(edge)].stack.abandon(call, now, ctx.rng(), &mut self.acts);
    }

    /// A policy's wake-up is due.
    pub(super) fn wake(&mut self, edge: u16, token: Token, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        self.acts.stack = edge;
        self.edges[usize::from(edge)].stack.wake(token, now, ctx.rng(), &mut self.acts);
    }

    /// One of two tied copies has begun before the other was sent.
    pub(super) fn begun(&mut self, edge: u16, attempt: Token) {
        self.edges[usize::from(edge)].stack.begun(attempt);
    }

    pub(super) fn is_dead(&self, edge: u16, token: Token) -> bool {
        !self.edges[usize::from(edge)].stack.is_live(token)
    }

    /// A call has ended: what was kept about it goes.
    pub(super) fn forget(&mut self, edge: u16, tag: u64, outcome: Outcome) {
        let out = &mut self.edges[usize::from(edge)];
        out.carried.failures += u64::from(!outcome.is_ok());
        out.carried.lesser += u64::from(outcome == Outcome::Degraded);
        if out.elsewhere {
            out.last.remove(&tag);
        }
    }

    /// Sends an attempt to an instance.
    pub(super) fn send(
        &mut self,
        plan: &Plan,
        part: &Part,
        sent: Sending,
        mut baggage: Baggage,
        timers: &mut Timers,
        ctx: &mut Ctx<'_>,
    ) {
        let Sending { edge, attempt, tag, deadline, twin } = sent;
        let (now, names) = (ctx.now(), &part.edges[usize::from(edge)]);
        let to = &plan.parts[usize::from(names.to)];
        let out = &mut self.edges[usize::from(edge)];
        out.carried.attempts += 1;
        if !to.registered.is_empty() && names.spec.ttl.is_none() {
            out.balancer.registered(registered(to, now), now);
        }
        let avoid = if out.elsewhere { out.last.get(&tag).copied() } else { None };
        let Some(instance) = out.balancer.pick(baggage.key, avoid, now, ctx.rng()) else {
            self.acts.stack = edge;
            out.stack.ended(attempt, Outcome::NoInstance, now, ctx.rng(), &mut self.acts);
            return;
        };
        if out.elsewhere {
            out.last.insert(tag, instance);
        }
        if let Some(priority) = names.spec.priority {
            baggage.priority = priority;
        }
        let parent = baggage.span;
        if baggage.traced {
            self.spans += 1;
            baggage.span = ((ctx.me().index() as u64 + 1) << 32) | (self.spans << 2);
        }
        let flight = Flight { attempt, instance, began: now, deadline, baggage, parent, twin };
        let place = attempt.index() as usize;
        if out.flights.len() <= place {
            out.flights.resize_with(place + 1, || None);
        }
        out.flights[place] = Some(flight);
        let Some(patience) = names.spec.connect else { return self.dispatch(to, names, edge, attempt, ctx) };
        let connection = &mut out.connections[instance as usize];
        if connection.stands {
            return self.dispatch(to, names, edge, attempt, ctx);
        }
        connection.waiting.push(attempt);
        if connection.waiting.len() == 1 {
            connection.round += 1;
            let round = connection.round;
            timers.at(now + patience, Wake::ConnectLate { edge, instance, round });
            ctx.send(Peer::node(to.first + instance), Message::Connect { edge });
        }
    }

    /// Puts an attempt on the wire.
    fn dispatch(
        &mut self,
        to: &Part,
        names: &super::plan::PlanEdge,
        edge: u16,
        attempt: Token,
        ctx: &mut Ctx<'_>,
    ) {
        let out = &self.edges[usize::from(edge)];
        let Some(Some(flight)) = out.flights.get(attempt.index() as usize) else { return };
        if flight.attempt != attempt {
            return;
        }
        let tie = match flight.twin {
            Twin::None => Tie::No,
            Twin::Awaited => Tie::Open,
            Twin::Of(other) => match out.flights.get(other.index() as usize) {
                Some(Some(there)) if there.attempt == other => {
                    let (node, other) = (Peer::node(to.first + there.instance), other.raw());
                    let own = Peer::node(to.first + flight.instance);
                    let twin = Message::Twin { edge, attempt: other, node: own, other: attempt.raw() };
                    ctx.send(node, twin);
                    Tie::To(node, other)
                }
                _ => Tie::Open,
            },
        };
        let message = Message::Call {
            tie,
            attempt: attempt.raw(),
            edge,
            baggage: flight.baggage,
            left: (flight.deadline < Time::NEVER).then(|| flight.deadline.since(ctx.now())),
            bytes: names.spec.bytes,
            reply_bytes: names.spec.reply_bytes,
        };
        ctx.send(Peer::node(to.first + flight.instance), message);
    }

    /// An instance has answered about a connection, or has not in time.
    pub(super) fn connected(
        &mut self,
        plan: &Plan,
        part: &Part,
        edge: u16,
        instance: u32,
        outcome: Outcome,
        ctx: &mut Ctx<'_>,
    ) {
        let connection = &mut self.edges[usize::from(edge)].connections[instance as usize];
        connection.stands = outcome.is_ok();
        let waiting = std::mem::take(&mut connection.waiting);
        let names = &part.edges[usize::from(edge)];
        for attempt in waiting {
            if outcome.is_ok() {
                self.dispatch(&plan.parts[usize::from(names.to)], names, edge, attempt, ctx);
            } else {
                self.returned(part, edge, attempt, outcome, ctx);
            }
        }
    }

    /// Whether a connection that was tried in this round is still waited for.
    pub(super) fn still_connecting(&self, edge: u16, instance: u32, round: u32) -> bool {
        let connection = &self.edges[usize::from(edge)].connections[instance as usize];
        connection.round == round && !connection.stands && !connection.waiting.is_empty()
    }

    /// An attempt has been answered.
    pub(super) fn returned(
        &mut self,
        part: &Part,
        edge: u16,
        attempt: Token,
        outcome: Outcome,
        ctx: &mut Ctx<'_>,
    ) {
        if !self.landed(part, edge, attempt, Some(outcome), ctx) {
            ctx.mark("late answer");
            return;
        }
        let now = ctx.now();
        self.acts.stack = edge;
        self.edges[usize::from(edge)].stack.ended(attempt, outcome, now, ctx.rng(), &mut self.acts);
    }

    /// The same where nothing else is to be done first: the tag of the call that ends with it, if no policy is asked.
    pub(super) fn returned_now(
        &mut self,
        part: &Part,
        edge: u16,
        attempt: Token,
        outcome: Outcome,
        ctx: &mut Ctx<'_>,
    ) -> Option<u64> {
        if !self.edges[usize::from(edge)].stack.is_plain() {
            self.returned(part, edge, attempt, outcome, ctx);
            return None;
        }
        if !self.landed(part, edge, attempt, Some(outcome), ctx) {
            ctx.mark("late answer");
            return None;
        }
        self.edges[usize::from(edge)].stack.close(attempt)
    }

    /// An attempt has been given up.
    pub(super) fn cancelled(
        &mut self,
        plan: &Plan,
        part: &Part,
        edge: u16,
        attempt: Token,
        why: Why,
        ctx: &mut Ctx<'_>,
    ) {
        let names = &part.edges[usize::from(edge)];
        let flight = self.edges[usize::from(edge)].flights.get(attempt.index() as usize);
        let Some(instance) = flight.and_then(|flight| flight.as_ref()).map(|flight| flight.instance) else {
            return;
        };
        // One that took too long has failed as far as its caller can tell; the others say nothing of the instance.
        let outcome = (why == Why::Late).then_some(Outcome::Timeout);
        if self.landed(part, edge, attempt, outcome, ctx) && (why == Why::Tied || names.spec.cancels) {
            let to = plan.parts[usize::from(names.to)].first + instance;
            ctx.send(Peer::node(to), Message::Cancel { attempt: attempt.raw(), edge });
        }
    }

    /// An attempt is not on its way any more; whether it was.
    fn landed(
        &mut self,
        part: &Part,
        edge: u16,
        attempt: Token,
        outcome: Option<Outcome>,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        let out = &mut self.edges[usize::from(edge)];
        let Some(place) = out.flights.get_mut(attempt.index() as usize) else { return false };
        if place.as_ref().is_none_or(|flight| flight.attempt != attempt) {
            return false;
        }
        let Some(flight) = place.take() else { return false };
        let now = ctx.now();
        out.balancer.ended(flight.instance, outcome, now.since(flight.began), now);
        if matches!(outcome, Some(Outcome::Timeout | Outcome::Refused)) {
            out.connections[flight.instance as usize].stands = false;
        }
        if flight.baggage.traced {
            ctx.span(TraceSpan {
                trace: flight.baggage.request,
                span: flight.baggage.span,
                parent: flight.parent,
                node: ctx.me(),
                name: part.edges[usize::from(edge)].names.plain.to_string(),
                begin: flight.began,
                end: now,
                ok: outcome.is_some_and(Outcome::is_ok),
            });
        }
        true
    }

    /// Probes every instance of an edge.
    pub(super) fn probe(
        &mut self,
        plan: &Plan,
        part: &Part,
        edge: u16,
        timers: &mut Timers,
        ctx: &mut Ctx<'_>,
    ) {
        let out = &mut self.edges[usize::from(edge)];
        let Some(check) = out.balancer.health() else { return };
        out.probes += 1;
        let round = out.probes;
        out.unanswered.fill(true);
        let to = &plan.parts[usize::from(part.edges[usize::from(edge)].to)];
        for instance in 0..to.count {
            ctx.send(Peer::node(to.first + instance), Message::Probe { edge, round });
        }
        timers.at(ctx.now() + Span(check.timeout.0.min(check.every.0)), Wake::ProbeLate { edge, round });
        timers.at(ctx.now() + check.every, Wake::Probe { edge });
    }

    /// A probe was answered.
    pub(super) fn probed(&mut self, edge: u16, instance: u32, round: u32, ok: bool, ctx: &mut Ctx<'_>) {
        let out = &mut self.edges[usize::from(edge)];
        let waits = out.unanswered.get_mut(instance as usize).is_some_and(std::mem::take);
        if out.probes == round && waits && out.balancer.probed(instance, ok, ctx.now()) {
            ctx.mark(if ok { "instance back" } else { "instance left out" });
        }
    }

    /// Probes of a round that were not answered in time have failed.
    pub(super) fn probe_late(&mut self, edge: u16, round: u32, ctx: &mut Ctx<'_>) {
        if self.edges[usize::from(edge)].probes == round {
            for instance in 0..self.edges[usize::from(edge)].unanswered.len() as u32 {
                self.probed(edge, instance, round, false, ctx);
            }
        }
    }

    /// Discovery is asked anew.
    pub(super) fn lookup(
        &mut self,
        plan: &Plan,
        part: &Part,
        edge: u16,
        timers: &mut Timers,
        ctx: &mut Ctx<'_>,
    ) {
        let names = &part.edges[usize::from(edge)];
        let to = &plan.parts[usize::from(names.to)];
        if !to.registered.is_empty() {
            self.edges[usize::from(edge)].balancer.registered(registered(to, ctx.now()), ctx.now());
        }
        if let Some(ttl) = names.spec.ttl {
            timers.at(ctx.now() + ttl, Wake::Lookup { edge });
        }
    }

    /// Tells what the edges carried in a window.
    pub(super) fn tell(&mut self, part: &Part, ctx: &mut Ctx<'_>) {
        for (out, edge) in self.edges.iter_mut().zip(&part.edges) {
            let carried = std::mem::take(&mut out.carried);
            ctx.measure(edge.names.calls, carried.calls as i64);
            ctx.measure(edge.names.attempts, carried.attempts as i64);
            ctx.measure(edge.names.failures, carried.failures as i64);
            if out.carried_lesser {
                ctx.measure(edge.names.lesser, carried.lesser as i64);
            }
            if let Some(open) = out.balancer.open(ctx.now()) {
                ctx.measure(edge.names.hosts_open, open as i64);
            }
            if let Some(state) = out.stack.breaker(ctx.now()) {
                let number = match state {
                    BreakerState::Closed => 0,
                    BreakerState::HalfOpen { .. } => 1,
                    BreakerState::Open { .. } => 2,
                };
                ctx.measure(edge.names.breaker, number);
            }
        }
    }
}

/// What discovery says of a part now.
fn registered(part: &Part, now: Time) -> &[u32] {
    let latest = part.registered.iter().take_while(|(from, _)| Time::ZERO + *from <= now).last();
    latest.or(part.registered.first()).map_or(&[], |(_, instances)| instances.as_slice())
}
