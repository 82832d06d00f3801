//! The widest gap between numbers that come in any order, without sorting them.
//!
//! Of `n` numbers the widest gap is at least as wide as their span shared out evenly, so no two of one cell narrower than that bound
//! it: of each cell only the least and the most count (Gonzalez's method, in Preparata & Shamos, "Computational Geometry", 1985,
//! chapter 6, "Gaps and covers").

/// The widest gap between these numbers and `first` in their order; 0 if there are none. What is below `first` is taken for it.
pub(crate) fn widest_gap(first: u64, numbers: &[u64]) -> u64 {
    let last = numbers.iter().fold(first, |last, number| last.max(*number));
    let count = numbers.len() as u64;
    // The widest power of two that is no wider than a gap must be.
    let width = (last - first) / (count + 1);
    let shift = width.checked_ilog2().unwrap_or(0);
    let mut cells = vec![(u64::MAX, 0); ((last - first) >> shift) as usize + 1];
    for number in numbers {
        let number = number.saturating_sub(first);
        let (least, most) = &mut cells[(number >> shift) as usize];
        (*least, *most) = (number.min(*least), number.max(*most));
    }
    let (mut before, mut widest) = (0, 0);
    for (least, most) in cells {
        // Nothing is in an empty cell.
        if least <= most {
            widest = widest.max(least - before);
            before = most;
        }
    }
    widest
}

#[cfg(test)]
mod tests {
    use super::widest_gap;
    use proptest::prelude::{any, prop_oneof};

    proptest::proptest! {
        /// The twin sorts.
        #[test]
        fn it_finds_what_sorting_finds(
            first in 0u64..1000,
            numbers in proptest::collection::vec(
                prop_oneof![0u64..2000, 900u64..1_000_000, any::<u64>(), 5_000u64..5_003], 0..100),
        ) {
            let mut sorted: Vec<u64> = numbers.iter().map(|n| *n.max(&first)).chain([first]).collect();
            sorted.sort_unstable();
            let widest = sorted.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
            assert_eq!(widest_gap(first, &numbers), widest);
        }
    }
}
