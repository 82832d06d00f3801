//! Raft under random faults: over many seeds no property is violated, every history is plain to see, and what should
//! happen sometimes does.

mod common;

use common::{Sum, chaos, cluster, run};
use models::raft::{Persistence, Raft, Reads};

#[test]
fn nothing_is_violated_over_many_seeds() {
    let mut sum = Sum::default();
    for seed in 0..150 {
        let raft = Raft { pre_vote: seed % 2 == 0, check_quorum: seed % 3 != 0, ..Raft::default() };
        let raft = Raft { leader_stickiness: seed % 5 != 0, no_op: seed % 7 != 0, ..raft };
        let raft = Raft {
            in_flight_max: [8, 1, 2, 16][(seed % 4) as usize],
            batch_entries_max: [4, 8, 64][(seed % 3) as usize],
            ..raft
        };
        let reads = [Reads::Log, Reads::ReadIndex, Reads::Follower, Reads::Log][(seed % 4) as usize];
        let raft = Raft { reads, ..raft };
        sum.add(seed, run(cluster(raft, 5, seed, chaos())));
    }
    sum.says(&["leader elected", "stepped down", "election started", "log truncated"]);
    assert!(sum.ok > 20_000 && sum.leaders_max > 3, "{sum:?}");
}

#[test]
fn without_disks_and_without_crashes_nothing_is_violated_either() {
    let mut sum = Sum::default();
    for seed in 0..40 {
        let raft = Raft { persistence: Persistence::Memory, ..Raft::default() };
        sum.add(seed, run(cluster(raft, 3, seed, common::network_chaos())));
    }
    sum.says(&["leader elected"]);
}
