//! Each fault does what it says, for as long as it says, and is in the record.

mod common;

use common::{Beater, at, config, record, world};
use sim_core::fault::{Crash, Event, Fault, FaultLine, Shape, Target, Trigger};
use sim_core::node::Node;
use sim_core::peer::Peer;
use sim_core::random::distribution::Distribution;
use sim_core::record::Life;
use sim_core::time::{Span, Time};
use sim_core::units::{Bandwidth, Rate, Ratio};
use sim_core::world::{World, WorldConfig};

const N0: Peer = Peer::node(0);
const N1: Peer = Peer::node(1);

fn named(name: &str) -> Target {
    Target::Nodes(vec![name.into()])
}

/// Five nodes that beat every 100 ms; the fault from second 2 to second 4, on n0.
fn with(fault: Fault) -> WorldConfig<common::Config> {
    let mut config = config(5, Span::ms(100));
    config.faults.push(FaultLine::new(Trigger::At(Span::secs(2)), named("n0"), fault).lasting(Span::secs(2)));
    config
}

/// How many beats of `from` reached `to` between two instants of true time.
fn heard(world: &World<Beater>, from: Peer, to: Peer, between: (Time, Time)) -> usize {
    let seen = &world.states().get(to).expect("it is up").seen;
    seen.iter().filter(|(sender, _, when)| *sender == from && *when >= between.0 && *when < between.1).count()
}

const DURING: (Time, Time) = (Time(2_050_000_000), Time(4_000_000_000));
const AFTER: (Time, Time) = (Time(4_050_000_000), Time(6_000_000_000));

#[test]
fn a_crash_loses_memory_and_ends() {
    let world = world(with(Fault::Crash(Crash::LoseUnsynced)));
    assert_eq!(heard(&world, N0, N1, DURING), 0);
    assert!(heard(&world, N0, N1, AFTER) >= 18);
    assert_eq!(world.states().boots(N0), 2);
    assert_eq!(world.states().get(N0).expect("up again").seen.iter().filter(|s| s.2 < at(4)).count(), 0);
    let record = world.finish();
    let lives: Vec<_> = record.lives.iter().map(|change| (change.at, change.node, change.life)).collect();
    assert_eq!(lives, [(at(2), N0, Life::Crashed), (at(4), N0, Life::Up)]);
    assert_eq!((record.faults[0].at, record.faults[0].until), (at(2), Some(at(4))));
    assert!(record.network.to_dead > 70);
}

#[test]
fn a_dead_lifes_timers_do_not_fire_in_the_next() {
    let mut config = with(Fault::Restart);
    config.faults[0].when = Trigger::At(Span::ms(2_050));
    let world = world(config);
    let fired = &world.states().get(N0).expect("up").fired;
    assert_eq!(fired[0].0, Time(2_150_000_000), "the first beat of the new life, and none of the old");
    assert!(fired.windows(2).all(|pair| pair[1].0.0 - pair[0].0.0 == 100_000_000));
}

#[test]
fn a_pause_holds_everything_back_and_loses_nothing() {
    let world = world(with(Fault::Pause));
    assert_eq!(heard(&world, N0, N1, DURING), 0);
    let seen = &world.states().get(N0).expect("it lives").seen;
    let late = seen.iter().filter(|(_, _, when)| *when == at(4)).count();
    assert!((70..=84).contains(&late), "what waited is handled at the resumption: {late}");
    assert!(heard(&world, N0, N1, AFTER) >= 18);
    assert_eq!(world.states().boots(N0), 1);
}

#[test]
fn a_slow_node_is_late_even_where_work_is_free() {
    let world = world(with(Fault::Slow { factor: 1.0, extra: Span::ms(30) }));
    // Ten beats a second of its own and forty of others', 30 ms each: it cannot keep up.
    assert!(heard(&world, N0, N1, DURING) < 12, "{}", heard(&world, N0, N1, DURING));
    assert!(heard(&world, N0, N1, (at(7), at(9))) >= 18);
}

#[test]
fn an_isolated_node_hears_nobody_and_what_is_in_flight_is_lost() {
    let world = world(with(Fault::partition(Shape::Isolate)));
    assert_eq!(heard(&world, N0, N1, DURING) + heard(&world, N1, N0, DURING), 0);
    assert!(heard(&world, N1, Peer::node(2), DURING) >= 18);
    let record = world.finish();
    assert_eq!(record.faults[0].detail, "n0 | n1 n2 n3 n4");
    assert!(record.network.blocked >= 150);
}

#[test]
fn one_way_partitions_stop_one_way() {
    let outbound = world(with(Fault::partition(Shape::Outbound)));
    assert_eq!(heard(&outbound, N0, N1, DURING), 0);
    assert!(heard(&outbound, N1, N0, DURING) >= 18);
    let inbound = world(with(Fault::partition(Shape::Inbound)));
    assert!(heard(&inbound, N0, N1, DURING) >= 18);
    assert_eq!(heard(&inbound, N1, N0, DURING), 0);
}

#[test]
fn a_partition_may_stop_a_share_or_a_kind() {
    let half = Ratio::new(0.5).expect("a ratio");
    let some = Fault::Partition { shape: Shape::Isolate, clients: false, share: half, only: None };
    let heard_half = heard(&world(with(some)), N0, N1, DURING);
    assert!((4..=16).contains(&heard_half), "{heard_half}");
    let kind = |name: &str| Fault::Partition {
        shape: Shape::Isolate,
        clients: false,
        share: Ratio::ONE,
        only: Some(name.into()),
    };
    assert!(heard(&world(with(kind("vote"))), N0, N1, DURING) >= 18);
    assert_eq!(
        heard(&world(with(kind(Beater::message_kind(&common::Beat { sent: 0, number: 0 })))), N0, N1, DURING),
        0
    );
}

#[test]
fn links_lose_delay_repeat_hold_back_and_narrow() {
    let lossy = world(with(Fault::Loss(Ratio::new(0.5).expect("a ratio"))));
    let left = heard(&lossy, N0, N1, DURING);
    assert!((4..=16).contains(&left), "{left}");
    assert!(heard(&lossy, N1, Peer::node(2), DURING) >= 18, "other links are as they were");

    let slow = world(with(Fault::Delay(Distribution::Fixed(Span::ms(500)))));
    assert_eq!(heard(&slow, N0, N1, (Time(2_050_000_000), Time(2_500_000_000))), 0);
    assert!(heard(&slow, N0, N1, (Time(2_500_000_000), Time(4_000_000_000))) >= 14);

    let twice = record(with(Fault::Duplicate(Ratio::ONE)));
    assert!((140..=170).contains(&twice.network.duplicated), "{:?}", twice.network);

    let held = Fault::Reorder { share: Ratio::new(0.5).expect("a ratio"), by: Span::secs(1) };
    let world_held = world(with(held));
    let numbers: Vec<u64> =
        world_held.states().get(N1).expect("up").seen.iter().filter(|s| s.0 == N0).map(|s| s.1).collect();
    assert!(numbers.windows(2).any(|pair| pair[0] > pair[1]), "some overtook others");

    let narrow = with(Fault::Bandwidth(Bandwidth::bytes_per_second(80.0).expect("a bandwidth")));
    // A beat has 16 bytes: at 80 bytes a second five of twenty get through in each of the two seconds.
    let through = heard(&world(narrow), N0, N1, DURING);
    assert!((8..=11).contains(&through), "{through}");
}

#[test]
fn clocks_step_and_drift_and_timers_follow_the_clock() {
    let forward = world(with(Fault::ClockForward(Span::secs(100))));
    let node = forward.states().get(N0).expect("up");
    let wall = |when: u64| node.fired.iter().find(|(now, _)| *now >= at(when)).expect("it beats").1;
    assert_eq!(wall(3).since(at(3)), Span::secs(100));
    assert!(wall(5).since(at(5)) < Span::ms(101));

    let fast = world(with(Fault::ClockDrift { ppm: 1e6 }));
    assert_eq!(heard(&fast, N0, N1, (Time(2_500_000_000), Time(3_500_000_000))), 20, "twice as fast");
    assert!(heard(&fast, N0, N1, (at(5), at(6))) <= 11);

    let frozen = world(with(Fault::ClockDrift { ppm: -1e6 }));
    assert_eq!(heard(&frozen, N0, N1, DURING), 0);
    assert!(heard(&frozen, N0, N1, AFTER) >= 18);
}

#[test]
fn a_line_strikes_when_its_trigger_says() {
    let strikes = |when: Trigger| {
        let mut config = config(5, Span::ms(100));
        config.groups[0].config.leader = true;
        config.schedule.heal_at = Span::secs(9);
        config.faults.push(FaultLine::new(when, Target::One, Fault::Restart));
        record(config).faults.iter().map(|injection| injection.at).collect::<Vec<_>>()
    };
    assert_eq!(strikes(Trigger::At(Span::secs(3))), [at(3)]);
    let every = Trigger::Every {
        gap: Distribution::Fixed(Span::secs(2)),
        from: Span::secs(1),
        until: Some(Span::secs(8)),
    };
    assert_eq!(strikes(every), [at(3), at(5), at(7)]);
    let rate = Rate::per_second(5.0).expect("a rate");
    let randomly = strikes(Trigger::Randomly { rate, from: Span::ZERO, until: None }).len();
    assert!((25..=70).contains(&randomly), "{randomly}");
    let chance = Trigger::Chance {
        probability: Ratio::new(0.25).expect("a ratio"),
        step: Span::ms(100),
        from: Span::ZERO,
        until: None,
    };
    let hits = strikes(chance).len();
    assert!((10..=35).contains(&hits), "{hits}");
    let on = |event, skip, times| Trigger::On { event, after: Span::ms(5), skip, times, from: Span::ZERO };
    assert_eq!(strikes(on(Event::Mark("third beat".into()), 0, 1)), [Time(305_000_000)]);
    // Five nodes make the mark at 300 ms; each restart leads to another. Four are let pass, nine is the most.
    let marks = strikes(on(Event::Mark("third beat".into()), 4, 3));
    assert_eq!((marks.len(), marks[0]), (3, Time(305_000_000)));
    assert!(marks[1] > marks[0], "the second strike waits for a mark that the first one led to");
    assert_eq!(strikes(on(Event::Becomes("leader".into()), 0, 1)), [Time(5_000_000)]);
}

#[test]
fn targets_are_found_by_role_count_and_cause() {
    let hit = |target: Target| {
        let mut config = config(5, Span::ms(100));
        config.groups[0].config.leader = true;
        let when = if target == Target::Cause {
            Trigger::On {
                event: Event::Becomes("leader".into()),
                after: Span::secs(1),
                skip: 0,
                times: 1,
                from: Span::ZERO,
            }
        } else {
            Trigger::At(Span::secs(1))
        };
        config.faults.push(FaultLine::new(when, target, Fault::Pause).lasting(Span::secs(1)));
        record(config).faults.first().map_or(Vec::new(), |injection| injection.targets.clone())
    };
    assert_eq!(hit(Target::Role("leader".into())), [N0]);
    assert_eq!(hit(Target::Cause), [N0]);
    assert_ne!(hit(Target::NotRole("leader".into())), [N0]);
    assert_eq!(hit(Target::Role("witness".into())), []);
    let sizes =
        [Target::One, Target::Some(2), Target::Minority, Target::Majority, Target::All].map(|t| hit(t).len());
    assert_eq!(sizes, [1, 2, 2, 3, 5]);
}

#[test]
fn a_swarm_leaves_lines_out_and_a_line_spares_a_quorum() {
    let mut config = config(5, Span::ms(100));
    let crash = FaultLine::new(Trigger::At(Span::secs(1)), Target::All, Fault::Crash(Crash::KeepAll));
    config.faults.push(FaultLine { keep_up: 3, ..crash.clone() });
    assert_eq!(record(config.clone()).faults[0].targets.len(), 2);
    config.faults = vec![FaultLine { swarm: Ratio::new(0.5).expect("a ratio"), ..crash }];
    let in_force = (0..200).filter(|seed| {
        config.seed = *seed;
        !record(config.clone()).faults.is_empty()
    });
    let count = in_force.count();
    assert!((75..=125).contains(&count), "{count}");
}

#[test]
fn everything_heals_and_nothing_strikes_after() {
    let mut config = config(5, Span::ms(100));
    config.schedule.heal_at = Span::secs(5);
    for fault in
        [Fault::Crash(Crash::Wipe), Fault::Pause, Fault::partition(Shape::Halves), Fault::Loss(Ratio::ONE)]
    {
        let every = Trigger::Every { gap: Distribution::Fixed(Span::ms(700)), from: Span::ZERO, until: None };
        config.faults.push(FaultLine::new(every, Target::One, fault));
    }
    let world = world(config);
    for from in 0..5 {
        for to in (0..5).filter(|to| *to != from) {
            let beats = heard(&world, Peer::node(from), Peer::node(to), (at(6), at(8)));
            assert!(beats >= 18, "{from} to {to}: {beats}");
        }
    }
    let record = world.finish();
    assert_eq!(record.healed, Some(at(5)));
    assert!(record.faults.iter().all(|injection| injection.at < at(5) && injection.until <= Some(at(5))));
}

#[test]
fn a_plan_that_makes_no_sense_is_refused_with_its_place() {
    let refuse = |line: FaultLine, path: &str, part: &str| {
        let mut config = config(3, Span::ms(100));
        config.faults.push(line);
        let error = World::<Beater>::new(config).err().expect(part);
        assert!(error.path == path && error.message.contains(part), "{error}");
    };
    let line = |target, fault| FaultLine::new(Trigger::At(Span::ZERO), target, fault);
    refuse(line(named("n7"), Fault::Pause), "faults[0].target", "there are n0, n1, n2");
    refuse(line(Target::Some(4), Fault::Pause), "faults[0].target", "3 nodes");
    refuse(line(Target::Cause, Fault::Pause), "faults[0].target", "On(");
    refuse(line(Target::Zone("z".into()), Fault::Pause), "faults[0].target", "no zone");
    refuse(line(Target::Clients, Fault::Pause), "faults[0].target", "clients have no");
    refuse(line(Target::One, Fault::ClockDrift { ppm: f64::NAN }), "faults[0].fault", "ppm");
    refuse(line(Target::One, Fault::SlowDisk { factor: 0.5 }), "faults[0].fault", "1 or more");
}
