//! Push-sum: the average of all nodes' values by gossip (Kempe, Dobra & Gehrke, FOCS'03, §2.1).
//!
//! Each node has a sum and a weight, sends half of both to a random other every round, and adds what it gets. Sum over
//! weight tends to the average at every node, because neither is ever lost. A lost message breaks that: what it
//! carried is gone, and the error stays. Deliberately absent: the repairs for that (flow updating).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sim_core::node::{Context, Node};
use sim_core::peer::Peer;
use sim_core::time::Span;
use sim_core::world::NodeGroup;

use crate::gossip::someone_else;
use crate::model::{Cluster, Model, Words};

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushSum {
    /// The length of a round.
    pub round: Span,
    /// The values to be averaged.
    pub values: Values,
    /// A node counts as settled once its estimate is this close to the true average, as a share of it.
    pub tolerance: f64,
    /// Every so many rounds a node tells its error, a number to keep each time; never if 0.
    #[serde(default = "every_round")]
    pub told: u32,
}

fn every_round() -> u32 {
    1
}

/// The values to be averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Values {
    /// Each node's index plus one.
    Index,
    /// One at the first node and none elsewhere: the average is 1/n, so this counts the nodes.
    OneHot,
}

/// Half of what the sender had.
#[derive(Clone, Debug)]
pub struct Half {
    sum: f64,
    weight: f64,
}

impl std::hash::Hash for Half {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.sum.to_bits(), self.weight.to_bits()).hash(state);
    }
}

/// What the nodes of a run share.
#[derive(Debug)]
pub struct Shared {
    settings: PushSum,
    nodes: u32,
    average: f64,
}

/// A node.
pub struct PushSumNode {
    shared: Arc<Shared>,
    sum: f64,
    weight: f64,
    rounds: u32,
    settled: bool,
}

type Ctx<'a> = Context<'a, Half, ()>;

impl Node for PushSumNode {
    type Config = Arc<Shared>;
    type Message = Half;
    type Timer = ();
    const MESSAGE_KINDS: &'static [&'static str] = &["half"];

    fn boot(shared: &Arc<Shared>, ctx: &mut Ctx<'_>) -> PushSumNode {
        let sum = match shared.settings.values {
            Values::Index => f64::from(ctx.me().raw()) + 1.0,
            Values::OneHot => f64::from(u8::from(ctx.me().raw() == 0)),
        };
        ctx.arm((), shared.settings.round);
        PushSumNode { shared: Arc::clone(shared), sum, weight: 1.0, rounds: 0, settled: false }
    }

    fn on_message(&mut self, _: Peer, half: Half, _: &mut Ctx<'_>) {
        self.sum += half.sum;
        self.weight += half.weight;
    }

    fn on_timer(&mut self, (): (), ctx: &mut Ctx<'_>) {
        let error = (self.estimate() / self.shared.average - 1.0).abs();
        let settled = error <= self.shared.settings.tolerance;
        if settled != self.settled {
            self.settled = settled;
            ctx.mark(if settled { "settled" } else { "unsettled" });
            ctx.measure("settled", i64::from(settled));
        }
        self.rounds += 1;
        let told = self.shared.settings.told;
        if told > 0 && self.rounds.is_multiple_of(told) {
            // Beyond nine times the average an error is only "large".
            ctx.measure("error_ppb", (error * 1e9).min(9e9) as i64);
        }
        (self.sum, self.weight) = (self.sum / 2.0, self.weight / 2.0);
        let to = someone_else(self.shared.nodes, ctx);
        ctx.send(to, Half { sum: self.sum, weight: self.weight });
        ctx.arm((), self.shared.settings.round);
    }

    fn message_kind(_: &Half) -> &'static str {
        "half"
    }
}

impl PushSumNode {
    /// What it takes the average to be.
    #[must_use]
    pub fn estimate(&self) -> f64 {
        self.sum / self.weight
    }
}

impl Model for PushSum {
    type Node = PushSumNode;
    type Invariants = ();

    const NAME: &'static str = "push-sum";
    const SUMMARY: &'static str = "the average of all nodes' values by gossip (Kempe et al., FOCS'03)";

    const WORDS: Option<Words> =
        Some(Words { roles: &[], marks: &["settled", "unsettled"], messages: &["half"] });

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        if cluster.nodes < 2 {
            return Err((String::new(), "an average needs at least 2 nodes".into()));
        }
        if self.round == Span::ZERO {
            return Err(("round".into(), "more than 0".into()));
        }
        if !(self.tolerance.is_finite() && self.tolerance > 0.0) {
            return Err(("tolerance".into(), "a finite number above 0".into()));
        }
        Ok(())
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<Arc<Shared>>> {
        let n = f64::from(cluster.nodes);
        let average = match self.values {
            Values::Index => (n + 1.0) / 2.0,
            Values::OneHot => 1.0 / n,
        };
        cluster.alike(Arc::new(Shared { settings: self.clone(), nodes: cluster.nodes, average }))
    }

    fn invariants(&self, _: &Cluster) {}
}
