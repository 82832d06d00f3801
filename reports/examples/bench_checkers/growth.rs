//! Milliseconds against length for every checker, as a table and as a file of comma-separated values.
//!
//! Deliberately absent: judging the growth. The picture has the promised slope beside the measured one.

use std::path::Path;

use checks::foreign::{Bounds, Question, Words};
use checks::format::{Foreign, Format, KeyNames};
use checks::linearizability::Model;
use sim_core::history::History;
use sim_core::time::Span;
use sim_core::value::Value;

use crate::millis;
use crate::objects::{lose, object};
use crate::transactions::{bank, lists, long_fork, registers, set_full, settled};

/// How a cost grows, by what its algorithm promises.
const LINEAR: &str = "n";
const SORTING: &str = "n log n";
const TO_1_5: &str = "n^1.5";
const SQUARE: &str = "n^2";

/// One checker: the panel's title, the model, the consistency, what is promised, the history of a length, and the greatest
/// length.
struct Subject {
    title: &'static str,
    model: &'static str,
    consistency: &'static str,
    promise: &'static str,
    history: fn(usize) -> History,
    longest: usize,
}

const fn of(
    title: &'static str,
    model: &'static str,
    consistency: &'static str,
    promise: &'static str,
    history: fn(usize) -> History,
    longest: usize,
) -> Subject {
    Subject { title, model, consistency, promise, history, longest }
}

const MILLION: usize = 1_000_000;
const FEW: usize = 300_000;

/// All of them, in the order of the picture.
const SUBJECTS: [Subject; 34] = [
    of("register", "register", "", SORTING, |n| object(Model::Register, n, 10, false), MILLION),
    of("set", "set", "", SORTING, |n| object(Model::Set, n, 10, false), MILLION),
    of("set, read whole", "set", "", LINEAR, set_full, FEW),
    of("queue", "queue", "", SORTING, |n| object(Model::Queue, n, 10, false), MILLION),
    of("stack", "stack", "", SORTING, |n| object(Model::Stack, n, 10, false), MILLION),
    of(
        "priority queue",
        "priority-queue",
        "",
        SORTING,
        |n| object(Model::PriorityQueue, n, 10, false),
        MILLION,
    ),
    of("queue, takes lost", "queue", "", SORTING, |n| lost(Model::Queue, n), MILLION),
    of("stack, ends lost", "stack", "", SORTING, |n| lost(Model::Stack, n), FEW),
    of("cas register (searched)", "register", "", LINEAR, |n| object(Model::KeyValue, n, 10, false), MILLION),
    of("counter (searched)", "counter", "", LINEAR, |n| object(Model::Counter, n, 10, false), FEW),
    of("mutex (searched)", "mutex", "", LINEAR, mutex, FEW),
    of("log (searched)", "log", "", LINEAR, log, 100_000),
    of("multi-register (searched)", "multi-register", "", LINEAR, |n| few_keys(n, 4), 100_000),
    of("list-append", "list-append", "", LINEAR, lists, MILLION),
    of("rw-register", "rw-register", "", LINEAR, registers, FEW),
    of("read committed", "register", "read-committed", TO_1_5, registers, FEW),
    of("read atomic", "register", "read-atomic", TO_1_5, registers, FEW),
    of("causal", "register", "causal", LINEAR, registers, FEW),
    of("read your writes", "register", "read-your-writes", LINEAR, registers, FEW),
    of("monotonic reads", "register", "monotonic-reads", LINEAR, registers, FEW),
    of("monotonic writes", "register", "monotonic-writes", LINEAR, registers, FEW),
    of("writes follow reads", "register", "writes-follow-reads", LINEAR, registers, FEW),
    of("sequential", "register", "sequential", LINEAR, settled, 1_000),
    of("serializable, no order", "register", "serializable", SQUARE, |n| few_keys(n, n / 8 + 1), 1_000),
    of("snapshot, no order", "register", "snapshot-isolation", SQUARE, |n| few_keys(n, n / 8 + 1), 1_000),
    of("set-full", "set-full", "", LINEAR, set_full, FEW),
    of("bank", "bank", "", LINEAR, bank, FEW),
    of("counter bounds", "counter-bounds", "", SORTING, |n| object(Model::Counter, n, 10, false), MILLION),
    of("long fork", "long-fork", "", LINEAR, long_fork, FEW),
    of("write skew", "write-skew", "", LINEAR, registers, FEW),
    of("convergence", "convergence", "", LINEAR, settled, MILLION),
    of("t-staleness", "staleness", "age", SORTING, settled, MILLION),
    of("k-staleness", "staleness", "versions", SORTING, settled, MILLION),
    of("lost, resurrected writes", "durability", "", SORTING, settled, MILLION),
];

/// One in a thousand ends lost.
fn lost(model: Model, length: usize) -> History {
    let mut history = object(model, length, 10, false);
    lose(&mut history, 1);
    history
}

/// A lock, taken and given back by turns, ten waiting.
fn mutex(length: usize) -> History {
    let mut history = object(Model::Register, length, 10, false);
    let mut turns: Vec<usize> = (0..history.entries.len()).collect();
    turns.sort_by_key(|&index| history.entries[index].completed_index);
    for (turn, index) in turns.into_iter().enumerate() {
        let entry = &mut history.entries[index];
        entry.operation.call =
            if turn % 2 == 0 { sim_core::value::Call::Acquire } else { sim_core::value::Call::Release };
        entry.outcome = sim_core::history::Outcome::Ok(sim_core::history::Answer::Value(Value::Nil));
    }
    history
}

/// A log whose few reads see all of it: what is read grows with the square, so it is bounded here to a hundred reads.
fn log(length: usize) -> History {
    let mut history = object(Model::Log, length, 10, false);
    let mut reads = 0;
    let every = (length / 200 / 100).max(1);
    history.entries.retain(|entry| {
        let is_read = entry.operation.call == sim_core::value::Call::Read;
        reads += usize::from(is_read);
        !is_read || reads % every == 0
    });
    history
}

/// Transactions on this many registers.
fn few_keys(length: usize, keys: usize) -> History {
    crate::transactions::registers_over(length, keys as u64)
}

/// Measures, prints, and writes the file.
pub(crate) fn measure(csv: &Path, only: &[&str]) -> Result<(), String> {
    let mut lines = vec!["checker,promise,length,milliseconds,verdict".to_owned()];
    for subject in SUBJECTS.iter().filter(|subject| only.is_empty() || only.contains(&subject.title)) {
        let mut length = if subject.longest <= 1_000 { 30 } else { 1_000 };
        for step in 0.. {
            if length > subject.longest {
                break;
            }
            let (took, verdict) = timed(subject, length)?;
            println!("{:<26} {length:>9} {took:>10.2}  {verdict}", subject.title);
            lines.push(format!("\"{}\",{},{length},{took:.4},{verdict}", subject.title, subject.promise));
            length = if step % 2 == 0 { length / 10 * 30 } else { length / 30 * 100 };
        }
    }
    lines.push(String::new());
    if let Some(folder) = csv.parent() {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    std::fs::write(csv, lines.join("\n")).map_err(|error| format!("{}: {error}", csv.display()))
}

fn timed(subject: &Subject, length: usize) -> Result<(f64, &'static str), String> {
    let mut bounds = Bounds::default();
    match subject.consistency {
        "age" => bounds.age = Some(Span::secs(1)),
        "versions" => bounds.versions = Some(3),
        _ => {}
    }
    let is_level = !matches!(subject.consistency, "" | "age" | "versions");
    let consistency: Vec<String> = is_level.then(|| subject.consistency.to_owned()).into_iter().collect();
    let assume: Vec<String> =
        (subject.model == "rw-register").then(|| "linearizable-keys".to_owned()).into_iter().collect();
    let searched = subject.title.starts_with("cas");
    let words = Words {
        model: subject.model,
        initial: Some(if searched { Value::Int(0) } else { Value::Nil }),
        consistency: &consistency,
        assume: &assume,
        bounds,
        ..Words::default()
    };
    let question = Question::new(&words)?;
    let history = (subject.history)(length);
    let foreign =
        Foreign { history, format: Format::JsonLines, keys: KeyNames::default(), ours: true, blank: false };
    let runs = if length <= 10_000 { 5 } else { 2 };
    Ok(millis(runs, || question.ask(&foreign).word()))
}
