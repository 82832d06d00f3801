//! SplitMix64 (Steele et al. 2014): the random numbers of the bare loop and of the peers, which are thus given a cheap
//! generator. Squall draws from its own keyed streams.

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number in 0..n.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// An exponential time of one second on average, in nanoseconds.
    #[inline]
    pub fn hold_ns(&mut self) -> u64 {
        let unit = ((self.bits() >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0);
        (-libm::log(unit) * 1e9) as u64 + 1
    }

    /// A latency uniform in 1 to 10 ms, in nanoseconds.
    #[inline]
    pub fn latency_ns(&mut self) -> u64 {
        1_000_000 + self.below(9_000_001)
    }

    /// A number in 0..n other than `me`.
    #[inline]
    pub fn other(&mut self, me: u32, n: u32) -> u32 {
        let other = self.below(u64::from(n) - 1) as u32;
        if other >= me { other + 1 } else { other }
    }
}
