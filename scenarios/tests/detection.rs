//! Published numbers of failure detectors and of SWIM, from the library's scenarios.

use models::swim::formulas::{periods_to_first_probe, periods_to_first_probe_unsynchronised};
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

/// Chen's closed form for NFD-S with interval 1, loss p and exponential delays of mean d, in seconds (ToC'02, theorem 5
/// and proposition 3): recurrence, duration and accuracy.
fn nfd_s(loss: f64, delay: f64, shift: f64) -> [f64; 3] {
    // A heartbeat that has been under way for so long has not come.
    let missing = |age: f64| if age <= 0.0 { 1.0 } else { loss + (1.0 - loss) * libm::exp(-age / delay) };
    let more = shift.ceil() as i32;
    let suspects = |x: f64| (0..=more).map(|j| missing(shift + x - f64::from(j))).product::<f64>();
    // Trusted up to the point, by the heartbeat before, and suspected from it on.
    let change = (1.0 - missing(shift + 1.0)) * suspects(0.0);
    let steps = 100_000;
    let mean = (0..steps).map(|i| suspects((f64::from(i) + 0.5) / f64::from(steps))).sum::<f64>();
    let mistaken = mean / f64::from(steps);
    [1.0 / change, mistaken / change, 1.0 - mistaken]
}

/// NFD-S, interval 1, loss .01, exponential delay of mean .02; and other settings, by the closed form.
#[test]
fn chens_table() {
    let of = |set: &[&str], seeds| {
        ["mistake_recurrence_ms", "mistake_duration_ms", "accuracy"]
            .map(|metric| mean(&values("detector/chen", set, seeds, metric)))
    };
    let near = |what: &str, ours: [f64; 3], theirs: [f64; 3]| {
        println!("{what}: ours {ours:?}, theory {theirs:?}");
        for ((ours, theirs), unit) in ours.into_iter().zip(theirs).zip([1e3, 1e3, 1.0]) {
            let ours = ours / unit;
            assert!((ours / theirs - 1.0).abs() < 0.03, "{what}: ours {ours}, theory {theirs}");
        }
    };
    let shift = |ms: u32| format!("model.Detectors.detector.NfdS.shift=\"{ms}ms\"");
    near("shift 50ms", of(&[&shift(50)], 1), [11.07, 0.1252, 0.988688]);
    near("shift 100ms", of(&[&shift(100)], 3), [60.59, 0.5659, 0.990660]);
    // The window does not bend the numbers: runs of a hundred seconds, in which most pairs see one mistake or none.
    let short = "run.duration=\"100s\"";
    near("shift 100ms, short runs", of(&[&shift(100), short], 60), [60.59, 0.5659, 0.990660]);
    let lossy = ["network.link.loss=5%", "network.link.latency=Exponential(mean: \"100ms\")"];
    near("loss 5 %", of(&[&shift(200), lossy[0], lossy[1]], 1), nfd_s(0.05, 0.1, 0.2));
}

/// Where nothing goes wrong, accuracy is one, and there is no recurrence to speak of.
#[test]
fn a_perfect_detector_has_an_accuracy_of_one() {
    let set = ["network.link.loss=0%", "network.link.latency=Fixed(\"10ms\")", "run.duration=\"50s\""];
    assert_eq!(values("detector/chen", &set, 1, "accuracy"), [1.0]);
    assert_eq!(values("detector/chen", &set, 1, "mistakes"), [0.0]);
    assert!(values("detector/chen", &set, 1, "mistake_recurrence_ms").is_empty());
}

/// The number of periods until somebody probes a dead member: SWIM §3.1 where all periods begin together, and the same
/// with phases of their own. Three standard errors either way; the references' 0.95 to 1.0 are the exact 0.953 and 0.996.
#[test]
fn swims_first_probe() {
    for (nodes, seeds) in [(10, 2000), (100, 600)] {
        for phases in ["Together", "Random"] {
            let (phases_set, nodes_set) =
                (format!("model.Swim.phases={phases}"), format!("cluster.nodes={nodes}"));
            let set = [phases_set.as_str(), nodes_set.as_str(), "run.duration=\"25s\""];
            let together = phases == "Together";
            // The crash strikes 20 ms into a period.
            let early = if together { 20.0 } else { 0.0 };
            let found = values("swim/crash-detection", &set, seeds, "first_probe_ms");
            let periods: Vec<f64> = found.iter().map(|ms| (ms + early) / 1e3).collect();
            // A probe that was on its way at the crash may lead to the discovery instead.
            assert!(periods.len() as u64 >= seeds - seeds / 50, "crashes are found by later probes");
            let ours = mean(&periods);
            let theirs = if together {
                periods_to_first_probe(nodes)
            } else {
                periods_to_first_probe_unsynchronised(nodes)
            };
            let deviation = if together { (theirs * (theirs - 1.0)).sqrt() } else { theirs };
            let error = 3.0 * deviation / (seeds as f64).sqrt();
            println!("{nodes} nodes, {phases}: {ours}, theory {theirs}, three errors {error}");
            assert!((ours - theirs).abs() < error, "ours {ours}, theory {theirs}, three errors {error}");
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
