//! Distributions of lengths of time, as scenario files name them: latencies, service times, timeouts.
//!
//! Each is sampled by inverse transform over `libm`, with the same number of draws whatever comes out, so values are
//! equal on every platform and streams stay aligned. Golden vectors below hold them in place.

use serde::{Deserialize, Serialize};

use super::{Rng, normal, quick};
use crate::time::Span;
use crate::units::Ratio;

/// A distribution of lengths of time. Samples below zero are zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Distribution {
    /// Always the same.
    Fixed(Span),
    /// Any length from `min` to `max`, equally likely.
    Uniform {
        /// The least.
        min: Span,
        /// The greatest.
        max: Span,
    },
    /// Normal; what falls below zero is zero.
    Normal {
        /// The mean before the cut at zero.
        mean: Span,
        /// The standard deviation before the cut at zero.
        deviation: Span,
    },
    /// The absolute value of a normal draw, |N(mean, deviation)|.
    FoldedNormal {
        /// The mean before folding.
        mean: Span,
        /// The standard deviation before folding.
        deviation: Span,
    },
    /// Log-normal, by its median and the standard deviation of its logarithm.
    LogNormal {
        /// The median.
        median: Span,
        /// The standard deviation of the natural logarithm: 0.5 is a mild tail, 2 a heavy one.
        sigma: f64,
    },
    /// Exponential.
    Exponential {
        /// The mean.
        mean: Span,
    },
    /// Pareto of the first kind: P(X > x) = (scale/x)^shape for x ≥ scale.
    Pareto {
        /// The least value.
        scale: Span,
        /// The tail's exponent; the mean is infinite at 1 and below.
        shape: f64,
    },
    /// One of several, by weight.
    Mixture(Vec<(f64, Distribution)>),
    /// Linear interpolation between measured quantiles: pairs of (share, length), shares rising; below the first
    /// share its length, above the last its length.
    Quantiles(Vec<(Ratio, Span)>),
    /// A fixed length plus a drawn one: propagation plus jitter.
    Shifted {
        /// The fixed part.
        by: Span,
        /// The drawn part.
        of: Box<Distribution>,
    },
}

impl Distribution {
    /// No time at all.
    pub const ZERO: Distribution = Distribution::Fixed(Span::ZERO);

    /// A length. Two draws for each level of mixture, else one; a shift adds none.
    #[inline(always)]
    pub fn sample(&self, rng: &mut Rng) -> Span {
        match self {
            Distribution::Fixed(span) => {
                rng.bits();
                *span
            }
            Distribution::Uniform { min, max } => {
                Span(min.0 + rng.below(max.0.saturating_sub(min.0).saturating_add(1)))
            }
            Distribution::Exponential { mean } => quick::exponential(*mean, rng.open_unit()),
            _ => self.sample_rest(rng),
        }
    }

    /// A length from a distribution that takes more than a multiplication.
    fn sample_rest(&self, rng: &mut Rng) -> Span {
        match self {
            Distribution::Fixed(_) | Distribution::Uniform { .. } | Distribution::Exponential { .. } => {
                Span::ZERO
            }
            Distribution::Normal { mean, deviation } => {
                Span::from_ns_f64(mean.0 as f64 + deviation.0 as f64 * normal::quantile(rng.open_unit()))
            }
            Distribution::FoldedNormal { mean, deviation } => Span::from_ns_f64(
                (mean.0 as f64 + deviation.0 as f64 * normal::quantile(rng.open_unit())).abs(),
            ),
            Distribution::LogNormal { median, sigma } => quick::log_normal(*median, *sigma, rng.open_unit()),
            Distribution::Pareto { scale, shape } => scale.times(libm::pow(rng.open_unit(), -1.0 / shape)),
            Distribution::Mixture(parts) => {
                let choice = rng.unit();
                // One draw for the value, whichever part it falls to: the inner stream hangs on it alone.
                let mut inner = Rng::from_key(rng.bits());
                pick(parts, choice).map_or(Span::ZERO, |part| part.sample(&mut inner))
            }
            Distribution::Quantiles(points) => interpolate(points, rng.open_unit()),
            Distribution::Shifted { by, of } => by.saturating_add(of.sample(rng)),
        }
    }

    /// The least value it can take; a normal, log-normal or exponential draw can be as good as nothing.
    #[must_use]
    pub fn least(&self) -> Span {
        match self {
            Distribution::Fixed(span) => *span,
            Distribution::Uniform { min, .. } => *min,
            Distribution::Pareto { scale, .. } => *scale,
            Distribution::Quantiles(points) => points.first().map_or(Span::ZERO, |(_, span)| *span),
            Distribution::Shifted { by, of } => by.saturating_add(of.least()),
            Distribution::Mixture(parts) => {
                let possible = parts.iter().filter(|(weight, _)| *weight > 0.0);
                possible.map(|(_, part)| part.least()).min().unwrap_or(Span::ZERO)
            }
            Distribution::Normal { .. }
            | Distribution::FoldedNormal { .. }
            | Distribution::LogNormal { .. }
            | Distribution::Exponential { .. } => Span::ZERO,
        }
    }

    /// The mean; `None` where it is infinite (Pareto of shape 1 and below). A normal's is that before the cut at
    /// zero, quantiles' that of the interpolation.
    #[must_use]
    pub fn mean(&self) -> Option<Span> {
        Some(match self {
            Distribution::Fixed(span) | Distribution::Exponential { mean: span } => *span,
            Distribution::Uniform { min, max } => Span::from_ns_f64((min.0 as f64 + max.0 as f64) / 2.0),
            Distribution::Normal { mean, .. } => *mean,
            Distribution::FoldedNormal { mean, deviation } => {
                let (m, s) = (mean.0 as f64, deviation.0 as f64);
                let spread = s * libm::sqrt(2.0 / std::f64::consts::PI) * libm::exp(-m * m / (2.0 * s * s));
                Span::from_ns_f64(if s == 0.0 {
                    m
                } else {
                    spread + m * libm::erf(m / (s * std::f64::consts::SQRT_2))
                })
            }
            Distribution::LogNormal { median, sigma } => median.times(libm::exp(sigma * sigma / 2.0)),
            Distribution::Pareto { scale, shape } if *shape > 1.0 => scale.times(shape / (shape - 1.0)),
            Distribution::Pareto { .. } => return None,
            Distribution::Mixture(parts) => {
                let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
                let mut sum = 0.0;
                for (weight, part) in parts {
                    sum += part.mean()?.0 as f64 * weight / total;
                }
                Span::from_ns_f64(sum)
            }
            Distribution::Quantiles(points) => quantiles_mean(points),
            Distribution::Shifted { by, of } => by.saturating_add(of.mean()?),
        })
    }

    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words that name the field.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Distribution::Uniform { min, max } if min > max => {
                Err(format!("Uniform: min ({min}) is greater than max ({max})"))
            }
            Distribution::LogNormal { sigma, .. } if !(sigma.is_finite() && *sigma >= 0.0) => {
                Err(format!("LogNormal: sigma is a finite number, 0 or more, found {sigma}"))
            }
            Distribution::Pareto { shape, .. } if !(shape.is_finite() && *shape > 0.0) => {
                Err(format!("Pareto: shape is a finite number above 0, found {shape}"))
            }
            Distribution::Mixture(parts) => {
                if parts.is_empty() {
                    return Err("Mixture: it has no parts".into());
                }
                for (weight, part) in parts {
                    if !(weight.is_finite() && *weight >= 0.0) {
                        return Err(format!(
                            "Mixture: a weight is a finite number, 0 or more, found {weight}"
                        ));
                    }
                    part.validate()?;
                }
                let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
                if total > 0.0 && total.is_finite() {
                    Ok(())
                } else {
                    Err("Mixture: the weights add up to 0".into())
                }
            }
            Distribution::Quantiles(points) => {
                if points.is_empty() {
                    return Err("Quantiles: no points are given".into());
                }
                let rising = points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
                if rising {
                    Ok(())
                } else {
                    Err("Quantiles: shares must rise, and lengths must not fall".into())
                }
            }
            Distribution::Shifted { of, .. } => of.validate(),
            _ => Ok(()),
        }
    }
}

/// The part of a mixture that a number in 0..1 falls to.
fn pick(parts: &[(f64, Distribution)], choice: f64) -> Option<&Distribution> {
    let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
    let mut left = choice * total;
    for (weight, part) in parts {
        if left < *weight {
            return Some(part);
        }
        left -= weight;
    }
    parts.last().map(|(_, part)| part)
}

/// The length at share `u`, by linear interpolation.
fn interpolate(points: &[(Ratio, Span)], u: f64) -> Span {
    let after = points.partition_point(|(share, _)| share.get() <= u);
    let Some(&(_, last)) = points.last() else { return Span::ZERO };
    if after == 0 {
        return points[0].1;
    }
    if after == points.len() {
        return last;
    }
    let ((s0, l0), (s1, l1)) = (points[after - 1], points[after]);
    let along = (u - s0.get()) / (s1.get() - s0.get());
    Span::from_ns_f64(l0.0 as f64 + along * (l1.0 - l0.0) as f64)
}

/// The mean of the interpolation: trapezoids between the points, constants outside them.
fn quantiles_mean(points: &[(Ratio, Span)]) -> Span {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Span::ZERO };
    let ends = first.0.get() * first.1.0 as f64 + (1.0 - last.0.get()) * last.1.0 as f64;
    let middle: f64 = points
        .windows(2)
        .map(|pair| (pair[1].0.get() - pair[0].0.get()) * (pair[0].1.0 as f64 + pair[1].1.0 as f64) / 2.0)
        .sum();
    Span::from_ns_f64(ends + middle)
}

#[cfg(test)]
mod tests {
    use super::Distribution;
    use crate::random::Rng;
    use crate::time::Span;
    use crate::units::Ratio;

    fn ratio(value: f64) -> Ratio {
        Ratio::new(value).expect("a ratio")
    }

    fn one_of_each() -> Vec<Distribution> {
        vec![
            Distribution::Fixed(Span::ms(5)),
            Distribution::Uniform { min: Span::ms(1), max: Span::ms(10) },
            Distribution::Normal { mean: Span::ms(10), deviation: Span::ms(2) },
            Distribution::FoldedNormal { mean: Span::ms(10), deviation: Span::ms(2) },
            Distribution::LogNormal { median: Span::ms(10), sigma: 0.5 },
            Distribution::Exponential { mean: Span::ms(10) },
            Distribution::Pareto { scale: Span::ms(1), shape: 3.0 },
            Distribution::Mixture(vec![
                (0.9, Distribution::Exponential { mean: Span::ms(1) }),
                (0.1, Distribution::Fixed(Span::ms(50))),
            ]),
            Distribution::Quantiles(vec![
                (ratio(0.5), Span::ms(2)),
                (ratio(0.99), Span::ms(20)),
                (Ratio::ONE, Span::ms(100)),
            ]),
            Distribution::Shifted {
                by: Span::ms(3),
                of: Box::new(Distribution::Exponential { mean: Span::ms(1) }),
            },
        ]
    }

    /// Golden vectors: three samples of each, equal on every platform for ever.
    #[test]
    fn samples_are_what_they_always_were() {
        let samples: Vec<[u64; 3]> = one_of_each()
            .iter()
            .map(|d| {
                let mut rng = Rng::from_key(11);
                [d.sample(&mut rng).0, d.sample(&mut rng).0, d.sample(&mut rng).0]
            })
            .collect();
        insta::assert_compact_debug_snapshot!(samples, @"[[5000000, 5000000, 5000000], [1352511, 5629543, 2932667], [6479152, 10072175, 8419842], [6479152, 10072175, 8419842], [4146950, 10182074, 6736534], [32398962, 6647665, 15383236], [2944578, 1248058, 1669918], [321026, 109020, 2523889], [2000000, 2528745, 2000000], [6239896, 3664766, 4538324]]");
    }

    #[test]
    fn the_mean_of_many_samples_is_the_mean() {
        for distribution in one_of_each() {
            distribution.validate().expect("valid");
            let mut rng = Rng::from_key(3);
            let n = 200_000;
            let sum: f64 = (0..n).map(|_| distribution.sample(&mut rng).0 as f64).sum();
            let expected = distribution.mean().expect("finite").0 as f64;
            let error = (sum / f64::from(n) / expected - 1.0).abs();
            assert!(error < 0.02, "{distribution:?}: off by {error}");
        }
    }

    #[test]
    fn every_distribution_draws_a_fixed_number_of_times() {
        for distribution in one_of_each() {
            let mut counts = indexmap::IndexSet::new();
            for key in 0..200 {
                let (mut rng, mut probe) = (Rng::from_key(key), Rng::from_key(key));
                distribution.sample(&mut rng);
                let mut draws = 0;
                while probe != rng && draws < 10 {
                    probe.bits();
                    draws += 1;
                }
                counts.insert(draws);
            }
            assert_eq!(counts.len(), 1, "{distribution:?}: {counts:?}");
        }
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let bad = [
            Distribution::Uniform { min: Span::ms(2), max: Span::ms(1) },
            Distribution::LogNormal { median: Span::ms(1), sigma: f64::NAN },
            Distribution::Pareto { scale: Span::ms(1), shape: 0.0 },
            Distribution::Mixture(vec![]),
            Distribution::Mixture(vec![(0.0, Distribution::ZERO)]),
            Distribution::Mixture(vec![(f64::INFINITY, Distribution::ZERO)]),
            Distribution::Quantiles(vec![]),
            Distribution::Quantiles(vec![(ratio(0.9), Span::ms(1)), (ratio(0.5), Span::ms(2))]),
        ];
        for distribution in bad {
            assert!(distribution.validate().is_err(), "{distribution:?}");
        }
        assert_eq!(Distribution::Pareto { scale: Span::ms(1), shape: 1.0 }.mean(), None);
    }
}
