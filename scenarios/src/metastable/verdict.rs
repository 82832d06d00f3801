//! The map that a search leaves: thresholds by load and size, regions of the load, and the smallest trigger.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::setup::Setup;
use super::size::LeastSize;
use super::{Bracket, MAJORITY, Value};
use crate::version::VERSION;

/// What a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// It comes back from every trigger that was tried.
    Stable,
    /// It is well, but a trigger large enough leaves it in a metastable failure.
    Vulnerable,
    /// It is not well without any trigger.
    Overloaded,
}

/// How long a trigger of one size must last at one load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// No trigger is needed.
    Overloaded,
    /// Even the longest is recovered from.
    Never,
    /// Even the shortest is not.
    Shortest {
        /// The shortest, in nanoseconds.
        stuck_ns: f64,
        /// The share of worlds that did not recover.
        stuck_share: f64,
    },
    /// It lies between two.
    Between {
        /// The longest from which it recovers, in nanoseconds.
        recovers_ns: f64,
        /// The share of worlds that did not, there.
        recovers_share: f64,
        /// The shortest from which it does not.
        stuck_ns: f64,
        /// The share of worlds that did not, there.
        stuck_share: f64,
    },
}

/// A load and a size with their threshold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Column {
    /// The load; absent where the scenario's own is kept.
    pub load: Option<Value>,
    /// The trigger's size, likewise.
    pub size: Option<Value>,
    /// How long it must last.
    pub threshold: Threshold,
}

/// A finished search.
#[derive(Clone, Debug)]
pub struct Map {
    /// By load, then size.
    pub columns: Vec<Column>,
    /// Each load with what it is.
    pub regions: Vec<(Option<Value>, Region)>,
    /// The smallest sizes that tip it, by load.
    pub least_sizes: Vec<LeastSize>,
    /// What follows, in sentences.
    pub conclusions: Vec<String>,
    /// Whether it was stopped before it was done.
    pub stopped: bool,
}

impl Threshold {
    /// The shortest duration seen from which it does not recover.
    #[must_use]
    pub fn stuck_ns(&self) -> Option<f64> {
        match self {
            Threshold::Shortest { stuck_ns, .. } | Threshold::Between { stuck_ns, .. } => Some(*stuck_ns),
            _ => None,
        }
    }
}

pub(super) fn map(setup: &Setup, brackets: &[Bracket], least_sizes: Vec<LeastSize>, stopped: bool) -> Map {
    let columns: Vec<Column> = brackets
        .iter()
        .map(|bracket| Column {
            load: bracket.site.load.clone(),
            size: bracket.site.size.clone(),
            threshold: threshold(bracket),
        })
        .collect();
    let mut regions: Vec<(Option<Value>, Region)> = Vec::new();
    for column in &columns {
        let region = match column.threshold {
            Threshold::Overloaded => Region::Overloaded,
            Threshold::Never => Region::Stable,
            _ => Region::Vulnerable,
        };
        match regions.last_mut() {
            Some((load, worst)) if *load == column.load => {
                if region != Region::Stable {
                    *worst = region;
                }
            }
            _ => regions.push((column.load.clone(), region)),
        }
    }
    let mut conclusions = conclude(setup, &columns, &regions);
    conclusions.extend(least_sizes.iter().map(|own| least_words(setup, own)));
    Map { columns, regions, least_sizes, conclusions, stopped }
}

fn threshold(bracket: &Bracket) -> Threshold {
    match (bracket.unwell >= MAJORITY, bracket.recovers, bracket.stuck) {
        (true, _, _) => Threshold::Overloaded,
        (false, _, None) => Threshold::Never,
        (false, None, Some((stuck_ns, stuck_share))) => Threshold::Shortest { stuck_ns, stuck_share },
        (false, Some((recovers_ns, recovers_share)), Some((stuck_ns, stuck_share))) => {
            Threshold::Between { recovers_ns, recovers_share, stuck_ns, stuck_share }
        }
    }
}

/// The smallest size in words.
fn least_words(setup: &Setup, own: &LeastSize) -> String {
    let load = own.load.as_ref().map_or("the scenario's own load", |(_, text)| text);
    let longest = setup.duration.text(setup.duration.high);
    format!(
        "at {load}: of size {} it is enough if it lasts {longest}, of size {} it is not",
        own.stuck.1, own.recovers.1
    )
}

fn conclude(setup: &Setup, columns: &[Column], regions: &[(Option<Value>, Region)]) -> Vec<String> {
    let mut said = Vec::new();
    let name = |value: &Option<Value>| {
        value.as_ref().map_or("the scenario's own load", |(_, text)| text).to_string()
    };
    let of = |wanted: Region| regions.iter().filter(move |(_, region)| *region == wanted);
    let span = |list: Vec<String>| match list.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        [first, .., last] => Some(format!("{first} to {last}")),
    };
    for (region, words) in [
        (Region::Stable, "stable: it comes back from every trigger tried"),
        (Region::Vulnerable, "vulnerable: well until a trigger that it does not come back from"),
        (Region::Overloaded, "overloaded: not well without any trigger"),
    ] {
        if let Some(loads) = span(of(region).map(|(load, _)| name(load)).collect()) {
            said.push(format!("{words} — {loads}"));
        }
    }
    for (load, _) in of(Region::Vulnerable) {
        let own = columns.iter().filter(|column| column.load == *load);
        let smallest = own.filter_map(|column| Some((column.threshold.stuck_ns()?, column)));
        for (stuck, column) in smallest {
            let size = column.size.as_ref().map_or(String::new(), |(_, text)| format!(" of size {text}"));
            said.push(match column.threshold {
                Threshold::Between { recovers_ns, .. } => format!(
                    "at {}: a trigger{size} of {} is enough, one of {} is not",
                    name(load),
                    setup.duration.text(stuck),
                    setup.duration.text(recovers_ns)
                ),
                _ => format!(
                    "at {}: a trigger{size} of {}, the shortest tried, is enough",
                    name(load),
                    setup.duration.text(stuck)
                ),
            });
        }
    }
    said
}

impl Map {
    /// The document that `metastable --json` prints.
    #[must_use]
    pub fn to_json(&self, setup: &Setup) -> Json {
        let regions: Vec<Json> = self
            .regions
            .iter()
            .map(|(load, region)| json!({ "load": load.as_ref().map(|l| &l.1), "region": region }))
            .collect();
        let columns: Vec<Json> = self
            .columns
            .iter()
            .map(|column| {
                json!({
                    "load": column.load.as_ref().map(|load| &load.1),
                    "size": column.size.as_ref().map(|size| &size.1),
                    "threshold": column.threshold,
                })
            })
            .collect();
        json!({
            "schema": 1,
            "version": VERSION,
            "scenario": setup.scenario,
            "trigger": { "fault": setup.fault, "duration": setup.duration_path, "size": setup.size.as_ref().map(|s| &s.0) },
            "load": setup.load.as_ref().map(|load| &load.0),
            "recovered": setup.recovered.text,
            "durations_ns": { "shortest": setup.duration.low, "longest": setup.duration.high },
            "seeds": { "first": setup.seeds.start, "last": setup.seeds.end - 1 },
            "regions": regions,
            "thresholds": columns,
            "least_sizes": self.least_sizes,
            "conclusions": self.conclusions,
            "stopped": self.stopped,
        })
    }
}
