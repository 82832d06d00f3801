//! The settings of SWIM and Lifeguard, and what they may be. Defaults of memberlist are in the scenarios, not here.

use serde::{Deserialize, Serialize};
use sim_core::time::Span;

use crate::model::Cluster;
use crate::swim::formulas;

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Swim {
    /// The protocol period: each node probes one member in each.
    pub period: Span,
    /// How long a direct answer is waited for before others are asked to try; less than the period.
    pub timeout: Span,
    /// How many others are asked to try; as many as there are, if these are fewer.
    pub indirect: u32,
    /// Whether all nodes' periods begin together, or each at an instant of its own.
    pub phases: Phases,
    /// Whom a node probes next.
    pub choice: Choice,
    /// How long a suspect may defend itself.
    pub suspicion: Suspicion,
    /// How often an update is sent on: this many times ⌈log10(n+1)⌉.
    pub transmissions: u32,
    /// How many updates fit on one message.
    pub piggyback: u32,
    /// Messages that carry nothing but updates; only probes and their answers carry them if absent.
    #[serde(default)]
    pub gossip: Option<Gossip>,
    /// Every so often a node exchanges all it knows with a random member, up or down; never if absent.
    #[serde(default)]
    pub sync: Option<Span>,
    /// How many random members a node asks for all they know when it boots: what a restarted node needs.
    #[serde(default)]
    pub join: u32,
    /// Lifeguard's three parts; none of them if absent.
    #[serde(default)]
    pub lifeguard: Option<Lifeguard>,
}

/// When periods begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Phases {
    /// All at the multiples of the period.
    Together,
    /// Each node's first at a random instant of the first period.
    Random,
}

/// Whom a node probes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Choice {
    /// Anyone, each equally likely (SWIM §3.1).
    Random,
    /// Each in turn, in an order shuffled anew for every round (SWIM §4.3).
    RoundRobin,
}

/// How long a suspect may defend itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Suspicion {
    /// Not at all: who does not answer is declared dead (SWIM §3).
    None,
    /// This long (SWIM §4.2).
    Fixed(Span),
    /// `multiplier` · max(1, log10 n) periods; with Lifeguard's suspicion, from `max` times that down to it.
    Scaled {
        /// Periods for each power of ten of members; less two, the confirmations that Lifeguard expects.
        multiplier: u32,
        /// The longest time, as a multiple of the least.
        max: f64,
    },
}

/// Messages that carry nothing but updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gossip {
    /// How often they are sent, as long as there are updates to send.
    pub interval: Span,
    /// To how many.
    pub fanout: u32,
}

/// Lifeguard's parts (Dadgar et al., DSN'18, §IV).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifeguard {
    /// Self-awareness: a node that sees signs of being slow itself probes less often and waits longer.
    pub probe: bool,
    /// The greatest such slow-down, as a factor; memberlist has 8.
    pub awareness_max: u32,
    /// Suspicion starts long, and shortens with independent confirmations.
    pub suspicion: bool,
    /// Buddy system: a suspect is told of the suspicion by the very next probe.
    pub buddy: bool,
}

impl Swim {
    /// The least and the longest suspicion time among `n`, and the confirmations expected.
    #[must_use]
    pub fn suspicion(&self, n: u32) -> (Span, Span, u32) {
        match self.suspicion {
            Suspicion::None => (Span::ZERO, Span::ZERO, 0),
            Suspicion::Fixed(span) => (span, span, 0),
            Suspicion::Scaled { multiplier, max } => {
                let min = formulas::suspicion_min(f64::from(multiplier), n, self.period);
                if !self.lifeguard.is_some_and(|lifeguard| lifeguard.suspicion) {
                    return (min, min, 0);
                }
                let expected = multiplier.saturating_sub(2);
                // Too few members to confirm: as memberlist has it, the least time at once.
                let expected = if n < expected + 2 { 0 } else { expected };
                (min, min.times(max), expected)
            }
        }
    }

    /// Whether the settings make sense for this cluster: the field and what is wrong with it.
    pub(super) fn check(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        let fail = |path: &str, why: &str| Err((path.to_string(), why.to_string()));
        if cluster.nodes < 2 {
            return fail("", "membership needs at least 2 nodes");
        }
        if self.period == Span::ZERO {
            return fail("period", "more than 0");
        }
        if self.timeout == Span::ZERO || self.timeout >= self.period {
            return fail("timeout", "more than 0 and less than the period");
        }
        if self.piggyback == 0 {
            return fail("piggyback", "room for at least 1");
        }
        if self.transmissions == 0 {
            return fail("transmissions", "at least 1, for else nobody hears of anything");
        }
        if self.gossip.is_some_and(|gossip| gossip.interval == Span::ZERO) {
            return fail("gossip.interval", "more than 0");
        }
        if self.gossip.is_some_and(|gossip| gossip.fanout == 0 || gossip.fanout >= cluster.nodes) {
            return fail("gossip.fanout", "at least 1, and fewer than there are nodes");
        }
        if self.join >= cluster.nodes {
            return fail("join", "fewer than there are nodes");
        }
        if self.sync == Some(Span::ZERO) {
            return fail("sync", "more than 0; leave it out for never");
        }
        if self.lifeguard.is_some_and(|lifeguard| lifeguard.awareness_max == 0) {
            return fail("lifeguard.awareness_max", "at least 1, which is no slow-down");
        }
        match self.suspicion {
            Suspicion::Scaled { max, .. } if !(max.is_finite() && max >= 1.0) => {
                fail("suspicion.Scaled.max", "a finite number, 1 or more")
            }
            Suspicion::Scaled { multiplier: 0, .. } => {
                fail("suspicion.Scaled.multiplier", "at least 1; without suspicion it is None")
            }
            _ => Ok(()),
        }
    }
}
