//! What a node still has to tell whom: the deltas it made or learned, numbered, and up to where each other node has
//! acknowledged them (Almeida, Shoker & Baquero, JPDC 2018, algorithm 2, whose intervals keep causality).
//!
//! A delta is not sent back to whom it came from (Enes, Almeida, Baquero & Leitão, "Efficient Synchronization of
//! State-based CRDTs", ICDE'19, avoiding back-propagation). Deliberately absent: their other improvement, which takes out
//! of a delta what was known already.

use std::collections::{BTreeMap, VecDeque};

use sim_core::peer::Peer;

use super::lattice::Lattice;
use super::state::Objects;

/// A delta, and who told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    from: Option<Peer>,
    delta: Objects,
}

/// What another node is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// These deltas, joined.
    Deltas(Objects),
    /// The whole state: nobody knows what it has, or what it lacks is no longer kept.
    State,
}

/// The deltas of one life of a node. Their numbers begin above those of its earlier lives, so that a late
/// acknowledgement means nothing.
#[derive(Clone, Debug)]
pub struct Spread {
    first: u64,
    deltas: VecDeque<Told>,
    /// Up to which number each other node has all.
    acknowledged: BTreeMap<Peer, u64>,
    keep: usize,
}

impl Spread {
    /// Nothing to tell yet; numbers begin at `first`.
    #[must_use]
    pub fn new(first: u64, keep: u32) -> Spread {
        Spread { first, deltas: VecDeque::new(), acknowledged: BTreeMap::new(), keep: keep as usize }
    }

    /// The number that the next delta gets.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.first + self.deltas.len() as u64
    }

    /// Keeps a delta: an own one, or what another node told and this one did not know.
    pub fn add(&mut self, delta: Objects, from: Option<Peer>) {
        self.deltas.push_back(Told { from, delta });
        if self.deltas.len() > self.keep {
            self.deltas.pop_front();
            self.first += 1;
        }
    }

    /// What another node is to be told.
    #[must_use]
    pub fn due(&self, other: Peer) -> Due {
        let Some(&upto) = self.acknowledged.get(&other) else { return Due::State };
        if upto < self.first && self.first < self.next() {
            return Due::State;
        }
        let mut joined = Objects::default();
        let lacking = self.deltas.iter().skip(upto.saturating_sub(self.first) as usize);
        for told in lacking.filter(|told| told.from != Some(other)) {
            joined.join(&told.delta);
        }
        if joined.states.is_empty() { Due::Nothing } else { Due::Deltas(joined) }
    }

    /// Another node has all up to a number. Deltas that all of `others` have are forgotten.
    pub fn acknowledge(&mut self, other: Peer, upto: u64, others: usize) {
        // A number from an earlier life says nothing of this one, nor one that has not been given yet.
        if upto > self.next() {
            return;
        }
        let known = self.acknowledged.entry(other).or_default();
        *known = upto.max(*known);
        if self.acknowledged.len() < others {
            return;
        }
        let all = self.acknowledged.values().copied().min().unwrap_or_default();
        while self.first < all && self.deltas.pop_front().is_some() {
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Due, Spread};
    use crate::crdt::config::Kind;
    use crate::crdt::lattice::Author;
    use crate::crdt::state::{Objects, State};
    use sim_core::peer::Peer;
    use sim_core::value::{Call, Value};

    fn insert(element: i64) -> Objects {
        let author = Author { node: Peer::node(0), wall: 0 };
        let delta = State::new(Kind::GSet).delta(&Call::Insert(Value::Int(element)), author);
        Objects { states: delta.into_iter().map(|delta| (None, delta)).collect() }
    }

    #[test]
    fn who_acknowledged_is_told_the_rest_and_who_is_too_far_behind_all() {
        let (one, two) = (Peer::node(1), Peer::node(2));
        let mut spread = Spread::new(100, 3);
        assert_eq!(spread.due(one), Due::State, "nobody knows what it has");
        spread.acknowledge(one, 100, 2);
        assert_eq!(spread.due(one), Due::Nothing);
        spread.add(insert(1), None);
        spread.add(insert(2), Some(one));
        assert_eq!(spread.due(one), Due::Deltas(insert(1)), "what it told is not told back");
        spread.acknowledge(one, 102, 2);
        assert_eq!((spread.due(one), spread.next()), (Due::Nothing, 102));
        spread.acknowledge(two, 101, 2);
        assert_eq!(spread.due(two), Due::Deltas(insert(2)));
        for element in 3..7 {
            spread.add(insert(element), None);
        }
        assert_eq!(spread.due(two), Due::State, "only three are kept");
        spread.acknowledge(two, 5_000, 2);
        assert_eq!(spread.due(two), Due::State, "a number that was never given");
    }
}
