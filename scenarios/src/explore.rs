//! Many seeds of one scenario, in parallel; the result is the same for any number of threads.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use checks::metrics::spread::Curve;
use checks::statistics::summary::wilson;
use checks::verdict::Verdict;
use indexmap::IndexMap;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde_json::{Value, json};
use sim_core::fingerprint::Fingerprint;
use sim_core::units::Ratio;

pub use checks::statistics::summary::Summary;

use crate::load::Loaded;
use crate::run::{CheckResult, Outcome, RunOptions, run};
use crate::schema::{CheckSpec, Expect, Scenario};

/// No more threads than this are started, however many are asked for.
pub(crate) const JOBS_MAX: usize = 256;

/// What to explore, and how.
#[derive(Clone, Debug)]
pub struct ExploreOptions {
    /// The seeds.
    pub seeds: Range<u64>,
    /// Which part of them is run here.
    pub part: crate::shard::Part,
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
    /// How far news had spread by when, if anything in the run spreads.
    pub curve: Option<Curve>,
}

/// What an exploration found.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// The scenario's name.
    pub scenario: String,
    /// The hash of what it says.
    pub scenario_hash: String,
    /// The overrides it was loaded with.
    pub overrides: Vec<String>,
    /// Every run that ended, by seed.
    pub runs: Vec<SeedRun>,
    /// The metrics over all runs.
    pub metrics: IndexMap<String, Summary>,
    /// How often each mark was made, over all runs.
    pub marks: IndexMap<String, u64>,
    /// For each check that failed, on which share of the seeds.
    pub shares: IndexMap<String, f64>,
    /// The hash of all runs' fingerprints, in the order of seeds.
    pub fingerprint: Fingerprint,
    /// Whether all that was seen is what the scenario expects.
    pub as_expected: bool,
    /// What was not, a line each.
    pub unexpected: Vec<String>,
    /// Whether it was stopped before all seeds had run.
    pub stopped: bool,
}

impl Exploration {
    /// How many runs failed: a check said fail, or the run panicked.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.runs.iter().filter(|run| run.is_failure()).count() as u64
    }

    /// The document that `explore --json` prints.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let failures: Vec<Value> = self.runs.iter().flat_map(|run| self.failures(run)).collect();
        let undecided: Vec<u64> =
            self.summaries().filter(|(_, s)| s.verdict == "unknown").map(|(seed, _)| seed).collect();
        json!({
            "schema": 1,
            "scenario": self.scenario,
            "scenario_hash": self.scenario_hash,
            "version": crate::version::VERSION,
            "runs": self.runs.len(),
            "failed": self.failed(),
            "failures": failures,
            "unknown": undecided,
            "shares": self.shares,
            "as_expected": self.as_expected,
            "unexpected": self.unexpected,
            "stopped": self.stopped,
            "marks": self.marks,
            "metrics": self.metrics,
            "fingerprint": self.fingerprint.to_string(),
        })
    }

    /// What failed in a run, each with the command that replays it.
    #[must_use]
    pub fn failures(&self, run: &SeedRun) -> Vec<Value> {
        let entry = |check: &str, detail: &str| {
            json!({
                "seed": run.seed,
                "check": check,
                "detail": detail,
                "replay": self.replay_command(run.seed),
            })
        };
        match &run.result {
            Err(panic) => vec![entry("panic", panic)],
            Ok(summary) => {
                let failed = summary.failed.iter().filter(|check| check.verdict.is_fail());
                failed.map(|check| entry(&check.name, &check.detail)).collect()
            }
        }
    }

    /// The command that replays a run.
    #[must_use]
    pub fn replay_command(&self, seed: u64) -> String {
        crate::replay::command("replay", &self.scenario, &self.overrides, seed)
    }

    fn summaries(&self) -> impl Iterator<Item = (u64, &SeedSummary)> {
        self.runs.iter().filter_map(|run| run.result.as_ref().ok().map(|summary| (run.seed, summary)))
    }

    /// Everything from the runs alone, which are sorted by seed: the same however many threads made them.
    pub(crate) fn of(loaded: &Loaded, runs: Vec<SeedRun>, stopped: bool) -> Exploration {
        let mut exploration = Exploration {
            scenario: loaded.name.clone(),
            scenario_hash: loaded.hash.clone(),
            overrides: loaded.overrides.clone(),
            runs,
            metrics: IndexMap::new(),
            marks: IndexMap::new(),
            shares: IndexMap::new(),
            fingerprint: Fingerprint::default(),
            as_expected: true,
            unexpected: Vec::new(),
            stopped,
        };
        let mut values: IndexMap<String, Vec<f64>> = IndexMap::new();
        let mut marks: IndexMap<String, u64> = IndexMap::new();
        let mut fingerprint = Fingerprint::default();
        for (seed, summary) in exploration.summaries() {
            for (name, value) in &summary.metrics {
                values.entry(name.clone()).or_default().push(*value);
            }
            for (name, count) in &summary.marks {
                *marks.entry(name.clone()).or_default() += count;
            }
            let [high, low] = summary.fingerprint.words();
            fingerprint.absorb([seed, high, low, summary.events]);
        }
        marks.sort_unstable_keys();
        exploration.metrics =
            values.into_iter().filter_map(|(name, values)| Some((name, Summary::of(values)?))).collect();
        exploration.marks = marks;
        exploration.fingerprint = fingerprint;
        exploration.judge(&loaded.scenario);
        exploration
    }

    /// Whether the runs together said what the scenario expects, and in which shares.
    fn judge(&mut self, scenario: &Scenario) {
        let runs = self.summaries().count() as u64;
        let mut unexpected = Vec::new();
        let panics = self.runs.len() as u64 - runs;
        if panics > 0 {
            unexpected.push(format!("{panics} of {} runs panicked", self.runs.len()));
        }
        let strange: Vec<u64> =
            self.summaries().filter(|(_, s)| !s.as_expected).map(|(seed, _)| seed).collect();
        if let Some(first) = strange.first() {
            unexpected.push(format!(
                "{} of {runs} runs did not go as the scenario says, the first with seed {first}",
                strange.len()
            ));
        }
        for check in &scenario.checks {
            let name = check.name();
            let failed = self
                .summaries()
                .filter(|(_, s)| s.failed.iter().any(|c| c.name == name && c.verdict.is_fail()));
            let failed = failed.count() as u64;
            if failed > 0 {
                self.shares.insert(name.clone(), failed as f64 / runs as f64);
            }
            if let CheckSpec::Sometimes(mark) = check
                && runs > 0
                && !self.marks.contains_key(mark)
            {
                unexpected.push(format!("\"{mark}\" happened in none of {runs} runs, so they proved little"));
            }
            if let Expect::Violates { check, share } = &scenario.expect
                && *check == name
                && let Some(why) = share_unlike(failed, runs, share.0, share.1)
            {
                unexpected.push(format!("{name} failed on {failed} of {runs} seeds; {why}"));
            }
        }
        self.as_expected = unexpected.is_empty();
        self.unexpected = unexpected;
    }
}

/// Why this share is not the one stated, if it is so far from it that chance does not explain it (3 standard errors).
fn share_unlike(failed: u64, runs: u64, least: Ratio, greatest: Ratio) -> Option<String> {
    let (low, high) = wilson(failed, runs, 3.0);
    // The bounds are rounded: 100 of 100 comes out a hair below 1.
    let hair = 1e-9;
    let fits = runs == 0 || (high >= least.get() - hair && low <= greatest.get() + hair);
    (!fits).then(|| format!("the scenario states {least} to {greatest}"))
}

impl SeedRun {
    /// Whether a check said fail, or the run panicked.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.result.as_ref().map_or(true, |summary| summary.verdict == "fail")
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
    go_on(loaded, options, &BTreeMap::new(), progress, stop)
}

/// The same where some runs are known already.
#[must_use]
pub fn go_on(
    loaded: &Loaded,
    options: &ExploreOptions,
    known: &BTreeMap<u64, SeedRun>,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> Exploration {
    explore_with(loaded, options, known, progress, stop, &|seed| {
        let outcome = run(loaded, seed, &RunOptions::default());
        SeedSummary::of(outcome)
    })
}

/// The same with any way of making one run.
fn explore_with(
    loaded: &Loaded,
    options: &ExploreOptions,
    known: &BTreeMap<u64, SeedRun>,
    progress: &dyn Progress,
    stop: &AtomicBool,
    one: &(dyn Fn(u64) -> SeedSummary + Sync),
) -> Exploration {
    let attempt = |seed: u64| {
        if let Some(run) = known.get(&seed) {
            return Some(run.clone());
        }
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        // A run owns all it touches, so nothing half-done outlives its panic.
        let result = catch_unwind(AssertUnwindSafe(|| one(seed))).map_err(|panic| message(&*panic));
        let run = SeedRun { seed, result };
        progress.ended(&run);
        Some(run)
    };
    let mine = |seed: &u64| options.part.has(options.seeds.start, *seed);
    crate::memory::keep_freed();
    let all = || options.seeds.clone().into_par_iter().filter(mine).map(attempt).collect::<Vec<_>>();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(options.jobs.min(JOBS_MAX)).build();
    let runs = match pool {
        Ok(pool) => pool.install(all),
        // No threads to be had: one after another.
        Err(_) => options.seeds.clone().filter(mine).map(attempt).collect(),
    };
    let stopped = runs.iter().any(Option::is_none);
    Exploration::of(loaded, runs.into_iter().flatten().collect(), stopped)
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message").to_string()
}

impl SeedSummary {
    /// What is kept of an outcome.
    #[must_use]
    pub fn of(outcome: Outcome) -> SeedSummary {
        let verdict = outcome.verdict();
        let Outcome { record, checks, metrics, as_expected } = outcome;
        SeedSummary {
            fingerprint: record.fingerprint,
            events: record.events,
            simulated_ns: record.ended.0,
            verdict,
            as_expected,
            failed: checks.into_iter().filter(|check| check.verdict != Verdict::Pass).collect(),
            metrics,
            curve: Curve::of(&record),
            marks: record.marks,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::{ExploreOptions, Progress, SeedRun, SeedSummary, explore, explore_with};
    use crate::load::load;
    use crate::run::{RunOptions, run};

    fn options(seeds: std::ops::Range<u64>, jobs: usize) -> ExploreOptions {
        ExploreOptions { seeds, part: crate::shard::Part::WHOLE, jobs }
    }

    #[test]
    fn one_thread_and_three_give_the_same_bytes() {
        let loaded = load("solo/restart", &[]).expect("a scenario");
        let text = |jobs| {
            let found = explore(&loaded, &options(1..9, jobs), &(), &AtomicBool::new(false));
            serde_json::to_string(&found.to_json()).expect("JSON")
        };
        assert_eq!(text(1), text(3));
    }

    #[test]
    fn a_panic_is_reported_and_the_others_finish() {
        let loaded = load("solo/restart", &[]).expect("a scenario");
        let one = |seed| {
            assert!(seed != 3, "seed 3 trips");
            SeedSummary::of(run(&loaded, seed, &RunOptions::default()))
        };
        let found =
            explore_with(&loaded, &options(1..6, 2), &BTreeMap::new(), &(), &AtomicBool::new(false), &one);
        assert_eq!((found.runs.len(), found.failed(), found.as_expected), (5, 1, false));
        let failure = &found.to_json()["failures"][0];
        assert_eq!(failure["check"], "panic");
        assert_eq!(failure["detail"], "seed 3 trips");
        assert_eq!(failure["replay"], "squall replay solo/restart --seed 3");
    }

    #[test]
    fn what_is_finished_is_kept_when_it_is_stopped() {
        struct After(AtomicBool);
        impl Progress for After {
            fn ended(&self, run: &SeedRun) {
                if run.seed == 2 {
                    self.0.store(true, Ordering::Relaxed);
                }
            }
        }
        let loaded = load("solo/restart", &[]).expect("a scenario");
        let after = After(AtomicBool::new(false));
        let found = explore(&loaded, &options(1..6, 1), &after, &after.0);
        assert!(found.stopped && found.runs.len() < 5, "{}", found.runs.len());
    }
}
