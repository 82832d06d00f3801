//! R: the library's `raft/healthy`, as `squall explore` runs it: five servers with disks, heartbeats every 50 ms, 1,000
//! operations a second, the invariants watched at every step, the history judged for linearizability, the metrics computed.

use std::time::Instant;

use scenarios::Loaded;
use scenarios::run::{RunOptions, run};

use crate::worker::{Measured, cpu_s};

/// The scenario with so many keys: 100 and 10 clients as the library has it, or else 50 clients, which ask as often
/// together.
///
/// # Errors
/// What the library says is wrong.
pub fn scenario(keys: u32) -> Result<Loaded, String> {
    let more = [
        format!("clients[0].mix.keys={keys}"),
        "clients[0].count=50".into(),
        "clients[0].load.rate=20/s".into(),
    ];
    let overrides: &[String] = if keys == 100 { &[] } else { &more };
    scenarios::load("raft/healthy", overrides).map_err(|error| error.to_string())
}

/// One run, all checks included; answers how many seconds it simulated.
///
/// # Panics
/// If a check does not pass.
#[must_use]
pub fn simulate(loaded: &Loaded, seed: u64) -> (f64, u64) {
    let outcome = run(loaded, seed, &RunOptions::default());
    assert_eq!((outcome.verdict(), outcome.as_expected), ("pass", true), "seed {seed}");
    (outcome.record.ended.0 as f64 / 1e9, outcome.record.events)
}

/// Measures R: simulated seconds.
///
/// # Errors
/// What [`scenario`] says.
pub fn measure(keys: u32, budget_s: f64) -> Result<Measured, String> {
    let loaded = scenario(keys)?;
    // As `explore` does.
    scenarios::memory::keep_freed();
    let _ = simulate(&loaded, u64::MAX);
    let (start, mut simulated_s, mut seed) = (Instant::now(), 0.0, 1);
    let cpu = cpu_s(start);
    while simulated_s == 0.0 || start.elapsed().as_secs_f64() < budget_s {
        simulated_s += simulate(&loaded, seed).0;
        seed += 1;
    }
    Ok(Measured::new(simulated_s as u64, cpu_s(start) - cpu))
}
