//! Log-normal lengths, to ten digits first.
//!
//! The quantile of the normal distribution is a polynomial of degree five on each of eight parts of each binade of the tail's
//! share, fitted to [`normal::quantile`] at the roots of Chebyshev's polynomial; the exponential is 2^(i/32) and a polynomial
//! of degree four. Deliberately absent: tails of less than 2⁻²¹, which the exact functions have to themselves.

use std::sync::OnceLock;

use super::{ROUND, nearest};
use crate::random::normal;
use crate::time::Span;

/// Parts of a binade, as bits of the mantissa.
pub(super) const PART_BITS: u32 = 3;
/// The coefficients of a part.
pub(super) const TERMS: usize = 6;
/// The binades from 2⁻²¹ to 1/2.
const BINADES: usize = 20;
/// The top bits of 2⁻²¹.
const FIRST: u64 = (1023 - 21) << PART_BITS;
/// How many parts there are.
const PARTS: usize = BINADES << PART_BITS;

/// More than the fitted quantile is ever off: the worst of a dense grid is 9.2e-11.
const QUANTILE_ERROR: f64 = 4e-10;
/// More than the exponential is off, as a share: the term that is left out is below 1.3e-12.
const EXPONENTIAL_ERROR: f64 = 4e-12;

/// Steps of the exponential's table in a factor of two.
const STEPS: usize = 32;

struct Tables {
    quantiles: [[f64; TERMS]; PARTS],
    /// The bits of 2^(i/32).
    powers: [u64; STEPS],
}

static TABLES: OnceLock<Tables> = OnceLock::new();

/// `median` times the exponential of `sigma` times the normal quantile of `p`, to the nearest nanosecond.
#[inline]
pub(in crate::random) fn log_normal(median: Span, sigma: f64, p: f64) -> Span {
    match quickly(TABLES.get_or_init(tables), median.0 as f64, sigma, p) {
        Some(ns) => Span(ns),
        None => exact(median, sigma, p),
    }
}

#[cold]
fn exact(median: Span, sigma: f64, p: f64) -> Span {
    median.times(libm::exp(sigma * normal::quantile(p)))
}

/// The nanosecond, if the quick functions can tell it.
#[inline]
fn quickly(tables: &Tables, median: f64, sigma: f64, p: f64) -> Option<u64> {
    let tail = p.min(1.0 - p);
    let bits = tail.to_bits();
    let terms = tables.quantiles.get((bits >> (52 - PART_BITS)).wrapping_sub(FIRST) as usize)?;
    let within = f64::from_bits(bits & (u64::MAX >> (12 + PART_BITS)) | 1.0f64.to_bits()) - MIDDLE;
    let exponent = sigma * polynomial(terms, within).copysign(p - 0.5);
    if exponent.abs() >= 600.0 || sigma >= 1e6 {
        return None;
    }
    let rounded = exponent * (STEPS as f64 / std::f64::consts::LN_2) + ROUND;
    let rest = exponent - (rounded - ROUND) * (std::f64::consts::LN_2 / STEPS as f64);
    let step = rounded.to_bits();
    let power = tables.powers[step as usize % STEPS].wrapping_add((step / STEPS as u64) << 52);
    let square = rest * rest;
    let growth = (1.0 + rest) + square * ((0.5 + rest * (1.0 / 6.0)) + square * (1.0 / 24.0));
    let value = median * (f64::from_bits(power) * growth);
    let error = value * (sigma * QUANTILE_ERROR + EXPONENTIAL_ERROR);
    nearest(value, error)
}

/// The value of a polynomial, its terms in pairs so that few of the steps wait for each other.
#[inline]
pub(super) fn polynomial(terms: &[f64; TERMS], x: f64) -> f64 {
    let [a, b, c, d, e, f] = *terms;
    let square = x * x;
    (a + b * x) + square * ((c + d * x) + square * (e + f * x))
}

/// The middle of a part whose first point is 1.
const MIDDLE: f64 = 1.0 + WIDTH / 2.0;
pub(super) const WIDTH: f64 = 1.0 / (1 << PART_BITS) as f64;

#[cold]
fn tables() -> Tables {
    let mut powers = [0; STEPS];
    for (i, power) in powers.iter_mut().enumerate() {
        *power = libm::exp2(i as f64 / STEPS as f64).to_bits();
    }
    let (mut quantiles, nodes) = ([[0.0; TERMS]; PARTS], Nodes::new());
    for (i, terms) in quantiles.iter_mut().enumerate() {
        *terms = nodes.fit(nodes.of_part(FIRST + i as u64).map(|tail| -normal::quantile(tail)));
    }
    Tables { quantiles, powers }
}

/// Where functions are fitted: the roots of Chebyshev's polynomial over a part, counted from its middle.
pub(super) struct Nodes([f64; TERMS]);

impl Nodes {
    pub(super) fn new() -> Nodes {
        let mut nodes = [0.0; TERMS];
        for (i, node) in nodes.iter_mut().enumerate() {
            let angle = std::f64::consts::PI * (2 * i + 1) as f64 / (2 * TERMS) as f64;
            *node = WIDTH / 2.0 * libm::cos(angle);
        }
        Nodes(nodes)
    }

    /// The numbers at the nodes of the part whose numbers have these top bits.
    pub(super) fn of_part(&self, top: u64) -> [f64; TERMS] {
        let first = f64::from_bits(top << (52 - PART_BITS));
        let binade = f64::from_bits(first.to_bits() >> 52 << 52);
        self.0.map(|within| first + binade * (within + WIDTH / 2.0))
    }

    /// The polynomial through these values at the nodes, from the constant term up.
    pub(super) fn fit(&self, values: [f64; TERMS]) -> [f64; TERMS] {
        // Newton's divided differences, then multiplied out.
        let (nodes, mut differences) = (&self.0, values);
        for order in 1..TERMS {
            for i in (order..TERMS).rev() {
                differences[i] = (differences[i] - differences[i - 1]) / (nodes[i] - nodes[i - order]);
            }
        }
        let mut terms = [0.0; TERMS];
        for (node, difference) in nodes.iter().zip(differences).rev() {
            for place in (0..TERMS).rev() {
                let lower = if place > 0 { terms[place - 1] } else { difference };
                terms[place] = lower - terms[place] * node;
            }
        }
        terms
    }
}

#[cfg(test)]
mod tests {
    use super::{QUANTILE_ERROR, TABLES, exact, log_normal, quickly, tables};
    use crate::random::Rng;
    use crate::random::normal::quantile;
    use crate::time::Span;
    use proptest::prelude::{any, prop_oneof};

    proptest::proptest! {
        /// The twin is the exact functions.
        #[test]
        fn every_value_is_that_of_the_exact_functions(
            median in prop_oneof![0u64..10, 0u64..10_000_000, any::<u64>()],
            sigma in prop_oneof![0.0..3.0f64, 0.0..1e-6f64, 0.0..1e6f64],
            key in any::<u64>(),
        ) {
            let mut rng = Rng::from_key(key);
            for _ in 0..200 {
                let p = rng.open_unit();
                assert_eq!(log_normal(Span(median), sigma, p), exact(Span(median), sigma, p), "{p}");
            }
        }
    }

    #[test]
    fn it_mostly_can_tell() {
        let (mut rng, tables) = (Rng::from_key(1), TABLES.get_or_init(tables));
        let known = |p| quickly(tables, 250_000.0, 0.4, p);
        let unknown = (0..100_000).filter(|_| known(rng.open_unit()).is_none()).count();
        assert!(unknown < 100, "{unknown} of 100,000 draws took the exact functions");
        for p in [0.5, 1e-9, 1.0 - 1e-9] {
            assert_eq!(known(p), None, "{p} lies outside the tables");
        }
    }

    /// The error of the quantile shows where the median is so large that a nanosecond is a small part of it.
    #[test]
    fn the_fitted_quantile_is_as_near_as_is_said() {
        let tables = TABLES.get_or_init(tables);
        let mut worst = 0.0f64;
        for i in 0..2_000_000u64 {
            let p = (i as f64 + 0.5) / 4_000_000.0;
            let terms = tables.quantiles.get((p.to_bits() >> 49).wrapping_sub(super::FIRST) as usize);
            let Some(terms) = terms else { continue };
            let within = f64::from_bits(p.to_bits() << 15 >> 15 | 1.0f64.to_bits()) - super::MIDDLE;
            let fitted = super::polynomial(terms, within);
            worst = worst.max((fitted + quantile(p)).abs());
        }
        assert!(worst < QUANTILE_ERROR / 4.0, "{worst:e}");
    }
}
