//! The paired comparison: the same worlds under each candidate, and what can be said of the differences.
//!
//! Every candidate runs on the same seeds. Keyed random streams give each the same arrivals, service times, latencies
//! and faults, so what all suffer alike cancels (common random numbers). [`mod@file`] reads a comparison that is written down,
//! [`grid`] makes the candidates, [`worlds`] runs them and keeps what is finished, [`judge`] says what follows, [`words`] in
//! sentences. Deliberately absent: printing and pictures.

pub mod file;
pub mod grid;
pub mod judge;
pub mod metric;
pub mod words;
pub mod worlds;

#[cfg(test)]
mod coverage;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use checks::statistics::paired::stein_worlds;

use crate::error::ScenarioError;
use crate::shard::Part;
use crate::sweep::goal::Requirement;

pub use self::grid::{Candidate, Source, Vary, candidates};
pub use self::judge::{Comparison, MetricComparison};
pub use self::metric::Metric;
pub use self::worlds::{World, WorldKey, Worlds};

/// What to compare, and how thoroughly.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The candidates; at least two.
    pub candidates: Vec<Candidate>,
    /// Which of them the others are held against.
    pub baseline: usize,
    /// The metrics that matter; all of them if empty.
    pub metrics: Vec<Metric>,
    /// Bounds that the choice must keep; with them the first metric decides among those that do.
    pub bounds: Vec<Requirement>,
    /// The seeds: with `precision`, those of the first stage.
    pub seeds: std::ops::Range<u64>,
    /// The half-width of every interval, as a share of the baseline's mean, that is to be reached.
    pub precision: Option<f64>,
    /// Where seeds stop being added.
    pub seeds_max: u64,
    /// How many worlds at once; 0 for as many as there are processors.
    pub jobs: usize,
    /// Which part of the seeds is run here.
    pub part: Part,
}

/// Is told as worlds end, from any thread.
pub trait Progress: Sync {
    /// This many worlds are to be run in all.
    fn planned(&self, worlds: u64);
    /// One has ended.
    fn ended(&self, key: WorldKey, world: &World);
}

impl Progress for () {
    fn planned(&self, _: u64) {}
    fn ended(&self, _: WorldKey, _: &World) {}
}

impl Plan {
    /// The seeds of this shard within a range. The first stage of a run that stops by itself belongs to every shard, since
    /// all of it decides how many seeds there are.
    pub(crate) fn mine(&self, part: Part, seeds: std::ops::Range<u64>) -> impl Iterator<Item = u64> + use<> {
        let (start, first_stage_end) = (self.seeds.start, self.seeds.end);
        let staged = self.precision.is_some();
        seeds.filter(move |seed| part.has(start, *seed) || staged && *seed < first_stage_end)
    }

    /// Runs what is not known yet. Set `stop` from elsewhere to end early with what is finished.
    pub fn run(&self, known: &mut Worlds, progress: &dyn Progress, stop: &AtomicBool) -> Comparison {
        self.stage(self.seeds.clone(), known, progress, stop);
        let mut until = self.seeds.end;
        if !stop.load(Ordering::Relaxed) {
            until = self.until(known);
            self.stage(self.seeds.end..until, known, progress, stop);
        }
        judge::judge(self, known, until, stop.load(Ordering::Relaxed))
    }

    /// Where the seeds end: with a precision, what is known of the first stage says.
    #[must_use]
    pub fn until(&self, known: &Worlds) -> u64 {
        let Some(precision) = self.precision else { return self.seeds.end };
        let most = self.worlds_needed(known, precision).min(self.seeds_max);
        self.seeds.start.saturating_add(most).max(self.seeds.end)
    }

    /// Judges what is known of the plan's own seeds.
    #[must_use]
    pub fn judge(&self, known: &Worlds) -> Comparison {
        judge::judge(self, known, self.until(known), false)
    }

    /// The metrics that matter, then those of the bounds, each once.
    #[must_use]
    pub fn all_metrics(&self) -> Vec<Metric> {
        let mut list = self.metrics.clone();
        for bound in &self.bounds {
            if !list.iter().any(|metric| metric.name == bound.metric) {
                list.push(Metric::known(&bound.metric));
            }
        }
        list
    }

    /// Whether the plan's metrics are there, by one world of each candidate run for it.
    ///
    /// # Errors
    /// A metric that none of them has, with the nearest that there is.
    pub fn check_metrics(&self) -> Result<(), ScenarioError> {
        let names: Vec<String> = self.all_metrics().into_iter().map(|metric| metric.name).collect();
        if names.is_empty() {
            return Ok(());
        }
        worlds::check_metrics(&self.candidates, self.seeds.clone(), &names)
    }

    /// Runs the worlds of these seeds that are not known yet.
    fn stage(
        &self,
        seeds: std::ops::Range<u64>,
        known: &mut Worlds,
        progress: &dyn Progress,
        stop: &AtomicBool,
    ) {
        let wanted: Vec<WorldKey> = self
            .mine(self.part, seeds)
            .flat_map(|seed| (0..self.candidates.len()).map(move |candidate| WorldKey { seed, candidate }))
            .filter(|key| !known.contains(*key))
            .collect();
        progress.planned(wanted.len() as u64);
        let finished = worlds::run(&self.candidates, &wanted, self.jobs, progress, stop);
        known.extend(finished);
    }

    /// How many worlds every interval of interest needs, from the variance of the first stage alone.
    fn worlds_needed(&self, known: &Worlds, precision: f64) -> u64 {
        let first: Vec<u64> = self.seeds.clone().collect();
        let mut most = first.len() as u64;
        for metric in &self.metrics {
            let has = |seed: &u64| {
                (0..self.candidates.len()).all(|own| known.values(&[*seed], own, &metric.name).is_some())
            };
            // Where some worlds lack the metric, as many more are needed as their share takes away.
            let told: Vec<u64> = first.iter().copied().filter(has).collect();
            let values = |candidate: usize| known.values(&told, candidate, &metric.name);
            let Some(base) = values(self.baseline).filter(|base| base.len() > 1) else { continue };
            let share = told.len() as f64 / first.len() as f64;
            let mean = base.iter().sum::<f64>() / base.len() as f64;
            for candidate in (0..self.candidates.len()).filter(|c| *c != self.baseline) {
                let Some(other) = values(candidate) else { continue };
                let differences: Vec<f64> = other.iter().zip(&base).map(|(a, b)| a - b).collect();
                let pairs = stein_worlds(&differences, MARGIN * precision * mean.abs());
                most = most.max(libm::ceil(pairs as f64 / share) as u64);
            }
        }
        most
    }
}

/// So much narrower than asked for is aimed at, since all worlds may vary more than the first stage's.
const MARGIN: f64 = 0.95;

/// Worlds by seed and candidate, in that order whatever the threads did.
pub(crate) type Table = BTreeMap<WorldKey, World>;
