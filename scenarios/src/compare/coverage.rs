//! Whether the intervals of a comparison cover the true difference as often as they say: the very code that stops and
//! judges, over made-up worlds whose true difference is known.

use std::collections::BTreeMap;

use sim_core::random::Rng;
use sim_core::random::distribution::Distribution;
use sim_core::time::Span;

use super::worlds::{World, WorldKey, Worlds};
use super::{Candidate, Metric, Plan};
use crate::load::load;
use crate::shard::Part;

const REPETITIONS: u64 = 1_000;
const FIRST_STAGE: u64 = 40;

/// Two candidates and a metric; the scenario is never run.
fn plan(precision: Option<f64>) -> Plan {
    let loaded = load("solo/restart", &[]).expect("in the library");
    let candidate = |label: &str| Candidate { label: label.into(), loaded: loaded.clone() };
    Plan {
        candidates: vec![candidate("a"), candidate("b")],
        baseline: 0,
        metrics: vec![Metric::known("x")],
        seeds: 0..FIRST_STAGE,
        precision,
        seeds_max: 2_000,
        jobs: 1,
        part: Part::WHOLE,
    }
}

/// The worlds of some seeds: what both share, skewed; a noise of each one's own; and `gain` for the second.
fn fill(known: &mut Worlds, rng: &mut Rng, seeds: std::ops::Range<u64>, gain: f64) {
    let mut draw = |mean_ms| Distribution::Exponential { mean: Span::ms(mean_ms) }.sample(rng).as_ms_f64();
    for seed in seeds {
        let (shared, a, b) = (draw(100), draw(20), draw(20));
        let world = |value: f64| World {
            fingerprint: String::new(),
            verdict: "pass".into(),
            as_expected: true,
            metrics: BTreeMap::from([("x".to_string(), value)]),
        };
        let keys = [0, 1].map(|candidate| WorldKey { seed, candidate });
        known.extend(vec![(keys[0], world(shared + a)), (keys[1], world(shared + b + gain))]);
    }
}

/// In how many repetitions the interval covers the truth, and in how many the two are called different.
fn covered(precision: Option<f64>, gain: f64, key: u64) -> (u64, u64, f64) {
    let (mut covered, mut different, mut worlds) = (0, 0, 0);
    let plan = plan(precision);
    for repetition in 0..REPETITIONS {
        let mut rng = Rng::from_key(key + repetition);
        let mut known = Worlds::default();
        fill(&mut known, &mut rng, 0..FIRST_STAGE, gain);
        let until =
            precision.map_or(FIRST_STAGE, |share| plan.worlds_needed(&known, share).min(plan.seeds_max));
        fill(&mut known, &mut rng, FIRST_STAGE..until, gain);
        let found = super::judge::judge(&plan, &known, until, false);
        let metric = &found.metrics["x"];
        covered += u64::from((metric.differences[1].mean - gain).abs() <= metric.differences[1].ci95);
        different += u64::from(metric.p_adjusted[1] < 0.05);
        worlds += until;
    }
    (covered, different, worlds as f64 / REPETITIONS as f64)
}

#[test]
fn intervals_cover_a_known_difference_with_and_without_the_stopping_rule() {
    for (precision, key) in [(None, 1_000_000), (Some(0.05), 2_000_000)] {
        let (covered, _, worlds) = covered(precision, 8.0, key);
        assert!(
            (930..=970).contains(&covered),
            "{precision:?}: {covered} of 1,000, {worlds} worlds on average"
        );
        assert!(precision.is_none() || worlds > 1.2 * FIRST_STAGE as f64, "it never had to go on: {worlds}");
    }
}

#[test]
fn equal_policies_are_rarely_called_different() {
    for (precision, key) in [(None, 3_000_000), (Some(0.05), 4_000_000)] {
        let (covered, different, _) = covered(precision, 0.0, key);
        assert_eq!(covered + different, REPETITIONS, "the interval and the p-value say the same");
        // 50 is expected; 3.3 standard errors of it are 23.
        assert!(different <= 73, "{precision:?}: {different} of 1,000");
    }
}
