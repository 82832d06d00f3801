//! A cell: a register, one key of a map, a text or list that grows by appending.
//!
//! A state is the number of the value that the cell holds. Deliberately absent: several cells changed at once, which
//! is [`super::multi`].

use indexmap::IndexMap;
use sim_core::value::{Call, Value};

use crate::linearizability::hash::{Interner, Quick};
use crate::linearizability::problem::{Deed, Spec};

/// The specification of one cell.
#[derive(Debug)]
pub(crate) struct Cell {
    values: Interner<Value>,
    initial: u32,
    /// What appending to a state makes: (state, appended) → state.
    appended: IndexMap<(u32, u32), Option<u32>, Quick>,
    weight: u64,
}

/// What is done to a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Read this value.
    Read(u32),
    /// Wrote this value.
    Write(u32),
    /// Replaced the first by the second.
    Swap(u32, u32),
    /// Replaces the first by the second if it is there; the answer is not known.
    MaySwap(u32, u32),
    /// Saw that this value was not there.
    Differs(u32),
    /// Appended this; told its length or position if that is known.
    Append(u32),
}

impl Cell {
    /// A cell that holds this at first.
    pub(crate) fn new(initial: &Value) -> Cell {
        let mut values = Interner::new();
        let initial = values.number_of(initial);
        Cell { values, initial, appended: IndexMap::default(), weight: 0 }
    }

    fn append(&mut self, state: u32, tail: u32) -> Option<u32> {
        if let Some(known) = self.appended.get(&(state, tail)) {
            return *known;
        }
        let joined = join(self.values.get(state), self.values.get(tail));
        self.weight += match &joined {
            Some(Value::Text(text)) => 16 + text.len() as u64 / 8,
            Some(Value::List(items)) => 16 + 3 * items.len() as u64,
            _ => 8,
        };
        let joined = joined.map(|value| self.values.number(value));
        self.appended.insert((state, tail), joined);
        joined
    }
}

/// Texts are concatenated; anything else is added to a list as one element. Nothing is the empty text or list.
fn join(head: &Value, tail: &Value) -> Option<Value> {
    match (head, tail) {
        (Value::Text(head), Value::Text(tail)) => Some(Value::Text([&**head, &**tail].concat().into())),
        (Value::Nil, Value::Text(_)) => Some(tail.clone()),
        (Value::Nil, tail) => Some(Value::List(vec![tail.clone()])),
        (Value::List(items), tail) => {
            let mut items = items.clone();
            items.push(tail.clone());
            Some(Value::List(items))
        }
        _ => None,
    }
}

impl Spec for Cell {
    type Action = Action;
    const FORESEES: bool = true;

    fn action(&mut self, deed: &Deed<'_>) -> Result<Option<Action>, String> {
        Ok(Some(match deed.call {
            Call::Read => match deed.value() {
                Some(value) => Action::Read(self.values.number_of(value)),
                None => return Ok(None),
            },
            Call::Write(value) => Action::Write(self.values.number_of(value)),
            Call::Delete => Action::Write(self.values.number(Value::Nil)),
            Call::Append(value) => Action::Append(self.values.number_of(value)),
            Call::Cas { from, to } => {
                let (from, to) = (self.values.number_of(from), self.values.number_of(to));
                match deed.value() {
                    None => Action::MaySwap(from, to),
                    Some(Value::Bool(false)) => Action::Differs(from),
                    Some(_) => Action::Swap(from, to),
                }
            }
            other => return Err(format!("a register has no operation \"{}\"", other.name())),
        }))
    }

    fn initial(&mut self) -> u32 {
        self.initial
    }

    #[inline]
    fn step(&mut self, state: u32, action: Action) -> Option<u32> {
        match action {
            Action::Read(value) => (value == state).then_some(state),
            Action::Write(value) => Some(value),
            Action::Swap(from, to) => (from == state).then_some(to),
            Action::MaySwap(from, to) => Some(if from == state { to } else { state }),
            Action::Differs(value) => (value != state).then_some(state),
            Action::Append(tail) => self.append(state, tail),
        }
    }

    #[inline]
    fn is_observation(action: Action) -> bool {
        matches!(action, Action::Read(_) | Action::Differs(_))
    }

    /// Somebody saw a value that nobody had begun to bring in.
    fn refute(&mut self, deeds: &[Deed<'_>]) -> Option<u64> {
        let mut brought: IndexMap<&Value, u64, Quick> = IndexMap::default();
        for deed in deeds {
            let value = match deed.call {
                Call::Append(_) => return None,
                Call::Write(value) | Call::Cas { to: value, .. } => value,
                Call::Delete => &Value::Nil,
                _ => continue,
            };
            let first = brought.entry(value).or_insert(deed.invoked);
            *first = deed.invoked.min(*first);
        }
        let initial = self.values.get(self.initial);
        let seen = deeds.iter().filter_map(|deed| match (deed.call, deed.value()) {
            (Call::Read, Some(value)) => Some((deed, value)),
            (Call::Cas { from, .. }, Some(Value::Bool(true))) => Some((deed, from)),
            _ => None,
        });
        let early = seen.filter(|(deed, value)| {
            *value != initial && brought.get(value).is_none_or(|&begun| begun > deed.returned)
        });
        early.map(|(deed, _)| deed.returned).min()
    }

    fn weight(&self) -> u64 {
        self.weight
    }

    fn as_initial(&self, state: u32) -> Option<Value> {
        Some(self.values.get(state).clone())
    }

    fn show(&self, state: u32) -> String {
        format!("it holds {}", self.values.get(state))
    }

    fn observes(&self, action: Action) -> bool {
        matches!(action, Action::Read(_) | Action::Swap(..))
    }

    fn resets(&self, action: Action) -> bool {
        matches!(action, Action::Write(_) | Action::Swap(..) | Action::MaySwap(..))
    }

    /// By appending alone a value only grows.
    fn leads_to(&self, state: u32, observer: Action) -> bool {
        let (Action::Read(wanted) | Action::Swap(wanted, _)) = observer else { return true };
        if wanted == state {
            return true;
        }
        match (self.values.get(state), self.values.get(wanted)) {
            (Value::Text(here), Value::Text(wanted)) => wanted.starts_with(&**here),
            (Value::List(here), Value::List(wanted)) => wanted.starts_with(here),
            (Value::Nil, wanted) => matches!(wanted, Value::Text(_) | Value::List(_)),
            _ => false,
        }
    }
}
