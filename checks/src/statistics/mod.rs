//! Statistics over runs: summaries, quantiles, confidence intervals of means and of paired differences.
//!
//! Sums go in the order given, so equal inputs give equal bytes. Deliberately absent: anything that looks at a record.

pub(crate) mod gaps;
pub mod paired;
pub mod sensitivity;
pub mod signs;
pub(crate) mod sorting;
pub mod student;
pub mod summary;

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

#[cfg(test)]
mod tests {
    use super::mean_variance;

    #[test]
    fn large_values_lose_no_variance() {
        let (mean, variance) = mean_variance(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]);
        assert_eq!((mean, variance), (1e9 + 10.0, 30.0));
    }
}
