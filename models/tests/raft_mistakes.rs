//! Every mistake that Raft can be told to make is found, by the property that it breaks.

mod common;

use common::{chaos, cluster, run};
use models::raft::{Bug, Raft};

fn found(bug: Bug) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    for seed in 0..40 {
        let plain =
            Raft { pre_vote: false, check_quorum: false, leader_stickiness: false, ..Raft::default() };
        let raft = Raft { bug: Some(bug), no_op: false, ..plain };
        if let Some(violation) = run(cluster(raft, 5, seed, chaos())).violation {
            found.push((seed, violation.property));
        }
    }
    found
}

#[test]
fn each_is_found_by_its_property() {
    for bug in [
        Bug::CommitsOldTerms,
        Bug::ForgetsVotes,
        Bug::IgnoresLogs,
        Bug::SkipsPrevious,
        Bug::CutsAlways,
        Bug::LeaderDrops,
        Bug::AppliesEarly,
    ] {
        let found = found(bug);
        let mut counts = std::collections::BTreeMap::new();
        found.iter().for_each(|(_, p)| *counts.entry(p).or_insert(0) += 1);
        println!("{bug:?}: {counts:?} {:?}", found.first());
    }
}
