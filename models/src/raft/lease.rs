//! A leader's lease as it stands at one moment (D 6.4.1): until when, by which clock, and what the clocks must keep for it
//! to be good.
//!
//! Deliberately absent: how it is renewed and used, which is `read`.

use std::fmt;

use serde_json::{Value, json};
use sim_core::time::{Span, Time};

use super::config::Reads;
use super::node::RaftNode;
use crate::model::Moment;

/// A lease, looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease {
    /// Until when it holds, on the leader's monotonic clock; [`Time::ZERO`] if it has none.
    pub until: Time,
    /// What that clock reads.
    pub reading: Time,
    /// How much faster than true time that clock runs, in parts per billion.
    pub drift_ppb: i64,
    /// When it will end in true time, if the clock goes on as it does; [`Time::NEVER`] on a frozen clock.
    pub ends: Time,
    /// How much of true time is left until then.
    pub left: Span,
    /// How long it is from the beginning of the round that renewed it, on that clock.
    pub length: Span,
    /// How far any clock may run from true time for it to be good, in parts per million.
    pub bound_ppm: f64,
}

impl RaftNode {
    /// The lease of a leader that reads under one.
    #[must_use]
    pub fn lease(&self, moment: &Moment) -> Option<Lease> {
        let Reads::Lease { drift_ppm } = self.shared.raft.reads else { return None };
        let until = self.leading.as_ref()?.rounds.lease();
        let (at, clock) = (moment.at, &moment.clock);
        let ends = clock.when(at, until);
        Some(Lease {
            until,
            reading: clock.monotonic(at),
            drift_ppb: clock.drift_ppb(),
            ends,
            left: ends.since(at),
            length: self.lease_length(),
            bound_ppm: drift_ppm,
        })
    }
}

impl Lease {
    /// Whether it runs.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.reading < self.until
    }

    /// Whether its own clock keeps the bound at the moment.
    #[must_use]
    pub fn is_within_bound(&self) -> bool {
        self.drift_ppb.unsigned_abs() as f64 <= self.bound_ppm * 1e3
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "clock": "own, monotonic",
            "clock_ns": self.reading.0,
            "clock_drift_ppm": self.drift_ppb as f64 / 1e3,
            "until_ns": self.until.0,
            "runs": self.runs(),
            "length_ns": self.length.0,
            "ends_at_ns": self.runs().then_some(self.ends).filter(|ends| *ends != Time::NEVER).map(|ends| ends.0),
            "drift_bound_ppm": self.bound_ppm,
            "within_bound": self.is_within_bound(),
        })
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.until == Time::ZERO {
            return write!(f, "no lease");
        }
        let verb = if self.runs() { "lease until" } else { "lease ended at" };
        write!(f, "{verb} {} on its own clock, which reads {}", self.until, self.reading)?;
        match self.drift_ppb {
            0 => {}
            ppb if ppb > 0 => write!(f, " and runs {} ppm fast", ppb as f64 / 1e3)?,
            ppb => write!(f, " and runs {} ppm slow", -ppb as f64 / 1e3)?,
        }
        match (self.runs(), self.ends) {
            (false, _) => {}
            (true, Time::NEVER) => write!(f, ": it never ends")?,
            (true, ends) => write!(f, ": for {} more of true time, until {ends}", self.left)?,
        }
        write!(f, "; good while no clock drifts by more than {} ppm", self.bound_ppm)?;
        if self.is_within_bound() { Ok(()) } else { write!(f, ", and its own does") }
    }
}
