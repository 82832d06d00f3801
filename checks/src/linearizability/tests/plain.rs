//! The search as Porcupine has it, written down plainly: the objects of [`super::brute`], a cache of configurations,
//! and nothing clever.
//!
//! Deliberately absent: everything that [`crate::linearizability`] does to be quick.

use indexmap::IndexSet;
use sim_core::history::{Entry, History, Outcome};
use sim_core::value::Key;

use super::brute::{State, act, agree, initial};
use crate::linearizability::hash::Quick;
use crate::linearizability::{Model, Options};

/// The verdict, if so many steps for each object suffice.
pub(super) fn linearizable(history: &History, model: Model, options: &Options, steps: u64) -> Option<bool> {
    let mut keys: Vec<Option<Key>> = history.entries.iter().map(|entry| entry.operation.key).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut all = Some(true);
    for key in keys {
        let idle = |entry: &Entry| {
            entry.is_failed()
                || matches!(entry.outcome, Outcome::Unknown(_)) && entry.operation.call.is_read_only()
        };
        let of_key = |entry: &&Entry| entry.operation.key == key && !idle(entry);
        let entries: Vec<&Entry> = history.entries.iter().filter(of_key).collect();
        let mut search = Search {
            model,
            taken: vec![0; entries.len().div_ceil(64)],
            entries,
            seen: IndexSet::default(),
            left: steps,
        };
        match search.go(&initial(model, options), 0) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => all = None,
        }
    }
    all
}

struct Search<'h> {
    model: Model,
    entries: Vec<&'h Entry>,
    taken: Vec<u64>,
    seen: IndexSet<(Vec<u64>, State), Quick>,
    left: u64,
}

impl Search<'_> {
    fn is_taken(&self, index: usize) -> bool {
        self.taken[index / 64] >> (index % 64) & 1 == 1
    }

    /// Whether what is left can follow this state; everything before `first` is taken.
    fn go(&mut self, state: &State, mut first: usize) -> Option<bool> {
        while first < self.entries.len() && self.is_taken(first) {
            first += 1;
        }
        let mut bound = u64::MAX;
        let mut required = false;
        for index in (first..self.entries.len()).filter(|&index| !self.is_taken(index)) {
            let entry = self.entries[index];
            if entry.invoked_index > bound {
                break;
            }
            if entry.is_ok() {
                required = true;
                bound = bound.min(entry.completed_index);
            }
        }
        if !required {
            return Some(true);
        }
        if !self.seen.insert((self.taken.clone(), state.clone())) {
            return Some(false);
        }
        self.left = self.left.checked_sub(1)?;
        for index in first..self.entries.len() {
            let entry = self.entries[index];
            if entry.invoked_index > bound {
                break;
            }
            if self.is_taken(index) {
                continue;
            }
            let mut after = state.clone();
            let Some(answer) = act(self.model, &mut after, &entry.operation.call) else { continue };
            if let Outcome::Ok(told) = &entry.outcome
                && !agree(&entry.operation.call, &answer, told)
            {
                continue;
            }
            self.taken[index / 64] ^= 1 << (index % 64);
            let found = self.go(&after, first);
            self.taken[index / 64] ^= 1 << (index % 64);
            if found != Some(false) {
                return found;
            }
        }
        Some(false)
    }
}
