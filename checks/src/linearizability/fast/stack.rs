//! Stacks of unique values, by taking values away one at a time without changing whether the rest is linearizable
//! (the idea of Lee & Mathur, arXiv 2410.04581, §4). O(n log² n).
//!
//! A gap in which no value is certainly there may as well find the stack empty: what is there could be popped before
//! or pushed after. So the gaps fall into stretches that are covered by values certainly there, and each stretch is a
//! history of its own. The lowest value of a stretch is there throughout, so it was pushed before it and popped after
//! it; if no value can have been, there is no linearization, and if several can, any of them will do. Without it the
//! stretch falls into smaller ones. Deliberately absent: repeated values.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::lives::{Life, Lives};
use super::queue::{certain, never_empty};

/// The position at which a violation is complete, if there is one.
pub(super) fn violation(lives: &Lives) -> Option<u64> {
    if let Some(position) = never_empty(lives.lives.iter().map(certain), &lives.empties) {
        return Some(position);
    }
    // Where push and pop can meet in one gap, they can follow each other at once, whatever else is there.
    let mut values: Vec<Life> =
        lives.lives.iter().filter(|life| life.added.returned < life.taken.invoked).copied().collect();
    values.sort_unstable_by_key(|life| life.added.returned);
    let mut peeling = Peeling::new(values);
    peeling.run().then_some(lives.end)
}

/// Covered gaps `first..=last` and the values that are certainly there only within them.
struct Stretch {
    first: usize,
    last: usize,
    /// These values, in the order in which they are certainly there: a range of them.
    from: usize,
    to: usize,
    /// Values that may not have been pushed before the stretch: the earliest first.
    inside: BinaryHeap<(Reverse<usize>, usize)>,
    /// Values that can have been: the one that can be popped last comes first.
    lower: BinaryHeap<(usize, usize)>,
}

/// A value's four positions, by their rank.
#[derive(Clone, Copy)]
struct Ranks {
    pushing: usize,
    pushed: usize,
    popping: usize,
    popped: usize,
}

struct Peeling {
    values: Vec<Ranks>,
    /// The stretch that each value is in, by number; values taken away are in none.
    home: Vec<u32>,
    cover: Cover,
    gaps: usize,
}

const NOWHERE: u32 = u32::MAX;

impl Peeling {
    fn new(values: Vec<Life>) -> Peeling {
        let mut positions: Vec<u64> = Vec::with_capacity(values.len() * 4);
        for life in &values {
            positions.extend([
                life.added.invoked,
                life.added.returned,
                life.taken.invoked,
                life.taken.returned,
            ]);
        }
        positions.sort_unstable();
        positions.dedup();
        let rank = |position: u64| positions.partition_point(|&other| other < position);
        let ranks = |life: &Life| Ranks {
            pushing: rank(life.added.invoked),
            pushed: rank(life.added.returned),
            popping: rank(life.taken.invoked),
            popped: rank(life.taken.returned),
        };
        let values: Vec<Ranks> = values.iter().map(ranks).collect();
        let gaps = positions.len();
        let mut counts = vec![0i32; gaps + 1];
        for value in &values {
            counts[value.pushed] += 1;
            counts[value.popping] -= 1;
        }
        let mut sum = 0;
        for count in &mut counts {
            sum += *count;
            *count = sum;
        }
        let home = vec![0; values.len()];
        Peeling { cover: Cover::new(&counts[..gaps]), home, values, gaps }
    }

    /// Whether there is a violation.
    fn run(&mut self) -> bool {
        if self.values.is_empty() {
            return false;
        }
        let mut fresh = 1;
        let whole = Stretch {
            first: 0,
            last: self.gaps - 1,
            from: 0,
            to: self.values.len(),
            inside: self
                .values
                .iter()
                .enumerate()
                .map(|(index, value)| (Reverse(value.pushing), index))
                .collect(),
            lower: BinaryHeap::new(),
        };
        let mut left: Vec<(u32, Stretch)> = vec![(0, whole)];
        while let Some((number, stretch)) = left.pop() {
            if stretch.from == stretch.to || stretch.first > stretch.last {
                continue;
            }
            match self.cover.zero_within(stretch.first, stretch.last) {
                Some(gap) => self.split(number, stretch, gap, &mut fresh, &mut left),
                None => match self.lowest(number, stretch) {
                    Some(stretch) => left.push((number, stretch)),
                    None => return true,
                },
            }
        }
        false
    }

    /// Takes the lowest value of a stretch away; `None` if there can be none.
    fn lowest(&mut self, number: u32, mut stretch: Stretch) -> Option<Stretch> {
        while let Some(&(Reverse(pushing), index)) = stretch.inside.peek()
            && pushing < stretch.first
        {
            stretch.inside.pop();
            stretch.lower.push((self.values[index].popped, index));
        }
        loop {
            let (popped, index) = stretch.lower.pop()?;
            if self.home[index] != number {
                continue;
            }
            if popped <= stretch.last + 1 {
                return None;
            }
            self.home[index] = NOWHERE;
            let value = self.values[index];
            self.cover.take(value.pushed, value.popping - 1);
            return Some(stretch);
        }
    }

    /// Parts a stretch at a gap that nothing covers. The smaller part gets heaps of its own.
    fn split(
        &mut self,
        number: u32,
        whole: Stretch,
        gap: usize,
        fresh: &mut u32,
        left: &mut Vec<(u32, Stretch)>,
    ) {
        let Stretch { first, last, from, to, inside, lower } = whole;
        let middle = from + self.values[from..to].partition_point(|value| value.pushed <= gap);
        let small_is_left = middle - from <= to - middle;
        let small = if small_is_left { from..middle } else { middle..to };
        let mut own = BinaryHeap::with_capacity(small.len());
        for index in small.clone() {
            if self.home[index] == number {
                self.home[index] = *fresh;
                own.push((Reverse(self.values[index].pushing), index));
            }
        }
        let before = (first, gap.wrapping_sub(1), from, middle);
        let after = (gap + 1, last, middle, to);
        let (small, large) = if small_is_left { (before, after) } else { (after, before) };
        let stretch = |(first, last, from, to): (usize, usize, usize, usize), inside, lower| Stretch {
            first,
            last,
            from,
            to,
            inside,
            lower,
        };
        left.push((number, stretch(large, inside, lower)));
        left.push((*fresh, stretch(small, own, BinaryHeap::new())));
        *fresh += 1;
    }
}

/// How many values cover each gap: a tree that takes one off a range and finds a gap with none.
struct Cover {
    size: usize,
    least: Vec<i32>,
    /// What was taken off all of a node.
    off: Vec<i32>,
}

impl Cover {
    fn new(counts: &[i32]) -> Cover {
        let size = counts.len().next_power_of_two();
        let mut least = vec![i32::MAX / 2; 2 * size];
        least[size..size + counts.len()].copy_from_slice(counts);
        for node in (1..size).rev() {
            least[node] = least[2 * node].min(least[2 * node + 1]);
        }
        Cover { size, least, off: vec![0; 2 * size] }
    }

    /// Takes one off the gaps `first..=last`.
    fn take(&mut self, first: usize, last: usize) {
        let (mut low, mut high) = (first + self.size, last + self.size + 1);
        let (start, end) = (low, high - 1);
        while low < high {
            if low & 1 == 1 {
                self.lower(low);
                low += 1;
            }
            if high & 1 == 1 {
                high -= 1;
                self.lower(high);
            }
            low /= 2;
            high /= 2;
        }
        self.refresh(start);
        self.refresh(end);
    }

    fn lower(&mut self, node: usize) {
        self.least[node] -= 1;
        self.off[node] += 1;
    }

    /// The least counts above a leaf.
    fn refresh(&mut self, leaf: usize) {
        let mut node = leaf / 2;
        while node > 0 {
            self.least[node] = self.least[2 * node].min(self.least[2 * node + 1]) - self.off[node];
            node /= 2;
        }
    }

    /// A gap in `first..=last` that nothing covers.
    fn zero_within(&self, first: usize, last: usize) -> Option<usize> {
        self.descend(1, 0, self.size - 1, first, last, 0)
    }

    fn descend(
        &self,
        node: usize,
        low: usize,
        high: usize,
        first: usize,
        last: usize,
        off: i32,
    ) -> Option<usize> {
        if high < first || last < low || self.least[node] - off > 0 {
            return None;
        }
        if low == high {
            return Some(low);
        }
        let (middle, off) = (low.midpoint(high), off + self.off[node]);
        self.descend(2 * node, low, middle, first, last, off)
            .or_else(|| self.descend(2 * node + 1, middle + 1, high, first, last, off))
    }
}
