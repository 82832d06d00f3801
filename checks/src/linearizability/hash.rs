//! A fixed, quick hash for the checkers' own tables, and an interner over it.
//!
//! Deliberately absent: any defence against chosen collisions. Equality is always compared in full, so a collision
//! costs time and never a verdict.

use std::hash::{BuildHasherDefault, Hash, Hasher};

use indexmap::IndexSet;

/// Multiply and rotate, a word at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct QuickHasher(u64);

/// Builds [`QuickHasher`]s, all alike.
pub(crate) type Quick = BuildHasherDefault<QuickHasher>;

/// An odd constant with well-mixed bits: the golden ratio of 2⁶⁴.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Spreads one word over all its bits.
#[inline]
pub(crate) fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 32)).wrapping_mul(MIX);
    let word = (word ^ (word >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word ^ (word >> 32)
}

impl Hasher for QuickHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }
    #[inline]
    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }
    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }
    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(MIX);
    }
    #[inline]
    fn write_i64(&mut self, word: i64) {
        self.write_u64(word as u64);
    }
    #[inline]
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
    #[inline]
    fn finish(&self) -> u64 {
        mix(self.0)
    }
}

/// Numbers things from 0 in the order they are first seen.
#[derive(Clone, Debug)]
pub(crate) struct Interner<T> {
    things: IndexSet<T, Quick>,
}

impl<T: Hash + Eq> Interner<T> {
    pub(crate) fn new() -> Interner<T> {
        Interner { things: IndexSet::default() }
    }

    /// The number of this thing.
    pub(crate) fn number(&mut self, thing: T) -> u32 {
        u32::try_from(self.things.insert_full(thing).0).expect("fewer than 2^32 different things")
    }

    /// The number of this thing, cloned only if it is new.
    pub(crate) fn number_of(&mut self, thing: &T) -> u32
    where
        T: Clone,
    {
        match self.things.get_index_of(thing) {
            Some(index) => index as u32,
            None => self.number(thing.clone()),
        }
    }

    /// The thing with this number.
    pub(crate) fn get(&self, number: u32) -> &T {
        &self.things[number as usize]
    }
}
