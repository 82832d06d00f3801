//! A comparison written down: a file that names candidates, what they are judged by, and how sure it is to be. The library
//! has some (`compare/jitter`, `cap/raft-vs-quorum`); `squall compare` takes their names, and files of one's own, where it
//! takes a scenario.
//!
//! A file is a comparison if it has the field `candidates`; no scenario has. Deliberately absent: running it.

use std::path::Path;

use serde::Deserialize;
use sim_core::units::Ratio;

use super::grid::{Source, Vary};
use super::metric::Metric;
use crate::error::ScenarioError;
use crate::library;
use crate::sweep::goal::Requirement;
use crate::text::Document;

/// What a comparison's file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What it asks, in a sentence.
    #[expect(dead_code, reason = "every file must say it; listings read it by itself")]
    about: String,
    /// The policies, two or more, or one whose fields are varied.
    candidates: Vec<Policy>,
    /// Overrides in all of them: `path=value`.
    #[serde(default)]
    set: Vec<String>,
    /// Fields to vary in all of them: `path=v1,v2`.
    #[serde(default)]
    vary: Vec<String>,
    /// The metrics that matter, `least:` or `most:` before those whose better way is not known; all if absent.
    #[serde(default)]
    metrics: Vec<String>,
    /// Bounds that the choice must keep: `availability>=99%`.
    #[serde(default)]
    require: Vec<String>,
    /// The label of the candidate that the others are held against; the first if absent.
    #[serde(default)]
    baseline: Option<String>,
    /// The half-width of every interval as a share of the baseline's mean; seeds are added until it is reached.
    #[serde(default)]
    precision: Option<Ratio>,
    /// How many seeds, with a precision those of the first stage; 100 if absent.
    #[serde(default)]
    seeds: Option<u64>,
}

/// A candidate of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    /// What results call it; the scenario's name if absent.
    #[serde(default)]
    label: Option<String>,
    /// A scenario of the library, or a file, its path seen from this one.
    scenario: String,
    /// Overrides in it: `path=value`.
    #[serde(default)]
    set: Vec<String>,
}

/// What is asked beside the candidates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The metrics that matter.
    pub metrics: Vec<Metric>,
    /// Bounds that the choice must keep.
    pub bounds: Vec<Requirement>,
    /// The label of the baseline.
    pub baseline: Option<String>,
    /// The precision.
    pub precision: Option<f64>,
    /// How many seeds.
    pub seeds: Option<u64>,
}

/// The candidates behind the names of scenarios and comparisons, and what the comparison says besides if it is the only
/// name.
///
/// # Errors
/// A comparison's file that cannot be read or is wrong.
pub fn sources(names: &[String]) -> Result<(Vec<Source>, Settings), ScenarioError> {
    let (mut all, mut settings) = (Vec::new(), Settings::default());
    for name in names {
        let Some(text) = text(name)? else {
            all.push(Source::named(name));
            continue;
        };
        let (sources, own) = read(name, &text)?;
        all.extend(sources);
        if names.len() == 1 {
            settings = own;
        }
    }
    Ok((all, settings))
}

/// The text of a comparison; `None` if the name is not that of one.
fn text(name: &str) -> Result<Option<String>, ScenarioError> {
    if let Some(text) = library::comparison(name) {
        return Ok(Some(text.to_string()));
    }
    if library::text(name).is_some() {
        return Ok(None);
    }
    match std::fs::read_to_string(name) {
        Ok(text) => Ok(is_comparison(&text, name).then_some(text)),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(ScenarioError::Unreadable { path: name.to_string(), why }),
    }
}

/// Whether a text is that of a comparison. One that cannot be parsed is taken for a scenario, which will tell why.
pub(crate) fn is_comparison(text: &str, origin: &str) -> bool {
    Document::parse(text, origin, &[]).is_ok_and(|document| document.root().field("candidates").is_some())
}

fn read(name: &str, text: &str) -> Result<(Vec<Source>, Settings), ScenarioError> {
    let document = Document::parse(text, name, &[])?;
    let file: File = document.read()?;
    let mut vary = Vec::new();
    for (i, field) in file.vary.iter().enumerate() {
        let parsed = field.parse::<Vary>();
        vary.push(parsed.map_err(|why| document.wrong(&format!("vary[{i}]"), &why, &[]))?);
    }
    let mut bounds = Vec::new();
    for (i, bound) in file.require.iter().enumerate() {
        let parsed = bound.parse::<Requirement>();
        bounds.push(parsed.map_err(|why| document.wrong(&format!("require[{i}]"), &why, &[]))?);
    }
    if !bounds.is_empty() && file.metrics.is_empty() {
        return Err(document
            .wrong("require", "bounds need a metric that decides among those that keep them", &[])
            .into());
    }
    if file.seeds == Some(0) {
        return Err(document.wrong("seeds", "a comparison needs seeds", &[]).into());
    }
    if file.precision.is_some() && file.metrics.is_empty() {
        return Err(document.wrong("precision", "a precision needs metrics that it is for", &[]).into());
    }
    let mut sources = Vec::new();
    for (i, policy) in file.candidates.into_iter().enumerate() {
        let scenario = beside(name, &policy.scenario);
        if library::text(&scenario).is_none() && !Path::new(&scenario).is_file() {
            let names: Vec<String> = library::names().into_iter().map(str::to_string).collect();
            let message = format!("there is no scenario \"{}\"", policy.scenario);
            return Err(document.wrong(&format!("candidates[{i}].scenario"), &message, &names).into());
        }
        let overrides = file.set.iter().cloned().chain(policy.set).collect();
        sources.push(Source { label: policy.label, scenario, overrides, vary: vary.clone() });
    }
    let settings = Settings {
        metrics: file
            .metrics
            .iter()
            .map(|text| text.parse().unwrap_or_else(|never| match never {}))
            .collect(),
        bounds,
        baseline: file.baseline,
        precision: file.precision.map(Ratio::get),
        seeds: file.seeds,
    };
    Ok((sources, settings))
}

/// A scenario's path as seen from a comparison's file.
fn beside(comparison: &str, scenario: &str) -> String {
    let path = Path::new(scenario);
    if library::text(scenario).is_some() || library::comparison(comparison).is_some() || path.is_absolute() {
        return scenario.to_string();
    }
    let folder = Path::new(comparison).parent().unwrap_or(Path::new(""));
    folder.join(path).to_string_lossy().into_owned()
}

/// The scenarios that a comparison of the library is of, for those who ask to run it.
pub(crate) fn scenarios_of(text: &str, origin: &str) -> Vec<String> {
    let file = Document::parse(text, origin, &[]).and_then(|document| document.read::<File>());
    let mut names: Vec<String> = Vec::new();
    for policy in file.map(|file| file.candidates).unwrap_or_default() {
        if !names.contains(&policy.scenario) {
            names.push(policy.scenario);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{read, sources};
    use crate::compare::candidates;
    use crate::library;

    #[test]
    fn every_comparison_of_the_library_can_be_run() {
        for name in library::comparisons() {
            let (sources, settings) = sources(&[name.to_string()]).expect(name);
            let candidates = candidates(&sources, &[], &[]).expect(name);
            assert!(candidates.len() > 1, "{name}");
            let labels: Vec<&str> = candidates.iter().map(|candidate| candidate.label.as_str()).collect();
            let baseline = settings.baseline.unwrap_or(labels[0].to_string());
            assert!(labels.contains(&baseline.as_str()), "{name}: {baseline} is none of {labels:?}");
            assert!(library::text(name).is_none(), "{name} is a scenario too");
            assert!(library::about(name).is_some_and(|about| !about.is_empty()), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_shown_in_place() {
        let two = "candidates: [(scenario: \"solo/restart\"), (label: \"b\", scenario: \"raft/healthy\")]";
        assert!(read("mine", &format!("(about: \"x\", {two})")).is_ok());
        for (text, part) in [
            (format!("(about: \"x\", {two}, metircs: [])"), "did you mean `metrics`"),
            (format!("(about: \"x\", {two}, precision: \"2%\")"), "needs metrics"),
            (format!("(about: \"x\", {two}, seeds: 0)"), "needs seeds"),
            (format!("(about: \"x\", {two}, vary: [\"a=1,1\"])"), "given twice"),
            ("(about: \"x\", candidates: [(scenario: \"solo/restrat\")])".into(), "solo/restart"),
        ] {
            let why = read("mine", &text).expect_err(part).to_string();
            assert!(why.contains(part), "{part}: {why}");
        }
    }
}
