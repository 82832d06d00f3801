//! How old an answer was: by how many versions (Aiyer et al., "On the Availability of Non-strict Quorum Systems",
//! DISC'05: k-atomicity) and for how long it had been out of date (Golab, Li & Shah, "Analyzing Consistency Properties
//! for Fun and Profit", PODC'11: Δ-atomicity), in registers of unique values.
//!
//! Both are what must be so whatever happened between begin and end of each operation: only a write that began after
//! the one that was read had ended, and itself ended before the read began, makes the read stale. O(n log n).
//! Deliberately absent: the least k for which an order of all operations exists, which is larger at times.

use serde::Serialize;
use sim_core::time::{Span, Time};
use sim_core::value::Value;

use super::seen::{INITIAL, Seen};
use crate::naming::{Named, moment};
use crate::verdict::{Verdict, Witness, WitnessEdge};

/// How old one read's answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Age {
    /// The reading operation's position in the history.
    pub entry: usize,
    /// How many versions are certainly newer than the one it saw; 0 if it was fresh.
    pub versions: u64,
    /// How long ago, when the read began, the first of these was complete.
    pub time: Span,
    /// The position of that first newer write, if there is one.
    pub newer: Option<usize>,
}

/// What is tolerated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// At most so many newer versions.
    pub versions: Option<u64>,
    /// Out of date for at most so long.
    pub time: Option<Span>,
}

/// A write of one key: its positions among all events, and times.
#[derive(Clone, Copy)]
struct Write {
    began: u64,
    ended: u64,
    at: Time,
    txn: u32,
}

/// A read of one key: when it began, and after which event a write is certainly newer than what it saw.
struct Query {
    began: u64,
    at: Time,
    after: u64,
    entry: usize,
}

/// The age of every read.
///
/// # Errors
/// A verdict, where a read has no explanation at all or one value was written twice.
pub fn measure<'h>(history: impl Into<Named<'h>>, initial: &Value) -> Result<Vec<Age>, Verdict> {
    let seen = Seen::new(history, initial)?;
    let history = seen.log.history;
    let keys = seen.log.keys.len();
    let mut writes: Vec<Vec<Write>> = vec![Vec::new(); keys];
    let mut queries: Vec<Vec<Query>> = (0..keys).map(|_| Vec::new()).collect();
    for number in 1..seen.len() as u32 {
        let txn = &seen.log.txns[seen.txns[number as usize] as usize];
        let entry = &history.entries[txn.entry as usize];
        for key in seen.writes(number) {
            let write = Write { began: txn.invoked, ended: txn.completed, at: entry.completed, txn: number };
            writes[*key as usize].push(write);
        }
        for read in seen.reads(number) {
            let after = match read.from {
                INITIAL => None,
                from => Some(seen.log.txns[seen.txns[from as usize] as usize].completed),
            };
            let after = after.map_or(0, |ended| ended.saturating_add(1));
            let query = Query { began: txn.invoked, at: entry.invoked, after, entry: txn.entry as usize };
            queries[read.key as usize].push(query);
        }
    }
    let mut ages: Vec<Age> = Vec::new();
    for (writes, queries) in writes.iter_mut().zip(queries) {
        ages.extend(of_key(&seen, writes, queries));
    }
    ages.sort_by_key(|age| age.entry);
    Ok(ages)
}

/// The ages of the reads of one key: for each, of the writes that began after a point, how many ended before another.
fn of_key(seen: &Seen<'_>, writes: &mut [Write], mut queries: Vec<Query>) -> Vec<Age> {
    writes.sort_by_key(|write| write.began);
    let mut first_ended: Vec<usize> = vec![0; writes.len()];
    for i in (0..writes.len()).rev() {
        let later = (i + 1 < writes.len()).then(|| first_ended[i + 1]);
        first_ended[i] = later.filter(|j| writes[*j].ended < writes[i].ended).unwrap_or(i);
    }
    let mut by_end: Vec<usize> = (0..writes.len()).collect();
    by_end.sort_by_key(|i| writes[*i].ended);
    queries.sort_by_key(|query| query.began);
    // A Fenwick tree over writes by their begin counts those that ended so far.
    let mut tree = vec![0u64; writes.len() + 1];
    let (mut done, mut ended) = (0, 0);
    let mut ages = Vec::with_capacity(queries.len());
    for query in queries {
        while done < by_end.len() && writes[by_end[done]].ended < query.began {
            let mut at = by_end[done] + 1;
            while at < tree.len() {
                tree[at] += 1;
                at += at & at.wrapping_neg();
            }
            (done, ended) = (done + 1, ended + 1);
        }
        let from = writes.partition_point(|write| write.began < query.after);
        let (mut at, mut before) = (from, 0);
        while at > 0 {
            before += tree[at];
            at &= at - 1;
        }
        let newer = first_ended.get(from).map(|i| writes[*i]).filter(|write| write.ended < query.began);
        ages.push(Age {
            entry: query.entry,
            versions: ended - before,
            time: newer.map_or(Span::ZERO, |write| query.at.since(write.at)),
            newer: newer.and_then(|write| seen.entry(write.txn)),
        });
    }
    ages
}

/// Judges a history by the oldest answer in it.
#[must_use]
pub fn check<'h>(history: impl Into<Named<'h>>, bound: Bound, initial: &Value) -> Verdict {
    let named = history.into();
    let history = named.history;
    let ages = match measure(named, initial) {
        Ok(ages) => ages,
        Err(verdict) => return verdict,
    };
    let excess = |age: &&Age| {
        bound.versions.is_some_and(|most| age.versions > most)
            || bound.time.is_some_and(|most| age.time > most)
    };
    let Some(age) = ages.iter().filter(excess).max_by_key(|age| (age.versions, age.time)) else {
        return Verdict::Pass;
    };
    let read = &history.entries[age.entry];
    let mut story =
        vec![format!("Operation {} (process {}) read: {}.", age.entry, read.process, read.operation)];
    if let Some(newer) = age.newer {
        let write = &history.entries[newer];
        story.push(format!(
            "Operation {newer} had written a newer version and was complete at {}, {} before the read began at {}.",
            moment(write.completed, write.completed_index),
            age.time,
            moment(read.invoked, read.invoked_index)
        ));
    }
    story.push(format!("In all, {} newer versions were complete by then.", age.versions));
    let newer = age.newer.into_iter();
    Verdict::Fail(Box::new(Witness {
        anomaly: "stale read".to_string(),
        headline: format!("an answer was {} versions and {} out of date", age.versions, age.time),
        story,
        entries: newer.clone().chain([age.entry]).collect(),
        edges: newer.map(|from| WitnessEdge { from, to: age.entry, why: "realtime".to_string() }).collect(),
    }))
}
