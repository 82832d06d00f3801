//! Sets that only grow and are read whole, each element added once: the reads must form a chain, and each has a stretch
//! of gaps in which it can be, between the last begin of an addition that it saw and the first end of one that it did
//! not see. Taken from the least set to the greatest, each as early as it can be. O(n log n + what was read).
//!
//! Deliberately absent: removing, asking for one element, and adding one twice, for which the search is there.

use indexmap::IndexMap;
use sim_core::value::{Call, Value};

use crate::linearizability::hash::Quick;
use crate::linearizability::problem::{Deed, PENDING, Solved};

/// One read: the elements it saw, by number, and its gaps.
struct Read {
    saw: Vec<u32>,
    first: u64,
    last: u64,
}

/// The verdict, if the history is of such a set.
pub(super) fn solve(deeds: &[Deed<'_>]) -> Option<Solved> {
    let mut additions: IndexMap<Value, (u64, u64), Quick> = IndexMap::default();
    let mut answers: Vec<(&Deed<'_>, &[Value])> = Vec::new();
    for deed in deeds {
        let element = match (deed.call, deed.value()) {
            (Call::Insert(_) | Call::Add(_), Some(Value::Bool(false))) => return None,
            (Call::Insert(element), _) => element.clone(),
            (Call::Add(n), _) => Value::Int(*n),
            (Call::Read, Some(Value::List(items))) => {
                answers.push((deed, items));
                continue;
            }
            (Call::Read, Some(Value::Nil)) => {
                answers.push((deed, &[]));
                continue;
            }
            _ => return None,
        };
        if additions.insert(element, (deed.invoked, deed.returned)).is_some() {
            return None;
        }
    }
    let mut reads: Vec<Read> = Vec::with_capacity(answers.len());
    for (deed, items) in answers {
        let mut read =
            Read { saw: Vec::with_capacity(items.len()), first: deed.invoked, last: deed.returned - 1 };
        let mut next = 0;
        for item in items {
            // Reads tend to hold the elements in the order in which they came.
            let likely = additions.get_index(next).filter(|(element, _)| *element == item);
            let found = likely.map(|(_, (invoked, _))| (next, *invoked));
            let found =
                found.or_else(|| additions.get_full(item).map(|(at, _, (invoked, _))| (at, *invoked)));
            let Some((index, invoked)) = found else { return Some(Solved::No(deed.returned)) };
            next = index + 1;
            read.saw.push(index as u32);
            read.first = read.first.max(invoked);
        }
        read.saw.sort_unstable();
        read.saw.dedup();
        reads.push(read);
    }
    let ends: Vec<u64> = additions.values().map(|(_, returned)| *returned).collect();
    Some(if chain(reads, &ends) { Solved::Yes } else { Solved::No(PENDING - 1) })
}

/// Whether the reads, from the least to the greatest, fit one after another.
fn chain(mut reads: Vec<Read>, ends: &[u64]) -> bool {
    let mut by_end: Vec<u32> = (0..ends.len() as u32).collect();
    by_end.sort_unstable_by_key(|&element| ends[element as usize]);
    reads.sort_by_key(|read| read.saw.len());
    // The last read that saw each element, counted from 1.
    let mut seen_by = vec![0usize; ends.len()];
    // The gap of the reads of less, and of those of the same.
    let (mut before, mut now) = (0, 0);
    for (rank, read) in reads.iter().enumerate() {
        read.saw.iter().for_each(|&element| seen_by[element as usize] = rank + 1);
        if let Some(lesser) = rank.checked_sub(1).map(|rank| &reads[rank]) {
            if lesser.saw.iter().any(|&element| seen_by[element as usize] != rank + 1) {
                return false;
            }
            if lesser.saw.len() < read.saw.len() {
                before = now;
            }
        }
        let missed = by_end.iter().find(|&&element| seen_by[element as usize] != rank + 1);
        let last = missed.map_or(read.last, |&element| read.last.min(ends[element as usize] - 1));
        let gap = before.max(read.first);
        if gap > last {
            return false;
        }
        now = now.max(gap);
    }
    true
}
