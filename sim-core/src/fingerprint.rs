//! The fingerprint of a run: a rolling 128-bit hash over every event, its content included. Two runs with equal
//! fingerprints did the same things in the same order.
//!
//! Content enters through `std::hash::Hash`, so a message type says `#[derive(Hash)]` and no more. The hasher is ours:
//! it has no random state, and widens `usize` so that 32- and 64-bit targets agree. Not meant against an adversary.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::random::fold;

const K: [u64; 6] = [
    0x2d35_8dcc_aa6c_78a5,
    0x8bb8_4b93_962e_acc9,
    0x4b33_a62e_d433_d4a3,
    0x4d5a_2da5_1de1_aa47,
    0xa076_1d64_78bd_642f,
    0xe703_7ed1_a0b4_28db,
];

/// The hash of everything that happened so far.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    low: u64,
    high: u64,
}

impl Default for Fingerprint {
    fn default() -> Fingerprint {
        Fingerprint { low: K[4], high: K[5] }
    }
}

impl Fingerprint {
    /// Adds one event: four words that say when, whose, what and with which content.
    #[inline]
    pub fn absorb(&mut self, words: [u64; 4]) {
        let first = fold(words[0] ^ K[0], words[1] ^ K[1]);
        let second = fold(words[2] ^ K[2], words[3] ^ K[3]);
        self.low = fold(self.low ^ first, K[4] ^ second);
        self.high = self.high.rotate_left(23).wrapping_mul(K[5]) ^ first.wrapping_add(second.rotate_left(32));
    }

    /// The two words, most significant first.
    #[must_use]
    pub fn words(self) -> [u64; 2] {
        [self.high, self.low]
    }

    /// The fingerprint of these two words.
    #[must_use]
    pub fn from_words([high, low]: [u64; 2]) -> Fingerprint {
        Fingerprint { low, high }
    }
}

impl fmt::Display for Fingerprint {
    /// Thirty-two hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.high, self.low)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = String;
    fn from_str(text: &str) -> Result<Fingerprint, String> {
        let wrong = || format!("expected a fingerprint of 32 hexadecimal digits, found \"{text}\"");
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let word = |part: &str| u64::from_str_radix(part, 16).map_err(|_| wrong());
        Ok(Fingerprint { high: word(&text[..16])?, low: word(&text[16..])? })
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fingerprint, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The hash of one event's content: 64 bits, equal on every platform.
#[inline]
pub fn content<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = ContentHasher::default();
    value.hash(&mut hasher);
    hasher.state
}

/// The hasher of contents; its tables are the same on every machine.
#[derive(Clone, Copy)]
pub(crate) struct ContentHasher {
    state: u64,
}

impl Default for ContentHasher {
    fn default() -> ContentHasher {
        ContentHasher { state: K[0] }
    }
}

impl ContentHasher {
    #[inline]
    fn word(&mut self, word: u64) {
        self.state = fold(self.state ^ word, K[1]).wrapping_add(word);
    }
}

impl Hasher for ContentHasher {
    fn finish(&self) -> u64 {
        self.state
    }
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.word(u64::from_le_bytes(word) ^ ((rest.len() as u64) << 56));
        }
    }
    #[inline]
    fn write_u8(&mut self, n: u8) {
        self.word(u64::from(n));
    }
    #[inline]
    fn write_u16(&mut self, n: u16) {
        self.word(u64::from(n));
    }
    #[inline]
    fn write_u32(&mut self, n: u32) {
        self.word(u64::from(n));
    }
    #[inline]
    fn write_u64(&mut self, n: u64) {
        self.word(n);
    }
    #[inline]
    fn write_usize(&mut self, n: usize) {
        self.word(n as u64);
    }
    #[inline]
    fn write_isize(&mut self, n: isize) {
        // Enum discriminants arrive here.
        self.word(n as i64 as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::{Fingerprint, content};

    #[test]
    fn hashes_are_what_they_always_were() {
        #[derive(Hash)]
        enum Message {
            Vote { term: u64, granted: bool },
            Entries(Vec<u32>),
            Name(&'static str),
            Nothing,
        }
        let mut fingerprint = Fingerprint::default();
        for message in [
            Message::Vote { term: 3, granted: true },
            Message::Entries(vec![1, 2, 3]),
            Message::Name("leader"),
            Message::Nothing,
        ] {
            fingerprint.absorb([1, 2, 3, content(&message)]);
        }
        insta::assert_snapshot!(fingerprint, @"f73ee87d4a3632216c4b7887fd5a14b8");
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    }

    #[test]
    fn order_and_every_word_matter() {
        let of = |events: &[[u64; 4]]| {
            let mut fingerprint = Fingerprint::default();
            events.iter().for_each(|event| fingerprint.absorb(*event));
            fingerprint
        };
        let base = of(&[[1, 2, 3, 4], [5, 6, 7, 8]]);
        assert_ne!(base, of(&[[5, 6, 7, 8], [1, 2, 3, 4]]));
        for word in 0..4 {
            let mut event = [1, 2, 3, 4];
            event[word] ^= 1 << 40;
            assert_ne!(base, of(&[event, [5, 6, 7, 8]]), "word {word}");
        }
        assert!("xyz".parse::<Fingerprint>().is_err());
    }
}
