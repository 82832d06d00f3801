//! Every mistake that Raft can be told to make is found under random faults, by the property that it breaks. Those that
//! chance finds too rarely are found by scripts: `figure_8_by_counting`, `forgotten_vote`, `early_change`.

mod common;

use common::{chaos, cluster, run};
use models::raft::{Bug, Raft};

/// The property that is broken first in most of a few dozen runs.
fn found(bug: Bug) -> (usize, String) {
    let mut counts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for seed in 0..30 {
        let plain =
            Raft { pre_vote: false, check_quorum: false, leader_stickiness: false, ..Raft::default() };
        let raft = Raft { bug: Some(bug), no_op: false, ..plain };
        if let Some(violation) = run(cluster(raft, 5, seed, chaos())).violation {
            *counts.entry(violation.property).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(property, count)| (count, property)).unwrap_or_default()
}

#[test]
fn each_is_found_by_its_property() {
    for (bug, property, least) in [
        (Bug::IgnoresLogs, "leader completeness", 20),
        (Bug::SkipsPrevious, "log matching", 8),
        (Bug::CutsAlways, "leader completeness", 8),
        (Bug::LeaderDrops, "leader append-only", 25),
        (Bug::AppliesEarly, "state machine safety", 20),
    ] {
        let (count, most) = found(bug);
        assert!(most == property && count >= least, "{bug:?}: {most} in {count} runs");
    }
}

#[test]
fn what_is_answered_before_it_is_durable_is_lost() {
    let unsynced = models::raft::Persistence::Unsynced;
    let broken = (0..60).filter(|seed| {
        let raft = Raft { persistence: unsynced, pre_vote: false, ..Raft::default() };
        let mut config = cluster(raft, 3, *seed, chaos());
        config.groups[0].disk.sync =
            sim_core::random::distribution::Distribution::Fixed(sim_core::time::Span::ms(200));
        run(config).violation.is_some()
    });
    assert!(broken.count() > 10);
}
