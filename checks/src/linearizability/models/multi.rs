//! Several cells, read and written several at once: Knossos' multi-register, and any store of transactions that
//! claims to be strictly serializable.
//!
//! A transaction's steps happen in their order at one instant, so a read sees the transaction's own writes.
//! Deliberately absent: other isolation, which is for the checkers of transactions.

use indexmap::IndexMap;
use sim_core::history::Answer;
use sim_core::value::{Call, Key, Micro, Value};

use crate::format::KeyNames;
use crate::linearizability::hash::{Interner, Quick};
use crate::linearizability::problem::{Deed, Spec};

/// The specification of several cells; a state is the number of all their values.
#[derive(Debug)]
pub(crate) struct Multi {
    values: Interner<Value>,
    keys: Interner<Key>,
    transactions: Interner<Vec<Step>>,
    states: Interner<Vec<u32>>,
    steps: IndexMap<(u32, u32), Option<u32>, Quick>,
    initial: Value,
    names: KeyNames,
    weight: u64,
}

/// One step: a cell and what is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Read(u32, u32),
    Write(u32, u32),
    Append(u32, u32),
}

/// A transaction, by its number, and whether it changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Action(u32, bool);

impl Multi {
    /// Cells that all hold this at first, and what they are called.
    pub(crate) fn new(initial: &Value, names: &KeyNames) -> Multi {
        Multi {
            values: Interner::new(),
            keys: Interner::new(),
            transactions: Interner::new(),
            states: Interner::new(),
            steps: IndexMap::default(),
            initial: initial.clone(),
            names: names.clone(),
            weight: 0,
        }
    }

    fn translate(&mut self, step: &Micro) -> Option<Step> {
        Some(match step {
            Micro::Read(_, None) => return None,
            Micro::Read(key, Some(value)) => Step::Read(self.keys.number(*key), self.values.number_of(value)),
            Micro::Write(key, value) => Step::Write(self.keys.number(*key), self.values.number_of(value)),
            Micro::Append(key, value) => Step::Append(self.keys.number(*key), self.values.number_of(value)),
        })
    }

    /// The state after this transaction, if it is possible.
    fn apply(&mut self, state: u32, transaction: u32) -> Option<u32> {
        let mut cells = self.states.get(state).clone();
        let initial = self.values.number_of(&self.initial);
        for step in self.transactions.get(transaction).clone() {
            let (Step::Read(cell, _) | Step::Write(cell, _) | Step::Append(cell, _)) = step;
            if cells.len() <= cell as usize {
                cells.resize(cell as usize + 1, initial);
            }
            let here = &mut cells[cell as usize];
            match step {
                Step::Read(_, value) if *here != value => return None,
                Step::Read(..) => {}
                Step::Write(_, value) => *here = value,
                Step::Append(_, value) => {
                    let mut list = match self.values.get(*here) {
                        Value::List(items) => items.clone(),
                        Value::Nil => Vec::new(),
                        _ => return None,
                    };
                    list.push(self.values.get(value).clone());
                    *here = self.values.number(Value::List(list));
                }
            }
        }
        // One form for one state: what was never touched is not listed.
        while cells.last() == Some(&initial) {
            cells.pop();
        }
        self.weight += 16 + cells.len() as u64;
        Some(self.states.number(cells))
    }
}

impl Spec for Multi {
    type Action = Action;

    fn action(&mut self, deed: &Deed<'_>) -> Result<Option<Action>, String> {
        let Call::Txn(asked) = deed.call else {
            return Err(format!(
                "a multi-register has no operation \"{}\", only transactions",
                deed.call.name()
            ));
        };
        let steps = match deed.answer {
            Some(Answer::Txn(told)) if !told.is_empty() => told,
            _ => asked,
        };
        let steps: Vec<Step> = steps.iter().filter_map(|step| self.translate(step)).collect();
        let changes = steps.iter().any(|step| !matches!(step, Step::Read(..)));
        if steps.is_empty() {
            return Ok(None);
        }
        Ok(Some(Action(self.transactions.number(steps), changes)))
    }

    fn initial(&mut self) -> u32 {
        self.states.number(Vec::new())
    }

    fn step(&mut self, state: u32, action: Action) -> Option<u32> {
        if let Some(known) = self.steps.get(&(state, action.0)) {
            return *known;
        }
        let after = self.apply(state, action.0);
        self.steps.insert((state, action.0), after);
        after
    }

    fn is_observation(action: Action) -> bool {
        !action.1
    }

    fn weight(&self) -> u64 {
        self.weight
    }

    fn show(&self, state: u32) -> String {
        let cells = self.states.get(state).iter().enumerate();
        let words: Vec<String> = cells
            .map(|(cell, &value)| {
                format!("{} = {}", self.names.called(*self.keys.get(cell as u32)), self.values.get(value))
            })
            .collect();
        if words.is_empty() {
            format!("all hold {}", self.initial)
        } else {
            format!("it holds {}", words.join(", "))
        }
    }
}
