//! Whether the free words of a scenario are words that its model uses: roles, marks, kinds of messages. A word that no
//! node ever says would strike nobody, or wait for ever, and nothing would tell.
//!
//! Deliberately absent: names of nodes, zones and groups, which the engine checks, and of metrics, which are known
//! only after a run.

use models::model::Words;
use sim_core::fault::{Event, Fault, FaultLine, Target, Trigger};
use sim_core::world::ConfigError;

use crate::assemble::Wrong;
use crate::schema::{CheckSpec, Scenario, Stop};

/// The marks that clients make, whatever the model.
const CLIENT_MARKS: [&str; 6] = [
    "breaker closed",
    "breaker opened",
    "held back by client",
    "hedged",
    "retry budget empty",
    "too late to begin",
];

/// Whether all of them are known to the model.
pub(crate) fn validate(scenario: &Scenario, words: &Words) -> Result<(), Wrong> {
    for (i, line) in scenario.faults.iter().enumerate() {
        fault_line(&format!("faults[{i}]"), line, words)?;
    }
    match &scenario.run.stop {
        Some(Stop::Mark(name) | Stop::Times(name, _) | Stop::All(name)) => mark("run.stop", name, words)?,
        Some(Stop::Becomes(name)) => role("run.stop", name, words)?,
        None => {}
    }
    for (i, check) in scenario.checks.iter().enumerate() {
        if let CheckSpec::Reaches(name) | CheckSpec::Sometimes(name) | CheckSpec::Count(name, ..) = check {
            mark(&format!("checks[{i}]"), name, words)?;
        }
    }
    Ok(())
}

fn fault_line(path: &str, line: &FaultLine, words: &Words) -> Result<(), Wrong> {
    if let Trigger::On { event, .. } = &line.when {
        let path = format!("{path}.when");
        match event {
            Event::Becomes(name) => role(&path, name, words)?,
            Event::Mark(name) => mark(&path, name, words)?,
            Event::Boots | Event::Crashes => {}
        }
    }
    if let Target::Role(name) | Target::NotRole(name) = &line.target {
        role(&format!("{path}.target"), name, words)?;
    }
    if let Fault::Partition { only: Some(name), .. } = &line.fault {
        known(&format!("{path}.fault"), name, "sends messages of the kind", words.messages.iter())?;
    }
    Ok(())
}

fn role(path: &str, name: &str, words: &Words) -> Result<(), Wrong> {
    known(path, name, "has the role", words.roles.iter())
}

fn mark(path: &str, name: &str, words: &Words) -> Result<(), Wrong> {
    known(path, name, "makes the mark", words.marks.iter().chain(&CLIENT_MARKS))
}

fn known<'a>(
    path: &str,
    name: &str,
    says: &str,
    mut words: impl Iterator<Item = &'a &'static str> + Clone,
) -> Result<(), Wrong> {
    if words.clone().any(|word| *word == name) {
        return Ok(());
    }
    let names: Vec<String> = words.by_ref().map(ToString::to_string).collect();
    let list = if names.is_empty() { "none".to_string() } else { names.join(", ") };
    let message = format!("no node of this model {says} \"{name}\"; there are: {list}");
    Err(Wrong { error: ConfigError { path: path.to_string(), message }, names })
}
