//! Clients belong to the engine: they invoke operations, retry by their policy, and write the history. A model only
//! answers, so every model is asked by the very same clients.
//!
//! An operation of which any attempt may have landed ends unknown, stays concurrent to the end, and its process
//! issues nothing more: a new process takes over. A late reply to an earlier attempt still answers the operation.
//!
//! [`workload`] says what is asked and when, [`retry`] what is done when no answer comes, `session` is one
//! operation's life.

mod curve;
pub mod level;
pub mod policy;
pub mod retry;
pub(crate) mod session;
pub mod workload;

use serde::{Deserialize, Serialize};

use crate::client::level::Levels;
use crate::client::retry::RetryConfig;
use crate::client::workload::{Load, Mix};
use crate::time::Span;

/// A group of equal clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// How many.
    pub count: u32,
    /// When they ask.
    pub load: Load,
    /// What they ask.
    pub mix: Mix,
    /// Whom they ask.
    #[serde(default)]
    pub routing: Routing,
    /// How many replicas are to answer them, where the model has replicas; as the model's settings say if absent.
    #[serde(default, skip_serializing_if = "Levels::is_empty")]
    pub levels: Levels,
    /// What they do when no answer comes.
    pub retry: RetryConfig,
    /// The zone they are in, where there is a topology; spread over all zones in turn if absent.
    #[serde(default)]
    pub place: Option<String>,
    /// After how long the first may ask.
    #[serde(default)]
    pub start: Span,
    /// From when on none asks any more; the end of the run if absent.
    #[serde(default)]
    pub stop: Option<Span>,
}

/// Whom a client asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Routing {
    /// The node that last answered or was pointed to; after a failed attempt, another at random.
    #[default]
    Sticky,
    /// A random node each time.
    Random,
    /// The nodes in turn.
    RoundRobin,
    /// Always this node, by index.
    Node(u32),
    /// Client i always asks node i modulo the number of nodes: its local replica.
    Own,
    /// The same, of the nodes from this one on: nodes that stand for a library in the client, which coordinates on its
    /// own machine.
    OwnFrom(u32),
}
