//! Paired comparison: the same worlds under two policies, and what can be said of the difference.
//!
//! The pairs share their random streams, so what both policies suffer alike cancels: the variance of a difference is
//! Var a + Var b − 2 Cov(a, b) (common random numbers; Law, *Simulation Modeling and Analysis*, 11.2). The interval is
//! Student's. To be called different, two must pass the sign-flip test too ([`signs`]): it holds its 5% whatever the shape
//! of the differences. Several candidates against one baseline are adjusted after Holm (1979).

use serde::Serialize;

use super::{half_width, mean_variance, signs, student};

/// What a comparison of two policies on the same worlds says of one metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    /// How many worlds.
    pub worlds: u64,
    /// The mean of candidate − baseline.
    pub mean: f64,
    /// Half the width of its 95% confidence interval.
    pub ci95: f64,
    /// Half the width that unpaired worlds would have given: what the pairing saved.
    pub ci95_unpaired: f64,
    /// In how many worlds the candidate's value was smaller.
    pub smaller: u64,
    /// In how many it was greater; the rest were equal.
    pub greater: u64,
    /// The two-sided p-value of "no difference": the greater of Student's t and the sign-flip test.
    pub p_value: f64,
}

impl Difference {
    /// Candidate and baseline by world; the shorter list says how many.
    #[must_use]
    pub fn of(candidate: &[f64], baseline: &[f64]) -> Difference {
        let pairs = || candidate.iter().zip(baseline);
        let differences: Vec<f64> = pairs().map(|(a, b)| a - b).collect();
        let count = differences.len();
        let (mean, variance) = mean_variance(&differences);
        let (_, of_candidate) = mean_variance(&candidate[..count]);
        let (_, of_baseline) = mean_variance(&baseline[..count]);
        Difference {
            worlds: count as u64,
            mean,
            ci95: half_width(variance, count),
            ci95_unpaired: half_width(of_candidate + of_baseline, count),
            smaller: pairs().filter(|(a, b)| a < b).count() as u64,
            greater: pairs().filter(|(a, b)| a > b).count() as u64,
            p_value: both(p_value(mean, variance, count), &differences),
        }
    }

    /// Whether the two are different, at the level of 5%. Then the interval leaves zero out.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.p_value < LEVEL
    }

    /// The same, judged by the rule that stops by itself: by the first stage's variance, which decided when, or by that of
    /// all worlds if it is greater. Of skewed differences a first stage with little variance has its mean on the same side,
    /// and the interval of that variance alone would cover too little.
    #[must_use]
    pub fn stopped(self, differences: &[f64], first_stage: usize) -> Difference {
        let (stage, worlds) = (&differences[..first_stage.min(differences.len())], differences.len() as u64);
        let wide = |own: &[f64]| libm::sqrt(mean_variance(own).1);
        let (first, all) = (wide(stage), wide(differences));
        let scale = if first > 0.0 && all > first { all / first } else { 1.0 };
        let p_value = both(stein_p_value(stage, self.mean / scale, worlds), differences);
        Difference { ci95: scale * stein_half_width(stage, worlds), p_value, ..self }
    }
}

/// Below this p-value two policies are called different.
pub const LEVEL: f64 = 0.05;

/// The greater of a p-value and that of the sign-flip test, where that says anything else.
fn both(p_value: f64, differences: &[f64]) -> f64 {
    signs::p_value(differences).map_or(p_value, |signs| signs.max(p_value))
}

fn p_value(mean: f64, variance: f64, count: usize) -> f64 {
    if count < 2 || mean == 0.0 {
        return 1.0;
    }
    if variance == 0.0 {
        return 0.0;
    }
    let t = mean / libm::sqrt(variance / count as f64);
    2.0 * student::distribution(-t.abs(), (count - 1) as f64)
}

/// Holm's step-down adjustment: p-values that may be held against the same level as one alone, in the order given.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least: f64 = 0.0;
    for (rank, &index) in order.iter().enumerate() {
        least = least.max((p_values[index] * (p_values.len() - rank) as f64).min(1.0));
        adjusted[index] = least;
    }
    adjusted
}

/// How many worlds Stein's two-stage procedure (1945) asks for, so that the interval's half-width is at most `target`:
/// the first stage's variance decides the number, and the final interval is made of that variance alone, so looking
/// did not spend any of its coverage. At least the first stage's own number.
#[must_use]
pub fn stein_worlds(first_stage: &[f64], target: f64) -> u64 {
    let (_, variance) = mean_variance(first_stage);
    let count = first_stage.len();
    if count < 2 || target <= 0.0 {
        return count as u64;
    }
    let t = student::quantile(0.975, (count - 1) as f64);
    let needed = libm::ceil(t * t * variance / (target * target));
    (needed as u64).max(count as u64)
}

/// Half the width of Stein's interval over `worlds` worlds in all.
#[must_use]
pub fn stein_half_width(first_stage: &[f64], worlds: u64) -> f64 {
    let (_, variance) = mean_variance(first_stage);
    if first_stage.len() < 2 || worlds == 0 {
        return 0.0;
    }
    student::quantile(0.975, (first_stage.len() - 1) as f64) * libm::sqrt(variance / worlds as f64)
}

/// The two-sided p-value of "no difference" that belongs to Stein's interval: below 0.05 exactly where the interval over
/// `worlds` worlds leaves zero out.
#[must_use]
pub fn stein_p_value(first_stage: &[f64], mean: f64, worlds: u64) -> f64 {
    let (_, variance) = mean_variance(first_stage);
    if first_stage.len() < 2 || worlds == 0 || mean == 0.0 {
        return 1.0;
    }
    if variance == 0.0 {
        return 0.0;
    }
    let t = mean / libm::sqrt(variance / worlds as f64);
    2.0 * student::distribution(-t.abs(), (first_stage.len() - 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::super::mean_variance;
    use super::{Difference, holm, stein_half_width, stein_worlds};
    use sim_core::random::Rng;
    use sim_core::random::distribution::Distribution;
    use sim_core::time::Span;

    fn samples(rng: &mut Rng, count: usize, mean_ms: u64) -> Vec<f64> {
        let skewed = Distribution::Exponential { mean: Span::ms(mean_ms) };
        (0..count).map(|_| skewed.sample(rng).as_ms_f64()).collect()
    }

    #[test]
    fn what_both_suffer_alike_cancels() {
        let mut rng = Rng::from_key(1);
        let shared = samples(&mut rng, 200, 100);
        let better: Vec<f64> =
            shared.iter().zip(samples(&mut rng, 200, 1)).map(|(s, own)| s - 5.0 + own).collect();
        let difference = Difference::of(&better, &shared);
        assert!(difference.is_clear() && (difference.mean + 4.0).abs() < 0.5, "{difference:?}");
        assert!(difference.ci95 * 20.0 < difference.ci95_unpaired, "{difference:?}");
        assert!(difference.p_value < 1e-6 && difference.smaller > 190);
        assert!(!Difference::of(&shared, &shared).is_clear());
    }

    /// 1,000 comparisons of skewed values whose true difference is 10: the interval covers it as often as it says,
    /// with a fixed number of worlds and with the stopping rule; two equal policies are rarely called different.
    #[test]
    fn intervals_cover_as_often_as_they_say() {
        let mut rng = Rng::from_key(77);
        let (mut fixed, mut stopped, mut false_alarms) = (0, 0, 0);
        for _ in 0..1_000 {
            let (a, b) = (samples(&mut rng, 400, 30), samples(&mut rng, 400, 20));
            let difference = Difference::of(&a[..60], &b[..60]);
            fixed += i32::from((difference.mean - 10.0).abs() <= difference.ci95);
            let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
            let worlds = stein_worlds(&differences[..40], 5.0).min(400);
            let (mean, _) = mean_variance(&differences[..worlds as usize]);
            stopped += i32::from((mean - 10.0).abs() <= stein_half_width(&differences[..40], worlds));
            let same = samples(&mut rng, 60, 20);
            false_alarms += i32::from(Difference::of(&same, &b[..60]).is_clear());
        }
        assert!((930..=970).contains(&fixed), "{fixed}");
        assert!((930..=970).contains(&stopped), "{stopped}");
        // 5%, and two standard errors of a count of 1,000.
        assert!(false_alarms <= 63, "{false_alarms}");
    }

    #[test]
    fn many_candidates_are_adjusted() {
        assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
        assert_eq!(holm(&[0.9, 0.5]), [1.0, 1.0]);
    }
}
