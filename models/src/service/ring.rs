//! A ring of consistent hashing: every instance has points on it, a key belongs to the next point (Karger et al. 1997).

/// The ring.
#[derive(Clone, Debug)]
pub struct Ring {
    points: Vec<(u64, u32)>,
}

/// A mixing of 64 bits with good avalanche (the finaliser of SplitMix64).
pub(super) fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Ring {
    /// A ring of instances 0..n with so many points each.
    #[must_use]
    pub fn new(instances: u32, points: u32) -> Ring {
        Ring::salted(instances, points, 0)
    }

    /// Another ring of the same kind for every salt.
    #[must_use]
    pub fn salted(instances: u32, points: u32, salt: u64) -> Ring {
        let place =
            |instance: u32, point: u32| mix(mix((u64::from(instance) << 32) | u64::from(point)) ^ salt);
        let mut points: Vec<(u64, u32)> =
            (0..instances).flat_map(|i| (0..points.max(1)).map(move |p| (place(i, p), i))).collect();
        points.sort_unstable();
        Ring { points }
    }

    /// The instances from a key's place on, once round; an instance appears at each of its points.
    pub fn walk(&self, key: u64) -> impl Iterator<Item = u32> {
        let start = self.points.partition_point(|(place, _)| *place < mix(key ^ 0x5bd1_e995));
        (0..self.points.len()).map(move |i| self.points[(start + i) % self.points.len()].1)
    }

    /// The share of the ring that belongs to each of n instances.
    #[must_use]
    pub fn shares(&self, instances: u32) -> Vec<f64> {
        let mut shares = vec![0.0; instances as usize];
        for (i, (place, instance)) in self.points.iter().enumerate() {
            let before = self.points[(i + self.points.len() - 1) % self.points.len()].0;
            shares[*instance as usize] += place.wrapping_sub(before) as f64 / 18_446_744_073_709_551_616.0;
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::Ring;

    /// The relative standard deviation of shares, over many rings.
    fn spread(instances: u32, points: u32) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for salt in 0..200 {
            for share in Ring::salted(instances, points, salt).shares(instances) {
                let relative = share * f64::from(instances) - 1.0;
                sum += relative * relative;
                count += 1.0;
            }
        }
        libm::sqrt(sum / count)
    }

    #[test]
    fn shares_spread_as_theory_says() {
        // √((n−1)/(nv+1)), which for n = 170 is the published .3152 at v = 10 and .0997 at v = 100.
        for (points, expected) in [(10, 0.3152), (100, 0.0997)] {
            let theory = libm::sqrt(169.0 / (170.0 * f64::from(points) + 1.0));
            assert!((theory - expected).abs() < 5e-5, "{theory}");
            let spread = spread(170, points);
            assert!((spread / expected - 1.0).abs() < 0.02, "{points} points: {spread}");
        }
    }

    #[test]
    fn shares_spread_so_at_any_number_of_points_and_instances() {
        for (instances, points) in [(10_u32, 1_u32), (10, 50), (40, 7), (170, 40), (500, 20)] {
            let (n, v) = (f64::from(instances), f64::from(points));
            let theory = libm::sqrt((n - 1.0) / (n * v + 1.0));
            let spread = spread(instances, points);
            assert!((spread / theory - 1.0).abs() < 0.05, "{instances} × {points}: {spread} ({theory})");
        }
    }

    #[test]
    fn a_removed_instance_moves_only_its_own_keys() {
        let (with, without) = (Ring::new(10, 50), Ring::new(9, 50));
        for key in 0..2000 {
            let (before, after) = (with.walk(key).next(), without.walk(key).next());
            assert!(before == after || before == Some(9));
        }
    }
}
