//! When clients ask: open and closed loops, curves of a day, arrivals recorded elsewhere.
//!
//! Deliberately absent: what they ask, which is [`super::workload`].

use serde::{Deserialize, Serialize};

use crate::random::Rng;
use crate::random::distribution::Distribution;
use crate::time::Span;
use crate::units::Rate;

/// When a client asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Load {
    /// One operation at a time, with a pause after each answer.
    Closed {
        /// The pause.
        think: Distribution,
    },
    /// Arrivals that do not wait for answers, as from many independent users.
    Open {
        /// How many a second, each client.
        rate: Rate,
        /// How they are spaced.
        #[serde(default)]
        arrivals: Arrivals,
    },
    /// An open loop whose rate changes: ramps, bursts, days and nights.
    Curve {
        /// Points (time, arrivals a second, each client), times rising from 0; the rate runs straight from point to
        /// point, and jumps where two points have one time. After the last it stays there.
        points: Vec<(Span, f64)>,
        /// Whether the curve begins anew after its last point: a day.
        #[serde(default)]
        repeats: bool,
        /// How arrivals are spaced: by a Poisson process, or evenly.
        #[serde(default)]
        arrivals: Arrivals,
    },
    /// Arrivals that were recorded elsewhere: these instants after the start of the clients, each client.
    Replay(Vec<Span>),
    /// The same from a CSV file, its path seen from the scenario's: the first column is seconds, and a first line that
    /// is no number is a heading. The scenario is read with the instants in it, so a run does not depend on the file.
    ReplayCsv(String),
}

/// How the arrivals of an open loop are spaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Arrivals {
    /// A Poisson process: exponential gaps.
    #[default]
    Poisson,
    /// Equal gaps, the first at a random phase.
    Even,
}

impl Load {
    /// Reads recorded arrivals: the first column of a CSV text is seconds since the start; a first line that is not a
    /// number is a heading. The instants are put in order.
    ///
    /// # Errors
    /// The number of the line that has no instant, and what it has.
    pub fn replay_csv(text: &str) -> Result<Load, String> {
        let mut instants = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let field = line.split(',').next().unwrap_or("").trim();
            match field.parse::<f64>() {
                Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => {
                    instants.push(Span::from_secs_f64(seconds));
                }
                Err(_) if number == 0 => {}
                _ => {
                    return Err(format!(
                        "line {}: expected seconds, 0 or more, found \"{field}\"",
                        number + 1
                    ));
                }
            }
        }
        instants.sort_unstable();
        Ok(Load::Replay(instants))
    }

    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Load::Closed { think } => think.validate().map_err(|why| format!("think: {why}")),
            Load::Open { .. } => Ok(()),
            Load::Curve { points, repeats, .. } => super::curve::validate(points, *repeats),
            Load::Replay(instants) if instants.windows(2).any(|pair| pair[0] > pair[1]) => {
                Err("Replay: instants must not fall".into())
            }
            Load::Replay(_) => Ok(()),
            Load::ReplayCsv(_) => Err("ReplayCsv: only a scenario's file can name one".into()),
        }
    }

    /// About how many operations a client asks in so long; 0 where it waits for answers, or the rate changes.
    pub(crate) fn expected(&self, asking: Span) -> f64 {
        match self {
            Load::Open { rate, .. } => rate.get() * asking.as_secs_f64(),
            Load::Replay(instants) => instants.partition_point(|instant| *instant <= asking) as f64,
            Load::Closed { .. } | Load::Curve { .. } | Load::ReplayCsv(_) => 0.0,
        }
    }

    /// The time from one arrival to the next in an open loop, or from an answer to the next question in a closed one.
    /// `asked` questions were asked so far; it is `since_start` after the client's start.
    pub(crate) fn gap(&self, rng: &mut Rng, asked: u64, since_start: Span) -> Span {
        match self {
            Load::Curve { points, repeats, arrivals } => {
                let u = rng.open_unit();
                let amount = if *arrivals == Arrivals::Even { 1.0 } else { -libm::log(u) };
                super::curve::time_for(points, *repeats, since_start, amount)
            }
            // Never run: it has become `Replay`, or was refused.
            Load::ReplayCsv(_) => Span::FOREVER,
            Load::Replay(instants) => {
                rng.bits();
                let next = instants.get(asked as usize).copied().unwrap_or(Span::FOREVER);
                Span(next.0.saturating_sub(since_start.0))
            }
            Load::Closed { think } => think.sample(rng),
            Load::Open { rate, arrivals: Arrivals::Even } => {
                rng.bits();
                rate.interval()
            }
            Load::Open { rate, arrivals: Arrivals::Poisson } => {
                Distribution::Exponential { mean: rate.interval() }.sample(rng)
            }
        }
    }

    /// The time from the client's start to its first question.
    pub(crate) fn first(&self, rng: &mut Rng) -> Span {
        match self {
            Load::Open { rate, arrivals: Arrivals::Even } => rate.interval().times(rng.unit()),
            _ => self.gap(rng, 0, Span::ZERO),
        }
    }
}
