//! Times the checkers of transactions and of weak consistency on one thread, beside what is asked of them. Figures go to
//! standard output as a table; they depend on the machine, the verdicts do not.
//!
//! `cargo run --release -p checks --example bench_transactions [CORPORA]`; without the corpora the recorded history is
//! left out.

use std::path::Path;
use std::time::Instant;

use checks::format::{ReadOptions, read_file};
use checks::transactions::{Options, Workload, check};
use checks::weak::isolation::{self, Level};
use checks::weak::sessions;
use sim_core::history::{Answer, Entry, History, Outcome};
use sim_core::time::Time;
use sim_core::value::{Call, Key, Micro, Operation, Value};

/// Small, fixed random numbers (splitmix64).
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// Milliseconds that the work takes, the best of some runs.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock; nothing else depends on it")]
fn millis<T>(runs: usize, mut work: impl FnMut() -> T) -> (f64, T) {
    let mut best = f64::INFINITY;
    let mut result = None;
    for _ in 0..runs {
        let start = Instant::now();
        result = Some(work());
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
    }
    (best, result.expect("at least one run"))
}

fn row(name: &str, asked: f64, took: f64, verdict: &str) {
    println!("{name:<58} {asked:>8.0} {took:>9.1}  {verdict}");
}

fn entry(process: u32, at: u64, call: Call) -> Entry {
    Entry {
        process,
        operation: Operation { key: None, call },
        invoked: Time(at),
        invoked_index: at,
        completed: Time::NEVER,
        completed_index: u64::MAX,
        outcome: Outcome::Unknown(sim_core::history::Reason::EndOfRun),
        attempts: 1,
        answered_by: None,
    }
}

/// Strictly serializable transactions of ten processes over lists: each runs whole at its end.
fn lists(count: usize) -> History {
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

fn transactions(corpora: &Path) {
    let options = Options::new(Workload::ListAppend);
    let recorded = corpora.join("elle/list-append-si-c10-100000.edn.gz");
    match read_file(&recorded, &ReadOptions::default()) {
        Ok(foreign) => {
            let (took, analysis) = millis(5, || check(&foreign.history, &options));
            let found: Vec<String> =
                analysis.findings.iter().map(|f| format!("{} {}", f.count, f.anomaly)).collect();
            row("list-append, snapshot isolation, 100,000 (recorded)", 500.0, took, &found.join(", "));
        }
        Err(error) => println!("left out: {error}"),
    }
    let history = lists(1_000_000);
    let (took, analysis) = millis(3, || check(&history, &options));
    row("list-append, strictly serializable, 1,000,000", 3000.0, took, analysis.verdict.word());
}

/// Serializable transactions of five operations over registers, in twenty sessions: each runs whole at once.
fn registers(count: usize) -> History {
    let mut draws = Draws(9);
    let keys = 10_000;
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

fn weak() {
    let history = registers(200_000);
    for (level, name, asked) in [
        (Level::ReadCommitted, "read committed", 340.0),
        (Level::ReadAtomic, "read atomic", 620.0),
        (Level::Causal, "causal consistency", 2000.0),
    ] {
        let (took, verdict) = millis(3, || isolation::check(&history, level, &Value::Nil));
        row(&format!("{name}, 200,000 of 5 operations, 20 sessions"), asked, took, verdict.word());
    }
    let options = Options { linearizable_keys: true, ..Options::new(Workload::RwRegister) };
    let (took, analysis) = millis(1, || check(&history, &options));
    row("rw-register, linearizable keys, the same history", f64::NAN, took, analysis.verdict.word());
    for guarantee in sessions::ALL {
        let (took, verdict) = millis(1, || sessions::check(&history, guarantee, &Value::Nil));
        row(&format!("{}, the same history", guarantee.name()), f64::NAN, took, verdict.word());
    }
}

/// Milliseconds against length: what each algorithm promises is near-linear growth.
fn growth() {
    println!(
        "\n{:<12} {:>12} {:>14} {:>12} {:>10}",
        "operations", "list-append", "read committed", "read atomic", "causal"
    );
    for count in [10_000, 30_000, 100_000, 300_000] {
        let lists = lists(count);
        let (list_append, _) = millis(1, || check(&lists, &Options::new(Workload::ListAppend)));
        drop(lists);
        let registers = registers(count);
        let weak = [Level::ReadCommitted, Level::ReadAtomic, Level::Causal]
            .map(|level| millis(1, || isolation::check(&registers, level, &Value::Nil)).0);
        println!("{count:<12} {list_append:>12.1} {:>14.1} {:>12.1} {:>10.1}", weak[0], weak[1], weak[2]);
    }
}

fn main() {
    let corpora = std::env::args().nth(1).unwrap_or_else(|| "../shared/corpora".to_string());
    println!("{:<58} {:>8} {:>9}  verdict", "milliseconds of checking, one thread", "asked", "took");
    transactions(Path::new(&corpora));
    weak();
    growth();
}
