//! A hasher that is fast, fixed, and the same on every machine, and the tables built on it.
//!
//! Deliberately absent: resistance to chosen keys; histories are not adversaries, and a table only gets slower.

use std::hash::{BuildHasherDefault, Hasher};

use indexmap::IndexMap;
use sim_core::places::Places;
use sim_core::value::Key;

/// A map whose order is that of insertion and whose hash never varies.
pub(crate) type Table<K, V> = IndexMap<K, V, BuildHasherDefault<Mix>>;

/// Numbers keys from 0 in the order in which they are first seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    places: Places,
    /// The number of no key: of the only object.
    keyless: Option<u32>,
    count: u32,
}

impl Keys {
    /// How many have been seen.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.count as usize
    }

    /// The number of a key.
    #[inline]
    pub(crate) fn number(&mut self, key: Option<Key>) -> usize {
        let number = match key {
            Some(Key(key)) => self.places.get_or_set(key, self.count),
            None => *self.keyless.get_or_insert(self.count),
        };
        self.count = self.count.max(number + 1);
        number as usize
    }
}

/// Multiply and fold, a word at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mix(u64);

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Mix {
    fn word(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(ODD);
        self.0 = (product as u64) ^ ((product >> 64) as u64) ^ word.rotate_left(32);
    }
}

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word) ^ chunk.len() as u64);
        }
    }
    fn write_u8(&mut self, n: u8) {
        self.word(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        self.word(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.word(n);
    }
    fn write_i64(&mut self, n: i64) {
        self.word(n as u64);
    }
    fn write_usize(&mut self, n: usize) {
        self.word(n as u64);
    }
    fn write_isize(&mut self, n: isize) {
        self.word(n as u64);
    }
    fn finish(&self) -> u64 {
        let product = u128::from(self.0) * u128::from(ODD);
        (product as u64) ^ ((product >> 64) as u64)
    }
}
