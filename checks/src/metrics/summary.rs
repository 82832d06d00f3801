//! Percentiles by nearest rank, and intervals of shares. Means and their intervals are in [`crate::statistics`].

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
    use super::{percentile, wilson};

    #[test]
    fn percentiles_are_nearest_ranks() {
        let values: Vec<u32> = (1..=100).collect();
        for (share, expected) in [(0.0, 1), (0.01, 1), (0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100)] {
            assert_eq!(percentile(&values, share), Some(expected), "{share}");
        }
        assert_eq!(percentile::<u32>(&[], 0.5), None);
    }

    #[test]
    fn a_share_has_an_interval() {
        let (low, high) = wilson(0, 100, 1.96);
        assert!(low == 0.0 && (high - 0.037).abs() < 0.001, "{high}");
        let (low, high) = wilson(50, 100, 1.96);
        assert!((low - 0.4038).abs() < 0.001 && (high - 0.5962).abs() < 0.001);
    }
}
