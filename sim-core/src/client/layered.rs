//! A client whose patience is layers: the layers themselves, and where an operation's attempts are in them.
//!
//! Deliberately absent: carrying out what the layers ask for, which is the world's (`world/layers.rs`).

use super::policy::{Acts, Layer, Stack, Token};
use crate::value::{Call, Key};

/// The layers of one client at work.
pub(crate) struct Layers {
    pub(crate) stack: Stack,
    pub(crate) acts: Acts,
}

impl Layers {
    /// Fresh ones; none if none are written.
    pub(crate) fn new(layers: &[Layer]) -> Option<Box<Layers>> {
        let fresh = || Box::new(Layers { stack: Stack::new(layers), acts: Acts::default() });
        (!layers.is_empty()).then(fresh)
    }
}

/// Where an operation is in its client's layers.
#[derive(Default)]
pub(crate) struct Inside {
    /// What the whole operation is called there.
    pub(crate) root: Option<Token>,
    /// What its attempts are called there, by their numbers.
    attempts: Vec<(u32, Token)>,
    /// How often the layers have been told something of it.
    pub(crate) turns: u32,
}

impl Inside {
    /// An attempt of this number has gone out. What the layers know nothing of any more is forgotten.
    pub(crate) fn sent(&mut self, number: u32, token: Token, stack: &Stack) {
        self.attempts.retain(|(_, token)| stack.is_live(*token));
        self.attempts.push((number, token));
    }

    /// What the attempt of a number is called.
    pub(crate) fn attempt(&self, number: u32) -> Option<Token> {
        self.attempts.iter().find(|(own, _)| *own == number).map(|(_, token)| *token)
    }

    /// Whether attempts are on their way that the layers wait for.
    pub(crate) fn awaits(&self, stack: &Stack) -> bool {
        self.attempts.iter().any(|(_, token)| stack.is_live(*token))
    }
}

/// An operation as the layers name it: its process and its number there.
pub(crate) fn tag(process: u32, serial: u32) -> u64 {
    (u64::from(process) << 32) | u64::from(serial)
}

/// The process and number of a name.
pub(crate) fn untag(tag: u64) -> (u32, u32) {
    ((tag >> 32) as u32, tag as u32)
}

/// What operations may share an answer by: plain reads by what they read, everything else with nobody.
pub(crate) fn share(call: &Call, key: Option<Key>, plain: bool, tag: u64) -> u64 {
    match call {
        Call::Read if plain => key.map_or(0, |key| key.0) << 1,
        _ => (tag << 1) | 1,
    }
}
