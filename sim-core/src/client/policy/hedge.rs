//! Hedged and tied requests: a second copy goes to another instance when the first is late, and the first answer
//! counts (Dean and Barroso, "The Tail at Scale", CACM 2013, "Within Request Short-Term Adaptations").
//!
//! Deliberately absent: the choice of the other instance, which is the balancer's, or the client's routing.

use super::window::Window;
use crate::time::Span;
use crate::units::Ratio;
use serde::{Deserialize, Serialize};

/// A hedge's settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HedgeConfig {
    /// When another copy goes out.
    pub after: After,
    /// How many copies besides the first.
    #[serde(default = "one")]
    pub copies: u32,
    /// Whether the copies know of each other: the one that begins calls off the other, which is dropped if it still
    /// waits ("Tied requests"). With one more copy only.
    #[serde(default)]
    pub tied: bool,
}

/// When a hedge goes out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum After {
    /// After this long; at once if zero.
    Fixed(Span),
    /// When it has taken longer than this share of the latest calls did.
    Percentile {
        /// The share: `95%` hedges about a twentieth of the calls.
        share: Ratio,
        /// What is used until enough has been seen.
        first: Span,
    },
}

fn one() -> u32 {
    1
}

/// At most so many copies besides the first.
const COPIES_MAX: u32 = 100;

/// How many of the latest calls a percentile is taken over.
const REMEMBERED: usize = 1000;

/// A hedge at work.
#[derive(Clone, Debug)]
pub struct Hedge {
    config: HedgeConfig,
    window: Window,
}

impl HedgeConfig {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        match self.copies {
            0 => Err("Hedge: copies: at least 1".into()),
            copies if copies > COPIES_MAX => {
                Err(format!("Hedge: copies: at most {COPIES_MAX} besides the first, found {copies}"))
            }
            copies if self.tied && copies > 1 => Err(format!(
                "Hedge: copies: two are tied to each other, so 1 besides the first, found {copies}"
            )),
            _ => Ok(()),
        }
    }
}

impl Hedge {
    /// A fresh one.
    #[must_use]
    pub fn new(config: HedgeConfig) -> Hedge {
        Hedge { config, window: Window::new(REMEMBERED) }
    }
    /// How long to wait before the next copy of a call that has sent `sent`; `None` if it has sent all.
    #[must_use]
    pub fn delay(&self, sent: u32) -> Option<Span> {
        if sent > self.config.copies {
            return None;
        }
        Some(match self.config.after {
            After::Fixed(span) => span,
            After::Percentile { share, first } => self.window.quantile(share.get()).unwrap_or(first),
        })
    }
    /// Whether losing copies are taken back.
    #[must_use]
    pub fn tied(&self) -> bool {
        self.config.tied
    }
    /// A call took this long.
    pub fn took(&mut self, span: Span) {
        if matches!(self.config.after, After::Percentile { .. }) {
            self.window.add(span);
        }
    }
}
