//! Circuit breakers: after too many failures nothing is sent for a while, then a few probes decide.
//!
//! Closed, open and half-open as Nygard names them ("Release It!", ch. 5); trips by consecutive failures, by the
//! failure rate of a window, or by the share of slow calls, as Resilience4j offers them, over the latest calls or the
//! latest time (Hystrix's rolling window). One breaker watches whatever it is put before: a host or a service. What a
//! breaker hears of a call that it let through before its state last changed does not count: a late answer is no
//! probe's. Deliberately absent: fallbacks, which are a layer of their own.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::time::{Span, Time};
use crate::units::Ratio;

/// A breaker's settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakerConfig {
    /// What opens it.
    pub trips: Trip,
    /// How long it stays open before it lets probes through.
    pub open_for: Span,
    /// How many probes must succeed to close it; the first that fails opens it again.
    pub probes: u32,
}

/// What opens a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Trip {
    /// This many failures with no success between them.
    Consecutive(u32),
    /// This share of the latest calls failed.
    Rate {
        /// The share; it opens at this and above.
        share: Ratio,
        /// How many calls are remembered.
        window: u32,
        /// With fewer calls than this it stays closed.
        least: u32,
    },
    /// This share of the latest calls failed or took longer than `slower`.
    Slow {
        /// What counts as slow.
        slower: Span,
        /// The share; it opens at this and above.
        share: Ratio,
        /// How many calls are remembered.
        window: u32,
        /// With fewer calls than this it stays closed.
        least: u32,
    },
    /// This share of the calls that ended in the latest time failed, or took longer than `slower`.
    Within {
        /// The time, in ten steps of which the oldest is forgotten as a whole.
        window: Span,
        /// The share; it opens at this and above.
        share: Ratio,
        /// With fewer calls than this it stays closed.
        least: u32,
        /// What counts as slow; slowness does not matter if absent.
        #[serde(default)]
        slower: Option<Span>,
    },
}

/// What a breaker is at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything passes.
    Closed,
    /// Nothing passes.
    Open {
        /// Until when.
        until: Time,
    },
    /// A few pass, to see.
    HalfOpen {
        /// How many have been let through.
        sent: u32,
        /// How many of them succeeded.
        ok: u32,
    },
}

/// A breaker at work.
#[derive(Clone, Debug)]
pub struct Breaker {
    config: BreakerConfig,
    state: State,
    in_a_row: u32,
    window: VecDeque<bool>,
    bad: u32,
    /// Tenths of a window in time: (which, calls, bad ones).
    tenths: VecDeque<(u64, u32, u32)>,
    /// When its state last changed.
    since: Time,
}

impl BreakerConfig {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        if self.probes == 0 {
            return Err("probes: at least 1, or it would never close again".into());
        }
        if self.open_for == Span::ZERO {
            return Err("open_for: a length above 0".into());
        }
        match self.trips {
            Trip::Within { window, least, .. } if window < Span(10) || least == 0 => {
                Err("trips: Within needs a window of some length, and least of at least 1".into())
            }
            Trip::Consecutive(0) => Err("trips: Consecutive(n) needs n of at least 1".into()),
            Trip::Rate { window, least, .. } | Trip::Slow { window, least, .. }
                if window == 0 || least == 0 || least > window =>
            {
                Err(format!("trips: least ({least}) is at least 1 and at most window ({window})"))
            }
            _ => Ok(()),
        }
    }
}

impl Breaker {
    /// A closed one.
    #[must_use]
    pub fn new(config: BreakerConfig) -> Breaker {
        Breaker {
            config,
            state: State::Closed,
            in_a_row: 0,
            window: VecDeque::new(),
            bad: 0,
            tenths: VecDeque::new(),
            since: Time::ZERO,
        }
    }

    /// What it is. An open breaker turns half-open only when it is asked.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// What it would be if it were asked now.
    #[must_use]
    pub fn state_at(&self, now: Time) -> State {
        match self.state {
            State::Open { until } if now >= until => State::HalfOpen { sent: 0, ok: 0 },
            state => state,
        }
    }

    /// Whether a call may pass now.
    pub fn admit(&mut self, now: Time) -> bool {
        if let State::Open { until } = self.state
            && now >= until
        {
            (self.state, self.since) = (State::HalfOpen { sent: 0, ok: 0 }, now);
        }
        match &mut self.state {
            State::Closed => true,
            State::Open { .. } => false,
            State::HalfOpen { sent, .. } => {
                let passes = *sent < self.config.probes;
                *sent += u32::from(passes);
                passes
            }
        }
    }

    /// A call that was let through at this time will not be heard of: its caller gave it up for other reasons.
    pub fn forget(&mut self, began: Time) {
        if let State::HalfOpen { sent, .. } = &mut self.state
            && began >= self.since
        {
            *sent = sent.saturating_sub(1);
        }
    }

    /// A call that was let through ended, so long after it was.
    pub fn ended(&mut self, ok: bool, took: Span, now: Time) {
        if now.0.saturating_sub(took.0) < self.since.0 {
            return;
        }
        let bad = match self.config.trips {
            Trip::Slow { slower, .. } | Trip::Within { slower: Some(slower), .. } => !ok || took > slower,
            _ => !ok,
        };
        match &mut self.state {
            // An answer to a call from before it opened.
            State::Open { .. } => {}
            State::HalfOpen { .. } if bad => self.open(now),
            State::HalfOpen { ok, .. } => {
                *ok += 1;
                if *ok >= self.config.probes {
                    (self.state, self.since) = (State::Closed, now);
                    self.clear();
                }
            }
            State::Closed => {
                self.note(bad, now);
                if self.trips() {
                    self.open(now);
                }
            }
        }
    }

    fn note(&mut self, bad: bool, now: Time) {
        self.in_a_row = if bad { self.in_a_row + 1 } else { 0 };
        if let Trip::Within { window, .. } = self.config.trips {
            let tenth = now.0 / (window.0 / 10).max(1);
            while self.tenths.front().is_some_and(|(old, ..)| old + 10 <= tenth) {
                self.tenths.pop_front();
            }
            if self.tenths.back().is_none_or(|(last, ..)| *last < tenth) {
                self.tenths.push_back((tenth, 0, 0));
            }
            if let Some((_, calls, failed)) = self.tenths.back_mut() {
                *calls += 1;
                *failed += u32::from(bad);
            }
        }
        let (Trip::Rate { window, .. } | Trip::Slow { window, .. }) = self.config.trips else { return };
        self.window.push_back(bad);
        self.bad += u32::from(bad);
        if self.window.len() > window as usize {
            self.bad -= u32::from(self.window.pop_front().unwrap_or(false));
        }
    }

    fn trips(&self) -> bool {
        match self.config.trips {
            Trip::Consecutive(limit) => self.in_a_row >= limit,
            Trip::Within { share, least, .. } => {
                let (calls, bad) =
                    self.tenths.iter().fold((0, 0), |(a, b), (_, calls, bad)| (a + calls, b + bad));
                calls >= least && bad > 0 && f64::from(bad) >= share.get() * f64::from(calls)
            }
            Trip::Rate { share, least, .. } | Trip::Slow { share, least, .. } => {
                let seen = self.window.len() as f64;
                self.window.len() >= least as usize
                    && f64::from(self.bad) >= share.get() * seen
                    && self.bad > 0
            }
        }
    }

    fn open(&mut self, now: Time) {
        (self.state, self.since) = (State::Open { until: now + self.config.open_for }, now);
        self.clear();
    }

    fn clear(&mut self) {
        (self.in_a_row, self.bad) = (0, 0);
        self.window.clear();
        self.tenths.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Breaker, BreakerConfig, State, Trip};
    use crate::time::{Span, Time};
    use crate::units::Ratio;

    /// A script: `+` a success, `-` a failure, `~` a slow success (each if let through), `.` a second passes. The
    /// answer: `c`, `o` or `h` after each step.
    fn check(trips: Trip, script: &str, expected: &str) {
        let mut breaker = Breaker::new(BreakerConfig { trips, open_for: Span::secs(2), probes: 2 });
        let mut now = Time::ZERO;
        let states: String = script
            .chars()
            .map(|step| {
                if step == '.' {
                    now += Span::secs(1);
                } else if breaker.admit(now) {
                    let took = if step == '~' { Span::ms(900) } else { Span::ms(10) };
                    now += took;
                    breaker.ended(step != '-', took, now);
                }
                match breaker.state() {
                    State::Closed => 'c',
                    State::Open { .. } => 'o',
                    State::HalfOpen { .. } => 'h',
                }
            })
            .collect();
        assert_eq!(states, expected, "{script}");
    }

    #[test]
    fn it_opens_probes_and_closes() {
        check(Trip::Consecutive(3), "--+---+..++-", "cccccoooohcc");
        check(Trip::Consecutive(2), "--..-..+-", "cooooooho");
    }

    #[test]
    fn a_rate_needs_enough_calls() {
        let half = Ratio::new(0.5).expect("a ratio");
        check(Trip::Rate { share: half, window: 4, least: 4 }, "---+", "ccco");
        check(Trip::Rate { share: half, window: 4, least: 4 }, "-+++-+-", "cccccco");
    }

    #[test]
    fn slow_calls_count_as_bad_ones() {
        let all = Ratio::ONE;
        check(Trip::Slow { slower: Span::ms(500), share: all, window: 2, least: 2 }, "~+~~", "ccco");
    }

    #[test]
    fn a_probe_that_is_forgotten_makes_room_for_another() {
        let config = BreakerConfig { trips: Trip::Consecutive(1), open_for: Span::secs(1), probes: 1 };
        let mut breaker = Breaker::new(config);
        breaker.ended(false, Span::ZERO, Time::ZERO);
        let later = Time::ZERO + Span::secs(1);
        assert!(breaker.admit(later) && !breaker.admit(later));
        breaker.forget(later);
        assert!(breaker.admit(later));
    }

    #[test]
    fn an_answer_to_a_call_from_before_it_opened_is_no_probes() {
        let config = BreakerConfig { trips: Trip::Consecutive(1), open_for: Span::secs(1), probes: 1 };
        let mut breaker = Breaker::new(config);
        let at = |ms: u64| Time::ZERO + Span::ms(ms);
        assert!(breaker.admit(at(0)) && breaker.admit(at(100)));
        breaker.ended(false, Span::ms(200), at(200));
        assert!(breaker.admit(at(1200)), "the probe");
        // The call of 100 ms: neither its success nor its failure, nor that it was given up, is the probe's.
        breaker.ended(true, Span::ms(1150), at(1250));
        breaker.ended(false, Span::ms(1150), at(1250));
        breaker.forget(at(100));
        assert_eq!(breaker.state(), State::HalfOpen { sent: 1, ok: 0 });
        breaker.ended(true, Span::ms(60), at(1260));
        assert_eq!(breaker.state(), State::Closed);
    }

    #[test]
    fn a_window_in_time_forgets_what_is_older() {
        let share = Ratio::new(0.5).expect("a ratio");
        let trips = Trip::Within { window: Span::secs(10), share, least: 4, slower: None };
        // Two failures, eleven seconds, two more: at no time four calls in ten seconds; then there are.
        check(trips, "--...........---+", "cccccccccccccccco");
        check(trips, "--...---+", "ccccccooo");
    }
}
