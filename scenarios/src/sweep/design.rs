//! Which points of the parameters' space are run: a full grid, or a Latin hypercube.
//!
//! The hypercube after McKay, Beckman and Conover (1979): each parameter's range is cut in as many parts as there are
//! points, and each part is used once. The order of a parameter's parts comes from a stream of its own, named by its
//! path, so that another parameter changes nobody's values.

use sim_core::fingerprint::content;
use sim_core::random::Rng;

use super::parameter::{Parameter, Values, quantity};
use crate::compare::Candidate;
use crate::compare::grid::{CANDIDATES_MAX, refuse_idle, short};
use crate::error::ScenarioError;
use crate::load::load;

/// A point: one value a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The values, as overrides take them.
    pub values: Vec<String>,
    /// The same as numbers: in the parameter's unit, or the place in its list.
    pub coordinates: Vec<f64>,
}

/// The points of the full grid, the last parameter changing fastest.
#[must_use]
pub fn grid(parameters: &[Parameter]) -> Vec<Point> {
    let mut points = vec![Point { values: Vec::new(), coordinates: Vec::new() }];
    for parameter in parameters {
        let levels = levels(parameter);
        // A grid that no sweep could hold is cut short; its size is refused by whoever makes candidates of it.
        points = points
            .iter()
            .flat_map(|point| levels.iter().map(move |level| with(point, level)))
            .take(CANDIDATES_MAX + 1)
            .collect();
    }
    points
}

fn with(point: &Point, (coordinate, value): &(f64, String)) -> Point {
    let mut longer = point.clone();
    longer.coordinates.push(*coordinate);
    longer.values.push(value.clone());
    longer
}

/// The values of a parameter in a grid.
fn levels(parameter: &Parameter) -> Vec<(f64, String)> {
    match &parameter.values {
        Values::Range(range) => range.grid(),
        Values::List(list) => {
            list.iter().cloned().enumerate().map(|(i, value)| (place(list, i), value)).collect()
        }
    }
}

/// A listed value as a number: its own if all of the list are numbers of one unit, else its place.
fn place(list: &[String], i: usize) -> f64 {
    numbers(list).map_or(i as f64, |numbers| numbers[i])
}

/// A list's values as numbers, if that is what they all are.
#[must_use]
pub fn numbers(list: &[String]) -> Option<Vec<f64>> {
    let all: Vec<_> =
        list.iter().map(|value| quantity(value.trim_matches('"')).ok()).collect::<Option<_>>()?;
    let same = all.windows(2).all(|pair| pair[0].1 == pair[1].1);
    same.then(|| all.into_iter().map(|(number, _)| number).collect())
}

/// The points of a Latin hypercube.
#[must_use]
pub fn latin(parameters: &[Parameter], count: usize, seed: u64) -> Vec<Point> {
    let columns: Vec<Vec<(f64, String)>> = parameters.iter().map(|p| column(p, count, seed)).collect();
    (0..count)
        .map(|i| Point {
            values: columns.iter().map(|column| column[i].1.clone()).collect(),
            coordinates: columns.iter().map(|column| column[i].0).collect(),
        })
        .collect()
}

fn column(parameter: &Parameter, count: usize, seed: u64) -> Vec<(f64, String)> {
    let mut rng = Rng::from_key(content(&format!("latin hypercube {seed} {}", parameter.path)));
    let mut parts: Vec<usize> = (0..count).collect();
    rng.shuffle(&mut parts);
    let value = |part: &usize| {
        let share = (*part as f64 + rng.unit()) / count as f64;
        match &parameter.values {
            Values::Range(range) => range.at(share),
            Values::List(list) => {
                let i = ((share * list.len() as f64) as usize).min(list.len() - 1);
                (place(list, i), list[i].clone())
            }
        }
    };
    parts.iter().map(value).collect()
}

/// The scenarios at the points. Points that say the same, after rounding, are one.
///
/// # Errors
/// What keeps one of them from being run; more than a sweep holds.
pub fn candidates(
    scenario: &str,
    overrides: &[String],
    parameters: &[Parameter],
    points: Vec<Point>,
) -> Result<(Vec<Point>, Vec<Candidate>), ScenarioError> {
    if points.len() > CANDIDATES_MAX {
        let message = format!(
            "more points than a sweep holds ({CANDIDATES_MAX}); take fewer levels (path=low..high:3) or --latin N"
        );
        return Err(ScenarioError::Comparison(message));
    }
    let paths: Vec<&str> = parameters.iter().map(|parameter| parameter.path.as_str()).collect();
    paths.iter().try_for_each(|path| refuse_idle(path))?;
    if let Some(twice) = paths.iter().enumerate().find(|(i, path)| paths[..*i].contains(path)) {
        return Err(ScenarioError::Comparison(format!("{} is varied twice", twice.1)));
    }
    let (mut kept, mut list): (Vec<Point>, Vec<Candidate>) = (Vec::new(), Vec::new());
    for point in points {
        let mut all = overrides.to_vec();
        all.extend(paths.iter().zip(&point.values).map(|(path, value)| format!("{path}={value}")));
        let loaded = load(scenario, &all)?;
        if list.iter().any(|other| other.loaded.hash == loaded.hash) {
            continue;
        }
        let named: Vec<String> = paths
            .iter()
            .zip(&point.values)
            .map(|(path, value)| format!("{}={value}", short(path, &paths)))
            .collect();
        list.push(Candidate { label: named.join(" "), loaded });
        kept.push(point);
    }
    Ok((kept, list))
}

#[cfg(test)]
mod tests {
    use super::{grid, latin};
    use crate::sweep::parameter::Parameter;

    fn parameters(texts: &[&str]) -> Vec<Parameter> {
        texts.iter().map(|text| text.parse().expect("sound")).collect()
    }

    #[test]
    fn a_grid_is_complete() {
        let points = grid(&parameters(&["a=1..3:3", "b=x,y"]));
        assert_eq!(points.len(), 6);
        assert_eq!(points[3].values, ["2", "y"]);
        assert_eq!(points[3].coordinates, [2.0, 1.0]);
    }

    #[test]
    fn a_hypercube_uses_every_part_once_and_parameters_do_not_disturb_each_other() {
        let points = latin(&parameters(&["a=0.0..1.0", "b=p,q"]), 20, 1);
        let mut parts: Vec<usize> =
            points.iter().map(|p| (p.coordinates[0] * 20.0 - 1e-9) as usize).collect();
        parts.sort_unstable();
        parts.dedup();
        // Rounding to three digits may carry a value over its part's edge, but not far.
        assert!(parts.len() >= 18, "{parts:?}");
        assert_eq!(points.iter().filter(|point| point.values[1] == "p").count(), 10);
        let alone = latin(&parameters(&["a=0.0..1.0"]), 20, 1);
        assert!(points.iter().zip(&alone).all(|(a, b)| a.values[0] == b.values[0]));
        assert_ne!(latin(&parameters(&["a=0.0..1.0"]), 20, 2), alone);
    }
}
