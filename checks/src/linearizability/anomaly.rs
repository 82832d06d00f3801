//! What a violation is called, and one sentence that says what happened: the shapes that people know, sought among the
//! few operations that are left of it.
//!
//! Deliberately absent: proof. The sentence names what strikes the eye; the story carries the argument.

use sim_core::history::Entry;
use sim_core::value::{Call, Value};

use super::Model;
use super::explain::Teller;
use super::problem::Deed;

/// A name and a sentence.
type Named = (String, String);

fn named(anomaly: &str, headline: String) -> Option<Named> {
    Some((anomaly.to_owned(), headline))
}

/// Whether the first ended before the second began.
fn before(a: &Deed<'_>, b: &Deed<'_>) -> bool {
    a.returned < b.invoked
}

impl Teller<'_> {
    /// The anomaly's name, and what happened in one sentence.
    pub(super) fn name_it(&self) -> Named {
        let found = self.unfounded().or_else(|| self.taken_twice()).or_else(|| match self.model {
            Model::Queue | Model::Stack | Model::PriorityQueue => self.overtaken(),
            Model::Mutex => self.held_twice(),
            _ => self.siblings().or_else(|| self.stale()).or_else(|| self.lost_update()),
        });
        found.unwrap_or_else(|| {
            let object = self.object();
            let words: Vec<String> = (0..self.deeds.len())
                .map(|index| format!("process {} {}", self.process(index), self.act(index)))
                .collect();
            let all = if words.len() > 4 { format!("{} operations", words.len()) } else { words.join("; ") };
            let headline = format!("no order of these operations on {object} gives their answers: {all}");
            ("not linearizable".to_owned(), headline)
        })
    }

    fn process(&self, index: usize) -> u32 {
        self.entry(index).process
    }

    /// A value that nobody had brought in by then.
    fn unfounded(&self) -> Option<Named> {
        let object = self.object();
        for (index, deed) in self.deeds.iter().enumerate().rev() {
            let Some(seen) = sees(deed) else { continue };
            if *seen == self.options.initial {
                continue;
            }
            let verb = if matches!(deed.call, Call::Dequeue | Call::Pop) { "took" } else { "saw" };
            let what = format!("process {} {verb} {seen} in {object}", self.process(index));
            let mut writers =
                self.history.entries.iter().filter(|entry| self.is_writer(entry, deed, seen)).peekable();
            let Some(first) = writers.peek() else {
                return named("phantom value", format!("{what}, which nobody ever put there"));
            };
            let (who, failed) = (first.process, first.is_failed());
            if writers.clone().all(Entry::is_failed) {
                return named(
                    "aborted value",
                    format!("{what}, though process {who} was told that putting it there failed"),
                );
            }
            if !failed && writers.all(|entry| entry.invoked_index > deed.returned) {
                return named(
                    "value from the future",
                    format!("{what} before process {who} began to put it there"),
                );
            }
        }
        None
    }

    /// Whether an entry of the whole history brings this value into the object.
    fn is_writer(&self, entry: &Entry, deed: &Deed<'_>, seen: &Value) -> bool {
        let same = self.key.is_none() || entry.operation.key == self.key;
        let call = &entry.operation.call;
        same && call != deed.call && brings(&Deed { call, answer: None, ..*deed }, seen)
    }

    /// One value taken by two.
    fn taken_twice(&self) -> Option<Named> {
        let takes = |deed: &Deed<'_>| matches!(deed.call, Call::Dequeue | Call::Pop);
        for (index, deed) in self.deeds.iter().enumerate().filter(|(_, deed)| takes(deed)) {
            let seen = sees(deed)?;
            let other =
                (0..index).find(|&other| takes(&self.deeds[other]) && sees(&self.deeds[other]) == Some(seen));
            let brought = self.deeds.iter().filter(|other| brings(other, seen)).count();
            if let (Some(other), 0 | 1) = (other, brought) {
                let (a, b, object) = (self.process(other), self.process(index), self.object());
                return named(
                    "taken twice",
                    format!("processes {a} and {b} both took {seen} from {object}, which was put there once"),
                );
            }
        }
        None
    }

    /// A value taken, or nothing found, though another was there that should have been taken first.
    fn overtaken(&self) -> Option<Named> {
        let object = self.object();
        for (index, deed) in self.deeds.iter().enumerate().rev() {
            if !matches!(deed.call, Call::Dequeue | Call::Pop) || deed.value().is_none() {
                continue;
            }
            let taken = sees(deed);
            let there = self.deeds.iter().find_map(|put| {
                let (Call::Enqueue(value) | Call::Push(value)) = put.call else { return None };
                let mut takers = self.deeds.iter().filter(|other| sees(other) == Some(value));
                let waits = before(put, deed) && takers.all(|taker| taker.invoked > deed.returned);
                (waits && Some(value) != taken).then_some(value)
            });
            let process = self.process(index);
            match (taken, there) {
                (None, Some(there)) => {
                    return named(
                        "lost value",
                        format!("process {process} found {object} empty while {there} was in it"),
                    );
                }
                (Some(taken), Some(there)) => {
                    return named(
                        "out of order",
                        format!(
                            "process {process} took {taken} from {object} while {there} was in it and came first"
                        ),
                    );
                }
                _ => {}
            }
        }
        None
    }

    /// A lock taken while it was held.
    fn held_twice(&self) -> Option<Named> {
        let last = self.deeds.iter().rposition(|deed| *deed.call == Call::Acquire && deed.is_required())?;
        let holder =
            self.deeds[..last].iter().rposition(|deed| *deed.call == Call::Acquire && deed.is_required())?;
        if self.deeds.len() > 4 {
            return None;
        }
        let (a, b, object) = (self.process(holder), self.process(last), self.object());
        named(
            "lock held twice",
            format!("processes {a} and {b} both acquired {object}, and nobody released it between"),
        )
    }

    /// Several values at once, where all that was ever brought in are whole values.
    fn siblings(&self) -> Option<Named> {
        if !matches!(self.model, Model::Register | Model::KeyValue) {
            return None;
        }
        let whole = |entry: &Entry| match &entry.operation.call {
            Call::Read | Call::Delete => true,
            Call::Write(value) => !matches!(value, Value::List(_)),
            Call::Cas { to, .. } => !matches!(to, Value::List(_)),
            _ => false,
        };
        if matches!(self.options.initial, Value::List(_)) || !self.history.entries.iter().all(whole) {
            return None;
        }
        let several = |deed: &Deed<'_>| matches!(deed.value(), Some(Value::List(_)));
        let index = self.deeds.iter().position(several)?;
        let (process, object) = (self.process(index), self.object());
        let seen = self.deeds[index].value()?;
        let what = format!(
            "process {process} read {seen} from {object}: siblings, where one object holds one value at a time"
        );
        named("siblings", what)
    }

    /// A read of what had been replaced, or that lacks what had been added.
    fn stale(&self) -> Option<Named> {
        let object = self.object();
        for (index, reader) in self.deeds.iter().enumerate().rev() {
            let (Call::Read, Some(seen)) = (reader.call, reader.value()) else { continue };
            let process = self.process(index);
            for (other, deed) in self.deeds.iter().enumerate().filter(|(_, deed)| before(deed, reader)) {
                let who = self.process(other);
                let lacks = match (deed.call, seen) {
                    (Call::Append(part), _) if !brings(deed, seen) => Some(part),
                    (Call::Insert(element), Value::List(items)) if !items.contains(element) => Some(element),
                    _ => None,
                };
                if let Some(part) = lacks {
                    let what = format!(
                        "process {process} read {seen} from {object}, without the {part} that process {who} had added"
                    );
                    return named("stale read", what);
                }
                let Some(value) = holds_after(deed).filter(|value| *value != seen) else { continue };
                let verb = if *deed.call == Call::Read { "read" } else { "written" };
                let what = format!(
                    "process {process} read {seen} from {object} after process {who} had {verb} {value}"
                );
                return named("stale read", what);
            }
        }
        None
    }

    /// Two compare-and-sets from one value that was there once.
    fn lost_update(&self) -> Option<Named> {
        let did = |deed: &&Deed<'_>| {
            matches!((deed.call, deed.value()), (Call::Cas { .. }, Some(Value::Bool(true))))
        };
        let mut changes = self.deeds.iter().filter(did).filter_map(|deed| match deed.call {
            Call::Cas { from, .. } => Some((self.history.entries[deed.entry].process, from)),
            _ => None,
        });
        let (first, second) = (changes.next()?, changes.next()?);
        if first.1 != second.1 {
            return None;
        }
        let object = self.object();
        named(
            "lost update",
            format!("processes {} and {} both changed {object} from {}", first.0, second.0, first.1),
        )
    }
}

/// What the object holds right after this operation, if that is one value.
fn holds_after<'a>(deed: &Deed<'a>) -> Option<&'a Value> {
    match deed.call {
        Call::Write(value) => Some(value),
        Call::Cas { to, .. } if deed.value() == Some(&Value::Bool(true)) => Some(to),
        Call::Read => deed.value(),
        _ => None,
    }
}

/// The one value that an operation saw.
pub(super) fn sees<'a>(deed: &Deed<'a>) -> Option<&'a Value> {
    match deed.call {
        Call::Read | Call::Dequeue | Call::Pop => {
            deed.value().filter(|value| !matches!(value, Value::Nil | Value::List(_)))
        }
        Call::Cas { from, .. } if deed.value() == Some(&Value::Bool(true)) => Some(from),
        _ => None,
    }
}

/// Whether an operation brings this value in, or part of it.
pub(super) fn brings(deed: &Deed<'_>, value: &Value) -> bool {
    match deed.call {
        Call::Write(v) | Call::Enqueue(v) | Call::Push(v) => v == value,
        Call::Cas { to, .. } => to == value && deed.value() != Some(&Value::Bool(false)),
        Call::Append(v) => match (value, v) {
            (Value::Text(whole), Value::Text(part)) => whole.contains(&**part),
            (Value::List(items), part) => items.contains(part),
            _ => false,
        },
        Call::Add(_) => true,
        _ => false,
    }
}
