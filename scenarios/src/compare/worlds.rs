//! The worlds of a comparison: run in parallel, kept by seed and candidate, written as lines so that what is finished
//! survives an interruption.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use indexmap::IndexMap;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use super::metric::MARK;
use super::{Candidate, Progress, Table};
use crate::catalogue::{self, Kind};
use crate::error::ScenarioError;
use crate::run::RunOptions;
use crate::text::nearest;
use crate::version::BUILD;

/// Which world: a seed under a candidate. Ordered by seed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WorldKey {
    /// The seed.
    pub seed: u64,
    /// The candidate's place in the plan.
    pub candidate: usize,
}

/// What is kept of a world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// The run's fingerprint.
    pub fingerprint: String,
    /// The worst verdict, or `panic`.
    pub verdict: String,
    /// Whether it is what the scenario expects of a run.
    pub as_expected: bool,
    /// The metrics. Every number is finite.
    pub metrics: BTreeMap<String, f64>,
}

/// What the names of metrics begin with that are told from those that begin with the other.
const ERROR_RATE: &str = "error_rate";
const AVAILABILITY: &str = "availability";

impl World {
    /// The value of a metric. A mark that was not made was made 0 times, unless the world panicked; the rate of errors is
    /// what is left of the availability.
    #[must_use]
    pub fn value(&self, metric: &str) -> Option<f64> {
        if let Some(part) = metric.strip_prefix(ERROR_RATE) {
            return self.metrics.get(&format!("{AVAILABILITY}{part}")).map(|answered| 1.0 - answered);
        }
        let none = (metric.starts_with(MARK) && !self.metrics.is_empty()).then_some(0.0);
        self.metrics.get(metric).copied().or(none)
    }
}

/// A line of the log: which scenario, which seed, what came of it.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    scenario: String,
    version: String,
    seed: u64,
    #[serde(flatten)]
    world: World,
}

/// The finished worlds of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Worlds {
    table: Table,
}

impl Worlds {
    /// The world as a line of a log. The scenario's hash stands for the candidate, so that a plan may be reordered.
    #[must_use]
    pub fn line(candidates: &[Candidate], key: WorldKey, world: &World) -> String {
        line_of(&candidates[key.candidate].loaded.hash, key.seed, world)
    }

    /// The worlds of a log that belong to these candidates. Lines of other scenarios and builds, and a last line that
    /// was cut off, are passed over.
    #[must_use]
    pub fn read(candidates: &[Candidate], log: &str) -> Worlds {
        let places: IndexMap<&str, usize> =
            candidates.iter().enumerate().map(|(i, candidate)| (candidate.loaded.hash.as_str(), i)).collect();
        let mut table = Table::new();
        for line in log.lines() {
            let Ok(line) = serde_json::from_str::<Line>(line) else { continue };
            if let Some(&candidate) = places.get(line.scenario.as_str())
                && line.version == BUILD
            {
                table.insert(WorldKey { seed: line.seed, candidate }, line.world);
            }
        }
        Worlds { table }
    }

    /// Everything as lines, by seed and candidate.
    #[must_use]
    pub fn to_log(&self, candidates: &[Candidate]) -> String {
        self.table.iter().map(|(key, world)| format!("{}\n", Worlds::line(candidates, *key, world))).collect()
    }

    /// Whether this world is known.
    #[must_use]
    pub fn contains(&self, key: WorldKey) -> bool {
        self.table.contains_key(&key)
    }

    /// How many worlds are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// A world.
    #[must_use]
    pub fn get(&self, key: WorldKey) -> Option<&World> {
        self.table.get(&key)
    }

    /// Takes over the worlds of another log.
    pub fn add(&mut self, other: Worlds) {
        self.table.extend(other.table);
    }

    /// Whether a seed's worlds are known under all candidates.
    #[must_use]
    pub fn has_all(&self, seed: u64, candidates: usize) -> bool {
        (0..candidates).all(|candidate| self.contains(WorldKey { seed, candidate }))
    }

    pub(crate) fn extend(&mut self, more: Vec<(WorldKey, World)>) {
        self.table.extend(more);
    }

    /// A candidate's values of a metric, by seed; `None` if a world lacks it.
    #[must_use]
    pub fn values(&self, seeds: &[u64], candidate: usize, metric: &str) -> Option<Vec<f64>> {
        seeds.iter().map(|&seed| self.get(WorldKey { seed, candidate })?.value(metric)).collect()
    }
}

/// Worlds by the scenario's hash and the seed.
pub type Kept = BTreeMap<(String, u64), World>;

/// A world as a line of a log.
pub(crate) fn line_of(hash: &str, seed: u64, world: &World) -> String {
    let line = Line { scenario: hash.to_string(), version: BUILD.into(), seed, world: world.clone() };
    // Strings and finite numbers can always be written.
    serde_json::to_string(&line).unwrap_or_default()
}

/// All worlds of a log that this build made, whatever their scenarios.
pub(crate) fn read_all(log: &str) -> Kept {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines.filter(|line| line.version == BUILD).map(|line| ((line.scenario, line.seed), line.world)).collect()
}

/// Runs worlds in parallel. One that panics is kept as such, without metrics.
pub(crate) fn run(
    candidates: &[Candidate],
    wanted: &[WorldKey],
    jobs: usize,
    progress: &dyn Progress,
    stop: &AtomicBool,
) -> Vec<(WorldKey, World)> {
    let one = |key: &WorldKey| {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let world = world(&candidates[key.candidate], key.seed);
        progress.ended(*key, &world);
        Some((*key, world))
    };
    crate::memory::keep_freed();
    let work = || wanted.par_iter().filter_map(one).collect();
    match rayon::ThreadPoolBuilder::new().num_threads(jobs.min(crate::explore::JOBS_MAX)).build() {
        Ok(pool) => pool.install(work),
        // Without threads of its own it runs on the global ones: slower or faster, never different.
        Err(_) => work(),
    }
}

/// Whether these metrics are there in one of the first worlds of some candidate. One that the catalogue has may come with
/// another seed (the time of a detection, where something was detected), so a few seeds are tried. A world that panics has
/// none; if all do, that is what results tell.
///
/// # Errors
/// The first that is not there, with the nearest that is.
pub(crate) fn check_metrics(
    candidates: &[Candidate],
    seeds: Range<u64>,
    wanted: &[String],
) -> Result<(), ScenarioError> {
    let known = |name: &String| catalogue::list(Kind::Metrics).iter().any(|item| item.name == *name);
    let seed = seeds.start;
    let mut there: BTreeSet<String> = BTreeSet::new();
    let missing = |there: &BTreeSet<String>| wanted.iter().find(|name| !there.contains(*name));
    let worlds = seeds.flat_map(|seed| candidates.iter().map(move |candidate| (seed, candidate)));
    for (seed_now, candidate) in worlds.take(CHECKED) {
        if seed_now > seed && !missing(&there).is_some_and(known) {
            break;
        }
        let own = world(candidate, seed_now).metrics;
        let rates =
            own.keys().filter_map(|name| Some(format!("{ERROR_RATE}{}", name.strip_prefix(AVAILABILITY)?)));
        there.extend(rates.collect::<Vec<_>>());
        there.extend(own.into_keys());
        if missing(&there).is_none() {
            return Ok(());
        }
    }
    let Some(missing) = missing(&there).filter(|_| !there.is_empty()) else { return Ok(()) };
    let near = nearest(missing, there.iter().map(String::as_str));
    let hint = near
        .map_or("`squall list metrics` names them".to_string(), |near| format!("did you mean \"{near}\"?"));
    let hint = match missing.split_once(':') {
        Some((_, name)) => {
            format!("only least:{name} and most:{name} say which way is better, in compare and --pareto")
        }
        None => hint,
    };
    let name = &candidates[0].loaded.name;
    let message = format!("{name} has no metric \"{missing}\" in its first worlds (seed {seed} on); {hint}");
    Err(ScenarioError::Comparison(message))
}

/// Of so many candidates at most a world is run to see which metrics there are.
const CHECKED: usize = 20;

fn world(candidate: &Candidate, seed: u64) -> World {
    let ended = std::panic::catch_unwind(|| run_once(candidate, seed));
    ended.unwrap_or_else(|_| World {
        fingerprint: String::new(),
        verdict: "panic".into(),
        as_expected: false,
        metrics: BTreeMap::new(),
    })
}

fn run_once(candidate: &Candidate, seed: u64) -> World {
    let outcome = crate::run::run(&candidate.loaded, seed, &RunOptions::default());
    let marks = outcome.record.marks.iter().map(|(name, count)| (format!("{MARK}{name}"), *count as f64));
    let metrics = outcome.metrics.iter().filter(|(_, v)| v.is_finite()).map(|(k, v)| (k.clone(), *v));
    World {
        fingerprint: outcome.record.fingerprint.to_string(),
        verdict: outcome.verdict().to_string(),
        as_expected: outcome.as_expected,
        metrics: metrics.chain(marks).collect(),
    }
}
