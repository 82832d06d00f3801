//! What logs have held, place by place, by the digests of everything up to there.
//!
//! Mostly all logs hold the same: so the digest of whoever held a place first is in a list of its own, and the rest is looked at
//! only where a log differs. Deliberately absent: the logs themselves; of an entry that is gone its digests remain.

use std::collections::BTreeMap;

use sim_core::peer::Peer;
use sim_core::room;

use crate::raft::entry::{Index, Position, Term};

/// The entries that any log has held.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    /// The digest of the first one at each place, 0 where there was none: a digest of 0 is as likely as two that are equal by
    /// chance.
    first: Vec<u64>,
    /// The rest of it.
    rest: Vec<Rest>,
    /// What others held at such a place in other terms.
    others: BTreeMap<Index, Vec<(u64, Rest)>>,
}

/// An entry besides the digest of everything up to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    term: Term,
    /// The digest of everything before it.
    before: u64,
    /// Who held it first.
    pub(super) by: Peer,
}

/// What there was to say of an entry in a log.
pub(super) enum Known {
    /// It is held elsewhere, or nothing of its term is.
    Fits,
    /// Another entry of its term is, or was: who held it first.
    Differs(Peer),
}

impl Held {
    /// Whether everything up to a place is what was first held there.
    #[inline(always)]
    pub(super) fn is_first(&self, index: Index, chain: u64) -> bool {
        self.first.get(index as usize) == Some(&chain)
    }

    /// A log has this entry, behind what has this digest.
    pub(super) fn hold(&mut self, position: Position, before: u64, by: Peer) -> Known {
        let Position { index, term, chain } = position;
        let rest = Rest { term, before, by };
        if self.first.len() as u64 == index {
            // The next place of all.
            room::make(&mut self.first, 1);
            room::make(&mut self.rest, 1);
            self.first.push(chain);
            self.rest.push(rest);
            return Known::Fits;
        }
        let place = index as usize;
        if place >= self.first.len() {
            self.first.resize(place + 1, 0);
            self.rest.resize(place + 1, rest);
        }
        if self.first[place] == 0 {
            (self.first[place], self.rest[place]) = (chain, rest);
            return Known::Fits;
        }
        let first = (self.first[place], self.rest[place]);
        let others = self.others.entry(index).or_default();
        match [first].iter().chain(others.iter()).find(|(_, other)| other.term == rest.term) {
            Some((other, held)) if *other != chain => Known::Differs(held.by),
            Some(_) => Known::Fits,
            None => {
                others.push((chain, rest));
                Known::Fits
            }
        }
    }

    /// The digest of everything before a place, in a log that has this one there.
    pub(super) fn before(&self, index: Index, chain: u64) -> Option<u64> {
        if self.is_first(index, chain) {
            return self.rest.get(index as usize).map(|rest| rest.before);
        }
        let (_, other) = self.others.get(&index)?.iter().find(|(other, _)| *other == chain)?;
        Some(other.before)
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, Known};
    use crate::raft::entry::Position;
    use sim_core::peer::Peer;

    #[test]
    fn logs_that_disagree_at_one_place_in_several_terms() {
        let mut held = Held::default();
        let mut hold = |index, term, chain, before, by| match held.hold(
            Position { index, term, chain },
            before,
            Peer::node(by),
        ) {
            Known::Fits => None,
            Known::Differs(by) => Some(by.index()),
        };
        // A gap before, which is filled later.
        assert_eq!(hold(5, 1, 51, 41, 0), None);
        assert_eq!((hold(5, 2, 52, 42, 1), hold(5, 3, 53, 43, 2)), (None, None));
        // The same again, and others of terms that were there: of whoever was the first, and of each of the others.
        assert_eq!((hold(5, 1, 51, 41, 3), hold(5, 2, 52, 42, 3), hold(5, 3, 53, 43, 3)), (None, None, None));
        assert_eq!(
            (hold(5, 1, 9, 8, 3), hold(5, 2, 9, 8, 3), hold(5, 3, 9, 8, 4)),
            (Some(0), Some(1), Some(2))
        );
        assert_eq!(
            (hold(3, 1, 31, 21, 0), hold(3, 1, 32, 21, 1), hold(6, 1, 61, 51, 0)),
            (None, Some(0), None)
        );
        assert!(held.is_first(5, 51) && !held.is_first(5, 52) && !held.is_first(7, 71));
        let before = [(5, 51), (5, 52), (5, 53), (6, 61), (5, 9), (4, 41)]
            .map(|(index, chain)| held.before(index, chain));
        assert_eq!(before, [Some(41), Some(42), Some(43), Some(51), None, None]);
    }
}
