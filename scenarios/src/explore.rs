//! Many seeds of one scenario, in parallel; the result is the same for any number of threads.

use std::ops::Range;
use std::sync::atomic::AtomicBool;

use indexmap::IndexMap;
use sim_core::fingerprint::Fingerprint;

use crate::load::Loaded;
use crate::run::CheckResult;

/// What to explore, and how.
#[derive(Clone, Debug)]
pub struct ExploreOptions {
    /// The seeds.
    pub seeds: Range<u64>,
    /// How many runs at once; 0 for as many as the machine has processors.
    pub jobs: usize,
}

/// Is told as runs end, from any thread, in any order.
pub trait Progress: Sync {
    /// A run has ended.
    fn ended(&self, run: &SeedRun);
}

/// No progress is shown.
impl Progress for () {
    fn ended(&self, _: &SeedRun) {}
}

/// One run of an exploration.
#[derive(Clone, Debug)]
pub struct SeedRun {
    /// Its seed.
    pub seed: u64,
    /// What it came to, or the message of the panic that ended it.
    pub result: Result<SeedSummary, String>,
}

/// What is kept of a run.
#[derive(Clone, Debug)]
pub struct SeedSummary {
    /// The hash of every event.
    pub fingerprint: Fingerprint,
    /// How many events.
    pub events: u64,
    /// Simulated nanoseconds.
    pub simulated_ns: u64,
    /// The worst verdict: `pass`, `fail`, `unknown`.
    pub verdict: &'static str,
    /// Whether it is what the scenario expects of a single run.
    pub as_expected: bool,
    /// The checks that did not pass.
    pub failed: Vec<CheckResult>,
    /// The metrics.
    pub metrics: IndexMap<String, f64>,
    /// The marks.
    pub marks: IndexMap<String, u64>,
}

/// A metric over the runs.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Summary {
    /// How many runs have it.
    pub runs: u64,
    /// The mean.
    pub mean: f64,
    /// Half the width of the mean's 95% confidence interval (Student's t).
    pub ci95: f64,
    /// The median.
    pub p50: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// What an exploration found.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// The scenario's name.
    pub scenario: String,
    /// Every run that ended, by seed.
    pub runs: Vec<SeedRun>,
    /// The metrics over all runs.
    pub metrics: IndexMap<String, Summary>,
    /// How often each mark was made, over all runs.
    pub marks: IndexMap<String, u64>,
    /// Whether all that was seen is what the scenario expects.
    pub as_expected: bool,
    /// Whether it was stopped before all seeds had run.
    pub stopped: bool,
}

impl Exploration {
    /// The document that `explore --json` prints.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        todo!()
    }
}

/// Runs a scenario with each of the seeds. Set `stop` from elsewhere to end early with what is finished.
#[must_use]
pub fn explore(
    loaded: &Loaded,
    options: &ExploreOptions,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> Exploration {
    let _ = (loaded, options, progress, stop);
    todo!()
}
