//! One history into the histories of objects that know nothing of each other: linearizability is local (Herlihy &
//! Wing, "Linearizability", 1990, §3.2), so each is judged alone.
//!
//! Keys part a history of registers, a map or anything else keyed. Transactions part into the groups of keys that
//! some transaction joins. A set that is never read as a whole parts into its elements. Deliberately absent: parts
//! of queues and stacks, whose elements are bound to each other.

use indexmap::IndexMap;
use sim_core::history::{Entry, History};
use sim_core::value::{Call, Key, Micro, Value};

use super::Model;
use super::hash::Quick;
use super::problem::Deed;
use crate::intern::Keys;

/// One object's part of a history.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    /// Its key; `None` for the only object, and for a group of keys.
    pub key: Option<Key>,
    /// Its operations, in the order of their invocation.
    pub deeds: Vec<Deed<'a>>,
}

/// How many objects a history's operations are on, by their keys.
#[must_use]
pub fn objects(history: &History) -> usize {
    let mut keys = Keys::default();
    for entry in &history.entries {
        keys.number(entry.operation.key);
    }
    keys.len()
}

/// The parts, in the order of their first operation.
pub(crate) fn parts(history: &History, model: Model) -> Vec<Part<'_>> {
    match model {
        Model::MultiRegister => groups(history),
        Model::Set => by(history, |entry| entry.operation.key).into_iter().flat_map(elements).collect(),
        _ => by(history, |entry| entry.operation.key),
    }
}

fn deeds(history: &History) -> impl Iterator<Item = (Deed<'_>, &Entry)> {
    let entries = history.entries.iter().enumerate();
    entries.filter_map(|(index, entry)| Some((Deed::of(index, entry)?, entry)))
}

fn by<'a>(history: &'a History, key: impl Fn(&Entry) -> Option<Key>) -> Vec<Part<'a>> {
    let mut keys = Keys::default();
    let mut counted: Vec<(Option<Key>, usize)> = Vec::new();
    // A history is larger than the caches, so what is asked of it is kept of one walk.
    let mut all: Vec<(u32, Deed<'a>)> = Vec::with_capacity(history.entries.len());
    for (deed, entry) in deeds(history) {
        let key = key(entry);
        let place = keys.number(key);
        if place == counted.len() {
            counted.push((key, 0));
        }
        counted[place].1 += 1;
        all.push((place as u32, deed));
    }
    let part = |(key, count)| Part { key, deeds: Vec::with_capacity(count) };
    let mut parts: Vec<Part<'a>> = counted.into_iter().map(part).collect();
    for (place, deed) in all {
        parts[place as usize].deeds.push(deed);
    }
    parts
}

/// The groups of keys that transactions join.
fn groups(history: &History) -> Vec<Part<'_>> {
    let mut leaders: IndexMap<Key, usize, Quick> = IndexMap::default();
    let mut parents: Vec<usize> = Vec::new();
    fn leader(parents: &mut [usize], mut index: usize) -> usize {
        while parents[index] != index {
            parents[index] = parents[parents[index]];
            index = parents[index];
        }
        index
    }
    for (_, entry) in deeds(history) {
        let mut first = None;
        for key in keys(entry) {
            let fresh = parents.len();
            let index = *leaders.entry(key).or_insert(fresh);
            if index == fresh {
                parents.push(fresh);
            }
            let index = leader(&mut parents, index);
            let joined = *first.get_or_insert(index);
            parents[index] = joined;
        }
    }
    let mut names: IndexMap<Key, Key, Quick> = IndexMap::default();
    for (&key, &index) in &leaders {
        let top = leader(&mut parents, index);
        names.insert(key, leaders.get_index(top).map_or(key, |(&name, _)| name));
    }
    let alone = |name: Key| names.values().filter(|&&other| other == name).count() == 1;
    let mut parts = by(history, |entry| keys(entry).first().and_then(|key| names.get(key)).copied());
    for part in &mut parts {
        part.key = part.key.filter(|&key| alone(key));
    }
    parts
}

/// The keys that an operation touches.
fn keys(entry: &Entry) -> Vec<Key> {
    let mut keys: Vec<Key> = entry.operation.key.into_iter().collect();
    if let Call::Txn(steps) = &entry.operation.call {
        keys.extend(steps.iter().map(|step| match step {
            Micro::Append(key, _) | Micro::Write(key, _) | Micro::Read(key, _) => *key,
        }));
    }
    keys
}

/// A set's elements, each alone, unless something reads the whole set.
fn elements(part: Part<'_>) -> Vec<Part<'_>> {
    let element = |deed: &Deed<'_>| match deed.call {
        Call::Insert(element) | Call::Remove(element) | Call::Contains(element) => Some(element.clone()),
        Call::Add(element) => Some(Value::Int(*element)),
        _ => None,
    };
    if !part.deeds.iter().all(|deed| element(deed).is_some()) {
        return vec![part];
    }
    let mut places: IndexMap<Value, Part<'_>, Quick> = IndexMap::default();
    for deed in part.deeds {
        let name = element(&deed).unwrap_or_default();
        places.entry(name).or_insert_with(|| Part { key: part.key, deeds: Vec::new() }).deeds.push(deed);
    }
    places.into_values().collect()
}
