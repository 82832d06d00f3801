//! The log in memory: entries behind a snapshot, each place with its term and the digest of everything up to it.
//!
//! Deliberately absent: the disk, which is `storage`'s business, and what is committed, which is the server's.

use std::rc::Rc;

use sim_core::room;

use super::entry::{Batch, Entry, Index, Position, Term};

/// A server's log.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// What the snapshot covers; all zeros before the first.
    base: Position,
    slots: Vec<Slot>,
}

/// A place of the log.
#[derive(Clone, Debug)]
struct Slot {
    chain: u64,
    entry: Rc<Entry>,
}

impl Log {
    /// An empty log behind a snapshot.
    #[must_use]
    pub fn behind(base: Position) -> Log {
        Log { base, slots: Vec::new() }
    }
    /// What the snapshot covers.
    #[must_use]
    pub fn base(&self) -> Position {
        self.base
    }
    /// The last place; the snapshot's if nothing follows it.
    #[must_use]
    pub fn last_index(&self) -> Index {
        self.base.index + self.slots.len() as u64
    }
    /// The last place with its term and digest.
    #[must_use]
    pub fn last(&self) -> Position {
        self.slots.last().map_or(self.base, |slot| Position {
            index: self.last_index(),
            term: slot.entry.term,
            chain: slot.chain,
        })
    }
    fn slot(&self, index: Index) -> Option<&Slot> {
        let place = index.checked_sub(self.base.index + 1)?;
        self.slots.get(place as usize)
    }
    /// The entry at a place, unless it is compacted or beyond the end.
    #[must_use]
    pub fn get(&self, index: Index) -> Option<&Rc<Entry>> {
        self.slot(index).map(|slot| &slot.entry)
    }
    /// The term at a place; 0 at 0; `None` if it is compacted or beyond the end.
    #[must_use]
    pub fn term(&self, index: Index) -> Option<Term> {
        if index == self.base.index { Some(self.base.term) } else { self.slot(index).map(|s| s.entry.term) }
    }
    /// A place with its term and digest; `None` if it is compacted or beyond the end.
    #[must_use]
    pub fn position(&self, index: Index) -> Option<Position> {
        if index == self.base.index {
            return Some(self.base);
        }
        self.slot(index).map(|slot| Position { index, term: slot.entry.term, chain: slot.chain })
    }
    /// The digest of everything up to the last place.
    #[must_use]
    #[inline]
    pub fn chain(&self) -> u64 {
        self.slots.last().map_or(self.base.chain, |slot| slot.chain)
    }
    /// The digest of everything up to a place; `None` if it is compacted or beyond the end.
    #[must_use]
    #[inline]
    pub fn chain_at(&self, index: Index) -> Option<u64> {
        if index == self.base.index { Some(self.base.chain) } else { self.slot(index).map(|slot| slot.chain) }
    }
    /// The digests of everything up to each place behind this one, which is not compacted.
    #[inline(always)]
    pub fn chains_after(&self, index: Index) -> impl Iterator<Item = u64> + '_ {
        let start = index.wrapping_sub(self.base.index) as usize;
        self.slots.get(start..).unwrap_or(&[]).iter().map(|slot| slot.chain)
    }
    /// The entries from the first that is not compacted.
    pub fn entries(&self) -> impl Iterator<Item = &Rc<Entry>> {
        self.slots.iter().map(|slot| &slot.entry)
    }
    /// Adds an entry at the end.
    #[inline(always)]
    pub fn append(&mut self, entry: Rc<Entry>) {
        debug_assert_eq!(entry.index, self.last_index() + 1);
        let before = self.chain();
        room::make(&mut self.slots, 1);
        self.slots.push(Slot { chain: entry.chain(before), entry });
    }
    /// Removes the entry at a place and all behind it.
    pub fn cut(&mut self, from: Index) {
        let keep = from.saturating_sub(self.base.index + 1);
        self.slots.truncate(keep as usize);
    }
    /// Up to `most` entries from a place on.
    #[must_use]
    pub fn batch(&self, from: Index, most: u32) -> Option<Batch> {
        let start = from.checked_sub(self.base.index + 1)? as usize;
        let end = self.slots.len().min(start.saturating_add(most as usize));
        match self.slots.get(start..end)? {
            [slot] => Some(Batch::One(slot.entry.clone())),
            slots => Batch::of(slots.iter().map(|slot| slot.entry.clone()).collect()),
        }
    }
    /// The first place whose term is `term` or later; one beyond the end if there is none.
    #[must_use]
    pub fn first_of_term(&self, term: Term) -> Index {
        let before = self.slots.partition_point(|slot| slot.entry.term < term);
        self.base.index + 1 + before as u64
    }
    /// Forgets everything up to a place, which a snapshot covers.
    pub fn compact(&mut self, to: Index) {
        let Some(base) = self.position(to) else { return };
        self.slots.drain(..(to - self.base.index) as usize);
        self.base = base;
    }
}

#[cfg(test)]
mod tests {
    use super::Log;
    use crate::raft::entry::{Entry, Payload};
    use std::rc::Rc;

    fn log(terms: &[u64]) -> Log {
        let mut log = Log::default();
        for (i, term) in terms.iter().enumerate() {
            log.append(Rc::new(Entry::new(i as u64 + 1, *term, Payload::Noop)));
        }
        log
    }

    #[test]
    fn equal_prefixes_have_equal_digests() {
        let (a, b) = (log(&[1, 1, 4, 4]), log(&[1, 1, 4, 5]));
        assert_eq!(a.position(3), b.position(3));
        assert_ne!(a.position(4), b.position(4));
        assert_ne!(log(&[1, 2, 3]).last().chain, log(&[2, 2, 3]).last().chain);
    }

    #[test]
    fn compaction_keeps_what_follows() {
        let (whole, mut log) = (log(&[1, 1, 4, 4, 5, 6, 6]), log(&[1, 1, 4, 4, 5, 6, 6]));
        log.compact(4);
        assert_eq!((log.base().index, log.last(), log.term(4)), (4, whole.last(), Some(4)));
        assert_eq!((log.term(3), log.get(4).is_none(), log.term(8)), (None, true, None));
        assert_eq!((log.first_of_term(6), log.first_of_term(7), log.first_of_term(1)), (6, 8, 5));
        assert_eq!(log.batch(5, 2).expect("two").len(), 2);
        assert!(log.batch(4, 2).is_none() && log.batch(8, 2).is_none());
        log.cut(6);
        assert_eq!(log.last(), whole.position(5).expect("there"));
        log.cut(1);
        assert_eq!(log.last_index(), 4);
    }
}
