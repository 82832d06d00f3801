//! Sorting by a number, digit by digit from the least: for the long lists of every run's metrics, of which comparisons, each a
//! guess, take several times as long.
//!
//! Deliberately absent: short lists and numbers of very different size, which the standard library sorts.

/// The bits of a digit.
const DIGIT: u32 = 11;
/// The most digits that are worth it.
const DIGITS_MAX: u32 = 4;
/// Below this many the standard library sorts.
const FEW: usize = 1000;

/// Sorts by a number; what has the same may change places.
pub(crate) fn sort_by_number<T: Copy>(list: &mut Vec<T>, number: impl Fn(&T) -> u64) {
    let span = || list.iter().fold((u64::MAX, 0), |(a, b), item| (a.min(number(item)), b.max(number(item))));
    let (least, most) = if list.len() < FEW { (0, u64::MAX) } else { span() };
    let digits = (u64::BITS - (most - least).leading_zeros()).div_ceil(DIGIT);
    if digits > DIGITS_MAX {
        return list.sort_unstable_by_key(number);
    }
    let mut sorted = list.clone();
    for digit in 0..digits {
        let place = |item: &T| ((number(item) - least) >> (digit * DIGIT)) as usize % (1 << DIGIT);
        let mut starts = [0u32; 1 << DIGIT];
        list.iter().for_each(|item| starts[place(item)] += 1);
        let mut sum = 0;
        starts.iter_mut().for_each(|start| sum += std::mem::replace(start, sum));
        for item in &*list {
            let start = &mut starts[place(item)];
            sorted[*start as usize] = *item;
            *start += 1;
        }
        std::mem::swap(list, &mut sorted);
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, sort_by_number};
    use proptest::prelude::{any, prop_oneof};

    proptest::proptest! {
        /// The twin is the standard library's, which keeps the order of what is equal, as digits do.
        #[test]
        fn it_does_what_sorting_does(
            first in any::<u64>(),
            spread in prop_oneof![proptest::strategy::Just(1u64), 1u64..5000, 1u64..1 << 40, any::<u64>()],
            seed in any::<u64>(),
            len in prop_oneof![0..FEW, FEW..3 * FEW],
        ) {
            let mut rng = sim_core::random::Rng::from_key(seed);
            let number = |_| (first / 2).saturating_add(rng.below(spread));
            let mut list: Vec<(u64, usize)> = (0..len).map(number).zip(0..).collect();
            let mut expected = list.clone();
            expected.sort_by_key(|(number, _)| *number);
            sort_by_number(&mut list, |(number, _)| *number);
            assert!(list.iter().map(|item| item.0).eq(expected.iter().map(|item| item.0)));
            list.sort_unstable_by_key(|(_, place)| *place);
            assert!(list.iter().enumerate().all(|(place, item)| item.1 == place));
        }
    }
}
