//! Histories of objects: true ones of given length, and what is made untrue or unknown in them.
//!
//! Deliberately absent: transactions ([`crate::transactions`]).

use std::collections::VecDeque;

use checks::linearizability::Model;
use sim_core::history::{Answer, Entry, History, Outcome, Reason};
use sim_core::time::Time;
use sim_core::value::{Call, Operation, Value};

/// Small steps of a fixed generator.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A true object.
#[derive(Default)]
struct Object {
    register: Value,
    elements: VecDeque<i64>,
    heap: std::collections::BinaryHeap<std::cmp::Reverse<i64>>,
    fresh: i64,
    sum: i64,
}

impl Object {
    /// A call that suits the model, with a value never used before where it brings one.
    fn call(&mut self, model: Model, draws: &mut Draws) -> Call {
        self.fresh += 1;
        let value = Value::Int(if model == Model::PriorityQueue {
            self.fresh * 7919 % 1_000_003
        } else {
            self.fresh
        });
        let brings = draws.below(2) == 0;
        match model {
            // A register with compare-and-set over five values, which only the search can judge.
            Model::KeyValue => match draws.below(3) {
                0 => Call::Read,
                1 => Call::Write(Value::Int(draws.below(5) as i64)),
                _ => Call::Cas {
                    from: Value::Int(draws.below(5) as i64),
                    to: Value::Int(draws.below(5) as i64),
                },
            },
            Model::Register if brings => Call::Write(value),
            Model::Register => Call::Read,
            Model::Set => {
                let old = Value::Int(draws.below(self.fresh as u64) as i64);
                match draws.below(4) {
                    0 | 1 => Call::Insert(value),
                    2 => Call::Remove(old),
                    _ => Call::Contains(old),
                }
            }
            Model::Counter if brings => Call::Add(1 + draws.below(5) as i64),
            Model::Counter => Call::Read,
            Model::Log if draws.below(200) > 0 => Call::Append(value),
            Model::Log => Call::Read,
            Model::Stack if brings => Call::Push(value),
            Model::Stack => Call::Pop,
            _ if brings => Call::Enqueue(value),
            _ => Call::Dequeue,
        }
    }

    fn act(&mut self, model: Model, call: &Call, there: &mut [bool]) -> Value {
        let taken = |element: Option<i64>| element.map_or(Value::Nil, Value::Int);
        match call {
            Call::Write(value) => {
                self.register = value.clone();
                Value::Nil
            }
            Call::Read if model == Model::Counter => Value::Int(self.sum),
            Call::Read if model == Model::Log => {
                Value::List(self.elements.iter().copied().map(Value::Int).collect())
            }
            Call::Read => self.register.clone(),
            Call::Add(n) => {
                self.sum += n;
                Value::Nil
            }
            Call::Append(Value::Int(n)) => {
                self.elements.push_back(*n);
                Value::Nil
            }
            Call::Cas { from, to } => {
                let did = self.register == *from;
                if did {
                    self.register = to.clone();
                }
                Value::Bool(did)
            }
            Call::Insert(Value::Int(n)) => Value::Bool(!std::mem::replace(&mut there[*n as usize], true)),
            Call::Remove(Value::Int(n)) => Value::Bool(std::mem::replace(&mut there[*n as usize], false)),
            Call::Contains(Value::Int(n)) => Value::Bool(there[*n as usize]),
            Call::Enqueue(Value::Int(n)) if model == Model::PriorityQueue => {
                self.heap.push(std::cmp::Reverse(*n));
                Value::Nil
            }
            Call::Enqueue(Value::Int(n)) | Call::Push(Value::Int(n)) => {
                self.elements.push_back(*n);
                Value::Nil
            }
            Call::Dequeue if model == Model::PriorityQueue => taken(self.heap.pop().map(|least| least.0)),
            Call::Dequeue => taken(self.elements.pop_front()),
            _ => taken(self.elements.pop_back()),
        }
    }
}

/// A linearizable history of a true object, by this many processes; with `lie`, two answers near its end are exchanged.
pub(crate) fn object(model: Model, length: usize, processes: usize, lie: bool) -> History {
    let mut draws = Draws(length as u64);
    let mut object = Object {
        register: if model == Model::KeyValue { Value::Int(0) } else { Value::Nil },
        ..Object::default()
    };
    let mut there = vec![false; length + processes + 2];
    let mut entries: Vec<Entry> = Vec::with_capacity(length);
    // Each process is idle, has invoked, or has been answered and not yet been told.
    let mut open: Vec<Option<(usize, bool)>> = vec![None; processes];
    let mut position = 0;
    let mut busy = 0;
    while entries.len() < length || busy > 0 {
        let process = draws.below(processes as u64) as usize;
        match open[process] {
            None if entries.len() < length => {
                open[process] = Some((entries.len(), false));
                busy += 1;
                let operation = Operation { key: None, call: object.call(model, &mut draws) };
                entries.push(Entry {
                    process: process as u32,
                    operation,
                    invoked: Time(position),
                    invoked_index: position,
                    completed: Time::NEVER,
                    completed_index: u64::MAX,
                    outcome: Outcome::Ok(Answer::Value(Value::Nil)),
                    attempts: 1,
                    answered_by: None,
                });
                position += 1;
            }
            None => {}
            Some((index, false)) => {
                let answer = object.act(model, &entries[index].operation.call, &mut there);
                entries[index].outcome = Outcome::Ok(Answer::Value(answer));
                open[process] = Some((index, true));
            }
            Some((index, true)) => {
                entries[index].completed = Time(position);
                entries[index].completed_index = position;
                position += 1;
                busy -= 1;
                open[process] = None;
            }
        }
    }
    if lie {
        exchange(&mut entries);
    }
    History { entries }
}

/// Exchanges the answers of two far apart operations of the same call that were told different things.
fn exchange(entries: &mut [Entry]) {
    let middle = entries.len() / 2;
    let late = (middle..entries.len()).find(|&index| told(&entries[index]));
    let Some(late) = late else { return };
    let call = entries[late].operation.call.clone();
    let early = (0..middle.saturating_sub(1000)).rev().find(|&index| {
        let entry = &entries[index];
        told(entry) && entry.outcome != entries[late].outcome && entry.operation.call.name() == call.name()
    });
    if let Some(early) = early {
        let outcome = entries[early].outcome.clone();
        entries[early].outcome = std::mem::replace(&mut entries[late].outcome, outcome);
    }
}

fn told(entry: &Entry) -> bool {
    matches!(entry.value(), Some(Value::Int(_) | Value::Bool(_)))
}

/// Falsifies some reads in the middle, each by another value of the five.
pub(crate) fn misread(history: &mut History) {
    let middle = history.entries.len() / 2;
    let reads = history.entries[middle..]
        .iter_mut()
        .filter(|entry| entry.is_ok() && entry.operation.call == Call::Read);
    for entry in reads.take(20) {
        if let Some(&Value::Int(seen)) = entry.value() {
            entry.outcome = Outcome::Ok(Answer::Value(Value::Int((seen + 2) % 5)));
        }
    }
}

/// Makes the ends of so many operations in a thousand unknown.
pub(crate) fn lose(history: &mut History, lost: u64) {
    let mut draws = Draws(7);
    for entry in &mut history.entries {
        if draws.below(1000) < lost {
            entry.outcome = Outcome::Unknown(Reason::Timeout);
            entry.completed = Time::NEVER;
            entry.completed_index = u64::MAX;
        }
    }
}
