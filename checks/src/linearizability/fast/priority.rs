//! Priority queues of unique values, from the least value to the greatest: each is taken in the first gap in which no
//! lesser one is certainly there, for that leaves most room to the greater ones. O(n log n), as Lee & Mathur's
//! (arXiv 2410.04581, §5), by greed over values instead of over time.
//!
//! Deliberately absent: equal priorities.

use std::collections::BTreeMap;

use super::lives::Lives;

/// Gaps that are taken, as disjoint half-open stretches.
#[derive(Default)]
struct Stretches {
    /// From the first gap of each to the one behind its last.
    ends: BTreeMap<u64, u64>,
}

impl Stretches {
    /// The first gap from here on that is in none of them.
    fn first_free(&self, gap: u64) -> u64 {
        match self.ends.range(..=gap).next_back() {
            Some((_, &end)) if end > gap => end,
            _ => gap,
        }
    }

    /// Adds a stretch, joined with those that it touches.
    fn add(&mut self, mut from: u64, mut to: u64) {
        if from >= to {
            return;
        }
        while let Some((&start, &end)) = self.ends.range(..=to).next_back()
            && end >= from
        {
            from = from.min(start);
            to = to.max(end);
            self.ends.remove(&start);
        }
        self.ends.insert(from, to);
    }
}

/// The position at which a violation is complete, if there is one.
pub(super) fn violation(lives: &Lives) -> Option<u64> {
    let mut there = Stretches::default();
    for life in &lives.lives {
        let gap = there.first_free(life.taken.invoked.max(life.added.invoked));
        if gap >= life.taken.returned && life.taken.invoked < lives.end {
            return Some(life.taken.returned);
        }
        there.add(life.added.returned, gap.max(life.taken.invoked));
    }
    let stuck = lives.empties.iter().find(|empty| there.first_free(empty.invoked) >= empty.returned);
    stuck.map(|empty| empty.returned)
}
