//! Queues: the two ways in which a history of unique values can go wrong beside taking what is not there (Henzinger,
//! Sezgin & Vafeiadis, "Aspect-oriented linearizability proofs", 2013, §3: VOrd and VWit), found by sweeps in
//! O(n log n) as Lee & Mathur do (arXiv 2410.04581, §5).
//!
//! Deliberately absent: repeated values.

use super::lives::{Life, Lives, Span};

/// The position at which a violation is complete, if there is one.
pub(super) fn violation(lives: &Lives) -> Option<u64> {
    out_of_order(lives).or_else(|| never_empty(lives.lives.iter().map(certain), &lives.empties))
}

/// The gaps in which a value is in the container, whatever the order: from its adder's end to its taker's invocation.
pub(super) fn certain(life: &Life) -> (u64, u64) {
    (life.added.returned, life.taken.invoked)
}

/// One value certainly added before another, and certainly taken after it.
fn out_of_order(lives: &Lives) -> Option<u64> {
    let all = &lives.lives;
    let mut by_added: Vec<usize> = (0..all.len()).collect();
    by_added.sort_unstable_by_key(|&index| all[index].added.returned);
    let mut by_begun: Vec<usize> = (0..all.len()).collect();
    by_begun.sort_unstable_by_key(|&index| all[index].added.invoked);
    let mut earlier = by_added.into_iter().peekable();
    let mut latest = 0;
    for index in by_begun {
        let second = &all[index];
        while let Some(first) = earlier.next_if(|&first| all[first].added.returned < second.added.invoked) {
            latest = latest.max(all[first].taken.invoked);
        }
        // A value that a pending take took was taken before one that nobody took.
        let overtaken =
            latest > second.taken.returned || latest == lives.end && second.taken.invoked < lives.end;
        if overtaken {
            return Some(second.taken.returned);
        }
    }
    None
}

/// A take that found nothing although something was there in every gap: none of them is outside these half-open
/// stretches.
pub(super) fn never_empty(certain: impl Iterator<Item = (u64, u64)>, empties: &[Span]) -> Option<u64> {
    if empties.is_empty() {
        return None;
    }
    let mut stretches: Vec<(u64, u64)> = certain.filter(|(from, to)| from < to).collect();
    stretches.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (from, to) in stretches {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    let covered = |empty: &&Span| {
        let index = merged.partition_point(|&(from, _)| from <= empty.invoked);
        index > 0 && merged[index - 1].1 >= empty.returned
    };
    empties.iter().find(covered).map(|empty| empty.returned)
}
