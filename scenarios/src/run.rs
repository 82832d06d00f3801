//! One run: scenario and seed in, outcome out.

use checks::verdict::Verdict;
use indexmap::IndexMap;
use sim_core::record::Record;

use crate::load::Loaded;

/// What to do besides running.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {}

/// What one check said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// Its name: `linearizable`.
    pub name: String,
    /// The verdict, with the witness of a violation.
    pub verdict: Verdict,
    /// One line on why.
    pub detail: String,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the run left.
    pub record: Record,
    /// What each check said, in the scenario's order.
    pub checks: Vec<CheckResult>,
    /// The metrics, by name.
    pub metrics: IndexMap<String, f64>,
    /// Whether the checks said what the scenario expects of a single run.
    pub as_expected: bool,
}

impl Outcome {
    /// `pass`, `fail` or `unknown`: the worst of the checks.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        todo!()
    }

    /// The document that `run --json` prints.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        todo!()
    }
}

/// Runs a scenario once.
#[must_use]
pub fn run(loaded: &Loaded, seed: u64, options: &RunOptions) -> Outcome {
    let _ = (loaded, seed, options);
    todo!()
}
