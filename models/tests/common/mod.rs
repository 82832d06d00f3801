//! Worlds of Raft servers for the tests: a cluster, clients, and faults of every kind.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod script;

use std::collections::BTreeMap;

use checks::linearizability::{Model, Options};
use checks::verdict::Verdict;
use models::model::{Cluster, Model as _};
use models::raft::{Raft, RaftNode};
use sim_core::client::load::Load;
use sim_core::client::retry::{Backoff, RetryConfig};
use sim_core::client::workload::{Ask, Mix, Popularity, Values};
use sim_core::client::{ClientConfig, Routing};
use sim_core::disk::DiskConfig;
use sim_core::fault::{Crash, Fault, FaultLine, Shape, Target, Trigger};
use sim_core::network::link::LinkConfig;
use sim_core::processor::ProcessorConfig;
use sim_core::random::distribution::Distribution;
use sim_core::record::Record;
use sim_core::time::{Span, Time};
use sim_core::units::{Rate, Ratio};
use sim_core::world::{ClockConfig, World, WorldConfig};
use std::sync::Arc;

use models::raft::RaftConfig;

pub type Config = WorldConfig<Arc<RaftConfig>>;

pub fn ratio(share: f64) -> Ratio {
    Ratio::new(share).expect("a ratio")
}

fn uniform(min: u64, max: u64) -> Distribution {
    Distribution::Uniform { min: Span::us(min), max: Span::us(max) }
}

/// Clients that read, write and compare-and-set a few keys, a hundred times a second in all.
pub fn clients(count: u32, rate: f64) -> ClientConfig {
    let mix = Mix {
        operations: vec![(Ask::Read, 2.0), (Ask::Write, 1.0), (Ask::Cas, 1.0)],
        keys: 5,
        popularity: Popularity::Uniform,
        values: Values::Unique,
        value_bytes: 16,
    };
    ClientConfig {
        count,
        load: Load::Open { rate: Rate::per_second(rate).expect("a rate"), arrivals: Default::default() },
        mix,
        routing: Routing::Sticky,
        levels: Default::default(),
        retry: RetryConfig {
            timeout: Span::ms(300),
            attempts: 5,
            backoff: Backoff::Fixed(Span::ms(20)),
            guards: Vec::new(),
        },
        policies: Vec::new(),
        place: None,
        start: Span::ZERO,
        stop: None,
    }
}

/// A cluster on a local network with disks, ten clients, eight seconds of faults, four to settle and two to be judged in. What of an
/// administrator's plan the faults held up is carried out after them, line by line, and each removal or transfer of the
/// leader costs an election: that takes up to some 3 s.
pub fn cluster(raft: Raft, nodes: u32, seed: u64, faults: Vec<FaultLine>) -> Config {
    let cluster = Cluster {
        nodes,
        processor: ProcessorConfig::default(),
        disk: DiskConfig { sync: uniform(500, 3_000), bandwidth: None },
        clock: ClockConfig { drift_ppm: 200.0, ..ClockConfig::default() },
        places: Vec::new(),
    };
    raft.validate(&cluster).expect("sound settings");
    let link = LinkConfig::with_latency(uniform(200, 4_000));
    let mut config = WorldConfig::new(seed, nodes, (), link, vec![clients(10, 10.0)]);
    config.schedule.heal_at = Span::secs(8);
    config.schedule.stop_at = Span::secs(14);
    config.schedule.end_at = Span::secs(15);
    WorldConfig {
        seed,
        groups: raft.groups(&cluster),
        network: config.network,
        clients: config.clients,
        faults,
        schedule: config.schedule,
        tie_break: None,
    }
}

fn often(rate: f64, target: Target, fault: Fault, ms: (u64, u64)) -> FaultLine {
    let rate = Rate::per_second(rate).expect("a rate");
    let mut line = FaultLine::new(Trigger::Randomly { rate, from: Span::ZERO, until: None }, target, fault);
    line.lasts = Some(Distribution::Uniform { min: Span::ms(ms.0), max: Span::ms(ms.1) });
    line.swarm = ratio(0.6);
    line
}

/// Partitions, losses, repetitions, reordering.
pub fn network_chaos() -> Vec<FaultLine> {
    let leader = || Target::Role("leader".into());
    vec![
        often(0.3, leader(), Fault::partition(Shape::Isolate), (200, 2_000)),
        often(0.3, Target::Minority, Fault::partition(Shape::Isolate), (200, 2_000)),
        often(0.2, Target::One, Fault::partition(Shape::Halves), (200, 1_500)),
        often(0.2, Target::One, Fault::partition(Shape::MajoritiesRing), (200, 1_500)),
        often(0.2, leader(), Fault::partition(Shape::Inbound), (200, 1_500)),
        often(0.2, leader(), Fault::partition(Shape::Outbound), (200, 1_500)),
        often(0.2, Target::One, Fault::partition(Shape::Bridge), (200, 1_500)),
        often(0.5, Target::All, Fault::Loss(ratio(0.2)), (500, 2_000)),
        often(0.5, Target::All, Fault::Duplicate(ratio(0.3)), (500, 2_000)),
        often(0.5, Target::All, Fault::Reorder { share: ratio(0.3), by: Span::ms(200) }, (500, 2_000)),
        often(0.3, Target::One, Fault::Delay(uniform(10_000, 400_000)), (500, 2_000)),
    ]
}

/// All of that, and crashes, pauses, slow disks and wrong clocks.
pub fn chaos() -> Vec<FaultLine> {
    let mut faults = network_chaos();
    let crash = |how| Fault::Crash(how);
    let leader = || Target::Role("leader".into());
    faults.extend([
        often(0.6, Target::One, crash(Crash::LoseUnsynced), (50, 1_500)),
        often(0.4, leader(), crash(Crash::LoseUnsynced), (50, 1_500)),
        often(0.2, leader(), crash(Crash::KeepAll), (50, 1_500)),
        often(0.1, Target::All, crash(Crash::LoseUnsynced), (50, 300)),
        often(0.4, Target::One, Fault::Restart, (1, 2)),
        often(0.3, Target::One, Fault::Pause, (100, 1_000)),
        often(0.2, leader(), Fault::Pause, (100, 1_000)),
        often(0.2, Target::One, Fault::SlowDisk { factor: 30.0 }, (200, 1_500)),
        often(0.2, Target::One, Fault::ClockDrift { ppm: 300_000.0 }, (500, 2_000)),
        often(0.2, Target::One, Fault::ClockDrift { ppm: -300_000.0 }, (500, 2_000)),
        often(0.2, Target::One, Fault::ClockForward(Span::secs(10)), (500, 2_000)),
    ]);
    faults
}

/// Runs to the end under the model's invariants.
pub fn run(config: Config) -> Record {
    let end = Time::ZERO + config.schedule.end_at;
    let raft = config.groups[0].config.raft.clone();
    let cluster = Cluster {
        nodes: config.node_count(),
        processor: ProcessorConfig::default(),
        disk: DiskConfig::INSTANT,
        clock: ClockConfig::default(),
        places: Vec::new(),
    };
    let mut invariants = raft.invariants(&cluster);
    let mut world: World<RaftNode> = World::new(config).expect("a sound configuration");
    let _ = world.run(end, &mut invariants);
    world.finish()
}

/// What shows that the history is not that of one map, if something does.
pub fn not_linearizable(record: &Record) -> Option<String> {
    let options = Options { configurations_max: 200_000, ..Options::default() };
    match checks::linearizability::check(&record.history, Model::KeyValue, &options) {
        Verdict::Fail(witness) => Some(format!("{}: {:#?}", witness.headline, witness.story)),
        Verdict::Pass | Verdict::Unknown(_) => None,
    }
}

/// What many runs did.
#[derive(Debug, Default)]
pub struct Sum {
    pub marks: BTreeMap<String, u64>,
    pub ok: u64,
    pub unknown: u64,
    pub failed: u64,
    pub leaders_max: u64,
    pub late_elections: usize,
    pub late_failures: usize,
}

impl Sum {
    /// Adds a run; panics if it broke a property or did not get going again in the end.
    pub fn add(&mut self, seed: u64, record: Record) {
        if let Some(violation) = &record.violation {
            panic!("seed {seed}: {violation:?}");
        }
        for (mark, count) in &record.marks {
            *self.marks.entry(mark.clone()).or_default() += count;
        }
        if let Some(why) = not_linearizable(&record) {
            panic!("seed {seed}: {why}");
        }
        let (ok, failed, unknown) = record.history.counts();
        (self.ok, self.failed, self.unknown) = (self.ok + ok, self.failed + failed, self.unknown + unknown);
        self.leaders_max = self.leaders_max.max(record.marks.get("leader elected").copied().unwrap_or(0));
        let settled = record.healed.expect("it healed") + Span::secs(4);
        self.settled(seed, &record, settled);
    }

    /// Once all is healed and settled, nobody stands for election unless the plan moves the leadership; and no operation
    /// fails but around such a move. (A leader that hands over turns requests away, and five attempts 20 ms apart are
    /// used up before the next leader is there.)
    fn settled(&mut self, seed: u64, record: &Record, settled: Time) {
        let planned =
            record.marks.contains_key("membership changed") || record.marks.contains_key("transfer started");
        let elected: Vec<Time> =
            record.statuses.iter().filter(|s| s.role == "leader").map(|s| s.at).collect();
        let late = elected.iter().filter(|at| **at > settled).count();
        self.late_elections += late;
        // Of the plan's eleven lines, seven move the leadership or may.
        assert!(late <= if planned { 7 } else { 0 }, "seed {seed}: {late} elections after all had settled");
        let (before, behind) = (Span::ms(1_000), Span::ms(200));
        for entry in record.history.entries.iter().filter(|entry| entry.invoked > settled && !entry.is_ok()) {
            self.late_failures += 1;
            let near = |at: &&Time| entry.invoked + before >= **at && **at + behind >= entry.invoked;
            assert!(elected.iter().any(|at| near(&at)), "seed {seed}: {entry:?} fails while somebody leads");
        }
    }

    /// These marks were made somewhere.
    pub fn says(&self, marks: &[&str]) {
        for mark in marks {
            assert!(self.marks.get(*mark).is_some_and(|count| *count > 0), "{mark} never happened: {self:?}");
        }
    }
}
