//! Published numbers of failure detectors and of SWIM, from the library's scenarios.

use models::swim::formulas::periods_to_first_probe;
use scenarios::run::{RunOptions, run};

/// The metrics of a scenario with overrides, over seeds; those that a run does not have are left out of its list.
fn values(name: &str, set: &[&str], seeds: u64, metric: &str) -> Vec<f64> {
    let set: Vec<String> = set.iter().map(|text| (*text).to_string()).collect();
    let loaded = scenarios::load(name, &set).unwrap_or_else(|error| panic!("{error}"));
    let one = |seed| run(&loaded, seed, &RunOptions { unchecked: true }).metrics.get(metric).copied();
    (1..=seeds).filter_map(one).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// NFD-S, interval 1, loss .01, exponential delay of mean .02.
#[test]
fn chens_table() {
    for (shift, recurrence, duration, accuracy) in
        [(50, 11.07, 0.1252, 0.988688), (100, 60.59, 0.5659, 0.990660)]
    {
        let set = format!("model.Detectors.detector.NfdS.shift=\"{shift}ms\"");
        let seeds = if shift == 50 { 1 } else { 3 };
        let of = |metric| mean(&values("detector/chen", &[set.as_str()], seeds, metric));
        let ours = [of("mistake_recurrence_ms") / 1e3, of("mistake_duration_ms") / 1e3, of("accuracy")];
        println!("shift {shift}ms: {ours:?}");
        for (ours, theirs) in ours.into_iter().zip([recurrence, duration, accuracy]) {
            assert!((ours / theirs - 1.0).abs() < 0.03, "shift {shift}ms: ours {ours}, published {theirs}");
        }
    }
}

/// The number of periods until somebody probes a dead member.
#[test]
fn swims_first_probe() {
    for nodes in [10, 100] {
        for phases in ["Together", "Random"] {
            let (phases_set, nodes_set) =
                (format!("model.Swim.phases={phases}"), format!("cluster.nodes={nodes}"));
            let set = [phases_set.as_str(), nodes_set.as_str(), "run.duration=\"25s\""];
            let seeds = if nodes == 10 { 1000 } else { 400 };
            let periods: Vec<f64> = values("swim/crash-detection", &set, seeds, "first_probe_ms")
                .iter()
                .map(|ms| ms / 1e3)
                .collect();
            // A probe that was on its way at the crash may lead to the discovery instead.
            assert!(periods.len() as u64 >= seeds - seeds / 50, "crashes are found by later probes");
            let ours = mean(&periods);
            println!("{nodes} nodes, {phases}: {ours}");
            if phases == "Together" {
                let theirs = periods_to_first_probe(nodes);
                // Geometric: the deviation is known, and with it three standard errors.
                let error = 3.0 * (theirs * (theirs - 1.0) / seeds as f64).sqrt();
                assert!(
                    (ours - theirs).abs() < error,
                    "ours {ours}, published {theirs}, three errors {error}"
                );
            } else {
                assert!((0.85..=1.1).contains(&ours), "ours {ours}, published 0.95 to 1.0");
            }
        }
    }
}

/// Lifeguard exists for this: the slow accuse the healthy less.
#[test]
fn lifeguard_spares_the_healthy() {
    let of = |set: &[&str]| values("swim/slow-processor-false-positives", set, 2, "false_positives_healthy");
    let (with, without) = (mean(&of(&[])), mean(&of(&["model.Swim.lifeguard=None"])));
    println!("false positives about healthy members: {with} with Lifeguard, {without} without");
    assert!(without > 100.0 && with < without / 4.0, "{with} with, {without} without");
}
