//! Bulkheads: at most so many calls at once, so that one slow callee cannot take all of a caller's threads (Nygard,
//! "Release It!", ch. 5). A connection pool is the same with another name: a call holds one place while it lasts.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// A bulkhead's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BulkheadConfig {
    /// How many at once.
    pub places: u32,
    /// How many may wait for a place; what comes on top is turned away. How long they wait is a timeout's business.
    #[serde(default)]
    pub waiting: u32,
}

/// A bulkhead at work. Callers are numbers.
#[derive(Clone, Debug)]
pub struct Bulkhead {
    config: BulkheadConfig,
    held: u32,
    waiting: VecDeque<u32>,
}

/// What becomes of one who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It has a place.
    Held,
    /// It waits.
    Waits,
    /// It is turned away.
    Full,
}

impl BulkheadConfig {
    /// Whether every field makes sense.
    ///
    /// # Errors
    /// The first thing that does not, in words.
    pub fn validate(&self) -> Result<(), String> {
        if self.places == 0 { Err("Bulkhead: places: at least 1".into()) } else { Ok(()) }
    }
}

impl Bulkhead {
    /// An empty one.
    #[must_use]
    pub fn new(config: BulkheadConfig) -> Bulkhead {
        Bulkhead { config, held: 0, waiting: VecDeque::new() }
    }
    /// Someone comes.
    pub fn enter(&mut self, who: u32) -> Entry {
        if self.held < self.config.places {
            self.held += 1;
            Entry::Held
        } else if self.waiting.len() < self.config.waiting as usize {
            self.waiting.push_back(who);
            Entry::Waits
        } else {
            Entry::Full
        }
    }
    /// Someone leaves its place.
    pub fn leave(&mut self) {
        self.held -= 1;
    }
    /// Someone gives up waiting.
    pub fn give_up(&mut self, who: u32) {
        self.waiting.retain(|waits| *waits != who);
    }
    /// Gives a free place to who has waited longest.
    pub fn seat(&mut self) -> Option<u32> {
        if self.held >= self.config.places {
            return None;
        }
        let who = self.waiting.pop_front()?;
        self.held += 1;
        Some(who)
    }
    /// How many hold a place, and how many wait.
    #[must_use]
    pub fn load(&self) -> (u32, u32) {
        (self.held, self.waiting.len() as u32)
    }
}
