//! Student's t distribution: its distribution function by the incomplete beta function (continued fraction, modified
//! Lentz method), its quantiles by bisection on that.

/// P(T ≤ t) for `degrees` degrees of freedom (above 0).
#[must_use]
pub fn distribution(t: f64, degrees: f64) -> f64 {
    let tail = 0.5 * incomplete_beta(degrees / (degrees + t * t), degrees / 2.0, 0.5);
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// The value below which a share `p` (strictly between 0 and 1) of the distribution lies.
#[must_use]
pub fn quantile(p: f64, degrees: f64) -> f64 {
    if p < 0.5 {
        return -quantile(1.0 - p, degrees);
    }
    let (mut low, mut high) = (0.0, 2.0);
    while distribution(high, degrees) < p && high < 1e12 {
        low = high;
        high *= 2.0;
    }
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if distribution(middle, degrees) < p { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// The regularised incomplete beta function I_x(a, b).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let log_front =
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log(1.0 - x);
    let front = libm::exp(log_front);
    // The fraction converges fast on one side of the mean; the other side is its mirror image.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(x, a, b) / a
    } else {
        1.0 - front * fraction(1.0 - x, b, a) / b
    }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    let keep = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / keep(1.0 - (a + b) * x / (a + 1.0));
    let mut product = d;
    for m in 1..=300 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for step in [even, odd] {
            d = 1.0 / keep(1.0 + step * d);
            c = keep(1.0 + step / c);
            product *= d * c;
        }
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::{distribution, quantile};

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (p, degrees, t) in [
            (0.975, 1.0, 12.706_204_7),
            (0.975, 4.0, 2.776_445_1),
            (0.95, 10.0, 1.812_461_1),
            (0.975, 30.0, 2.042_272_5),
            (0.995, 120.0, 2.617_421_1),
            (0.975, 1e6, 1.959_966_4),
            (0.025, 4.0, -2.776_445_1),
        ] {
            assert!((quantile(p, degrees) - t).abs() < 1e-6, "{p} {degrees}: {}", quantile(p, degrees));
        }
    }

    #[test]
    fn it_is_symmetric_and_rises() {
        for degrees in [1.0, 3.0, 50.0] {
            assert!((distribution(0.0, degrees) - 0.5).abs() < 1e-12);
            let mut last = 0.0;
            for step in -40..=40 {
                let t = f64::from(step) / 4.0;
                let p = distribution(t, degrees);
                assert!(p > last && (p + distribution(-t, degrees) - 1.0).abs() < 1e-12);
                last = p;
            }
        }
    }
}
