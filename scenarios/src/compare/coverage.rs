//! Whether comparisons are as sure as they say: the very code that stops and judges, over made-up worlds whose truth is
//! known. Intervals must cover the true difference in 93% to 97%; candidates that are equal may be called different, any
//! of them by any metric, in at most 5%.

use std::collections::BTreeMap;
use std::ops::Range;

use sim_core::random::Rng;
use sim_core::random::distribution::Distribution;
use sim_core::time::Span;

use super::worlds::{World, WorldKey, Worlds};
use super::{Candidate, Comparison, Metric, Plan};
use crate::load::load;
use crate::shard::Part;

/// How values are distributed over worlds: what all candidates share, and what each has of its own.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// Skewed noise upon a skewed load, as latencies have.
    Skewed,
    /// Nearly all worlds equal but for a rare event, as lost writes are.
    Rare,
    /// Evenly spread, with no tail at all.
    Even,
    /// Far out now and then.
    Wild,
    /// Skewed under the baseline's rivals alone, so that differences are skewed themselves.
    Lopsided,
}

impl Shape {
    fn shared(self, rng: &mut Rng) -> f64 {
        exponential(rng, 100)
    }

    fn own(self, candidate: usize, rng: &mut Rng) -> f64 {
        match self {
            // Of mean 20 both: what is added to all is no difference.
            Shape::Lopsided if candidate == 0 => 19.5 + rng.unit(),
            Shape::Lopsided => exponential(rng, 20),
            Shape::Skewed => exponential(rng, 20),
            Shape::Rare => f64::from(u8::from(rng.unit() < 0.1)),
            Shape::Even => rng.unit(),
            Shape::Wild => exponential(rng, 1) / rng.unit().max(1e-9),
        }
    }
}

fn exponential(rng: &mut Rng, mean_ms: u64) -> f64 {
    Distribution::Exponential { mean: Span::ms(mean_ms) }.sample(rng).as_ms_f64()
}

/// A comparison that is made again and again.
#[derive(Clone, Copy, Debug)]
struct Trial {
    shape: Shape,
    candidates: usize,
    metrics: usize,
    first_stage: u64,
    precision: Option<f64>,
    /// By how much each candidate but the first is greater.
    gain: f64,
}

/// What came of the repetitions.
#[derive(Debug, Default)]
struct Tally {
    /// In how many the interval of the first pair covers the truth.
    covered: u64,
    /// In how many any pair is called different.
    different: u64,
    /// Worlds a repetition.
    worlds: f64,
}

impl Trial {
    /// The scenario is never run.
    fn plan(self) -> Plan {
        let loaded = load("solo/restart", &[]).expect("in the library");
        let candidate = |i: usize| Candidate { label: i.to_string(), loaded: loaded.clone() };
        Plan {
            candidates: (0..self.candidates).map(candidate).collect(),
            baseline: 0,
            metrics: (0..self.metrics).map(|m| Metric::known(&m.to_string())).collect(),
            bounds: Vec::new(),
            seeds: 0..self.first_stage,
            precision: self.precision,
            seeds_max: 2_000,
            jobs: 1,
            part: Part::WHOLE,
        }
    }

    fn fill(self, known: &mut Worlds, rng: &mut Rng, seeds: Range<u64>) {
        for seed in seeds {
            let shared: Vec<f64> = (0..self.metrics).map(|_| self.shape.shared(rng)).collect();
            for candidate in 0..self.candidates {
                let gain = if candidate == 0 { 0.0 } else { self.gain };
                let value = |m: usize| (m.to_string(), shared[m] + self.shape.own(candidate, rng) + gain);
                let metrics: BTreeMap<String, f64> = (0..self.metrics).map(value).collect();
                let world =
                    World { fingerprint: String::new(), verdict: "pass".into(), as_expected: true, metrics };
                known.extend(vec![(WorldKey { seed, candidate }, world)]);
            }
        }
    }

    fn once(self, plan: &Plan, rng: &mut Rng) -> (Comparison, u64) {
        let mut known = Worlds::default();
        self.fill(&mut known, rng, plan.seeds.clone());
        let until = plan.until(&known);
        self.fill(&mut known, rng, plan.seeds.end..until);
        (super::judge::judge(plan, &known, until, false), until)
    }

    fn repeat(self, repetitions: u64, key: u64) -> Tally {
        let (plan, mut tally) = (self.plan(), Tally::default());
        for repetition in 0..repetitions {
            let (found, worlds) = self.once(&plan, &mut Rng::from_key(key + repetition));
            let first = &found.metrics["0"].differences[1];
            tally.covered += u64::from((first.mean - self.gain).abs() <= first.ci95);
            let different = |c: usize| found.metrics.values().any(|metric| metric.is_different(c));
            tally.different += u64::from((1..self.candidates).any(different));
            tally.worlds += worlds as f64 / repetitions as f64;
        }
        tally
    }
}

const PAIR: Trial =
    Trial { shape: Shape::Skewed, candidates: 2, metrics: 1, first_stage: 40, precision: None, gain: 0.0 };

#[test]
fn intervals_cover_a_known_difference_with_and_without_the_stopping_rule() {
    let lopsided = Trial { shape: Shape::Lopsided, first_stage: 100, gain: 8.0, ..PAIR };
    for (trial, key) in [
        (Trial { gain: 8.0, ..PAIR }, 1_000_000),
        (Trial { gain: 8.0, precision: Some(0.05), ..PAIR }, 2_000_000),
        (lopsided, 3_000_000),
        (Trial { precision: Some(0.02), ..lopsided }, 4_000_000),
    ] {
        let tally = trial.repeat(1_000, key);
        println!("{trial:?}: {tally:?}");
        assert!((930..=970).contains(&tally.covered), "{trial:?}: {tally:?}");
        let more = 1.2 * trial.first_stage as f64;
        assert!(trial.precision.is_none() || tally.worlds > more, "it never had to go on: {tally:?}");
    }
}

/// The bound is 5% and two standard errors of a count of so many repetitions. What came of them on the way to this bound
/// stands in the book, in "Comparing policies".
#[test]
fn equal_candidates_are_called_different_in_at_most_one_of_twenty() {
    let several = Trial { candidates: 4, metrics: 3, ..PAIR };
    let trials = [
        (PAIR, 4_000),
        (Trial { precision: Some(0.05), ..PAIR }, 2_000),
        (Trial { first_stage: 10, shape: Shape::Even, ..PAIR }, 4_000),
        (Trial { shape: Shape::Rare, ..PAIR }, 4_000),
        (Trial { shape: Shape::Wild, ..PAIR }, 4_000),
        (several, 1_500),
        (Trial { shape: Shape::Even, precision: Some(0.0008), ..several }, 500),
    ];
    for (i, (trial, repetitions)) in trials.into_iter().enumerate() {
        let tally = trial.repeat(repetitions, 3_000_000 * (i as u64 + 1));
        println!(
            "{trial:?}: {:.2}% of {repetitions}, {tally:?}",
            100.0 * tally.different as f64 / repetitions as f64
        );
        let n = repetitions as f64;
        let bound = 0.05 * n + 2.0 * libm::sqrt(0.05 * 0.95 * n);
        assert!((tally.different as f64) <= bound, "{trial:?}: {tally:?} of {repetitions}");
    }
}
