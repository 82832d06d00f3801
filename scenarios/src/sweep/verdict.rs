//! What the finished worlds of a sweep say: the points with their means, the best that keeps the bounds, the front of
//! compromises, and how much each metric depends on each parameter.

use std::ops::Range;

use checks::statistics::paired::Difference;
use checks::statistics::sensitivity::{first_order, regression};
use checks::statistics::summary::Summary;
use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::Plan;
use super::design::numbers;
use super::goal::{Objective, Requirement};
use super::parameter::Values;
use crate::compare::judge::summary_json;
use crate::compare::{WorldKey, Worlds};
use crate::version::VERSION;

/// A finished sweep.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The points, in the plan's order.
    pub points: Vec<PointResult>,
    /// The place of the best point that keeps the bounds, if an objective was given and one does.
    pub best: Option<usize>,
    /// The best against the next on fresh seeds: the other's place, best − other.
    pub confirmed: Option<(usize, Difference)>,
    /// The places of the points that no other beats in both metrics, by the first.
    pub front: Vec<usize>,
    /// By metric, how much it depends on each parameter.
    pub sensitivity: IndexMap<String, Sensitivity>,
    /// What follows, in sentences.
    pub conclusions: Vec<String>,
    /// Whether it was stopped before all worlds had run.
    pub stopped: bool,
}

/// A point and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct PointResult {
    /// The point in words.
    pub label: String,
    /// The values, by parameter.
    pub values: Vec<String>,
    /// The values as numbers.
    pub coordinates: Vec<f64>,
    /// How many worlds.
    pub worlds: u64,
    /// The metrics that were asked about.
    #[serde(serialize_with = "summaries")]
    pub metrics: IndexMap<String, Summary>,
    /// The bounds that its means do not keep.
    pub breaks: Vec<String>,
    /// In how many worlds its checks did not say what the scenario expects.
    pub unexpected: u64,
}

/// How much a metric depends on each parameter, over the points' means.
#[derive(Clone, Debug, Serialize)]
pub struct Sensitivity {
    /// The standardized regression coefficient of each parameter that is a number; absent where there is no line.
    pub coefficients: Vec<Option<f64>>,
    /// The share of the variance that the line explains.
    pub r_squared: Option<f64>,
    /// The first-order effect of each parameter.
    pub first_order: Vec<Option<f64>>,
}

fn summaries<S: Serializer>(metrics: &IndexMap<String, Summary>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(metrics.iter().map(|(name, own)| (name, summary_json(own))))
}

/// At most this many levels of a parameter with many values, for its first-order effect.
const LEVELS_MAX: usize = 8;

fn mean(known: &Worlds, seeds: &Range<u64>, candidate: usize, metric: &str) -> Option<f64> {
    let values = values(known, seeds, candidate, metric);
    (!values.is_empty()).then(|| checks::statistics::mean_variance(&values).0)
}

/// A candidate's values of a metric over those of the seeds that have it.
fn values(known: &Worlds, seeds: &Range<u64>, candidate: usize, metric: &str) -> Vec<f64> {
    seeds.clone().filter_map(|seed| known.values(&[seed], candidate, metric)).flatten().collect()
}

/// The candidates, the best first: those that keep the bounds by the objective, then the others by how far they are off.
pub(super) fn ranked(plan: &Plan, known: &Worlds, which: &[usize], seeds: Range<u64>) -> Vec<usize> {
    let Some(objective) = &plan.spec.objective else { return which.to_vec() };
    let off = |candidate: usize| {
        let excess = |r: &Requirement| {
            mean(known, &seeds, candidate, &r.metric).map_or(f64::INFINITY, |mean| r.excess(mean))
        };
        let bad =
            |seed: &u64| known.get(WorldKey { seed: *seed, candidate }).is_some_and(|own| !own.as_expected);
        let unexpected = seeds.clone().filter(bad).count() as f64 / (seeds.end - seeds.start).max(1) as f64;
        plan.requirements.iter().map(excess).sum::<f64>() + unexpected
    };
    let cost = |candidate: usize| {
        mean(known, &seeds, candidate, &objective.metric).map_or(f64::INFINITY, |mean| objective.cost(mean))
    };
    let mut scored: Vec<(f64, f64, usize)> = which.iter().map(|&c| (off(c), cost(c), c)).collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    scored.into_iter().map(|(_, _, candidate)| candidate).collect()
}

/// The seeds up to `until` that a candidate has, from the first on without a gap: its rounds.
fn reach(plan: &Plan, known: &Worlds, candidate: usize, until: u64) -> Range<u64> {
    let has = |seed: &u64| known.get(WorldKey { seed: *seed, candidate }).is_some();
    let start = plan.seeds.start;
    start..start + (start..until).take_while(has).count() as u64
}

/// Judges what is known of the seeds up to `until`, and of the fresh ones.
pub(super) fn judge(plan: &Plan, known: &Worlds, until: u64, fresh: Range<u64>, stopped: bool) -> Sweep {
    let metrics = plan.metrics();
    let points: Vec<PointResult> = (0..plan.candidates.len())
        .map(|c| point(plan, known, c, reach(plan, known, c, until), &metrics))
        .collect();
    // Of those that went furthest: what was dropped early was dropped for a reason.
    let most = points.iter().map(|point| point.worlds).max().unwrap_or(0);
    let last: Vec<usize> = (0..points.len()).filter(|c| points[*c].worlds == most).collect();
    let order = ranked(plan, known, &last, plan.seeds.start..plan.seeds.start + most);
    // A point where checks fail more often than need be is no candidate for the best.
    let least = last.iter().map(|c| points[*c].unexpected).min().unwrap_or(0);
    let keeps =
        |c: &usize| points[*c].breaks.is_empty() && points[*c].worlds > 0 && points[*c].unexpected <= least;
    let wanted = plan.spec.objective.as_ref().filter(|_| !stopped);
    let best = wanted.and_then(|_| order.iter().copied().find(keeps));
    let all = ranked(plan, known, &plan.everyone(), plan.seeds.start..until);
    let confirmed = best.zip(plan.spec.objective.as_ref()).and_then(|(best, objective)| {
        let other = *all.iter().take(2).find(|c| **c != best)?;
        let own = values(known, &fresh, best, &objective.metric);
        let others = values(known, &fresh, other, &objective.metric);
        (own.len() > 1 && own.len() == others.len()).then(|| (other, Difference::of(&own, &others)))
    });
    let front =
        plan.pareto.as_ref().filter(|_| !stopped).map(|(a, b)| front(&points, a, b)).unwrap_or_default();
    let sensitivity = metrics
        .iter()
        .filter_map(|metric| Some((metric.clone(), sensitivity(plan, known, metric)?)))
        .collect();
    let mut sweep = Sweep { points, best, confirmed, front, sensitivity, conclusions: Vec::new(), stopped };
    if !stopped {
        sweep.conclusions = conclude(plan, &sweep);
    }
    sweep
}

fn point(
    plan: &Plan,
    known: &Worlds,
    candidate: usize,
    seeds: Range<u64>,
    metrics: &[String],
) -> PointResult {
    let summary = |name: &String| Some((name.clone(), Summary::of(values(known, &seeds, candidate, name))?));
    let metrics: IndexMap<String, Summary> = metrics.iter().filter_map(summary).collect();
    let broken = |r: &&Requirement| metrics.get(&r.metric).is_none_or(|own| !r.holds(own.mean));
    let unexpected =
        |seed: &u64| known.get(WorldKey { seed: *seed, candidate }).is_some_and(|world| !world.as_expected);
    PointResult {
        label: plan.candidates[candidate].label.clone(),
        values: plan.points[candidate].values.clone(),
        coordinates: plan.points[candidate].coordinates.clone(),
        worlds: seeds.end - seeds.start,
        breaks: plan
            .requirements
            .iter()
            .filter(|_| seeds.end > seeds.start)
            .filter(broken)
            .map(|r| r.text.clone())
            .collect(),
        unexpected: seeds.filter(unexpected).count() as u64,
        metrics,
    }
}

/// The points that keep the bounds and that no other such point beats in both metrics.
fn front(points: &[PointResult], a: &Objective, b: &Objective) -> Vec<usize> {
    let costs = |point: &PointResult| {
        let (x, y) = (point.metrics.get(&a.metric)?, point.metrics.get(&b.metric)?);
        point.breaks.is_empty().then(|| (a.cost(x.mean), b.cost(y.mean)))
    };
    let all: Vec<(usize, (f64, f64))> =
        points.iter().enumerate().filter_map(|(place, point)| Some((place, costs(point)?))).collect();
    let beats = |(ax, ay): (f64, f64), (bx, by): (f64, f64)| ax <= bx && ay <= by && (ax < bx || ay < by);
    let mut front: Vec<&(usize, (f64, f64))> =
        all.iter().filter(|(_, own)| !all.iter().any(|(_, other)| beats(*other, *own))).collect();
    front.sort_by(|(_, x), (_, y)| x.0.total_cmp(&y.0));
    front.into_iter().map(|(place, _)| *place).collect()
}

/// Over the first round's seeds, which every point has run on.
fn sensitivity(plan: &Plan, known: &Worlds, metric: &str) -> Option<Sensitivity> {
    let count = plan.points.len();
    let outcome: Vec<f64> = (0..count).map(|c| mean(known, &plan.seeds, c, metric)).collect::<Option<_>>()?;
    let column = |i: usize| plan.points.iter().map(|point| point.coordinates[i]).collect::<Vec<f64>>();
    let is_number = |i: &usize| match &plan.parameters[*i].values {
        Values::Range(_) => true,
        Values::List(list) => numbers(list).is_some(),
    };
    let balanced = plan.spec.latin.is_none();
    let places: Vec<usize> = (0..plan.parameters.len()).filter(is_number).collect();
    let line = regression(&places.iter().map(|i| column(*i)).collect::<Vec<_>>(), &outcome);
    let mut coefficients = vec![None; plan.parameters.len()];
    if let Some(line) = &line {
        for (place, coefficient) in places.iter().zip(&line.coefficients) {
            coefficients[*place] = Some(*coefficient);
        }
    }
    Some(Sensitivity {
        coefficients,
        r_squared: line.map(|line| line.r_squared),
        first_order: (0..plan.parameters.len())
            .map(|i| first_order(&levels(&column(i), balanced), &outcome, balanced))
            .collect(),
    })
}

/// The level of each value: its own in a grid and where there are few, else which of equally full parts of the range it is in.
fn levels(column: &[f64], grid: bool) -> Vec<usize> {
    let mut distinct = column.to_vec();
    distinct.sort_by(f64::total_cmp);
    let sorted = distinct.clone();
    distinct.dedup();
    let few = grid || distinct.len() * 2 <= column.len();
    let parts = LEVELS_MAX.min((column.len() / 3).max(1));
    let level = |value: &f64| {
        if few {
            distinct.partition_point(|other| other < value)
        } else {
            sorted.partition_point(|other| other < value) * parts / sorted.len()
        }
    };
    column.iter().map(level).collect()
}

/// What to choose, or why nothing can be chosen.
fn conclude(plan: &Plan, sweep: &Sweep) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(objective) = &plan.spec.objective {
        said.push(match sweep.best {
            None => "no point keeps all bounds".to_string(),
            Some(best) => choice(plan, sweep, objective, best),
        });
    }
    let unsound = sweep.points.iter().filter(|point| point.unexpected > 0).count();
    if unsound > 0 {
        said.push(format!(
            "at {unsound} of {} points some worlds did not go as the scenario expects; the best is sought among the points with \
             the fewest",
            sweep.points.len()
        ));
    }
    said.extend(plan.metrics().iter().filter_map(|metric| partial(sweep, metric)));
    if let Some((other, difference)) = &sweep.confirmed {
        let words = format!("{:+.4} ± {:.4}", difference.mean, difference.ci95);
        let other = &sweep.points[*other].label;
        said.push(if difference.is_clear() {
            format!("on {} fresh worlds it differs from {other} by {words}", difference.worlds)
        } else {
            format!("on {} fresh worlds the data cannot tell it from {other} ({words})", difference.worlds)
        });
    }
    for (metric, own) in &sweep.sensitivity {
        let greatest = own.first_order.iter().enumerate().filter_map(|(i, share)| share.map(|s| (i, s)));
        if let Some((i, share)) =
            greatest.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, share)| *share > 0.0)
        {
            let path = &plan.parameters[i].path;
            said.push(format!(
                "{metric} depends most on {path}: {:.0}% of its variance alone",
                100.0 * share
            ));
        }
    }
    if plan.pareto.is_some() {
        said.push(format!("{} of {} points are on the front", sweep.front.len(), sweep.points.len()));
    }
    said
}

/// A sentence where a metric is there in some of a point's worlds only: the mean is then of those, which flatters.
fn partial(sweep: &Sweep, metric: &str) -> Option<String> {
    let runs = |point: &PointResult| point.metrics.get(metric).map_or(0, |own| own.runs);
    let lacking: Vec<&PointResult> = sweep.points.iter().filter(|point| runs(point) < point.worlds).collect();
    let worst = lacking.iter().min_by_key(|point| runs(point))?;
    Some(format!(
        "{metric}: at {} of {} points some worlds lack it ({}: {} of {} have it); means are of the others, and what lacks it may be \
         the hard ones",
        lacking.len(),
        sweep.points.len(),
        worst.label,
        runs(worst),
        worst.worlds
    ))
}

fn choice(plan: &Plan, sweep: &Sweep, objective: &Objective, best: usize) -> String {
    let point = &sweep.points[best];
    let own = point.metrics.get(&objective.metric).map_or((0.0, 0.0), |own| (own.mean, own.ci95));
    let kept: Vec<&str> = plan.requirements.iter().map(|r| r.text.as_str()).collect();
    let under = if kept.is_empty() { String::new() } else { format!(" under {}", kept.join(", ")) };
    let unclear = |r: &&Requirement| {
        let ends = |own: &Summary| r.holds(own.mean - own.ci95) != r.holds(own.mean + own.ci95);
        point.metrics.get(&r.metric).is_some_and(ends)
    };
    let unclear: Vec<&str> = plan.requirements.iter().filter(unclear).map(|r| r.text.as_str()).collect();
    let perhaps = if unclear.is_empty() {
        String::new()
    } else {
        format!("; whether it keeps {} is within the error", unclear.join(", "))
    };
    let chosen = if plan.confirm == 0 {
        "; chosen on the same worlds, so a little flattered: hold it against another with compare on fresh seeds"
    } else {
        ""
    };
    format!(
        "{}{under}: {} ({:.4} ± {:.4}, {} worlds{perhaps}{chosen})",
        objective.words(),
        point.label,
        own.0,
        own.1,
        point.worlds
    )
}

impl Sweep {
    /// The document that `sweep --json` prints.
    #[must_use]
    pub fn to_json(&self, plan: &Plan) -> Value {
        let paths: Vec<&str> = plan.parameters.iter().map(|parameter| parameter.path.as_str()).collect();
        let label = |place: usize| &self.points[place].label;
        let confirmed = self.confirmed.as_ref().map(|(other, difference)| {
            json!({ "against": label(*other), "difference": difference.mean, "ci95": difference.ci95,
                    "p_value": difference.p_value, "worlds": difference.worlds })
        });
        json!({
            "schema": 1,
            "version": VERSION,
            "scenario": plan.scenario,
            "design": if plan.spec.latin.is_some() { "latin hypercube" } else { "grid" },
            "parameters": paths,
            "seeds": { "first": plan.seeds.start, "last": plan.seeds.end - 1 },
            "points": self.points,
            "best": self.best.map(label),
            "confirmed": confirmed,
            "front": self.front.iter().map(|place| label(*place)).collect::<Vec<_>>(),
            "sensitivity": self.sensitivity,
            "conclusions": self.conclusions,
            "stopped": self.stopped,
        })
    }
}
