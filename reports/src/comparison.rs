//! What the pictures and the page of a paired comparison are made from, and the files they become.
//!
//! Deliberately absent: how the differences and their intervals were computed.

use std::path::{Path, PathBuf};

use checks::metrics::direction::Better;
use checks::metrics::of_one_client;
use checks::statistics::summary::percentile;

use crate::number::{percent, short, unit_after, unit_of, whole};
use crate::plots::candidates::candidates;
use crate::plots::effect::effect;
use crate::study::{Study, Table, write_study};
use crate::text::count;
use crate::write::ReportError;

/// A paired comparison, ready to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What was compared.
    pub title: String,
    /// The candidates, in order.
    pub labels: Vec<String>,
    /// The baseline's place.
    pub baseline: usize,
    /// How many worlds each candidate ran in.
    pub worlds: u64,
    /// The metrics.
    pub metrics: Vec<ComparedMetric>,
    /// What follows, a sentence a metric.
    pub conclusions: Vec<String>,
    /// What it was made from: seeds, version.
    pub origin: String,
    /// The command that does it again; empty if there is none.
    pub replay: String,
}

/// A metric under every candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedMetric {
    /// Its name, with its unit as in [`crate::input::Run::metrics`].
    pub name: String,
    /// Which way is better.
    pub better: Better,
    /// By candidate.
    pub policies: Vec<ComparedPolicy>,
}

/// A candidate by one metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComparedPolicy {
    /// The value in each world.
    pub values: Vec<f64>,
    /// The mean.
    pub mean: f64,
    /// The mean difference to the baseline.
    pub difference: f64,
    /// Half the width of its 95% interval.
    pub ci95: f64,
    /// Half the width that unpaired worlds would have given.
    pub ci95_unpaired: f64,
    /// In how many worlds the value was smaller than the baseline's.
    pub smaller: u64,
    /// In how many it was greater.
    pub greater: u64,
    /// The p-value of "no difference", adjusted for the number of candidates.
    pub p_adjusted: f64,
}

impl Comparison {
    /// The metrics worth a picture: those that differ between candidates or worlds, and are not a single client's.
    pub fn shown(&self) -> impl Iterator<Item = &ComparedMetric> {
        self.metrics.iter().filter(|metric| {
            let mut values = metric.policies.iter().flat_map(|policy| policy.values.iter());
            let first = values.next();
            !of_one_client(&metric.name) && values.any(|value| Some(value) != first)
        })
    }

    fn table(&self, metric: &ComparedMetric) -> Table {
        let greatest = metric.policies.iter().fold(0.0, |most: f64, p| most.max(p.mean.abs()));
        let (name, unit, size) = unit_of(&metric.name, greatest);
        let unit = unit_after(unit);
        let base = metric.policies[self.baseline].mean;
        let row = |(place, policy): (usize, &ComparedPolicy)| {
            let mut sorted = policy.values.clone();
            sorted.sort_by(f64::total_cmp);
            let at = |share| {
                let value = percentile(&sorted, share);
                value.map_or("–".to_string(), |value| format!("{}{unit}", short(value / size)))
            };
            let mean = format!("{}{unit}", short(policy.mean / size));
            let own = vec![self.labels[place].clone(), mean, at(0.5), at(0.99)];
            let rest = if place == self.baseline {
                vec!["baseline".into(), String::new(), String::new(), String::new(), String::new()]
            } else {
                let share = if base == 0.0 { "–".into() } else { percent(policy.difference / base.abs()) };
                let sign = if policy.difference > 0.0 { "+" } else { "" };
                vec![
                    format!(
                        "{sign}{} ± {}{unit}",
                        short(policy.difference / size),
                        short(policy.ci95 / size)
                    ),
                    share,
                    format!("± {}{unit}", short(policy.ci95_unpaired / size)),
                    format!("{} / {}", whole(policy.smaller), whole(policy.greater)),
                    if policy.p_adjusted < 1e-4 {
                        "< 0.0001".into()
                    } else {
                        format!("{:.4}", policy.p_adjusted)
                    },
                ]
            };
            own.into_iter().chain(rest).collect()
        };
        let head = [
            "candidate",
            "mean",
            "p50",
            "p99",
            "difference, 95 %",
            "share",
            "if unpaired",
            "less / more",
            "p (Holm)",
        ];
        Table {
            title: name,
            head: head.map(str::to_string).into(),
            rows: metric.policies.iter().enumerate().map(row).collect(),
            numbers: (1..9).collect(),
        }
    }
}

/// Writes `effect.svg`, `candidates.svg` and `report.html` of a comparison into a folder, which is made if it is not
/// there; answers the paths, the page first.
///
/// # Errors
/// What could not be written. Each file is written whole or not at all.
pub fn write_comparison(input: &Comparison, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let study = Study {
        title: format!("{} · {} · {}", input.title, count(input.worlds, "world"), input.origin),
        words: input.conclusions.clone(),
        replay: input.replay.clone(),
        pictures: vec![("effect.svg".into(), effect(input)), ("candidates.svg".into(), candidates(input))],
        tables: input.shown().map(|metric| input.table(metric)).collect(),
    };
    write_study(&study, folder)
}
