//! Intervals of parameters from the curvature of the log-likelihood (observed information).

use serde::Serialize;

use super::law::FittedLaw;
use super::maximum::log_likelihood;
use super::sample::Sample;
use crate::estimate::LEVEL;
use crate::number::word;
use crate::student::two_sided_factor;

/// A parameter with its interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// The estimate.
    pub point: f64,
    /// Lower end of the 95 % interval; `None` where the likelihood has no curvature there.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
}

/// On which scale a parameter's estimate is most nearly normal.
#[derive(Debug, Clone, Copy)]
enum Scale {
    Logarithm,
    LogOdds,
}

impl Scale {
    fn of(name: &str) -> Self {
        if name.starts_with("weight") {
            Self::LogOdds
        } else {
            Self::Logarithm
        }
    }

    fn to(self, value: f64) -> f64 {
        match self {
            Self::Logarithm => libm::log(value),
            Self::LogOdds => libm::log(value / (1.0 - value)),
        }
    }

    fn from(self, value: f64) -> f64 {
        match self {
            Self::Logarithm => libm::exp(value),
            Self::LogOdds => 1.0 / (1.0 + libm::exp(-value)),
        }
    }
}

/// The parameters of a fitted law with 95 % intervals: the inverse of the observed information gives
/// their covariance (Efron & Hinkley, Biometrika 65(3), 1978,
/// <https://doi.org/10.1093/biomet/65.3.457>), the delta method carries it over to the logarithm of
/// a parameter (log-odds of a weight), and Student's t with n − k degrees of freedom gives the width.
///
/// The smallest value of a Pareto law and a shift have no such interval: the likelihood does not
/// curve there.
pub fn parameters(sample: &Sample, law: &FittedLaw) -> Vec<Parameter> {
    let covariance = covariance(sample, law);
    let freedom = sample
        .n()
        .saturating_sub(word(law.parameter_count()))
        .clamp(1, 100_000);
    let factor = usize::try_from(freedom)
        .ok()
        .and_then(|freedom| two_sided_factor(freedom, LEVEL));
    let points = law.parameters();
    let free = law.free();
    points
        .into_iter()
        .enumerate()
        .map(|(index, (name, point))| {
            let scale = Scale::of(&name);
            let curved = !matches!(name.as_str(), "minimum" | "shift");
            let width = covariance.as_ref().zip(factor).filter(|_| curved).and_then(
                |(covariance, factor)| {
                    let slope = slope(law, &free, index, scale);
                    let variance = quadratic(covariance, &slope);
                    (variance > 0.0 && variance.is_finite()).then(|| factor * libm::sqrt(variance))
                },
            );
            let end = |sign: f64| width.map(|width| scale.from(scale.to(point) + sign * width));
            Parameter {
                name,
                point,
                low: end(-1.0),
                high: end(1.0),
            }
        })
        .collect()
}

/// How a parameter on its scale moves with each free parameter.
fn slope(law: &FittedLaw, free: &[f64], index: usize, scale: Scale) -> Vec<f64> {
    (0..free.len())
        .map(|moved| {
            let at = |step: f64| {
                let mut free = free.to_vec();
                free[moved] += step;
                scale.to(law.with_free(&free).parameters()[index].1)
            };
            (at(1e-5) - at(-1e-5)) / 2e-5
        })
        .collect()
}

/// The inverse of minus the second derivatives of the log-likelihood; `None` where they are not
/// those of a maximum.
#[expect(
    clippy::needless_range_loop,
    reason = "rows and columns of a matrix are named by their indices"
)]
fn covariance(sample: &Sample, law: &FittedLaw) -> Option<Vec<Vec<f64>>> {
    let free = law.free();
    // The smallest value of a Pareto law stays fixed: beyond it the likelihood is zero.
    let fixed = |index: usize| matches!((law, index), (FittedLaw::Pareto { .. }, 1));
    let at = |steps: &[(usize, f64)]| {
        let mut free = free.clone();
        for (index, step) in steps {
            free[*index] += step;
        }
        log_likelihood(sample, &law.with_free(&free))
    };
    let h = 1e-4;
    let k = free.len();
    let centre = at(&[]);
    let mut information = vec![vec![0.0; k]; k];
    for row in 0..k {
        for column in 0..=row {
            let second = if row == column {
                if fixed(row) {
                    -1e12
                } else {
                    (at(&[(row, h)]) - 2.0 * centre + at(&[(row, -h)])) / (h * h)
                }
            } else if fixed(row) || fixed(column) {
                0.0
            } else {
                let corner = |a: f64, b: f64| at(&[(row, a * h), (column, b * h)]);
                (corner(1.0, 1.0) - corner(1.0, -1.0) - corner(-1.0, 1.0) + corner(-1.0, -1.0))
                    / (4.0 * h * h)
            };
            information[row][column] = -second;
            information[column][row] = -second;
        }
    }
    inverse(information)
}

/// The inverse of a positive definite matrix by Cholesky's decomposition; `None` for any other.
#[expect(
    clippy::needless_range_loop,
    reason = "rows and columns of a matrix are named by their indices"
)]
fn inverse(mut matrix: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let k = matrix.len();
    for row in 0..k {
        for column in 0..=row {
            let inner: f64 = (0..column)
                .map(|i| matrix[row][i] * matrix[column][i])
                .sum();
            let rest = matrix[row][column] - inner;
            if row == column {
                if !(rest > 0.0 && rest.is_finite()) {
                    return None;
                }
                matrix[row][row] = libm::sqrt(rest);
            } else {
                matrix[row][column] = rest / matrix[column][column];
            }
        }
    }
    let mut inverse = vec![vec![0.0; k]; k];
    for unit in 0..k {
        let mut solution = vec![0.0; k];
        for row in 0..k {
            let inner: f64 = (0..row).map(|i| matrix[row][i] * solution[i]).sum();
            solution[row] = (f64::from(u8::from(row == unit)) - inner) / matrix[row][row];
        }
        for row in (0..k).rev() {
            let inner: f64 = (row + 1..k).map(|i| matrix[i][row] * solution[i]).sum();
            solution[row] = (solution[row] - inner) / matrix[row][row];
        }
        for (row, value) in solution.into_iter().enumerate() {
            inverse[row][unit] = value;
        }
    }
    Some(inverse)
}

/// vᵀ·M·v.
fn quadratic(matrix: &[Vec<f64>], vector: &[f64]) -> f64 {
    let row = |row: &Vec<f64>| -> f64 { row.iter().zip(vector).map(|(m, v)| m * v).sum() };
    matrix
        .iter()
        .zip(vector)
        .map(|(values, v)| v * row(values))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::Family;
    use crate::fit::maximum::likeliest;

    /// The standard error of the mean of an exponential law is mean/√n, of μ it is σ/√n.
    #[test]
    fn intervals_are_those_of_theory() {
        let values: Vec<f64> = (1..=100)
            .map(|i| -80.0 * libm::log(f64::from(i) / 101.0))
            .collect();
        let sample = Sample::exact(&values).unwrap();
        let law = likeliest(&sample, Family::Exponential).unwrap();
        let found = &parameters(&sample, &law)[0];
        let width = libm::log(found.high.unwrap() / found.low.unwrap());
        assert!((width / (2.0 * 1.984 / 10.0) - 1.0).abs() < 1e-3, "{width}");
        let law = likeliest(&sample, Family::LogNormal).unwrap();
        let FittedLaw::LogNormal { sigma, .. } = law else {
            panic!("asked for a log-normal law")
        };
        let found = &parameters(&sample, &law)[0];
        let width = libm::log(found.high.unwrap() / found.low.unwrap());
        assert!(
            (width / (2.0 * 1.9845 * sigma / 10.0) - 1.0).abs() < 1e-3,
            "{width}"
        );
    }

    #[test]
    fn an_inverse_by_hand() {
        let found = inverse(vec![vec![4.0, 2.0], vec![2.0, 3.0]]).unwrap();
        let expected = [[0.375, -0.25], [-0.25, 0.5]];
        for (row, wanted) in found.iter().zip(expected) {
            assert!(
                row.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12),
                "{found:?}"
            );
        }
        assert!(inverse(vec![vec![1.0, 2.0], vec![2.0, 1.0]]).is_none());
    }
}
