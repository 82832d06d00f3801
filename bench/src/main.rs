//! Squall and its peers on the same workloads, side by side.
//!
//! `cargo run --release` builds the peers, runs every workload on every engine in turn, several rounds, each measurement
//! in a process of its own, and prints the medians, spreads, ratios and peak memory; `--json FILE` writes them too.
//! `cargo run --release -- count` counts instructions instead and compares with the committed baseline.

mod bare;
mod count;
mod options;
mod outside;
mod peers;
mod plan;
mod random;
mod report;
mod squall;
mod worker;

use std::io::Write;
use std::path::Path;
use std::process::{self, ExitCode};

use bare::queues::{Calendar, Heap, Radix};
use clap::Parser;
use options::{Command, Compare, Options};
use plan::{CASES, Case, Engine};
use report::{Failed, Results};
use sim_core::network::Draws;
use worker::Measured;

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match options.command {
        None => compare(&options.compare),
        Some(Command::Count { write: false }) => count::compare(home()),
        Some(Command::Count { write: true }) => count::write(home()),
        Some(Command::Worker { engine, workload, size, seconds }) => work(&engine, &workload, size, seconds),
        Some(Command::Fixed { workload, size, amount }) => count::fixed(&workload, size, amount),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the benchmarks.
fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Measures everything in turn and reports.
fn compare(options: &Compare) -> Result<(), String> {
    options.check()?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut engines = plan::inside(&program);
    engines.retain(|engine| options.wants(engine.name));
    let (built, left_out) = outside::build(home(), |name| options.wants(name));
    engines.extend(plan::outside(built));
    let cases = CASES.iter().enumerate().filter(|(_, case)| options.asks(**case));
    let takes = |case: Case| {
        let all = engines.iter().enumerate();
        all.filter(move |(_, engine)| engine.takes(case, options.full))
    };
    let all: Vec<_> =
        cases.flat_map(|(c, case)| takes(*case).map(move |(e, engine)| (c, e, *case, engine))).collect();
    if all.is_empty() {
        let why = left_out.iter().map(|one| format!("; {} is left out: {}", one.engine, one.why));
        return Err(format!(
            "there is nothing to measure: no engine that is here does any of these workloads, at these sizes without --full{}",
            why.collect::<String>()
        ));
    }
    let mut results = Results::default();
    for round in 1..=options.rounds {
        for &(c, e, case, engine) in &all {
            let Case { workload, size } = case;
            eprintln!("round {round}: {workload} {size} on {}", engine.name);
            match measure(engine, case, options.seconds) {
                Ok(measured) => results.add(c, e, measured),
                Err(why) => {
                    eprintln!("  no result: {why}");
                    results.failed.push(Failed { workload, size, engine: engine.name, why });
                }
            }
        }
        options.write(&results.report(&engines, &left_out))?;
    }
    let report = results.report(&engines, &left_out);
    let told = writeln!(std::io::stdout(), "{}", report::table(&report));
    told.map_err(|error| format!("standard output: {error}"))?;
    if results.failed.is_empty() { Ok(()) } else { Err("not everything was measured".into()) }
}

/// Runs one worker to its end.
fn measure(engine: &Engine, case: Case, seconds: f64) -> Result<Measured, String> {
    let (program, first) = engine.command.split_first().ok_or("no command")?;
    let mut command = process::Command::new(program);
    command.args(first).args([case.workload, &case.size.to_string(), &seconds.to_string()]);
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next_back().unwrap_or("");
    let measured = serde_json::from_str::<Measured>(line).ok().filter(|_| output.status.success());
    let measured = measured.ok_or_else(|| {
        let log = String::from_utf8_lossy(&output.stderr);
        let said = log.lines().filter(|line| !line.trim().is_empty()).take(3).collect::<Vec<_>>().join(" ");
        if said.is_empty() { format!("\"{line}\" ({})", output.status) } else { said }
    })?;
    if measured.seconds > 0.0 { Ok(measured) } else { Err("it took no time that can be measured".into()) }
}

/// What a worker does: one measurement, written as a line of JSON.
fn work(engine: &str, workload: &str, size: u32, budget: f64) -> Result<(), String> {
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
