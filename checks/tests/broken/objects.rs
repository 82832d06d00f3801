//! Objects in one place, used by four clients at once: sound, or broken in one way each.
//!
//! Deliberately absent: stores of several keys ([`super::stores`]).

use sim_core::history::{Answer, Entry, History, Outcome, Reason};
use sim_core::time::Time;
use sim_core::value::{Call, Key, Operation, Value};

/// Small, fixed random numbers (splitmix64).
pub(super) struct Draws(pub(super) u64);

impl Draws {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// What a client does next: nothing yet, an operation that has not reached the object, one that has.
enum Client {
    Idle,
    Asked(usize),
    Done(usize, Answer),
}

/// An operation that began here and has not ended.
pub(super) fn begun(process: u32, at: u64, call: Call) -> Entry {
    Entry {
        process,
        operation: Operation { key: None, call },
        invoked: Time(at),
        invoked_index: at,
        completed: Time::NEVER,
        completed_index: u64::MAX,
        outcome: Outcome::Unknown(Reason::EndOfRun),
        attempts: 1,
        answered_by: None,
    }
}

/// Four clients that each ask, are served at some moment, and are answered later. `ask` gives the next operation of a
/// client, `serve` applies it.
pub(super) fn run(
    seed: u64,
    events: u64,
    mut ask: impl FnMut(&mut Draws, u32) -> Operation,
    mut serve: impl FnMut(&mut Draws, u32, &Operation) -> Answer,
) -> History {
    let mut draws = Draws(seed);
    let mut clients: [Client; 4] = std::array::from_fn(|_| Client::Idle);
    let mut history = History::default();
    let mut at = 0;
    loop {
        let process = draws.below(4) as usize;
        let over = at >= events;
        clients[process] = match std::mem::replace(&mut clients[process], Client::Idle) {
            Client::Idle if over => Client::Idle,
            Client::Idle => {
                let operation = ask(&mut draws, process as u32);
                let entry = Entry { operation, ..begun(process as u32, at, Call::Read) };
                history.entries.push(entry);
                Client::Asked(history.entries.len() - 1)
            }
            Client::Asked(index) => {
                let answer = serve(&mut draws, process as u32, &history.entries[index].operation);
                Client::Done(index, answer)
            }
            Client::Done(index, answer) => {
                let entry = &mut history.entries[index];
                (entry.completed, entry.completed_index) = (Time(at), at);
                entry.outcome = Outcome::Ok(answer);
                Client::Idle
            }
        };
        at += 1;
        if over && clients.iter().all(|client| matches!(client, Client::Idle)) {
            return history;
        }
    }
}

/// An operation on the only object.
fn only(call: Call) -> Operation {
    Operation { key: None, call }
}

fn told(value: Value) -> Answer {
    Answer::Value(value)
}

/// Reads and writes of a register; the broken one answers some reads from before the last two writes.
pub(super) fn register(broken: bool, seed: u64) -> History {
    let mut fresh = 0;
    let mut values = vec![Value::Nil];
    let ask = |draws: &mut Draws, _| {
        fresh += 1;
        Operation {
            key: Some(Key(0)),
            call: if draws.below(2) == 0 { Call::Read } else { Call::Write(Value::Int(fresh)) },
        }
    };
    run(seed, 400, ask, |draws, _, operation| match &operation.call {
        Call::Write(value) => {
            values.push(value.clone());
            told(Value::Nil)
        }
        _ => {
            let back = if broken && draws.below(10) == 0 { 2 } else { 0 };
            told(values[(values.len() - 1).saturating_sub(back)].clone())
        }
    })
}

/// A map of texts that grow; the broken one drops some of what is appended.
pub(super) fn texts(broken: bool, seed: u64) -> History {
    let mut fresh = 0;
    let mut held: [Value; 2] = Default::default();
    let ask = |draws: &mut Draws, _| {
        fresh += 1;
        let call = match draws.below(2) {
            0 => Call::Read,
            _ => Call::Append(Value::Text(format!("{fresh};").into())),
        };
        Operation { key: Some(Key(draws.below(2))), call }
    };
    run(seed, 200, ask, |draws, _, operation| {
        let here = &mut held[operation.key.map_or(0, |key| key.0) as usize];
        match &operation.call {
            Call::Append(Value::Text(more)) => {
                if !(broken && draws.below(10) == 0) {
                    let text = if let Value::Text(text) = &*here { text.to_string() } else { String::new() };
                    *here = Value::Text((text + more).into());
                }
                told(Value::Nil)
            }
            _ => told(here.clone()),
        }
    })
}

/// A set of six elements; in the broken one some removals do nothing.
pub(super) fn set(broken: bool, seed: u64) -> History {
    let mut held: Vec<Value> = Vec::new();
    let ask = |draws: &mut Draws, _| {
        let element = Value::Int(draws.below(6) as i64);
        only(match draws.below(3) {
            0 => Call::Insert(element),
            1 => Call::Remove(element),
            _ => Call::Contains(element),
        })
    };
    run(seed, 300, ask, |draws, _, operation| {
        let (Call::Insert(element) | Call::Remove(element) | Call::Contains(element)) = &operation.call
        else {
            return told(Value::Nil);
        };
        let there = held.contains(element);
        match &operation.call {
            Call::Insert(_) if !there => held.push(element.clone()),
            Call::Remove(_) if !(broken && draws.below(5) == 0) => held.retain(|other| other != element),
            _ => {}
        }
        told(Value::Bool(if matches!(operation.call, Call::Insert(_)) { !there } else { there }))
    })
}

/// What gives out what was put in, in an order; `pick` says which of what is held is next, of a broken one now and then.
fn container(seed: u64, calls: (fn(Value) -> Call, Call), pick: impl Fn(&[i64], bool) -> usize) -> History {
    let mut fresh = 0;
    let mut held: Vec<i64> = Vec::new();
    let ask = |draws: &mut Draws, _| {
        fresh += 1;
        // Scattered, so that the least is not the oldest.
        only(if draws.below(2) == 0 { calls.1.clone() } else { (calls.0)(Value::Int(fresh * 37 % 1009)) })
    };
    run(seed, 300, ask, |draws, _, operation| match &operation.call {
        Call::Enqueue(Value::Int(n)) | Call::Push(Value::Int(n)) => {
            held.push(*n);
            told(Value::Nil)
        }
        _ if held.is_empty() => told(Value::Nil),
        _ => {
            let at = pick(&held, draws.below(5) == 0);
            told(Value::Int(held.remove(at)))
        }
    })
}

pub(super) fn queue(broken: bool, seed: u64) -> History {
    let pick = |held: &[i64], now: bool| usize::from(broken && now && held.len() > 1);
    container(seed, (Call::Enqueue, Call::Dequeue), pick)
}

pub(super) fn stack(broken: bool, seed: u64) -> History {
    let pick = |held: &[i64], now: bool| held.len() - 1 - usize::from(broken && now && held.len() > 1);
    container(seed, (Call::Push, Call::Pop), pick)
}

pub(super) fn priority_queue(broken: bool, seed: u64) -> History {
    let least = |held: &[i64]| (0..held.len()).min_by_key(|&at| held[at]).unwrap_or(0);
    let pick = move |held: &[i64], now: bool| if broken && now { 0 } else { least(held) };
    container(seed, (Call::Enqueue, Call::Dequeue), pick)
}

/// A counter; in the broken one an increment may begin from what another has replaced since.
pub(super) fn counter(broken: bool, seed: u64) -> History {
    let (mut held, mut before) = (0, 0);
    let ask = |draws: &mut Draws, _| only(if draws.below(3) == 0 { Call::Read } else { Call::Add(1) });
    run(seed, 300, ask, |draws, _, operation| match operation.call {
        Call::Add(n) => {
            let from = if broken && draws.below(4) == 0 { before } else { held };
            (before, held) = (held, from + n);
            told(Value::Nil)
        }
        _ => told(Value::Int(held)),
    })
}

/// A lock that each client takes and gives back; the broken one gives it out again when a lease is over. Who finds it
/// taken has asked in vain.
pub(super) fn mutex(broken: bool, seed: u64) -> History {
    let mut draws = Draws(seed);
    let mut history = History::default();
    let mut holder: Option<u64> = None;
    for at in 0..200 {
        let process = draws.below(4);
        let call = match holder {
            Some(other) if other == process => Call::Release,
            Some(_) if !(broken && draws.below(10) == 0) => continue,
            _ => Call::Acquire,
        };
        holder = (call == Call::Acquire).then_some(process);
        let mut entry = begun(process as u32, 2 * at, call);
        (entry.completed, entry.completed_index) = (Time(2 * at + 1), 2 * at + 1);
        entry.outcome = Outcome::Ok(told(Value::Nil));
        history.entries.push(entry);
    }
    history
}

/// Elements at the end, and reads of all; the broken one loses the last of them once.
fn growing(broken: bool, seed: u64, add: fn(Value) -> Call, gone: fn(&mut Vec<Value>)) -> History {
    let (mut fresh, mut served) = (0, 0);
    let mut held: Vec<Value> = Vec::new();
    let ask = |draws: &mut Draws, _| {
        fresh += 1;
        only(if draws.below(3) == 0 { Call::Read } else { add(Value::Int(fresh)) })
    };
    run(seed, 300, ask, |_, _, operation| {
        served += 1;
        if broken && served == 50 {
            gone(&mut held);
        }
        match &operation.call {
            Call::Append(value) | Call::Insert(value) => {
                held.push(value.clone());
                told(Value::Nil)
            }
            _ => told(Value::List(held.clone())),
        }
    })
}

pub(super) fn log(broken: bool, seed: u64) -> History {
    growing(broken, seed, Call::Append, |held| held.truncate(held.len().saturating_sub(3)))
}

pub(super) fn grown(broken: bool, seed: u64) -> History {
    growing(broken, seed, Call::Insert, |held| drop(held.drain(..1)))
}
