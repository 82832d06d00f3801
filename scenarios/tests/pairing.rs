//! What pairing saves: in scenarios of the library, the variance of paired differences against that of unpaired ones.

use std::sync::atomic::AtomicBool;

use scenarios::compare::{Metric, Plan, Source, Worlds, candidates};
use scenarios::shard::Part;

/// The half-width of the paired interval as a share of the unpaired one's.
fn ratio(scenario: &str, overrides: &[&str], vary: &str, metric: &str, worlds: u64) -> f64 {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_string()).collect();
    let vary = [vary.parse().expect("a field with values")];
    let plan = Plan {
        candidates: candidates(&[Source::named(scenario)], &overrides, &vary).expect("sound"),
        baseline: 0,
        metrics: vec![Metric::known(metric)],
        seeds: 1..worlds + 1,
        precision: None,
        seeds_max: 0,
        jobs: 0,
        part: Part::WHOLE,
    };
    let found = plan.run(&mut Worlds::default(), &(), &AtomicBool::new(false));
    let difference = &found.metrics[metric].differences[1];
    assert!(difference.ci95_unpaired > 0.0, "{scenario}: no variance at all");
    difference.ci95 / difference.ci95_unpaired
}

#[test]
fn common_random_numbers_narrow_the_interval() {
    let messages = ratio("raft/healthy", &[], "model.Raft.heartbeat=50ms,100ms", "messages", 12);
    assert!(messages < 0.2, "{messages}");
    let queue = ratio(
        "service/m-m-1",
        &["run.duration=60s"],
        "clients[0].load.Open.rate=70/s,72/s",
        "latency_ms_mean",
        12,
    );
    assert!(queue < 1.0, "{queue}");
}
