//! Places by how often they were used, and by their latest use among equals.

use std::collections::BTreeSet;

/// How often, and when for the last time, counted in steps.
type Rank = (u64, u64);

/// The order.
#[derive(Clone, Debug, Default)]
pub(in crate::policy) struct Frequency {
    ranks: Vec<Rank>,
    order: BTreeSet<(Rank, u32)>,
    steps: u64,
}

impl Frequency {
    /// A new place, used once.
    pub(super) fn came(&mut self, place: u32) {
        if self.ranks.len() <= place as usize {
            self.ranks.push((0, 0));
        }
        self.ranks[place as usize] = (0, 0);
        self.used(place);
    }

    /// A place is used once more.
    pub(super) fn used(&mut self, place: u32) {
        self.steps += 1;
        let rank = self.ranks[place as usize];
        self.order.remove(&(rank, place));
        let rank = (rank.0 + 1, self.steps);
        self.ranks[place as usize] = rank;
        self.order.insert((rank, place));
    }

    /// Takes the place used least often.
    pub(super) fn pop(&mut self) -> Option<u32> {
        self.order.pop_first().map(|(_, place)| place)
    }
}
