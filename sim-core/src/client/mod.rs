//! Clients belong to the engine: they invoke operations, retry by their policy, and write the history. A model only
//! answers, so every model is asked by the very same clients.
//!
//! An operation of which any attempt may have landed ends unknown, stays concurrent to the end, and its process
//! issues nothing more: a new process takes over. A late reply to an earlier attempt still answers the operation.
//!
//! [`workload`] says what is asked, [`load`] when, [`retry`] what is done when no answer comes, `session` what each client is
//! at, `operation` is one operation's life, `patience` its time-outs.

mod curve;
pub(crate) mod layered;
pub mod level;
pub mod load;
pub(crate) mod operation;
pub(crate) mod patience;
pub mod policy;
pub mod retry;
pub(crate) mod session;
pub mod workload;

use serde::{Deserialize, Serialize};

use crate::client::level::Levels;
use crate::client::load::Load;
use crate::client::policy::Layer;
use crate::client::policy::layer::validate_for_clients;
use crate::client::retry::RetryConfig;
use crate::client::workload::Mix;
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
    /// What they do when no answer comes. Absent where `policies` say it.
    #[serde(default = "RetryConfig::absent", skip_serializing_if = "RetryConfig::is_absent")]
    pub retry: RetryConfig,
    /// The same as layers, the first one outermost, in the form in which calls between services have them; instead of
    /// `retry`. Each client has its own. Without a `Timeout` a request that is lost is waited for to the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<Layer>,
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

impl ClientConfig {
    /// About how many operations all of them together will ask by then, as far as [`Load::expected`] knows.
    pub(crate) fn expected(&self, stop_at: Span) -> f64 {
        let asking = self.stop.map_or(stop_at, |stop| stop.min(stop_at)).0.saturating_sub(self.start.0);
        f64::from(self.count) * self.load.expected(Span(asking))
    }

    /// Whether patience is given, once, and makes sense.
    ///
    /// # Errors
    /// The first field that does not, and why not.
    pub fn validate_patience(&self) -> Result<(), (String, String)> {
        match (self.retry.is_absent(), self.policies.is_empty()) {
            (true, true) => {
                let why = "how long an answer is waited for: `retry: (timeout: \"1s\", attempts: 3)`, or `policies: [Timeout(\"1s\"), …]`";
                Err(("retry".into(), why.into()))
            }
            (false, false) => {
                let why = "these stand in the place of `retry`; write one of the two";
                Err(("policies".into(), why.into()))
            }
            (false, true) => self.retry.validate().map_err(|why| ("retry".into(), why)),
            (true, false) => {
                let one_at_a_time = matches!(self.load, Load::Closed { .. });
                validate_for_clients(&self.policies, one_at_a_time)
                    .map_err(|(place, why)| (format!("policies[{place}]"), why))
            }
        }
    }
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
