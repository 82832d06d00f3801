//! A map from numbers, most of them small, in the order in which they came: what a state machine looks up for every command, and a
//! client for every answer.
//!
//! A small number's place is read from a list, which is no longer than fits what the map holds, and a larger one's from a tree: neither
//! damaged bytes nor a client that asks little cost memory.
//! Deliberately absent: hashing.

use std::collections::BTreeMap;

/// No number from this on is small.
const SMALL: u64 = 1 << 14;
/// Below this all are small; and below so much more for each number that the map holds.
const FIRST: u64 = 256;
const FOR_EACH: u64 = 32;
/// Marks a small number that is not in the map.
const NOWHERE: u32 = u32::MAX;

/// A map from numbers.
#[derive(Clone, Debug)]
pub struct Numbered<V> {
    entries: Vec<(u64, V)>,
    /// Where small numbers are in `entries`.
    small: Vec<u32>,
    /// The same for the others.
    large: BTreeMap<u64, u32>,
}

impl<V> Default for Numbered<V> {
    fn default() -> Numbered<V> {
        Numbered { entries: Vec::new(), small: Vec::new(), large: BTreeMap::new() }
    }
}

impl<V: PartialEq> PartialEq for Numbered<V> {
    fn eq(&self, other: &Numbered<V>) -> bool {
        self.entries == other.entries
    }
}

impl<V> Numbered<V> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All, in the order in which they came; one that took another's place when that was removed, at that place.
    pub fn iter(&self) -> impl Iterator<Item = &(u64, V)> {
        self.entries.iter()
    }

    /// Where a number's value is; past the end if nowhere.
    #[inline(always)]
    fn place(&self, number: u64) -> usize {
        let small = if number < SMALL { self.small.get(number as usize).copied() } else { None };
        match small {
            Some(place) if place != NOWHERE => place as usize,
            _ if self.large.is_empty() => NOWHERE as usize,
            _ => self.large.get(&number).copied().unwrap_or(NOWHERE) as usize,
        }
    }

    /// A number's value, if it has one.
    #[must_use]
    #[inline]
    pub fn get(&self, number: u64) -> Option<&V> {
        self.entries.get(self.place(number)).map(|(_, value)| value)
    }

    /// The same, to be changed.
    #[must_use]
    #[inline]
    pub fn get_mut(&mut self, number: u64) -> Option<&mut V> {
        let place = self.place(number);
        self.entries.get_mut(place).map(|(_, value)| value)
    }

    /// Gives a number this value, in place of the one it may have.
    pub fn insert(&mut self, number: u64, value: V) {
        let place = self.place(number);
        match self.entries.get_mut(place) {
            Some((_, old)) => *old = value,
            None => drop(self.push(number, value)),
        }
    }

    /// Adds a number that is not there.
    #[cold]
    #[inline(never)]
    fn push(&mut self, number: u64, value: V) -> &mut V {
        let place = self.entries.len();
        self.put(number, place as u32);
        self.entries.push((number, value));
        &mut self.entries[place].1
    }

    /// Notes where a number is that is not there yet. It goes to the tree if the list would be long for so few.
    fn put(&mut self, number: u64, place: u32) {
        let reach = (FIRST + FOR_EACH * self.entries.len() as u64).max(self.small.len() as u64).min(SMALL);
        if number >= reach {
            self.large.insert(number, place);
            return;
        }
        if self.small.len() <= number as usize {
            self.small.resize(number as usize + 1, NOWHERE);
        }
        self.small[number as usize] = place;
    }

    /// Forgets where a number is.
    fn take(&mut self, number: u64) {
        match self.small.get_mut(number as usize).filter(|place| number < SMALL && **place != NOWHERE) {
            Some(place) => *place = NOWHERE,
            None => drop(self.large.remove(&number)),
        }
    }

    /// Removes a number; the last one takes its place.
    pub fn swap_remove(&mut self, number: u64) {
        let place = self.place(number);
        if place >= self.entries.len() {
            return;
        }
        self.entries.swap_remove(place);
        self.take(number);
        if let Some((moved, _)) = self.entries.get(place) {
            let moved = *moved;
            self.take(moved);
            self.put(moved, place as u32);
        }
    }
}

impl<V: Default> Numbered<V> {
    /// A number's value, made if it has none.
    #[inline]
    pub fn get_or_default(&mut self, number: u64) -> &mut V {
        let place = self.place(number);
        if place < self.entries.len() { &mut self.entries[place].1 } else { self.push(number, V::default()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST, Numbered, SMALL};
    use indexmap::IndexMap;
    use proptest::prelude::{any, prop_oneof};

    proptest::proptest! {
        /// The twin is a hash map that keeps the order of insertion.
        #[test]
        fn it_does_what_a_hash_map_does(
            steps in proptest::collection::vec(
                (0u8..3, prop_oneof![0u64..6, FIRST - 4..FIRST + 60, SMALL - 2..SMALL + 2, any::<u64>()], 0u32..100),
                0..200,
            ),
        ) {
            let (mut map, mut twin) = (Numbered::default(), IndexMap::new());
            for (what, number, value) in steps {
                match what {
                    0 => {
                        map.insert(number, value);
                        twin.insert(number, value);
                    }
                    1 => {
                        map.swap_remove(number);
                        twin.swap_remove(&number);
                    }
                    _ => {
                        *map.get_or_default(number) += value;
                        *twin.entry(number).or_default() += value;
                    }
                }
                assert_eq!((map.len(), map.get(number)), (twin.len(), twin.get(&number)));
            }
            assert!(map.iter().map(|(number, value)| (number, value)).eq(twin.iter()));
        }
    }

    #[test]
    fn a_large_number_costs_few_no_long_list() {
        let mut map = Numbered::default();
        for number in [SMALL - 1, FIRST - 1, 9_000] {
            map.insert(number, number);
        }
        assert!(map.small.len() <= FIRST as usize && map.get(SMALL - 1) == Some(&(SMALL - 1)));
        (0..600).for_each(|number| map.insert(number, number));
        assert_eq!((map.large.len(), map.small.len(), map.get(9_000)), (2, 600, Some(&9_000)));
    }
}
