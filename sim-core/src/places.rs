//! Where numbers are, most of them small: a map from numbers to places in some list.
//!
//! A small number's place is read from a list, which is no longer than fits what the map holds, and a larger one's from a tree: neither
//! damaged bytes nor a client that asks little cost memory.
//! Deliberately absent: hashing, and what is at a place.

use std::collections::BTreeMap;

/// No number from this on is small.
const SMALL: u64 = 1 << 16;
/// Below this all are small; and below so much more for each number that the map holds.
const FIRST: u64 = 1024;
const FOR_EACH: u64 = 32;
/// No place: that of a number which is not in the map.
const NOWHERE: u32 = u32::MAX;

/// A map from numbers to places below `u32::MAX`.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// By small numbers.
    small: Vec<u32>,
    /// By others, none of which the list reaches.
    large: BTreeMap<u64, u32>,
    /// How many numbers have a place.
    held: u64,
}

impl Places {
    /// Where a number is; at `u32::MAX`, past the end of any list, if nowhere.
    #[inline(always)]
    pub(crate) fn find(&self, number: u64) -> u32 {
        match self.small.get(index(number)) {
            Some(place) => *place,
            None if self.large.is_empty() => NOWHERE,
            None => self.large.get(&number).copied().unwrap_or(NOWHERE),
        }
    }

    /// Where a number is, if anywhere.
    #[must_use]
    #[inline]
    pub fn get(&self, number: u64) -> Option<u32> {
        Some(self.find(number)).filter(|place| *place != NOWHERE)
    }

    /// Where a number is; there, if it was nowhere.
    #[inline]
    pub fn get_or_set(&mut self, number: u64, place: u32) -> u32 {
        let found = self.find(number);
        if found != NOWHERE {
            return found;
        }
        self.set(number, place);
        place
    }

    /// Says where a number is, whether it was anywhere or not.
    #[inline]
    pub fn set(&mut self, number: u64, place: u32) {
        match self.small.get_mut(index(number)) {
            // Without a branch, which would have to wait for what was there.
            Some(old) => {
                self.held += u64::from(*old == NOWHERE);
                *old = place;
            }
            None => self.put(number, place),
        }
    }

    /// Says where a number is that the list does not reach.
    #[cold]
    #[inline(never)]
    fn put(&mut self, number: u64, place: u32) {
        if number >= (FIRST + FOR_EACH * self.held).min(SMALL) {
            self.held += u64::from(self.large.insert(number, place).is_none());
            return;
        }
        self.small.resize(number as usize + 1, NOWHERE);
        if !self.large.is_empty() {
            let larger = self.large.split_off(&(number + 1));
            for (number, place) in std::mem::replace(&mut self.large, larger) {
                self.small[number as usize] = place;
            }
        }
        let old = std::mem::replace(&mut self.small[number as usize], place);
        self.held += u64::from(old == NOWHERE);
    }

    /// Forgets where a number is.
    pub fn remove(&mut self, number: u64) {
        let was_there = match self.small.get_mut(index(number)) {
            Some(place) => std::mem::replace(place, NOWHERE) != NOWHERE,
            None => self.large.remove(&number).is_some(),
        };
        self.held -= u64::from(was_there);
    }
}

/// A number as a place of a list; past the end of any if it does not fit.
#[inline(always)]
fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{FIRST, Places, SMALL};
    use proptest::prelude::{any, prop_oneof};
    use std::collections::BTreeMap;

    proptest::proptest! {
        /// The twin is a tree.
        #[test]
        fn it_does_what_a_tree_does(
            steps in proptest::collection::vec(
                (0u8..3, prop_oneof![0u64..6, FIRST - 4..FIRST + 60, SMALL - 2..SMALL + 2, 1u64 << 32..(1 << 32) + 6, any::<u64>()], 0u32..100),
                0..200,
            ),
        ) {
            let (mut places, mut twin) = (Places::default(), BTreeMap::new());
            for (what, number, place) in steps {
                match what {
                    0 => {
                        places.set(number, place);
                        twin.insert(number, place);
                    }
                    1 => {
                        places.remove(number);
                        twin.remove(&number);
                    }
                    _ => assert_eq!(places.get_or_set(number, place), *twin.entry(number).or_insert(place)),
                }
                assert_eq!((places.held, places.get(number)), (twin.len() as u64, twin.get(&number).copied()));
            }
            assert!(twin.iter().all(|(number, place)| places.get(*number) == Some(*place)));
        }
    }

    #[test]
    fn a_large_number_costs_few_no_long_list() {
        let mut places = Places::default();
        for number in [SMALL - 1, FIRST - 1, 9_000] {
            places.set(number, number as u32);
        }
        assert!(places.small.len() <= FIRST as usize && places.get(SMALL - 1) == Some(SMALL as u32 - 1));
        assert_eq!(places.large.len(), 2);
        (0..1_600).for_each(|number| places.set(number, number as u32));
        assert_eq!((places.large.len(), places.small.len(), places.get(9_000)), (2, 1_600, Some(9_000)));
        places.set(9_001, 5);
        assert_eq!((places.large.len(), places.get(9_000), places.get(8_999)), (1, Some(9_000), None));
    }
}
