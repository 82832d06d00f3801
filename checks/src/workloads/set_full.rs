//! A set that elements are added to, read as a whole: what became of every element that was added.
//!
//! Known from when its addition was acknowledged or some read saw it; lost if from some read after that on it is never
//! seen again; stale if it was known, missing in a later read, and seen again. Linear in what was read. Deliberately
//! absent: removal (see [`crate::weak::durability`]).

use serde::Serialize;
use sim_core::history::{Entry, History};
use sim_core::value::{Call, Key, Value};

use crate::intern::Table;
use crate::naming::moment;
use crate::verdict::{Verdict, Witness, WitnessEdge};

/// What became of the elements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Elements {
    /// How many additions were attempted.
    pub attempts: usize,
    /// How many are there in the end.
    pub stable: usize,
    /// How many were never seen, though none of them is known to have been there.
    pub never_read: usize,
    /// How many were known and then missing for good.
    pub lost: usize,
    /// Of the stable ones, how many were missing from a read that began after they were known.
    pub stale: usize,
    /// How many elements some read held more than once.
    pub duplicated: usize,
    /// How many elements were read that nobody added.
    pub phantom: usize,
}

/// What is known of one element.
#[derive(Clone, Debug, Default)]
struct Element {
    added_by: Option<usize>,
    add_began: u64,
    /// When it was certainly there: the position of the event.
    known: Option<u64>,
    /// The first and the last read that saw it, by rank.
    seen: Option<(u32, u32)>,
    /// The last read before `seen`'s last that did not see it.
    missed: Option<u32>,
    duplicated: bool,
}

impl Element {
    /// A read of this rank holds it.
    fn see(&mut self, rank: u32) {
        match &mut self.seen {
            Some((_, last)) if *last == rank => self.duplicated = true,
            Some((_, last)) => {
                if *last + 1 < rank {
                    self.missed = Some(rank - 1);
                }
                *last = rank;
            }
            None => {
                self.missed = rank.checked_sub(1);
                self.seen = Some((rank, rank));
            }
        }
    }
}

/// Judges a history of `Insert` and `Read`; with `linearizable`, stale elements are violations too.
#[must_use]
pub fn check(history: &History, linearizable: bool) -> (Elements, Verdict) {
    let mut elements: Table<(Option<Key>, &Value), Element> = Table::default();
    let mut reads: Table<Option<Key>, Vec<usize>> = Table::default();
    collect(history, &mut elements, &mut reads);
    let mut totals = Elements { attempts: 0, ..Elements::default() };
    let mut worst: Option<(u8, Witness)> = None;
    for ((key, value), element) in &elements {
        let none = Vec::new();
        let reads = reads.get(key).unwrap_or(&none);
        let (gravity, witness) = judge(history, value, element, reads, &mut totals);
        if (gravity > 1 || linearizable && gravity == 1) && worst.as_ref().is_none_or(|(w, _)| gravity > *w) {
            worst = witness.map(|witness| (gravity, witness));
        }
    }
    let verdict = match worst {
        Some((_, witness)) => Verdict::Fail(Box::new(witness)),
        None if totals.stable == 0 => Verdict::Unknown("no element was ever read".to_string()),
        None => Verdict::Pass,
    };
    (totals, verdict)
}

fn collect<'h>(
    history: &'h History,
    elements: &mut Table<(Option<Key>, &'h Value), Element>,
    reads: &mut Table<Option<Key>, Vec<usize>>,
) {
    for (i, entry) in history.entries.iter().enumerate() {
        let key = entry.operation.key;
        match (&entry.operation.call, entry.value()) {
            (Call::Insert(value), _) if !entry.is_failed() => {
                let element = elements.entry((key, value)).or_default();
                if element.added_by.is_none() {
                    (element.added_by, element.add_began) = (Some(i), entry.invoked_index);
                }
                if entry.is_ok() {
                    element.known =
                        Some(element.known.map_or(entry.completed_index, |at| at.min(entry.completed_index)));
                }
            }
            (Call::Read, Some(Value::List(items))) => {
                let ranks = reads.entry(key).or_default();
                let rank = ranks.len() as u32;
                ranks.push(i);
                let at = entry.completed_index;
                let mut next = 0;
                for value in items {
                    // Reads tend to hold the elements in the order in which they came.
                    let element = match elements.get_index_mut(next) {
                        Some(((its, known), element)) if *its == key && *known == value => element,
                        _ => {
                            let found = elements.entry((key, value));
                            next = found.index();
                            found.or_default()
                        }
                    };
                    next += 1;
                    element.see(rank);
                    element.known = Some(element.known.map_or(at, |known| known.min(at)));
                }
            }
            _ => {}
        }
    }
}

/// The last read, by rank, that began after the addition did and did not see the element.
fn last_absent(history: &History, element: &Element, reads: &[usize]) -> Option<u32> {
    let last = (reads.len() as u32).checked_sub(1)?;
    let absent = match element.seen {
        Some((_, seen)) if seen == last => element.missed?,
        _ => last,
    };
    (history.entries[reads[absent as usize]].invoked_index >= element.add_began).then_some(absent)
}

/// Counts one element; how grave its fate is (0 fine, 1 stale, 2 and more wrong), and told if it is.
fn judge(
    history: &History,
    value: &Value,
    element: &Element,
    reads: &[usize],
    totals: &mut Elements,
) -> (u8, Option<Witness>) {
    let at = |rank: u32| reads[rank as usize];
    let Some(added_by) = element.added_by else {
        totals.phantom += 1;
        let headline = format!("{value} was read, and nobody added it");
        return (
            3,
            element.seen.map(|(rank, _)| tell("phantom element", headline, &[(at(rank), "saw it")], history)),
        );
    };
    totals.attempts += 1;
    let absent = last_absent(history, element, reads);
    let present = element.seen.map(|(_, last)| last);
    let missed = absent
        .filter(|rank| element.known.is_some_and(|known| known < history.entries[at(*rank)].invoked_index));
    if element.duplicated {
        totals.duplicated += 1;
    }
    if let Some(missed) = missed.filter(|rank| present.is_none_or(|p| p < *rank)) {
        totals.lost += 1;
        let mut story = vec![(added_by, "added it")];
        story.extend(present.map(|rank| (at(rank), "saw it last")));
        story.push((
            at(missed),
            "began after it was known to be there, and did not see it; nor did any read after",
        ));
        return (
            4,
            Some(tell("lost element", format!("{value} was in the set and is gone"), &story, history)),
        );
    }
    match present {
        None => totals.never_read += 1,
        Some(_) => totals.stable += 1,
    }
    if element.duplicated {
        let story =
            [(added_by, "added it"), (at(present.unwrap_or(0)), "saw it, among reads that saw it twice")];
        return (
            2,
            Some(tell("duplicated element", format!("{value} is in the set twice"), &story, history)),
        );
    }
    let Some(missed) = missed else { return (0, None) };
    totals.stale += 1;
    let story = [
        (added_by, "added it"),
        (at(missed), "began after it was known to be there, and did not see it yet"),
    ];
    (
        1,
        Some(tell(
            "stale element",
            format!("{value} was missing from a read after it was known"),
            &story,
            history,
        )),
    )
}

fn tell(anomaly: &str, headline: String, steps: &[(usize, &str)], history: &History) -> Witness {
    let line = |(i, what): &(usize, &str)| {
        let Entry { process, invoked, invoked_index, .. } = history.entries[*i];
        let invoked = moment(invoked, invoked_index);
        format!("Operation {i} (process {process}, begun at {invoked}) {what}.")
    };
    let edge =
        |pair: &[(usize, &str)]| WitnessEdge { from: pair[0].0, to: pair[1].0, why: "realtime".to_string() };
    Witness {
        anomaly: anomaly.to_string(),
        headline,
        story: steps.iter().map(line).collect(),
        entries: steps.iter().map(|(i, _)| *i).collect(),
        edges: steps.windows(2).map(edge).collect(),
    }
}
