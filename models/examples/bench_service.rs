//! A million requests through a chain of ten services, for timing: `cargo run --release -p models --example bench_service`.
//! `-- N` asks for N thousands of requests instead. It prints what was done; how long it took is for the shell's `time` to say.

use models::model::{Cluster, Model};
use models::service::Service;
use models::service::config::{Edge, ServiceSpec, Step, Users};
use sim_core::client::load::{Arrivals, Load};
use sim_core::client::retry::{Backoff, RetryConfig};
use sim_core::client::workload::{Ask, Mix, Popularity, Values};
use sim_core::client::{ClientConfig, Routing};
use sim_core::disk::DiskConfig;
use sim_core::network::link::LinkConfig;
use sim_core::network::{Draws, NetworkConfig};
use sim_core::processor::ProcessorConfig;
use sim_core::random::distribution::Distribution;
use sim_core::time::{Span, Time};
use sim_core::units::Rate;
use sim_core::world::{ClockConfig, Schedule, World, WorldConfig};

fn edge(to: &str) -> Edge {
    ron::from_str(&format!("(to: \"{to}\")")).expect("an edge")
}

fn main() {
    let spec = |i: usize| -> ServiceSpec {
        let mut spec: ServiceSpec = ron::from_str("(workers: 64, steps: [])").expect("a service");
        spec.steps.push(Step::Work(Distribution::Fixed(Span::us(50))));
        if i < 9 {
            spec.steps.push(Step::Call(edge(&format!("s{}", i + 1))));
        }
        spec
    };
    let service = Service {
        users: Users { nodes: 1, calls: vec![edge("s0")] },
        services: (0..10).map(|i| (format!("s{i}"), spec(i))).collect(),
        topics: Default::default(),
        window: None,
        trace_every: None,
    };
    let cluster = Cluster {
        nodes: service.nodes(),
        processor: ProcessorConfig::default(),
        disk: DiskConfig::INSTANT,
        clock: ClockConfig::default(),
        places: Vec::new(),
    };
    let mix = Mix {
        operations: vec![(Ask::Invoke(0), 1.0)],
        keys: 0,
        popularity: Popularity::Uniform,
        values: Values::Unique,
        value_bytes: 0,
    };
    let load = Load::Open { rate: Rate::per_second(10_000.0).expect("a rate"), arrivals: Arrivals::Poisson };
    let retry =
        RetryConfig { timeout: Span::secs(100_000), attempts: 1, backoff: Backoff::None, guards: Vec::new() };
    let (start, stop, place, routing) = (Span::ZERO, None, None, Routing::Node(0));
    let clients = vec![ClientConfig {
        count: 1,
        load,
        mix,
        routing,
        retry,
        policies: Vec::new(),
        place,
        start,
        stop,
        levels: Default::default(),
    }];
    let link = LinkConfig::with_latency(Distribution::Fixed(Span::us(100)));
    let tenths: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1000);
    let stop_at = Span::ms(100 * tenths);
    let end_at = stop_at + Span::secs(1);
    let config = WorldConfig {
        seed: 1,
        groups: service.groups(&cluster),
        network: NetworkConfig { link, topology: None, draws: Draws::PerLink },
        clients,
        faults: Vec::new(),
        schedule: Schedule { heal_at: end_at, stop_at, end_at },
        tie_break: None,
    };
    let mut world: World<<Service as Model>::Node> = World::new(config).expect("a sound world");
    assert!(world.run(Time::ZERO + end_at, &mut ()).is_continue());
    let record = world.finish();
    println!(
        "{} requests, {:?}, {} events",
        record.history.entries.len(),
        record.history.counts(),
        record.events
    );
}
