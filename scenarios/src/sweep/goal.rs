//! What a sweep looks for: a metric to make small or great, and bounds that others must keep.

use std::str::FromStr;

use checks::metrics::direction::{Better, better};
use serde::{Deserialize, Serialize};

use super::parameter::{Unit, quantity};

/// A metric and which way it is to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// The metric.
    pub metric: String,
    /// Whether less is better.
    pub minimize: bool,
}

impl Objective {
    /// A metric in the direction that is known to be better.
    ///
    /// # Errors
    /// That the direction is not known.
    pub fn of(metric: &str) -> Result<Objective, String> {
        let (name, minimize) = match (metric.strip_prefix("least:"), metric.strip_prefix("most:")) {
            (Some(name), _) => (name, true),
            (_, Some(name)) => (name, false),
            _ => match better(metric) {
                Better::Less => (metric, true),
                Better::More => (metric, false),
                Better::Unknown => {
                    return Err(format!(
                        "whether more or less of {metric} is better is not known; write least:{metric} or most:{metric}"
                    ));
                }
            },
        };
        Ok(Objective { metric: name.to_string(), minimize })
    }

    /// A value turned so that less is better.
    #[must_use]
    pub fn cost(&self, value: f64) -> f64 {
        if self.minimize { value } else { -value }
    }

    /// The objective in words: `least latency_ms_p99`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} {}", if self.minimize { "least" } else { "most" }, self.metric)
    }
}

/// A bound that the mean of a metric must keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// The metric.
    pub metric: String,
    /// Whether the mean must stay below (else above) the bound.
    pub below: bool,
    /// Whether the bound itself is allowed.
    pub or_equal: bool,
    /// The bound.
    pub bound: f64,
    /// As it was asked for.
    pub text: String,
}

impl Requirement {
    /// Whether a mean keeps the bound.
    #[must_use]
    pub fn holds(&self, mean: f64) -> bool {
        mean == self.bound && self.or_equal || if self.below { mean < self.bound } else { mean > self.bound }
    }

    /// How far a mean is beyond the bound, as a share of it; 0 if it keeps it.
    #[must_use]
    pub fn excess(&self, mean: f64) -> f64 {
        if self.holds(mean) { 0.0 } else { (mean - self.bound).abs() / self.bound.abs().max(1e-9) + 1e-12 }
    }
}

impl FromStr for Requirement {
    type Err = String;

    /// `metric<bound`, `metric<=bound`, `metric>bound` or `metric>=bound`. The bound is in the unit that the metric's
    /// name ends in, or carries its own (`200ms`, `0.1%`).
    fn from_str(text: &str) -> Result<Requirement, String> {
        let wrong = || {
            format!("expected a bound such as latency_ms_p99<200 or availability>=0.999, found \"{text}\"")
        };
        let at = text.find(['<', '>']).ok_or_else(wrong)?;
        let (metric, rest) = text.split_at(at);
        let below = rest.starts_with('<');
        let (or_equal, bound) = match rest[1..].strip_prefix('=') {
            Some(bound) => (true, bound),
            None => (false, &rest[1..]),
        };
        let metric = metric.trim();
        if metric.is_empty() {
            return Err(wrong());
        }
        let bound = match quantity(bound).map_err(|_| wrong())? {
            (number, Unit::Suffix(suffix)) if suffix.is_empty() => number,
            // Through the decimal form: 99.9 / 100 is not 0.999.
            (number, Unit::Suffix(suffix)) if suffix == "%" => {
                format!("{number}e-2").parse().map_err(|_| wrong())?
            }
            (ns, Unit::Time) => {
                ns / unit_ns(metric).ok_or_else(|| format!("{metric} is no length of time"))?
            }
            _ => return Err(wrong()),
        };
        Ok(Requirement { metric: metric.to_string(), below, or_equal, bound, text: text.to_string() })
    }
}

/// The nanoseconds of the unit in a metric's name.
fn unit_ns(metric: &str) -> Option<f64> {
    let has = |unit: &str| metric.split('_').any(|part| part == unit);
    [("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9)]
        .into_iter()
        .find(|(unit, _)| has(unit))
        .map(|(_, ns)| ns)
}

#[cfg(test)]
mod tests {
    use super::{Objective, Requirement};

    #[test]
    fn bounds_are_read_with_and_without_units() {
        let read = |text: &str| text.parse::<Requirement>().expect("sound");
        let p99 = read("latency_ms_p99<200");
        assert!(p99.holds(199.0) && !p99.holds(200.0) && (p99.excess(300.0) - 0.5).abs() < 1e-9);
        assert_eq!(read("latency_ms_p99<0.2s").bound, 200.0);
        assert_eq!(read("availability >= 99.9%").bound, 0.999);
        assert!(read("availability>=0.999").holds(0.999));
        for wrong in ["", "x", "<5", "x<", "x<y", "x<5/s", "availability<5ms"] {
            assert!(wrong.parse::<Requirement>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn directions_are_known_or_said() {
        assert!(Objective::of("latency_ms_p99").expect("known").minimize);
        assert!(!Objective::of("availability").expect("known").minimize);
        assert!(Objective::of("operations").is_err());
        assert!(!Objective::of("most:operations").expect("said").minimize);
    }
}
