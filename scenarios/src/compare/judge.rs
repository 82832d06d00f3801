//! What the finished worlds of a comparison say, in numbers and in words.

use checks::statistics::paired::{Difference, holm, stein_half_width, stein_p_value};
use checks::statistics::summary::Summary;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value, json};

use super::worlds::VERSION;
use super::{Plan, WorldKey, Worlds};
use checks::metrics::direction::{Better, better};

/// A finished comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
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
    /// By metric.
    pub metrics: IndexMap<String, MetricComparison>,
    /// What follows, a sentence a metric.
    pub conclusions: Vec<String>,
    /// Whether it was stopped before all worlds had run.
    pub stopped: bool,
}

/// One metric of a comparison.
#[derive(Clone, Debug, Serialize)]
pub struct MetricComparison {
    /// Each candidate's own values, summarized.
    pub candidates: Vec<Summary>,
    /// The values themselves, by candidate, then by world.
    #[serde(skip)]
    pub values: Vec<Vec<f64>>,
    /// Each candidate against the baseline; the baseline's own entry is all zero.
    pub differences: Vec<Difference>,
    /// The p-values after Holm, likewise.
    pub p_adjusted: Vec<f64>,
    /// What is better: `less`, `more` or `unknown`.
    pub better: &'static str,
}

/// Judges what is known of the seeds up to `until`.
pub(super) fn judge(plan: &Plan, known: &Worlds, until: u64, stopped: bool) -> Comparison {
    let count = plan.candidates.len();
    let complete =
        |seed: &u64| (0..count).all(|candidate| known.contains(WorldKey { seed: *seed, candidate }));
    let seeds: Vec<u64> = (plan.seeds.start..until).filter(complete).collect();
    let unexpected = (0..count)
        .map(|candidate| {
            let bad = |seed: &&u64| {
                known.get(WorldKey { seed: **seed, candidate }).is_some_and(|world| !world.as_expected)
            };
            seeds.iter().filter(bad).count() as u64
        })
        .collect();
    let mut metrics = IndexMap::new();
    for name in names(plan, known, &seeds) {
        if let Some(comparison) = metric(plan, known, &seeds, &name) {
            metrics.insert(name, comparison);
        }
    }
    let labels: Vec<String> = plan.candidates.iter().map(|candidate| candidate.label.clone()).collect();
    let mut conclusions: Vec<String> =
        metrics.iter().map(|(name, metric)| conclude(name, metric, &labels, plan.baseline)).collect();
    conclusions.extend(metrics.iter().filter_map(|(name, metric)| too_wide(plan, name, metric)));
    Comparison {
        scenarios: plan
            .candidates
            .iter()
            .map(|c| (c.loaded.name.clone(), c.loaded.overrides.clone(), c.loaded.hash.clone()))
            .collect(),
        labels,
        baseline: plan.baseline,
        seeds,
        unexpected,
        metrics,
        conclusions,
        stopped,
    }
}

/// The metrics asked for, or all that the baseline's first world has.
fn names(plan: &Plan, known: &Worlds, seeds: &[u64]) -> Vec<String> {
    if !plan.metrics.is_empty() {
        return plan.metrics.clone();
    }
    let first = seeds.first().and_then(|&seed| known.get(WorldKey { seed, candidate: plan.baseline }));
    first.map(|world| world.metrics.keys().cloned().collect()).unwrap_or_default()
}

/// A metric over the seeds in which every candidate has it; `None` if there are none.
fn metric(plan: &Plan, known: &Worlds, seeds: &[u64], name: &str) -> Option<MetricComparison> {
    let count = plan.candidates.len();
    let has = |seed: &&u64| (0..count).all(|c| known.values(&[**seed], c, name).is_some());
    let seeds: Vec<u64> = seeds.iter().filter(has).copied().collect();
    if seeds.is_empty() {
        return None;
    }
    let values: Vec<Vec<f64>> = (0..count).filter_map(|c| known.values(&seeds, c, name)).collect();
    let base = &values[plan.baseline];
    let mut differences: Vec<Difference> = values.iter().map(|own| Difference::of(own, base)).collect();
    if plan.precision.is_some() {
        // The interval of a run that stopped by its own data is made of the first stage's variance alone.
        let first = seeds.iter().filter(|seed| **seed < plan.seeds.end).count();
        for (difference, own) in differences.iter_mut().zip(&values) {
            let stage: Vec<f64> = own.iter().zip(base).take(first).map(|(a, b)| a - b).collect();
            difference.ci95 = stein_half_width(&stage, seeds.len() as u64);
            difference.p_value = stein_p_value(&stage, difference.mean, seeds.len() as u64);
        }
    }
    let others: Vec<usize> = (0..count).filter(|c| *c != plan.baseline).collect();
    let adjusted = holm(&others.iter().map(|c| differences[*c].p_value).collect::<Vec<_>>());
    let mut p_adjusted = vec![1.0; count];
    for (place, p) in others.into_iter().zip(adjusted) {
        p_adjusted[place] = p;
    }
    let better = match better(name) {
        Better::Less => "less",
        Better::More => "more",
        Better::Unknown => "unknown",
    };
    Some(MetricComparison {
        candidates: values.iter().filter_map(|own| Summary::of(own.clone())).collect(),
        values,
        differences,
        p_adjusted,
        better,
    })
}

/// A sentence where the precision that was asked for was not reached.
fn too_wide(plan: &Plan, name: &str, metric: &MetricComparison) -> Option<String> {
    let wanted = plan.precision?;
    let base = &metric.candidates[plan.baseline];
    let widest = metric.differences.iter().map(|difference| difference.ci95).fold(0.0, f64::max);
    // The target is a share of the first stage's mean, which is not quite that of all worlds.
    let reached = widest / base.mean.abs();
    (reached > wanted * 1.05).then(|| {
        format!(
            "{name}: {:.2}% was not reached: ± {:.2}% after {} worlds (--seeds-max {})",
            100.0 * wanted,
            100.0 * reached,
            base.runs,
            plan.seeds_max
        )
    })
}

/// One sentence: what to choose by this metric, or that the data cannot tell.
fn conclude(name: &str, metric: &MetricComparison, labels: &[String], baseline: usize) -> String {
    let worlds = metric.candidates[baseline].runs;
    if worlds < 2 {
        return format!("{name}: one world tells nothing; add seeds");
    }
    let clear = |c: &usize| *c != baseline && metric.p_adjusted[*c] < 0.05;
    let gain = |c: usize| {
        if metric.better == "less" { -metric.differences[c].mean } else { metric.differences[c].mean }
    };
    let different: Vec<usize> = (0..labels.len()).filter(clear).collect();
    let words = |c: usize| {
        let difference = &metric.differences[c];
        let base = metric.candidates[baseline].mean;
        let share =
            if base == 0.0 { String::new() } else { format!(", {:+.1}%", 100.0 * difference.mean / base) };
        format!("{:+.4} ± {:.4}{share}", difference.mean, difference.ci95)
    };
    let base = &labels[baseline];
    if different.is_empty() {
        let widest = (0..labels.len()).map(|c| metric.differences[c].ci95).fold(0.0, f64::max);
        return format!(
            "{name}: the data cannot tell the candidates from {base} ({worlds} worlds, ± {widest:.4})"
        );
    }
    if metric.better == "unknown" {
        let list: Vec<String> =
            different.iter().map(|c| format!("{} by {}", labels[*c], words(*c))).collect();
        return format!("{name}: different from {base}: {}", list.join("; "));
    }
    // Of candidates that are alike, the first: `max_by` would take the last.
    let best =
        different.iter().rev().copied().max_by(|a, b| gain(*a).total_cmp(&gain(*b))).unwrap_or(baseline);
    if gain(best) > 0.0 {
        format!("{name}: choose {} ({} against {base}, {worlds} worlds)", labels[best], words(best))
    } else {
        format!("{name}: stay with {base}; {} is worse by {}", labels[best], words(best))
    }
}

impl Comparison {
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
            .zip(&self.unexpected)
            .map(|((label, (scenario, overrides, hash)), unexpected)| {
                json!({ "label": label, "scenario": scenario, "overrides": overrides, "hash": hash, "unexpected": unexpected })
            })
            .collect();
        let metrics: serde_json::Map<String, Value> =
            self.metrics.iter().map(|(name, metric)| (name.clone(), self.metric_json(metric))).collect();
        json!({
            "schema": 1,
            "version": VERSION,
            "baseline": self.labels[self.baseline],
            "candidates": candidates,
            "worlds": self.seeds.len(),
            "seeds": { "first": self.seeds.first(), "last": self.seeds.last() },
            "metrics": metrics,
            "conclusions": self.conclusions,
            "stopped": self.stopped,
        })
    }

    fn metric_json(&self, metric: &MetricComparison) -> Value {
        let pairs: Vec<Value> = (0..self.labels.len())
            .filter(|c| *c != self.baseline)
            .map(|c| {
                let difference = &metric.differences[c];
                let (wins, losses) = match metric.better {
                    "less" => (difference.smaller, difference.greater),
                    _ => (difference.greater, difference.smaller),
                };
                json!({
                    "candidate": self.labels[c],
                    "difference": difference.mean,
                    "ci95": difference.ci95,
                    "ci95_unpaired": difference.ci95_unpaired,
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
            .map(|(label, summary)| (label.clone(), json!(summary)))
            .collect();
        json!({ "better": metric.better, "candidates": own, "pairs": pairs })
    }
}
