//! What pairing saves, in three scenarios of the library: the paired interval beside the one that the same number of worlds
//! gives when the two candidates run on different seeds.

use std::sync::atomic::AtomicBool;

use scenarios::checks::statistics::{half_width, mean_variance};
use scenarios::compare::{Metric, MetricComparison, Plan, Source, Worlds, candidates};
use scenarios::shard::Part;

const WORLDS: u64 = 12;

/// A comparison of two candidates by one metric.
struct Case {
    scenario: &'static str,
    overrides: &'static [&'static str],
    vary: &'static str,
    metric: &'static str,
    /// How many times narrower the paired interval is at least.
    narrower: f64,
}

const CASES: [Case; 3] = [
    Case {
        scenario: "raft/healthy",
        overrides: &[],
        vary: "model.Raft.heartbeat=50ms,100ms",
        metric: "messages",
        narrower: 10.0,
    },
    Case {
        scenario: "service/m-m-1",
        overrides: &["run.duration=60s"],
        vary: "clients[0].load.Open.rate=70/s,72/s",
        metric: "latency_ms_mean",
        narrower: 3.0,
    },
    Case {
        scenario: "service/hedging-tail",
        overrides: &["run.duration=20s"],
        vary: "network.link.latency=250us,500us",
        metric: "latency_ms_p99",
        narrower: 1.3,
    },
];

impl Case {
    fn run(&self, seeds: std::ops::Range<u64>) -> MetricComparison {
        let overrides: Vec<String> = self.overrides.iter().map(|text| (*text).to_string()).collect();
        let vary = [self.vary.parse().expect("a field with values")];
        let plan = Plan {
            candidates: candidates(&[Source::named(self.scenario)], &overrides, &vary).expect("sound"),
            baseline: 0,
            metrics: vec![Metric::known(self.metric)],
            bounds: Vec::new(),
            seeds,
            precision: None,
            seeds_max: 0,
            jobs: 0,
            part: Part::WHOLE,
        };
        let found = plan.run(&mut Worlds::default(), &(), &AtomicBool::new(false));
        found.metrics[self.metric].clone()
    }
}

#[test]
fn common_random_numbers_narrow_the_interval() {
    for case in &CASES {
        let (same, fresh) = (case.run(1..WORLDS + 1), case.run(WORLDS + 1..2 * WORLDS + 1));
        let paired = same.differences[1].ci95;
        // The second candidate on seeds of its own: the variances of both are all there, nothing cancels.
        let variance = mean_variance(&same.values[0]).1 + mean_variance(&fresh.values[1]).1;
        let unpaired = half_width(variance, WORLDS as usize);
        let told = same.differences[1].ci95_unpaired;
        println!("{}: paired ± {paired}, on other seeds ± {unpaired}, told ± {told}", case.scenario);
        assert!(unpaired > case.narrower * paired, "{}: {paired} {unpaired}", case.scenario);
        assert!(
            (0.4..2.5).contains(&(told / unpaired)),
            "{}: what results tell of unpaired seeds is what they give: {told} {unpaired}",
            case.scenario
        );
    }
}
