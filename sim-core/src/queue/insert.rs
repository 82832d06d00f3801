//! A new entry put where it belongs in a sorted run, one place of which is free.
//!
//! Three ways: for short runs, and for longer ones from the first on or from the last. Deliberately
//! absent: which is taken, and room, which are the queue's to find.

use std::hint::select_unpredictable;

use super::{Entry, key};
use crate::time::Time;

/// The last place is free, and the run is short.
///
/// Where the entry belongs cannot be predicted: each of the others is looked at and written, whether it moves or not, and the
/// processor goes on with what comes first meanwhile.
#[inline(always)]
pub(super) fn evenly(run: &mut [Entry], at: u64, tie: u64, slot: u32, target: u32) {
    let new = key(at, tie);
    let mut moving = (at, tie, u64::from(target) << 32 | u64::from(slot));
    let entry = |(at, tie, rest): (u64, u64, u64)| Entry {
        at: Time(at),
        tie,
        slot: rest as u32,
        target: (rest >> 32) as u32,
    };
    let [others @ .., last] = run else { return };
    for place in others {
        let stays = place.key() < new;
        let here = (place.at.0, place.tie, u64::from(place.target) << 32 | u64::from(place.slot));
        *place = entry((
            select_unpredictable(stays, here.0, moving.0),
            select_unpredictable(stays, here.1, moving.1),
            select_unpredictable(stays, here.2, moving.2),
        ));
        moving = (
            select_unpredictable(stays, moving.0, here.0),
            select_unpredictable(stays, moving.1, here.1),
            select_unpredictable(stays, moving.2, here.2),
        );
    }
    *last = entry(moving);
}

/// The last place is free: what is later moves up, the last first.
#[inline(always)]
pub(super) fn from_the_last(mut run: &mut [Entry], at: u64, tie: u64, slot: u32, target: u32) {
    // Entries are rarely due at the same instant.
    while let [.., earlier, place] = &mut *run
        && (earlier.at.0 > at || (earlier.at.0 == at && earlier.tie > tie))
    {
        *place = *earlier;
        let shorter = run.len() - 1;
        run = &mut run[..shorter];
    }
    if let Some(place) = run.last_mut() {
        *place = Entry { at: Time(at), tie, slot, target };
    }
}

/// The first place is free: what is earlier moves down, the first first.
#[inline(always)]
pub(super) fn from_the_first(mut run: &mut [Entry], at: u64, tie: u64, slot: u32, target: u32) {
    while let [place, later, ..] = &mut *run
        && (later.at.0 < at || (later.at.0 == at && later.tie < tie))
    {
        *place = *later;
        run = &mut run[1..];
    }
    if let Some(place) = run.first_mut() {
        *place = Entry { at: Time(at), tie, slot, target };
    }
}

#[cfg(test)]
mod tests {
    use super::{evenly, from_the_first, from_the_last};
    use crate::queue::Entry;
    use crate::time::Time;

    proptest::proptest! {
        /// The twin is a sorted list.
        #[test]
        fn each_does_what_sorting_does(
            keys in proptest::collection::btree_set((0u64..6, 0u64..6), 1..20),
            new in 0usize..20,
        ) {
            let entries: Vec<Entry> = keys.iter().zip(1..).map(|(&(at, tie), slot)| {
                Entry { at: Time(at), tie, slot, target: 100 + slot }
            }).collect();
            let Entry { at: Time(at), tie, slot, target } = entries[new % entries.len()];
            let mut others = entries.clone();
            others.remove(new % entries.len());
            let free = Entry { at: Time(3), tie: 3, slot: 0, target: 0 };
            let after: Vec<Entry> = others.iter().copied().chain([free]).collect();
            let before: Vec<Entry> = [free].into_iter().chain(others).collect();
            type Insert = fn(&mut [Entry], u64, u64, u32, u32);
            let ways: [(Insert, &Vec<Entry>); 3] = [(evenly, &after), (from_the_last, &after), (from_the_first, &before)];
            for (insert, run) in ways {
                let mut run = run.clone();
                insert(&mut run, at, tie, slot, target);
                assert_eq!(run, entries);
            }
        }
    }
}
