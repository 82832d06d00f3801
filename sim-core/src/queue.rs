//! The event queue: a monotone radix heap (Ahuja, Mehlhorn, Orlin & Tarjan 1990) over instants that stops dividing
//! once a bucket is small: that one is sorted and taken from its end, and what is pushed into its range meanwhile
//! goes to a small binary heap beside it.
//!
//! Simulated time only grows, which is what a radix heap needs: an entry moves at most once for each bit in which
//! its instant differs from the present, always in long sequential runs. Entries due at the same instant are ordered
//! by their tie word, exactly as a sorted list would have them; the twin in the tests is that list. A million entries
//! of one instant cost one sort, not a million sifts.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::Time;

/// A bucket of this many entries or fewer is sorted rather than divided.
const SORTED_MAX: usize = 1024;
/// When this many entries were pushed into the range of the sorted run, the range is narrowed.
const HEAP_MAX: usize = 4096;
/// An emptied bucket keeps this much room; what is larger goes to the bucket that needs it next.
const KEPT_MAX: usize = 1024;
/// How many large buffers are kept for that; more are given back.
const SPARE_MAX: usize = 2;

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
    /// What is next, the least last.
    run: Vec<Entry>,
    /// What was pushed into the run's range since it was sorted.
    late: BinaryHeap<Reverse<Entry>>,
    /// The run's range: instants that differ from `base` in no bit above the lowest so many.
    range_bits: u32,
    /// Bucket b holds what differs from `base` first in bit b; those of the run's range are empty.
    buckets: [Vec<Entry>; 64],
    /// Which buckets are not empty.
    filled: u64,
    /// Large buffers that no bucket needs at present.
    spare: Vec<Vec<Entry>>,
    /// The instant that buckets refer to; at most `now`, and in its range.
    base: u64,
    /// The instant of the last entry taken; nothing is earlier.
    now: u64,
    len: usize,
}

impl Default for Queue {
    fn default() -> Queue {
        Queue {
            run: Vec::new(),
            late: BinaryHeap::new(),
            range_bits: 0,
            buckets: std::array::from_fn(|_| Vec::new()),
            filled: 0,
            spare: Vec::new(),
            base: 0,
            now: 0,
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
        assert!(entry.at.0 >= self.now, "an event was scheduled in the past");
        self.len += 1;
        let bits = u64::BITS - (entry.at.0 ^ self.base).leading_zeros();
        if bits <= self.range_bits {
            self.late.push(Reverse(entry));
            if self.late.len() > HEAP_MAX && self.range_bits > 0 {
                self.narrow();
            }
        } else {
            self.file(bits - 1, entry);
        }
    }

    /// Puts an entry into a bucket.
    #[inline]
    fn file(&mut self, bucket: u32, entry: Entry) {
        let list = &mut self.buckets[bucket as usize];
        if list.len() == list.capacity() && list.len() <= KEPT_MAX {
            // A bucket that outgrows its own room takes over a large buffer, if one lies about.
            if let Some(mut larger) = self.spare.pop() {
                larger.append(list);
                *list = larger;
            }
        }
        self.filled |= 1 << bucket;
        list.push(entry);
    }

    /// Takes the least entry if it is due at `until` or before.
    #[inline]
    pub fn pop_until(&mut self, until: Time) -> Option<Entry> {
        if self.run.is_empty() && self.late.is_empty() {
            self.advance(until)?;
        }
        let from_heap = match (self.run.last(), self.late.peek()) {
            (Some(next), Some(Reverse(late))) => late < next,
            (next, _) => next.is_none(),
        };
        let next = if from_heap { self.late.peek()?.0 } else { *self.run.last()? };
        if next.at > until {
            return None;
        }
        if from_heap {
            self.late.pop();
        } else {
            self.run.pop();
        }
        self.len -= 1;
        self.now = next.at.0;
        Some(next)
    }

    /// Fills the run with the earliest entries, unless they are due after `until`.
    fn advance(&mut self, until: Time) -> Option<()> {
        while self.run.is_empty() {
            if self.filled == 0 {
                return None;
            }
            let bucket = self.filled.trailing_zeros();
            let least = self.buckets[bucket as usize].iter().map(|entry| entry.at.0).min()?;
            if least > until.0 {
                return None;
            }
            self.base = least;
            self.filled &= !(1 << bucket);
            let mut moving = std::mem::take(&mut self.buckets[bucket as usize]);
            if moving.len() <= SORTED_MAX {
                self.range_bits = bucket + 1;
                self.run.append(&mut moving);
            } else {
                self.range_bits = 0;
                for entry in moving.drain(..) {
                    self.settle(entry);
                }
            }
            if moving.capacity() <= KEPT_MAX {
                self.buckets[bucket as usize] = moving;
            } else if self.spare.len() < SPARE_MAX {
                self.spare.push(moving);
            }
        }
        self.run.sort_unstable_by(|a, b| b.cmp(a));
        Some(())
    }

    /// To the run if it is due at the base, else to its bucket.
    #[inline]
    fn settle(&mut self, entry: Entry) {
        match (entry.at.0 ^ self.base).checked_ilog2() {
            None => self.run.push(entry),
            Some(bucket) => self.file(bucket, entry),
        }
    }

    /// So much was pushed into the run's range that it is better divided after all.
    #[cold]
    fn narrow(&mut self) {
        self.base = self.now;
        self.range_bits = 0;
        let run = std::mem::take(&mut self.run);
        let late = std::mem::take(&mut self.late);
        for entry in run.into_iter().chain(late.into_iter().map(|Reverse(entry)| entry)) {
            self.settle(entry);
        }
        self.run.sort_unstable_by(|a, b| b.cmp(a));
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

    /// The same against the same twin where buckets are divided, ranges narrowed and buffers handed on.
    #[test]
    fn crowds_leave_in_order() {
        let mut rng = crate::random::Rng::from_key(5);
        let (mut queue, mut twin) = (Queue::default(), std::collections::BTreeSet::new());
        let mut now = 0;
        for slot in 0..60_000u32 {
            let spread = [1, 1000, 1 << 20, 1 << 34][rng.below(4) as usize];
            let at = Time(now + rng.below(spread));
            let entry = Entry { at, tie: rng.bits(), slot };
            queue.push(entry);
            twin.insert(entry);
            // Grows to some tens of thousands, then shrinks again.
            let pops = if slot < 40_000 { rng.below(2) } else { rng.below(4) };
            for _ in 0..pops {
                let next = queue.pop_until(Time(now + (1 << 30)));
                assert_eq!(next, twin.first().copied().filter(|first| first.at.0 <= now + (1 << 30)));
                if let Some(entry) = next {
                    twin.remove(&entry);
                    now = entry.at.0;
                }
            }
            assert_eq!(queue.len(), twin.len());
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
