//! The settings of rumor mongering as scenario files write them: the variants of Demers et al., §1.4.
//!
//! Deliberately absent: what a node does with them.

use serde::{Deserialize, Serialize};
use sim_core::network::NetworkConfig;
use sim_core::random::Rng;
use sim_core::random::distribution::Distribution;
use sim_core::time::Span;
use sim_core::units::Bytes;

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
    /// The size of the rumor; calls without it have [`super::node::CALL_BYTES`].
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

fn one() -> u32 {
    1
}

fn payload() -> Bytes {
    Bytes(1024)
}

impl Rumor {
    /// Whether the settings make sense for so many nodes.
    pub(super) fn check(&self, nodes: u32) -> Result<(), (String, String)> {
        let fail = |path: &str, why: String| Err((path.to_string(), why));
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

    /// Whether a contact fits into a cycle.
    pub(super) fn check_network(&self, network: &NetworkConfig) -> Result<(), (String, String)> {
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
}
