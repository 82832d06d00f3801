//! A history with the names that its file gave to keys, so that every checker speaks of them as their user does.
//!
//! Deliberately absent: reading names ([`crate::format`]), and any use of them but in messages.

use sim_core::history::History;
use sim_core::time::Time;
use sim_core::value::{Key, Micro};

use crate::format::KeyNames;

/// A history, and what its keys are called where they are no numbers.
#[derive(Clone, Copy, Debug)]
pub struct Named<'h> {
    /// The operations.
    pub history: &'h History,
    names: Option<&'h KeyNames>,
}

impl<'h> Named<'h> {
    /// A history whose keys have these names.
    #[must_use]
    pub fn new(history: &'h History, names: &'h KeyNames) -> Named<'h> {
        Named { history, names: Some(names) }
    }

    /// What a key is called: `"acct/x"`, or its number.
    #[must_use]
    pub fn called(&self, key: Key) -> String {
        self.names.map_or_else(|| key.to_string(), |names| names.called(key))
    }

    /// A step as Elle writes it: `[:append "acct/x" 1]`, `[:r 3 [1]]`.
    #[must_use]
    pub fn step(&self, step: &Micro) -> String {
        self.names.map_or_else(|| step.to_string(), |names| names.step(step))
    }
}

/// An instant, as the history has it: a time, or a place in the order of events where the file has no times.
#[must_use]
pub(crate) fn moment(time: Time, index: u64) -> String {
    if time.0 == index { format!("event {index}") } else { time.to_string() }
}

impl<'h> From<&'h History> for Named<'h> {
    fn from(history: &'h History) -> Named<'h> {
        Named { history, names: None }
    }
}

impl KeyNames {
    /// What a key is called in messages: `"acct/x"`, or its number.
    #[must_use]
    pub fn called(&self, key: Key) -> String {
        self.text(key).map_or_else(|| key.to_string(), |name| format!("{name:?}"))
    }

    /// A step as Elle writes it, with the key's own name.
    #[must_use]
    pub fn step(&self, step: &Micro) -> String {
        let (Micro::Append(key, _) | Micro::Write(key, _) | Micro::Read(key, _)) = step;
        if self.text(*key).is_none() {
            return step.to_string();
        }
        let key = self.called(*key);
        match step {
            Micro::Append(_, value) => format!("[:append {key} {value}]"),
            Micro::Write(_, value) => format!("[:w {key} {value}]"),
            Micro::Read(_, Some(value)) => format!("[:r {key} {value}]"),
            Micro::Read(_, None) => format!("[:r {key} _]"),
        }
    }
}
