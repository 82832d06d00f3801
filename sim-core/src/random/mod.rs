//! Keyed random streams. `(seed, purpose, entity)` names a stream; a stream's n-th block of draws never depends on
//! how many draws any other entity made, so a node, a client, a fault or an observer more moves nobody else's.
//!
//! The root of every key is ChaCha8 over the seed. The streams themselves are counter-based: a draw is a keyed
//! mixing of (block, lane), which costs a few nanoseconds, needs no state but the counter, and lets a draw that is
//! not used cost nothing while the ones after it stay where they are.
//!
//! Deliberately absent: `rand_distr` and `rand`'s samplers, whose values may change between versions and build
//! features; see [`distribution`] for ours.

pub mod distribution;
mod normal;
pub(crate) mod quick;
pub mod zipf;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};

use crate::peer::Peer;

/// What a stream is for. The number is part of the key: never renumber one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// A node's own draws: election timeouts, gossip targets.
    Node = 0,
    /// The fate of messages on a directed link.
    Link = 1,
    /// What a client asks and when.
    Workload = 2,
    /// A client's retry policy: jitter, the choice of a node.
    Policy = 3,
    /// A node's disk: latencies, what a crash tears.
    Disk = 4,
    /// A node's clock.
    Clock = 5,
    /// A line of the fault plan.
    Fault = 6,
    /// A node's service times.
    Processor = 7,
    /// The order of simultaneous events, where it is explored.
    TieBreak = 8,
    /// What a scenario draws before the run: swarm subsets, randomised settings.
    Scenario = 9,
}

const PURPOSES: usize = 10;

/// The keys of all streams of one run: two words for each purpose, drawn by ChaCha8 from the seed.
#[derive(Clone, Debug)]
pub struct Streams {
    keys: [[u64; 2]; PURPOSES],
}

impl Streams {
    /// The streams of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Streams {
        let mut root = ChaCha8Rng::seed_from_u64(seed);
        let mut keys = [[0; 2]; PURPOSES];
        for key in &mut keys {
            *key = [root.next_u64(), root.next_u64()];
        }
        Streams { keys }
    }

    /// The stream of one entity, from its first block.
    #[must_use]
    pub fn of(&self, purpose: Purpose, peer: Peer) -> Rng {
        self.block(purpose, u64::from(peer.raw()), 0)
    }

    /// The stream of a directed link, at the block of its `count`-th message.
    #[inline]
    #[must_use]
    pub fn link(&self, from: Peer, to: Peer, count: u64) -> Rng {
        self.block(Purpose::Link, (u64::from(from.raw()) << 32) | u64::from(to.raw()), count)
    }

    /// One block of an entity's stream: draws from here on are lanes of this block.
    #[inline]
    #[must_use]
    pub fn block(&self, purpose: Purpose, entity: u64, block: u64) -> Rng {
        let [k0, k1] = self.keys[purpose as usize];
        Rng { key: fold(entity ^ k0, block ^ k1) ^ k1, lane: 0 }
    }
}

/// A stream of random numbers: a key and the number of draws made. Sixteen bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng {
    key: u64,
    lane: u64,
}

/// The two halves of the 128-bit product, folded by exclusive or.
#[inline]
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a).wrapping_mul(u128::from(b));
    (product as u64) ^ ((product >> 64) as u64)
}

/// An invertible mixing of 64 bits (the finaliser of SplitMix64, Steele et al. 2014).
#[inline]
pub(crate) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// What [`mix`] made this number of.
pub(crate) fn unmix(mut x: u64) -> u64 {
    x = (x ^ (x >> 31) ^ (x >> 62)).wrapping_mul(0x3196_42b2_d24d_8ec3);
    x = (x ^ (x >> 27) ^ (x >> 54)).wrapping_mul(0x96de_1b17_3f11_9089);
    x ^ (x >> 30) ^ (x >> 60)
}

impl Rng {
    /// A stream by a bare key, for tests and for code outside a run.
    #[must_use]
    pub fn from_key(key: u64) -> Rng {
        Rng { key: mix(key), lane: 0 }
    }

    /// The next 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        // SplitMix64 from a keyed starting point: the lane is a Weyl sequence, the finaliser a full avalanche.
        self.lane = self.lane.wrapping_add(1);
        mix(self.key.wrapping_add(self.lane.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// The bits of the `n`-th draw from here, which stays to be made; 0 is the next.
    #[inline]
    #[must_use]
    pub fn peek(&self, n: u64) -> u64 {
        let lane = self.lane.wrapping_add(n + 1);
        mix(self.key.wrapping_add(lane.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// The `n`-th draw from here as a number in 0..1.
    #[inline]
    #[must_use]
    pub fn peek_unit(&self, n: u64) -> f64 {
        (self.peek(n) >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Passes over `n` draws.
    #[inline]
    pub fn skip(&mut self, n: u64) {
        self.lane = self.lane.wrapping_add(n);
    }

    /// A number in 0..n, by multiplication (bias below n / 2⁶⁴); 0 if `n` is 0. Always one draw.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// A number in 0..1, with 53 random bits. Always one draw.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A number strictly between 0 and 1, for inverse transforms. Always one draw.
    #[inline]
    pub fn open_unit(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// True with probability `p`. Always one draw.
    #[inline]
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Shuffles a slice (Fisher–Yates); `len − 1` draws.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i as u64 + 1) as usize;
            items.swap(i, j);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Purpose, Rng, Streams, mix, unmix};
    use crate::peer::Peer;

    /// Golden vectors: a change here changes every run of every user.
    #[test]
    fn streams_are_what_they_always_were() {
        let streams = Streams::new(1);
        let mut node = streams.of(Purpose::Node, Peer::node(3));
        let mut link = streams.link(Peer::node(3), Peer::node(5), 7);
        insta::assert_debug_snapshot!(
            [node.bits(), node.bits(), link.bits(), link.below(1000), Rng::from_key(9).bits()],
            @"
        [
            16199065292608794688,
            17142914394369796428,
            3189307371025176031,
            285,
            3798942431507431666,
        ]
        "
        );
    }

    #[test]
    fn streams_differ_by_seed_purpose_entity_and_block() {
        let mut seen = indexmap::IndexSet::new();
        for seed in 0..4 {
            let streams = Streams::new(seed);
            for entity in 0..8 {
                for block in 0..8 {
                    assert!(seen.insert(streams.block(Purpose::Node, entity, block).bits()));
                    assert!(seen.insert(streams.block(Purpose::Link, entity, block).bits()));
                }
            }
        }
    }

    #[test]
    fn bounded_numbers_are_uniform() {
        // Chi-square over 10 cells, 100,000 draws across as many one-draw streams (the network's own pattern):
        // 9 degrees of freedom, 99.9th percentile 27.9.
        let streams = Streams::new(42);
        let mut cells = [0u32; 10];
        for i in 0..100_000 {
            cells[streams.link(Peer::node(1), Peer::node(2), i).below(10) as usize] += 1;
        }
        let chi: f64 =
            cells.iter().map(|&c| (f64::from(c) - 10_000.0) * (f64::from(c) - 10_000.0) / 10_000.0).sum();
        assert!(chi < 27.9, "{cells:?}");
    }

    #[test]
    fn neighbouring_blocks_are_uncorrelated() {
        let streams = Streams::new(7);
        let n = 100_000;
        let mut sum = 0.0;
        for i in 0..n {
            let a = streams.link(Peer::node(0), Peer::node(1), i).unit() - 0.5;
            let b = streams.link(Peer::node(0), Peer::node(1), i + 1).unit() - 0.5;
            let c = streams.link(Peer::node(1), Peer::node(0), i).unit() - 0.5;
            sum += a * b + a * c;
        }
        // Each product has variance 1/144; the sum of 2n of them is within 4 standard deviations of zero.
        assert!((sum / (2.0 * n as f64 / 144.0).sqrt()).abs() < 4.0, "{sum}");
    }

    #[test]
    fn a_peek_shows_the_draw_that_comes() {
        let mut rng = Rng::from_key(5);
        let (second, third) = (rng.peek(1), rng.peek_unit(2));
        rng.bits();
        assert_eq!(rng.bits(), second);
        assert_eq!(rng.clone().unit(), third);
        rng.skip(1);
        assert_ne!(rng.unit(), third);
        for x in [0, 1, u64::MAX, second] {
            assert_eq!(unmix(mix(x)), x);
        }
    }

    #[test]
    fn below_nothing_is_nothing_and_a_shuffle_keeps_all() {
        let mut rng = Rng::from_key(1);
        assert_eq!(rng.below(0), 0);
        let mut items: Vec<u32> = (0..100).collect();
        rng.shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
