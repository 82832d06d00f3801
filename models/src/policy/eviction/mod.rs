//! Which entry a full cache gives up: the least recently used, the first that came, any, or the least often used.
//!
//! An entry is known by its place, a small number. Deliberately absent: keys, and what an entry holds.

mod frequency;
mod line;

use serde::{Deserialize, Serialize};
use sim_core::random::Rng;

use self::frequency::Frequency;
use self::line::Line;

/// Which entry makes room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Evict {
    /// The least recently used.
    #[default]
    Lru,
    /// The one that came first.
    Fifo,
    /// Any.
    Random,
    /// The one used least often since it came; of several the least recently used.
    Lfu,
}

/// The order of a cache's entries.
#[derive(Clone, Debug)]
pub(super) enum Order {
    /// By their use, if uses count, or by their coming.
    Line { line: Line, uses: bool },
    /// How many there are, and what the next choice hangs on.
    Random { count: u32, state: u64 },
    /// By how often they were used.
    Frequency(Frequency),
}

impl Order {
    pub(super) fn new(evict: Evict) -> Order {
        match evict {
            Evict::Lru => Order::Line { line: Line::default(), uses: true },
            Evict::Fifo => Order::Line { line: Line::default(), uses: false },
            Evict::Random => Order::Random { count: 0, state: 0 },
            Evict::Lfu => Order::Frequency(Frequency::default()),
        }
    }

    /// An entry is looked at; `draw` is any number that the look drew.
    pub(super) fn used(&mut self, place: u32, draw: u64) {
        match self {
            Order::Line { line, uses: true } => line.move_back(place),
            Order::Line { .. } => {}
            Order::Random { state, .. } => *state ^= draw,
            Order::Frequency(frequency) => frequency.used(place),
        }
    }

    /// A new entry comes, at a place after all others or at the one that was given up.
    pub(super) fn came(&mut self, place: u32) {
        match self {
            Order::Line { line, .. } => line.push(place),
            Order::Random { count, .. } => *count = (*count).max(place + 1),
            Order::Frequency(frequency) => frequency.came(place),
        }
    }

    /// An entry that is there is filled anew.
    pub(super) fn filled(&mut self, place: u32) {
        if let Order::Line { line, uses: true } = self {
            line.move_back(place);
        }
    }

    /// The place of the entry that is given up, which is free then.
    pub(super) fn give_up(&mut self, draw: u64) -> Option<u32> {
        match self {
            Order::Line { line, .. } => line.pop(),
            Order::Random { count: 0, .. } => None,
            Order::Random { count, state } => {
                let mut rng = Rng::from_key(*state ^ draw);
                *state = rng.bits();
                Some(rng.below(u64::from(*count)) as u32)
            }
            Order::Frequency(frequency) => frequency.pop(),
        }
    }
}
