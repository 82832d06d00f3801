//! What the files' words mean: `:f` and `:value` into a [`Call`], the value of an end into its answer, and back.
//!
//! Deliberately absent: keys, which [`super::assemble`] takes off before a value arrives here.

use sim_core::value::{Call, Value};

use super::datum::Datum;

/// The call that this function asks with this argument.
pub(super) fn call(function: &str, argument: &Datum) -> Result<Call, String> {
    let value = || argument.clone().into_value();
    Ok(match function {
        "read" | "get" | "r" => Call::Read,
        "write" | "put" | "w" => Call::Write(value()),
        "cas" | "compare-and-set" => {
            let Some((from, to)) = argument.pair() else {
                return Err("expected a pair [from to] for a compare-and-set".to_owned());
            };
            Call::Cas { from: from.clone().into_value(), to: to.clone().into_value() }
        }
        "delete" => Call::Delete,
        "append" => Call::Append(value()),
        "add" | "inc" | "increment" => match argument {
            Datum::Int(n) => Call::Add(*n),
            Datum::Nil if function != "add" => Call::Add(1),
            _ => Call::Insert(value()),
        },
        "dec" | "decrement" => match argument {
            Datum::Int(n) if *n != i64::MIN => Call::Add(-n),
            Datum::Nil => Call::Add(-1),
            _ => return Err("expected a whole number to take off a counter".to_owned()),
        },
        "insert" => Call::Insert(value()),
        "remove" => Call::Remove(value()),
        "contains" | "contains?" => Call::Contains(value()),
        "enqueue" => Call::Enqueue(value()),
        "dequeue" => Call::Dequeue,
        "push" => Call::Push(value()),
        "insert-at" => match argument.pair() {
            Some((Datum::Int(place), element)) if u16::try_from(*place).is_ok() => {
                Call::InsertAt { place: *place as u16, value: element.clone().into_value() }
            }
            _ => {
                return Err(
                    "expected a pair [place element], the place in 65,536ths of the length".to_owned()
                );
            }
        },
        "remove-at" => match argument {
            Datum::Int(place) if u16::try_from(*place).is_ok() => Call::RemoveAt { place: *place as u16 },
            _ => return Err("expected a place in 65,536ths of the length".to_owned()),
        },
        "pop" => Call::Pop,
        "acquire" | "lock" => Call::Acquire,
        "release" | "unlock" => Call::Release,
        "txn" => match argument {
            Datum::Nil => Call::Txn(Vec::new()),
            Datum::List(steps) if steps.is_empty() => Call::Txn(Vec::new()),
            _ => return Err("expected a transaction's steps, such as [[:append 3 1] [:r 4 nil]]".to_owned()),
        },
        // Jepsen's bank: which accounts and how much does not matter to the sum.
        "transfer" => Call::Invoke { method: 0, payload: value() },
        "invoke" => match argument.pair() {
            Some((Datum::Int(method), payload)) if u32::try_from(*method).is_ok() => {
                Call::Invoke { method: *method as u32, payload: payload.clone().into_value() }
            }
            _ => return Err("expected a pair [method payload]".to_owned()),
        },
        other => return Err(format!("no operation is called :{other}")),
    })
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
