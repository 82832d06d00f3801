//! A run told event by event.

use std::io::Write;

use sim_core::time::Time;

use crate::load::Loaded;
use crate::run::Outcome;

/// In which form a run is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    JsonLines,
}

/// Which part of a run is told, and how.
#[derive(Clone, Copy, Debug)]
pub struct TellOptions {
    /// The form.
    pub form: Form,
    /// Nothing before this is told.
    pub from: Time,
    /// The run ends here; [`Time::NEVER`] for its own end.
    pub until: Time,
}

/// Runs a scenario and tells it. The outcome is that of the whole run, or of the part until `until`.
///
/// # Errors
/// What `out` says.
pub fn tell(
    loaded: &Loaded,
    seed: u64,
    options: &TellOptions,
    out: &mut dyn Write,
) -> std::io::Result<Outcome> {
    let _ = (loaded, seed, options, out);
    todo!()
}
