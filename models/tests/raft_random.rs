//! Raft under random faults: over many seeds no property is violated, every history is linearizable, the cluster gets
//! going again, and what should happen sometimes does. And what is wrong on purpose is found by the checker.

mod common;

use common::{Config, Sum, chaos, clients, cluster, network_chaos, not_linearizable, run};
use models::raft::{Action, Admin, Persistence, Raft, Reads, Scheme, Snapshots};
use sim_core::client::Routing;
use sim_core::client::workload::Ask;
use sim_core::fault::{Crash, Fault, FaultLine, Shape, Target, Trigger};
use sim_core::time::Span;

/// The core with its options in many combinations.
#[test]
fn nothing_is_violated_over_many_seeds() {
    let mut sum = Sum::default();
    for seed in 0..150 {
        let pick = |n: u64| (seed % n) as usize;
        let raft = Raft {
            pre_vote: pick(2) == 0,
            check_quorum: pick(3) != 0,
            leader_stickiness: pick(5) != 0,
            no_op: pick(7) != 0,
            in_flight_max: [8, 1, 2, 16][pick(4)],
            batch_entries_max: [4, 8, 64][pick(3)],
            reads: [Reads::Log, Reads::ReadIndex, Reads::Follower, Reads::Log][pick(4)],
            snapshots: (pick(3) == 1).then_some(Snapshots {
                every_entries: 40,
                keep_entries: seed % 20,
                chunk_bytes: 100,
            }),
            ..Raft::default()
        };
        sum.add(seed, run(cluster(raft, 5, seed, chaos())));
    }
    sum.says(&["leader elected", "stepped down", "election started", "log truncated", "retry answered"]);
    sum.says(&["snapshot taken", "snapshot sent", "snapshot installed", "quorum lost", "vote disregarded"]);
    assert!(sum.ok > 20_000 && sum.leaders_max > 3, "{sum:?}");
}

#[test]
fn without_disks_and_without_crashes_nothing_is_violated_either() {
    let mut sum = Sum::default();
    for seed in 0..40 {
        let raft = Raft { persistence: Persistence::Memory, ..Raft::default() };
        sum.add(seed, run(cluster(raft, 3, seed, network_chaos())));
    }
    sum.says(&["leader elected"]);
}

fn line(at_ms: u64, action: Action) -> Admin {
    Admin { at: Span::ms(at_ms), action, by: None }
}

/// Three of seven servers grow to five, shrink, are replaced, hand over, all under faults (D 3.10, D 4).
fn grow_and_shrink(seed: u64) -> Config {
    let raft = Raft {
        voters: Some(3),
        scheme: if seed.is_multiple_of(2) { Scheme::Single } else { Scheme::Joint },
        pre_vote: !seed.is_multiple_of(3),
        // Without it the removed servers disrupt for ever (D 4.2.3).
        leader_stickiness: true,
        reads: [Reads::Log, Reads::ReadIndex, Reads::Follower][(seed % 3) as usize],
        snapshots: Some(Snapshots { every_entries: 60, keep_entries: 10, chunk_bytes: 200 }),
        admin: vec![
            line(500, Action::AddServer(3)),
            line(1_000, Action::AddServer(4)),
            line(1_500, Action::Transfer(None)),
            line(2_000, Action::RemoveServer(0)),
            line(2_500, Action::RemoveLeader),
            line(3_000, Action::SetVoters(vec![2, 4, 5, 6])),
            line(4_000, Action::AddLearner(0)),
            line(4_500, Action::Transfer(Some(5))),
            line(5_000, Action::SetVoters(vec![0, 1, 2])),
            line(6_000, Action::RemoveLeader),
            line(6_500, Action::AddServer(6)),
        ],
        ..Raft::default()
    };
    cluster(raft, 7, seed, chaos())
}

#[test]
fn membership_changes_under_faults_violate_nothing() {
    let mut sum = Sum::default();
    for seed in 0..150 {
        sum.add(seed, run(grow_and_shrink(seed)));
    }
    sum.says(&["membership changed", "leader removed", "transfer started", "transfer taken"]);
    sum.says(&["snapshot installed", "transfer given up"]);
}

#[test]
#[ignore = "a matter of minutes; run it in a release build"]
fn membership_changes_over_thousands_of_seeds() {
    let mut sum = Sum::default();
    for seed in 1_000..3_000 {
        sum.add(seed, run(grow_and_shrink(seed)));
    }
    println!("{sum:?}");
}

/// Leases under everything but clocks that drift beyond the bound (D 6.4.1).
#[test]
fn leases_hold_while_clocks_keep_the_bound() {
    let mut sum = Sum::default();
    for seed in 0..100 {
        let faults = chaos();
        let tame = |line: &FaultLine| !matches!(line.fault, Fault::ClockDrift { .. });
        let faults = faults.into_iter().filter(tame).collect();
        let raft = Raft { reads: Reads::Lease { drift_ppm: 200.0 }, ..Raft::default() };
        sum.add(seed, run(cluster(raft, 5, seed, faults)));
    }
    sum.says(&["read under lease"]);
}

/// In how many of these runs the checker finds a violation.
fn found(seeds: u64, config: impl Fn(u64) -> Config) -> usize {
    (0..seeds).filter(|seed| not_linearizable(&run(config(*seed))).is_some()).count()
}

#[test]
fn wrong_reads_and_lost_sessions_are_found() {
    let with =
        |reads: Reads| move |seed| cluster(Raft { reads, ..Raft::default() }, 3, seed, network_chaos());
    assert!(found(20, with(Reads::Local)) > 15);
    let own = |seed| {
        let plain =
            Raft { check_quorum: false, pre_vote: false, leader_stickiness: false, ..Raft::default() };
        let raft = Raft { reads: Reads::LeaderLocal, ..plain };
        let mut config = cluster(raft, 3, seed, network_chaos());
        config.clients[0].routing = Routing::Own;
        config
    };
    assert!(found(40, own) > 3);
    let forgetful = |seed| {
        let mut config = cluster(Raft { sessions: false, ..Raft::default() }, 3, seed, chaos());
        config.clients[0].mix.operations = vec![(Ask::Append, 1.0), (Ask::Read, 1.0)];
        config
    };
    assert!(found(20, forgetful) > 10);
}

/// A leader whose clock runs at a tenth of the true rate thinks that its lease lasts while another is elected
/// (D 6.4.1): beyond the bound the checker finds stale reads, within it none.
#[test]
fn a_lease_beyond_its_bound_is_found() {
    let with = |drift_ppm: f64| {
        move |seed| {
            let leader = || Target::Role("leader".into());
            let at = |ms| Trigger::At(Span::ms(ms));
            let slow = Fault::ClockDrift { ppm: -900_000.0 };
            let faults = vec![
                FaultLine::new(at(2_000), leader(), slow).lasting(Span::secs(4)),
                FaultLine::new(at(3_000), leader(), Fault::partition(Shape::Isolate)).lasting(Span::secs(2)),
            ];
            let raft = Raft { reads: Reads::Lease { drift_ppm }, check_quorum: false, ..Raft::default() };
            let mut config = cluster(raft, 3, seed, faults);
            config.clients[0].routing = Routing::Own;
            config
        }
    };
    let stale = found(20, with(200.0));
    assert!(stale > 5, "{stale} of 20");
    assert_eq!(found(20, with(950_000.0)), 0);
}

#[test]
fn memory_alone_forgets() {
    let faults = || {
        let mut faults = chaos();
        faults.retain(|line| matches!(line.fault, Fault::Crash(Crash::LoseUnsynced) | Fault::Restart));
        faults
    };
    let config = |seed| {
        let raft = Raft { persistence: Persistence::Memory, pre_vote: false, ..Raft::default() };
        let mut config = cluster(raft, 3, seed, faults());
        config.clients = vec![clients(5, 20.0)];
        config
    };
    let broken = (0..20).filter(|seed| {
        let record = run(config(*seed));
        record.violation.is_some() || not_linearizable(&record).is_some()
    });
    assert!(broken.count() > 5);
}
