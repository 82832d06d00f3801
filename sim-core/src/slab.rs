//! A slab: values by small numbers, slots reused last-freed first, no allocation in steady state.

/// Values by slot.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// Keeps a value and answers its slot.
    #[inline]
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(value);
            return slot;
        }
        assert!(self.slots.len() < 1 << 30, "more than 2^30 events of a kind pending");
        self.slots.push(Some(value));
        (self.slots.len() - 1) as u32
    }

    /// Whether a value is in a slot.
    #[inline]
    pub(crate) fn holds(&self, slot: u32) -> bool {
        self.slots.get(slot as usize).is_some_and(Option::is_some)
    }

    /// Takes the value out of a slot.
    ///
    /// # Panics
    /// If the slot is empty: an event would be handled twice.
    #[inline]
    pub(crate) fn take(&mut self, slot: u32) -> T {
        let value = self.slots[slot as usize].take().expect("a slot is taken once");
        self.free.push(slot);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::Slab;

    #[test]
    fn slots_are_reused() {
        let mut slab = Slab::default();
        let (a, b) = (slab.insert("a"), slab.insert("b"));
        assert_eq!(slab.take(a), "a");
        assert!(slab.holds(b) && !slab.holds(a) && !slab.holds(9));
        assert_eq!(slab.insert("c"), a);
        assert_eq!((slab.take(b), slab.take(a)), ("b", "c"));
    }
}
