//! The sweep: one scenario at many points of its parameters' space, all on the same seeds.
//!
//! [`parameter`] says what is varied, [`design`] which points are run, [`goal`] what is looked for, [`verdict`] what
//! follows. With successive halving (Karnin, Koren and Somekh 2013; Jamieson and Talwalkar 2016) every point runs on a
//! few seeds, the better half goes on with twice as many, until one is left. Deliberately absent: printing and pictures.

pub mod design;
pub mod goal;
pub mod parameter;
pub mod verdict;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use self::design::Point;
use self::goal::{Objective, Requirement};
use self::parameter::Parameter;
use crate::compare::worlds::{self, check_metrics};
use crate::compare::{Candidate, Progress, WorldKey, Worlds};
use crate::error::ScenarioError;
use crate::shard::Part;

pub use self::verdict::Sweep;

/// What a sweep is, as it was asked for: what a shard's manifest keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The fields and what they may be.
    pub parameters: Vec<String>,
    /// The number of points of a Latin hypercube; a full grid if absent.
    pub latin: Option<usize>,
    /// The seed of the hypercube.
    pub design_seed: u64,
    /// The metrics to report besides.
    pub metrics: Vec<String>,
    /// What is to be made small or great.
    pub objective: Option<Objective>,
    /// Bounds to keep.
    pub requirements: Vec<String>,
    /// Two metrics whose front of compromises is wanted.
    pub pareto: Option<(String, String)>,
}

/// A sweep that can be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario as it was named.
    pub scenario: String,
    /// What was asked for.
    pub spec: Spec,
    /// The parameters, read.
    pub parameters: Vec<Parameter>,
    /// The bounds, read.
    pub requirements: Vec<Requirement>,
    /// The two objectives of the front.
    pub pareto: Option<(Objective, Objective)>,
    /// The points.
    pub points: Vec<Point>,
    /// The scenarios at the points, in the same order.
    pub candidates: Vec<Candidate>,
    /// The seeds; with halving, those of the first round.
    pub seeds: Range<u64>,
    /// Whether the worse half is dropped, round after round.
    pub halving: bool,
    /// How many fresh seeds the best and its runner-up are held against each other with afterwards.
    pub confirm: u64,
    /// How many worlds at once; 0 for as many as there are processors.
    pub jobs: usize,
    /// Which part of the seeds is run here.
    pub part: Part,
}

fn refuse<T>(message: impl Into<String>) -> Result<T, ScenarioError> {
    Err(ScenarioError::Comparison(message.into()))
}

impl Plan {
    /// A plan with nothing but what was asked for; rounds, jobs and parts are set afterwards.
    ///
    /// # Errors
    /// What keeps it from being run.
    pub fn new(
        scenario: &str,
        overrides: &[String],
        spec: Spec,
        seeds: Range<u64>,
    ) -> Result<Plan, ScenarioError> {
        let read = |text: &String| text.parse::<Parameter>();
        let parameters: Vec<Parameter> =
            spec.parameters.iter().map(read).collect::<Result<_, _>>().or_else(refuse)?;
        let requirements: Vec<Requirement> =
            spec.requirements.iter().map(|text| text.parse()).collect::<Result<_, _>>().or_else(refuse)?;
        let pareto = match &spec.pareto {
            None => None,
            Some((a, b)) => Some((Objective::of(a).or_else(refuse)?, Objective::of(b).or_else(refuse)?)),
        };
        if parameters.is_empty() {
            return refuse("a sweep needs a field to vary: --vary path=low..high or --vary path=v1,v2");
        }
        let points = match spec.latin {
            Some(count) => design::latin(&parameters, count, spec.design_seed),
            None => design::grid(&parameters),
        };
        let (points, candidates) = design::candidates(scenario, overrides, &parameters, points)?;
        let (halving, confirm, jobs, part) = (false, 0, 0, Part::WHOLE);
        let scenario = scenario.to_string();
        let plan = Plan {
            scenario,
            spec,
            parameters,
            requirements,
            pareto,
            points,
            candidates,
            seeds,
            halving,
            confirm,
            jobs,
            part,
        };
        if plan.metrics().is_empty() {
            return refuse("a sweep needs a metric: --metric, --minimize or --maximize NAME");
        }
        Ok(plan)
    }

    /// Every metric that is asked about, each once: the objective first.
    #[must_use]
    pub fn metrics(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let objective = self.spec.objective.iter().map(|objective| &objective.metric);
        let front = self.pareto.iter().flat_map(|(a, b)| [&a.metric, &b.metric]);
        let bounds = self.requirements.iter().map(|requirement| &requirement.metric);
        for name in objective.chain(&self.spec.metrics).chain(front).chain(bounds) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// Whether the metrics are there, by one world run for it.
    ///
    /// # Errors
    /// A metric that is not, with the nearest that is.
    pub fn check_metrics(&self) -> Result<(), ScenarioError> {
        check_metrics(&self.candidates, self.seeds.clone(), &self.metrics())
    }

    /// Runs what is not known yet. Set `stop` from elsewhere to end early with what is finished.
    pub fn run(&self, known: &mut Worlds, progress: &dyn Progress, stop: &AtomicBool) -> Sweep {
        let mut left: Vec<usize> = (0..self.candidates.len()).collect();
        let mut until = self.seeds.end;
        self.stage(&left, self.seeds.clone(), known, progress, stop);
        let stopped = || stop.load(Ordering::Relaxed);
        while self.halving && left.len() > 1 && !stopped() {
            let keep = left.len().div_ceil(2);
            left = verdict::ranked(self, known, &left, self.seeds.start..until);
            left.truncate(keep);
            if left.len() == 1 {
                break;
            }
            let more = until..until + (until - self.seeds.start);
            until = more.end;
            self.stage(&left, more, known, progress, stop);
        }
        let fresh = until..until + self.confirm;
        if self.confirm > 0 && !stopped() {
            let order = verdict::ranked(self, known, &self.everyone(), self.seeds.start..until);
            let finalists: Vec<usize> = order.into_iter().take(2).collect();
            self.stage(&finalists, fresh.clone(), known, progress, stop);
        }
        verdict::judge(self, known, until, fresh, stopped())
    }

    /// Judges what is known of the plan's own seeds.
    #[must_use]
    pub fn judge(&self, known: &Worlds) -> Sweep {
        verdict::judge(self, known, self.seeds.end, self.seeds.end..self.seeds.end, false)
    }

    /// All candidates by place.
    pub(super) fn everyone(&self) -> Vec<usize> {
        (0..self.candidates.len()).collect()
    }

    fn stage(
        &self,
        which: &[usize],
        seeds: Range<u64>,
        known: &mut Worlds,
        progress: &dyn Progress,
        stop: &AtomicBool,
    ) {
        let first = self.seeds.start;
        let wanted: Vec<WorldKey> = seeds
            .filter(|seed| self.part.has(first, *seed))
            .flat_map(|seed| which.iter().map(move |&candidate| WorldKey { seed, candidate }))
            .filter(|key| !known.contains(*key))
            .collect();
        progress.planned(wanted.len() as u64);
        let finished = worlds::run(&self.candidates, &wanted, self.jobs, progress, stop);
        known.extend(finished);
    }
}
