//! The protocol: probes, direct and by others; suspicions and defences; the spread of updates.
//!
//! A period: ping a member; if no answer comes in time, ask others to ping it; if none has come when the period ends,
//! suspect it. A suspect that hears of it raises its incarnation. Lifeguard's awareness stretches period and time-out
//! while a node has reason to doubt itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use sim_core::node::{Context, Node};
use sim_core::peer::Peer;
use sim_core::time::{Span, Time};

use crate::swim::config::{Choice, Lifeguard, Phases, Swim};
use crate::swim::formulas;
use crate::swim::members::{Member, Outbox, Status, Update};

/// How many pings made for others are remembered, so that those never answered do not pile up.
const RELAYS_MAX: usize = 64;

/// A message: what it is about, and the updates it carries.
#[derive(Clone, Debug, Hash)]
pub struct Message {
    /// What it is about.
    pub body: Body,
    /// What else is new.
    pub updates: Vec<Update>,
}

/// What a message is about.
#[derive(Clone, Copy, Debug, Hash)]
pub enum Body {
    /// Are you there?
    Ping(u32),
    /// Ping this member for me.
    Request(u32, u32),
    /// Yes, to the ping or the request of this number.
    Ack(u32),
    /// I asked for you, and have heard nothing yet.
    Nack(u32),
    /// Updates only.
    Gossip,
    /// All I know; tell me all you know.
    Sync,
    /// All I know.
    State,
}

/// What a node is reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// A period begins.
    Period,
    /// The direct answer is overdue.
    Direct,
    /// A ping made for another is overdue.
    Relay(u32),
    /// A suspect's time is over.
    Suspect(u32),
    /// Send updates.
    Gossip,
    /// Exchange all.
    Sync,
}

/// What the nodes of a run share.
#[derive(Debug)]
pub struct Shared {
    settings: Swim,
    nodes: u32,
    transmissions: u32,
    /// Least and longest suspicion time, and confirmations expected.
    suspicion: (Span, Span, u32),
}

impl Shared {
    /// What follows from the settings for so many nodes.
    #[must_use]
    pub fn new(settings: Swim, nodes: u32) -> Shared {
        let transmissions = formulas::transmissions(settings.transmissions, nodes);
        let suspicion = settings.suspicion(nodes);
        Shared { settings, nodes, transmissions, suspicion }
    }
}

/// The probe of the present period.
struct Probe {
    number: u32,
    target: u32,
    begun: Time,
    answered: bool,
    asked: u32,
    nacks: u32,
}

/// A suspicion: since when, and who said so.
struct Suspected {
    since: Time,
    by: Vec<u32>,
}

/// A member.
pub struct SwimNode {
    shared: Arc<Shared>,
    members: Vec<Member>,
    outbox: Outbox,
    incarnation: u32,
    /// Lifeguard's local health: 0 is well.
    awareness: u32,
    order: Vec<u32>,
    next: usize,
    probe: Option<Probe>,
    number: u32,
    /// Pings made for others: own number to (who asked, their number).
    relays: BTreeMap<u32, (Peer, u32)>,
    suspects: BTreeMap<u32, Suspected>,
}

type Ctx<'a> = Context<'a, Message, Timer>;

impl Node for SwimNode {
    type Config = Arc<Shared>;
    type Message = Message;
    type Timer = Timer;
    const MESSAGE_KINDS: &'static [&'static str] =
        &["ping", "ping-req", "ack", "nack", "gossip", "sync", "state"];

    fn boot(shared: &Arc<Shared>, ctx: &mut Ctx<'_>) -> SwimNode {
        let me = ctx.me().raw();
        let mut node = SwimNode {
            shared: Arc::clone(shared),
            members: vec![Member { status: Status::Alive, incarnation: 0 }; shared.nodes as usize],
            outbox: Outbox::default(),
            incarnation: 0,
            awareness: 0,
            order: (0..shared.nodes).filter(|member| *member != me).collect(),
            next: usize::MAX,
            probe: None,
            number: 0,
            relays: BTreeMap::new(),
            suspects: BTreeMap::new(),
        };
        ctx.measure("watches", -1);
        let settings = &shared.settings;
        let phase = ctx.rng().unit();
        let first = match settings.phases {
            Phases::Together => Span(settings.period.0 - ctx.now().0 % settings.period.0),
            Phases::Random => settings.period.times(phase),
        };
        ctx.arm(Timer::Period, first);
        if let Some(gossip) = settings.gossip {
            ctx.arm(Timer::Gossip, gossip.interval.times(phase));
        }
        if let Some(sync) = settings.sync {
            ctx.arm(Timer::Sync, sync.times(phase));
        }
        for _ in 0..settings.join {
            node.exchange_all(ctx);
        }
        node
    }

    fn on_message(&mut self, from: Peer, message: Message, ctx: &mut Ctx<'_>) {
        for update in message.updates {
            self.hear(update, ctx);
        }
        match message.body {
            Body::Ping(number) => self.send(from, Body::Ack(number), ctx),
            Body::Request(number, target) => {
                let own = self.take_number();
                self.relays.insert(own, (from, number));
                while self.relays.len() > RELAYS_MAX {
                    self.relays.pop_first();
                }
                self.send(Peer::node(target), Body::Ping(own), ctx);
                ctx.arm(Timer::Relay(own), self.shared.settings.timeout);
            }
            Body::Ack(number) => self.acked(number, ctx),
            Body::Nack(number) => {
                if let Some(probe) = self.probe.as_mut().filter(|probe| probe.number == number) {
                    probe.nacks += 1;
                }
            }
            Body::Gossip | Body::State => {}
            Body::Sync => {
                let updates = self.all(ctx);
                ctx.send(from, Message { body: Body::State, updates });
            }
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        match timer {
            Timer::Period => {
                self.end_probe(ctx);
                ctx.arm(Timer::Period, self.stretched(self.shared.settings.period));
                self.begin_probe(ctx);
            }
            Timer::Direct => self.ask_others(ctx),
            Timer::Relay(own) => {
                // The relay stays for a late answer.
                if let Some((origin, number)) = self.relays.get(&own).copied()
                    && self.lifeguard().is_some()
                {
                    self.send(origin, Body::Nack(number), ctx);
                }
            }
            Timer::Suspect(member) => {
                let incarnation = self.members[member as usize].incarnation;
                let from = ctx.me().raw();
                self.hear(Update { member, status: Status::Dead, incarnation, from }, ctx);
            }
            Timer::Gossip => self.gossip(ctx),
            Timer::Sync => {
                self.exchange_all(ctx);
                if let Some(sync) = self.shared.settings.sync {
                    ctx.arm(Timer::Sync, sync);
                }
            }
        }
    }

    fn message_bytes(message: &Message) -> u32 {
        16 + 12 * message.updates.len() as u32
    }

    fn message_kind(message: &Message) -> &'static str {
        match message.body {
            Body::Ping(_) => "ping",
            Body::Request(..) => "ping-req",
            Body::Ack(_) => "ack",
            Body::Nack(_) => "nack",
            Body::Gossip => "gossip",
            Body::Sync => "sync",
            Body::State => "state",
        }
    }
}

impl SwimNode {
    /// What it believes of a member.
    #[must_use]
    pub fn belief(&self, member: u32) -> Member {
        self.members[member as usize]
    }

    fn lifeguard(&self) -> Option<Lifeguard> {
        self.shared.settings.lifeguard
    }

    fn take_number(&mut self) -> u32 {
        self.number = self.number.wrapping_add(1);
        self.number
    }

    /// A time as long as this node's awareness has it.
    fn stretched(&self, span: Span) -> Span {
        Span(span.0 * (u64::from(self.awareness) + 1))
    }

    fn aware(&mut self, worse: i64) {
        if let Some(Lifeguard { probe: true, awareness_max, .. }) = self.lifeguard() {
            let next = i64::from(self.awareness) + worse;
            self.awareness = next.clamp(0, i64::from(awareness_max) - 1) as u32;
        }
    }

    /// Sends a message with as many updates as fit.
    fn send(&mut self, to: Peer, body: Body, ctx: &mut Ctx<'_>) {
        let shared = &self.shared;
        let mut updates = self.outbox.take(shared.settings.piggyback as usize, shared.transmissions);
        let target = self.members[to.index()];
        let buddy = self.lifeguard().is_some_and(|lifeguard| lifeguard.buddy);
        if buddy && matches!(body, Body::Ping(_)) && target.status == Status::Suspect {
            let (member, incarnation, from) = (to.raw(), target.incarnation, ctx.me().raw());
            if !updates.iter().any(|update| update.member == member) {
                updates.push(Update { member, status: Status::Suspect, incarnation, from });
            }
        }
        ctx.send(to, Message { body, updates });
    }

    /// The next member to probe: one that is not dead; `None` if there is none.
    fn choose(&mut self, ctx: &mut Ctx<'_>) -> Option<u32> {
        for _ in 0..2 * self.order.len() {
            let member = match self.shared.settings.choice {
                Choice::Random => self.order[ctx.rng().below(self.order.len() as u64) as usize],
                Choice::RoundRobin => {
                    if self.next >= self.order.len() {
                        ctx.rng().shuffle(&mut self.order);
                        self.next = 0;
                    }
                    self.next += 1;
                    self.order[self.next - 1]
                }
            };
            if self.members[member as usize].status != Status::Dead {
                return Some(member);
            }
        }
        None
    }

    fn begin_probe(&mut self, ctx: &mut Ctx<'_>) {
        let Some(target) = self.choose(ctx) else { return };
        let number = self.take_number();
        self.probe = Some(Probe { number, target, begun: ctx.now(), answered: false, asked: 0, nacks: 0 });
        self.send(Peer::node(target), Body::Ping(number), ctx);
        ctx.arm(Timer::Direct, self.stretched(self.shared.settings.timeout));
    }

    fn acked(&mut self, number: u32, ctx: &mut Ctx<'_>) {
        if let Some((origin, theirs)) = self.relays.remove(&number) {
            ctx.disarm(Timer::Relay(number));
            return self.send(origin, Body::Ack(theirs), ctx);
        }
        if let Some(probe) = self.probe.as_mut().filter(|probe| probe.number == number && !probe.answered) {
            probe.answered = true;
            ctx.disarm(Timer::Direct);
            self.aware(-1);
        }
    }

    /// No direct answer in time: others are asked to try.
    fn ask_others(&mut self, ctx: &mut Ctx<'_>) {
        let Some((number, target)) =
            self.probe.as_ref().filter(|probe| !probe.answered).map(|probe| (probe.number, probe.target))
        else {
            return;
        };
        let up = |member: &u32| *member != target && self.members[*member as usize].status == Status::Alive;
        let mut helpers: Vec<u32> = self.order.iter().copied().filter(up).collect();
        let count = helpers.len().min(self.shared.settings.indirect as usize);
        for i in 0..count {
            let j = i + ctx.rng().below((helpers.len() - i) as u64) as usize;
            helpers.swap(i, j);
            self.send(Peer::node(helpers[i]), Body::Request(number, target), ctx);
        }
        if let Some(probe) = &mut self.probe {
            probe.asked = count as u32;
        }
    }

    /// The period is over: whoever has not answered is suspected.
    fn end_probe(&mut self, ctx: &mut Ctx<'_>) {
        ctx.disarm(Timer::Direct);
        let Some(probe) = self.probe.take().filter(|probe| !probe.answered) else { return };
        // Helpers who say that they heard nothing show that the fault is not here; silent ones cast doubt.
        let doubt = if probe.asked == 0 { 1 } else { i64::from(probe.asked) - i64::from(probe.nacks) };
        self.aware(doubt.max(0));
        ctx.measure("unanswered", i64::from(probe.target));
        ctx.measure("unanswered_for_ns", ctx.now().since(probe.begun).0 as i64);
        let (member, incarnation) = (probe.target, self.members[probe.target as usize].incarnation);
        let status = if self.shared.suspicion.0 == Span::ZERO { Status::Dead } else { Status::Suspect };
        self.hear(Update { member, status, incarnation, from: ctx.me().raw() }, ctx);
    }

    /// Takes an update in, and passes it on if it is news.
    fn hear(&mut self, update: Update, ctx: &mut Ctx<'_>) {
        if update.member == ctx.me().raw() {
            return self.hear_of_self(update, ctx);
        }
        let known = self.members[update.member as usize];
        let about = i64::from(update.member);
        if !update.beats(known.status, known.incarnation) {
            let same = (update.status, update.incarnation) == (known.status, known.incarnation);
            if same && update.status == Status::Suspect {
                self.confirm(update, ctx);
            }
            return;
        }
        self.members[update.member as usize] =
            Member { status: update.status, incarnation: update.incarnation };
        self.outbox.add(update);
        self.suspects.remove(&update.member);
        ctx.disarm(Timer::Suspect(update.member));
        match (known.status, update.status) {
            (Status::Alive, Status::Suspect | Status::Dead) => ctx.measure("suspected", about),
            (Status::Suspect | Status::Dead, Status::Alive) => ctx.measure("trusted", about),
            _ => {}
        }
        match update.status {
            Status::Alive => {}
            Status::Suspect => {
                let (min, max, expected) = self.shared.suspicion;
                let suspected = Suspected { since: ctx.now(), by: vec![update.from] };
                self.suspects.insert(update.member, suspected);
                ctx.arm(Timer::Suspect(update.member), formulas::suspicion_after(min, max, 0, expected));
            }
            Status::Dead => {
                ctx.mark("declared dead");
                ctx.measure("declared_dead", about);
            }
        }
    }

    /// Another member suspects the same: with Lifeguard, the suspect has less time.
    fn confirm(&mut self, update: Update, ctx: &mut Ctx<'_>) {
        let (min, max, expected) = self.shared.suspicion;
        let Some(suspected) = self.suspects.get_mut(&update.member) else { return };
        if suspected.by.len() > expected as usize || suspected.by.contains(&update.from) {
            return;
        }
        suspected.by.push(update.from);
        let whole = formulas::suspicion_after(min, max, suspected.by.len() as u32 - 1, expected);
        let left = (suspected.since + whole).since(ctx.now());
        ctx.arm(Timer::Suspect(update.member), left);
        self.outbox.add(update);
    }

    /// What others say of this node: anything but that it is alive must be answered.
    fn hear_of_self(&mut self, update: Update, ctx: &mut Ctx<'_>) {
        let harmless = update.status == Status::Alive && update.incarnation <= self.incarnation;
        if harmless || update.incarnation < self.incarnation {
            return;
        }
        self.incarnation = update.incarnation + 1;
        let me = ctx.me().raw();
        self.members[me as usize].incarnation = self.incarnation;
        self.outbox.add(Update {
            member: me,
            status: Status::Alive,
            incarnation: self.incarnation,
            from: me,
        });
        ctx.mark("refuted");
        self.aware(1);
    }

    fn gossip(&mut self, ctx: &mut Ctx<'_>) {
        let Some(gossip) = self.shared.settings.gossip else { return };
        ctx.arm(Timer::Gossip, gossip.interval);
        for _ in 0..gossip.fanout {
            let pick = ctx.rng().below(self.order.len() as u64) as usize;
            let member = self.order[pick];
            // The dead are told too, so that one who is not dead may say so.
            if !self.outbox.is_empty() {
                self.send(Peer::node(member), Body::Gossip, ctx);
            }
        }
    }

    /// All it believes, as updates.
    fn all(&self, ctx: &Ctx<'_>) -> Vec<Update> {
        let from = ctx.me().raw();
        let update = |(member, known): (usize, &Member)| Update {
            member: member as u32,
            status: known.status,
            incarnation: known.incarnation,
            from,
        };
        self.members.iter().enumerate().map(update).collect()
    }

    fn exchange_all(&mut self, ctx: &mut Ctx<'_>) {
        let pick = ctx.rng().below(self.order.len() as u64) as usize;
        let (to, updates) = (Peer::node(self.order[pick]), self.all(ctx));
        ctx.send(to, Message { body: Body::Sync, updates });
    }
}
