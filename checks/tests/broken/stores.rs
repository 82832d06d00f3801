//! Stores of several keys: sound, or of replicas of which any answers, snapshots that look for no conflict, reads of halves.
//!
//! Deliberately absent: single objects ([`super::objects`]).

use sim_core::history::{Answer, Entry, History, Outcome};
use sim_core::time::Time;
use sim_core::value::{Call, Key, Micro, Operation, Value};

use super::objects::{Draws, begun};

/// An operation that lasted an instant.
fn at_once(process: u64, at: u64, call: Call, answer: Answer) -> Entry {
    Entry {
        completed: Time(2 * at + 1),
        completed_index: 2 * at + 1,
        outcome: Outcome::Ok(answer),
        ..begun(process as u32, 2 * at, call)
    }
}

fn transaction(process: u64, at: u64, steps: Vec<Micro>) -> Entry {
    at_once(process, at, Call::Txn(steps.clone()), Answer::Txn(steps))
}

/// Replicas of some keys. What is written at one reaches each other by itself, after others or before; the sound store
/// has only one.
struct Replicas {
    held: Vec<Vec<Value>>,
    /// Under way: to which replica, which key, and what.
    underway: Vec<(usize, usize, Value)>,
}

impl Replicas {
    fn new(broken: bool, keys: usize, first: &Value) -> Replicas {
        let count = if broken { 3 } else { 1 };
        Replicas { held: vec![vec![first.clone(); keys]; count], underway: Vec::new() }
    }

    /// The replica that answers next.
    fn any(&self, draws: &mut Draws) -> usize {
        draws.below(self.held.len() as u64) as usize
    }

    fn write(&mut self, replica: usize, key: usize, value: Value) {
        let others = (0..self.held.len()).filter(|other| *other != replica);
        self.underway.extend(others.map(|other| (other, key, value.clone())));
        self.held[replica][key] = value;
    }

    /// Some of what is under way arrives.
    fn deliver(&mut self, draws: &mut Draws) {
        while self.underway.len() > 6 {
            let at = draws.below(self.underway.len() as u64) as usize;
            let (replica, key, value) = self.underway.swap_remove(at);
            self.held[replica][key] = value;
        }
    }
}

/// Transactions of up to three steps by three sessions; values are unique.
fn transactions(broken: bool, seed: u64, count: u64, keys: u64) -> History {
    let mut draws = Draws(seed);
    let mut replicas = Replicas::new(broken, keys as usize, &Value::Nil);
    let mut fresh = 0;
    let one = |at: u64| {
        let process = draws.below(3);
        let mut own: Vec<(u64, Value)> = Vec::new();
        let steps = (0..1 + draws.below(3)).map(|_| {
            let key = draws.below(keys);
            let replica = replicas.any(&mut draws);
            if draws.below(2) == 0 {
                fresh += 1;
                own.push((key, Value::Int(fresh)));
                replicas.write(replica, key as usize, Value::Int(fresh));
                return Micro::Write(Key(key), Value::Int(fresh));
            }
            let mine = own.iter().rev().find(|(other, _)| *other == key).map(|(_, value)| value.clone());
            Micro::Read(Key(key), Some(mine.unwrap_or_else(|| replicas.held[replica][key as usize].clone())))
        });
        let steps: Vec<Micro> = steps.collect();
        replicas.deliver(&mut draws);
        transaction(process, at, steps)
    };
    History { entries: (0..count).map(one).collect() }
}

/// Registers of which any replica answers any step.
pub(super) fn registers(broken: bool, seed: u64) -> History {
    transactions(broken, seed, 100, 3)
}

/// As many as can be searched quickly.
pub(super) fn few_registers(broken: bool, seed: u64) -> History {
    transactions(broken, seed, 40, 3)
}

/// Lists that are appended to and read.
pub(super) fn lists(broken: bool, seed: u64) -> History {
    let mut draws = Draws(seed);
    let mut replicas = Replicas::new(broken, 3, &Value::List(Vec::new()));
    let one = |at: u64| {
        let (process, key, replica) = (draws.below(3), draws.below(3), replicas.any(&mut draws));
        let Value::List(mut items) = replicas.held[replica][key as usize].clone() else { unreachable!() };
        let mut steps = vec![Micro::Read(Key(key), Some(Value::List(items.clone())))];
        if draws.below(2) == 0 {
            items.push(Value::Int(at as i64));
            replicas.write(replica, key as usize, Value::List(items));
            steps.push(Micro::Append(Key(key), Value::Int(at as i64)));
        }
        replicas.deliver(&mut draws);
        transaction(process, at, steps)
    };
    History { entries: (0..100).map(one).collect() }
}

/// Two transactions at a time, each of which reads two keys and writes one of them. In the broken store both read before
/// either writes.
pub(super) fn skewed(broken: bool, seed: u64) -> History {
    let mut draws = Draws(seed);
    let mut held: [Value; 4] = Default::default();
    let mut history = History::default();
    for round in 0..20 {
        let pair = 2 * draws.below(2);
        let first = draws.below(2);
        let before = held.clone();
        for (turn, which) in [first, 1 - first].into_iter().enumerate() {
            let seen = if broken { &before } else { &held };
            let mut steps: Vec<Micro> =
                (pair..pair + 2).map(|key| Micro::Read(Key(key), Some(seen[key as usize].clone()))).collect();
            let at = 2 * round + turn as u64;
            let value = Value::Int(at as i64 + 1);
            held[(pair + which) as usize] = value.clone();
            steps.push(Micro::Write(Key(pair + which), value));
            history.entries.push(transaction(turn as u64, at, steps));
        }
    }
    history
}

/// Transfers, and reads of all accounts, of which the broken bank shows some from before the last transfer.
pub(super) fn bank(broken: bool, seed: u64) -> History {
    let mut draws = Draws(seed);
    let (mut now, mut before) = ([100i64; 4], [100i64; 4]);
    let one = |at: u64| {
        let process = draws.below(3);
        if draws.below(2) == 0 {
            before = now;
            let (from, to) = (draws.below(4) as usize, draws.below(4) as usize);
            let amount = (1 + draws.below(9) as i64).min(now[from]);
            now[from] -= amount;
            now[to] += amount;
            let wrote = [from, to].map(|key| Micro::Write(Key(key as u64), Value::Int(now[key])));
            return transaction(process, at, wrote.to_vec());
        }
        let cut = if broken { draws.below(5) as usize } else { 0 };
        let read = |key: usize| {
            let held = if key < cut { before[key] } else { now[key] };
            Micro::Read(Key(key as u64), Some(Value::Int(held)))
        };
        transaction(process, at, (0..4).map(read).collect())
    };
    History { entries: (0..100).map(one).collect() }
}

/// Pairs of keys written once, and reads of both. Each replica of the broken store hears of them in its own order.
pub(super) fn forks(broken: bool, seed: u64) -> History {
    let mut draws = Draws(seed);
    let mut history = History::default();
    for group in 0..20u64 {
        let keys = [Key(2 * group), Key(2 * group + 1)];
        let known: [[bool; 2]; 2] =
            std::array::from_fn(|_| if draws.below(2) == 0 { [true, false] } else { [false, true] });
        let mut add = |process: u64, steps: Vec<Micro>| {
            let at = history.entries.len() as u64;
            history.entries.push(transaction(process, at, steps));
        };
        for key in keys {
            add(0, vec![Micro::Write(key, Value::Int(1))]);
        }
        for (replica, known) in known.into_iter().enumerate() {
            let known = if broken { known } else { [true, true] };
            let seen = |there: bool| Some(if there { Value::Int(1) } else { Value::Nil });
            let steps = keys.into_iter().zip(known).map(|(key, there)| Micro::Read(key, seen(there)));
            add(1 + replica as u64, steps.collect());
        }
    }
    history
}

/// Writes of one key after another, then reads of all by everyone.
fn written_then_read(seed: u64, mut held: impl FnMut(&mut Draws, u64, u64, i64) -> i64) -> History {
    let mut draws = Draws(seed);
    let mut history = History::default();
    let mut last = [0i64; 4];
    for at in 0..80u64 {
        let (process, key) = (draws.below(3), if at < 40 { draws.below(4) } else { at % 4 });
        let (call, answer) = match at {
            0..40 => {
                last[key as usize] = at as i64 + 1;
                (Call::Write(Value::Int(at as i64 + 1)), Value::Nil)
            }
            _ => {
                let seen = held(&mut draws, process, key, last[key as usize]);
                (Call::Read, if seen == 0 { Value::Nil } else { Value::Int(seen) })
            }
        };
        let mut entry = at_once(process, at, call, Answer::Value(answer));
        entry.operation = Operation { key: Some(Key(key)), ..entry.operation };
        history.entries.push(entry);
    }
    // What was written before the last write of each key is known from the history itself.
    history
}

/// In the broken store what one replica holds of a key stays behind for good.
pub(super) fn diverging(broken: bool, seed: u64) -> History {
    let behind = older(seed);
    written_then_read(
        seed,
        move |_, process, key, last| {
            if broken && process == 0 { behind[key as usize] } else { last }
        },
    )
}

/// The broken store holds of each key what was there before the last write.
pub(super) fn rolled_back(broken: bool, seed: u64) -> History {
    let behind = older(seed);
    written_then_read(seed, move |_, _, key, last| if broken { behind[key as usize] } else { last })
}

/// Of each key the value before the last: 0 where there was none.
fn older(seed: u64) -> [i64; 4] {
    let history = written_then_read(seed, |_, _, _, last| last);
    let mut values = [[0i64; 2]; 4];
    for entry in &history.entries {
        if let (Call::Write(Value::Int(n)), Some(key)) = (&entry.operation.call, entry.operation.key) {
            let of = &mut values[key.0 as usize];
            *of = [of[1], *n];
        }
    }
    values.map(|[before, _]| before)
}

/// Two sessions read a key, then both write it. The sound store has the second look again first; the broken one takes its
/// write as it is, which replaces what it did not know of.
pub(super) fn unknowing(broken: bool, seed: u64) -> History {
    let (mut draws, mut held, mut entries) = (Draws(seed), [0_i64; 4], Vec::new());
    let mut tell = |process: u64, key: u64, call: Call, seen: i64| {
        let answer = Answer::Value(if seen == 0 { Value::Nil } else { Value::Int(seen) });
        let mut entry = at_once(process, entries.len() as u64, call, answer);
        entry.operation.key = Some(Key(key));
        entries.push(entry);
    };
    for round in 0..12 {
        let key = draws.below(4);
        let own = &mut held[key as usize];
        tell(0, key, Call::Read, *own);
        tell(1, key, Call::Read, *own);
        for process in 0..2 {
            if process == 1 && !broken {
                tell(1, key, Call::Read, *own);
            }
            *own = 2 * round + process as i64 + 1;
            tell(process, key, Call::Write(Value::Int(*own)), 0);
        }
    }
    (0..4).for_each(|key| tell(2, key, Call::Read, held[key as usize]));
    History { entries }
}
