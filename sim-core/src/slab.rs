//! A slab: values by small numbers, slots reused last-freed first, no allocation in steady state.

/// Values by slot.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    /// The slot that was freed last.
    free: u32,
}

#[derive(Debug)]
enum Slot<T> {
    Full(T),
    /// Free, and the one that was freed before it.
    Free(u32),
}

/// So many values at most, that a slot leaves room for a kind in a word.
pub(crate) const MOST: usize = 1 << 28;

/// No slot is free.
const NONE: u32 = u32::MAX;

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab { slots: Vec::new(), free: NONE }
    }
}

impl<T> Slab<T> {
    /// Keeps a value and answers its slot. It is made once there is a place for it, so that its parts are written where they
    /// stay: read as a whole right after that, they would hold the processor up.
    #[inline(always)]
    pub(crate) fn insert(&mut self, value: impl FnOnce() -> T) -> u32 {
        let slot = self.free;
        match self.slots.get_mut(slot as usize) {
            Some(place) => {
                if let Slot::Free(before) = *place {
                    self.free = before;
                }
                // It is free, so there is nothing to drop.
                std::mem::forget(std::mem::replace(place, Slot::Full(value())));
                slot
            }
            None => self.grow(value()),
        }
    }

    #[cold]
    fn grow(&mut self, value: T) -> u32 {
        assert!(self.slots.len() < MOST, "more than 2^28 events of a kind pending");
        self.slots.push(Slot::Full(value));
        (self.slots.len() - 1) as u32
    }

    /// Fetches a slot into the caches.
    #[inline(always)]
    pub(crate) fn fetch(&self, slot: u32) {
        prefetch_index::prefetch_index(&self.slots, slot as usize);
    }

    /// Takes the value out of a slot.
    ///
    /// # Panics
    /// If the slot is empty: an event would be handled twice.
    #[inline]
    pub(crate) fn take(&mut self, slot: u32) -> T {
        match std::mem::replace(&mut self.slots[slot as usize], Slot::Free(self.free)) {
            Slot::Full(value) => {
                self.free = slot;
                value
            }
            Slot::Free(_) => unreachable!("a slot is taken once"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Slab;

    #[test]
    fn slots_are_reused() {
        let mut slab = Slab::default();
        let (a, b) = (slab.insert(|| "a"), slab.insert(|| "b"));
        assert_eq!(slab.take(a), "a");
        assert_eq!(slab.insert(|| "c"), a);
        assert_eq!((slab.take(b), slab.take(a)), ("b", "c"));
    }

    #[test]
    #[should_panic(expected = "a slot is taken once")]
    fn what_was_taken_is_gone() {
        let mut slab = Slab::default();
        let slot = slab.insert(|| "a");
        slab.take(slot);
        slab.take(slot);
    }
}
