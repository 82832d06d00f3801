//! A history as transactions see it: those that happened, may have happened and certainly did not, their steps, and
//! keys as dense numbers.
//!
//! A plain read, write or append of one key counts as a transaction of one step, a compare-and-set as one of two. Deliberately absent: calls that are
//! neither (they are passed over), and any inference.

use std::borrow::Cow;

use sim_core::history::{Answer, Entry, History, Outcome};
use sim_core::value::{Call, Key, Micro, Value};

use crate::intern::Table;
use crate::naming::Named;

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Ok,
    Unknown,
    Failed,
}

/// One transaction.
#[derive(Clone, Debug)]
pub(crate) struct Txn<'h> {
    /// Its position in the history.
    pub entry: u32,
    pub end: End,
    pub process: u32,
    /// Whether it is a compare-and-set: a read and a write that happened both or not at all.
    pub is_cas: bool,
    /// Positions of its two events; the second is `u64::MAX` unless it ended ok or failed.
    pub invoked: u64,
    pub completed: u64,
    pub steps: Cow<'h, [Micro]>,
    /// Where its steps' keys begin in [`Log::step_keys`].
    pub first: u32,
}

/// All transactions of a history, in its order.
#[derive(Clone, Debug)]
pub(crate) struct Log<'h> {
    pub history: &'h History,
    /// The same with what its keys are called.
    pub named: Named<'h>,
    pub txns: Vec<Txn<'h>>,
    /// The dense number of each step's key, one transaction after another.
    pub step_keys: Vec<u32>,
    /// The key of each dense number.
    pub keys: Vec<Key>,
}

/// Several numbers for each of many slots, in compressed rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Rows {
    /// Rows of these pairs (slot, item), the items of a slot in the order given.
    pub fn new(slots: usize, pairs: &[(u32, u32)]) -> Rows {
        let mut starts = vec![0u32; slots + 1];
        pairs.iter().for_each(|(slot, _)| starts[*slot as usize + 1] += 1);
        for i in 0..slots {
            starts[i + 1] += starts[i];
        }
        let mut fill = starts.clone();
        let mut items = vec![0u32; pairs.len()];
        for (slot, item) in pairs {
            items[fill[*slot as usize] as usize] = *item;
            fill[*slot as usize] += 1;
        }
        Rows { starts, items }
    }

    /// The items of a slot.
    pub fn row(&self, slot: u32) -> &[u32] {
        &self.items[self.starts[slot as usize] as usize..self.starts[slot as usize + 1] as usize]
    }
}

/// From keys to dense numbers: an array while keys are small, a table where they are not.
#[derive(Default)]
struct Keys {
    small: Vec<u32>,
    large: Table<u64, u32>,
    names: Vec<Key>,
}

const SMALL: u64 = 1 << 20;
const NONE: u32 = u32::MAX;

impl Keys {
    fn number(&mut self, key: Key) -> u32 {
        let next = self.names.len() as u32;
        let slot = if key.0 < SMALL {
            let at = key.0 as usize;
            if at >= self.small.len() {
                self.small.resize((at + 1).next_power_of_two(), NONE);
            }
            &mut self.small[at]
        } else {
            self.large.entry(key.0).or_insert(NONE)
        };
        if *slot == NONE {
            *slot = next;
            self.names.push(key);
        }
        *slot
    }
}

impl Keyed for Micro {
    fn key(&self) -> Key {
        match self {
            Micro::Append(key, _) | Micro::Write(key, _) | Micro::Read(key, _) => *key,
        }
    }
}

/// The key of a step, whatever the step is.
pub(crate) trait Keyed {
    fn key(&self) -> Key;
}

impl<'h> Log<'h> {
    pub fn new(named: impl Into<Named<'h>>) -> Log<'h> {
        let named = named.into();
        let history = named.history;
        let mut keys = Keys::default();
        let mut txns = Vec::with_capacity(history.entries.len());
        let mut step_keys = Vec::with_capacity(history.entries.len() * 3);
        for (index, entry) in history.entries.iter().enumerate() {
            let Some(steps) = steps(entry) else { continue };
            let first = step_keys.len() as u32;
            step_keys.extend(steps.iter().map(|step| keys.number(step.key())));
            let end = match entry.outcome {
                Outcome::Ok(_) => End::Ok,
                Outcome::Failed(_) => End::Failed,
                Outcome::Unknown(_) => End::Unknown,
            };
            txns.push(Txn {
                entry: index as u32,
                end,
                process: entry.process,
                is_cas: matches!(entry.operation.call, Call::Cas { .. }),
                invoked: entry.invoked_index,
                completed: entry.completed_index,
                steps,
                first,
            });
        }
        Log { history, named, txns, step_keys, keys: keys.names }
    }

    /// The steps of a transaction, each with the number of its key.
    pub fn steps(&self, txn: u32) -> impl DoubleEndedIterator<Item = (u32, &Micro)> {
        let txn = &self.txns[txn as usize];
        let keys = &self.step_keys[txn.first as usize..txn.first as usize + txn.steps.len()];
        keys.iter().copied().zip(txn.steps.iter())
    }

    /// All transactions with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (u32, &Txn<'h>)> {
        self.txns.iter().enumerate().map(|(i, txn)| (i as u32, txn))
    }

    /// The position in the history.
    pub fn entry(&self, txn: u32) -> usize {
        self.txns[txn as usize].entry as usize
    }

    /// What the key of this number is called.
    pub fn called(&self, key: u32) -> String {
        self.named.called(self.keys[key as usize])
    }

    /// A step with its key's own name.
    pub fn step(&self, step: &Micro) -> String {
        self.named.step(step)
    }

    /// A transaction in words: who ran it, and its steps, cut where they are long.
    pub fn describe(&self, txn: u32) -> String {
        let it = &self.txns[txn as usize];
        let steps: Vec<String> = it.steps.iter().map(|step| shorten(&self.step(step))).collect();
        let end = match it.end {
            End::Ok => "",
            End::Unknown => ", its end unknown",
            End::Failed => ", failed",
        };
        format!("operation {} (process {}{end}): {}", it.entry, it.process, steps.join(" "))
    }
}

/// At most some eighty characters of a text, the end kept: in a list the last elements matter.
pub(crate) fn shorten(text: &str) -> String {
    let count = text.chars().count();
    if count <= 80 {
        return text.to_string();
    }
    let head: String = text.chars().take(24).collect();
    let tail: String = text.chars().skip(count - 48).collect();
    format!("{head} … {tail}")
}

/// The elements that a read of a list saw.
pub(crate) fn elements(read: &Option<Value>) -> &[Value] {
    match read {
        None | Some(Value::Nil) => &[],
        Some(Value::List(items)) => items,
        Some(other) => std::slice::from_ref(other),
    }
}

/// The value that a read of a register saw; `Nil` is the initial state.
pub(crate) fn register(read: &Option<Value>) -> &Value {
    read.as_ref().unwrap_or(&Value::Nil)
}

/// What a transaction did, as far as is known.
fn steps(entry: &Entry) -> Option<Cow<'_, [Micro]>> {
    let known = match (&entry.operation.call, &entry.outcome) {
        (Call::Txn(_), Outcome::Ok(Answer::Txn(told))) => return Some(Cow::Borrowed(told)),
        (Call::Txn(asked), _) => return Some(Cow::Borrowed(asked)),
        (Call::Append(value), _) => Micro::Append(entry.operation.key.unwrap_or_default(), value.clone()),
        (Call::Write(value), _) => Micro::Write(entry.operation.key.unwrap_or_default(), value.clone()),
        (Call::Delete, _) => Micro::Write(entry.operation.key.unwrap_or_default(), Value::Nil),
        (Call::Read, _) => Micro::Read(entry.operation.key.unwrap_or_default(), entry.value().cloned()),
        (Call::Cas { from, to }, _) => {
            // One that saw another value changed nothing, and what it saw is not told.
            if matches!(entry.value(), Some(Value::Bool(false))) {
                return None;
            }
            let key = entry.operation.key.unwrap_or_default();
            return Some(Cow::Owned(vec![
                Micro::Read(key, Some(from.clone())),
                Micro::Write(key, to.clone()),
            ]));
        }
        _ => return None,
    };
    Some(Cow::Owned(vec![known]))
}
