//! Exponential lengths: the logarithm of a number's leading bits from a table, that of the rest by a short polynomial.

use std::sync::OnceLock;

use super::nearest;
use crate::time::Span;

/// Bits of the mantissa that the table is by.
const PART_BITS: u32 = 7;
const PARTS: usize = 1 << PART_BITS;

/// More than the quick logarithm and the exact one ever differ: either is off by a few units in the last place of 40, the
/// polynomial by (2⁻⁸)⁶/6.
const ERROR: f64 = 4e-14;
/// More than the roundings of the product are, as a share of it.
const ROUNDING: f64 = 5e-16;

/// A part of the numbers from 1 to 2.
#[derive(Clone, Copy)]
struct Part {
    /// One over its middle.
    inverse: f64,
    /// The logarithm of one over that.
    logarithm: f64,
}

static PARTS_OF_ONE: OnceLock<[Part; PARTS]> = OnceLock::new();

/// `mean` times minus the natural logarithm of `p`, a number above 0 and up to 1, to the nearest nanosecond.
#[inline(never)]
pub(in crate::random) fn exponential(mean: Span, p: f64) -> Span {
    // Numbers with a sign take fewer instructions.
    let Ok(signed) = i64::try_from(mean.0) else { return exact(mean, p) };
    let mean_ns = signed as f64;
    let value = -mean_ns * logarithm(PARTS_OF_ONE.get_or_init(parts), p);
    match nearest(value, mean_ns * ERROR + value * ROUNDING) {
        Some(ns) => Span(ns),
        None => exact(mean, p),
    }
}

#[cold]
fn exact(mean: Span, p: f64) -> Span {
    mean.times(-libm::log(p))
}

#[inline]
fn logarithm(parts: &[Part; PARTS], p: f64) -> f64 {
    let bits = p.to_bits();
    let exponent = (bits >> 52) as i64 - 1023;
    let Part { inverse, logarithm } = parts[(bits >> (52 - PART_BITS)) as usize % PARTS];
    let rest = f64::from_bits(bits & (u64::MAX >> 12) | 1.0f64.to_bits()) * inverse - 1.0;
    let square = rest * rest;
    let of_rest = rest + square * ((rest * (1.0 / 3.0) - 0.5) + square * (rest * (1.0 / 5.0) - 0.25));
    // What is known first is added first.
    (exponent as f64 * std::f64::consts::LN_2 + logarithm) + of_rest
}

#[cold]
fn parts() -> [Part; PARTS] {
    std::array::from_fn(|i| {
        let inverse = 1.0 / (1.0 + (i as f64 + 0.5) / PARTS as f64);
        Part { inverse, logarithm: -libm::log(inverse) }
    })
}

#[cfg(test)]
mod tests {
    use super::{ERROR, PARTS_OF_ONE, exact, exponential, logarithm, nearest, parts};
    use crate::random::Rng;
    use crate::time::Span;
    use proptest::prelude::{any, prop_oneof};

    proptest::proptest! {
        /// The twin is the exact functions.
        #[test]
        fn every_value_is_that_of_the_exact_functions(
            mean in prop_oneof![0u64..10, 0u64..100_000_000_000, 0u64..100_000_000_000_000, any::<u64>()],
            key in any::<u64>(),
        ) {
            let mut rng = Rng::from_key(key);
            for _ in 0..200 {
                let p = rng.open_unit();
                assert_eq!(exponential(Span(mean), p), exact(Span(mean), p), "{p}");
            }
            for p in [1.0, 1.0 - f64::EPSILON / 2.0, 0.5, f64::EPSILON / 4.0] {
                assert_eq!(exponential(Span(mean), p), exact(Span(mean), p), "{p}");
            }
        }
    }

    #[test]
    fn it_mostly_can_tell_and_is_as_near_as_is_said() {
        let (mut rng, parts) = (Rng::from_key(1), PARTS_OF_ONE.get_or_init(parts));
        let (mut unknown, mut worst) = (0, 0.0f64);
        for _ in 0..1_000_000 {
            let p = rng.open_unit();
            let length = -logarithm(parts, p);
            unknown += u32::from(nearest(1e9 * length, 1e9 * ERROR).is_none());
            worst = worst.max((length + libm::log(p)).abs());
        }
        assert!(unknown < 200, "{unknown} of 1,000,000 draws took the exact function");
        assert!(worst < ERROR / 4.0, "{worst:e}");
    }
}
