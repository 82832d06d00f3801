//! What the files' words mean: `:f` and `:value` into a [`Call`], the value of an end into its answer, and back.
//!
//! Deliberately absent: keys, which [`super::assemble`] takes off before a value arrives here.

use sim_core::value::{Call, Value};

use super::datum::Datum;
use super::event::Payload;

/// What an event's `:f` asks for; several names mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Read,
    Write,
    Cas,
    Delete,
    Append,
    Add,
    /// Adds what it is told, or 1.
    Increment,
    Decrement,
    Insert,
    Remove,
    Contains,
    Enqueue,
    Dequeue,
    Push,
    InsertAt,
    RemoveAt,
    Pop,
    Acquire,
    Release,
    Txn,
    Transfer,
    Invoke,
    /// No operation is called this.
    Other(Box<str>),
}

impl Function {
    /// The function of this name.
    pub(super) fn named(name: &str) -> Function {
        Function::known(name.as_bytes()).unwrap_or_else(|| Function::Other(name.into()))
    }

    /// The function of this name, if it is an operation's.
    #[inline]
    pub(super) fn known(name: &[u8]) -> Option<Function> {
        Some(match name {
            b"read" | b"get" | b"r" => Function::Read,
            b"write" | b"put" | b"w" => Function::Write,
            b"cas" | b"compare-and-set" => Function::Cas,
            b"delete" => Function::Delete,
            b"append" => Function::Append,
            b"add" => Function::Add,
            b"inc" | b"increment" => Function::Increment,
            b"dec" | b"decrement" => Function::Decrement,
            b"insert" => Function::Insert,
            b"remove" => Function::Remove,
            b"contains" | b"contains?" => Function::Contains,
            b"enqueue" => Function::Enqueue,
            b"dequeue" => Function::Dequeue,
            b"push" => Function::Push,
            b"insert-at" => Function::InsertAt,
            b"remove-at" => Function::RemoveAt,
            b"pop" => Function::Pop,
            b"acquire" | b"lock" => Function::Acquire,
            b"release" | b"unlock" => Function::Release,
            b"txn" => Function::Txn,
            // Jepsen's bank: which accounts and how much does not matter to the sum.
            b"transfer" => Function::Transfer,
            b"invoke" => Function::Invoke,
            _ => return None,
        })
    }
}

/// The call that this function asks with this argument, which is taken; a transaction's steps are no argument.
#[inline]
pub(super) fn call(function: &Function, argument: Payload) -> Result<Call, String> {
    match (function, &argument) {
        (Function::Read, _) => return Ok(Call::Read),
        (Function::Cas, Payload::Pair(from, to)) => {
            return Ok(Call::Cas { from: Value::Int(*from), to: Value::Int(*to) });
        }
        _ => {}
    }
    let argument = argument.into_datum().unwrap_or(Datum::Nil);
    Ok(match function {
        Function::Read => Call::Read,
        Function::Write => Call::Write(argument.into_value()),
        Function::Cas => match argument.into_pair() {
            Some((from, to)) => Call::Cas { from: from.into_value(), to: to.into_value() },
            None => return Err("expected a pair [from to] for a compare-and-set".to_owned()),
        },
        Function::Delete => Call::Delete,
        Function::Append => Call::Append(argument.into_value()),
        Function::Add | Function::Increment => match argument {
            Datum::Int(n) => Call::Add(n),
            Datum::Nil if *function != Function::Add => Call::Add(1),
            other => Call::Insert(other.into_value()),
        },
        Function::Decrement => match argument {
            Datum::Int(n) if n != i64::MIN => Call::Add(-n),
            Datum::Nil => Call::Add(-1),
            _ => return Err("expected a whole number to take off a counter".to_owned()),
        },
        Function::Insert => Call::Insert(argument.into_value()),
        Function::Remove => Call::Remove(argument.into_value()),
        Function::Contains => Call::Contains(argument.into_value()),
        Function::Enqueue => Call::Enqueue(argument.into_value()),
        Function::Dequeue => Call::Dequeue,
        Function::Push => Call::Push(argument.into_value()),
        Function::InsertAt | Function::RemoveAt => return placed(function, argument),
        Function::Pop => Call::Pop,
        Function::Acquire => Call::Acquire,
        Function::Release => Call::Release,
        Function::Txn => match argument {
            Datum::Nil => Call::Txn(Vec::new()),
            Datum::List(steps) if steps.is_empty() => Call::Txn(Vec::new()),
            _ => return Err("expected a transaction's steps, such as [[:append 3 1] [:r 4 nil]]".to_owned()),
        },
        Function::Transfer => Call::Invoke { method: 0, payload: argument.into_value() },
        Function::Invoke => match argument.into_pair() {
            Some((Datum::Int(method), payload)) if u32::try_from(method).is_ok() => {
                Call::Invoke { method: method as u32, payload: payload.into_value() }
            }
            _ => return Err("expected a pair [method payload]".to_owned()),
        },
        Function::Other(other) => return Err(format!("no operation is called :{other}")),
    })
}

/// What is done at a place of a list.
fn placed(function: &Function, argument: Datum) -> Result<Call, String> {
    if *function == Function::RemoveAt {
        return match argument {
            Datum::Int(place) if u16::try_from(place).is_ok() => Ok(Call::RemoveAt { place: place as u16 }),
            _ => Err("expected a place in 65,536ths of the length".to_owned()),
        };
    }
    match argument.into_pair() {
        Some((Datum::Int(place), element)) if u16::try_from(place).is_ok() => {
            Ok(Call::InsertAt { place: place as u16, value: element.into_value() })
        }
        _ => Err("expected a pair [place element], the place in 65,536ths of the length".to_owned()),
    }
}

/// What an ok end says that was written, where it differs from what the invocation said.
pub(super) fn amend(call: &mut Call, told: &Payload) {
    match (call, told) {
        (Call::Cas { from, to }, Payload::Pair(first, second)) => {
            (*from, *to) = (Value::Int(*first), Value::Int(*second));
        }
        (Call::Cas { from, to }, Payload::Plain(datum)) => {
            if let Some((first, second)) = datum.pair() {
                (*from, *to) = (first.clone().into_value(), second.clone().into_value());
            }
        }
        (Call::Write(written) | Call::Enqueue(written) | Call::Push(written), told) => match told {
            Payload::Pair(first, second) => *written = Value::List(vec![(*first).into(), (*second).into()]),
            Payload::Plain(datum) => *written = datum.clone().into_value(),
            Payload::Absent | Payload::Steps(_) => {}
        },
        _ => {}
    }
}

/// What an ok end answers, from what stands in its `:value`.
pub(super) fn answer(call: &Call, told: Value) -> Value {
    match call {
        Call::Read | Call::Dequeue | Call::Pop => told,
        Call::Cas { .. } => Value::Bool(true),
        Call::Contains(_) if matches!(told, Value::Bool(_)) => told,
        // An element that is itself true or false is the argument again, as Jepsen has it.
        Call::Insert(element) | Call::Remove(element)
            if matches!(told, Value::Bool(_)) && !matches!(element, Value::Bool(_)) =>
        {
            told
        }
        _ => Value::Nil,
    }
}

/// What stands in the `:value` of an invocation.
pub(super) fn argument(call: &Call) -> Value {
    match call {
        Call::Write(v) | Call::Append(v) | Call::Insert(v) | Call::Remove(v) | Call::Contains(v) => v.clone(),
        Call::Enqueue(v) | Call::Push(v) => v.clone(),
        Call::Cas { from, to } => Value::List(vec![from.clone(), to.clone()]),
        Call::InsertAt { place, value } => Value::List(vec![Value::Int(i64::from(*place)), value.clone()]),
        Call::RemoveAt { place } => Value::Int(i64::from(*place)),
        Call::Add(n) => Value::Int(*n),
        Call::Invoke { method, payload } => {
            Value::List(vec![Value::Int(i64::from(*method)), payload.clone()])
        }
        Call::Read
        | Call::Delete
        | Call::Dequeue
        | Call::Pop
        | Call::Acquire
        | Call::Release
        | Call::Txn(_) => Value::Nil,
    }
}

/// What stands in the `:value` of an ok end: what was read or taken, else the argument again, as Jepsen has it.
pub(super) fn told(call: &Call, answer: &Value) -> Value {
    match call {
        Call::Read | Call::Dequeue | Call::Pop => answer.clone(),
        _ => argument(call),
    }
}
