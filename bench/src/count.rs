//! Counted instructions: small fixed runs of Squall under `valgrind --tool=callgrind`, which counts alike on a quiet
//! machine and a noisy one, against the figures committed in `instructions.json`.
//!
//! Each figure is the difference of two runs of different lengths over the difference of their events, so that what a
//! program does before and after its run is not in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use sim_core::network::Draws;

use crate::squall;

/// By how much a figure may differ from its baseline. One that is far better is as suspicious: what is not done takes nothing.
const TOLERANCE: f64 = 0.03;

/// The runs: a name, the workload, its size, and the two lengths: simulated milliseconds, or worlds for S and R.
const RUNS: [(&str, &str, &str, [&str; 2]); 10] = [
    ("H 100", "H", "100", ["20000", "80000"]),
    ("H 10000", "H", "10000", ["1000", "2500"]),
    ("P 10", "P", "10", ["2000", "12000"]),
    ("P 1000 by link", "P", "1000", ["40", "120"]),
    ("P 1000 by sender", "P-sender", "1000", ["40", "120"]),
    ("P 100000 by sender", "P-sender", "100000", ["11", "13"]),
    ("S, a delivery", "S", "5", ["1", "4"]),
    ("S, a world's start and end", "S-empty", "5", ["10", "40"]),
    ("R 100 keys", "R", "100", ["1", "2"]),
    ("R 1000 keys", "R", "1000", ["1", "2"]),
];

/// Runs a fixed stretch and prints its number of events.
///
/// # Errors
/// A workload that is not of the table above.
pub fn fixed(workload: &str, size: u32, amount: u64) -> Result<(), String> {
    let span_ns = amount * 1_000_000;
    let events = match workload {
        "H" => squall::advance(&mut squall::hold_world(size), span_ns),
        "P" => squall::advance(&mut squall::ping_world(1, size, u32::MAX, Draws::PerLink), span_ns),
        "P-sender" => squall::advance(&mut squall::ping_world(1, size, u32::MAX, Draws::PerSender), span_ns),
        "S" => (0..amount).map(squall::seed).sum(),
        "S-empty" => (0..amount).map(squall::short_seed).count() as u64,
        "R" => {
            let loaded = squall::raft::scenario(size)?;
            (1..=amount).map(|seed| squall::raft::simulate(&loaded, seed).1).sum()
        }
        _ => return Err(format!("no fixed run {workload}")),
    };
    println!("{events}");
    Ok(())
}

/// Instructions an event of each run.
fn figures() -> Result<BTreeMap<String, f64>, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut figures = BTreeMap::new();
    for (name, workload, size, amounts) in RUNS {
        let [short, long] = amounts.map(|amount| run(&program, &["fixed", workload, size, amount]));
        let ((i0, e0), (i1, e1)) = (short?, long?);
        let figure = (i1 - i0) / (e1 - e0);
        eprintln!("{name:<28} {figure:>9.1}");
        figures.insert(name.to_string(), (figure * 10.0).round() / 10.0);
    }
    Ok(figures)
}

/// Instructions and events of one run.
fn run(program: &Path, arguments: &[&str]) -> Result<(f64, f64), String> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program).args(arguments);
    let output = command.output().map_err(|error| format!("valgrind: {error}"))?;
    let (out, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let counted = log.lines().find_map(|line| line.split("Collected :").nth(1)?.trim().parse().ok());
    let events = out.trim().parse().ok();
    counted.zip(events).ok_or_else(|| format!("valgrind counted nothing: {log}"))
}

/// Compares with the baseline; prints every figure.
///
/// # Errors
/// A figure that differs from its baseline by more than the tolerance or is in one of the two only, or a count that could not be made.
pub fn compare(home: &Path) -> Result<(), String> {
    let path = home.join("instructions.json");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut baseline: BTreeMap<String, f64> =
        serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let mut different = Vec::new();
    println!("{:<28} {:>9} {:>9}", "instructions an event", "baseline", "now");
    for (name, now) in figures()? {
        let Some(before) = baseline.remove(&name) else {
            different.push(format!("{name} is not in it"));
            continue;
        };
        println!("{name:<28} {before:>9.1} {now:>9.1}  {:+.1}%", (now / before - 1.0) * 100.0);
        if (now / before - 1.0).abs() > TOLERANCE {
            different.push(name);
        }
    }
    different.extend(baseline.keys().map(|name| format!("{name} is only in it")));
    if different.is_empty() {
        Ok(())
    } else {
        Err(format!("the baseline is another (where that is meant, count --write): {}", different.join(", ")))
    }
}

/// Writes the baseline anew.
///
/// # Errors
/// What [`compare`] says, apart from the comparison.
pub fn write(home: &Path) -> Result<(), String> {
    let text = serde_json::to_string_pretty(&figures()?).map_err(|error| error.to_string())?;
    std::fs::write(home.join("instructions.json"), text + "\n").map_err(|error| error.to_string())
}
