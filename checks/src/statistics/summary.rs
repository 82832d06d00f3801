//! Summaries of numbers: percentiles, means with confidence intervals, shares with theirs.

use serde::Serialize;

use super::{half_width, mean_variance};

/// A metric over several runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many runs have it.
    pub runs: u64,
    /// The mean.
    pub mean: f64,
    /// Half the width of the mean's 95% confidence interval (Student's t); 0 for a single run, of which there is none.
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
        let (mean, variance) = mean_variance(&values);
        let ci95 = half_width(variance, values.len());
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

/// The value that this share of the sorted values does not exceed (nearest rank); `None` of nothing.
#[must_use]
pub fn percentile<T: Copy>(sorted: &[T], share: f64) -> Option<T> {
    // Taken back a little, so that 0.99 of 100 is the 99th and not, by rounding, the 100th.
    let rank = libm::ceil(share * sorted.len() as f64 - 1e-9).max(1.0) as usize;
    sorted.get(rank.min(sorted.len()).checked_sub(1)?).copied()
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
    use super::{Summary, percentile, wilson};

    #[test]
    fn percentiles_are_nearest_ranks() {
        let values: Vec<u32> = (1..=100).collect();
        for (share, expected) in [(0.0, 1), (0.01, 1), (0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100)] {
            assert_eq!(percentile(&values, share), Some(expected), "{share}");
        }
        assert_eq!(percentile::<u32>(&[], 0.5), None);
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
