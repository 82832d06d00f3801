//! Rumor mongering: one piece of news spreads by random calls (Demers et al., PODC'87, §1.4).
//!
//! All variants of the paper are settings: who tells whom ([`Exchange`]), what a contact tells the teller
//! ([`Feedback`]), when a node stops telling ([`Interest`]), how many calls a node takes in a cycle and how often a
//! caller hunts on. Time goes in cycles, which all nodes begin together, or runs freely ([`Pace`]).
//!
//! In cycles, everything is judged as of the cycle's start: what a node hears in a cycle it passes on from the next,
//! and to a second caller of the same cycle it still counts as new. Each node keeps the number of the cycle it heard
//! in and compares, so this holds in any order of events, as long as a contact (a call, with its answer and the feedback on
//! it where there are such) fits into a cycle.
//!
//! Deliberately absent: a second rumor ([`crate::gossip::anti_entropy`] has a whole database), and membership: every
//! node can call every other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sim_core::network::NetworkConfig;
use sim_core::node::{Context, Node};
use sim_core::peer::Peer;
use sim_core::random::Rng;
use sim_core::random::distribution::Distribution;
use sim_core::time::Span;
use sim_core::units::Bytes;
use sim_core::world::NodeGroup;

use crate::gossip::someone_else;
use crate::model::{Cluster, Model, Words};

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rumor {
    /// Who tells whom.
    pub exchange: Exchange,
    /// When nodes call.
    pub pace: Pace,
    /// What counts against telling on.
    pub feedback: Feedback,
    /// When a node stops telling.
    pub interest: Interest,
    /// How many know it at the start: the first so many nodes.
    #[serde(default = "one")]
    pub origins: u32,
    /// How many others a node calls each time.
    #[serde(default = "one")]
    pub fanout: u32,
    /// How many calls a node takes in one cycle; any number if absent. Needs cycles.
    #[serde(default)]
    pub connections: Option<u32>,
    /// How many others a caller tries in one cycle when it is turned away.
    #[serde(default)]
    pub hunts: u8,
    /// The size of the rumor; calls without it have [`CALL_BYTES`].
    #[serde(default = "payload")]
    pub payload: Bytes,
}

/// Who tells whom in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Exchange {
    /// The caller tells. Only nodes that are spreading the rumor call.
    Push,
    /// The called tells. Every node calls, for it cannot know what it has not heard.
    Pull,
    /// Both.
    PushPull,
}

/// When nodes call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Pace {
    /// All at once, at every multiple of this length on their own clocks.
    Cycles(Span),
    /// Each by itself, with gaps drawn anew every time.
    Freely(Distribution),
}

/// What counts against telling on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Feedback {
    /// Every cycle (every gap, if time runs freely) spent spreading, whatever the others knew.
    Blind,
    /// Every contact with one who knew already.
    Contact,
    /// Every cycle that had contacts, all with such as knew already: the rule of the paper's pull (table 3).
    Cycle,
}

/// When a node stops telling.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Interest {
    /// Never.
    Kept,
    /// With probability 1/k each time something counts against it.
    Coin {
        /// The inverse of the probability; 1 or more.
        k: f64,
    },
    /// When something has counted against it k times.
    Counter {
        /// How often; 1 or more.
        k: u16,
        /// Whether a useful contact sets the count back to 0.
        resets: bool,
    },
}

impl Interest {
    /// Something counts against telling on; whether that ends it. `count` is how often that has happened.
    pub fn ends(self, count: &mut u16, rng: &mut Rng) -> bool {
        match self {
            Interest::Kept => false,
            Interest::Coin { k } => rng.chance(1.0 / k),
            Interest::Counter { k, .. } => {
                *count += 1;
                *count >= k
            }
        }
    }

    /// A contact was useful.
    pub fn renews(self, count: &mut u16) {
        if let Interest::Counter { resets: true, .. } = self {
            *count = 0;
        }
    }
}

/// The size of a call or an answer that does not carry the rumor.
pub const CALL_BYTES: u32 = 16;

fn one() -> u32 {
    1
}

fn payload() -> Bytes {
    Bytes(1024)
}

/// What nodes say.
#[derive(Clone, Debug, Hash)]
pub enum Message {
    /// The start of a contact.
    Call {
        /// The rumor's size, 0 where it is not told.
        rumor: u32,
        /// Whether the other is to tell what it has.
        asks: bool,
    },
    /// The other half of a contact; an answer with nothing in it is not sent.
    Answer {
        /// The rumor's size, 0 where it is not told.
        rumor: u32,
        /// Where the call told the rumor, and the caller wants to know: whether it was known.
        knew: Option<bool>,
    },
    /// The feedback on an answer: whether it was known.
    Told {
        /// Whether it was.
        knew: bool,
    },
    /// All connections of this cycle are taken.
    Busy,
}

/// What the nodes of a run share.
#[derive(Debug)]
pub struct Shared {
    settings: Rumor,
    nodes: u32,
    /// The mean time between a node's calls.
    interval: Span,
}

/// A node. Twenty-four bytes, for there may be ten million.
pub struct RumorNode {
    shared: Arc<Shared>,
    /// The cycle in which it heard the rumor; [`NEVER`] if it has not.
    heard: u32,
    /// The cycle that the fields below speak of.
    cycle: u32,
    /// How often something counted against telling on.
    count: u16,
    /// Calls taken in this cycle.
    taken: u16,
    /// Calls that may still be made in this cycle in the place of refused ones.
    hunts: u8,
    flags: u8,
}

const NEVER: u32 = u32::MAX;
/// It spreads the rumor.
const HOT: u8 = 1;
/// It had a contact in this cycle.
const MET: u8 = 2;
/// One of this cycle's contacts was useful.
const USEFUL: u8 = 4;

type Ctx<'a> = Context<'a, Message, ()>;

impl Node for RumorNode {
    type Config = Arc<Shared>;
    type Message = Message;
    type Timer = ();
    const MESSAGE_KINDS: &'static [&'static str] = &["call", "answer", "told", "busy"];

    fn boot(shared: &Arc<Shared>, ctx: &mut Ctx<'_>) -> RumorNode {
        let mut node = RumorNode {
            shared: Arc::clone(shared),
            heard: NEVER,
            cycle: 0,
            count: 0,
            taken: 0,
            hunts: 0,
            flags: 0,
        };
        node.cycle = node.cycle_at(ctx);
        if node.shared.settings.exchange != Exchange::Push {
            node.arm(ctx);
        }
        if ctx.me().raw() < node.shared.settings.origins {
            node.learn(node.cycle, ctx);
        }
        node
    }

    fn on_message(&mut self, from: Peer, message: Message, ctx: &mut Ctx<'_>) {
        let cycle = self.cycle_at(ctx);
        self.roll(cycle, ctx);
        match message {
            Message::Call { rumor, asks } => self.called(from, rumor, asks, cycle, ctx),
            Message::Answer { rumor, knew } => {
                if let Some(knew) = knew {
                    self.judge(knew, ctx);
                }
                if rumor > 0 {
                    let knew = self.knew(cycle);
                    self.hear(cycle, ctx);
                    if self.shared.settings.feedback != Feedback::Blind {
                        ctx.send(from, Message::Told { knew });
                    }
                }
            }
            Message::Told { knew } => self.judge(knew, ctx),
            Message::Busy => {
                if self.hunts > 0 {
                    self.hunts -= 1;
                    self.call(cycle, ctx);
                }
            }
        }
    }

    fn on_timer(&mut self, (): (), ctx: &mut Ctx<'_>) {
        let cycle = match self.shared.settings.pace {
            Pace::Cycles(_) => self.cycle_at(ctx),
            // Where time runs freely, a node's cycle is what lies between two of its calls.
            Pace::Freely(_) => self.cycle.wrapping_add(1),
        };
        self.roll(cycle, ctx);
        let settings = &self.shared.settings;
        let calls = settings.exchange != Exchange::Push || self.spreads(cycle);
        if calls {
            self.hunts = settings.hunts;
            for _ in 0..settings.fanout {
                self.call(cycle, ctx);
            }
            self.arm(ctx);
        }
    }

    fn message_bytes(message: &Message) -> u32 {
        match message {
            Message::Call { rumor, .. } | Message::Answer { rumor, .. } => CALL_BYTES + rumor,
            Message::Told { .. } | Message::Busy => CALL_BYTES,
        }
    }

    fn message_kind(message: &Message) -> &'static str {
        match message {
            Message::Call { .. } => "call",
            Message::Answer { .. } => "answer",
            Message::Told { .. } => "told",
            Message::Busy => "busy",
        }
    }
}

impl RumorNode {
    /// Whether it has heard the rumor.
    #[must_use]
    pub fn has_heard(&self) -> bool {
        self.heard != NEVER
    }

    /// Whether it is telling the rumor.
    #[must_use]
    pub fn is_spreading(&self) -> bool {
        self.flags & HOT != 0
    }

    /// The present cycle. A clock that drifts may fire a timer a hair before its instant; that is still the cycle
    /// that begins there.
    fn cycle_at(&self, ctx: &Ctx<'_>) -> u32 {
        match self.shared.settings.pace {
            Pace::Cycles(length) => ((ctx.now().0 + length.0 / 1000) / length.0) as u32,
            Pace::Freely(_) => self.cycle,
        }
    }

    /// Whether it counts as one who knew: in cycles, since before this one.
    fn knew(&self, cycle: u32) -> bool {
        self.has_heard() && (self.heard != cycle || matches!(self.shared.settings.pace, Pace::Freely(_)))
    }

    fn spreads(&self, cycle: u32) -> bool {
        self.is_spreading() && self.knew(cycle)
    }

    /// If a cycle has ended since, draws its conclusions.
    fn roll(&mut self, cycle: u32, ctx: &mut Ctx<'_>) {
        if cycle == self.cycle {
            return;
        }
        let flags = self.flags;
        let counts = match self.shared.settings.feedback {
            // Not the cycle it heard in: it has not spread anything in that.
            Feedback::Blind => self.is_spreading() && self.heard != self.cycle,
            Feedback::Contact => false,
            Feedback::Cycle => flags & (MET | USEFUL) == MET,
        };
        if counts {
            self.strike(ctx);
        } else if flags & USEFUL != 0 {
            self.useful();
        }
        self.flags &= HOT;
        self.taken = 0;
        self.cycle = cycle;
    }

    /// Something counts against telling on.
    fn strike(&mut self, ctx: &mut Ctx<'_>) {
        if !self.is_spreading() {
            return;
        }
        if self.shared.settings.interest.ends(&mut self.count, ctx.rng()) {
            self.flags &= !HOT;
            ctx.mark("lost interest");
        }
    }

    fn useful(&mut self) {
        self.shared.settings.interest.renews(&mut self.count);
    }

    /// A contact's outcome: whether the other knew the rumor that it was told.
    fn judge(&mut self, knew: bool, ctx: &mut Ctx<'_>) {
        match self.shared.settings.feedback {
            Feedback::Blind => {}
            Feedback::Contact if knew => self.strike(ctx),
            Feedback::Contact => self.useful(),
            Feedback::Cycle => self.flags |= if knew { MET } else { MET | USEFUL },
        }
    }

    fn called(&mut self, from: Peer, rumor: u32, asks: bool, cycle: u32, ctx: &mut Ctx<'_>) {
        if let Some(limit) = self.shared.settings.connections {
            if u32::from(self.taken) >= limit {
                ctx.mark("turned away");
                return ctx.send(from, Message::Busy);
            }
            self.taken += 1;
        }
        let (knew, spread) = (self.knew(cycle), self.spreads(cycle));
        let gives = asks && spread && rumor == 0;
        if rumor > 0 {
            self.hear(cycle, ctx);
            if asks && spread {
                // Both sides told each other what both knew: to no use for either.
                self.judge(true, ctx);
            }
        }
        let feedback = self.shared.settings.feedback != Feedback::Blind;
        let knew = (rumor > 0 && feedback).then_some(knew);
        if gives || knew.is_some() {
            let rumor = if gives { self.tell(ctx) } else { 0 };
            ctx.send(from, Message::Answer { rumor, knew });
        }
    }

    /// Counts the rumor as sent; its size.
    fn tell(&self, ctx: &mut Ctx<'_>) -> u32 {
        ctx.mark("rumor sent");
        self.shared.settings.payload.0 as u32
    }

    /// Calls another node.
    fn call(&mut self, cycle: u32, ctx: &mut Ctx<'_>) {
        let to = someone_else(self.shared.nodes, ctx);
        let exchange = self.shared.settings.exchange;
        let gives = exchange != Exchange::Pull && self.spreads(cycle);
        let rumor = if gives { self.tell(ctx) } else { 0 };
        ctx.send(to, Message::Call { rumor, asks: exchange != Exchange::Push });
    }

    fn hear(&mut self, cycle: u32, ctx: &mut Ctx<'_>) {
        if !self.has_heard() {
            self.learn(cycle, ctx);
        }
    }

    fn learn(&mut self, cycle: u32, ctx: &mut Ctx<'_>) {
        self.heard = cycle;
        self.flags |= HOT;
        ctx.mark("heard");
        let round = match self.shared.settings.pace {
            Pace::Cycles(_) => u64::from(cycle),
            Pace::Freely(_) => ctx.now().0 / self.shared.interval.0,
        };
        ctx.measure("heard_round", round as i64);
        if self.shared.settings.exchange == Exchange::Push {
            self.arm(ctx);
        }
    }

    fn arm(&self, ctx: &mut Ctx<'_>) {
        let after = match &self.shared.settings.pace {
            Pace::Cycles(length) => {
                let next = (u64::from(self.cycle_at(ctx)) + 1) * length.0;
                Span(next - ctx.now().0)
            }
            Pace::Freely(gap) => gap.sample(ctx.rng()),
        };
        ctx.arm((), after);
    }
}

impl Model for Rumor {
    type Node = RumorNode;
    type Invariants = ();

    const NAME: &'static str = "rumor";
    const SUMMARY: &'static str =
        "rumor mongering in all variants of Demers et al. (PODC'87): one rumor, random calls";

    const WORDS: Option<Words> = Some(Words {
        roles: &[],
        marks: &["heard", "lost interest", "rumor sent", "turned away"],
        messages: &["call", "answer", "told", "busy"],
    });

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        let fail = |path: &str, why: String| Err((path.to_string(), why));
        let nodes = cluster.nodes;
        if nodes < 2 {
            return fail("", format!("a rumor needs at least 2 nodes, the cluster has {nodes}"));
        }
        if self.origins == 0 || self.origins > nodes {
            return fail("origins", format!("from 1 to the {nodes} nodes there are, found {}", self.origins));
        }
        if self.fanout == 0 || self.fanout >= nodes {
            let others = nodes - 1;
            return fail("fanout", format!("from 1 to the {others} others there are, found {}", self.fanout));
        }
        if self.hunts > 0 && self.connections.is_none() {
            return fail("hunts", "nobody is turned away without a limit of connections".into());
        }
        if self.connections.is_some() && matches!(self.pace, Pace::Freely(_)) {
            return fail("connections", "a limit for each cycle needs pace: Cycles(…)".into());
        }
        if self.connections == Some(0) || self.connections.is_some_and(|limit| limit > 60_000) {
            return fail("connections", "from 1 to 60000; leave it out for any number".into());
        }
        if self.payload.0 == 0 || self.payload.0 > 1 << 30 {
            return fail("payload", "from 1B to 1GiB".into());
        }
        match self.interest {
            Interest::Coin { k } if !(k.is_finite() && k >= 1.0) => {
                return fail("interest.Coin.k", format!("a finite number, 1 or more, found {k}"));
            }
            Interest::Counter { k: 0, .. } => return fail("interest.Counter.k", "1 or more".into()),
            Interest::Counter { resets: true, .. } if self.feedback == Feedback::Blind => {
                let why = "without feedback no contact is known to be useful, so nothing resets the count";
                return fail("interest.Counter.resets", why.into());
            }
            _ => {}
        }
        match &self.pace {
            Pace::Cycles(length) if length.0 < 1000 => fail("pace", "a cycle lasts at least 1us".into()),
            Pace::Freely(gap) => match gap.validate() {
                Err(why) => fail("pace", why),
                Ok(()) if gap.mean().is_none_or(|mean| mean == Span::ZERO) => {
                    fail("pace", "the gaps have a mean above 0".into())
                }
                Ok(()) => Ok(()),
            },
            Pace::Cycles(_) => Ok(()),
        }
    }

    fn validate_network(&self, network: &NetworkConfig) -> Result<(), (String, String)> {
        let Pace::Cycles(length) = self.pace else { return Ok(()) };
        // A contact of more than a call has an answer, and feedback on the answer.
        let legs = match (self.exchange, self.feedback) {
            (Exchange::Push, Feedback::Blind) => 1,
            (Exchange::Push, _) | (_, Feedback::Blind) => 2,
            _ => 3,
        };
        let usual = network.link.latency.mean().unwrap_or(network.link.latency.least());
        if usual.0.saturating_mul(legs) < length.0 {
            return Ok(());
        }
        let why = format!(
            "a contact of these takes {legs} messages of {usual} on average (network.link.latency), which is no less \
             than a cycle of {length}, so what is told in a cycle would not be heard in it"
        );
        Err(("pace".into(), why))
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<Arc<Shared>>> {
        let interval = match &self.pace {
            Pace::Cycles(length) => *length,
            Pace::Freely(gap) => gap.mean().unwrap_or(Span(1)),
        };
        cluster.alike(Arc::new(Shared { settings: self.clone(), nodes: cluster.nodes, interval }))
    }

    fn invariants(&self, _: &Cluster) {}
}
