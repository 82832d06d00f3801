//! Many seeds at once, for release builds: `cargo test --release -p models --test raft_bulk -- --ignored --nocapture`.

mod common;

use common::{Sum, chaos, clients, cluster, run};
use models::raft::{Raft, Reads};
use sim_core::time::Span;

#[test]
#[ignore = "a matter of minutes; run it in a release build"]
fn the_core_over_thousands_of_seeds() {
    let mut sum = Sum::default();
    for seed in 1_000..4_000 {
        let reads = [Reads::Log, Reads::ReadIndex, Reads::Follower][(seed % 3) as usize];
        let raft =
            Raft { reads, pre_vote: seed % 2 == 0, leader_stickiness: seed % 5 != 0, ..Raft::default() };
        sum.add(seed, run(cluster(raft, 3 + 2 * (seed % 3) as u32, seed, chaos())));
    }
    println!("{sum:?}");
}

/// Five servers, a thousand operations a second, a minute: what a run costs with all invariants on.
#[test]
#[ignore = "tells a speed, which only a release build has"]
#[expect(clippy::disallowed_methods, reason = "a speed is told to a person, and nothing hangs on it")]
fn a_healthy_minute() {
    let mut config = cluster(Raft::default(), 5, 1, Vec::new());
    config.clients = vec![clients(20, 50.0)];
    let end = Span::secs(60);
    (config.schedule.heal_at, config.schedule.stop_at, config.schedule.end_at) = (end, end, end);
    let start = std::time::Instant::now();
    let record = run(config);
    let (ran, checked) = (start.elapsed(), std::time::Instant::now());
    assert!(common::not_linearizable(&record).is_none());
    println!("{} events in {ran:?}, checked in {:?}", record.events, checked.elapsed());
}
