//! How many messages each stream of fates has seen.
//!
//! A small cluster's links are counted in a dense square (of which only the pages in use take memory), those of its clients in a row
//! for each client, and all others in an open-addressed table of the links in use. All count the same, so the choice cannot be seen
//! from outside.

use crate::network::Draws;
use crate::peer::Peer;
use crate::random::mix;

/// Up to this many nodes, the square is dense.
const DENSE: u32 = 1024;
/// Rows are as long as there are nodes; in either direction so many counters at most are in them.
const IN_ROWS: u64 = 1 << 16;

pub(super) enum Counters {
    Links { side: u32, dense: Vec<u32>, calls: [Vec<u32>; 2], sparse: Table },
    Senders { nodes: Vec<u32>, clients: Vec<u32> },
}

impl Counters {
    pub(super) fn new(draws: Draws, nodes: u32) -> Counters {
        match draws {
            Draws::PerLink => {
                let side = if nodes <= DENSE { nodes } else { 0 };
                let (dense, calls) = (vec![0; (side * side) as usize], [const { Vec::new() }; 2]);
                Counters::Links { side, dense, calls, sparse: Table::default() }
            }
            Draws::PerSender => Counters::Senders { nodes: vec![0; nodes as usize], clients: Vec::new() },
        }
    }

    /// Fetches what a message from this node will need into the caches, if it hangs on the node alone.
    #[inline(always)]
    pub(super) fn fetch(&self, from: Peer) {
        if let Counters::Senders { nodes, .. } = self {
            prefetch_index::prefetch_index(nodes, from.index());
        }
    }

    /// The number of this message in its stream, from 0.
    #[inline(always)]
    pub(super) fn next(&mut self, from: Peer, to: Peer) -> u64 {
        let counter = match self {
            Counters::Links { side, dense, calls, sparse } => {
                if from.raw() < *side && to.raw() < *side {
                    // In 64 bits it cannot overflow, and need not be checked.
                    &mut dense[(u64::from(from.raw()) * u64::from(*side) + u64::from(to.raw())) as usize]
                } else {
                    of_others(*side, calls, sparse, from, to)
                }
            }
            Counters::Senders { nodes, clients } => {
                let of = if from.is_client() { clients } else { nodes };
                if of.len() <= from.index() {
                    grow(of, from.index());
                }
                &mut of[from.index()]
            }
        };
        let number = *counter;
        *counter = counter.wrapping_add(1);
        u64::from(number)
    }
}

/// The counter of a link that is not in the square: a client's, or one of a large cluster.
#[inline(never)]
fn of_others<'a>(
    side: u32,
    [requests, replies]: &'a mut [Vec<u32>; 2],
    sparse: &'a mut Table,
    from: Peer,
    to: Peer,
) -> &'a mut u32 {
    let (rows, client, node) = if from.is_client() { (requests, from, to) } else { (replies, to, from) };
    if node.raw() < side && client.is_client() {
        // In 64 bits, whatever the machine.
        let place = client.index() as u64 * u64::from(side) + node.index() as u64;
        if place < IN_ROWS {
            let place = place as usize;
            if place >= rows.len() {
                grow(rows, place);
            }
            return &mut rows[place];
        }
    }
    sparse.entry((u64::from(from.raw()) << 32) | u64::from(to.raw()))
}

#[cold]
fn grow(counters: &mut Vec<u32>, index: usize) {
    counters.resize(index + 1, 0);
}

/// Counters by a 64-bit key: linear probing, at most two thirds full.
#[derive(Default)]
pub(super) struct Table {
    /// (key + 1, counter); a first half of 0 is free.
    slots: Vec<(u64, u32)>,
    used: usize,
}

impl Table {
    fn entry(&mut self, key: u64) -> &mut u32 {
        if self.used * 3 >= self.slots.len() * 2 {
            self.grow();
        }
        let place = find(&self.slots, key + 1);
        let slot = &mut self.slots[place];
        if slot.0 == 0 {
            slot.0 = key + 1;
            self.used += 1;
        }
        &mut slot.1
    }

    #[cold]
    fn grow(&mut self) {
        let mut larger = vec![(0, 0); (self.slots.len() * 2).max(64)];
        for &(key, count) in self.slots.iter().filter(|slot| slot.0 != 0) {
            let place = find(&larger, key);
            larger[place] = (key, count);
        }
        self.slots = larger;
    }
}

/// Where the key is, or where it belongs. The length is a power of two and a slot is free.
#[inline]
fn find(slots: &[(u64, u32)], key: u64) -> usize {
    let mask = slots.len() - 1;
    let mut place = mix(key) as usize & mask;
    while slots[place].0 != 0 && slots[place].0 != key {
        place = (place + 1) & mask;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::Counters;
    use crate::network::Draws;
    use crate::peer::Peer;

    #[test]
    fn dense_and_sparse_count_the_same() {
        let mut small = Counters::new(Draws::PerLink, 10);
        let mut large = Counters::new(Draws::PerLink, 10_000);
        let mut twin = std::collections::BTreeMap::new();
        for i in 0..40_000u32 {
            // Some clients are beyond the rows: of ten counters each there are 6,553 in them.
            let client = Peer::client(i % 5 * 2_000);
            let (node, other) = (Peer::node(i * 31 % 10), Peer::node(i * 17 % 10));
            let (from, to) = match i % 7 {
                0 => (client, node),
                1 => (node, client),
                _ => (node, other),
            };
            let expected = twin.entry((from, to)).or_insert(0u64);
            assert_eq!(small.next(from, to), *expected);
            assert_eq!(large.next(from, to), *expected);
            *expected += 1;
        }
    }

    #[test]
    fn a_sender_has_one_count_for_all_it_sends() {
        let mut counters = Counters::new(Draws::PerSender, 2);
        assert_eq!(counters.next(Peer::node(0), Peer::node(1)), 0);
        assert_eq!(counters.next(Peer::node(0), Peer::client(4)), 1);
        assert_eq!(counters.next(Peer::client(4), Peer::node(1)), 0);
    }
}
