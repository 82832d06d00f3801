//! The sign-flip test of paired differences (Fisher 1935, *The Design of Experiments*, 21), its distribution computed
//! rather than drawn.
//!
//! Two policies that are the same can be exchanged in any world, so each difference might as well have had the other
//! sign. The p-value is the share of all choices of signs whose sum is at least as far from zero as the one seen. So
//! two equal policies fall below 0.05 in at most 5% of comparisons, whatever the shape of the differences and however
//! few they are; Student's t promises that for normal ones only. Deliberately absent: intervals.

/// Of more worlds that differ than this, the normal limit has been reached: the test and Student's t give the same.
pub const WORLDS_MAX: usize = 400;

/// How fine sizes are taken: their mean is this many steps.
const STEPS_A_WORLD: f64 = 64.0;

/// The two-sided p-value of "the two can be exchanged". Worlds without a difference say nothing. `None` where more than
/// [`WORLDS_MAX`] differ.
#[must_use]
pub fn p_value(differences: &[f64]) -> Option<f64> {
    let differ: Vec<f64> = differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    if differ.len() > WORLDS_MAX {
        return None;
    }
    let unit = unit(&differ);
    let steps: Vec<usize> = differ.iter().map(|size| libm::round(size.abs() / unit) as usize).collect();
    let total: usize = steps.iter().sum();
    let up: usize = differ.iter().zip(&steps).filter(|(size, _)| **size > 0.0).map(|(_, steps)| steps).sum();
    let extreme = up.max(total - up);
    let tail: f64 = sums(&steps, total)[extreme..].iter().sum();
    Some((2.0 * tail).min(1.0))
}

/// The step in which sizes are counted: the largest that all are multiples of, where there is one (counts have one),
/// else a small part of their mean.
fn unit(differ: &[f64]) -> f64 {
    let sizes = || differ.iter().map(|size| size.abs());
    let fine = sizes().sum::<f64>() / (STEPS_A_WORLD * differ.len().max(1) as f64);
    let rounding = 1e-9 * sizes().fold(0.0, f64::max);
    let mut whole = 0.0;
    for size in sizes() {
        whole = common(whole, size, rounding);
        if whole < fine {
            return fine;
        }
    }
    whole
}

/// Euclid's greatest common measure; what is not more than `rounding` is none.
fn common(mut large: f64, mut small: f64, rounding: f64) -> f64 {
    while small > rounding {
        let rest = large % small;
        (large, small) = (small, if small - rest > rounding { rest } else { 0.0 });
    }
    large
}

/// The chance of each sum of those steps that a fair coin chooses.
fn sums(steps: &[usize], total: usize) -> Vec<f64> {
    let mut chances = vec![0.0; total + 1];
    chances[0] = 1.0;
    let mut reached = 0;
    for &step in steps {
        reached += step;
        for sum in (0..=reached).rev() {
            let with = if sum >= step { chances[sum - step] } else { 0.0 };
            chances[sum] = 0.5 * (chances[sum] + with);
        }
    }
    chances
}

#[cfg(test)]
mod tests {
    use super::{WORLDS_MAX, p_value};
    use sim_core::random::Rng;

    /// All choices of signs, one after another.
    fn twin(differences: &[f64]) -> f64 {
        let sum = |signs: u32| {
            let signed = differences.iter().enumerate();
            signed.map(|(i, d)| if signs >> i & 1 == 1 { d.abs() } else { -d.abs() }).sum::<f64>().abs()
        };
        let seen = differences.iter().sum::<f64>().abs() * (1.0 - 1e-12);
        let count = 1u32 << differences.len();
        (0..count).filter(|signs| sum(*signs) >= seen).count() as f64 / f64::from(count)
    }

    #[test]
    fn it_is_what_counting_all_signs_gives() {
        let mut rng = Rng::from_key(5);
        for round in 0..40 {
            let few: Vec<f64> = (0..10).map(|_| (rng.unit() * 9.0).floor() - 3.0).collect();
            let p = p_value(&few).expect("few");
            assert!((p - twin(&few)).abs() < 1e-12, "{round}: whole numbers are exact: {few:?} {p}");
            let fine: Vec<f64> = (0..12).map(|_| rng.unit() - 0.3).collect();
            let (p, counted) = (p_value(&fine).expect("few"), twin(&fine));
            assert!((p - counted).abs() < 0.02, "{round}: {p} {counted}");
        }
    }

    #[test]
    fn few_worlds_can_say_little() {
        assert_eq!(p_value(&[]), Some(1.0));
        assert_eq!(p_value(&[0.0; 50]), Some(1.0));
        assert_eq!(p_value(&[1.0; 5]), Some(0.0625));
        assert_eq!(p_value(&[-2.0; 6]), Some(0.03125));
        assert_eq!(p_value(&vec![1.0; WORLDS_MAX + 1]), None);
        assert!(p_value(&vec![0.1; WORLDS_MAX]).expect("at most") < 1e-100);
    }
}
