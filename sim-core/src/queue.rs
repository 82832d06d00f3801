//! The event queue: a monotone radix heap (Ahuja, Mehlhorn, Orlin & Tarjan 1990) over instants, with a small binary
//! heap in front for what is due now.
//!
//! Simulated time only grows, which is what a radix heap needs: an entry moves at most once for each bit in which
//! its instant differs from the present, always in long sequential runs. Entries due at the same instant are ordered
//! by their tie word, exactly as a sorted list would have them; the twin in the tests is that list.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::Time;

/// A key and the slab slot of its event. Entries compare by (at, tie): the total order of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// When it is due.
    pub at: Time,
    /// Who decides between simultaneous entries: (source, the source's own sequence number).
    pub tie: u64,
    /// Where the event is.
    pub slot: u32,
}

/// What is pending, by (at, tie).
#[derive(Debug)]
pub struct Queue {
    /// Due at `base`, least tie first.
    front: BinaryHeap<Reverse<(u64, u32)>>,
    /// Bucket b holds what differs from `base` first in bit b.
    buckets: [Vec<Entry>; 64],
    /// Which buckets are not empty.
    filled: u64,
    /// The instant of the last entry taken; nothing is earlier.
    base: u64,
    len: usize,
}

impl Default for Queue {
    fn default() -> Queue {
        Queue {
            front: BinaryHeap::new(),
            buckets: std::array::from_fn(|_| Vec::new()),
            filled: 0,
            base: 0,
            len: 0,
        }
    }
}

impl Queue {
    /// Adds an entry.
    ///
    /// # Panics
    /// If it is due before the last entry taken: time only grows.
    #[inline]
    pub fn push(&mut self, entry: Entry) {
        assert!(entry.at.0 >= self.base, "an event was scheduled in the past");
        self.len += 1;
        self.place(entry);
    }

    #[inline]
    fn place(&mut self, entry: Entry) {
        let differing = entry.at.0 ^ self.base;
        if differing == 0 {
            self.front.push(Reverse((entry.tie, entry.slot)));
        } else {
            let bucket = differing.ilog2();
            self.filled |= 1 << bucket;
            self.buckets[bucket as usize].push(entry);
        }
    }

    /// Takes the least entry if it is due at `until` or before.
    #[inline]
    pub fn pop_until(&mut self, until: Time) -> Option<Entry> {
        if self.front.is_empty() {
            self.advance(until)?;
        }
        if self.base > until.0 {
            return None;
        }
        let Reverse((tie, slot)) = self.front.pop()?;
        self.len -= 1;
        Some(Entry { at: Time(self.base), tie, slot })
    }

    /// Moves the base to the earliest pending instant, unless that is after `until`.
    fn advance(&mut self, until: Time) -> Option<()> {
        if self.filled == 0 {
            return None;
        }
        let bucket = self.filled.trailing_zeros() as usize;
        let least = self.buckets[bucket].iter().map(|entry| entry.at.0).min()?;
        if least > until.0 {
            return None;
        }
        self.base = least;
        self.filled &= !(1 << bucket);
        // Everything here now differs from the base in a lower bit. The vector keeps its memory.
        let mut moving = std::mem::take(&mut self.buckets[bucket]);
        for entry in moving.drain(..) {
            self.place(entry);
        }
        self.buckets[bucket] = moving;
        Some(())
    }

    /// How many are pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Queue};
    use crate::time::Time;
    use proptest::prelude::{Just, Strategy, any, prop_oneof};

    #[derive(Clone, Debug)]
    enum Step {
        Push(u64, u64),
        Pop(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let delay = prop_oneof![Just(0), 0u64..4, 0u64..1000, 0u64..10_000_000_000, Just(u64::MAX)];
        let step = prop_oneof![
            (delay.clone(), any::<u64>()).prop_map(|(delay, tie)| Step::Push(delay, tie)),
            delay.prop_map(Step::Pop),
        ];
        proptest::collection::vec(step, 0..400)
    }

    proptest::proptest! {
        /// The dumb twin: a list that is sorted at every step.
        #[test]
        fn it_does_what_a_sorted_list_does(steps in steps()) {
            let (mut queue, mut list, mut now) = (Queue::default(), Vec::<Entry>::new(), 0u64);
            for (slot, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(delay, tie) => {
                        let entry = Entry { at: Time(now.saturating_add(delay)), tie, slot: slot as u32 };
                        queue.push(entry);
                        list.push(entry);
                        list.sort_unstable();
                    }
                    Step::Pop(ahead) => {
                        let until = Time(now.saturating_add(ahead));
                        let expected = (list.first().is_some_and(|e| e.at <= until)).then(|| list.remove(0));
                        assert_eq!(queue.pop_until(until), expected);
                        now = expected.map_or(now, |e| e.at.0);
                    }
                }
                assert_eq!(queue.len(), list.len());
            }
        }
    }

    #[test]
    #[should_panic(expected = "scheduled in the past")]
    fn the_past_is_closed() {
        let mut queue = Queue::default();
        queue.push(Entry { at: Time(10), tie: 0, slot: 0 });
        queue.pop_until(Time(10)).expect("due");
        queue.push(Entry { at: Time(9), tie: 0, slot: 0 });
    }
}
