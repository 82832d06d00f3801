//! What is searched: which fault is the trigger, how long and how large it may be, over which loads, and what counts as
//! recovered.

use std::ops::Range as Seeds;

use sim_core::client::load::Load;
use sim_core::fault::Trigger;
use sim_core::random::distribution::Distribution;
use sim_core::time::Span;

use super::Value;
use crate::compare::{Candidate, World};
use crate::error::ScenarioError;
use crate::load::load;
use crate::schema::Scenario;
use crate::sweep::goal::Requirement;
use crate::sweep::parameter::{Parameter, Range, Unit, Values};
use crate::text::nearest;

/// What is asked for; what is left out is taken from the scenario.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The trigger's duration: `faults[0].lasts.Fixed=1s..30s`.
    pub duration: Option<Parameter>,
    /// The trigger's size: `faults[0].fault.Slow.factor=2..10`.
    pub size: Option<Parameter>,
    /// The load: `clients[0].load.Open.rate=50/s..400/s`.
    pub load: Option<Parameter>,
    /// What holds in a world that has recovered.
    pub recovered: Option<Requirement>,
}

/// A search that can be run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The scenario as it was named.
    pub scenario: String,
    /// Overrides everywhere.
    pub overrides: Vec<String>,
    /// The trigger's place among the faults.
    pub fault: usize,
    /// The path of its duration.
    pub duration_path: String,
    /// The durations.
    pub duration: Range,
    /// The path and the values of its size.
    pub size: Option<(String, Vec<Value>)>,
    /// The range of the size, where it is one.
    pub size_range: Option<Range>,
    /// The path and the values of the load.
    pub load: Option<(String, Vec<Value>)>,
    /// What holds in a world that has recovered.
    pub recovered: Requirement,
    /// How narrow a bracket ends the bisection: 0.05 for 5%.
    pub tolerance: f64,
    /// The seeds of every point.
    pub seeds: Seeds<u64>,
    /// How many worlds at once; 0 for as many as there are processors.
    pub jobs: usize,
}

/// How many loads a map has where nobody says.
const LOADS: usize = 8;

fn refuse<T>(message: impl Into<String>) -> Result<T, ScenarioError> {
    Err(ScenarioError::Comparison(message.into()))
}

impl Setup {
    /// Puts together what is asked for and what the scenario says.
    ///
    /// # Errors
    /// No trigger, no load, or a range that does not fit the run.
    pub fn new(
        scenario: &str,
        overrides: &[String],
        wanted: Wanted,
        seeds: Seeds<u64>,
    ) -> Result<Setup, ScenarioError> {
        let own = load(scenario, overrides)?.scenario;
        let duration = match wanted.duration {
            Some(parameter) => parameter,
            None => duration_of(&own)?,
        };
        let Values::Range(range) = &duration.values else {
            return refuse(format!("{}: the duration needs a range, as in 1s..30s", duration.path));
        };
        if range.unit != Unit::Time || range.low <= 0.0 {
            return refuse(format!("{}: the duration needs lengths of time above 0", duration.path));
        }
        let Some(fault) = fault_of(&duration.path).filter(|i| *i < own.faults.len()) else {
            return refuse(format!(
                "{}: the duration is that of a fault, as in faults[0].lasts.Fixed; there are {} faults",
                duration.path,
                own.faults.len()
            ));
        };
        if let Trigger::At(at) = &own.faults[fault].when {
            let room = own.run.duration.0.saturating_sub(at.0) as f64;
            if range.high > room {
                return refuse(format!(
                    "the trigger begins at {at} and all faults heal at {}: at most {} are left for it; raise run.duration or shorten {}",
                    own.run.duration,
                    Span::from_ns_f64(room),
                    duration.path
                ));
            }
        }
        if own.run.settle + own.run.calm == Span::ZERO {
            return refuse(
                "run.settle and run.calm are 0: there is no time after the trigger in which it could recover",
            );
        }
        let recovered = match wanted.recovered {
            Some(recovered) => recovered,
            None => recovered_of(&own)?,
        };
        wanted.size.iter().chain(&wanted.load).try_for_each(is_numbers)?;
        let load = match wanted.load {
            Some(parameter) => Some(parameter),
            None => load_of(&own),
        };
        let size_range = wanted.size.as_ref().and_then(|parameter| match &parameter.values {
            Values::Range(range) => Some(range.clone()),
            Values::List(_) => None,
        });
        Ok(Setup {
            size_range,
            scenario: scenario.to_string(),
            overrides: overrides.to_vec(),
            fault,
            duration_path: duration.path.clone(),
            duration: range.clone(),
            size: wanted.size.map(values),
            load: load.map(values),
            recovered,
            tolerance: 0.05,
            seeds,
            jobs: 0,
        })
    }

    /// The share of worlds that have not recovered.
    pub(super) fn stuck_share(&self, candidate: &Candidate, worlds: &[&World]) -> Result<f64, ScenarioError> {
        let metric = self.recovered.metric.as_str();
        let mut stuck = 0;
        for world in worlds {
            // Without any fault there is no time after the faults; then the whole run stands for it.
            let whole = metric == "availability_after" && candidate.loaded.scenario.faults.is_empty();
            let metric = if whole { "availability" } else { metric };
            match world.value(metric) {
                Some(value) => stuck += u32::from(!self.recovered.holds(value)),
                // A world that panicked, or in which nobody asked anything afterwards, has not shown that it is well.
                None if world.metrics.is_empty() || metric.starts_with("availability") => stuck += 1,
                None => {
                    let near = nearest(metric, world.metrics.keys().map(String::as_str))
                        .unwrap_or("availability_calm");
                    return refuse(format!(
                        "{} has no metric \"{metric}\"; did you mean \"{near}\"?",
                        candidate.loaded.name
                    ));
                }
            }
        }
        Ok(f64::from(stuck) / worlds.len().max(1) as f64)
    }
}

/// Refuses sizes and loads between which nothing lies.
fn is_numbers(asked: &Parameter) -> Result<(), ScenarioError> {
    match &asked.values {
        Values::List(list) if crate::sweep::design::numbers(list).is_none() => {
            refuse(format!("{}: a size or a load is a number, as in 50/s..400/s:8 or 2,4,8", asked.path))
        }
        _ => Ok(()),
    }
}

fn values(parameter: Parameter) -> (String, Vec<Value>) {
    let all = match &parameter.values {
        Values::Range(range) => range.grid(),
        Values::List(list) => {
            let numbers = crate::sweep::design::numbers(list);
            let number = |i: usize| numbers.as_ref().map_or(i as f64, |numbers| numbers[i]);
            list.iter().enumerate().map(|(i, value)| (number(i), value.clone())).collect()
        }
    };
    (parameter.path, all)
}

/// The place of the fault in a path such as `faults[0].lasts.Fixed`.
fn fault_of(path: &str) -> Option<usize> {
    path.strip_prefix("faults[")?.split_once(']')?.0.parse().ok()
}

fn parameter(path: String, low: f64, high: f64, unit: Unit, levels: usize) -> Parameter {
    let range = Range { low, high, unit, whole: false, log: false, levels };
    Parameter {
        text: format!("{path}={}..{}", range.text(low), range.text(high)),
        path,
        values: Values::Range(range),
    }
}

/// From a hundredth of the only fault's duration to four times it, or to where the run heals all.
fn duration_of(own: &Scenario) -> Result<Parameter, ScenarioError> {
    let lasting: Vec<(usize, Span)> = own
        .faults
        .iter()
        .enumerate()
        .filter_map(|(i, line)| match &line.lasts {
            Some(Distribution::Fixed(span)) if *span > Span::ZERO => Some((i, *span)),
            _ => None,
        })
        .collect();
    let [(i, span)] = lasting.as_slice() else {
        return refuse(format!(
            "which fault is the trigger? {} last a fixed time; name one with --duration faults[0].lasts.Fixed=1s..30s",
            lasting.len()
        ));
    };
    let mut high = span.0 as f64 * 4.0;
    if let Trigger::At(at) = &own.faults[*i].when {
        high = high.min(own.run.duration.0.saturating_sub(at.0) as f64);
    }
    let low = (span.0 as f64 / 100.0).min(high / 2.0).max(1.0);
    Ok(parameter(format!("faults[{i}].lasts.Fixed"), low, high, Unit::Time, 2))
}

/// From a quarter of the first clients' rate to a quarter more than it, if they have one.
fn load_of(own: &Scenario) -> Option<Parameter> {
    let Load::Open { rate, .. } = &own.clients.first()?.load else { return None };
    let unit = Unit::Suffix("/s".into());
    let (low, high) = (rate.get() * 0.25, rate.get() * 1.25);
    Some(parameter("clients[0].load.Open.rate".into(), low, high, unit, LOADS))
}

/// Nearly all is answered in the calm part, or, without one, after all faults.
fn recovered_of(own: &Scenario) -> Result<Requirement, ScenarioError> {
    let metric = if own.run.calm > Span::ZERO { "availability_calm" } else { "availability_after" };
    format!("{metric}>=0.95").parse().or_else(refuse)
}
