//! A counter that is added to concurrently: a read lies between what must have arrived and what can have.
//!
//! At least all increments acknowledged before the read began and all decrements attempted before it ended; at most the
//! other way round. Linear in the events. Deliberately absent: the exact check, which is linearizability of a counter.

use sim_core::history::{Entry, History, Outcome};
use sim_core::value::{Call, Key, Value};

use crate::intern::Table;
use crate::verdict::{Verdict, Witness};

/// Sums over the additions so far.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    attempted_up: i128,
    attempted_down: i128,
    certain_up: i128,
    certain_down: i128,
}

/// The sums when a read began.
#[derive(Clone, Copy)]
struct Began {
    least: i128,
    most: i128,
}

/// Judges all reads of all counters, which start at `initial`.
#[must_use]
pub fn check(history: &History, initial: i64) -> Verdict {
    let mut events: Vec<(u64, bool, usize)> = Vec::with_capacity(history.entries.len() * 2);
    for (i, entry) in history.entries.iter().enumerate().filter(|(_, entry)| !entry.is_failed()) {
        events.push((entry.invoked_index, false, i));
        if entry.is_ok() {
            events.push((entry.completed_index, true, i));
        }
    }
    events.sort_unstable();
    let mut sums: Table<Option<Key>, Sums> = Table::default();
    let mut began: Vec<Option<Began>> = vec![None; history.entries.len()];
    for (_, ends, i) in events {
        let entry = &history.entries[i];
        let sums = sums.entry(entry.operation.key).or_default();
        match (&entry.operation.call, ends) {
            (Call::Add(n), false) => {
                sums.attempted_up += i128::from(*n).max(0);
                sums.attempted_down += i128::from(*n).min(0);
            }
            (Call::Add(n), true) => {
                sums.certain_up += i128::from(*n).max(0);
                sums.certain_down += i128::from(*n).min(0);
            }
            (Call::Read, false) => began[i] = Some(Began { least: sums.certain_up, most: sums.certain_down }),
            (Call::Read, true) => {
                let Some(began) = began[i] else { continue };
                let least = i128::from(initial) + began.least + sums.attempted_down;
                let most = i128::from(initial) + began.most + sums.attempted_up;
                if let Some(mut witness) = outside(i, entry, least, most) {
                    show_additions(history, i, &mut witness);
                    return Verdict::Fail(Box::new(witness));
                }
            }
            _ => {}
        }
    }
    Verdict::Pass
}

fn outside(i: usize, entry: &Entry, least: i128, most: i128) -> Option<Witness> {
    let Outcome::Ok(_) = entry.outcome else { return None };
    let value = entry.value()?;
    if let Value::Int(n) = value
        && (least..=most).contains(&i128::from(*n))
    {
        return None;
    }
    let (anomaly, why) = match value {
        Value::Int(n) if i128::from(*n) < least => {
            ("lost increment", "less than what had been acknowledged before")
        }
        Value::Int(_) => ("phantom increment", "more than all that had been asked for"),
        _ => ("not a number", "no number"),
    };
    Some(Witness {
        anomaly: anomaly.to_string(),
        headline: format!("a counter was read as {value}, which is {why}"),
        story: vec![
            format!("Operation {i} (process {}) read {value}.", entry.process),
            format!("With all that was certain when it began, the counter held at least {least};"),
            format!("with all that had been attempted when it ended, at most {most}."),
        ],
        entries: vec![i],
        edges: Vec::new(),
    })
}

/// How many additions a witness shows.
const SHOWN_MAX: usize = 5;

/// Adds to a witness the last additions that speak against its read: those acknowledged before it began, if it read too
/// little, else those attempted before it ended.
fn show_additions(history: &History, read: usize, witness: &mut Witness) {
    let it = &history.entries[read];
    let too_little = witness.anomaly == "lost increment";
    let speaks = |(_, other): &(usize, &Entry)| {
        let before = match too_little {
            true => other.is_ok() && other.completed_index < it.invoked_index,
            false => !other.is_failed() && other.invoked_index < it.completed_index,
        };
        before
            && other.operation.key == it.operation.key
            && matches!(other.operation.call, Call::Add(n) if n > 0)
    };
    let mut additions: Vec<(usize, &Entry)> = history.entries.iter().enumerate().filter(speaks).collect();
    let more = additions.len().saturating_sub(SHOWN_MAX);
    additions.drain(..more);
    let word = if too_little { "acknowledged before it began" } else { "attempted before it ended" };
    for (index, entry) in &additions {
        let amount = if let Call::Add(n) = entry.operation.call { n } else { 0 };
        witness.story.push(format!("Operation {index} (process {}) added {amount}, {word}.", entry.process));
    }
    if more > 0 {
        witness.story.push(format!("So did {more} earlier ones."));
    }
    witness.entries.splice(0..0, additions.into_iter().map(|(index, _)| index));
}
