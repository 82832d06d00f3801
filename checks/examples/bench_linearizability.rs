//! Times the linearizability checkers on one thread: the corpora beside the project next to Porcupine's milliseconds,
//! then generated histories of growing length, whose times show how the cost grows.
//!
//! `cargo run --release -p checks --example bench_linearizability [--long]`

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use checks::format::{Foreign, ReadOptions, read_file};
use checks::linearizability::{Model, Options, decide};
use checks::verdict::Verdict;
use sim_core::history::{Answer, Entry, History, Outcome};
use sim_core::time::Time;
use sim_core::value::{Call, Operation, Value};

fn main() {
    corpora();
    let long = std::env::args().any(|argument| argument == "--long");
    let lengths: &[usize] = if long { &[10_000, 100_000, 1_000_000] } else { &[10_000, 100_000] };
    searched(&lengths[..1]);
    let models = [Model::Register, Model::Set, Model::Queue, Model::Stack, Model::PriorityQueue];
    println!(
        "\n{:<16} {:>10} {:>12} {:>8}  generated, unique values, 10 processes",
        "model", "operations", "ms", "verdict"
    );
    for model in models {
        for &length in lengths {
            for lie in [false, true] {
                let history = generate(model, length, 10, lie);
                let options = Options::default();
                let (spent, verdict) = timed(&history, model, &options, 1);
                let explained =
                    if verdict == "fail" { explained(&history, model, &options) } else { String::new() };
                println!("{:<16} {length:>10} {:>12.2} {verdict:>8}{explained}", model.name(), ms(spent));
            }
        }
    }
}

/// Registers with compare-and-set over few values, some ends lost: what only the search can judge.
fn searched(lengths: &[usize]) {
    println!(
        "\n{:<16} {:>10} {:>12} {:>8}  generated, five values, compare-and-set",
        "lost", "operations", "ms", "verdict"
    );
    for &length in lengths {
        for lost in [0, 1, 5] {
            for lie in [false, true] {
                let mut history = generate(Model::Mutex, length, 10, false);
                lose(&mut history, lost);
                if lie {
                    misread(&mut history);
                }
                let options = Options { initial: Value::Int(0), ..Options::default() };
                let (spent, verdict) = timed(&history, Model::Register, &options, 1);
                println!("{:<16} {length:>10} {:>12.2} {verdict:>8}", format!("{lost} in 1000"), ms(spent));
            }
        }
    }
}

/// Falsifies some reads in the middle, each by another value of the five.
fn misread(history: &mut History) {
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
fn lose(history: &mut History, lost: u64) {
    let mut draws = Draws(7);
    for entry in &mut history.entries {
        if draws.below(1000) < lost {
            entry.outcome = Outcome::Unknown(sim_core::history::Reason::Timeout);
            entry.completed = Time::NEVER;
            entry.completed_index = u64::MAX;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn timed(history: &History, model: Model, options: &Options, times: u32) -> (Duration, &'static str) {
    let mut best = Duration::MAX;
    let mut verdict = "";
    for _ in 0..times {
        let start = Instant::now();
        verdict = decide(history, model, options).word();
        best = best.min(start.elapsed());
    }
    (best, verdict)
}

/// How long the explanation of a violation takes, and its headline.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn explained(history: &History, model: Model, options: &Options) -> String {
    let decision = decide(history, model, options);
    let start = Instant::now();
    match decision.explain(options) {
        Verdict::Fail(witness) => {
            format!(
                "  explained in {:.2} ms by {} operations: {}",
                ms(start.elapsed()),
                witness.entries.len(),
                witness.headline
            )
        }
        other => format!("  {other:?}"),
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// A kind of history: its name, how many there are, our milliseconds, Porcupine's, and the slowest file.
type Sum = (String, usize, f64, f64, (f64, String));

/// Every history of the table, summed up by its kind.
fn corpora() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora");
    let Ok(table) = std::fs::read_to_string(folder.join("linearizability.tsv")) else {
        println!("no ../shared/corpora beside the project");
        return;
    };
    let mut sums: Vec<Sum> = Vec::new();
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [file, name, _, expected, porcupine, ..] = fields.as_slice() else { continue };
        let foreign: Foreign = match read_file(&folder.join(file), &ReadOptions::default()) {
            Ok(foreign) => foreign,
            Err(error) => {
                println!("{error}");
                continue;
            }
        };
        let Ok(model) = name.parse::<Model>() else { continue };
        let options = Options { initial: foreign.initial(), ..Options::default() };
        let (spent, verdict) = timed(&foreign.history, model, &options, 5);
        if (verdict == "pass") != (*expected == "true") {
            println!("{file}: {verdict}, expected {expected}");
        }
        let index = sums.iter().position(|sum| sum.0 == *name).unwrap_or_else(|| {
            sums.push(((*name).to_owned(), 0, 0.0, 0.0, (0.0, String::new())));
            sums.len() - 1
        });
        let sum = &mut sums[index];
        sum.1 += 1;
        sum.2 += ms(spent);
        sum.3 += porcupine.parse::<f64>().unwrap_or(0.0);
        if ms(spent) > sum.4.0 {
            sum.4 = (ms(spent), (*file).to_owned());
        }
    }
    println!("{:<20} {:>6} {:>12} {:>14}  slowest", "corpus", "files", "ms", "Porcupine's ms");
    for (name, files, ours, theirs, (slowest, file)) in sums {
        println!("{name:<20} {files:>6} {ours:>12.3} {theirs:>14.3}  {slowest:.3} {file}");
    }
}

/// Small steps of a fixed generator.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
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
            Model::Mutex => match draws.below(3) {
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
            Call::Read => self.register.clone(),
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

/// A linearizable history of a true object; with `lie`, two answers near its end are exchanged.
fn generate(model: Model, length: usize, processes: usize, lie: bool) -> History {
    let mut draws = Draws(length as u64);
    let mut object = Object {
        register: if model == Model::Mutex { Value::Int(0) } else { Value::Nil },
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
