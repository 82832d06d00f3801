//! A model to measure failure detectors by: nodes in a ring send heartbeats to those after them, who watch.
//!
//! What is measured (Chen, Toueg & Aguilera 2002, §2.2): how often mistakes recur, how long they last, which share of
//! time the detector is right, and how long after a crash it suspects for good. A run of many nodes is as many
//! independent experiments.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sim_core::node::{Context, Node};
use sim_core::peer::Peer;
use sim_core::time::Span;
use sim_core::world::NodeGroup;

use crate::detector::{Detector, Watch};
use crate::model::{Cluster, Model, Words};

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detectors {
    /// The time between a node's heartbeats, which it sends at the multiples of it on its own clock.
    pub interval: Span,
    /// How the receivers judge.
    pub detector: Detector,
    /// How many nodes each is watched by: those that follow it.
    #[serde(default = "one")]
    pub watchers: u32,
}

fn one() -> u32 {
    1
}

/// A heartbeat.
#[derive(Clone, Debug, Hash)]
pub struct Heartbeat {
    /// Its number, from 1 up: at that many intervals on the sender's clock it was sent.
    pub number: u64,
}

/// What a node is reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// To send heartbeats.
    Beat,
    /// To look whether one it watches has been silent for too long; counted backwards from itself.
    Deadline(u32),
}

/// What the nodes of a run share.
#[derive(Debug)]
pub struct Shared {
    settings: Detectors,
    nodes: u32,
}

/// A node: it sends heartbeats, and watches.
pub struct DetectorNode {
    shared: Arc<Shared>,
    /// Of the nodes before it, nearest first: what is known, and whether they are suspected.
    watches: Vec<(Watch, bool)>,
}

type Ctx<'a> = Context<'a, Heartbeat, Timer>;

impl Node for DetectorNode {
    type Config = Arc<Shared>;
    type Message = Heartbeat;
    type Timer = Timer;
    const MESSAGE_KINDS: &'static [&'static str] = &["heartbeat"];

    fn boot(shared: &Arc<Shared>, ctx: &mut Ctx<'_>) -> DetectorNode {
        let now = ctx.now();
        let watch = || (Watch::new(&shared.settings.detector, now), false);
        let watches = std::iter::repeat_with(watch).take(shared.settings.watchers as usize).collect();
        let node = DetectorNode { shared: Arc::clone(shared), watches };
        let (me, nodes) = (ctx.me().raw(), shared.nodes);
        for back in 0..node.watches.len() {
            ctx.measure("watches", i64::from((me + nodes - 1 - back as u32) % nodes));
            node.arm(back, ctx);
        }
        node.arm_beat(ctx);
        node
    }

    fn on_message(&mut self, from: Peer, heartbeat: Heartbeat, ctx: &mut Ctx<'_>) {
        let nodes = self.shared.nodes;
        let back = ((ctx.me().raw() + nodes - from.raw()) % nodes - 1) as usize;
        let now = ctx.now();
        let (watch, suspected) = &mut self.watches[back];
        watch.heartbeat(heartbeat.number, now);
        if !watch.suspects(now) {
            if *suspected {
                *suspected = false;
                ctx.mark("trusted again");
                ctx.measure("trusted", i64::from(from.raw()));
            }
            self.arm(back, ctx);
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        let nodes = self.shared.nodes;
        match timer {
            Timer::Beat => {
                let interval = self.shared.settings.interval.0;
                let number = (ctx.now().0 + interval / 2) / interval;
                for ahead in 1..=self.shared.settings.watchers {
                    ctx.send(Peer::node((ctx.me().raw() + ahead) % nodes), Heartbeat { number });
                }
                self.arm_beat(ctx);
            }
            Timer::Deadline(back) => {
                let (watch, suspected) = &mut self.watches[back as usize];
                if watch.suspects(ctx.now()) && !*suspected {
                    *suspected = true;
                    let whom = (ctx.me().raw() + nodes - 1 - back) % nodes;
                    ctx.mark("suspected");
                    ctx.measure("suspected", i64::from(whom));
                }
            }
        }
    }

    fn message_bytes(_: &Heartbeat) -> u32 {
        32
    }

    fn message_kind(_: &Heartbeat) -> &'static str {
        "heartbeat"
    }
}

impl DetectorNode {
    fn arm(&self, back: usize, ctx: &mut Ctx<'_>) {
        let after = self.watches[back].0.deadline().since(ctx.now());
        ctx.arm(Timer::Deadline(back as u32), after);
    }

    /// Until the next multiple of the interval; half an interval of slack, for a clock may be a hair early.
    fn arm_beat(&self, ctx: &mut Ctx<'_>) {
        let interval = self.shared.settings.interval.0;
        let next = ((ctx.now().0 + interval / 2) / interval + 1) * interval;
        ctx.arm(Timer::Beat, Span(next - ctx.now().0));
    }
}

impl Model for Detectors {
    type Node = DetectorNode;
    type Invariants = ();

    const NAME: &'static str = "detectors";
    const SUMMARY: &'static str =
        "a ring of heartbeats to measure failure detectors by: timeout, phi accrual, NFD-S, NFD-E";

    const WORDS: Option<Words> =
        Some(Words { roles: &[], marks: &["suspected", "trusted again"], messages: &["heartbeat"] });

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        if self.interval == Span::ZERO {
            return Err(("interval".into(), "more than 0".into()));
        }
        let under = |(path, why): (String, String)| (format!("detector.{path}"), why);
        self.detector.validate(self.interval).map_err(under)?;
        if self.watchers == 0 || self.watchers >= cluster.nodes {
            let message = format!("from 1 to the {} others there are", cluster.nodes.saturating_sub(1));
            return Err(("watchers".into(), message));
        }
        Ok(())
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<Arc<Shared>>> {
        cluster.alike(Arc::new(Shared { settings: self.clone(), nodes: cluster.nodes }))
    }

    fn invariants(&self, _: &Cluster) {}
}
