//! Processors, disks, clocks and places: what the machines under the nodes do.

mod common;

use common::{Config, at, clients, config, record, world};
use sim_core::disk::DiskConfig;
use sim_core::fault::{Crash, Fault, FaultLine, Target, Trigger};
use sim_core::network::link::LinkConfig;
use sim_core::network::topology::Topology;
use sim_core::node::{Context, Node};
use sim_core::peer::Peer;
use sim_core::processor::Overflow;
use sim_core::random::distribution::Distribution;
use sim_core::record::Life;
use sim_core::time::{Span, Time};
use sim_core::units::{Bandwidth, Ratio};
use sim_core::world::{NodeGroup, World, WorldConfig};

/// One node, requests of 10 ms, `rate` of them a second.
fn server(workers: u32, rate: f64, exponential: bool) -> WorldConfig<Config> {
    let mut config = config(1, Span::ZERO);
    config.network.link.latency = Distribution::ZERO;
    // Through the disk an answer would wait twice: its completion stands in the same inbox.
    config.groups[0].config.direct = true;
    config.groups[0].processor.workers = workers;
    config.groups[0].processor.request = if exponential {
        Distribution::Exponential { mean: Span::ms(10) }
    } else {
        Distribution::Fixed(Span::ms(10))
    };
    config.clients = vec![clients(1, rate, Span::secs(100), 1)];
    config.run_for(Span::secs(400));
    config.schedule.end_at = Span::secs(420);
    config
}

fn mean_ms(config: WorldConfig<Config>) -> f64 {
    let record = record(config);
    let ok: Vec<f64> = record
        .history
        .entries
        .iter()
        .filter(|e| e.is_ok())
        .map(|e| e.completed.since(e.invoked).as_ms_f64())
        .collect();
    assert_eq!(ok.len(), record.history.entries.len());
    ok.iter().sum::<f64>() / ok.len() as f64
}

#[test]
fn queues_are_as_long_as_theory_says() {
    // M/M/1 at 70%: 10 / (1 − 0.7) = 33.3 ms. M/D/1: 10 + 10·0.7/(2·0.3) = 21.7 ms. M/M/4 at 80%:
    // 10 + Erlang C .5964 · 10 / (4·0.2) = 17.5 ms. 28,000 and more requests each.
    let close = |measured: f64, theory: f64| {
        assert!((measured / theory - 1.0).abs() < 0.06, "{measured} ms against {theory} ms");
    };
    close(mean_ms(server(1, 70.0, true)), 33.33);
    close(mean_ms(server(1, 70.0, false)), 21.67);
    close(mean_ms(server(4, 320.0, true)), 17.46);
}

#[test]
fn a_full_inbox_drops_or_rejects() {
    let full = |overflow| {
        let mut config = server(1, 300.0, false);
        config.run_for(Span::secs(10));
        config.schedule.end_at = Span::secs(120);
        config.groups[0].processor.inbox = Some(5);
        config.groups[0].processor.overflow = overflow;
        record(config)
    };
    let dropped = full(Overflow::Drop);
    let (ok, failed, unknown) = dropped.history.counts();
    assert!(
        (990..=1010).contains(&ok) && failed == 0,
        "a hundred a second are served: {ok} {failed} {unknown}"
    );
    assert_eq!(dropped.network.inbox_full, unknown);
    let (ok, failed, unknown) = full(Overflow::Reject).history.counts();
    assert!((990..=1010).contains(&ok) && unknown == 0 && failed > 1_500, "{ok} {failed} {unknown}");
}

#[test]
fn a_busy_processor_is_late_with_its_timers() {
    let mut config = server(1, 300.0, false);
    config.run_for(Span::secs(10));
    config.groups[0].config.beat = Span::ms(100);
    config.groups[0].config.nodes = 1;
    let world = world(config);
    let fired = world.states().get(Peer::node(0)).expect("up").fired.len();
    assert!(fired < 15, "a hundred beats were due, the queue grew by two seconds a second: {fired}");
}

#[test]
fn an_answer_given_before_a_crash_is_on_disk_after_it() {
    let mut config = config(1, Span::ZERO);
    config.groups[0].disk =
        DiskConfig { sync: Distribution::Exponential { mean: Span::ms(5) }, bandwidth: None };
    config.clients = vec![clients(1, 200.0, Span::secs(1), 1)];
    config.faults.push(FaultLine::new(
        Trigger::At(Span::secs(5)),
        Target::All,
        Fault::Crash(Crash::LoseUnsynced),
    ));
    config.schedule.heal_at = Span::secs(6);
    let world = world(config);
    let found = world.states().get(Peer::node(0)).expect("up").found_on_disk.len();
    let record = world.finish();
    let early = record.history.entries.iter().filter(|e| e.invoked < at(5));
    let (answered, asked) = (early.clone().filter(|e| e.is_ok()).count(), early.count());
    assert!(answered <= found && found < asked, "{answered} answered, {found} found, {asked} asked");
}

#[test]
fn a_disk_is_as_fast_as_it_says_and_slower_when_it_is_slow() {
    let latency = |slow: bool| {
        let mut config = config(1, Span::ZERO);
        config.network.link.latency = Distribution::ZERO;
        // One byte at 100 bytes a second: 10 ms, on top of 5.
        let bandwidth = Bandwidth::bytes_per_second(100.0);
        config.groups[0].disk = DiskConfig { sync: Distribution::Fixed(Span::ms(5)), bandwidth };
        config.clients = vec![clients(1, 1.0, Span::secs(1), 1)];
        if slow {
            config.faults.push(FaultLine::new(
                Trigger::At(Span::ZERO),
                Target::All,
                Fault::SlowDisk { factor: 10.0 },
            ));
            config.schedule.heal_at = Span::secs(10);
        }
        let record = record(config);
        let first = &record.history.entries[0];
        first.completed.since(first.invoked)
    };
    assert_eq!((latency(false), latency(true)), (Span::ms(15), Span::ms(150)));
}

#[test]
fn wiped_flushed_and_lost_disks_differ() {
    let left = |how| {
        let mut config = config(1, Span::ZERO);
        config.groups[0].disk = DiskConfig { sync: Distribution::Fixed(Span::secs(3)), bandwidth: None };
        config.clients = vec![clients(1, 20.0, Span::secs(1), 1)];
        config.faults.push(
            FaultLine::new(Trigger::At(Span::secs(5)), Target::All, Fault::Crash(how)).lasting(Span::ms(1)),
        );
        world(config).states().get(Peer::node(0)).expect("up").found_on_disk.len()
    };
    assert_eq!((left(Crash::Wipe), left(Crash::LoseUnsynced)), (0, 1));
    assert!(left(Crash::KeepAll) > 60);
}

#[test]
fn clocks_are_off_by_what_they_are_allowed() {
    let mut config = config(50, Span::secs(1));
    config.groups[0].clock.offset = Span::secs(1);
    config.groups[0].clock.drift_ppm = 1_000.0;
    let world = world(config);
    let mut offsets = Vec::new();
    for (_, node) in world.states().live() {
        let (local, wall) = node.fired[0];
        offsets.push(wall.0 as i64 - local.0 as i64);
    }
    assert!(offsets.iter().all(|offset| offset.abs() <= 1_000_000_000));
    assert!(offsets.iter().any(|o| *o > 500_000_000) && offsets.iter().any(|o| *o < -500_000_000));
}

#[test]
fn regions_are_as_far_apart_as_the_matrix_says() {
    let near = LinkConfig::with_latency(Distribution::Fixed(Span::ms(1)));
    let regions = ["east", "west"].map(|name| (name.to_string(), Vec::new()));
    let mut config = config(4, Span::secs(1));
    config.network.topology = Some(Topology {
        regions: regions.into_iter().collect(),
        within_zone: near,
        within_region: None,
        between_regions: LinkConfig::with_latency(Distribution::ZERO),
        rtt: vec![("east".into(), "west".into(), Span::ms(80))],
        one_way: Vec::new(),
    });
    let world = world(config);
    // Nodes 0 and 2 are in the east, 1 and 3 in the west.
    let seen = &world.states().get(Peer::node(0)).expect("up").seen;
    let first = |from| seen.iter().find(|(sender, ..)| *sender == Peer::node(from)).expect("heard").2;
    assert_eq!((first(2), first(1)), (Time(1_001_000_000), Time(1_040_000_000)));
    assert_eq!(world.nodes()[1].place, "west");
}

#[derive(Clone, Debug, Hash)]
enum Word {
    Ask,
    Answer,
}
struct Asker {
    answers: u32,
}
struct Answerer;
impl Node for Asker {
    type Config = Peer;
    type Message = Word;
    type Timer = ();
    fn boot(_: &Peer, ctx: &mut Context<'_, Word, ()>) -> Asker {
        ctx.arm((), Span::ms(10));
        Asker { answers: 0 }
    }
    fn on_message(&mut self, _: Peer, _: Word, _: &mut Context<'_, Word, ()>) {
        self.answers += 1;
    }
    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Word, ()>) {
        ctx.send(Peer::node(2), Word::Ask);
        ctx.arm((), Span::ms(10));
    }
}
impl Node for Answerer {
    type Config = ();
    type Message = Word;
    type Timer = ();
    fn boot((): &(), _: &mut Context<'_, Word, ()>) -> Answerer {
        Answerer
    }
    fn on_message(&mut self, from: Peer, _: Word, ctx: &mut Context<'_, Word, ()>) {
        ctx.send(from, Word::Answer);
    }
    fn on_timer(&mut self, (): (), _: &mut Context<'_, Word, ()>) {}
}
sim_core::node_kinds! {
    enum Mixed { Asker(Asker), Answerer(Answerer) }
    #[derive(Clone)]
    enum MixedConfig;
    messages Word, timers ();
}

#[test]
fn different_kinds_of_node_live_in_one_cluster() {
    let link = LinkConfig::with_latency(Distribution::Fixed(Span::ms(1)));
    let mut config = WorldConfig::new(1, 2, MixedConfig::Asker(Peer::node(2)), link, Vec::new());
    let plain = config.groups[0].clone();
    let processor = sim_core::processor::ProcessorConfig {
        message: Distribution::Fixed(Span::ms(8)),
        ..plain.processor.clone()
    };
    config.groups.push(NodeGroup {
        name: "db".into(),
        count: 1,
        config: MixedConfig::Answerer(()),
        processor,
        ..plain
    });
    assert_eq!(config.names().nodes, ["n0", "n1", "db0"]);
    let mut world: World<Mixed> = World::new(config).expect("sound");
    assert!(world.run(at(10), &mut ()).is_continue());
    let answers = |node| match world.states().get(Peer::node(node)) {
        Some(Mixed::Asker(asker)) => asker.answers,
        _ => panic!("node {node} asks"),
    };
    // The database serves 125 a second; 200 a second are asked.
    assert!((1_240..=1_250).contains(&(answers(0) + answers(1))));
}

/// Counts the syncs that failed, and stops at the first.
mod failing {
    use sim_core::disk::{SyncId, SyncResult};
    use sim_core::node::{Context, Node};
    use sim_core::peer::Peer;

    pub struct Careful;

    impl Node for Careful {
        type Config = ();
        type Message = ();
        type Timer = ();
        fn boot((): &(), ctx: &mut Context<'_, (), ()>) -> Careful {
            ctx.write(0, 0, b"x");
            ctx.sync();
            Careful
        }
        fn on_message(&mut self, _: Peer, (): (), _: &mut Context<'_, (), ()>) {}
        fn on_timer(&mut self, (): (), _: &mut Context<'_, (), ()>) {}
        fn on_synced(&mut self, _: SyncId, result: SyncResult, ctx: &mut Context<'_, (), ()>) {
            match result {
                SyncResult::Failed => ctx.halt("disk failed"),
                SyncResult::Durable => {
                    ctx.sync();
                }
            }
        }
    }
}

/// Syncs take a second. One that begins under the fault fails, unless the fault is over when it ends; a process that
/// stopped for it boots again then.
#[test]
fn a_sync_fails_while_the_fault_lasts_and_not_after() {
    let lives = |from_ms: u64, for_ms: u64| {
        let link = LinkConfig::with_latency(Distribution::ZERO);
        let mut config = WorldConfig::new(1, 1, (), link, Vec::new());
        config.groups[0].disk = DiskConfig { sync: Distribution::Fixed(Span::secs(1)), bandwidth: None };
        let fault = Fault::SyncFails(Ratio::ONE);
        let line = FaultLine::new(Trigger::At(Span::ms(from_ms)), Target::All, fault);
        config.faults.push(line.lasting(Span::ms(for_ms)));
        (config.schedule.heal_at, config.schedule.end_at) = (Span::secs(8), Span::secs(10));
        let mut world: World<failing::Careful> = World::new(config).expect("a sound configuration");
        let _ = world.run(at(10), &mut ());
        world.finish().lives.iter().map(|change| (change.at.0 / 1_000_000, change.life)).collect::<Vec<_>>()
    };
    assert_eq!(lives(1_500, 300), [], "over before the sync that began at 1 s ends, and none began under it");
    assert_eq!(lives(1_500, 800), [], "in force at 2 s, when one ends that had begun before it");
    assert_eq!(lives(1_500, 2_000), [(3_000, Life::Halted), (3_500, Life::Up)]);
    assert_eq!(lives(1_900, 1_000), [], "the sync that was to fail ends when the fault is over");
}
