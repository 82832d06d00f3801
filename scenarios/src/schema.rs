//! What a scenario file says: the typed form of everything in it.
//!
//! Parts that the engine defines (links, clients, fault lines, distributions) are used as the engine has them, so a
//! fault added there is in the files at once. Deliberately absent: reading ([`crate::text`]), checking that the parts
//! fit each other (`assemble`).

use models::contention::Contention;
use models::crdt::Crdt;
use models::detector::measured::Detectors;
use models::gossip::anti_entropy::AntiEntropy;
use models::gossip::plumtree::Plumtree;
use models::gossip::push_sum::PushSum;
use models::gossip::rumor::Rumor;
use models::model::Cluster;
use models::quorum::Quorum;
use models::raft::Raft;
use models::service::Service;
use models::solo::Solo;
use models::swim::Swim;
use serde::{Deserialize, Serialize};
use sim_core::client::ClientConfig;
use sim_core::disk::DiskConfig;
use sim_core::fault::FaultLine;
use sim_core::network::link::LinkConfig;
use sim_core::network::topology::Topology;
use sim_core::network::{Draws, NetworkConfig};
use sim_core::processor::ProcessorConfig;
use sim_core::random::distribution::Distribution;
use sim_core::time::Span;
use sim_core::units::Ratio;
use sim_core::world::{ClockConfig, Schedule};

/// One scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, in a sentence.
    pub about: String,
    /// What runs on the nodes, with its settings.
    pub model: ModelSpec,
    /// The machines.
    pub cluster: ClusterSpec,
    /// What lies between them.
    pub network: NetworkSpec,
    /// Who asks.
    #[serde(default)]
    pub clients: Vec<ClientConfig>,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<FaultLine>,
    /// How long it runs, and in which parts.
    pub run: RunSpec,
    /// What is judged.
    pub checks: Vec<CheckSpec>,
    /// What the checks are expected to say.
    #[serde(default)]
    pub expect: Expect,
    /// The seed, where none is given on the command line; 1 if absent.
    #[serde(default)]
    pub seed: Option<u64>,
    /// A seed for the order of simultaneous events; absent for the order of their sources.
    #[serde(default)]
    pub tie_break: Option<u64>,
}

/// The model and its settings. A variant here and an arm in the registry are all that a new model needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ModelSpec {
    /// Writers of one row under optimistic concurrency.
    Contention(Contention),
    /// Conflict-free replicated objects.
    Crdt(Crdt),
    /// A graph of services under load.
    Service(Service),
    /// Replicas of which R answer a read and W a write.
    Quorum(Quorum),
    /// Raft consensus under a replicated map.
    Raft(Raft),
    /// A database kept equal by comparisons with random others.
    AntiEntropy(AntiEntropy),
    /// A ring of heartbeats to measure failure detectors by.
    Detectors(Detectors),
    /// Broadcast along a tree that gossip repairs.
    Plumtree(Plumtree),
    /// An average by gossip.
    PushSum(PushSum),
    /// One rumor.
    Rumor(Rumor),
    /// Membership by random probing.
    Swim(Swim),
    /// One server without replication.
    Solo(Solo),
}

/// The machines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterSpec {
    /// How many nodes.
    pub nodes: u32,
    /// What their work costs; nothing if absent.
    #[serde(default)]
    pub processor: ProcessorConfig,
    /// How fast their disks are; instant if absent.
    #[serde(default = "instant")]
    pub disk: DiskConfig,
    /// How wrong their clocks are; true if absent.
    #[serde(default)]
    pub clock: ClockConfig,
    /// Their zones in turn, going round; spread over all zones of the topology if absent.
    #[serde(default)]
    pub places: Vec<String>,
}

/// The network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    /// The link between any two peers, where no topology says otherwise; instant if absent.
    #[serde(default = "plain_link")]
    pub link: LinkConfig,
    /// Zones and regions with their distances.
    #[serde(default)]
    pub topology: Option<Topology>,
    /// Which random streams the fates of messages come from.
    #[serde(default)]
    pub draws: Draws,
}

/// How long a run is. Its parts follow each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// Clients ask and faults strike for this long; then everything heals.
    pub duration: Span,
    /// All is healed, clients still ask: the time the system is given to recover.
    #[serde(default)]
    pub settle: Span,
    /// All is healed and has settled, clients still ask: liveness is judged by what is asked here.
    #[serde(default)]
    pub calm: Span,
    /// Clients ask nothing new; what is under way may end.
    #[serde(default)]
    pub drain: Span,
    /// The run ends early at this mark: for studies of how long something takes.
    #[serde(default)]
    pub stop: Option<Stop>,
}

/// A reason to end a run early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Stop {
    /// A node makes this mark.
    Mark(String),
    /// A node takes this role.
    Becomes(String),
    /// A mark is made for the so-manieth time: `Times("heard", 1000)` ends it when a thousand nodes have heard.
    Times(String, u64),
    /// A mark is made as many times as there are nodes: `All("heard")`, however large the cluster is.
    All(String),
}

/// Something that is judged when the run is over, or while it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum CheckSpec {
    /// Within a session, a read is no older than the session's own writes.
    ReadYourWrites,
    /// Within a session, a read is no older than what was read before.
    MonotonicReads,
    /// Whoever saw a write sees all earlier writes of the session that made it.
    MonotonicWrites,
    /// Whoever saw a write sees what its session had read before it.
    WritesFollowReads,
    /// No read misses a write that had ended before the read began: regular registers, if not linearizable ones.
    Fresh,
    /// Reads that begin this long after a key's last write all give one answer.
    Converges(Span),
    /// This long after the last write and the end of all faults, all replicas of each object hold the same: the states
    /// themselves are compared, every 10 ms.
    Agrees(Span),
    /// What was acknowledged is there this long after a key's last write: nothing lost, nothing resurrected.
    Durable(Span),
    /// No update is lost: this long after a key's last write, each acknowledged write is there, or something that knew of
    /// it. A write knows what its session has read and written before.
    Updates(Span),
    /// Every operation took effect at one instant between its invocation and its end; judged key by key.
    Linearizable,
    /// The model's own properties, watched at every step.
    Invariants,
    /// At least this share of all operations ended ok.
    Available(Ratio),
    /// At least this share of the operations asked in the calm part ended ok.
    Live(Ratio),
    /// After the last fault was healed, operations succeed again within this time, and go on succeeding.
    Recovers(Span),
    /// The latency of operations that ended ok: this share of them took no longer than this.
    Latency {
        /// The share: `99%` for the 99th percentile.
        share: Ratio,
        /// The bound.
        below: Span,
    },
    /// This share of all operations ends ok within this time: an objective. It fails when the error budget is spent.
    Objective {
        /// The share: `99.9%` leaves a budget of one in a thousand.
        share: Ratio,
        /// The time.
        within: Span,
        /// Whether a lesser answer, as a fallback gives one, counts as none.
        #[serde(default)]
        full: bool,
    },
    /// Of the operations asked in a part of the run, the share that ended ok lies between two bounds.
    Share {
        /// From when on.
        from: Span,
        /// Until when.
        until: Span,
        /// The least share.
        least: Ratio,
        /// The greatest.
        most: Ratio,
    },
    /// A metric lies between two bounds: (name, least, most).
    Metric(String, f64, f64),
    /// A mark is made between so and so often: (name, least, most).
    Count(String, u64, u64),
    /// A leader or primary is elected at most this often in a run.
    Steady(u32),
    /// This mark is made at least once in every run.
    Reaches(String),
    /// This mark is made in some run of an exploration; a run without it is no violation, but proved little.
    Sometimes(String),
}

/// What the checks are expected to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Expect {
    /// Every check holds on every seed.
    #[default]
    Holds,
    /// One check fails, all others hold.
    Violates {
        /// The name of the check, as results give it: `linearizable`.
        check: String,
        /// On which share of seeds: at least and at most.
        share: (Ratio, Ratio),
    },
}

fn instant() -> DiskConfig {
    DiskConfig::INSTANT
}

fn plain_link() -> LinkConfig {
    LinkConfig::with_latency(Distribution::ZERO)
}

impl CheckSpec {
    /// The check's name in results and in `expect`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            CheckSpec::ReadYourWrites => "read your writes".into(),
            CheckSpec::MonotonicReads => "monotonic reads".into(),
            CheckSpec::MonotonicWrites => "monotonic writes".into(),
            CheckSpec::WritesFollowReads => "writes follow reads".into(),
            CheckSpec::Fresh => "fresh".into(),
            CheckSpec::Converges(_) => "converges".into(),
            CheckSpec::Agrees(_) => "agrees".into(),
            CheckSpec::Durable(_) => "durable".into(),
            CheckSpec::Updates(_) => "updates".into(),
            CheckSpec::Linearizable => "linearizable".into(),
            CheckSpec::Invariants => "invariants".into(),
            CheckSpec::Available(_) => "available".into(),
            CheckSpec::Live(_) => "live".into(),
            CheckSpec::Recovers(_) => "recovers".into(),
            CheckSpec::Latency { .. } => "latency".into(),
            CheckSpec::Objective { .. } => "objective".into(),
            CheckSpec::Share { from, until, .. } => format!("share {from} to {until}"),
            CheckSpec::Metric(name, ..) => format!("metric {name}"),
            CheckSpec::Count(mark, ..) => format!("count {mark}"),
            CheckSpec::Steady(_) => "steady".into(),
            CheckSpec::Reaches(mark) => format!("reaches {mark}"),
            CheckSpec::Sometimes(mark) => format!("sometimes {mark}"),
        }
    }
}

impl ClusterSpec {
    /// The machines as a model sees them.
    #[must_use]
    pub fn machines(&self) -> Cluster {
        Cluster {
            nodes: self.nodes,
            processor: self.processor.clone(),
            disk: self.disk.clone(),
            clock: self.clock,
            places: self.places.clone(),
        }
    }
}

impl NetworkSpec {
    /// The network as the engine takes it.
    #[must_use]
    pub fn config(&self) -> NetworkConfig {
        NetworkConfig { link: self.link.clone(), topology: self.topology.clone(), draws: self.draws }
    }
}

impl RunSpec {
    /// When faults heal, clients stop and the run ends.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        let stop_at = self.duration + self.settle + self.calm;
        Schedule { heal_at: self.duration, stop_at, end_at: stop_at + self.drain }
    }
}
