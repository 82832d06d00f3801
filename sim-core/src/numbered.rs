//! A map from numbers, most of them small, in the order in which they came: what a state machine looks up for every command.
//!
//! Deliberately absent: where numbers are, which is the business of [`crate::places`].

use crate::places::Places;

/// A map from numbers.
#[derive(Clone, Debug)]
pub struct Numbered<V> {
    entries: Vec<(u64, V)>,
    /// Where they are in `entries`.
    places: Places,
}

impl<V> Default for Numbered<V> {
    fn default() -> Numbered<V> {
        Numbered { entries: Vec::new(), places: Places::default() }
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
        self.places.find(number) as usize
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
        self.places.set(number, place as u32);
        self.entries.push((number, value));
        &mut self.entries[place].1
    }

    /// Removes a number; the last one takes its place.
    pub fn swap_remove(&mut self, number: u64) {
        let place = self.place(number);
        if place >= self.entries.len() {
            return;
        }
        self.entries.swap_remove(place);
        self.places.remove(number);
        if let Some((moved, _)) = self.entries.get(place) {
            self.places.set(*moved, place as u32);
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
    use super::Numbered;
    use indexmap::IndexMap;
    use proptest::prelude::{any, prop_oneof};

    proptest::proptest! {
        /// The twin is a hash map that keeps the order of insertion.
        #[test]
        fn it_does_what_a_hash_map_does(
            steps in proptest::collection::vec(
                (0u8..3, prop_oneof![0u64..6, 250u64..310, any::<u64>()], 0u32..100),
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
}
