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

/// The whole number nearest to what differs from `value` by less than `error`, if that much tells which it is.
#[inline]
fn nearest(value: f64, error: f64) -> Option<u64> {
    if value >= 1e15 {
        return None;
    }
    let shifted = value + 0.5;
    let whole = shifted as i64;
    let part = shifted - whole as f64;
    (part > error && part < 1.0 - error).then_some(whole as u64)
}
