//! Three event queues for the bare loop, with nothing that a simulator would add.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A due time and the slab slot of its event. The order of equal times is that of their slots: a bare loop has no
/// other.
pub type Entry = (u64, u32);

/// What the bare loop asks of a queue.
pub trait Queue {
    /// An empty queue, tuned to `pending` entries spread over `span_ns`.
    fn tuned(pending: usize, span_ns: u64) -> Self;
    /// Adds an entry.
    fn push(&mut self, entry: Entry);
    /// Takes the least entry due at `until` or before.
    fn pop(&mut self, until: u64) -> Option<Entry>;
}

/// The standard library's binary heap.
#[derive(Debug)]
pub struct Heap(BinaryHeap<Reverse<Entry>>);

impl Queue for Heap {
    fn tuned(pending: usize, _: u64) -> Heap {
        Heap(BinaryHeap::with_capacity(pending))
    }
    #[inline]
    fn push(&mut self, entry: Entry) {
        self.0.push(Reverse(entry));
    }
    #[inline]
    fn pop(&mut self, until: u64) -> Option<Entry> {
        if self.0.peek()?.0.0 > until {
            return None;
        }
        self.0.pop().map(|Reverse(entry)| entry)
    }
}

/// A monotone radix heap over bits.
#[derive(Debug)]
pub struct Radix {
    front: Vec<Entry>,
    buckets: Vec<Vec<Entry>>,
    filled: u64,
    base: u64,
}

impl Radix {
    #[inline]
    fn place(&mut self, entry: Entry) {
        let differing = entry.0 ^ self.base;
        if differing == 0 {
            self.front.push(entry);
        } else {
            let bucket = differing.ilog2();
            self.filled |= 1 << bucket;
            self.buckets[bucket as usize].push(entry);
        }
    }
}

impl Queue for Radix {
    fn tuned(_: usize, _: u64) -> Radix {
        Radix { front: Vec::new(), buckets: (0..64).map(|_| Vec::new()).collect(), filled: 0, base: 0 }
    }
    #[inline]
    fn push(&mut self, entry: Entry) {
        self.place(entry);
    }
    #[inline]
    fn pop(&mut self, until: u64) -> Option<Entry> {
        if self.front.is_empty() && self.filled != 0 {
            let bucket = self.filled.trailing_zeros() as usize;
            let least = self.buckets[bucket].iter().map(|entry| entry.0).min()?;
            if least > until {
                return None;
            }
            self.base = least;
            self.filled &= !(1 << bucket);
            let mut moving = std::mem::take(&mut self.buckets[bucket]);
            for entry in moving.drain(..) {
                self.place(entry);
            }
            self.buckets[bucket] = moving;
        }
        if self.base > until {
            return None;
        }
        self.front.pop()
    }
}

/// A calendar queue (Brown 1988) whose year and days are tuned beforehand to the number pending and their spread.
#[derive(Debug)]
pub struct Calendar {
    days: Vec<Vec<Entry>>,
    /// A day is this many bits of nanoseconds long.
    shift: u32,
    today: u64,
    len: usize,
}

impl Queue for Calendar {
    fn tuned(pending: usize, span_ns: u64) -> Calendar {
        let days = (pending * 2).next_power_of_two().max(16);
        let shift = (span_ns / pending.max(1) as u64).max(1).ilog2();
        Calendar { days: vec![Vec::new(); days], shift, today: 0, len: 0 }
    }
    #[inline]
    fn push(&mut self, entry: Entry) {
        let day = (entry.0 >> self.shift) as usize & (self.days.len() - 1);
        self.days[day].push(entry);
        self.len += 1;
    }
    #[inline]
    fn pop(&mut self, until: u64) -> Option<Entry> {
        let last = until >> self.shift;
        let mask = self.days.len() - 1;
        while self.today <= last && self.len > 0 {
            let day = &mut self.days[self.today as usize & mask];
            let mut least: Option<(usize, Entry)> = None;
            for (place, entry) in day.iter().enumerate() {
                if entry.0 >> self.shift == self.today && least.is_none_or(|(_, other)| *entry < other) {
                    least = Some((place, *entry));
                }
            }
            if let Some((place, entry)) = least {
                if entry.0 > until {
                    return None;
                }
                day.swap_remove(place);
                self.len -= 1;
                return Some(entry);
            }
            self.today += 1;
        }
        None
    }
}
