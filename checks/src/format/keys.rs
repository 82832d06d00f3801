//! The names of keys: text and keywords are numbered in the order they appear, and keep their name for messages.
//!
//! Whole numbers from 0 name themselves. Deliberately absent: any other use of a name than printing it.

use sim_core::value::Key;

use crate::intern::Table;

/// From here on count the numbers of named keys while it is not known whether the file has numbered ones too.
const NAMED: u64 = 1 << 63;

/// Which name a key had in its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyNames {
    names: Table<Box<str>, ()>,
    base: u64,
}

/// Gives numbers to names while a file is read.
#[derive(Debug, Default)]
pub(super) struct KeyTable {
    names: Table<Box<str>, ()>,
    numbered: bool,
}

impl KeyNames {
    /// The key's name: its text where it had one, else its number.
    #[must_use]
    pub fn name(&self, key: Key) -> String {
        self.text(key).map_or_else(|| key.to_string(), str::to_owned)
    }

    /// The key's text, if it had one.
    #[must_use]
    pub fn text(&self, key: Key) -> Option<&str> {
        let index = usize::try_from(key.0.checked_sub(self.base)?).ok()?;
        self.names.get_index(index).map(|(name, ())| &**name)
    }

    /// Whether every key is a number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl KeyTable {
    /// The key that is this number.
    pub(super) fn number(&mut self, n: u64) -> Option<Key> {
        self.numbered = true;
        (n < NAMED).then_some(Key(n))
    }

    /// The key of this name.
    pub(super) fn named(&mut self, name: &str) -> Key {
        let index = match self.names.get_index_of(name) {
            Some(index) => index,
            None => self.names.insert_full(name.into(), ()).0,
        };
        Key(NAMED + index as u64)
    }

    /// The names, and how much to take off each named key's number now that the whole file is known.
    pub(super) fn finish(self) -> (KeyNames, u64) {
        let shift = if self.numbered { 0 } else { NAMED };
        let base = NAMED - shift;
        (KeyNames { names: self.names, base }, shift)
    }
}

/// The number that a key has once the whole file is known.
pub(super) fn settled(key: Key, shift: u64) -> Key {
    if key.0 >= NAMED { Key(key.0 - shift) } else { key }
}
