//! Where numbers are, most of them small: a map from numbers to places in some list.
//!
//! A small number's place is read from a list, which is no longer than fits what the map was told, and a larger one's from a tree: neither
//! damaged bytes nor a client that asks little cost memory.
//! Deliberately absent: hashing, and what is at a place.

use std::collections::BTreeMap;

/// No number from this on is small.
const SMALL: u64 = 1 << 16;
/// Below this all are small; and below so much more for each time that a place was said.
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
    /// How often a place was said.
    said: u64,
}

impl Places {
    /// Where a number is; at `u32::MAX`, past the end of any list, if nowhere.
    #[inline(always)]
    pub(crate) fn find(&self, number: u64) -> u32 {
        match self.small.get(number as usize) {
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
        self.said += 1;
        // What was there is not looked at, which would have to be waited for.
        match self.small.get_mut(number as usize) {
            Some(old) => *old = place,
            None => self.put(number, place),
        }
    }

    /// Says where a number is that the list does not reach.
    #[cold]
    #[inline(never)]
    fn put(&mut self, number: u64, place: u32) {
        if number >= (FIRST + FOR_EACH * self.said).min(SMALL) {
            self.large.insert(number, place);
            return;
        }
        self.small.resize(number as usize + 1, NOWHERE);
        if !self.large.is_empty() {
            let larger = self.large.split_off(&(number + 1));
            for (number, place) in std::mem::replace(&mut self.large, larger) {
                self.small[number as usize] = place;
            }
        }
        self.small[number as usize] = place;
    }

    /// Forgets where a number is.
    pub fn remove(&mut self, number: u64) {
        match self.small.get_mut(number as usize) {
            Some(place) => *place = NOWHERE,
            None => drop(self.large.remove(&number)),
        }
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
                    _ => assert_eq!(places.get_or_set(number, place), *twin.entry(number).or_insert(place)),
                }
                assert_eq!(places.get(number), twin.get(&number).copied());
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
