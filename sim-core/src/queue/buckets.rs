//! What is due later: entries in buckets by the first digit in which their instants differ from the present.
//!
//! A digit has four bits, or eight where many entries are pending: an entry is then moved half as often, and there is work enough
//! for so many buckets. Deliberately absent: what is due next, in order, which is the queue's run.

use super::{Entry, sort};
use crate::time::Time;

/// The bits of a digit, as a power of two, where few are pending and where many are.
const NARROW: u32 = 2;
const WIDE: u32 = 3;
/// The most levels there are, and the words that the digits of one are told by.
const LEVELS: usize = 16;
const WORDS: usize = 4;
/// A bucket of no more entries than this is sorted whole.
const RUN: usize = 32;
/// The same where many are pending.
const LONG_RUN: usize = 256;
/// Where many are pending, buckets are taken together until there are so many entries.
const GATHER: usize = 192;
/// A queue of no more entries than this is one run.
const SMALL: usize = 16;
/// From this many entries on there are many; until there are an eighth of it.
pub(super) const MANY: usize = 4096;

/// The memory of a bucket of no more entries than this is kept for others.
const KEPT: usize = 4096;

/// Entries that are due after the run.
#[derive(Debug)]
pub(super) struct Buckets {
    /// Nothing is earlier; its digits say which bucket an entry is in.
    base: u64,
    /// The bits of a digit, as a power of two.
    width: u32,
    many: usize,
    /// Bucket (l, d) holds what differs from `base` first in digit l, which is d. Made when first needed.
    buckets: Vec<Vec<Entry>>,
    /// The memory of buckets that have been emptied, for those of their level that fill next: time goes through ever new
    /// buckets, and those of one level grow to much the same size.
    spare: [Vec<Vec<Entry>>; LEVELS],
    /// Which digits of a level are not empty.
    digits: [[u64; WORDS]; LEVELS],
    /// Which levels are not empty.
    levels: u16,
}

impl Buckets {
    /// None; from `many` pending on, digits are wide.
    pub(super) fn new(many: usize) -> Buckets {
        Buckets {
            base: 0,
            width: NARROW,
            many,
            buckets: Vec::new(),
            spare: [const { Vec::new() }; LEVELS],
            digits: [[0; WORDS]; LEVELS],
            levels: 0,
        }
    }

    /// Whether many are pending.
    pub(super) fn is_wide(&self) -> bool {
        self.width == WIDE
    }

    /// The base moves up to here: no entry may differ from it in a lower digit than before.
    pub(super) fn rebase(&mut self, base: u64) {
        self.base = base;
    }

    /// The bits of a digit.
    #[inline]
    fn bits(&self) -> u32 {
        1 << self.width
    }

    /// Adds an entry later than the base.
    #[inline]
    pub(super) fn add(&mut self, at: u64, tie: u64, slot: u32, target: u32) {
        let level = (at ^ self.base).ilog2() >> self.width;
        let digit = (at >> (level << self.width)) as usize & ((1 << self.bits()) - 1);
        self.levels |= 1 << level;
        self.digits[level as usize % LEVELS][digit / 64 % WORDS] |= 1 << (digit % 64);
        let index = (level as usize) << self.bits() | digit;
        match self.buckets.get_mut(index) {
            Some(bucket) if bucket.len() < bucket.capacity() => {
                bucket.push(Entry { at: Time(at), tie, slot, target });
            }
            _ => self.add_large(index, Entry { at: Time(at), tie, slot, target }),
        }
    }

    /// Gives a bucket memory, or more of it.
    #[cold]
    #[inline(never)]
    fn add_large(&mut self, index: usize, entry: Entry) {
        if self.buckets.is_empty() {
            let levels = u64::BITS.div_ceil(self.bits()) as usize;
            self.buckets.resize_with(levels << self.bits(), Vec::new);
        }
        if self.buckets[index].capacity() == 0 {
            let spare = self.spare[index >> self.bits()].pop();
            self.buckets[index] = spare.unwrap_or_else(|| Vec::with_capacity(RUN));
        }
        self.buckets[index].push(entry);
    }

    /// Takes back the memory of a bucket that has been emptied. What is large is given back, or in time every bucket
    /// would keep as much as the largest ever needed.
    #[inline]
    fn free(&mut self, index: usize) {
        let bucket = std::mem::take(&mut self.buckets[index]);
        if bucket.capacity() <= KEPT {
            self.spare[index >> self.bits()].push(bucket);
        }
    }

    /// The first digit of a level that is not empty.
    #[inline]
    fn first_digit(&self, level: usize) -> Option<usize> {
        let words = self.digits[level].iter().enumerate().find(|(_, word)| **word != 0);
        words.map(|(place, word)| place * 64 + word.trailing_zeros() as usize)
    }

    /// This bucket is empty.
    #[inline]
    fn clear(&mut self, level: usize, digit: usize) {
        self.digits[level][digit / 64] &= !(1 << (digit % 64));
        if self.digits[level] == [0; WORDS] {
            self.levels &= !(1 << level);
        }
    }

    /// Moves what is due next, if that is at `until` or before, to the run, sorted. Answers the last instant of which the run
    /// holds everything there is. `len` are pending altogether.
    pub(super) fn next(&mut self, until: u64, len: usize, run: &mut Vec<Entry>) -> Option<u64> {
        while self.levels != 0 {
            let level = self.levels.trailing_zeros() as usize;
            let digit = self.first_digit(level)?;
            let index = level << self.bits() | digit;
            let instants = self.buckets[index].iter().map(|entry| entry.at.0);
            let (least, most) = instants.fold((u64::MAX, 0), |(a, b), at| (a.min(at), b.max(at)));
            if least > until {
                return None;
            }
            // Only where the base is about to move: the run's end need be no boundary of other digits.
            if self.fit(len) {
                continue;
            }
            if len <= SMALL {
                self.take_all(run);
                return Some(u64::MAX);
            }
            // The base moves to the start of what is there, whose common digits need no bucket of their own.
            let shift = (least ^ most).checked_ilog2().map_or(0, |bit| bit >> self.width << self.width);
            self.base = least >> shift << shift;
            self.clear(level, digit);
            let longest = if self.is_wide() { LONG_RUN } else { RUN };
            if least == most {
                std::mem::swap(run, &mut self.buckets[index]);
                self.free(index);
            } else if self.buckets[index].len() <= longest {
                self.take(index, run);
                let end = self.base | !(u64::MAX << shift << (self.bits() - 1) << 1);
                return Some(if self.is_wide() { self.gather(level, end, run) } else { end });
            } else {
                let mut moving = std::mem::take(&mut self.buckets[index]);
                for Entry { at: Time(at), tie, slot, target } in moving.drain(..) {
                    if at == self.base {
                        run.push(Entry { at: Time(at), tie, slot, target });
                    } else {
                        self.add(at, tie, slot, target);
                    }
                }
                self.buckets[index] = moving;
                self.free(index);
            }
            if !run.is_empty() {
                run.sort_unstable_by_key(Entry::key);
                return Some(self.base);
            }
        }
        None
    }

    /// Moves a bucket to the end of the run, sorted.
    fn take(&mut self, index: usize, run: &mut Vec<Entry>) {
        sort::move_sorted(&mut self.buckets[index], run);
        self.free(index);
    }

    /// Moves the buckets of a level that come next to a run up to `end`, until it is of some length; where it ends then.
    fn gather(&mut self, level: usize, mut end: u64, run: &mut Vec<Entry>) -> u64 {
        while run.len() < GATHER
            && let Some(digit) = self.first_digit(level)
        {
            let index = level << self.bits() | digit;
            if run.len() + self.buckets[index].len() > LONG_RUN {
                break;
            }
            end = self.buckets[index][0].at.0 | !(u64::MAX << ((level as u32) << self.width));
            self.take(index, run);
            self.clear(level, digit);
        }
        end
    }

    /// Moves everything to the run, sorted: each bucket's entries are later than those of the buckets before it.
    fn take_all(&mut self, run: &mut Vec<Entry>) {
        while self.levels != 0 {
            let level = self.levels.trailing_zeros() as usize;
            while let Some(digit) = self.first_digit(level) {
                self.take(level << self.bits() | digit, run);
                self.clear(level, digit);
            }
        }
    }

    /// Digits of another width, if so many ask for it. Answers whether they are.
    fn fit(&mut self, len: usize) -> bool {
        let width = if len >= self.many { WIDE } else { NARROW };
        if width == self.width || (self.is_wide() && len >= self.many / 8) {
            return false;
        }
        let buckets = std::mem::take(&mut self.buckets);
        *self = Buckets { base: self.base, width, ..Buckets::new(self.many) };
        for Entry { at: Time(at), tie, slot, target } in buckets.into_iter().flatten() {
            self.add(at, tie, slot, target);
        }
        true
    }
}
