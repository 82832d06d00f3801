//! Summaries of numbers: percentiles, means with confidence intervals, shares with theirs.

use serde::Serialize;

/// A metric over several runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many runs have it.
    pub runs: u64,
    /// The mean.
    pub mean: f64,
    /// Half the width of the mean's 95% confidence interval (Student's t); 0 for a single run.
    pub ci95: f64,
    /// The least.
    pub min: f64,
    /// The median.
    pub p50: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The greatest.
    pub max: f64,
}

impl Summary {
    /// Of these values; `None` if there are none.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Option<Summary> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let (mean, deviation) = mean_and_deviation(&values);
        let n = values.len() as f64;
        let ci95 = if values.len() > 1 {
            student_t95(values.len() as u64 - 1) * deviation / libm::sqrt(n)
        } else {
            0.0
        };
        let at = |share| percentile(&values, share).unwrap_or(max);
        Some(Summary {
            runs: values.len() as u64,
            mean,
            ci95,
            min,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max,
        })
    }
}

/// The mean and the sample's standard deviation, by Welford's method.
#[must_use]
pub fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let (mut mean, mut squares) = (0.0, 0.0);
    for (i, value) in values.iter().enumerate() {
        let step = value - mean;
        mean += step / (i + 1) as f64;
        squares += step * (value - mean);
    }
    let deviation = if values.len() > 1 { libm::sqrt(squares / (values.len() - 1) as f64) } else { 0.0 };
    (mean, deviation)
}

/// The value that this share of the sorted values does not exceed (nearest rank); `None` of nothing.
#[must_use]
pub fn percentile<T: Copy>(sorted: &[T], share: f64) -> Option<T> {
    // Taken back a little, so that 0.99 of 100 is the 99th and not, by rounding, the 100th.
    let rank = libm::ceil(share * sorted.len() as f64 - 1e-9).max(1.0) as usize;
    sorted.get(rank.min(sorted.len()).checked_sub(1)?).copied()
}

/// The 97.5% quantile of Student's t distribution (Cornish–Fisher; within 0.1% from 3 degrees of freedom up).
#[must_use]
pub fn student_t95(degrees: u64) -> f64 {
    match degrees {
        0 => f64::INFINITY,
        1 => 12.7062,
        2 => 4.3027,
        3 => 3.1824,
        4 => 2.7764,
        _ => {
            let (z, n) = (1.959_963_984_540_054, degrees as f64);
            let (z2, z3) = (z * z, z * z * z);
            let (z5, z7) = (z3 * z2, z3 * z2 * z2);
            z + (z3 + z) / (4.0 * n)
                + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * n * n)
                + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / (384.0 * n * n * n)
        }
    }
}

/// Wilson's interval for a share, `hits` of `runs`, at `z` standard errors (1.96 for 95%).
#[must_use]
pub fn wilson(hits: u64, runs: u64, z: f64) -> (f64, f64) {
    if runs == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (runs as f64, hits as f64 / runs as f64);
    let middle = p + z * z / (2.0 * n);
    let half = z * libm::sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));
    let scale = 1.0 + z * z / n;
    (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::{Summary, percentile, student_t95, wilson};

    #[test]
    fn percentiles_are_nearest_ranks() {
        let values: Vec<u32> = (1..=100).collect();
        for (share, expected) in [(0.0, 1), (0.01, 1), (0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100)] {
            assert_eq!(percentile(&values, share), Some(expected), "{share}");
        }
        assert_eq!(percentile::<u32>(&[], 0.5), None);
    }

    #[test]
    fn quantiles_of_t_are_those_of_the_tables() {
        for (degrees, expected) in [(5, 2.5706), (9, 2.2622), (29, 2.0452), (999, 1.9623)] {
            let t = student_t95(degrees);
            assert!((t - expected).abs() < 0.003, "{degrees}: {t}");
        }
    }

    #[test]
    fn a_summary_of_a_few_values() {
        let summary = Summary::of(vec![4.0, 1.0, 3.0, 2.0]).expect("values");
        assert_eq!((summary.min, summary.p50, summary.max, summary.mean), (1.0, 2.0, 4.0, 2.5));
        // s = 1.2910, t(3) = 3.1824, over the root of 4.
        assert!((summary.ci95 - 2.0542).abs() < 0.001, "{}", summary.ci95);
        assert_eq!(Summary::of(Vec::new()), None);
    }

    #[test]
    fn a_share_has_an_interval() {
        let (low, high) = wilson(0, 100, 1.96);
        assert!(low == 0.0 && (high - 0.037).abs() < 0.001, "{high}");
        let (low, high) = wilson(50, 100, 1.96);
        assert!((low - 0.4038).abs() < 0.001 && (high - 0.5962).abs() < 0.001);
    }
}
