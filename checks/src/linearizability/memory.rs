//! The configurations already tried: sets of bits with a hash kept as bits flip, and a table of what was seen.
//!
//! A configuration that was reached with more pending operations used than an equal one before it is not new.
//! Deliberately absent: forgetting.

use super::hash::mix;

/// No entry.
const NONE: u32 = u32::MAX;

/// What was seen, and the configuration that the search stands in.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Which of the open operations took effect, then which pending ones were used: as words.
    words: Vec<u64>,
    /// How many of the words are of open operations.
    open_words: usize,
    /// The hash of the first part.
    hash: u64,
    /// The newest entry of each bucket.
    heads: Vec<u32>,
    entries: Vec<Seen>,
    /// The words of all entries.
    stored: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    hash: u64,
    end: u32,
    state: u32,
    next: u32,
}

impl Memory {
    /// For this many operations open at one time, and this many pending ones.
    pub(crate) fn new(slots: u32, optional: u32) -> Memory {
        let open_words = slots.div_ceil(64) as usize;
        let words = vec![0; open_words + optional.div_ceil(64) as usize];
        Memory { words, open_words, hash: 0, heads: vec![NONE; 64], entries: Vec::new(), stored: Vec::new() }
    }

    /// An open operation took effect, or this is taken back, or its end was passed.
    #[inline]
    pub(crate) fn flip(&mut self, slot: u32) {
        self.words[slot as usize / 64] ^= 1 << (slot % 64);
        self.hash ^= mix(u64::from(slot) + 1);
    }

    /// A pending operation was used, or this is taken back.
    #[inline]
    pub(crate) fn flip_used(&mut self, index: u32) {
        self.words[self.open_words + index as usize / 64] ^= 1 << (index % 64);
    }

    /// Whether this configuration was not tried yet; it counts as tried from now on.
    pub(crate) fn is_new(&mut self, end: u32, state: u32) -> bool {
        let hash = mix(self.hash ^ mix(u64::from(end) << 32 | u64::from(state)));
        let bucket = hash as usize & (self.heads.len() - 1);
        let width = self.words.len();
        let mut at = self.heads[bucket];
        while at != NONE {
            let seen = &self.entries[at as usize];
            if seen.hash == hash && seen.end == end && seen.state == state {
                let stored = &self.stored[at as usize * width..][..width];
                let (open, used) = stored.split_at(self.open_words);
                let (here_open, here_used) = self.words.split_at(self.open_words);
                if open == here_open && used.iter().zip(here_used).all(|(then, now)| then & !now == 0) {
                    return false;
                }
            }
            at = seen.next;
        }
        self.entries.push(Seen { hash, end, state, next: self.heads[bucket] });
        self.heads[bucket] = u32::try_from(self.entries.len() - 1).expect("fewer than 2^32 configurations");
        self.stored.extend_from_slice(&self.words);
        if self.entries.len() > self.heads.len() {
            self.grow();
        }
        true
    }

    /// About how many words of memory this takes.
    pub(crate) fn weight(&self) -> u64 {
        (self.stored.len() + 4 * self.entries.len()) as u64
    }

    fn grow(&mut self) {
        let size = self.heads.len() * 4;
        self.heads.clear();
        self.heads.resize(size, NONE);
        for (index, seen) in self.entries.iter_mut().enumerate() {
            let bucket = seen.hash as usize & (size - 1);
            seen.next = self.heads[bucket];
            self.heads[bucket] = index as u32;
        }
    }
}
