//! What a sweep varies: a field with a range of numbers, or with a list of values.

use std::str::FromStr;

use sim_core::time::Span;

use crate::compare::Vary;

/// A field and what it may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The field's path.
    pub path: String,
    /// What it may be.
    pub values: Values,
    /// As it was asked for.
    pub text: String,
}

/// What a parameter may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Any number between two.
    Range(Range),
    /// One of a list.
    List(Vec<String>),
}

/// Numbers of one unit from `low` to `high`.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The least: nanoseconds for lengths of time, else the number as it stands before its unit.
    pub low: f64,
    /// The greatest.
    pub high: f64,
    /// The unit.
    pub unit: Unit,
    /// Whether only whole numbers count.
    pub whole: bool,
    /// Whether steps multiply rather than add.
    pub log: bool,
    /// How many values a grid takes of it.
    pub levels: usize,
}

/// What stands behind a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A length of time, kept in nanoseconds.
    Time,
    /// Anything else, as it is written: `/s`, `%`, nothing.
    Suffix(String),
}

/// How many values a grid takes of a range that does not say.
const LEVELS: usize = 5;

impl FromStr for Parameter {
    type Err = String;

    /// `path=low..high`, with `:levels` and `:log` behind it where wanted; or `path=v1,v2,…`.
    fn from_str(text: &str) -> Result<Parameter, String> {
        let (path, rest) = text.split_once('=').ok_or_else(|| {
            format!("expected a field with a range or values, as in clients[0].count=5..50, found \"{text}\"")
        })?;
        let is_range = rest.contains("..") && !rest.contains(['"', ',', '(', '[']);
        let values = if is_range {
            Values::Range(range(rest).map_err(|why| format!("{path}: {why}"))?)
        } else {
            Values::List(text.parse::<Vary>()?.values)
        };
        Ok(Parameter { path: path.trim().to_string(), values, text: text.to_string() })
    }
}

fn range(text: &str) -> Result<Range, String> {
    let mut parts = text.split(':');
    let bounds = parts.next().unwrap_or_default();
    let (low_text, high_text) = bounds.split_once("..").unwrap_or_default();
    let ((low, unit), (high, high_unit)) = (quantity(low_text)?, quantity(high_text)?);
    if unit != high_unit {
        return Err(format!("\"{low_text}\" and \"{high_text}\" have different units"));
    }
    if low >= high {
        return Err(format!("the range {bounds} is empty; the lesser bound stands first"));
    }
    let plain = |text: &str| text.trim().chars().all(|c| c.is_ascii_digit() || c == '_' || c == '-');
    let whole = plain(low_text) && plain(high_text);
    let mut range = Range { low, high, unit, whole, log: false, levels: LEVELS };
    for part in parts {
        match (part, part.parse::<usize>()) {
            ("log", _) if low <= 0.0 => return Err("a logarithmic range begins above 0".into()),
            ("log", _) => range.log = true,
            (_, Ok(levels)) if (2..=1_000).contains(&levels) => range.levels = levels,
            _ => return Err(format!("expected \"log\" or a number of levels (2 to 1000), found \"{part}\"")),
        }
    }
    Ok(range)
}

/// A number and its unit. Lengths of time become nanoseconds.
///
/// # Errors
/// What was expected, in words.
pub fn quantity(text: &str) -> Result<(f64, Unit), String> {
    let text = text.trim();
    let wrong = || {
        format!("expected a number with or without a unit, such as 5, 20ms, 100/s or 10%, found \"{text}\"")
    };
    let split =
        text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '_' | '-'))).unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    if let Some(span) = text.parse::<Span>().ok().filter(|_| !suffix.is_empty()) {
        return Ok((span.0 as f64, Unit::Time));
    }
    let number: f64 = number.replace('_', "").parse().map_err(|_| wrong())?;
    if suffix.chars().any(|c| c.is_ascii_digit()) || !number.is_finite() {
        return Err(wrong());
    }
    Ok((number, Unit::Suffix(suffix.trim().to_string())))
}

impl Range {
    /// The value at a share of the way, from 0 to 1, to three significant digits: as a number, and as a file has it.
    #[must_use]
    pub fn at(&self, share: f64) -> (f64, String) {
        let raw = if self.log {
            self.low * libm::exp(share * libm::log(self.high / self.low))
        } else {
            self.low + share * (self.high - self.low)
        };
        let value = if self.whole { libm::round(raw) } else { three_digits(raw) };
        let value = value.clamp(self.low, self.high);
        (value, self.text(value))
    }

    /// A value as a file has it.
    #[must_use]
    pub fn text(&self, value: f64) -> String {
        match &self.unit {
            Unit::Time => Span::from_ns_f64(value).to_string(),
            Unit::Suffix(suffix) => format!("{}{suffix}", decimal(value)),
        }
    }

    /// The values of a grid, each once.
    #[must_use]
    pub fn grid(&self) -> Vec<(f64, String)> {
        let last = (self.levels - 1) as f64;
        let mut values: Vec<(f64, String)> = (0..self.levels).map(|i| self.at(i as f64 / last)).collect();
        values.dedup_by(|a, b| a.1 == b.1);
        values
    }
}

/// Rounded to three significant digits.
pub(crate) fn three_digits(value: f64) -> f64 {
    // The decimal form rounds exactly, where a product of powers of ten would not.
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// Without an exponent, and without digits that say nothing.
fn decimal(value: f64) -> String {
    let text = format!("{value:.9}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::{Parameter, Values};

    fn grid(text: &str) -> Vec<String> {
        match text.parse::<Parameter>().expect("sound").values {
            Values::Range(range) => range.grid().into_iter().map(|(_, text)| text).collect(),
            Values::List(list) => list,
        }
    }

    #[test]
    fn ranges_keep_their_units() {
        assert_eq!(grid("a=1..3"), ["1", "2", "3"]);
        assert_eq!(grid("a=100/s..200/s:3"), ["100/s", "150/s", "200/s"]);
        assert_eq!(grid("a=1ms..100ms:3:log"), ["1ms", "10ms", "100ms"]);
        assert_eq!(grid("a=0%..1%:3"), ["0%", "0.5%", "1%"]);
        assert_eq!(grid("a=0.5..1.0:2"), ["0.5", "1"]);
        assert_eq!(grid("a=900us..1.2s:2"), ["900us", "1.2s"]);
    }

    #[test]
    fn lists_are_lists() {
        assert_eq!(grid("a=None,Full(x: 1)"), ["None", "Full(x: 1)"]);
        assert_eq!(grid("a=\"x..y\",z"), ["\"x..y\"", "z"]);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for wrong in
            ["a", "a=..", "a=5..1", "a=1..2ms", "a=0..5:log", "a=1..9:x", "a=1..9:1", "a=x..y", "a=1..1"]
        {
            assert!(wrong.parse::<Parameter>().is_err(), "{wrong}");
        }
    }
}
