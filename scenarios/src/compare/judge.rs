//! What the finished worlds of a comparison say, in numbers. [`super::words`] says it in sentences.

use checks::metrics::direction::Better;
use checks::statistics::paired::{Difference, LEVEL, holm};
use checks::statistics::summary::Summary;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::metric::{Metric, word};
use super::{Plan, WorldKey, Worlds, words};
use crate::sweep::goal::Requirement;
use crate::version::VERSION;

/// A finished comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What was compared, as it was named.
    pub title: String,
    /// The command that does it again.
    pub command: String,
    /// The candidates' labels, in the plan's order.
    pub labels: Vec<String>,
    /// The scenarios behind them: name, overrides, hash.
    pub scenarios: Vec<(String, Vec<String>, String)>,
    /// The baseline's place.
    pub baseline: usize,
    /// The seeds whose worlds all candidates finished.
    pub seeds: Vec<u64>,
    /// In how many worlds each candidate's checks did not say what its scenario expects.
    pub unexpected: Vec<u64>,
    /// The first seed of each candidate with such a world.
    pub unexpected_first: Vec<Option<u64>>,
    /// By metric.
    pub metrics: IndexMap<String, MetricComparison>,
    /// The bounds that were asked for, with the candidates that keep them.
    pub bounds: Vec<Bound>,
    /// What follows: a sentence a metric, then what to choose.
    pub conclusions: Vec<String>,
    /// Whether it was stopped before all worlds had run.
    pub stopped: bool,
}

/// A bound on the mean of a metric, and who keeps it.
#[derive(Clone, Debug)]
pub struct Bound {
    /// As it was asked for.
    pub text: String,
    /// By candidate: whether the whole 95% interval of its mean keeps the bound, or breaks it; `None` where it does neither.
    pub kept: Vec<Option<bool>>,
}

/// One metric of a comparison.
#[derive(Clone, Debug)]
pub struct MetricComparison {
    /// Each candidate's own values, summarized.
    pub candidates: Vec<Summary>,
    /// In how many worlds each candidate lacks the metric.
    pub missing: Vec<u64>,
    /// The values themselves, by candidate, then by world.
    pub values: Vec<Vec<f64>>,
    /// Each candidate against the baseline; the baseline's own entry is all zero.
    pub differences: Vec<Difference>,
    /// The p-values after Holm, over all candidates and metrics of the comparison, likewise.
    pub p_adjusted: Vec<f64>,
    /// What is better.
    pub better: Better,
    /// The best candidate: one that is clearly better than the baseline, else the baseline itself; `None` where nothing is
    /// clear or the better way is not known.
    pub best: Option<usize>,
    /// The candidates that the data cannot tell from the best, the baseline among them only if it is the best. They are
    /// held against it in all pairs that there are (Bonferroni), since it was chosen by the same worlds.
    pub alike: Vec<usize>,
}

impl MetricComparison {
    /// Whether a candidate is different from the baseline.
    #[must_use]
    pub fn is_different(&self, candidate: usize) -> bool {
        self.p_adjusted[candidate] < LEVEL
    }

    /// Whether two candidates, chosen by the same worlds, are told apart among so many pairs (Bonferroni).
    #[must_use]
    pub fn are_told_apart(&self, a: usize, b: usize, pairs: usize) -> bool {
        Difference::of(&self.values[a], &self.values[b]).p_value * (pairs as f64) < LEVEL
    }

    /// A candidate's gain over the baseline by the mean: positive where it is better.
    #[must_use]
    pub fn gain(&self, candidate: usize) -> f64 {
        let difference = self.differences[candidate].mean;
        if self.better == Better::Less { -difference } else { difference }
    }
}

/// Judges what is known of the seeds up to `until`.
pub(super) fn judge(plan: &Plan, known: &Worlds, until: u64, stopped: bool) -> Comparison {
    let count = plan.candidates.len();
    let complete =
        |seed: &u64| (0..count).all(|candidate| known.contains(WorldKey { seed: *seed, candidate }));
    let all = plan.seeds.start..until;
    // Of a run that was stopped only the seeds without a gap: those behind it ended early because they were short.
    let seeds: Vec<u64> =
        if stopped { all.take_while(complete).collect() } else { all.filter(complete).collect() };
    let bad = |candidate: usize| {
        let is_bad = move |seed: &&u64| {
            known.get(WorldKey { seed: **seed, candidate }).is_some_and(|world| !world.as_expected)
        };
        seeds.iter().filter(is_bad).copied().collect::<Vec<u64>>()
    };
    let bad: Vec<Vec<u64>> = (0..count).map(bad).collect();
    let unexpected: Vec<u64> = bad.iter().map(|own| own.len() as u64).collect();
    let mut metrics = IndexMap::new();
    for wanted in wanted(plan, known, &seeds) {
        if let Some(comparison) = metric(plan, known, &seeds, &wanted) {
            metrics.insert(wanted.name, comparison);
        }
    }
    let least = unexpected.iter().min().copied().unwrap_or(0);
    let sound: Vec<bool> = unexpected.iter().map(|own| *own <= least).collect();
    adjust(&mut metrics, plan.baseline, &sound);
    let labels: Vec<String> = plan.candidates.iter().map(|candidate| candidate.label.clone()).collect();
    let mut found = Comparison {
        title: String::new(),
        command: String::new(),
        scenarios: plan
            .candidates
            .iter()
            .map(|c| (c.loaded.name.clone(), c.loaded.overrides.clone(), c.loaded.hash.clone()))
            .collect(),
        labels,
        baseline: plan.baseline,
        seeds,
        unexpected_first: bad.iter().map(|own| own.first().copied()).collect(),
        unexpected,
        bounds: plan.bounds.iter().map(|bound| self::bound(bound, &metrics, count)).collect(),
        metrics,
        conclusions: Vec::new(),
        stopped,
    };
    found.conclusions = words::conclusions(plan, &found);
    found
}

fn bound(asked: &Requirement, metrics: &IndexMap<String, MetricComparison>, candidates: usize) -> Bound {
    let kept = |candidate: usize| {
        // Of one world there is no interval.
        let own = metrics.get(&asked.metric).map(|m| m.candidates[candidate]).filter(|own| own.runs > 1)?;
        let ends = [own.mean - own.ci95, own.mean + own.ci95].map(|end| asked.holds(end));
        (ends[0] == ends[1]).then_some(ends[0])
    };
    Bound { text: asked.text.clone(), kept: (0..candidates).map(kept).collect() }
}

/// The metrics asked for, those of the bounds among them, or all that the baseline's first world has.
fn wanted(plan: &Plan, known: &Worlds, seeds: &[u64]) -> Vec<Metric> {
    if !plan.metrics.is_empty() {
        return plan.all_metrics();
    }
    let first = seeds.first().and_then(|&seed| known.get(WorldKey { seed, candidate: plan.baseline }));
    first.map(|world| world.metrics.keys().map(|name| Metric::known(name)).collect()).unwrap_or_default()
}

/// A metric over the seeds in which every candidate has it; `None` if there are none.
fn metric(plan: &Plan, known: &Worlds, seeds: &[u64], wanted: &Metric) -> Option<MetricComparison> {
    let count = plan.candidates.len();
    let has = |seed: &&u64| (0..count).all(|c| known.values(&[**seed], c, &wanted.name).is_some());
    let lacks = |c: usize| {
        seeds.iter().filter(|seed| known.values(&[**seed], c, &wanted.name).is_none()).count() as u64
    };
    let missing = (0..count).map(lacks).collect();
    let seeds: Vec<u64> = seeds.iter().filter(has).copied().collect();
    if seeds.is_empty() {
        return None;
    }
    let values: Vec<Vec<f64>> = (0..count).filter_map(|c| known.values(&seeds, c, &wanted.name)).collect();
    // The interval of a run that stopped by its own data is made of the first stage's variance alone.
    let first = plan.precision.map(|_| seeds.iter().filter(|seed| **seed < plan.seeds.end).count());
    let difference = |own: &Vec<f64>, other: &Vec<f64>| difference(own, other, first);
    let base = &values[plan.baseline];
    Some(MetricComparison {
        missing,
        candidates: values.iter().filter_map(|own| Summary::of(own.clone())).collect(),
        differences: values.iter().map(|own| difference(own, base)).collect(),
        p_adjusted: vec![1.0; count],
        values,
        better: wanted.better,
        best: None,
        alike: Vec::new(),
    })
}

fn difference(own: &[f64], other: &[f64], first_stage: Option<usize>) -> Difference {
    let plain = Difference::of(own, other);
    let Some(first) = first_stage else { return plain };
    let each: Vec<f64> = own.iter().zip(other).map(|(a, b)| a - b).collect();
    plain.stopped(&each, first)
}

/// Adjusts the p-values for all pairs of the comparison together, and finds the best by each metric.
///
/// A pair that is equal in every world cannot be called different and is no member of the family.
fn adjust(metrics: &mut IndexMap<String, MetricComparison>, baseline: usize, sound: &[bool]) {
    let differs = |d: &Difference| d.smaller + d.greater > 0;
    let family: Vec<(usize, usize)> = metrics
        .values()
        .enumerate()
        .flat_map(|(m, metric)| (0..metric.differences.len()).map(move |c| (m, c)))
        .filter(|(m, c)| *c != baseline && differs(&metrics[*m].differences[*c]))
        .collect();
    let p_values: Vec<f64> = family.iter().map(|(m, c)| metrics[*m].differences[*c].p_value).collect();
    for ((m, c), p) in family.into_iter().zip(holm(&p_values)) {
        metrics[m].p_adjusted[c] = p;
    }
    let count = metrics.len();
    for metric in metrics.values_mut() {
        metric.best = best(metric, baseline, sound);
        metric.alike = metric.best.map(|best| alike(metric, best, count, baseline)).unwrap_or_default();
        metric.alike.retain(|c| sound[*c]);
    }
}

/// Candidates whose checks fail more often than another's are not sound and never the best, be it the baseline.
fn best(metric: &MetricComparison, baseline: usize, sound: &[bool]) -> Option<usize> {
    let different: Vec<usize> = (0..metric.differences.len()).filter(|c| metric.is_different(*c)).collect();
    if metric.better == Better::Unknown || different.is_empty() {
        return None;
    }
    // Of candidates that are alike, the first: `max_by` would take the last.
    let by_gain = |a: &usize, b: &usize| metric.gain(*a).total_cmp(&metric.gain(*b));
    if !sound[baseline] {
        return (0..metric.differences.len()).rev().filter(|c| sound[*c]).max_by(by_gain);
    }
    let first = different.into_iter().rev().filter(|c| sound[*c]).max_by(by_gain);
    Some(first.filter(|first| metric.gain(*first) > 0.0).unwrap_or(baseline))
}

fn alike(metric: &MetricComparison, best: usize, metrics: usize, baseline: usize) -> Vec<usize> {
    let count = metric.values.len();
    let told = |c: usize| {
        if best == baseline {
            metric.is_different(c)
        } else {
            metric.are_told_apart(c, best, pairs(count, metrics))
        }
    };
    // A baseline that is not the best is worse, which is what made the best.
    (0..count).filter(|c| *c != best && *c != baseline && !told(*c)).collect()
}

/// A summary as a document has it: of one world there is no interval.
pub(crate) fn summary_json(summary: &Summary) -> Value {
    let mut all = json!(summary);
    if summary.runs < 2 {
        all["ci95"] = Value::Null;
    }
    all
}

/// How many pairs there are of so many candidates, by so many metrics.
pub(super) fn pairs(candidates: usize, metrics: usize) -> usize {
    metrics * candidates * (candidates - 1) / 2
}

impl Comparison {
    /// Whether a candidate's checks fail no more often than those of any other: only such may be chosen.
    #[must_use]
    pub fn is_sound(&self, candidate: usize) -> bool {
        self.unexpected.iter().all(|other| self.unexpected[candidate] <= *other)
    }

    /// Whether there are bounds, and no candidate for whose means the data say that it keeps them all.
    #[must_use]
    pub fn breaks_bounds(&self) -> bool {
        let keeps = |c: usize| self.bounds.iter().all(|bound| bound.kept[c] == Some(true));
        !(0..self.labels.len()).any(keeps)
    }

    /// Whether every world of every candidate went as its scenario expects.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.unexpected.iter().all(|count| *count == 0)
    }

    /// The document that `compare --json` prints.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let candidates: Vec<Value> = self
            .labels
            .iter()
            .zip(&self.scenarios)
            .zip(self.unexpected.iter().zip(&self.unexpected_first))
            .map(|((label, (scenario, overrides, hash)), (unexpected, first))| {
                json!({ "label": label, "scenario": scenario, "overrides": overrides, "hash": hash,
                        "unexpected": unexpected, "unexpected_first": first })
            })
            .collect();
        let metrics: serde_json::Map<String, Value> =
            self.metrics.iter().map(|(name, metric)| (name.clone(), self.metric_json(metric))).collect();
        json!({
            "schema": 1,
            "version": VERSION,
            "command": self.command,
            "baseline": self.labels[self.baseline],
            "candidates": candidates,
            "worlds": self.seeds.len(),
            "seeds": { "first": self.seeds.first(), "last": self.seeds.last() },
            "metrics": metrics,
            "bounds": self.bounds.iter().map(|bound| self.bound_json(bound)).collect::<Vec<_>>(),
            "conclusions": self.conclusions,
            "stopped": self.stopped,
        })
    }

    fn bound_json(&self, bound: &Bound) -> Value {
        let of = |wanted: Option<bool>| {
            let own = self.labels.iter().zip(&bound.kept).filter(|(_, kept)| **kept == wanted);
            own.map(|(label, _)| label.clone()).collect::<Vec<_>>()
        };
        json!({ "bound": bound.text, "kept": of(Some(true)), "broken": of(Some(false)), "unclear": of(None) })
    }

    fn metric_json(&self, metric: &MetricComparison) -> Value {
        let pairs: Vec<Value> = (0..self.labels.len())
            .filter(|c| *c != self.baseline)
            .map(|c| {
                let difference = &metric.differences[c];
                let (wins, losses) = match metric.better {
                    Better::Less => (difference.smaller, difference.greater),
                    _ => (difference.greater, difference.smaller),
                };
                json!({
                    "candidate": self.labels[c],
                    "difference": difference.mean,
                    "different": metric.is_different(c),
                    // Of one world there is no interval.
                    "ci95": (difference.worlds > 1).then_some(difference.ci95),
                    "ci95_unpaired": (difference.worlds > 1).then_some(difference.ci95_unpaired),
                    "won": wins,
                    "lost": losses,
                    "p_value": difference.p_value,
                    "p_adjusted": metric.p_adjusted[c],
                })
            })
            .collect();
        let own: serde_json::Map<String, Value> = self
            .labels
            .iter()
            .zip(&metric.candidates)
            .map(|(label, summary)| (label.clone(), summary_json(summary)))
            .collect();
        let label = |place: &usize| self.labels[*place].clone();
        json!({
            "better": word(metric.better),
            "worlds": metric.candidates[self.baseline].runs,
            "candidates": own,
            "pairs": pairs,
            "best": metric.best.as_ref().map(label),
            "not_told_from_best": metric.alike.iter().map(label).collect::<Vec<_>>(),
        })
    }
}
