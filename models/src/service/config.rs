//! A graph of services as scenario files write it.
//!
//! Users stand outside and call; services do work and call each other, in any pattern, cycles included; topics pass
//! messages on later. Deliberately absent: the graph made ready to run ([`super::plan`]) and what it refuses
//! (`validate`).

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use sim_core::random::distribution::Distribution;
use sim_core::time::Span;
use sim_core::units::Ratio;

use super::balance::BalancerConfig;
use crate::policy::Layer;
use crate::policy::cache::CacheConfig;
use crate::policy::dedup::DedupConfig;
use crate::policy::queue::Discipline;
use crate::policy::shed::ShedConfig;

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Those who call from outside. Their nodes are the first of the cluster.
    pub users: Users,
    /// The services by name; their nodes follow in this order.
    pub services: IndexMap<String, ServiceSpec>,
    /// Topics by name, one node each; they come last.
    #[serde(default)]
    pub topics: IndexMap<String, TopicSpec>,
    /// How often every node tells its figures; never if absent.
    #[serde(default)]
    pub window: Option<Span>,
    /// Every n-th request leaves a trace; none does if absent.
    #[serde(default)]
    pub trace_every: Option<u64>,
}

/// Those who call from outside: each client's operation becomes one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// How many nodes they sit behind; each has policies and a balancer of its own. Clients go to node i with the
    /// routing `Node(i)` or, client by client, `Own`.
    #[serde(default = "one")]
    pub nodes: u32,
    /// What they call: `Invoke(i)` is the i-th, everything else the first.
    pub calls: Vec<Edge>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSpec {
    /// How many instances.
    #[serde(default = "one")]
    pub instances: u32,
    /// How many pieces of work an instance does at once.
    pub workers: u32,
    /// In which order work waits for a worker.
    #[serde(default)]
    pub queue: Discipline,
    /// How many may wait; any number if absent.
    #[serde(default)]
    pub room: Option<u32>,
    /// What is turned away at the door.
    #[serde(default)]
    pub shed: Vec<ShedConfig>,
    /// Whether a worker is held while its work waits for an answer.
    #[serde(default)]
    pub threads: Threads,
    /// What becomes of work whose caller has left.
    #[serde(default)]
    pub abandoned: Abandoned,
    /// What it does for each call, step by step.
    pub steps: Vec<Step>,
    /// What it does for calls that name one of these: other methods of the same instances, workers and caches.
    #[serde(default)]
    pub routes: IndexMap<String, Vec<Step>>,
    /// Answers by idempotency key that are remembered.
    #[serde(default)]
    pub dedup: Option<DedupConfig>,
    /// Every call whose key is divisible by this is poison: it fails, and repeating it will not help.
    #[serde(default)]
    pub poison: Option<u64>,
    /// Work gets slower the more of it is inside.
    #[serde(default)]
    pub strain: Option<Strain>,
    /// Work gets slower the more instances there are.
    #[serde(default)]
    pub scaling: Option<Scaling>,
    /// Every instance stands still now and then: a collector's pauses.
    #[serde(default)]
    pub pauses: Option<Pauses>,
    /// How health checks are answered.
    #[serde(default)]
    pub probe: Probe,
    /// Instances are replaced one after the other.
    #[serde(default)]
    pub deploy: Option<Deploy>,
    /// What discovery says at which time: (from when, which instances). All of them if it is empty.
    #[serde(default)]
    pub registered: Vec<(Span, Vec<u32>)>,
    /// The zones of the instances in turn; the cluster's if absent.
    #[serde(default)]
    pub places: Vec<String>,
}

/// Whether a worker is held while its work waits for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Threads {
    /// It is: a thread for each request.
    #[default]
    Held,
    /// It is not: an event loop.
    Released,
}

/// What becomes of work whose caller has told that it left, or whose deadline has passed. What it would have called is
/// not called after its deadline in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Abandoned {
    /// It is done all the same.
    #[default]
    GoesOn,
    /// It is dropped if it has not begun.
    DropsWaiting,
    /// It is dropped wherever it is, and what it called is told so.
    Stops,
}

/// One step of a service's work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Step {
    /// A worker is busy for this long.
    Work(Distribution),
    /// A call, and its answer is waited for.
    Call(Edge),
    /// Several calls at once. It goes on when so many have succeeded (all of them if absent).
    All {
        /// The calls.
        calls: Vec<Edge>,
        /// How many must succeed.
        #[serde(default)]
        need: Option<u32>,
    },
    /// The same call several times at once, as a search asks its leaves.
    Spread {
        /// The call.
        call: Edge,
        /// How many times.
        copies: u32,
        /// How many must succeed; all if absent.
        #[serde(default)]
        need: Option<u32>,
    },
    /// A message to a topic; it is waited for that the topic has it.
    Publish(Edge),
    /// Steps that are taken with a probability.
    Maybe(Ratio, Vec<Step>),
    /// A look into the instance's own cache by the call's key; steps that are taken if it is not there.
    Cached {
        /// The cache.
        cache: CacheConfig,
        /// Whether those who miss the same key wait for the first of them.
        #[serde(default)]
        coalesce: bool,
        /// The steps that find the value.
        miss: Vec<Step>,
    },
    /// The key is dropped from this instance's caches: an invalidation has come.
    Invalidate,
    /// Steps that find the key's value anew; then it is put into all of this instance's caches. Who looks meanwhile
    /// finds the old one.
    Refresh(Vec<Step>),
    /// It fails with this probability.
    Fail(Ratio),
    /// Something that must happen once for each idempotency key; a second time is marked.
    Effect,
}

/// A call from one node to a service or a topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// Whom.
    pub to: String,
    /// Which of its routes; its `steps` if absent.
    #[serde(default)]
    pub route: Option<String>,
    /// The caller's policies, outermost first.
    #[serde(default)]
    pub policies: Vec<Layer>,
    /// Which instance.
    #[serde(default)]
    pub balancer: BalancerConfig,
    /// With which probability it is made at all.
    #[serde(default = "always")]
    pub chance: Ratio,
    /// Whether its failure is no failure of the caller.
    #[serde(default)]
    pub optional: bool,
    /// Whether a callee is told when its caller gives up.
    #[serde(default)]
    pub cancels: bool,
    /// A connection is made before the first call to an instance and after each loss, within this time; connections
    /// are taken for granted if absent.
    #[serde(default)]
    pub connect: Option<Span>,
    /// For how long discovery's answer is used; it is always fresh if absent.
    #[serde(default)]
    pub ttl: Option<Span>,
    /// The class of the call, 0 the most important; the caller's own if absent.
    #[serde(default)]
    pub priority: Option<u8>,
    /// The size of a call on the wire.
    #[serde(default = "small")]
    pub bytes: u32,
    /// The size of its answer.
    #[serde(default = "small")]
    pub reply_bytes: u32,
}

/// A topic: what is published goes to every subscription, later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicSpec {
    /// Who gets it.
    pub subscriptions: Vec<Subscription>,
    /// How many messages a subscription holds before publishing is turned away; any number if absent.
    #[serde(default)]
    pub room: Option<u32>,
}

/// Who gets what is published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The call that delivers a message.
    pub deliver: Edge,
    /// How many are delivered at once; 1 keeps their order.
    pub at_once: u32,
    /// How often a message is delivered before it is put aside as a dead letter; for ever if absent.
    #[serde(default)]
    pub attempts: Option<u32>,
    /// The wait before a message is delivered again.
    #[serde(default)]
    pub again_after: Span,
}

/// Work takes 1 / (1 − inside/full) times as long, at most fifty times: a heap that fills up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strain {
    /// How many pieces of work fill an instance up.
    pub full: u32,
}

/// Gunther's universal scalability law: n instances do n / (1 + contention·(n−1) + coherence·n·(n−1)) times the work
/// of one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// What waits for what is shared.
    pub contention: f64,
    /// What keeps the instances in agreement.
    pub coherence: f64,
}

/// Pauses of an instance. Meanwhile it reads and does nothing; connections are accepted, and so liveness probes answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pauses {
    /// The time between two.
    pub every: Distribution,
    /// How long one lasts.
    pub lasts: Distribution,
}

/// How health checks are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Probe {
    /// At once, by whatever accepts connections: the process lives, whether or not it can work, or stands still.
    #[default]
    Liveness,
    /// Through the queue and a worker, as a call would be: it can work.
    Readiness,
}

/// Instances are replaced one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deploy {
    /// When the first goes.
    pub from: Span,
    /// The time from one to the next.
    pub gap: Span,
    /// For how long an instance still takes work after it has begun to answer health checks with no; then it refuses.
    pub linger: Span,
    /// How long it then waits for the work inside; zero drops it at once.
    pub grace: Span,
    /// How long it is down.
    pub down: Span,
}

fn one() -> u32 {
    1
}

fn always() -> Ratio {
    Ratio::ONE
}

fn small() -> u32 {
    200
}
