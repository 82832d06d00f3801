//! A set: elements that are there or not.
//!
//! Deliberately absent: the order and the multiplicity of what a read lists.

use indexmap::IndexMap;
use sim_core::value::{Call, Value};

use crate::linearizability::hash::{Interner, Quick};
use crate::linearizability::problem::{Deed, Spec};

/// The specification of a set; a state is the number of its sorted elements.
#[derive(Debug)]
pub(crate) struct Set {
    elements: Interner<Value>,
    states: Interner<Vec<u32>>,
    steps: IndexMap<(u32, u32, bool), u32, Quick>,
    initial: Vec<Value>,
    weight: u64,
}

/// What is done to a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Inserted it; told whether it was new.
    Insert(u32, Option<bool>),
    /// Removed it; told whether it was there.
    Remove(u32, Option<bool>),
    /// Asked whether it is there.
    Contains(u32, bool),
    /// Read the whole set.
    Read(u32),
}

impl Set {
    /// An empty set, or one that has the elements of a list.
    pub(crate) fn new(initial: &Value) -> Set {
        Set {
            elements: Interner::new(),
            states: Interner::new(),
            steps: IndexMap::default(),
            initial: if let Value::List(items) = initial { items.clone() } else { Vec::new() },
            weight: 0,
        }
    }

    fn has(&self, state: u32, element: u32) -> bool {
        self.states.get(state).binary_search(&element).is_ok()
    }

    /// The state with or without this element.
    fn change(&mut self, state: u32, element: u32, there: bool) -> u32 {
        if let Some(&after) = self.steps.get(&(state, element, there)) {
            return after;
        }
        let mut elements = self.states.get(state).clone();
        match (elements.binary_search(&element), there) {
            (Err(place), true) => elements.insert(place, element),
            (Ok(place), false) => drop(elements.remove(place)),
            _ => {}
        }
        self.weight += 16 + elements.len() as u64;
        let after = self.states.number(elements);
        self.steps.insert((state, element, there), after);
        after
    }
}

fn told(deed: &Deed<'_>) -> Option<bool> {
    match deed.value() {
        Some(Value::Bool(told)) => Some(*told),
        _ => None,
    }
}

impl Spec for Set {
    type Action = Action;

    fn action(&mut self, deed: &Deed<'_>) -> Result<Option<Action>, String> {
        Ok(Some(match deed.call {
            Call::Insert(element) => Action::Insert(self.elements.number_of(element), told(deed)),
            Call::Add(element) => Action::Insert(self.elements.number(Value::Int(*element)), told(deed)),
            Call::Remove(element) => Action::Remove(self.elements.number_of(element), told(deed)),
            Call::Contains(element) => match told(deed) {
                Some(there) => Action::Contains(self.elements.number_of(element), there),
                None => return Ok(None),
            },
            Call::Read => match deed.value() {
                Some(Value::List(items)) => {
                    let mut elements: Vec<u32> =
                        items.iter().map(|item| self.elements.number_of(item)).collect();
                    elements.sort_unstable();
                    elements.dedup();
                    Action::Read(self.states.number(elements))
                }
                Some(Value::Nil) => Action::Read(self.states.number(Vec::new())),
                Some(other) => return Err(format!("a set cannot read {other}")),
                None => return Ok(None),
            },
            other => return Err(format!("a set has no operation \"{}\"", other.name())),
        }))
    }

    fn initial(&mut self) -> u32 {
        let mut elements: Vec<u32> = self.initial.iter().map(|item| self.elements.number_of(item)).collect();
        elements.sort_unstable();
        elements.dedup();
        self.states.number(elements)
    }

    fn step(&mut self, state: u32, action: Action) -> Option<u32> {
        match action {
            Action::Read(seen) => (seen == state).then_some(state),
            Action::Contains(element, there) => (self.has(state, element) == there).then_some(state),
            Action::Insert(element, fresh) => {
                let agrees = fresh.is_none_or(|fresh| fresh != self.has(state, element));
                agrees.then(|| self.change(state, element, true))
            }
            Action::Remove(element, there) => {
                let agrees = there.is_none_or(|there| there == self.has(state, element));
                agrees.then(|| self.change(state, element, false))
            }
        }
    }

    fn is_observation(action: Action) -> bool {
        match action {
            Action::Read(_) | Action::Contains(..) => true,
            Action::Insert(_, told) | Action::Remove(_, told) => told == Some(false),
        }
    }

    fn weight(&self) -> u64 {
        self.weight
    }

    fn show(&self, state: u32) -> String {
        let elements: Vec<String> =
            self.states.get(state).iter().map(|&element| self.elements.get(element).to_string()).collect();
        if elements.is_empty() { "it is empty".to_owned() } else { format!("it has {}", elements.join(" ")) }
    }
}
