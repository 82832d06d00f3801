//! Time and memory of a rumor that reaches everyone, by the number of nodes: `gossip_scale [push|pull|push-pull]
//! [cycles|freely] [nodes…]`, from 10⁴ to 10⁷ nodes if none are given: some three minutes and 2.5 GB. Build it with
//! `--release`.
//!
//! Each size runs in a process of its own, so that its peak memory is its own.

use models::gossip::rumor::{Exchange, Feedback, Interest, Pace, Rumor};
use models::model::{Cluster, Model};
use sim_core::disk::DiskConfig;
use sim_core::network::link::LinkConfig;
use sim_core::network::{Draws, NetworkConfig};
use sim_core::processor::ProcessorConfig;
use sim_core::random::distribution::Distribution;
use sim_core::time::{Span, Time};
use sim_core::units::Bytes;
use sim_core::world::{ClockConfig, Schedule, World, WorldConfig};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let exchange = match () {
        () if has("pull") => Exchange::Pull,
        () if has("push-pull") => Exchange::PushPull,
        () => Exchange::Push,
    };
    let freely = has("freely");
    let sizes: Vec<u32> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    if let [nodes] = sizes[..] {
        return one(nodes, exchange, freely);
    }
    let sizes = if sizes.is_empty() { vec![10_000, 100_000, 1_000_000, 10_000_000] } else { sizes };
    println!(
        "     nodes   rounds      events  events/node   seconds  Mevents/s  ns/(N log2 N)  peak MB  bytes/node"
    );
    for nodes in sizes {
        let words = arguments.iter().filter(|argument| argument.parse::<u32>().is_err());
        let me = std::env::current_exe().expect("this program");
        let status = std::process::Command::new(me).args(words).arg(nodes.to_string()).status();
        assert!(status.expect("a process").success());
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures wall time")]
fn one(nodes: u32, exchange: Exchange, freely: bool) {
    let second = Span::secs(1);
    let model = Rumor {
        exchange,
        pace: if freely {
            Pace::Freely(Distribution::Uniform { min: Span::ms(500), max: Span::ms(1500) })
        } else {
            Pace::Cycles(second)
        },
        feedback: Feedback::Blind,
        interest: Interest::Kept,
        origins: 1,
        fanout: 1,
        connections: None,
        hunts: 0,
        payload: Bytes(1024),
    };
    let cluster = Cluster {
        nodes,
        processor: ProcessorConfig::default(),
        disk: DiskConfig::INSTANT,
        clock: ClockConfig::default(),
        places: Vec::new(),
    };
    let latency = if freely {
        Distribution::Uniform { min: Span::ms(10), max: Span::ms(100) }
    } else {
        Distribution::ZERO
    };
    let start = std::time::Instant::now();
    let mut world: World<<Rumor as Model>::Node> = World::new(WorldConfig {
        seed: 1,
        groups: model.groups(&cluster),
        network: NetworkConfig {
            link: LinkConfig::with_latency(latency),
            topology: None,
            draws: Draws::PerSender,
        },
        clients: Vec::new(),
        faults: Vec::new(),
        schedule: Schedule { heal_at: Span::secs(1000), stop_at: Span::secs(1000), end_at: Span::secs(1000) },
        tie_break: None,
    })
    .expect("a sound configuration");
    let mut round = 0;
    while world.states().live().count() == 0 || world.states().live().any(|(_, node)| !node.has_heard()) {
        round += 1;
        assert!(world.run(Time(round * second.0), &mut ()).is_continue());
    }
    let events = world.events();
    let record = world.finish();
    let seconds = start.elapsed().as_secs_f64();
    let last = record.measures["heard_round"].iter().map(|measure| measure.value).max().unwrap_or(0);
    let (n, e) = (f64::from(nodes), events as f64);
    let peak = peak_kb();
    println!(
        "{nodes:>10} {last:>8} {events:>11} {:>12.1} {seconds:>9.3} {:>10.2} {:>14.1} {:>8} {:>11.0}",
        e / n,
        e / seconds / 1e6,
        seconds * 1e9 / (n * libm::log2(n)),
        peak / 1024,
        peak as f64 * 1024.0 / n,
    );
}

/// The peak of this process's resident memory, where the system tells.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
