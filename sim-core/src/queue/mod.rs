//! The event queue: a monotone radix heap (Ahuja, Mehlhorn, Orlin & Tarjan 1990), and in front of it a sorted run of what is
//! due soon.
//!
//! Simulated time only grows, which is what a radix heap needs: an entry moves at most once for each digit in which its instant
//! differs from the present, always in long sequential passes, and not at all once its bucket is small enough to be sorted
//! whole. A queue of a few entries is the sorted run alone. Entries due at the same instant are ordered by their tie word, exactly
//! as a sorted list would have them; the twin in the tests is that list.
//!
//! `buckets` holds what is due later, `sort` makes a run of a bucket, `insert` puts into it what comes after that. Deliberately
//! absent: removal. What is no longer wanted stays, and whoever takes it out knows that it is stale.

mod buckets;
mod insert;
mod sort;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use self::buckets::Buckets;
use crate::time::Time;

/// A key and what it stands for. Entries compare by (at, tie): the total order of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// When it is due.
    pub at: Time,
    /// Who decides between simultaneous entries: (source, the source's own sequence number).
    pub tie: u64,
    /// Where the event is.
    pub slot: u32,
    /// Whom it is for, if that is known here.
    pub target: u32,
}

impl Entry {
    /// The order as one number.
    #[inline]
    fn key(&self) -> u128 {
        key(self.at.0, self.tie)
    }
}

#[inline]
fn key(at: u64, tie: u64) -> u128 {
    u128::from(at) << 64 | u128::from(tie)
}

/// A run of more entries than this takes no new ones.
const INSERT: usize = 32;
/// A run of no more entries than this is gone through whole when one is added.
const FEW: usize = 8;

/// What belongs before the last of so many is put among these from the first on.
const NEAR: usize = 12;
/// The room that is made before a run for what is due among its first.
const ROOM: usize = 16;

/// So many wait beside a long run before it is sent back to the buckets.
const LATE: usize = 64;

/// What is pending, by (at, tie).
#[derive(Debug)]
pub struct Queue {
    /// What is due soonest, ascending; those before `head` have been taken.
    run: Vec<Entry>,
    head: usize,
    /// What belongs to a long run, but came after that was sorted. Empty if the run is.
    late: BinaryHeap<Reverse<Entry>>,
    /// When the first of those is due; the end of time if there is none.
    late_at: u64,
    /// What is due then or before belongs to the run, what is due later to the buckets.
    end: u64,
    /// The instant of the last entry taken.
    last: u64,
    buckets: Buckets,
    len: usize,
}

impl Default for Queue {
    fn default() -> Queue {
        Queue::new(buckets::MANY)
    }
}

impl Queue {
    /// An empty queue, for which `many` entries are many.
    fn new(many: usize) -> Queue {
        let (run, late, buckets) = (Vec::new(), BinaryHeap::new(), Buckets::new(many));
        Queue { run, head: 0, late, late_at: u64::MAX, end: u64::MAX, last: 0, buckets, len: 0 }
    }

    /// Adds an entry.
    ///
    /// # Panics
    /// If it is due before the last entry taken: time only grows.
    #[inline(always)]
    pub fn push(&mut self, entry: Entry) {
        // By its parts from here on, so that the entry never has to be put together in memory on its way.
        let Entry { at: Time(at), tie, slot, target } = entry;
        assert!(at >= self.last, "an event was scheduled in the past");
        self.len += 1;
        if at > self.end {
            self.buckets.add(at, tie, slot, target);
        } else if self.run.len() - self.head < INSERT && self.run.len() < self.run.capacity() {
            self.insert(at, tie, slot, target);
        } else {
            self.overflow(at, tie, slot, target);
        }
    }

    /// Adds to the run, where it belongs.
    #[inline(always)]
    fn insert(&mut self, at: u64, tie: u64, slot: u32, target: u32) {
        let new = key(at, tie);
        if self.head > 0 && self.run.get(self.head).is_some_and(|first| new < first.key()) {
            // There is room before it.
            self.head -= 1;
            self.run[self.head] = Entry { at: Time(at), tie, slot, target };
            return;
        }
        if self.run.get(self.head + NEAR - 1).is_some_and(|late| new < late.key()) {
            if self.head == 0 {
                self.make_room();
            }
            self.head -= 1;
            return insert::from_the_first(&mut self.run[self.head..], at, tie, slot, target);
        }
        self.run.push(Entry { at: Time(at), tie, slot, target });
        let run = &mut self.run[self.head..];
        if run.len() <= FEW {
            insert::evenly(run, at, tie, slot, target);
        } else {
            insert::from_the_last(run, at, tie, slot, target);
        }
    }

    /// Makes room before the run.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        // These are only there to be written over.
        let first = self.run[0];
        self.run.splice(..0, [first; ROOM]);
        self.head = ROOM;
    }

    /// The run has no room. If that is so because it is long, the entry waits beside it; or, where it is of more than one
    /// instant and few are pending or many wait already, all but the present instant is sent back to the buckets.
    #[cold]
    #[inline(never)]
    fn overflow(&mut self, at: u64, tie: u64, slot: u32, target: u32) {
        let entry = Entry { at: Time(at), tie, slot, target };
        if self.run.len() - self.head < INSERT {
            self.run.drain(..self.head);
            self.head = 0;
            self.run.reserve(4 * INSERT);
            return self.insert(at, tie, slot, target);
        }
        if self.end == self.last || (self.buckets.is_wide() && self.late.len() < LATE) {
            self.late_at = self.late_at.min(at);
            return self.late.push(Reverse(entry));
        }
        // The base may move to the present: nothing in the buckets differs from it in a lower digit.
        self.buckets.rebase(self.last);
        self.end = self.last;
        let mut moving = std::mem::take(&mut self.run);
        let late = self.late.drain().map(|Reverse(entry)| entry);
        for entry in moving.drain(..).skip(self.head).chain(late).chain([entry]) {
            if entry.at.0 <= self.end {
                self.run.push(entry);
            } else {
                self.buckets.add(entry.at.0, entry.tie, entry.slot, entry.target);
            }
        }
        (self.head, self.late_at) = (0, u64::MAX);
        moving.append(&mut self.run);
        moving.sort_unstable_by_key(Entry::key);
        self.run = moving;
    }

    /// Takes the least entry if it is due at `until` or before.
    #[inline]
    pub fn pop_until(&mut self, until: Time) -> Option<Entry> {
        loop {
            if let Some(entry) = self.pop_soon(until) {
                return Some(entry);
            }
            if !self.advance(until) {
                return None;
            }
        }
    }

    /// Takes the least entry of the run if it is due at `until` or before. There may be one in the buckets if there is
    /// none here: see [`Queue::advance`].
    #[inline]
    pub(crate) fn pop_soon(&mut self, until: Time) -> Option<Entry> {
        let first = self.run.get(self.head)?;
        if first.at.0 >= self.late_at {
            let first = *first;
            return self.pop_either(first, until);
        }
        // By its parts, which then need no place in memory.
        let entry = Entry { at: first.at, tie: first.tie, slot: first.slot, target: first.target };
        if entry.at > until {
            return None;
        }
        self.head += 1;
        if self.head == self.run.len() {
            self.refill();
        }
        self.len -= 1;
        self.last = entry.at.0;
        Some(entry)
    }

    /// The run has been taken: what waits beside it takes its place.
    #[inline(always)]
    fn refill(&mut self) {
        self.run.clear();
        self.head = 0;
        if !self.late.is_empty() {
            self.take_late();
        }
    }

    #[cold]
    fn take_late(&mut self) {
        self.run.extend(self.late.drain().map(|Reverse(entry)| entry));
        self.run.sort_unstable_by_key(Entry::key);
        self.late_at = u64::MAX;
    }

    /// Takes the lesser of the run's first entry and the one beside it.
    #[cold]
    fn pop_either(&mut self, first: Entry, until: Time) -> Option<Entry> {
        let beside = self.late.peek().map_or(first, |Reverse(entry)| *entry);
        let least = first.min(beside);
        if least.at > until {
            return None;
        }
        if least == first {
            self.head += 1;
        } else {
            self.late.pop();
        }
        if self.head == self.run.len() {
            self.refill();
        }
        self.late_at = self.late.peek().map_or(u64::MAX, |Reverse(entry)| entry.at.0);
        self.len -= 1;
        self.last = least.at.0;
        Some(least)
    }

    /// Refills an empty run with what is due next, if that is at `until` or before; answers whether it did.
    pub(crate) fn advance(&mut self, until: Time) -> bool {
        if self.head < self.run.len() {
            return false;
        }
        match self.buckets.next(until.0, self.len, &mut self.run) {
            Some(end) => {
                self.end = end;
                true
            }
            None => false,
        }
    }

    /// What is due soon, in order: the part of the run that has not been taken.
    #[inline]
    pub(crate) fn soon(&self) -> &[Entry] {
        &self.run[self.head..]
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
    use super::buckets::MANY;
    use super::{Entry, Queue};
    use crate::time::Time;
    use proptest::prelude::{Just, Strategy, any, prop_oneof};

    #[derive(Clone, Debug)]
    enum Step {
        /// This many with these ties, one after another, each so much later than the one before.
        Push(u64, Vec<u64>, u64),
        /// Up to this many, due within so long.
        Pop(u64, usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let delay = prop_oneof![Just(0), 0u64..4, 0u64..1000, 0u64..10_000_000_000, Just(u64::MAX)];
        let apart = prop_oneof![Just(0), 0u64..3, 0u64..100_000];
        let ties = proptest::collection::vec(any::<u64>(), 1..120);
        let step = prop_oneof![
            (delay.clone(), any::<u64>()).prop_map(|(delay, tie)| Step::Push(delay, vec![tie], 0)),
            (delay.clone(), ties, apart).prop_map(|(delay, ties, apart)| Step::Push(delay, ties, apart)),
            (delay, 1usize..200).prop_map(|(delay, count)| Step::Pop(delay, count)),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest::proptest! {
        /// The dumb twin: a list that is sorted at every step.
        #[test]
        fn it_does_what_a_sorted_list_does(steps in steps(), many in prop_oneof![0usize..20, 20usize..400, Just(MANY)]) {
            let (mut queue, mut list, mut now, mut slot) = (Queue::new(many), Vec::<Entry>::new(), 0u64, 0u32);
            for step in steps {
                match step {
                    Step::Push(delay, ties, apart) => {
                        for (i, tie) in ties.into_iter().enumerate() {
                            let at = Time(now.saturating_add(delay).saturating_add(apart * i as u64));
                            slot += 1;
                            queue.push(Entry { at, tie, slot, target: 0 });
                            list.push(Entry { at, tie, slot, target: 0 });
                        }
                        list.sort_unstable();
                    }
                    Step::Pop(ahead, count) => {
                        let until = Time(now.saturating_add(ahead));
                        for _ in 0..count {
                            let expected = (list.first().is_some_and(|e| e.at <= until)).then(|| list.remove(0));
                            assert_eq!(queue.pop_until(until), expected);
                            now = expected.map_or(now, |e| e.at.0);
                        }
                    }
                }
                assert_eq!(queue.len(), list.len());
            }
        }
    }

    /// The width of digits must not change where the base does not move with it: what was gathered from several wide digits is no
    /// single narrow one.
    #[test]
    fn it_stops_where_few_are_left_and_goes_on() {
        let mut queue = Queue::new(MANY);
        let (mut left, mut slot) = (Vec::new(), 0);
        let mut push = |queue: &mut Queue, left: &mut Vec<Entry>, at: u64| {
            slot += 1;
            let entry = Entry { at: Time(at), tie: u64::from(slot), slot, target: 0 };
            queue.push(entry);
            left.push(entry);
        };
        push(&mut queue, &mut left, 1);
        assert_eq!(queue.pop_until(Time(1)), left.pop());
        (0..4420).for_each(|i| push(&mut queue, &mut left, 0x1000 + i % 0x1000));
        (0..180).for_each(|i| push(&mut queue, &mut left, 0x2d00 + (i % 9) * 0x100 + i / 9 * 10));
        (0..400).for_each(|i| push(&mut queue, &mut left, 0x3600 + i % 0xfa));
        (0..20).for_each(|i| push(&mut queue, &mut left, 0x90_0000 + i));
        left.sort_unstable();
        let until = |queue: &mut Queue, left: &mut Vec<Entry>, until: u64| {
            while let Some(entry) = queue.pop_until(Time(until)) {
                assert_eq!(entry, left.remove(0));
            }
        };
        until(&mut queue, &mut left, 0x35ff);
        assert_eq!(left.len(), 420);
        (0..33).for_each(|i| push(&mut queue, &mut left, 0x35c0 + i % 4));
        push(&mut queue, &mut left, 0x3750);
        left.sort_unstable();
        until(&mut queue, &mut left, u64::MAX);
        assert_eq!((left.len(), queue.len()), (0, 0));
    }

    #[test]
    #[should_panic(expected = "scheduled in the past")]
    fn the_past_is_closed() {
        let mut queue = Queue::default();
        queue.push(Entry { at: Time(10), tie: 0, slot: 0, target: 0 });
        queue.pop_until(Time(10)).expect("due");
        queue.push(Entry { at: Time(9), tie: 0, slot: 0, target: 0 });
    }
}
