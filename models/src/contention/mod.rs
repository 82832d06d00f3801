//! Contention for one row under optimistic concurrency: the experiment behind "Exponential Backoff And Jitter"
//! (Brooker, AWS Architecture Blog, 2015; its simulator is public).
//!
//! Node 0 holds a row with a version. Every other node reads it, writes it back with the version it read, and repeats
//! after a wait by its backoff until its write is accepted; then it stops. Marks count the writes that were tried
//! (`write`) and accepted (`accepted`); the measure `done us` is when each was. Deliberately absent: clients; the nodes are.

use serde::{Deserialize, Serialize};
use sim_core::node::{Context, Node};
use sim_core::peer::Peer;
use sim_core::time::Span;
use sim_core::world::NodeGroup;

use crate::model::{Cluster, Model};
use crate::policy::Backoff;

/// The settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contention {
    /// The wait after a write that was not accepted.
    pub backoff: Backoff,
}

/// What goes between a contender and the row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// What is the version?
    Read,
    /// This is.
    Version(u64),
    /// Write, if the version is still this.
    Write(u64),
    /// It was, or was not.
    Written(bool),
}

/// The row, or one who wants to write it.
pub struct ContentionNode {
    backoff: Backoff,
    version: u64,
    attempt: u32,
    wait: Span,
}

type Ctx<'a> = Context<'a, Message, ()>;

const ROW: Peer = Peer::node(0);

impl Node for ContentionNode {
    type Config = Contention;
    type Message = Message;
    type Timer = ();

    fn boot(config: &Contention, ctx: &mut Ctx<'_>) -> ContentionNode {
        if ctx.me() != ROW {
            ctx.send(ROW, Message::Read);
        }
        ContentionNode { backoff: config.backoff, version: 0, attempt: 0, wait: Span::ZERO }
    }

    fn on_message(&mut self, from: Peer, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Read => ctx.send(from, Message::Version(self.version)),
            Message::Version(version) => ctx.send(from, Message::Write(version)),
            Message::Write(version) => {
                ctx.mark("write");
                let accepted = version == self.version;
                self.version += u64::from(accepted);
                ctx.send(from, Message::Written(accepted));
            }
            Message::Written(true) => {
                ctx.mark("accepted");
                // The experiment ends with the last write, not when its writer hears of it.
                ctx.measure("done us", (ctx.now().0 / 1_000) as i64);
            }
            Message::Written(false) => {
                self.attempt += 1;
                self.wait = self.backoff.wait(self.attempt, self.wait, ctx.rng());
                ctx.arm((), self.wait);
            }
        }
    }

    fn on_timer(&mut self, (): (), ctx: &mut Ctx<'_>) {
        ctx.send(ROW, Message::Read);
    }
}

impl Model for Contention {
    type Node = ContentionNode;
    type Invariants = ();

    const NAME: &'static str = "contention";
    const SUMMARY: &'static str = "many writers of one row under optimistic concurrency, with a backoff";

    fn validate(&self, cluster: &Cluster) -> Result<(), (String, String)> {
        if cluster.nodes < 2 {
            return Err(("nodes".into(), "a row and at least one who writes it".into()));
        }
        crate::policy::retry::RetryConfig { attempts: 1, backoff: self.backoff, budget: None }
            .validate()
            .map_err(|why| ("backoff".into(), why))
    }

    fn groups(&self, cluster: &Cluster) -> Vec<NodeGroup<Contention>> {
        cluster.alike(*self)
    }

    fn invariants(&self, _: &Cluster) {}
}
