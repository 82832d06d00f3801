//! Candidates: scenarios, each under every combination of the values of `--vary path=v1,v2,…`.

use crate::error::ScenarioError;
use crate::load::{Loaded, load};

/// One policy of a comparison.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What tells it from the others: the scenario's name, or the values that were varied.
    pub label: String,
    /// What is run.
    pub loaded: Loaded,
}

/// A field and the values it is to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vary {
    /// The field's path.
    pub path: String,
    /// The values, as overrides take them.
    pub values: Vec<String>,
}

/// The most candidates a comparison may have.
pub const CANDIDATES_MAX: usize = 1_000;

impl std::str::FromStr for Vary {
    type Err = String;

    /// `path=v1,v2,…`; commas inside brackets and quotes belong to a value.
    fn from_str(text: &str) -> Result<Vary, String> {
        let wrong = || {
            format!(
                "expected a field and its values, as in clients[0].retry.attempts=1,2,3, found \"{text}\""
            )
        };
        let (path, list) = text.split_once('=').ok_or_else(wrong)?;
        let values = split(list);
        if path.trim().is_empty() || values.iter().any(String::is_empty) {
            return Err(wrong());
        }
        if let Some((i, twice)) = values.iter().enumerate().find(|(i, value)| values[..*i].contains(value)) {
            return Err(format!("{path}: the value {twice} is given twice (number {})", i + 1));
        }
        Ok(Vary { path: path.trim().to_string(), values })
    }
}

/// Splits at the commas outside of brackets and quotes.
fn split(list: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth, mut quoted, mut escaped) =
        (Vec::new(), String::new(), 0u32, false, false);
    for c in list.chars() {
        match c {
            '"' if !escaped => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                parts.push(part.trim().to_string());
                part.clear();
                continue;
            }
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
        part.push(c);
    }
    parts.push(part.trim().to_string());
    parts
}

/// A scenario of which candidates are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What results call it; its name if absent.
    pub label: Option<String>,
    /// Its name or path.
    pub scenario: String,
    /// Overrides in it.
    pub overrides: Vec<String>,
    /// Fields to vary in it.
    pub vary: Vec<Vary>,
}

impl Source {
    /// A scenario as it is.
    #[must_use]
    pub fn named(name: &str) -> Source {
        Source { label: None, scenario: name.to_string(), overrides: Vec::new(), vary: Vec::new() }
    }
}

/// The candidates: each scenario under each combination of the varied values, its own and those of all. The first is the
/// baseline unless another is named.
///
/// # Errors
/// What keeps one of them from being run, or two that could not be told apart.
pub fn candidates(
    sources: &[Source],
    overrides: &[String],
    vary: &[Vary],
) -> Result<Vec<Candidate>, ScenarioError> {
    let mut list: Vec<Candidate> = Vec::new();
    for source in sources {
        let fields: Vec<Vary> = source.vary.iter().chain(vary).cloned().collect();
        let paths: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
        paths.iter().try_for_each(|path| refuse_idle(path))?;
        let several = fields.iter().map(|field| field.values.len()).product::<usize>() + list.len();
        if several > CANDIDATES_MAX {
            return Err(ScenarioError::Comparison(format!(
                "{several} candidates are more than a comparison holds ({CANDIDATES_MAX}); vary fewer fields or values"
            )));
        }
        for combination in combinations(&fields) {
            let mut all: Vec<String> = source.overrides.iter().chain(overrides).cloned().collect();
            all.extend(combination.iter().map(|(path, value)| format!("{path}={value}")));
            let loaded = load(&source.scenario, &all)?;
            let values: Vec<String> =
                combination.iter().map(|(path, value)| format!("{}={value}", short(path, &paths))).collect();
            let named = source.label.as_ref().unwrap_or(&loaded.name);
            let label = match (sources.len(), values.is_empty()) {
                (_, true) => named.clone(),
                (1, false) if source.label.is_none() => values.join(" "),
                (_, false) => format!("{named} {}", values.join(" ")),
            };
            if let Some(same) =
                list.iter().find(|other| other.label == label || other.loaded.hash == loaded.hash)
            {
                if same.loaded.hash != loaded.hash {
                    return Err(ScenarioError::Comparison(format!("two candidates are called \"{label}\"")));
                }
                let message = format!("\"{label}\" and \"{}\" are the same candidate", same.label);
                return Err(ScenarioError::Comparison(message));
            }
            list.push(Candidate { label, loaded });
        }
    }
    Ok(list)
}

/// Refuses to vary what changes nothing: every candidate runs on the same seeds, whatever its file says.
pub(crate) fn refuse_idle(path: &str) -> Result<(), ScenarioError> {
    if path == "seed" || path == "about" {
        let message = format!("to vary {path} changes no world: all candidates run on the seeds of --seeds");
        return Err(ScenarioError::Comparison(message));
    }
    Ok(())
}

/// The last part of a path, if no other varied path ends in it.
pub(crate) fn short<'a>(path: &'a str, all: &[&str]) -> &'a str {
    let last = path.rsplit('.').next().unwrap_or(path);
    let shared = all.iter().filter(|other| other.rsplit('.').next() == Some(last)).count() > 1;
    if shared { path } else { last }
}

/// Every choice of one value a field, the last field changing fastest.
fn combinations(vary: &[Vary]) -> Vec<Vec<(&str, &str)>> {
    let mut list: Vec<Vec<(&str, &str)>> = vec![Vec::new()];
    for field in vary {
        list = list
            .iter()
            .flat_map(|chosen| {
                field.values.iter().map(move |value| {
                    let mut longer = chosen.clone();
                    longer.push((field.path.as_str(), value.as_str()));
                    longer
                })
            })
            .collect();
    }
    list
}

#[cfg(test)]
mod tests {
    use super::{Vary, combinations, split};

    #[test]
    fn values_are_split_at_their_own_commas() {
        assert_eq!(split("1,2, 3"), ["1", "2", "3"]);
        assert_eq!(split("Full(a: 1, b: [2,3]),None"), ["Full(a: 1, b: [2,3])", "None"]);
        assert_eq!(split("\"a,b\",\"c\\\",d\""), ["\"a,b\"", "\"c\\\",d\""]);
    }

    #[test]
    fn what_is_no_field_with_values_is_refused() {
        for wrong in ["", "path", "=1,2", "path=", "path=1,,2", "path=1,1"] {
            assert!(wrong.parse::<Vary>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_grid_is_complete() {
        let vary: Vec<Vary> = ["a=1,2", "b=x,y,z"].iter().map(|text| text.parse().expect("sound")).collect();
        let grid = combinations(&vary);
        assert_eq!(grid.len(), 6);
        assert_eq!(grid[1], [("a", "1"), ("b", "y")]);
        assert_eq!(combinations(&[]), [[]]);
    }
}
