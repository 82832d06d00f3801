//! What a world is built from, and what is refused.

use serde::{Deserialize, Serialize};

use crate::client::level::Levels;
use crate::client::load::Load;
use crate::client::retry::{Backoff, RetryConfig};
use crate::client::workload::{Ask, Mix, Popularity, Values};
use crate::client::{ClientConfig, Routing};
use crate::disk::DiskConfig;
use crate::fault::FaultLine;
use crate::fault::target::Names;
use crate::network::link::LinkConfig;
use crate::network::topology::{Placement, Topology};
use crate::network::{Draws, NetworkConfig};
use crate::processor::ProcessorConfig;
use crate::random::distribution::Distribution;
use crate::time::Span;

/// A world before it starts. `C` is the model's node configuration.
#[derive(Clone, Debug)]
pub struct WorldConfig<C> {
    /// The seed; everything that is drawn hangs on it.
    pub seed: u64,
    /// The nodes, group after group; at least one node in all.
    pub groups: Vec<NodeGroup<C>>,
    /// What lies between them.
    pub network: NetworkConfig,
    /// Who asks; may be empty.
    pub clients: Vec<ClientConfig>,
    /// What goes wrong.
    pub faults: Vec<FaultLine>,
    /// When everything heals for good, and how long the run goes on then.
    pub schedule: Schedule,
    /// A seed for the order of simultaneous events; `None` for the order of their sources.
    pub tie_break: Option<u64>,
}

/// How long a run is, in three parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Faults strike before this; then everything heals.
    pub heal_at: Span,
    /// Clients ask nothing new from here on.
    pub stop_at: Span,
    /// The end.
    pub end_at: Span,
}

/// A number of nodes that are alike.
#[derive(Clone, Debug)]
pub struct NodeGroup<C> {
    /// What they are called: `n` for `n0`, `n1` …, numbered through all groups of one name.
    pub name: String,
    /// How many.
    pub count: u32,
    /// What each is booted with.
    pub config: C,
    /// What their work costs.
    pub processor: ProcessorConfig,
    /// How fast their disks are.
    pub disk: DiskConfig,
    /// How wrong their clocks are.
    pub clock: ClockConfig,
    /// Their zones in turn, going round; spread over all zones of the topology if empty.
    pub places: Vec<String>,
}

/// How far from the truth clocks may be; each node draws its own error uniformly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClockConfig {
    /// The wall clock starts up to this far from the truth, either way.
    pub offset: Span,
    /// The clock gains or loses up to this many parts in a million.
    pub drift_ppm: f64,
    /// The bound a node is told; zero if it is told none.
    pub uncertainty: Span,
}

impl ClockConfig {
    /// Whether it is never wrong.
    #[must_use]
    pub fn is_true(&self) -> bool {
        *self == ClockConfig::default()
    }
}

/// Where in a world's configuration something is wrong, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The field, as a path: `faults[2].target`.
    pub path: String,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for ConfigError {}

/// Up to this many nodes, a record names each.
pub(crate) const NAMED_NODES: u32 = 100_000;

impl WorldConfig<u32> {
    /// The shortest way to a world: equal nodes, told how many there are, on equal links; as many clients, each
    /// adding to a counter every 200 ms on average; a run of ten seconds. A start to change from.
    #[must_use]
    pub fn simple(seed: u64, nodes: u32, clients: u32, latency: Distribution) -> WorldConfig<u32> {
        let mix = Mix {
            operations: vec![(Ask::Increment, 1.0)],
            keys: 0,
            popularity: Popularity::Uniform,
            values: Values::Unique,
            value_bytes: 0,
        };
        let clients = ClientConfig {
            count: clients,
            load: Load::Closed { think: Distribution::Exponential { mean: Span::ms(200) } },
            mix,
            routing: Routing::Random,
            levels: Levels::default(),
            retry: RetryConfig {
                timeout: Span::secs(1),
                attempts: 1,
                backoff: Backoff::None,
                guards: Vec::new(),
            },
            policies: Vec::new(),
            place: None,
            start: Span::ZERO,
            stop: None,
        };
        WorldConfig::new(seed, nodes, nodes, LinkConfig::with_latency(latency), vec![clients])
    }
}

impl<C> WorldConfig<C> {
    /// Equal nodes with true clocks, free processors and instant disks, on equal links; a run of ten seconds.
    #[must_use]
    pub fn new(
        seed: u64,
        nodes: u32,
        config: C,
        link: LinkConfig,
        clients: Vec<ClientConfig>,
    ) -> WorldConfig<C> {
        let group = NodeGroup {
            name: "n".into(),
            count: nodes,
            config,
            processor: ProcessorConfig::default(),
            disk: DiskConfig::INSTANT,
            clock: ClockConfig::default(),
            places: Vec::new(),
        };
        WorldConfig {
            seed,
            groups: vec![group],
            network: NetworkConfig { link, topology: None, draws: Draws::PerLink },
            clients,
            faults: Vec::new(),
            schedule: Schedule { heal_at: Span::secs(10), stop_at: Span::secs(10), end_at: Span::secs(10) },
            tie_break: None,
        }
    }

    /// Sets the length of the run: faults last for the first three quarters of it, then it settles.
    pub fn run_for(&mut self, span: Span) {
        self.schedule = Schedule { heal_at: span.times(0.75), stop_at: span, end_at: span };
    }

    /// How many nodes there are.
    #[must_use]
    pub fn node_count(&self) -> u32 {
        self.groups.iter().map(|group| group.count).sum()
    }

    /// How many clients there are.
    #[must_use]
    pub fn client_count(&self) -> u32 {
        self.clients.iter().map(|clients| clients.count).sum()
    }

    /// The names that faults may use. Clusters above a hundred thousand nodes have no names.
    #[must_use]
    pub fn names(&self) -> Names {
        let mut names = Names { clients: self.client_count(), ..Names::default() };
        if self.node_count() > NAMED_NODES {
            return names;
        }
        let mut numbers: indexmap::IndexMap<&str, u32> = indexmap::IndexMap::new();
        for group in &self.groups {
            let number = numbers.entry(&group.name).or_insert(0);
            for _ in 0..group.count {
                names.nodes.push(format!("{}{number}", group.name));
                names.groups.push(group.name.clone());
                *number += 1;
            }
        }
        if let (Some(topology), Ok(placement)) = (&self.network.topology, self.placement()) {
            let places = topology.places();
            names.places = (0..self.node_count())
                .map(|index| places[usize::from(placement.place(crate::peer::Peer::node(index)))].clone())
                .collect();
        }
        names
    }

    /// Where everyone is.
    ///
    /// # Errors
    /// A zone that does not exist, or what [`Topology::validate`] says.
    pub(crate) fn placement(&self) -> Result<Placement, ConfigError> {
        let Some(topology) = &self.network.topology else { return Ok(Placement::flat()) };
        let count = topology.places().len() as u16;
        let mut nodes = Vec::new();
        for (i, group) in self.groups.iter().enumerate() {
            let mut places = Vec::new();
            for (j, name) in group.places.iter().enumerate() {
                places.push(find_place(topology, name, || format!("groups[{i}].places[{j}]"))?);
            }
            if places.is_empty() {
                places = (0..count).collect();
            }
            nodes.extend((0..group.count as usize).map(|k| places[k % places.len()]));
        }
        let mut clients = Vec::new();
        for (i, group) in self.clients.iter().enumerate() {
            let fixed = match &group.place {
                Some(name) => Some(find_place(topology, name, || format!("clients[{i}].place"))?),
                None => None,
            };
            clients.extend((0..group.count).map(|k| fixed.unwrap_or((k % u32::from(count)) as u16)));
        }
        Placement::new(topology, nodes, clients)
            .map_err(|message| ConfigError { path: "network.topology".into(), message })
    }

    /// Whether everything makes sense together.
    ///
    /// # Errors
    /// The path of the first field that does not, and why.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let fail = |path: String| move |message: String| ConfigError { path, message };
        if self.node_count() == 0 {
            return Err(fail("groups".into())("a cluster has at least one node".into()));
        }
        for (i, group) in self.groups.iter().enumerate() {
            let at = |field: &str| format!("groups[{i}].{field}");
            group.processor.validate().map_err(fail(at("processor")))?;
            group.disk.sync.validate().map_err(fail(at("disk.sync")))?;
            let drift = group.clock.drift_ppm;
            if !(drift.is_finite() && (0.0..=1e6).contains(&drift)) {
                let message = format!("a number from 0 to 1000000 parts per million, found {drift}");
                return Err(fail(at("clock.drift_ppm"))(message));
            }
        }
        self.network.link.validate().map_err(fail("network.link".into()))?;
        if let Some(topology) = &self.network.topology {
            topology.validate().map_err(fail("network.topology".into()))?;
        }
        self.placement()?;
        for (i, clients) in self.clients.iter().enumerate() {
            let at = |field: &str| format!("clients[{i}].{field}");
            clients.mix.validate().map_err(fail(at("mix")))?;
            clients.load.validate().map_err(fail(at("load")))?;
            clients.validate_patience().map_err(|(field, why)| fail(at(&field))(why))?;
            clients.levels.validate().map_err(fail(at("levels")))?;
            if let Routing::Node(node) | Routing::OwnFrom(node) = clients.routing
                && node >= self.node_count()
            {
                let last = self.node_count() - 1;
                let message = format!("{:?}: the cluster has nodes 0 to {last}", clients.routing);
                return Err(fail(at("routing"))(message));
            }
        }
        let names = self.names();
        for (i, line) in self.faults.iter().enumerate() {
            line.validate(&names)
                .map_err(|(field, message)| fail(format!("faults[{i}].{field}"))(message))?;
        }
        let Schedule { heal_at, stop_at, end_at } = self.schedule;
        if heal_at > end_at || stop_at > end_at {
            return Err(fail("schedule".into())("it ends before it heals or before its clients stop".into()));
        }
        Ok(())
    }
}

fn find_place(topology: &Topology, name: &str, path: impl Fn() -> String) -> Result<u16, ConfigError> {
    topology.place(name).ok_or_else(|| ConfigError {
        path: path(),
        message: crate::fault::target::unknown("zone", name, &topology.places()),
    })
}
