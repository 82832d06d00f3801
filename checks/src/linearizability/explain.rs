//! A violation in words: the few operations that [`super::shrink`] left, what real time fixes about their order, and
//! why each order that is left is impossible.
//!
//! Deliberately absent: pictures. The witness has the operations and arrows that a picture is drawn from.

use sim_core::history::{Entry, History};
use sim_core::time::Time;
use sim_core::value::{Call, Key, Value};

use super::anomaly::{brings, sees};
use super::decide::{Dead, dead_ends};
use super::problem::Deed;
use super::shrink::Shrunk;
use super::{Model, Options};
use crate::naming::moment;
use crate::verdict::{Witness, WitnessEdge};

/// How many operations are told, the last ones if there are more.
const LINES_MAX: usize = 40;

/// How much of an order is told, its end if it is longer.
const ORDER_MAX: usize = 12;

/// How many impossible orders are told one by one.
const ORDERS_TOLD: usize = 6;

/// The witness of these operations, which have no linearization.
pub(super) fn explain(history: &History, model: Model, key: Option<Key>, shrunk: &Shrunk<'_>) -> Witness {
    let Shrunk { deeds, options, after } = shrunk;
    let teller = Teller { history, model, key, deeds, options };
    let mut story = Vec::new();
    if let Some((position, words)) = after {
        let last = history.entries.iter().find(|entry| entry.completed_index == *position);
        let time = last.map_or(Time(*position), |entry| entry.completed);
        let (when, object) = (moment(time, *position), teller.object());
        story.push(format!(
            "By {when} every earlier operation on {object} whose end is known was over, and in whatever order they happened, {words} then."
        ));
    }
    if let (Some((position, _)), Model::Register | Model::KeyValue) = (after, model) {
        for entry in last_changes(history, key, *position).into_iter().take(3) {
            let it = &history.entries[entry];
            story.push(format!(
                "The last to change it, or one that can have been: {}, from {} to {}.",
                told_entry(history, entry, model, options),
                moment(it.invoked, it.invoked_index),
                moment(it.completed, it.completed_index)
            ));
        }
    }
    story.push("The operations, in the order they began:".to_owned());
    let skipped = deeds.len().saturating_sub(LINES_MAX);
    if skipped > 0 {
        story.push(format!("(the first {skipped} of {} are left out here)", deeds.len()));
    }
    story.extend((skipped..deeds.len()).map(|index| teller.line(index)));
    let edges = teller.realtime();
    for &(from, to) in edges.iter().filter(|(from, _)| *from >= skipped) {
        let (before, after) = (&history.entries[deeds[from].entry], &history.entries[deeds[to].entry]);
        story.push(format!(
            "({}) ended at {} and ({}) began at {}, so ({}) comes first.",
            from + 1,
            moment(before.completed, before.completed_index),
            to + 1,
            moment(after.invoked, after.invoked_index),
            from + 1
        ));
    }
    let dead = dead_ends(model, deeds, options);
    story.extend(teller.orders(&dead));
    let (anomaly, headline) = teller.name_it();
    Witness {
        anomaly,
        headline,
        story,
        entries: deeds.iter().map(|deed| deed.entry).collect(),
        edges: teller.edges(&edges),
    }
}

/// The changes of a register that were over by this event, of which none had ended before another began.
fn last_changes(history: &History, key: Option<Key>, position: u64) -> Vec<usize> {
    let changes = |entry: &Entry| match entry.operation.call {
        Call::Read => false,
        Call::Cas { .. } => entry.value() != Some(&Value::Bool(false)),
        _ => true,
    };
    let over = |entry: &Entry| {
        entry.is_ok() && entry.operation.key == key && entry.completed_index <= position && changes(entry)
    };
    let latest = history.entries.iter().filter(|entry| over(entry)).map(|entry| entry.invoked_index).max();
    let all = history.entries.iter().enumerate();
    all.filter(|(_, entry)| over(entry) && latest.is_some_and(|latest| entry.completed_index > latest))
        .map(|(at, _)| at)
        .collect()
}

/// One operation in words, as an order of processes needs it: who did what to which object.
pub(super) fn told_entry(history: &History, entry: usize, model: Model, options: &Options) -> String {
    let it = &history.entries[entry];
    let Some(deed) = Deed::of(entry, it) else { return format!("process {} did nothing", it.process) };
    let deeds = [deed];
    let teller = Teller { history, model, key: it.operation.key, deeds: &deeds, options };
    let end = if deed.is_required() { "" } else { ", or did not: its end is not known" };
    format!("process {} {}{end}", it.process, teller.act(0))
}

/// What is told of.
pub(super) struct Teller<'a> {
    pub(super) history: &'a History,
    pub(super) model: Model,
    pub(super) key: Option<Key>,
    pub(super) deeds: &'a [Deed<'a>],
    pub(super) options: &'a Options,
}

impl Teller<'_> {
    pub(super) fn entry(&self, index: usize) -> &Entry {
        &self.history.entries[self.deeds[index].entry]
    }

    /// What the object is called.
    pub(super) fn object(&self) -> String {
        match (self.key, self.model) {
            (Some(key), _) => format!("key {}", self.options.names.called(key)),
            (None, Model::KeyValue | Model::MultiRegister) => "the store".to_owned(),
            (None, model) => format!("the {}", model.name().replace('-', " ")),
        }
    }

    /// One operation with its number, its process, its life and its end.
    fn line(&self, index: usize) -> String {
        let entry = self.entry(index);
        let began = moment(entry.invoked, entry.invoked_index);
        let end = if entry.completed_index == u64::MAX {
            format!(
                "began at {began}, its end is not known: it may have happened at any time since, or not at all"
            )
        } else {
            let ended = moment(entry.completed, entry.completed_index);
            let forgotten =
                if self.deeds[index].is_required() { "" } else { " (its end does not matter here)" };
            format!("from {began} to {ended}{forgotten}")
        };
        format!("({}) process {} {}, {end}", index + 1, entry.process, self.act(index))
    }

    /// What the operation did, as the predicate of a sentence.
    pub(super) fn act(&self, index: usize) -> String {
        let deed = &self.deeds[index];
        let object = self.object();
        let value = deed.value();
        match deed.call {
            Call::Read => format!("read {} from {object}", value.unwrap_or(&Value::Nil)),
            Call::Write(v) => format!("wrote {v} to {object}"),
            Call::Delete => format!("deleted {object}"),
            Call::Append(v) => format!("appended {v} to {object}{}", told(value)),
            Call::Cas { from, to } if value == Some(&Value::Bool(false)) => {
                format!("was told that {object} is not {from}, so that it does not become {to}")
            }
            Call::Cas { from, to } => format!("changed {object} from {from} to {to} by compare-and-set"),
            Call::Dequeue | Call::Pop if value == Some(&Value::Nil) => format!("found {object} empty"),
            Call::Dequeue | Call::Pop => match value {
                Some(value) => format!("took {value} from {object}"),
                None => format!("takes something from {object}"),
            },
            Call::Enqueue(v) | Call::Push(v) => format!("put {v} into {object}"),
            Call::Insert(v) => format!("inserted {v} into {object}{}", told(value)),
            Call::Remove(v) => format!("removed {v} from {object}{}", told(value)),
            Call::Contains(v) => format!("asked {object} for {v}{}", told(value)),
            Call::Acquire => format!("acquired {object}"),
            Call::Release => format!("released {object}"),
            Call::Add(n) => format!("added {n} to {object}{}", told(value)),
            Call::Txn(asked) => {
                let steps = match deed.answer {
                    Some(sim_core::history::Answer::Txn(steps)) => steps,
                    _ => asked,
                };
                let words: Vec<String> = steps.iter().map(|step| self.options.names.step(step)).collect();
                format!("did [{}] at once", words.join(" "))
            }
            other => other.name().to_owned(),
        }
    }

    /// Pairs of which the first ended before the second began, without those that follow from others.
    fn realtime(&self) -> Vec<(usize, usize)> {
        let before = |a: usize, b: usize| self.deeds[a].returned < self.deeds[b].invoked;
        let count = self.deeds.len();
        let mut pairs = Vec::new();
        for from in 0..count {
            for to in 0..count {
                if before(from, to) && !(0..count).any(|between| before(from, between) && before(between, to))
                {
                    pairs.push((from, to));
                }
            }
        }
        pairs
    }

    /// Real time, and who saw whose value.
    fn edges(&self, realtime: &[(usize, usize)]) -> Vec<WitnessEdge> {
        let edge = |from: usize, to: usize, why: &str| WitnessEdge {
            from: self.deeds[from].entry,
            to: self.deeds[to].entry,
            why: why.to_owned(),
        };
        let mut edges: Vec<WitnessEdge> =
            realtime.iter().map(|&(from, to)| edge(from, to, "realtime")).collect();
        for (to, reader) in self.deeds.iter().enumerate() {
            let Some(seen) = sees(reader) else { continue };
            let mut writers =
                (0..self.deeds.len()).filter(|&from| from != to && brings(&self.deeds[from], seen));
            if let (Some(from), None) = (writers.next(), writers.next()) {
                edges.push(edge(from, to, "saw"));
            }
        }
        edges
    }

    /// The orders that real time allows, and where each comes to nothing.
    fn orders(&self, dead: &[Dead]) -> Vec<String> {
        let numbers = |indexes: &[usize]| {
            let words: Vec<String> = indexes.iter().map(|index| format!("({})", index + 1)).collect();
            words.join(", ")
        };
        let mut lines = Vec::new();
        for end in dead.iter().take(ORDERS_TOLD) {
            let order = match end.order.as_slice() {
                [] => "Nothing can come first".to_owned(),
                order if order.len() > ORDER_MAX => {
                    format!(
                        "In the order … {} nothing can come next",
                        numbers(&order[order.len() - ORDER_MAX..])
                    )
                }
                order => format!("In the order {} nothing can come next", numbers(order)),
            };
            lines.push(format!(
                "{order}: {}, and {} would have to follow.",
                end.state,
                numbers(&end.blocked)
            ));
        }
        match dead.len() {
            0 => lines
                .push("No order of them gives these answers; there are too many orders to list.".to_owned()),
            n if n > ORDERS_TOLD => {
                lines.push(format!("{} more orders come to nothing in the same way.", n - ORDERS_TOLD));
            }
            _ => lines.push(
                "Real time allows no other order, so these answers are not those of one object.".to_owned(),
            ),
        }
        lines
    }
}

fn told(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Nil) => String::new(),
        Some(value) => format!(" and was told {value}"),
    }
}
