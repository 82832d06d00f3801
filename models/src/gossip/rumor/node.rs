//! A node that hears a rumor, tells it, and stops telling it.
//!
//! Deliberately absent: who else there is; everybody can call everybody.

use std::sync::Arc;

use sim_core::node::{Context, Node};
use sim_core::peer::Peer;
use sim_core::time::Span;

use super::config::{Exchange, Feedback, Pace, Rumor};
use crate::gossip::someone_else;

/// The size of a call or an answer that does not carry the rumor.
pub const CALL_BYTES: u32 = 16;

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
    pub(super) settings: Rumor,
    pub(super) nodes: u32,
    /// The mean time between a node's calls.
    pub(super) interval: Span,
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
