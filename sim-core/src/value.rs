//! The vocabulary of operations: what clients ask, what they are told, in the words of Jepsen's histories.
//!
//! Every model answers in these words, so one workload, one client and one checker serve them all, and two models
//! can be asked the very same thing. A model that has no such operation rejects it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;

use serde::{Deserialize, Serialize};

/// A value that an operation writes, reads or carries. Ordered, so that canonical forms are easy.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Value {
    /// Nothing: an absent key, an empty queue.
    #[default]
    Nil,
    /// True or false: the answer of a set's `Contains`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text, as a key–value store with append holds.
    Text(Box<str>),
    /// Several values in order: the elements of a list or of a set.
    List(Vec<Value>),
}

impl Clone for Value {
    /// Most values are numbers: those are copied where they are needed.
    #[inline]
    fn clone(&self) -> Value {
        match self {
            Value::Nil => Value::Nil,
            Value::Bool(bool) => Value::Bool(*bool),
            Value::Int(int) => Value::Int(*int),
            Value::Text(text) => clone_text(text),
            Value::List(list) => clone_list(list),
        }
    }

    /// In place; the value that was there is dropped only where it owns memory.
    #[inline]
    fn clone_from(&mut self, source: &Value) {
        let value = source.clone();
        if self.owns_memory() {
            *self = value;
        } else {
            mem::forget(mem::replace(self, value));
        }
    }
}

#[cold]
#[inline(never)]
fn clone_text(text: &str) -> Value {
    Value::Text(text.into())
}

#[cold]
#[inline(never)]
fn clone_list(list: &[Value]) -> Value {
    Value::List(list.to_vec())
}

impl Hash for Value {
    /// As derived: the number of the kind, and what is in it.
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Value::Int(int) => {
                2isize.hash(state);
                int.hash(state);
            }
            _ => self.hash_rest(state),
        }
    }
}

impl Value {
    #[inline]
    fn owns_memory(&self) -> bool {
        matches!(self, Value::Text(_) | Value::List(_))
    }

    #[inline(never)]
    fn hash_rest<H: Hasher>(&self, state: &mut H) {
        match self {
            Value::Nil => 0isize.hash(state),
            Value::Bool(bool) => {
                1isize.hash(state);
                bool.hash(state);
            }
            Value::Int(_) => {}
            Value::Text(text) => {
                3isize.hash(state);
                text.hash(state);
            }
            Value::List(list) => {
                4isize.hash(state);
                list.hash(state);
            }
        }
    }
}

/// The name of a register, of a row, of one object among many. Foreign histories with textual keys number them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(pub u64);

/// What an operation asks of the object it names.
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Call {
    /// Register, map, counter, set, log: the present value. Answers it.
    Read,
    /// Register, map: replace the value.
    Write(Value),
    /// Register, map: replace the value if it equals `from`; answers `Bool`: whether it did. An operation that ends
    /// failed did nothing.
    Cas {
        /// What must be there.
        from: Value,
        /// What is there afterwards.
        to: Value,
    },
    /// Map: remove the key.
    Delete,
    /// Map of texts: concatenate; map of lists or log: add one element at the end (a log answers its position).
    Append(Value),
    /// Counter: add this much (may be negative); answers nothing, or the new value if the store tells.
    Add(i64),
    /// Set: insert the element; answers whether it was new, or nothing.
    Insert(Value),
    /// Set: remove the element; answers whether it was there, or nothing.
    Remove(Value),
    /// Set: whether the element is there.
    Contains(Value),
    /// Queue: add at the tail. Priority queue: add.
    Enqueue(Value),
    /// Queue: take from the head; answers it, or `Nil` when empty. Priority queue: take the least.
    Dequeue,
    /// Stack: add on top.
    Push(Value),
    /// Stack: take from the top; answers it, or `Nil` when empty.
    Pop,
    /// Mutex: take the lock.
    Acquire,
    /// Mutex: give the lock back.
    Release,
    /// Several micro-operations in one transaction; answers the same list with the reads filled in.
    Txn(Vec<Micro>),
    /// A call of a service's method.
    Invoke {
        /// Which method, by the number its service graph gives it.
        method: u32,
        /// What it carries.
        payload: Value,
    },
    /// List: put the element at a place.
    InsertAt {
        /// Where, as a share of the list's length in 65,536ths: 0 is the head. Only the node that answers knows the
        /// length.
        place: u16,
        /// The element.
        value: Value,
    },
    /// List: take out the element at a place.
    RemoveAt {
        /// Where, as with `InsertAt`.
        place: u16,
    },
}

impl Clone for Call {
    /// The common calls are copied where they are needed.
    #[inline(always)]
    fn clone(&self) -> Call {
        match self {
            Call::Read => Call::Read,
            Call::Write(value) => Call::Write(value.clone()),
            Call::Cas { from, to } => Call::Cas { from: from.clone(), to: to.clone() },
            rarer => rarer.clone_rarer(),
        }
    }
}

/// One step of a transaction, in Elle's words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Micro {
    /// `[:append k v]`: add an element at the end of the list.
    Append(Key, Value),
    /// `[:w k v]`: replace the register's value.
    Write(Key, Value),
    /// `[:r k v]`: what was read; `None` where it is not known (before the transaction ran, or after it failed).
    Read(Key, Option<Value>),
}

/// One operation: a call, and the object it is for. The key is absent where the system is one object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Operation {
    /// Which object; `None` for the only one, and for a transaction, whose steps name their own.
    pub key: Option<Key>,
    /// What is asked of it.
    pub call: Call,
}

impl Call {
    /// The name of the call as histories write it: `read`, `write`, `cas` …
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Call::Read => "read",
            Call::Write(_) => "write",
            Call::Cas { .. } => "cas",
            Call::Delete => "delete",
            Call::Append(_) => "append",
            Call::Add(_) => "add",
            Call::Insert(_) => "insert",
            Call::Remove(_) => "remove",
            Call::Contains(_) => "contains",
            Call::Enqueue(_) => "enqueue",
            Call::Dequeue => "dequeue",
            Call::Push(_) => "push",
            Call::InsertAt { .. } => "insert-at",
            Call::RemoveAt { .. } => "remove-at",
            Call::Pop => "pop",
            Call::Acquire => "acquire",
            Call::Release => "release",
            Call::Txn(_) => "txn",
            Call::Invoke { .. } => "invoke",
        }
    }

    #[inline(never)]
    fn clone_rarer(&self) -> Call {
        match self {
            Call::Read | Call::Write(_) | Call::Cas { .. } => self.clone(),
            Call::Delete => Call::Delete,
            Call::Append(value) => Call::Append(value.clone()),
            Call::Add(n) => Call::Add(*n),
            Call::Insert(value) => Call::Insert(value.clone()),
            Call::Remove(value) => Call::Remove(value.clone()),
            Call::Contains(value) => Call::Contains(value.clone()),
            Call::Enqueue(value) => Call::Enqueue(value.clone()),
            Call::Dequeue => Call::Dequeue,
            Call::Push(value) => Call::Push(value.clone()),
            Call::Pop => Call::Pop,
            Call::Acquire => Call::Acquire,
            Call::Release => Call::Release,
            Call::Txn(steps) => Call::Txn(steps.clone()),
            Call::Invoke { method, payload } => Call::Invoke { method: *method, payload: payload.clone() },
            Call::InsertAt { place, value } => Call::InsertAt { place: *place, value: value.clone() },
            Call::RemoveAt { place } => Call::RemoveAt { place: *place },
        }
    }

    /// Whether the call changes nothing, so that an attempt whose answer is lost did no harm.
    #[must_use]
    #[inline]
    pub fn is_read_only(&self) -> bool {
        match self {
            Call::Read | Call::Contains(_) => true,
            Call::Txn(steps) => steps.iter().all(|step| matches!(step, Micro::Read(..))),
            _ => false,
        }
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Value {
        Value::Int(n)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}

impl fmt::Display for Value {
    /// As Jepsen's EDN writes it: `nil`, `true`, `5`, `"text"`, `[1 2 3]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Nil => f.write_str("nil"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Int(n) => write!(f, "{n}"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    let gap = if i == 0 { "" } else { " " };
                    write!(f, "{gap}{item}")?;
                }
                f.write_str("]")
            }
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Micro {
    /// As Elle writes it: `[:append 3 1]`, `[:r 3 [1]]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Micro::Append(key, value) => write!(f, "[:append {key} {value}]"),
            Micro::Write(key, value) => write!(f, "[:w {key} {value}]"),
            Micro::Read(key, Some(value)) => write!(f, "[:r {key} {value}]"),
            Micro::Read(key, None) => write!(f, "[:r {key} _]"),
        }
    }
}

impl fmt::Display for Operation {
    /// In words: `read x3`, `write x3 5`, `cas x3 1→2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.call.name())?;
        if let Some(key) = self.key {
            write!(f, " x{key}")?;
        }
        match &self.call {
            Call::Read | Call::Delete | Call::Dequeue | Call::Pop | Call::Acquire | Call::Release => Ok(()),
            Call::Write(v) | Call::Append(v) | Call::Insert(v) | Call::Remove(v) | Call::Contains(v) => {
                write!(f, " {v}")
            }
            Call::Enqueue(v) | Call::Push(v) => write!(f, " {v}"),
            Call::Cas { from, to } => write!(f, " {from}→{to}"),
            Call::InsertAt { place, value } => write!(f, " {value} at {place}/65536"),
            Call::RemoveAt { place } => write!(f, " {place}/65536"),
            Call::Add(n) => write!(f, " {n}"),
            Call::Txn(steps) => steps.iter().try_for_each(|step| write!(f, " {step}")),
            Call::Invoke { method, payload } => write!(f, " m{method} {payload}"),
        }
    }
}
