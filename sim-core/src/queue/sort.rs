//! How a bucket becomes part of the run: its entries are spread over places by their instants, which mostly puts them in order,
//! and then each is moved past those before it that are later. A few are put in order by counting those before each.
//!
//! Deliberately absent: any reliance on how instants are spread. Where many fall together, the standard library sorts.

use super::Entry;

/// The places that entries are spread over, as bits.
const PLACE_BITS: u32 = 8;
const PLACES: usize = 1 << PLACE_BITS;
/// So many entries are a few.
const FEW: usize = 20;
/// More than so many at one place are not sorted one by one.
const CROWD: u32 = 12;

/// Moves entries to the end of a run whose entries are all earlier, in order.
pub(super) fn move_sorted(bucket: &mut Vec<Entry>, run: &mut Vec<Entry>) {
    let from = run.len();
    if bucket.len() <= FEW {
        return move_few(bucket, run);
    }
    let instants = bucket.iter().map(|entry| entry.at.0);
    let (least, most) = instants.fold((u64::MAX, 0), |(a, b), at| (a.min(at), b.max(at)));
    let shift = (u64::BITS - (most - least).leading_zeros()).saturating_sub(PLACE_BITS);
    let place = |entry: &Entry| ((entry.at.0 - least) >> shift) as usize % PLACES;
    let mut starts = [0u32; PLACES];
    for entry in &*bucket {
        starts[place(entry)] += 1;
    }
    let (mut sum, mut crowd) = (0, 0);
    for start in &mut starts {
        crowd = crowd.max(*start);
        sum += std::mem::replace(start, sum);
    }
    // These are only there to be written over.
    run.extend_from_slice(bucket);
    let moved = &mut run[from..];
    for entry in bucket.drain(..) {
        let start = &mut starts[place(&entry)];
        moved[*start as usize] = entry;
        *start += 1;
    }
    if crowd > CROWD {
        moved.sort_unstable_by_key(Entry::key);
    } else {
        insert_each(moved);
    }
}

/// The same for a few: each goes to the place that the number of those before it tells. Their order cannot be predicted, so
/// nothing hangs on a branch.
fn move_few(bucket: &mut Vec<Entry>, run: &mut Vec<Entry>) {
    let from = run.len();
    // These are only there to be written over.
    run.extend_from_slice(bucket);
    let moved = &mut run[from..];
    for (i, entry) in bucket.iter().enumerate() {
        let key = entry.key();
        let (earlier, later) = bucket.split_at(i);
        let before = |sum: usize, is: bool| sum.wrapping_add(usize::from(is));
        let sum = earlier.iter().fold(0, |sum, other| before(sum, other.key() <= key));
        let sum = later.iter().fold(sum, |sum, other| before(sum, other.key() < key));
        moved[sum] = *entry;
    }
    bucket.clear();
}

/// Sorts what is nearly in order.
fn insert_each(entries: &mut [Entry]) {
    for next in 1..entries.len() {
        let entry = entries[next];
        let mut place = next;
        while place > 0 && entries[place - 1].key() > entry.key() {
            entries[place] = entries[place - 1];
            place -= 1;
        }
        entries[place] = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::move_sorted;
    use crate::queue::Entry;
    use crate::time::Time;
    use proptest::prelude::{Just, any, prop_oneof};

    proptest::proptest! {
        /// The twin is the standard library's.
        #[test]
        fn it_does_what_sorting_does(
            spread in prop_oneof![Just(1u64), 1u64..100, 1u64..1_000_000, Just(u64::MAX)],
            first in any::<u64>(),
            entries in proptest::collection::vec((any::<u64>(), 0u64..3), 1..300),
        ) {
            let entry = |(at, tie): &(u64, u64)| Entry {
                at: Time((first / 2).saturating_add(at % spread)),
                tie: *tie,
                slot: 0,
                target: 0,
            };
            let before = Entry { at: Time(0), tie: 0, slot: 1, target: 0 };
            let mut bucket: Vec<Entry> = entries.iter().map(entry).collect();
            let mut expected = bucket.clone();
            expected.sort_unstable();
            expected.insert(0, before);
            let mut run = vec![before];
            move_sorted(&mut bucket, &mut run);
            assert_eq!(run, expected);
            assert!(bucket.is_empty());
        }
    }
}
