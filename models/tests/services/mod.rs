//! A graph of services from its text, under a load, to its record.

#![allow(dead_code, reason = "shared by several test binaries")]

use models::model::{Cluster, Model};
use models::policy::Layer;
use models::service::Service;
use models::service::node::ServiceNode;
use sim_core::client::load::{Arrivals, Load};
use sim_core::client::retry::{Backoff, RetryConfig};
use sim_core::client::workload::{Ask, Mix, Popularity, Values};
use sim_core::client::{ClientConfig, Routing};
use sim_core::disk::DiskConfig;
use sim_core::fault::FaultLine;
use sim_core::network::link::LinkConfig;
use sim_core::network::{Draws, NetworkConfig};
use sim_core::observer::Observer;
use sim_core::processor::ProcessorConfig;
use sim_core::random::distribution::Distribution;
use sim_core::record::Record;
use sim_core::time::{Span, Time};
use sim_core::units::Rate;
use sim_core::world::{ClockConfig, Schedule, World, WorldConfig};

/// What is asked of a graph.
pub struct Run {
    pub seed: u64,
    pub clients: u32,
    pub load: Load,
    pub keys: u64,
    pub seconds: u64,
    /// Clients stop asking this much before the end.
    pub drain: u64,
    pub latency: Distribution,
    pub faults: Vec<FaultLine>,
    pub routing: Routing,
    /// The clients' layers; none, and clients wait for ever.
    pub policies: Vec<Layer>,
}

pub fn poisson(rate: f64) -> Load {
    Load::Open { rate: Rate::per_second(rate).expect("a rate"), arrivals: Arrivals::Poisson }
}

pub fn even(rate: f64) -> Load {
    Load::Open { rate: Rate::per_second(rate).expect("a rate"), arrivals: Arrivals::Even }
}

impl Run {
    pub fn new(load: Load, seconds: u64) -> Run {
        Run {
            seed: 1,
            clients: 1,
            load,
            keys: 0,
            seconds,
            drain: 0,
            latency: Distribution::ZERO,
            faults: Vec::new(),
            routing: Routing::Node(0),
            policies: Vec::new(),
        }
    }

    pub fn config(
        self,
        service: &Service,
    ) -> WorldConfig<<<Service as Model>::Node as sim_core::node::Node>::Config> {
        let cluster = Cluster {
            nodes: service.nodes(),
            processor: ProcessorConfig::default(),
            disk: DiskConfig::INSTANT,
            clock: ClockConfig::default(),
            places: Vec::new(),
        };
        service.validate(&cluster).expect("a sound graph");
        let patient = RetryConfig {
            timeout: Span::secs(100_000),
            attempts: 1,
            backoff: Backoff::None,
            guards: Vec::new(),
        };
        let client = ClientConfig {
            count: self.clients,
            load: self.load,
            mix: Mix {
                operations: vec![(Ask::Invoke(0), 1.0)],
                keys: self.keys,
                popularity: Popularity::Uniform,
                values: Values::Unique,
                value_bytes: 0,
            },
            routing: self.routing,
            levels: Default::default(),
            retry: if self.policies.is_empty() { patient } else { RetryConfig::absent() },
            policies: self.policies,
            place: None,
            start: Span::ZERO,
            stop: None,
        };
        let end_at = Span::secs(self.seconds);
        let stop_at = Span::secs(self.seconds - self.drain);
        WorldConfig {
            seed: self.seed,
            groups: service.groups(&cluster),
            network: NetworkConfig {
                link: LinkConfig::with_latency(self.latency),
                topology: None,
                draws: Draws::PerLink,
            },
            clients: vec![client],
            faults: self.faults,
            schedule: Schedule { heal_at: end_at, stop_at, end_at },
            tie_break: None,
        }
    }

    pub fn record(self, graph: &str) -> Record {
        self.observed(graph, &mut ())
    }

    pub fn observed<O: Observer<ServiceNode>>(self, graph: &str, observer: &mut O) -> Record {
        let service: Service = ron::Options::default()
            .with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME)
            .from_str(graph)
            .unwrap_or_else(|error| panic!("{error}\n{graph}"));
        let config = self.config(&service);
        let end = Time::ZERO + config.schedule.end_at;
        let mut world: World<<Service as Model>::Node> = World::new(config).expect("a sound world");
        assert!(world.run(end, observer).is_continue());
        world.finish()
    }
}

/// Latencies in milliseconds of the operations that ended ok, asked after `from` seconds, sorted.
pub fn latencies(record: &Record, from: u64) -> Vec<f64> {
    let from = Time(from * 1_000_000_000);
    let asked = record.history.entries.iter().filter(|entry| entry.is_ok() && entry.invoked >= from);
    let mut list: Vec<f64> = asked.map(|entry| entry.completed.since(entry.invoked).as_ms_f64()).collect();
    list.sort_by(f64::total_cmp);
    list
}

pub fn mean(list: &[f64]) -> f64 {
    list.iter().sum::<f64>() / list.len() as f64
}

pub fn quantile(list: &[f64], share: f64) -> f64 {
    list[((share * list.len() as f64) as usize).min(list.len() - 1)]
}

/// The sum of a measure over all nodes and windows that ended in a range of seconds.
pub fn total(record: &Record, name: &str, from: u64, to: u64) -> i64 {
    let range = Time(from * 1_000_000_000)..Time(to * 1_000_000_000 + 1);
    let list = record.measures.get(name).map_or(&[][..], Vec::as_slice);
    list.iter()
        .filter(|measure| range.contains(&measure.at) && measure.at > range.start)
        .map(|measure| measure.value)
        .sum()
}

pub fn mark(record: &Record, name: &str) -> u64 {
    record.marks.get(name).copied().unwrap_or(0)
}

/// The share of operations asked in a range of seconds that ended ok.
pub fn success(record: &Record, from: u64, to: u64) -> f64 {
    let range = Time(from * 1_000_000_000)..Time(to * 1_000_000_000);
    let asked: Vec<bool> = record
        .history
        .entries
        .iter()
        .filter(|entry| range.contains(&entry.invoked))
        .map(sim_core::history::Entry::is_ok)
        .collect();
    asked.iter().filter(|ok| **ok).count() as f64 / asked.len() as f64
}

pub fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    println!("{what}: found {found:.5}, expected {expected}");
    assert!((found / expected - 1.0).abs() <= tolerance, "{what}: found {found}, expected {expected}");
}
