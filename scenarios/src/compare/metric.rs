//! A metric that a comparison is about, and which way it is better.

use std::convert::Infallible;
use std::str::FromStr;

use checks::metrics::direction::{Better, better};

/// What the names of marks begin with where they are counted as metrics.
pub const MARK: &str = "mark_";

/// A metric and its better way: the known one, unless the name says `least:` or `most:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name in results.
    pub name: String,
    /// Which way is better.
    pub better: Better,
    /// As it was asked for.
    pub text: String,
}

impl Metric {
    /// A metric in the way that is known to be better.
    #[must_use]
    pub fn known(name: &str) -> Metric {
        Metric { name: name.to_string(), better: better(name), text: name.to_string() }
    }
}

impl FromStr for Metric {
    type Err = Infallible;

    /// `name`, `least:name` or `most:name`.
    fn from_str(text: &str) -> Result<Metric, Infallible> {
        let text = text.trim();
        let of = |name: &str, better| Metric { name: name.to_string(), better, text: text.to_string() };
        Ok(match (text.strip_prefix("least:"), text.strip_prefix("most:")) {
            (Some(name), _) => of(name, Better::Less),
            (_, Some(name)) => of(name, Better::More),
            _ => Metric::known(text),
        })
    }
}

/// The word for a better way in documents.
#[must_use]
pub fn word(better: Better) -> &'static str {
    match better {
        Better::Less => "less",
        Better::More => "more",
        Better::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::{Better, Metric};

    #[test]
    fn the_better_way_is_known_or_said() {
        for (text, name, better) in [
            ("latency_ms_p99", "latency_ms_p99", Better::Less),
            ("operations", "operations", Better::Unknown),
            ("most:operations", "operations", Better::More),
            (" least:mark_write", "mark_write", Better::Less),
        ] {
            let Ok(metric) = text.parse::<Metric>();
            assert_eq!((metric.name.as_str(), metric.better), (name, better), "{text}");
        }
    }
}
