//! A node's own clock. It has two readings: monotonic (for timers and time-outs; never steps) and wall (what the
//! node believes the date is; steps, leaps, is set). Both run at the clock's rate, which drifts from true time and may
//! be frozen. True time is the engine's alone.
//!
//! Rates are whole parts per billion, and all arithmetic is on integers.

use crate::time::{Span, Time};

const BILLION: i128 = 1_000_000_000;

/// A drift no slower than this freezes the clock.
pub const FROZEN_PPB: i64 = -1_000_000_000;

/// A clock: linear pieces, of which only the present one is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// True time at which the present piece began.
    since: Time,
    /// The monotonic reading there.
    monotonic: u64,
    /// Wall minus monotonic.
    wall_offset: i128,
    /// Parts per billion faster (or slower) than true time.
    drift_ppb: i64,
    /// Half the width of the interval in which the node knows true time to lie, for models that ask.
    uncertainty: Span,
}

impl Default for Clock {
    /// True time itself.
    fn default() -> Clock {
        Clock { since: Time::ZERO, monotonic: 0, wall_offset: 0, drift_ppb: 0, uncertainty: Span::ZERO }
    }
}

impl Clock {
    /// A clock that reads `offset_ns` at the start of the run and gains `drift_ppb` parts per billion.
    #[must_use]
    pub fn new(offset_ns: i64, drift_ppb: i64, uncertainty: Span) -> Clock {
        Clock {
            wall_offset: i128::from(offset_ns),
            drift_ppb: drift_ppb.max(FROZEN_PPB),
            uncertainty,
            ..Clock::default()
        }
    }

    /// The monotonic reading at a true instant.
    #[must_use]
    pub fn monotonic(&self, now: Time) -> Time {
        let elapsed = i128::from(now.since(self.since).0);
        if self.drift_ppb == 0 {
            return Time(self.monotonic + elapsed as u64);
        }
        Time(self.monotonic + (elapsed * (BILLION + i128::from(self.drift_ppb)) / BILLION) as u64)
    }

    /// The wall reading at a true instant; never before the epoch.
    #[must_use]
    pub fn wall(&self, now: Time) -> Time {
        let reading = i128::from(self.monotonic(now).0) + self.wall_offset;
        Time(u64::try_from(reading.max(0)).unwrap_or(u64::MAX))
    }

    /// How far the wall reading may be from true time, as the node is told.
    #[must_use]
    pub fn uncertainty(&self) -> Span {
        self.uncertainty
    }

    /// The drift in parts per billion.
    #[must_use]
    pub fn drift_ppb(&self) -> i64 {
        self.drift_ppb
    }

    /// The first true instant, not before `now`, at which the monotonic reading is `reading`;
    /// [`Time::NEVER`] on a frozen clock.
    #[must_use]
    pub fn when(&self, now: Time, reading: Time) -> Time {
        let left = i128::from(reading.0) - i128::from(self.monotonic);
        let rate = BILLION + i128::from(self.drift_ppb);
        if left <= 0 {
            return now;
        }
        if rate == 0 {
            return Time::NEVER;
        }
        // Rounded up: a timer is never early on its own clock.
        let elapsed = (left * BILLION + rate - 1) / rate;
        let at = i128::from(self.since.0) + elapsed;
        Time(u64::try_from(at).unwrap_or(u64::MAX)).max(now)
    }

    /// Moves the wall reading by `by_ns`; the monotonic one goes on.
    pub fn step(&mut self, by_ns: i64) {
        self.wall_offset += i128::from(by_ns);
    }

    /// Changes the rate from `now` on. Armed timers must be placed anew.
    pub fn set_drift(&mut self, now: Time, drift_ppb: i64) {
        self.monotonic = self.monotonic(now).0;
        self.since = now;
        self.drift_ppb = drift_ppb.max(FROZEN_PPB);
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, FROZEN_PPB};
    use crate::time::{Span, Time};

    fn at(seconds: u64) -> Time {
        Time(seconds * 1_000_000_000)
    }

    #[test]
    fn a_true_clock_reads_true_time() {
        let clock = Clock::default();
        assert_eq!((clock.monotonic(at(5)), clock.wall(at(5))), (at(5), at(5)));
        assert_eq!(clock.when(at(5), at(7)), at(7));
        assert_eq!(clock.when(at(5), at(3)), at(5));
    }

    #[test]
    fn drift_bends_both_readings_and_steps_only_the_wall() {
        let mut clock = Clock::new(-1_000_000_000, 100_000_000, Span::ZERO);
        assert_eq!(clock.monotonic(at(10)), at(11));
        assert_eq!(clock.wall(at(10)), at(10));
        clock.step(5_000_000_000);
        assert_eq!((clock.monotonic(at(10)), clock.wall(at(10))), (at(11), at(15)));
        clock.set_drift(at(10), 0);
        assert_eq!(clock.monotonic(at(20)), at(21));
        clock.step(-100_000_000_000);
        assert_eq!(clock.wall(at(20)), Time::ZERO);
    }

    #[test]
    fn a_timer_is_never_early_on_its_own_clock() {
        for drift in [-900_000_001, -300_000_001, -7, 0, 13, 250_000_003] {
            let clock = Clock::new(0, drift, Span::ZERO);
            for reading in [1, 1_000_003, 123_456_789_012] {
                let due = clock.when(Time::ZERO, Time(reading));
                assert!(clock.monotonic(due) >= Time(reading), "{drift} {reading}");
                assert!(
                    clock.monotonic(Time(due.0 - 1)) < Time(reading),
                    "{drift} {reading}: later than needed"
                );
            }
        }
    }

    #[test]
    fn a_frozen_clock_never_gets_there() {
        let mut clock = Clock::default();
        clock.set_drift(at(3), FROZEN_PPB * 2);
        assert_eq!(clock.monotonic(at(100)), at(3));
        assert_eq!(clock.when(at(100), at(4)), Time::NEVER);
        clock.set_drift(at(100), 0);
        assert_eq!(clock.when(at(100), at(4)), at(101));
    }
}
