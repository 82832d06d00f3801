//! Zipf-distributed ranks by the inverse of an exact cumulative table: one draw a value, monotone in it.

use crate::random::Rng;

/// Ranks 0..n with probability proportional to 1 / (rank + 1)^exponent. Eight bytes an item.
#[derive(Clone, Debug)]
pub struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    /// The table for `n` items (at least one is kept) and an exponent that is not negative.
    #[must_use]
    pub fn new(n: u64, exponent: f64) -> Zipf {
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = (1..=n.max(1))
            .map(|rank| {
                sum += libm::pow(rank as f64, -exponent);
                sum
            })
            .collect();
        for value in &mut cumulative {
            *value /= sum;
        }
        Zipf { cumulative }
    }

    /// A rank; 0 is the most frequent. Always one draw.
    pub fn sample(&self, rng: &mut Rng) -> u64 {
        let u = rng.unit();
        let rank = self.cumulative.partition_point(|&c| c <= u);
        rank.min(self.cumulative.len() - 1) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::Zipf;
    use crate::random::Rng;

    #[test]
    fn the_first_of_three_has_its_share() {
        // Exponent 1 over three items: 6/11, 3/11, 2/11.
        let zipf = Zipf::new(3, 1.0);
        let mut rng = Rng::from_key(5);
        let mut seen = [0u32; 3];
        for _ in 0..110_000 {
            seen[zipf.sample(&mut rng) as usize] += 1;
        }
        for (count, expected) in seen.iter().zip([60_000.0, 30_000.0, 20_000.0]) {
            assert!((f64::from(*count) - expected).abs() < 800.0, "{seen:?}");
        }
    }

    #[test]
    fn one_item_is_always_itself() {
        let zipf = Zipf::new(0, 2.0);
        assert_eq!(zipf.sample(&mut Rng::from_key(1)), 0);
    }
}
