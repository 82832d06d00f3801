//! When a line of the plan strikes.

use serde::{Deserialize, Serialize};

use crate::random::distribution::Distribution;
use crate::time::Span;
use crate::units::{Rate, Ratio};

/// When a line strikes. Times count from the start of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Trigger {
    /// Once, at this time.
    At(Span),
    /// Again and again, with gaps drawn anew each time.
    Every {
        /// The gap before each strike.
        gap: Distribution,
        /// No strike before this.
        #[serde(default)]
        from: Span,
        /// No strike from here on.
        #[serde(default)]
        until: Option<Span>,
    },
    /// As a Poisson process.
    Randomly {
        /// How often.
        rate: Rate,
        /// No strike before this.
        #[serde(default)]
        from: Span,
        /// No strike from here on.
        #[serde(default)]
        until: Option<Span>,
    },
    /// At every step of a clock, with a probability.
    Chance {
        /// The probability at each step.
        probability: Ratio,
        /// The length of a step.
        step: Span,
        /// No strike before this.
        #[serde(default)]
        from: Span,
        /// No strike from here on.
        #[serde(default)]
        until: Option<Span>,
    },
    /// When something happens in the system.
    On {
        /// What.
        event: Event,
        /// How long after it.
        #[serde(default)]
        after: Span,
        /// How many such events are let pass first.
        #[serde(default)]
        skip: u32,
        /// How often it strikes at most.
        #[serde(default = "once")]
        times: u32,
        /// No strike before this.
        #[serde(default)]
        from: Span,
    },
}

/// Something that happens in the system, at some node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Event {
    /// A node takes this role: `Becomes("leader")`.
    Becomes(String),
    /// A node makes this mark.
    Mark(String),
    /// A node boots, the first time included.
    Boots,
    /// A node goes down.
    Crashes,
}

fn once() -> u32 {
    1
}

impl Trigger {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Trigger::Every { gap, .. } => {
                gap.validate().map_err(|why| format!("gap: {why}"))?;
                if gap.mean() == Some(Span::ZERO) {
                    return Err("gap: strikes without a gap would never end".into());
                }
                Ok(())
            }
            Trigger::Chance { step, .. } if *step == Span::ZERO => {
                Err("step: a step has a length above 0".into())
            }
            Trigger::On { times: 0, .. } => Err("times: it would never strike; at least 1".into()),
            _ => Ok(()),
        }
    }
}
