//! Squall and its peers on the same workloads, side by side.
//!
//! `cargo run --release` builds the peers, runs every workload on every engine in turn, several rounds, each measurement
//! in a process of its own, and prints the medians, spreads, ratios and peak memory; `--json FILE` writes them too.
//! `cargo run --release -- count` counts instructions instead and compares with the committed baseline.

mod bare;
mod count;
mod outside;
mod peers;
mod plan;
mod random;
mod report;
mod squall;
mod worker;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use bare::queues::{Calendar, Heap, Radix};
use plan::{CASES, Case, Engine};
use report::Results;
use sim_core::network::Draws;
use worker::Measured;

const USAGE: &str =
    "squall-bench [--rounds N] [--seconds S] [--only H,P,S,S*,R] [--engines a,b] [--full] [--json FILE]
squall-bench count [--write]

--seconds is the time of one measurement. --only names workloads, or one of their sizes: P1000000. --full includes the sizes that take a peer gigabytes or minutes.";

struct Options {
    rounds: u32,
    seconds: f64,
    only: Option<Vec<String>>,
    engines: Option<Vec<String>>,
    full: bool,
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["worker", engine, workload, size, seconds] => work(engine, workload, size, seconds),
        ["fixed", workload, size, amount] => count::fixed(workload, size, amount),
        ["count"] => count::compare(home()),
        ["count", "--write"] => count::write(home()),
        _ => options(&words).and_then(|options| compare(&options)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the benchmarks.
fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn options(words: &[&str]) -> Result<Options, String> {
    let mut options = Options { rounds: 5, seconds: 0.4, only: None, engines: None, full: false, json: None };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value\n\n{USAGE}"));
        let list = |text: &str| Some(text.split(',').map(str::to_string).collect());
        match *word {
            "--rounds" => options.rounds = number(value()?)?,
            "--seconds" => options.seconds = number(value()?)?,
            "--only" => options.only = list(value()?),
            "--engines" => options.engines = list(value()?),
            "--full" => options.full = true,
            "--json" => options.json = Some(value()?.into()),
            _ => return Err(USAGE.to_string()),
        }
    }
    Ok(options)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("a number is needed, not \"{text}\"\n\n{USAGE}"))
}

/// Measures everything in turn and reports.
fn compare(options: &Options) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut engines = plan::inside(&program);
    engines.extend(plan::outside(outside::build(home())));
    let wanted = |list: &Option<Vec<String>>, name: &str| {
        list.as_ref().is_none_or(|list| list.iter().any(|one| one == name))
    };
    engines.retain(|engine| wanted(&options.engines, engine.name));
    let mut results = Results::default();
    for round in 1..=options.rounds {
        let asked = |case: &Case| {
            wanted(&options.only, case.workload)
                || wanted(&options.only, &format!("{}{}", case.workload, case.size))
        };
        for (c, case) in CASES.iter().enumerate().filter(|(_, case)| asked(case)) {
            for (e, engine) in
                engines.iter().enumerate().filter(|(_, engine)| engine.takes(*case, options.full))
            {
                eprintln!("round {round}: {} {} on {}", case.workload, case.size, engine.name);
                match measure(engine, *case, options.seconds) {
                    Ok(measured) => results.add(c, e, measured),
                    Err(why) => eprintln!("  no result: {why}"),
                }
            }
        }
        write_json(options, &results.rows(&engines))?;
    }
    println!("{}", report::table(&results.rows(&engines)));
    Ok(())
}

/// Writes what is known so far, so that a run cut short leaves its whole rounds.
fn write_json(options: &Options, rows: &[report::Row]) -> Result<(), String> {
    let Some(path) = &options.json else { return Ok(()) };
    let all = serde_json::json!({ "schema": 1, "rows": rows, "ratios": report::ratios(rows) });
    let text = serde_json::to_string_pretty(&all).map_err(|error| error.to_string())?;
    std::fs::write(path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))
}

/// Runs one worker to its end.
fn measure(engine: &Engine, case: Case, seconds: f64) -> Result<Measured, String> {
    let (program, first) = engine.command.split_first().ok_or("no command")?;
    let mut command = Command::new(program);
    command.args(first).args([case.workload, &case.size.to_string(), &seconds.to_string()]);
    let output = command.stderr(Stdio::null()).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next_back().unwrap_or("");
    serde_json::from_str(line).map_err(|error| format!("{error} in \"{line}\" ({})", output.status))
}

/// What a worker does: one measurement, written as a line of JSON.
fn work(engine: &str, workload: &str, size: &str, seconds: &str) -> Result<(), String> {
    let (size, budget): (u32, f64) = (number(size)?, number(seconds)?);
    let measured = match (engine, workload) {
        ("squall", "H") => squall::hold(size, budget),
        ("squall", "P") => squall::ping(size, budget),
        ("squall", "P-link") => squall::ping_by(size, budget, Draws::PerLink),
        ("squall", "S") => squall::seeds(budget),
        ("squall", "S*") => squall::seeds_parallel(budget),
        ("squall", "R") => squall::raft::measure(size, budget)?,
        ("bare-heap", "H") => bare::hold::<Heap>(size, budget),
        ("bare-heap", "P") => bare::ping::<Heap>(size, budget),
        ("bare-heap", "S") => bare::seeds::<Heap>(budget),
        ("bare-radix", "H") => bare::hold::<Radix>(size, budget),
        ("bare-radix", "P") => bare::ping::<Radix>(size, budget),
        ("bare-radix", "S") => bare::seeds::<Radix>(budget),
        ("bare-calendar", "H") => bare::hold::<Calendar>(size, budget),
        ("bare-calendar", "P") => bare::ping::<Calendar>(size, budget),
        ("bare-calendar", "S") => bare::seeds::<Calendar>(budget),
        ("nexosim", "H") => peers::nexosim::hold(size, budget),
        ("nexosim", "P") => peers::nexosim::ping(size, budget),
        ("nexosim", "S") => peers::nexosim::seeds(budget),
        ("turmoil", "H") => peers::turmoil::hold(size, budget),
        ("turmoil", "P") => peers::turmoil::ping(size, budget),
        ("turmoil", "S") => peers::turmoil::seeds(budget),
        _ => return Err(format!("{engine} has no workload {workload}")),
    };
    println!("{}", serde_json::to_string(&measured).map_err(|error| error.to_string())?);
    Ok(())
}
