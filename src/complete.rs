//! What the shell completes beyond the grammar: names of scenarios, and the fields of the scenario on the line.

use std::ffi::OsStr;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter};
use scenarios::catalogue::{self, Kind};
use scenarios::{Loaded, library, load, paths};

/// Completes the name of a library scenario, or a file.
pub fn scenarios() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| named(current, &library::names()))
}

/// Completes the name of a library scenario or comparison, or a file.
pub fn comparisons() -> ArgValueCompleter {
    let all: Vec<&str> = library::names().into_iter().chain(library::comparisons()).collect();
    ArgValueCompleter::new(move |current: &OsStr| named(current, &all))
}

fn named(current: &OsStr, names: &[&str]) -> Vec<CompletionCandidate> {
    let typed = current.to_string_lossy();
    let fitting = names.iter().filter(|name| name.starts_with(typed.as_ref()));
    let about = |name: &str| library::about(name).unwrap_or_default();
    let mut found: Vec<CompletionCandidate> =
        fitting.map(|name| CompletionCandidate::new(name).help(Some(about(name).into()))).collect();
    found.extend(PathCompleter::any().complete(current));
    found
}

/// Completes the last of the metrics named so far.
pub fn metrics() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let typed = current.to_string_lossy();
        let (before, last) =
            typed.rsplit_once(',').map_or(("", typed.as_ref()), |(before, last)| (before, last));
        let comma = if before.is_empty() { "" } else { "," };
        let fitting = catalogue::list(Kind::Metrics).into_iter().filter(|item| item.name.starts_with(last));
        fitting
            .map(|item| {
                CompletionCandidate::new(format!("{before}{comma}{}", item.name))
                    .help(Some(item.about.into()))
            })
            .collect()
    })
}

/// Completes the path of a field: those of the scenario named on the line, else those of any.
pub fn fields() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let typed = current.to_string_lossy();
        match typed.split_once('=') {
            Some((path, values)) => value_candidates(path, values, std::env::args()),
            None => field_candidates(&typed, std::env::args()),
        }
    })
}

/// Completes the path of a field without a value behind it.
pub fn paths() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let found = field_candidates(&current.to_string_lossy(), std::env::args());
        let bare =
            |own: &CompletionCandidate| own.get_value().to_string_lossy().trim_end_matches('=').to_string();
        found.iter().map(|own| CompletionCandidate::new(bare(own)).help(own.get_help().cloned())).collect()
    })
}

/// The scenario named on the line. One that cannot be loaded is as good as none.
fn on_line(line: impl Iterator<Item = String>) -> Option<Loaded> {
    let named = line.filter(|word| library::text(word).is_some() || word.ends_with(".ron"));
    named.filter_map(|word| load(&word, &[]).ok()).next()
}

/// The values of a field that has but a few: variants, true and false. What stands before the last comma is kept.
fn value_candidates(
    path: &str,
    values: &str,
    line: impl Iterator<Item = String>,
) -> Vec<CompletionCandidate> {
    let fields = on_line(line).and_then(|loaded| paths::of_scenario(&loaded, path, false).ok());
    let Some(field) = fields.and_then(|all| all.into_iter().find(|field| field.path == path)) else {
        return Vec::new();
    };
    let names: Vec<&str> = match field.of.split_once(": ") {
        Some((_, variants)) => variants.split(" | ").collect(),
        None if field.of == "true or false" => vec!["true", "false"],
        None => Vec::new(),
    };
    let (kept, last) = values.split_at(values.rfind(',').map_or(0, |comma| comma + 1));
    let fitting = names.into_iter().filter(|name| name.starts_with(last));
    fitting.map(|name| CompletionCandidate::new(format!("{path}={kept}{name}"))).collect()
}

/// The fields that begin so.
fn field_candidates(typed: &str, line: impl Iterator<Item = String>) -> Vec<CompletionCandidate> {
    let known = on_line(line).and_then(|loaded| paths::of_scenario(&loaded, typed, false).ok());
    let pairs: Vec<(String, String)> = match known {
        Some(fields) => fields
            .into_iter()
            .map(|field| (field.path, format!("{} · {} · now {}", field.about, field.of, field.value)))
            .collect(),
        None => catalogue::list(Kind::Fields)
            .into_iter()
            .map(|item| (item.name.replace("[]", "[0]"), item.about))
            .filter(|(path, _)| path.starts_with(typed))
            .collect(),
    };
    pairs
        .into_iter()
        .map(|(path, about)| CompletionCandidate::new(format!("{path}=")).help(Some(about.into())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{field_candidates, value_candidates};

    fn found(typed: &str, line: &[&str]) -> Vec<String> {
        let words = line.iter().map(|word| (*word).to_string());
        let all = field_candidates(typed, words);
        all.iter().map(|candidate| candidate.get_value().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn fields_are_those_of_the_scenario_on_the_line() {
        let own = found("model.Raft.h", &["squall", "run", "raft/healthy", "--set"]);
        assert!(own.contains(&"model.Raft.heartbeat=".to_string()), "{own:?}");
        assert!(found("model.Raft.h", &["squall", "run", "service/metastable"]).is_empty());
        assert!(found("cluster.n", &["squall"]).contains(&"cluster.nodes=".to_string()));
    }

    #[test]
    fn values_are_completed_where_there_are_few() {
        let line = ["squall", "compare", "raft/healthy", "--vary"].map(str::to_string);
        let found = value_candidates("model.Raft.reads", "Log,L", line.into_iter());
        let texts: Vec<String> =
            found.iter().map(|own| own.get_value().to_string_lossy().into_owned()).collect();
        assert!(texts.contains(&"model.Raft.reads=Log,Lease".to_string()), "{texts:?}");
    }
}
