//! What the stability map and its page are made from, and the files they become.
//!
//! Deliberately absent: the search itself.

use std::path::{Path, PathBuf};

use crate::number::duration;
use crate::plots::stability::stability;
use crate::study::{Study, Table, write_study};
use crate::write::ReportError;

/// A search for the smallest trigger, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stability {
    /// What was searched.
    pub title: String,
    /// The trigger in words.
    pub trigger: String,
    /// What holds where it has recovered.
    pub recovered: String,
    /// The path of the load.
    pub load: String,
    /// The shortest duration tried.
    pub shortest_ns: f64,
    /// The longest.
    pub longest_ns: f64,
    /// The trigger's sizes; empty if it has one.
    pub sizes: Vec<String>,
    /// By load.
    pub loads: Vec<LoadPoint>,
    /// What follows, in sentences.
    pub conclusions: Vec<String>,
}

/// A load.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadPoint {
    /// As a file has it.
    pub label: String,
    /// `stable`, `vulnerable` or `overloaded`.
    pub region: String,
    /// The thresholds, by size.
    pub sizes: Vec<Tipping>,
}

/// How long a trigger must last, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tipping {
    /// It is not well without any.
    Overloaded,
    /// Even the longest is recovered from.
    Never,
    /// Even the shortest is not.
    Shortest {
        /// The shortest.
        stuck: f64,
    },
    /// Between two.
    Between {
        /// The longest that is recovered from.
        recovers: f64,
        /// The shortest that is not.
        stuck: f64,
    },
}

impl Tipping {
    /// The shortest duration that is not recovered from.
    #[must_use]
    pub fn stuck(&self) -> Option<f64> {
        match self {
            Tipping::Shortest { stuck } | Tipping::Between { stuck, .. } => Some(*stuck),
            _ => None,
        }
    }

    fn words(&self) -> [String; 2] {
        match self {
            Tipping::Overloaded => ["–".into(), "–".into()],
            Tipping::Never => ["every one tried".into(), "none tried".into()],
            Tipping::Shortest { stuck } => ["none tried".into(), duration(*stuck)],
            Tipping::Between { recovers, stuck } => [duration(*recovers), duration(*stuck)],
        }
    }
}

/// Writes `stability.svg` and `report.html` of a search into a folder, which is made if it is not there; answers the
/// paths, the page first.
///
/// # Errors
/// What could not be written. Each file is written whole or not at all.
pub fn write_stability(input: &Stability, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let mut rows = Vec::new();
    for load in &input.loads {
        for (i, tipping) in load.sizes.iter().enumerate() {
            let size = input.sizes.get(i).cloned().unwrap_or_else(|| "as it is".into());
            let [recovers, stuck] = tipping.words();
            rows.push(vec![load.label.clone(), load.region.clone(), size, recovers, stuck]);
        }
    }
    let head = ["load", "region", "size", "recovers from", "stuck after"];
    let table = Table {
        title: "Thresholds".into(),
        head: head.map(str::to_string).into(),
        rows,
        numbers: vec![3, 4],
    };
    let study = Study {
        title: format!("{} · tipping points", input.title),
        words: input.conclusions.clone(),
        replay: String::new(),
        pictures: vec![("stability.svg".into(), stability(input))],
        tables: vec![table],
    };
    write_study(&study, folder)
}
