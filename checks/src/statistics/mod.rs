//! Statistics over runs: summaries, quantiles, confidence intervals of means and of paired differences.
//!
//! Sums go in the order given, so equal inputs give equal bytes. Deliberately absent: anything that looks at a record.

pub mod paired;
pub mod student;

use serde::Serialize;

/// A sample in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// How many values.
    pub count: u64,
    /// The mean.
    pub mean: f64,
    /// Half the width of the mean's 95% confidence interval, by Student's t; 0 for fewer than two values.
    pub ci95: f64,
    /// The median.
    pub p50: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// The mean and the sample variance (divisor n − 1; 0 for fewer than two values), by Welford's recurrence.
#[must_use]
pub fn mean_variance(values: &[f64]) -> (f64, f64) {
    let (mut mean, mut squares) = (0.0, 0.0);
    for (i, value) in values.iter().enumerate() {
        let delta = value - mean;
        mean += delta / (i as f64 + 1.0);
        squares += delta * (value - mean);
    }
    let degrees = values.len().saturating_sub(1);
    (mean, if degrees == 0 { 0.0 } else { squares / degrees as f64 })
}

/// Half the width of the 95% confidence interval of a mean, by Student's t.
#[must_use]
pub fn half_width(variance: f64, count: usize) -> f64 {
    if count < 2 {
        return 0.0;
    }
    student::quantile(0.975, (count - 1) as f64) * libm::sqrt(variance / count as f64)
}

/// The value at share `p` of a sorted sample, by linear interpolation between order statistics (Hyndman & Fan 1996,
/// type 7); 0 for an empty one.
#[must_use]
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = p.clamp(0.0, 1.0) * last as f64;
    let below = place as usize;
    let above = (below + 1).min(last);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

impl Summary {
    /// The summary of some values, none of them NaN.
    #[must_use]
    pub fn of(values: &[f64]) -> Summary {
        if values.is_empty() {
            return Summary::default();
        }
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (mean, variance) = mean_variance(values);
        Summary {
            count: values.len() as u64,
            mean,
            ci95: half_width(variance, values.len()),
            p50: quantile(&sorted, 0.5),
            p90: quantile(&sorted, 0.9),
            p99: quantile(&sorted, 0.99),
            min: sorted[0],
            max: sorted[sorted.len() - 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Summary, mean_variance, quantile};

    #[test]
    fn a_sample_is_summed_up() {
        let summary = Summary::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert_eq!((summary.mean, summary.p50, summary.min, summary.max), (5.0, 4.5, 2.0, 9.0));
        // Standard deviation 2.138 over 8 values, t(7) = 2.3646.
        assert!((summary.ci95 - 1.787).abs() < 0.001, "{}", summary.ci95);
        assert_eq!(Summary::of(&[]).count, 0);
        assert_eq!(Summary::of(&[3.0]).ci95, 0.0);
    }

    #[test]
    fn large_values_lose_no_variance() {
        let (mean, variance) = mean_variance(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]);
        assert_eq!((mean, variance), (1e9 + 10.0, 30.0));
    }

    #[test]
    fn quantiles_interpolate() {
        let sorted = [1.0, 2.0, 3.0, 4.0];
        assert_eq!([0.0, 0.5, 1.0, 0.25].map(|p| quantile(&sorted, p)), [1.0, 2.5, 4.0, 1.75]);
    }
}
