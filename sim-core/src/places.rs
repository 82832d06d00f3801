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
    count: usize,
    /// By small numbers.
    small: Vec<u32>,
    /// By the others.
    large: BTreeMap<u64, u32>,
}

impl Places {
    /// How many numbers have a place.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Where a number is; at `u32::MAX`, past the end of any list, if nowhere.
    #[inline(always)]
    pub(crate) fn find(&self, number: u64) -> u32 {
        let small = if number < SMALL { self.small.get(number as usize).copied() } else { None };
        match small {
            Some(place) if place != NOWHERE => place,
            _ if self.large.is_empty() => NOWHERE,
            _ => self.large.get(&number).copied().unwrap_or(NOWHERE),
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
    pub fn get_or_put(&mut self, number: u64, place: u32) -> u32 {
        let found = self.find(number);
        if found != NOWHERE {
            return found;
        }
        self.put(number, place);
        place
    }

    /// Says where a number is, whether it was anywhere or not.
    #[inline]
    pub fn set(&mut self, number: u64, place: u32) {
        match self.small.get_mut(number as usize) {
            Some(old) if *old != NOWHERE && number < SMALL => *old = place,
            _ => self.put(number, place),
        }
    }

    /// Says where a number is that is not among the small ones with a place.
    #[cold]
    #[inline(never)]
    fn put(&mut self, number: u64, place: u32) {
        // It goes to the tree if the list would be long for so few, and stays there if it is there.
        let reach = (FIRST + FOR_EACH * self.count as u64).max(self.small.len() as u64).min(SMALL);
        if number >= reach || self.large.contains_key(&number) {
            self.count += usize::from(self.large.insert(number, place).is_none());
            return;
        }
        if self.small.len() <= number as usize {
            self.small.resize(number as usize + 1, NOWHERE);
        }
        self.small[number as usize] = place;
        self.count += 1;
    }

    /// Forgets where a number is.
    pub fn remove(&mut self, number: u64) {
        let small = self.small.get_mut(number as usize).filter(|place| number < SMALL && **place != NOWHERE);
        let was_there = match small {
            Some(place) => {
                *place = NOWHERE;
                true
            }
            None => self.large.remove(&number).is_some(),
        };
        self.count -= usize::from(was_there);
    }
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
                (0u8..3, prop_oneof![0u64..6, FIRST - 4..FIRST + 60, SMALL - 2..SMALL + 2, any::<u64>()], 0u32..100),
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
                    _ => assert_eq!(places.get_or_put(number, place), *twin.entry(number).or_insert(place)),
                }
                assert_eq!((places.len(), places.get(number)), (twin.len(), twin.get(&number).copied()));
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
        (0..1_600).for_each(|number| places.set(number, number as u32));
        assert_eq!((places.large.len(), places.small.len(), places.get(9_000)), (2, 1_600, Some(9_000)));
    }
}
