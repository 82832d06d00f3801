//! What the pictures and the page of a sweep are made from, and the files they become.
//!
//! Deliberately absent: how points, fronts and sensitivities were computed.

use std::path::{Path, PathBuf};

use crate::number::{metric_within, short};
use crate::plots::heatmap::heatmap;
use crate::plots::pareto::pareto;
use crate::plots::sensitivity::sensitivity;
use crate::study::{Study, Table, write_study};
use crate::text::count;
use crate::write::{ReportError, remove_stale};

/// A sweep, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sweep {
    /// What was swept.
    pub title: String,
    /// The parameters.
    pub parameters: Vec<Parameter>,
    /// Whether the points are a full grid.
    pub grid: bool,
    /// The metrics, the objective first.
    pub metrics: Vec<String>,
    /// The points.
    pub points: Vec<Point>,
    /// The best point's place.
    pub best: Option<usize>,
    /// The metrics of the front, by place, and whether less is better of each.
    pub pareto: Option<[(usize, bool); 2]>,
    /// The places of the points on the front, by its first metric.
    pub front: Vec<usize>,
    /// By metric.
    pub sensitivity: Vec<Sensitivity>,
    /// What follows, in sentences.
    pub conclusions: Vec<String>,
}

/// A parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Its path.
    pub path: String,
    /// Whether its steps multiply.
    pub log: bool,
}

/// A point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// In words.
    pub label: String,
    /// Its values, by parameter, as a file has them.
    pub values: Vec<String>,
    /// The same as numbers.
    pub coordinates: Vec<f64>,
    /// The metrics' means with half the width of their 95% intervals; NaN where there is none.
    pub means: Vec<(f64, f64)>,
    /// Whether it keeps the bounds.
    pub keeps: bool,
    /// How many worlds.
    pub worlds: u64,
}

/// How much a metric depends on each parameter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sensitivity {
    /// The metric.
    pub metric: String,
    /// The share of the variance that the regression explains.
    pub r_squared: Option<f64>,
    /// By parameter: the standardized regression coefficient and the first-order effect.
    pub parameters: Vec<(Option<f64>, Option<f64>)>,
}

impl Sweep {
    fn table(&self) -> Table {
        let row = |(place, point): (usize, &Point)| {
            let mut cells = vec![point.label.clone(), point.worlds.to_string()];
            for (name, (mean, ci95)) in self.metrics.iter().zip(&point.means) {
                cells.push(if mean.is_finite() { metric_within(name, *mean, *ci95) } else { "–".into() });
            }
            let mut notes: Vec<&str> = Vec::new();
            notes.extend((self.best == Some(place)).then_some("best"));
            notes.extend(self.front.contains(&place).then_some("on the front"));
            notes.extend((!point.keeps).then_some("breaks a bound"));
            cells.push(notes.join(", "));
            cells
        };
        let head = ["point".to_string(), "worlds".to_string()];
        Table {
            title: "Points".into(),
            head: head.into_iter().chain(self.metrics.clone()).chain([String::new()]).collect(),
            rows: self.points.iter().enumerate().map(row).collect(),
            numbers: (1..self.metrics.len() + 2).collect(),
        }
    }

    fn sensitivity_table(&self, own: &Sensitivity) -> Table {
        let cell = |value: Option<f64>| value.map_or("–".to_string(), short);
        let row = |(parameter, (line, share)): (&Parameter, &(Option<f64>, Option<f64>))| {
            vec![parameter.path.clone(), cell(*line), cell(*share)]
        };
        let line = own.r_squared.map_or(String::new(), |r| format!(" (R² {})", short(r)));
        Table {
            title: format!("{} by parameter", own.metric),
            head: vec![
                "parameter".into(),
                format!("standardized coefficient{line}"),
                "first-order effect".into(),
            ],
            rows: self.parameters.iter().zip(&own.parameters).map(row).collect(),
            numbers: vec![1, 2],
        }
    }
}

/// Writes `heatmap.svg`, `pareto.svg`, `sensitivity.svg` (those that have something to show) and `report.html` of a sweep
/// into a folder, which is made if it is not there; answers the paths, the page first.
///
/// # Errors
/// What could not be written. Each file is written whole or not at all.
pub fn write_sweep(input: &Sweep, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let all = [
        ("pareto.svg", pareto(input)),
        ("heatmap.svg", heatmap(input)),
        ("sensitivity.svg", sensitivity(input)),
    ];
    let mut pictures = Vec::new();
    for (name, svg) in all {
        match svg {
            Some(svg) => pictures.push((name.to_string(), svg)),
            None => remove_stale(folder, name)?,
        }
    }
    let mut tables = vec![input.table()];
    tables.extend(input.sensitivity.iter().map(|own| input.sensitivity_table(own)));
    let study = Study {
        title: format!("{} · {}", input.title, count(input.points.len() as u64, "point")),
        words: input.conclusions.clone(),
        replay: String::new(),
        pictures,
        tables,
    };
    write_study(&study, folder)
}
