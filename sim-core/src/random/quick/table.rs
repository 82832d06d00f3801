//! A log-normal distribution's own table: its length as a polynomial of the draw, to nine digits first.
//!
//! One step instead of two: where [`super::log_normal`] computes a quantile and then an exponential, the steps of which wait for
//! each other, this is one polynomial of degree five on each of eight parts of each binade of both tails, through the values
//! at the roots of Chebyshev's polynomial. For a distribution that is drawn from again and again; making it takes 15 µs, as long as some
//! six hundred draws. Deliberately absent: tails of less than 2⁻¹¹ and wide distributions, left to [`super::log_normal`].

use std::sync::OnceLock;

use super::log_normal::{Nodes, PART_BITS, TERMS, WIDTH, log_normal, polynomial};
use super::nearest;
use crate::random::{Rng, normal};
use crate::time::Span;

/// The binades of a tail, from 2⁻¹¹ to 1/2.
const BINADES: usize = 10;
/// The parts of a tail.
const PARTS: usize = BINADES << PART_BITS;
/// Draws are of so many bits.
const DRAW_BITS: u32 = 53;
/// The top bits of the first draw of a tail, as a number: 2⁻¹¹ of all.
const FIRST: u64 = (1023 + (DRAW_BITS as u64 - 11)) << PART_BITS;
/// The widest that a table is made for.
const SIGMA_MAX: f64 = 2.0;

/// The lengths of one log-normal distribution.
#[derive(Debug)]
pub(crate) struct LogNormalTable {
    median: Span,
    sigma: f64,
    /// More than a value is ever off, as a share of it.
    error: f64,
    /// The lower tail's parts, then the upper's.
    parts: Box<[[f64; TERMS]; 2 * PARTS]>,
}

/// The quantiles of the lower tail at the nodes of its parts.
static QUANTILES: OnceLock<[[f64; TERMS]; PARTS]> = OnceLock::new();

impl LogNormalTable {
    /// A table, if the distribution is narrow enough for one.
    pub(crate) fn new(median: Span, sigma: f64) -> Option<LogNormalTable> {
        if !(0.0..=SIGMA_MAX).contains(&sigma) {
            return None;
        }
        let (quantiles, nodes) = (QUANTILES.get_or_init(quantiles), Nodes::new());
        let mut parts = Box::new([[0.0; TERMS]; 2 * PARTS]);
        for (half, sigma) in parts.chunks_exact_mut(PARTS).zip([sigma, -sigma]) {
            for (part, at) in half.iter_mut().zip(quantiles) {
                *part = nodes.fit(at.map(|z| median.0 as f64 * libm::exp(sigma * z)));
            }
        }
        Some(LogNormalTable { median, sigma, error: error(sigma), parts })
    }

    /// A length, as [`crate::random::distribution::Distribution::sample`] draws it.
    #[inline(always)]
    pub(crate) fn sample(&self, rng: &mut Rng) -> Span {
        let draw = rng.bits() >> (64 - DRAW_BITS);
        match self.quickly(draw) {
            Some(ns) => Span(ns),
            None => self.exactly(draw),
        }
    }

    #[cold]
    #[inline(never)]
    fn exactly(&self, draw: u64) -> Span {
        log_normal(self.median, self.sigma, (draw as f64 + 0.5) * (1.0 / (1u64 << DRAW_BITS) as f64))
    }

    #[inline(always)]
    fn quickly(&self, draw: u64) -> Option<u64> {
        let value = self.value(draw)?;
        nearest(value, value * self.error)
    }

    /// About the length in nanoseconds, where the table reaches.
    #[inline(always)]
    fn value(&self, draw: u64) -> Option<f64> {
        let upper = draw >> (DRAW_BITS - 1);
        let tail = draw ^ (upper.wrapping_neg() >> (64 - DRAW_BITS));
        let bits = (tail as f64 + 0.5).to_bits();
        let part = (bits >> (52 - PART_BITS)).wrapping_sub(FIRST) as usize;
        if part >= PARTS {
            return None;
        }
        let terms = &self.parts[part + if upper == 0 { 0 } else { PARTS }];
        let within = f64::from_bits(bits & (u64::MAX >> (12 + PART_BITS)) | 1.0f64.to_bits());
        Some(polynomial(terms, within - (1.0 + WIDTH / 2.0)))
    }
}

/// More than a value is off, as a share: 1.7 times the worst of a dense grid or more, and what the exact functions are off.
fn error(sigma: f64) -> f64 {
    6e-10 * sigma * (1.0 + sigma) + 4e-12
}

#[cold]
fn quantiles() -> [[f64; TERMS]; PARTS] {
    let (mut quantiles, nodes) = ([[0.0; TERMS]; PARTS], Nodes::new());
    for (i, at) in quantiles.iter_mut().enumerate() {
        let draws = nodes.of_part(FIRST + i as u64);
        *at = draws.map(|draw| normal::quantile(draw / (1u64 << DRAW_BITS) as f64));
    }
    quantiles
}

#[cfg(test)]
mod tests {
    use super::{DRAW_BITS, LogNormalTable, error};
    use crate::random::distribution::Distribution;
    use crate::random::{Rng, normal};
    use crate::time::Span;
    use proptest::prelude::{any, prop_oneof};

    proptest::proptest! {
        /// The twin is the distribution, drawn as any other.
        #[test]
        fn every_value_is_the_distributions(
            median in prop_oneof![0u64..10, 0u64..10_000_000, any::<u64>()],
            sigma in prop_oneof![0.0..2.0f64, 0.0..1e-6f64, proptest::strategy::Just(2.0)],
            key in any::<u64>(),
        ) {
            let table = LogNormalTable::new(Span(median), sigma).expect("it is narrow");
            let whole = Distribution::LogNormal { median: Span(median), sigma };
            let (mut rng, mut twin) = (Rng::from_key(key), Rng::from_key(key));
            for _ in 0..200 {
                assert_eq!(table.sample(&mut rng), whole.sample(&mut twin));
            }
            assert_eq!(rng, twin);
        }
    }

    #[test]
    fn a_wide_distribution_has_none() {
        assert!(LogNormalTable::new(Span::ms(1), 2.1).is_none());
        assert!(LogNormalTable::new(Span::ms(1), f64::NAN).is_none());
    }

    #[test]
    fn it_mostly_can_tell() {
        let table = LogNormalTable::new(Span::us(250), 0.4).expect("it is narrow");
        let mut rng = Rng::from_key(1);
        let unknown = (0..100_000).filter(|_| table.quickly(rng.bits() >> 11).is_none()).count();
        // Of these, 98 are tails of less than 2⁻¹¹.
        assert!(unknown < 150, "{unknown} of 100,000 draws took the other way");
    }

    /// The error shows where the median is so large that a nanosecond is a small part of it.
    #[test]
    fn values_are_as_near_as_is_said() {
        for sigma in [1e-3, 0.1, 0.4, 1.0, 1.5, 2.0] {
            let table = LogNormalTable::new(Span(1 << 40), sigma).expect("it is narrow");
            let (mut worst, mut known) = (0.0f64, 0);
            for i in 0..400_000u64 {
                let draw = (i << (DRAW_BITS - 19)) + (1 << 30);
                let Some(value) = (draw < 1 << DRAW_BITS).then(|| table.value(draw)).flatten() else {
                    continue;
                };
                let p = (draw as f64 + 0.5) / (1u64 << DRAW_BITS) as f64;
                let exact = (1u64 << 40) as f64 * libm::exp(sigma * normal::quantile(p));
                worst = worst.max((value / exact - 1.0).abs());
                known += 1;
            }
            assert!(known > 390_000 && worst < error(sigma) / 1.7, "sigma {sigma}: {worst:e} of {known}");
        }
    }
}
