//! Operations counted by the time of their end, for strips and rates.
//!
//! An operation that ended ok or failed counts when its end was known; one that ended unknown, or that the run's end cut
//! off, counts when it was invoked, because there is no other time. Deliberately absent: drawing.

use sim_core::record::Record;

use crate::lanes::{end_of, ended};

/// Counts of operations in equal stretches of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bins {
    /// The length of a stretch in nanoseconds; at least 1.
    pub width_ns: u64,
    /// For each stretch how many ended ok, failed, unknown.
    pub counts: Vec<[u64; 3]>,
}

impl Bins {
    /// Counts in at most `most` stretches of a round length.
    #[must_use]
    pub fn round(record: &Record, end_ns: u64, most: usize) -> Bins {
        let rough = end_ns.div_ceil(most.max(1) as u64).max(1);
        let mut power = 1;
        while power <= rough / 10 {
            power *= 10;
        }
        let width_ns = [1, 2, 5, 10].iter().map(|f| f * power).find(|w| *w >= rough).unwrap_or(rough);
        Bins::of(record, end_ns, width_ns)
    }

    /// Counts in exactly `many` stretches.
    #[must_use]
    pub fn exactly(record: &Record, end_ns: u64, many: usize) -> Bins {
        Bins::of(record, end_ns, end_ns.div_ceil(many.max(1) as u64).max(1))
    }

    fn of(record: &Record, end_ns: u64, width_ns: u64) -> Bins {
        let many = end_ns.div_ceil(width_ns).max(1) as usize;
        let mut counts = vec![[0; 3]; many];
        for entry in &record.history.entries {
            let bin = (ended(entry).0 / width_ns).min(many as u64 - 1) as usize;
            counts[bin][end_of(entry) as usize] += 1;
        }
        Bins { width_ns, counts }
    }

    /// The greatest count of one kind of end in a stretch.
    #[must_use]
    pub fn greatest(&self, end: crate::style::End) -> u64 {
        self.counts.iter().map(|bin| bin[end as usize]).max().unwrap_or(0)
    }

    /// A count as a rate per second.
    #[must_use]
    pub fn per_second(&self, count: u64) -> f64 {
        count as f64 * 1e9 / self.width_ns as f64
    }
}

#[cfg(test)]
mod tests {
    use sim_core::record::Record;

    use super::Bins;

    #[test]
    fn stretches_are_round_and_cover_the_run() {
        for end_ns in [1, 7, 999, 5_000_000, 30_000_000_000, 600_000_000_001, u64::MAX / 4] {
            let bins = Bins::round(&Record::default(), end_ns, 120);
            assert!(bins.counts.len() <= 120, "{end_ns}");
            assert!(bins.width_ns * bins.counts.len() as u64 >= end_ns, "{end_ns}");
        }
        assert_eq!(Bins::round(&Record::default(), 30_000_000_000, 120).width_ns, 500_000_000);
    }
}
