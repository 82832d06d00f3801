//! Histories of transactions: over lists, over registers, and of the workloads with one invariant.
//!
//! Deliberately absent: violations, but for the recorded history of the corpora.

use sim_core::history::{Answer, Entry, History, Outcome, Reason};
use sim_core::time::Time;
use sim_core::value::{Call, Key, Micro, Operation, Value};

/// Small, fixed random numbers (splitmix64).
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

pub(crate) fn entry(process: u32, at: u64, call: Call) -> Entry {
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

/// Strictly serializable transactions of ten processes over lists: each runs whole at its end.
pub(crate) fn lists(count: usize) -> History {
    let mut draws = Draws(7);
    let mut state: Vec<Vec<Value>> = vec![Vec::new(); 10];
    let mut names: Vec<u64> = (0..10).collect();
    let mut history = History { entries: Vec::with_capacity(count) };
    let mut open: Vec<Option<usize>> = vec![None; 10];
    let (mut at, mut fresh) = (0, 10);
    while history.entries.len() < count {
        let process = draws.below(10) as usize;
        match open[process].take() {
            None => {
                open[process] = Some(history.entries.len());
                history.entries.push(entry(process as u32, at, Call::Txn(Vec::new())));
            }
            Some(index) => {
                let mut steps = Vec::new();
                for _ in 0..1 + draws.below(4) {
                    let slot = draws.below(10).min(draws.below(10)) as usize;
                    if state[slot].len() > 64 {
                        (names[slot], fresh) = (fresh, fresh + 1);
                        state[slot].clear();
                    }
                    let key = Key(names[slot]);
                    if draws.below(2) == 0 {
                        let value = Value::Int(state[slot].len() as i64 + 1);
                        state[slot].push(value.clone());
                        steps.push(Micro::Append(key, value));
                    } else {
                        steps.push(Micro::Read(key, Some(Value::List(state[slot].clone()))));
                    }
                }
                let done = &mut history.entries[index];
                (done.completed, done.completed_index) = (Time(at), at);
                done.outcome = Outcome::Ok(Answer::Txn(steps));
            }
        }
        at += 1;
    }
    history
}

/// Serializable transactions of five operations over registers, in twenty sessions: each runs whole at once.
pub(crate) fn registers(count: usize) -> History {
    registers_over(count, 10_000)
}

/// The same over this many registers.
pub(crate) fn registers_over(count: usize, keys: u64) -> History {
    let mut draws = Draws(9);
    let mut state: Vec<Value> = vec![Value::Nil; keys as usize];
    let mut history = History { entries: Vec::with_capacity(count) };
    for at in 0..count as u64 {
        let mut steps = Vec::with_capacity(5);
        for _ in 0..5 {
            let key = draws.below(keys);
            if draws.below(2) == 0 {
                state[key as usize] = Value::Int(1 + 5 * at as i64 + steps.len() as i64);
                steps.push(Micro::Write(Key(key), state[key as usize].clone()));
            } else {
                steps.push(Micro::Read(Key(key), Some(state[key as usize].clone())));
            }
        }
        let mut made = entry(draws.below(20) as u32, 2 * at, Call::Txn(Vec::new()));
        (made.completed, made.completed_index) = (Time(2 * at + 1), 2 * at + 1);
        made.outcome = Outcome::Ok(Answer::Txn(steps));
        history.entries.push(made);
    }
    history
}

/// Answers an operation at once.
fn done(process: u32, at: u64, call: Call, answer: Answer) -> Entry {
    let mut made = entry(process, 2 * at, call);
    (made.completed, made.completed_index) = (Time(2 * at + 1), 2 * at + 1);
    made.outcome = Outcome::Ok(answer);
    made
}

/// Transfers between eight accounts, and reads of all of them.
pub(crate) fn bank(count: usize) -> History {
    let mut draws = Draws(3);
    let mut balances = [100i64; 8];
    let one = |at: u64| {
        let mut steps = Vec::new();
        if draws.below(2) == 0 {
            let (from, to) = (draws.below(8) as usize, draws.below(8) as usize);
            let amount = (draws.below(5) as i64).min(balances[from]);
            balances[from] -= amount;
            balances[to] += amount;
            for account in [from, to] {
                steps.push(Micro::Write(Key(account as u64), Value::Int(balances[account])));
            }
        } else {
            let all = balances.iter().enumerate();
            steps.extend(all.map(|(key, held)| Micro::Read(Key(key as u64), Some(Value::Int(*held)))));
        }
        done(draws.below(10) as u32, at, Call::Txn(steps.clone()), Answer::Txn(steps))
    };
    History { entries: (0..count as u64).map(one).collect() }
}

/// Additions to a set, which is read whole a hundred times.
pub(crate) fn set_full(count: usize) -> History {
    let every = (count / 100).max(1) as u64;
    let one = |at: u64| {
        let process = (at % 10) as u32;
        if at % every == every - 1 {
            let seen = (0..at).filter(|n| n % every != every - 1).map(|n| Value::Int(n as i64)).collect();
            return done(process, at, Call::Read, Answer::Value(Value::List(seen)));
        }
        done(process, at, Call::Insert(Value::Int(at as i64)), Answer::Value(Value::Nil))
    };
    History { entries: (0..count as u64).map(one).collect() }
}

/// Pairs of keys, each written once, read together before, between and after.
pub(crate) fn long_fork(count: usize) -> History {
    let one = |at: u64| {
        let (group, turn) = (at / 5, at % 5);
        let (x, y) = (Key(2 * group), Key(2 * group + 1));
        let seen = |there: bool| Some(if there { Value::Int(1) } else { Value::Nil });
        let steps = match turn {
            1 => vec![Micro::Write(x, Value::Int(1))],
            3 => vec![Micro::Write(y, Value::Int(1))],
            _ => vec![Micro::Read(x, seen(turn > 1)), Micro::Read(y, seen(turn > 3))],
        };
        done((at % 10) as u32, at, Call::Txn(Vec::new()), Answer::Txn(steps))
    };
    History { entries: (0..count as u64).map(one).collect() }
}

/// Writes of unique values to a hundred keys, read at once, and once more after everything.
pub(crate) fn settled(count: usize) -> History {
    let mut last = [const { Value::Nil }; 100];
    let one = |at: u64| {
        let key = (at / 2 % 100) as usize;
        let ends = at + 200 >= count as u64;
        let mut made = if at.is_multiple_of(2) && !ends {
            last[key] = Value::Int(at as i64 + 1);
            done((at % 10) as u32, at, Call::Write(last[key].clone()), Answer::Value(Value::Nil))
        } else {
            done((at % 10) as u32, at, Call::Read, Answer::Value(last[key].clone()))
        };
        made.operation.key = Some(Key(key as u64));
        made
    };
    History { entries: (0..count as u64).map(one).collect() }
}
