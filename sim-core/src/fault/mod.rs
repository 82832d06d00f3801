//! Faults as a plan: lines of (when, on whom, what, for how long). Each line draws from a stream of its own, so a
//! line more or less moves nothing in the others.
//!
//! [`trigger`] says when, [`target`] on whom, [`kind`] what. The application to a running world is in
//! `world::inject`. To add a fault: a variant in [`kind`], its arm there, and a scripted test.

pub mod kind;
mod shape;
pub mod target;
pub mod trigger;

use serde::{Deserialize, Serialize};

pub use self::kind::{Crash, Fault, Shape};
pub use self::target::Target;
pub use self::trigger::{Event, Trigger};

use crate::random::distribution::Distribution;
use crate::units::Ratio;

/// One line of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultLine {
    /// When it strikes.
    pub when: Trigger,
    /// Whom it strikes.
    #[serde(default)]
    pub target: Target,
    /// What happens.
    pub fault: Fault,
    /// For how long; until everything heals if absent.
    #[serde(default)]
    pub lasts: Option<Distribution>,
    /// The chance that this line is in force at all in a run: a swarm draws a subset of the lines for each seed.
    #[serde(default = "always")]
    pub swarm: Ratio,
    /// It strikes only while at least this many nodes would be left up and unpaused; for crashes and pauses.
    #[serde(default)]
    pub keep_up: u32,
}

fn always() -> Ratio {
    Ratio::ONE
}

impl FaultLine {
    /// A line that strikes once at an instant, on the target given, until everything heals.
    #[must_use]
    pub fn new(when: Trigger, target: Target, fault: Fault) -> FaultLine {
        FaultLine { when, target, fault, lasts: None, swarm: Ratio::ONE, keep_up: 0 }
    }

    /// The same, for this long.
    #[must_use]
    pub fn lasting(self, span: crate::time::Span) -> FaultLine {
        FaultLine { lasts: Some(Distribution::Fixed(span)), ..self }
    }

    /// Whether every field makes sense in a cluster of these names.
    ///
    /// # Errors
    /// The field, and the first thing wrong with it in words.
    pub fn validate(&self, names: &target::Names) -> Result<(), (&'static str, String)> {
        self.when.validate().map_err(|why| ("when", why))?;
        self.target.validate(names).map_err(|why| ("target", why))?;
        self.fault.validate(names).map_err(|why| ("fault", why))?;
        if let Some(lasts) = &self.lasts {
            lasts.validate().map_err(|why| ("lasts", why))?;
        }
        let reaches_clients = matches!(
            self.fault,
            Fault::Partition { .. }
                | Fault::Loss(_)
                | Fault::Delay(_)
                | Fault::Duplicate(_)
                | Fault::Reorder { .. }
                | Fault::Bandwidth(_)
        );
        if self.target == Target::Clients && !reaches_clients {
            return Err((
                "target",
                format!(
                    "Clients: clients have no process, clock or disk for {} to fall on",
                    self.fault.name()
                ),
            ));
        }
        if self.target == Target::Cause && !matches!(self.when, Trigger::On { .. }) {
            return Err((
                "target",
                "Cause is the node whose event struck; it needs a trigger On(...)".into(),
            ));
        }
        Ok(())
    }
}
