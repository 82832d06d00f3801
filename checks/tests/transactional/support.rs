//! Builders of histories for the tests of transactions and of weak consistency.

use sim_core::history::{Answer, Entry, History, Outcome, Reason};
use sim_core::time::Time;
use sim_core::value::{Call, Key, Micro, Operation, Value};

/// Small, fixed random numbers (splitmix64).
pub struct Draws(pub u64);

impl Draws {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// An operation from `begin` to `end`, events at these positions.
pub fn entry(process: u32, begin: u64, end: u64, operation: Operation, outcome: Outcome) -> Entry {
    let known = !matches!(outcome, Outcome::Unknown(_));
    Entry {
        process,
        operation,
        invoked: Time(begin),
        invoked_index: begin,
        completed: if known { Time(end) } else { Time::NEVER },
        completed_index: if known { end } else { u64::MAX },
        outcome,
        attempts: 1,
        answered_by: None,
    }
}

/// A transaction with its answer.
pub fn transaction(process: u32, begin: u64, end: u64, steps: Vec<Micro>) -> Entry {
    let operation = Operation { key: None, call: Call::Txn(steps.clone()) };
    entry(process, begin, end, operation, Outcome::Ok(Answer::Txn(steps)))
}

/// Transactions one after another from text, one a line: the process, then steps such as `ax1` (append 1 to x), `wx1`,
/// `rx12` (read the list 1 2), `rx.` (read nothing); with registers a read has one digit. A line that begins with `!`
/// failed, with `?` its end is unknown. Lines may begin with `@3-8` to give the positions of their events.
pub fn script(text: &str) -> History {
    let mut history = History::default();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    for (i, line) in lines.enumerate() {
        let (mut begin, mut end) = (2 * i as u64, 2 * i as u64 + 1);
        let mut words: Vec<&str> = line.split_whitespace().collect();
        if let Some((from, to)) = words[0].strip_prefix('@').and_then(|at| at.split_once('-')) {
            (begin, end) = (from.parse().expect("a position"), to.parse().expect("a position"));
            words.remove(0);
        }
        let mark = words[0].chars().next().expect("a process");
        let process = words[0].trim_start_matches(['!', '?']).parse().expect("a process");
        let lists = text.contains(" a");
        let steps: Vec<Micro> = words[1..].iter().map(|word| step(word, lists)).collect();
        let mut made = transaction(process, begin, end, steps);
        if mark == '!' {
            made.outcome = Outcome::Failed(Reason::Aborted);
        }
        if mark == '?' {
            made.outcome = Outcome::Unknown(Reason::Timeout);
            (made.completed, made.completed_index) = (Time::NEVER, u64::MAX);
        }
        history.entries.push(made);
    }
    history.entries.sort_by_key(|entry| entry.invoked_index);
    history
}

fn step(word: &str, lists: bool) -> Micro {
    let mut chars = word.chars();
    let kind = chars.next().expect("a step");
    let key = Key(chars.next().expect("a key") as u64 - 'a' as u64);
    let values: Vec<Value> = chars.filter(|c| *c != '.').map(|c| Value::Int(c as i64 - '0' as i64)).collect();
    match kind {
        'a' => Micro::Append(key, values[0].clone()),
        'w' => Micro::Write(key, values[0].clone()),
        _ if lists => Micro::Read(key, Some(Value::List(values))),
        _ => Micro::Read(key, Some(values.first().cloned().unwrap_or(Value::Nil))),
    }
}
