//! The pictures and pages of sweeps and of searches for a tipping point.

use std::path::Path;

use anyhow::Context;
use reports::Tipping;
use scenarios::metastable::setup::Setup;
use scenarios::metastable::{Map, Region, Threshold};
use scenarios::sweep::parameter::Values;
use scenarios::sweep::{Plan, Sweep};

use crate::metastable::region_word;
use crate::output::Trouble;

/// Writes a sweep's pictures and page into a directory.
pub fn write_sweep(plan: &Plan, found: &Sweep, dir: &Path) -> Result<(), Trouble> {
    let metrics = plan.metrics();
    let point = |own: &scenarios::sweep::verdict::PointResult| reports::SweepPoint {
        label: own.label.clone(),
        values: own.values.clone(),
        coordinates: own.coordinates.clone(),
        means: metrics
            .iter()
            .map(|name| own.metrics.get(name).map_or((f64::NAN, f64::NAN), |m| (m.mean, m.ci95)))
            .collect(),
        keeps: own.breaks.is_empty(),
        worlds: own.worlds,
    };
    let place = |name: &String| metrics.iter().position(|own| own == name).unwrap_or(0);
    let input = reports::Sweep {
        title: plan.scenario.clone(),
        parameters: plan
            .parameters
            .iter()
            .map(|parameter| reports::SweepParameter {
                path: parameter.path.clone(),
                log: matches!(&parameter.values, Values::Range(range) if range.log),
            })
            .collect(),
        grid: plan.spec.latin.is_none(),
        points: found.points.iter().map(point).collect(),
        best: found.best,
        pareto: plan
            .pareto
            .as_ref()
            .map(|(a, b)| [(place(&a.metric), a.minimize), (place(&b.metric), b.minimize)]),
        front: found.front.clone(),
        sensitivity: found
            .sensitivity
            .iter()
            .map(|(metric, own)| reports::Sensitivity {
                metric: metric.clone(),
                r_squared: own.r_squared,
                parameters: own.coefficients.iter().copied().zip(own.first_order.iter().copied()).collect(),
            })
            .collect(),
        conclusions: found.conclusions.clone(),
        metrics,
    };
    reports::write_sweep(&input, dir).context("the pictures")?;
    Ok(())
}

/// Writes the stability map and its page into a directory.
pub fn write_metastable(setup: &Setup, found: &Map, dir: &Path) -> Result<(), Trouble> {
    let name = |value: &Option<(f64, String)>| {
        value.as_ref().map_or("as it is".to_string(), |(_, text)| text.clone())
    };
    let tipping = |threshold: &Threshold| match *threshold {
        Threshold::Overloaded => Tipping::Overloaded,
        Threshold::Never => Tipping::Never,
        Threshold::Shortest { stuck_ns, .. } => Tipping::Shortest { stuck: stuck_ns },
        Threshold::Between { recovers_ns, stuck_ns, .. } => {
            Tipping::Between { recovers: recovers_ns, stuck: stuck_ns }
        }
    };
    let load = |(load, region): &(Option<(f64, String)>, Region)| reports::LoadPoint {
        label: name(load),
        region: region_word(*region).to_string(),
        sizes: found
            .columns
            .iter()
            .filter(|column| column.load == *load)
            .map(|column| tipping(&column.threshold))
            .collect(),
    };
    let sizes = setup.size.as_ref().map(|(_, values)| values.iter().map(|(_, text)| text.clone()).collect());
    let size = setup
        .size
        .as_ref()
        .map_or(String::new(), |(path, _)| format!(", size {path} (in each column from left to right)"));
    let input = reports::Stability {
        title: setup.scenario.clone(),
        trigger: format!("trigger {}{size}", setup.duration_path),
        recovered: setup.recovered.text.clone(),
        load: setup.load.as_ref().map_or("load as it is".to_string(), |(path, _)| path.clone()),
        shortest_ns: setup.duration.low,
        longest_ns: setup.duration.high,
        sizes: sizes.unwrap_or_default(),
        loads: found.regions.iter().map(load).collect(),
        conclusions: found.conclusions.clone(),
    };
    reports::write_stability(&input, dir).context("the pictures")?;
    Ok(())
}
