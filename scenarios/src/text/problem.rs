//! Something that is wrong, before it is shown: serde's errors, with places and paths collected on the way out.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use crate::text::tree::{Node, Place};

/// What is wrong, where, and what would be right. Boxed, because most values are right.
#[derive(Clone, Debug)]
pub(crate) struct Problem(pub(crate) Box<Details>);

/// The contents of a [`Problem`].
#[derive(Clone, Debug)]
pub(crate) struct Details {
    pub(crate) message: String,
    pub(crate) place: Option<Place>,
    /// The path's segments, innermost first.
    pub(crate) path: Vec<String>,
    pub(crate) expected: Option<String>,
    pub(crate) help: Option<String>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Problem {
        let (message, path) = (message.into(), Vec::new());
        Problem(Box::new(Details { message, place: None, path, expected: None, help: None }))
    }

    /// With a place, unless it has one: the innermost wins.
    pub(crate) fn at(mut self, place: Place) -> Problem {
        self.0.place.get_or_insert(place);
        self
    }

    /// Within a field or an item.
    pub(crate) fn within(mut self, segment: impl Into<String>) -> Problem {
        self.0.path.push(segment.into());
        self
    }

    pub(crate) fn expecting(mut self, expected: impl Into<String>) -> Problem {
        self.0.expected = Some(expected.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Problem {
        self.0.help = Some(help.into());
        self
    }

    /// A value of the wrong kind.
    pub(crate) fn mismatch(node: &Node, expected: &dyn Expected) -> Problem {
        let expected = plain(&expected.to_string());
        Problem::new(format!("expected {expected}, found {}", node.describe())).at(node.head())
    }

    /// A name that is none of those possible.
    pub(crate) fn unknown(what: &str, name: &str, known: &[&str]) -> Problem {
        let problem = Problem::new(format!("unknown {what} `{name}`"));
        let problem = match known {
            [] => problem.expecting(format!("no {what} at all")),
            [only] => problem.expecting(format!("`{only}`")),
            _ => {
                let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                problem.expecting(format!("one of {}", list.join(", ")))
            }
        };
        match nearest(name, known.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem,
        }
    }

    /// The path in one piece: `faults[0].when`.
    pub(crate) fn path_text(&self) -> String {
        let mut text = String::new();
        for segment in self.0.path.iter().rev() {
            if !text.is_empty() && !segment.starts_with('[') {
                text.push('.');
            }
            text.push_str(segment);
        }
        text
    }
}

/// The name nearest to one that is not there, if any is near.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| {
            *distance <= (candidate.chars().count().max(name.chars().count()) / 3).max(1)
        })
        .map(|(_, candidate)| candidate)
}

/// Rust's words for kinds of values, in plain ones.
fn plain(expected: &str) -> String {
    let whole = |range: &str| format!("a whole number from {range}");
    match expected {
        "u8" => whole("0 to 255"),
        "u16" => whole("0 to 65535"),
        "u32" => whole("0 to 4294967295"),
        "u64" | "usize" => whole("0 to 18446744073709551615"),
        "i32" => whole("-2147483648 to 2147483647"),
        "i64" => whole("-9223372036854775808 to 9223372036854775807"),
        "f64" => "a number".into(),
        "a boolean" => "`true` or `false`".into(),
        "a string" => "text in quotes".into(),
        "a sequence" => "a list [ … ]".into(),
        other => {
            let name = ["struct variant ", "tuple variant ", "variant ", "struct "]
                .into_iter()
                .find_map(|kind| other.strip_prefix(kind));
            match name {
                // `Fault::Partition` is `Partition` in a file.
                Some(name) => {
                    format!("the fields of {}: (name: value, …)", name.rsplit("::").next().unwrap_or(name))
                }
                None => other.strip_prefix("enum ").map_or(other.to_string(), |name| format!("a {name}")),
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Problem {}

impl Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Problem {
        Problem::new(message.to_string())
    }
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Problem {
        Problem::invalid_value(found, expected)
    }
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Problem {
        let found = match found {
            Unexpected::Signed(n) => format!("`{n}`"),
            Unexpected::Unsigned(n) => format!("`{n}`"),
            Unexpected::Float(x) => format!("`{x}`"),
            Unexpected::Str(text) => format!("\"{text}\""),
            other => other.to_string(),
        };
        Problem::new(format!("expected {}, found {found}", plain(&expected.to_string())))
    }
    fn invalid_length(length: usize, expected: &dyn Expected) -> Problem {
        Problem::new(format!("expected {}, found {length} parts", plain(&expected.to_string())))
    }
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Problem {
        Problem::unknown("name", variant, expected)
    }
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Problem {
        Problem::unknown("field", field, expected)
    }
    fn missing_field(field: &'static str) -> Problem {
        Problem::new(format!("missing field `{field}`")).help(format!("add `{field}: …`"))
    }
    fn duplicate_field(field: &'static str) -> Problem {
        Problem::new(format!("field `{field}` is given twice"))
    }
}
