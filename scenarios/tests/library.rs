//! Every scenario of the library goes as it says, on a few seeds here; `squall explore NAME --seeds 1000` is the full
//! measure.

use std::sync::atomic::AtomicBool;

use scenarios::explore::{ExploreOptions, explore};
use scenarios::run::{RunOptions, run};
use scenarios::shard::Part;
use scenarios::{library, load};

#[test]
fn every_scenario_goes_as_it_says() {
    let mut complaints = Vec::new();
    for name in library::names() {
        let loaded = load(name, &[]).unwrap_or_else(|error| panic!("{error}"));
        let options = ExploreOptions { seeds: 1..4, jobs: 2, part: Part::WHOLE };
        let found = explore(&loaded, &options, &(), &AtomicBool::new(false));
        complaints.extend(found.unexpected.iter().map(|why| format!("{name}: {why}")));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_wide_area_commit_costs_what_theory_says() {
    let expect = |overrides: &[&str], expected: [f64; 5]| {
        let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
        let loaded = load("raft/five-regions", &overrides).unwrap_or_else(|error| panic!("{error}"));
        let metrics = run(&loaded, 1, &RunOptions::default()).metrics;
        for (client, expected) in expected.into_iter().enumerate() {
            let found = metrics[&format!("latency_c{client}_ms_p50")];
            assert!((found - expected).abs() <= 0.5, "client {client}: expected {expected}, found {found}");
        }
    };
    expect(&[], [130.0, 93.0, 65.0, 202.0, 180.0]);
    expect(&["model.Raft.eligible=[0]"], [80.0, 166.0, 145.0, 160.0, 236.0]);
    expect(&["model.Raft.quorums=(election: 4, commit: 2)"], [93.0, 56.0, 28.0, 165.0, 143.0]);
}
