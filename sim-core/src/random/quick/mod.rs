//! Lengths of time in whole nanoseconds, quickly: approximate functions mostly tell the nanosecond, and where they do not
//! the exact ones decide. So every value is that of the exact functions, on every platform.
//!
//! A file a distribution: [`log_normal`], [`exponential`]; and [`table`] for one log-normal that is drawn from again and again.
//! The twin of each is the exact functions.

mod exponential;
mod log_normal;
mod table;

pub(super) use self::exponential::exponential;
pub(super) use self::log_normal::log_normal;
pub(crate) use self::table::LogNormalTable;

/// Adding it leaves the nearest whole number in the last bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// The whole number nearest to what differs from `value` by less than `error`, if that much tells which it is.
#[inline]
fn nearest(value: f64, error: f64) -> Option<u64> {
    if value >= 1e15 {
        return None;
    }
    let rounded = value + ROUND;
    let off = value - (rounded - ROUND);
    (off.abs() + error < 0.5).then(|| rounded.to_bits().wrapping_sub(ROUND.to_bits()))
}
