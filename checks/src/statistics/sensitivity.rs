//! How much an outcome depends on each parameter: standardized regression coefficients, and first-order effects.
//!
//! Both after Saltelli et al., *Global Sensitivity Analysis: The Primer* (2008), 1.2.5 and 1.2.8. The coefficients say
//! direction and size where the outcome is near linear (their R² says how near); the first-order effect, the share of
//! the outcome's variance that fixing a parameter would remove on average, needs no line. Deliberately absent:
//! interactions beyond what the two leave over.

use super::mean_variance;

/// The regression of an outcome on its parameters, all scaled to mean 0 and variance 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    /// A coefficient for each parameter, from about −1 to 1.
    pub coefficients: Vec<f64>,
    /// The share of the outcome's variance that the line explains.
    pub r_squared: f64,
}

/// Least squares on standardized columns. `None` if the outcome or a parameter does not vary, if parameters vary only
/// together, or if there are no more points than parameters.
#[must_use]
pub fn regression(parameters: &[Vec<f64>], outcome: &[f64]) -> Option<Regression> {
    let count = outcome.len();
    if parameters.is_empty() || count < parameters.len() + 2 {
        return None;
    }
    let columns: Vec<Vec<f64>> = parameters.iter().map(|column| standard(column)).collect::<Option<_>>()?;
    let outcome = standard(outcome)?;
    let product =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / (count - 1) as f64;
    let matrix: Vec<Vec<f64>> =
        columns.iter().map(|a| columns.iter().map(|b| product(a, b)).collect()).collect();
    let with_outcome: Vec<f64> = columns.iter().map(|column| product(column, &outcome)).collect();
    let coefficients = solve(matrix, with_outcome.clone())?;
    let explained = coefficients.iter().zip(&with_outcome).map(|(c, r)| c * r).sum::<f64>();
    Some(Regression { coefficients, r_squared: explained.clamp(0.0, 1.0) })
}

/// The values less their mean, over their standard deviation; `None` if they are all equal.
fn standard(values: &[f64]) -> Option<Vec<f64>> {
    let (mean, variance) = mean_variance(values);
    let size = libm::sqrt(variance);
    (size > 1e-12 * mean.abs().max(1e-300))
        .then(|| values.iter().map(|value| (value - mean) / size).collect())
}

/// Gaussian elimination with the greatest pivot; `None` if the matrix has no inverse worth the name.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let n = right.len();
    for column in 0..n {
        let pivot =
            (column..n).max_by(|a, b| matrix[*a][column].abs().total_cmp(&matrix[*b][column].abs()))?;
        if matrix[pivot][column].abs() < 1e-9 {
            return None;
        }
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let (own, own_right) = (matrix[column].clone(), right[column]);
        for row in column + 1..n {
            let factor = matrix[row][column] / own[column];
            for (value, above) in matrix[row].iter_mut().zip(&own).skip(column) {
                *value -= factor * above;
            }
            right[row] -= factor * own_right;
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    Some(right)
}

/// The first-order effect of a parameter whose level at each point is given: the share of the outcome's variance that
/// lies between the levels' means. In a full grid (`balanced`) that is exact; among points chosen by chance it is corrected
/// for the share that chance alone would give (Kelley's ε², 1935). 0 if the outcome does not vary, `None` if no level
/// holds two points.
#[must_use]
pub fn first_order(levels: &[usize], outcome: &[f64], balanced: bool) -> Option<f64> {
    let count = levels.len().min(outcome.len());
    let most = levels.iter().max().map_or(0, |most| most + 1);
    let mut groups: Vec<Vec<f64>> = vec![Vec::new(); most];
    for (level, value) in levels.iter().zip(outcome) {
        groups[*level].push(*value);
    }
    groups.retain(|group| !group.is_empty());
    // Of a full grid every level says its own; of points chosen by chance only levels with several, and several levels.
    if count < 2 || !balanced && (count <= groups.len() || groups.len() < 2) {
        return None;
    }
    let (_, variance) = mean_variance(&outcome[..count]);
    if variance == 0.0 {
        return Some(0.0);
    }
    let within: f64 = groups.iter().map(|group| mean_variance(group).1 * (group.len() - 1) as f64).sum();
    let degrees = if balanced { count - 1 } else { count - groups.len() };
    let within = within / degrees as f64;
    Some((1.0 - within / variance).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::{first_order, regression};

    /// All points of a 4×4 grid.
    fn grid() -> (Vec<f64>, Vec<f64>) {
        (0..16).map(|i| (f64::from(i / 4), f64::from(i % 4))).unzip()
    }

    #[test]
    fn a_plane_is_found_again() {
        let (a, b) = grid();
        let outcome: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 7.0 + 3.0 * a - 4.0 * b).collect();
        let found = regression(&[a, b], &outcome).expect("varies");
        assert!((found.coefficients[0] - 0.6).abs() < 1e-12 && (found.coefficients[1] + 0.8).abs() < 1e-12);
        assert!((found.r_squared - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_does_not_vary_or_varies_together_has_no_regression() {
        let (a, b) = grid();
        assert_eq!(regression(std::slice::from_ref(&a), &[1.0; 16]), None);
        let twice: Vec<f64> = a.iter().map(|a| 2.0 * a).collect();
        assert_eq!(regression(&[a, twice], &b), None);
    }

    #[test]
    fn first_order_effects_see_what_a_line_does_not() {
        let (a, b) = grid();
        let levels = |values: &[f64]| values.iter().map(|value| *value as usize).collect::<Vec<_>>();
        let valley: Vec<f64> = a.iter().map(|a| (a - 1.5) * (a - 1.5)).collect();
        let line = regression(&[a.clone(), b.clone()], &valley).expect("varies");
        assert!(line.coefficients[0].abs() < 1e-12 && line.r_squared < 1e-12);
        assert_eq!(first_order(&levels(&a), &valley, true), Some(1.0));
        assert_eq!(first_order(&levels(&b), &valley, true), Some(0.0));
        assert_eq!(first_order(&[0, 1, 2], &[1.0, 2.0, 3.0], false), None);
        assert_eq!(first_order(&[0, 0, 0], &[1.0, 2.0, 3.0], false), None);
        assert_eq!(first_order(&[0, 1, 2], &[1.0, 2.0, 3.0], true), Some(1.0), "a grid of one parameter");
    }
}
