//! Quantiles of Student's t law.

use std::sync::LazyLock;

use crate::estimate::LEVEL;
use crate::number::count;

/// The factor t by which a standard error is multiplied for a two-sided interval of confidence
/// `level` with `freedom` degrees of freedom: the (1 + level)/2 quantile of Student's t.
///
/// `None` without a degree of freedom or for a level outside (0, 1).
///
/// Found by bisection of its distribution over the angle, to the last bits. Written here because intervals
/// must be the same bytes in every build: a general library's incomplete beta function calls the
/// platform's logarithms as soon as some other crate switches `num-traits/std` on.
pub fn two_sided_factor(freedom: usize, level: f64) -> Option<f64> {
    if freedom == 0 || !(level > 0.0 && level < 1.0) {
        return None;
    }
    if level.to_bits() == LEVEL.to_bits() && freedom <= REMEMBERED {
        return Some(FACTORS[freedom - 1]);
    }
    Some(factor(freedom, level))
}

/// Degrees of freedom whose factors at [`LEVEL`] are found once: batches, and usual replications. A
/// summary of many functions asks for the same few a million times.
const REMEMBERED: usize = 64;

static FACTORS: LazyLock<[f64; REMEMBERED]> =
    LazyLock::new(|| std::array::from_fn(|place| factor(place + 1, LEVEL)));

fn factor(freedom: usize, level: f64) -> f64 {
    let (mut low, mut high) = (0.0, std::f64::consts::FRAC_PI_2);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if within(middle, freedom) < level {
            low = middle;
        } else {
            high = middle;
        }
    }
    libm::tan(low) * count(freedom).sqrt()
}

/// P(|T| ≤ t) for t = √ν·tan θ with a whole number ν of degrees of freedom, a finite sum: formulas
/// 26.7.3 and 26.7.4 of Abramowitz & Stegun, "Handbook of Mathematical Functions", 1964.
fn within(angle: f64, freedom: usize) -> f64 {
    let (sine, cosine) = (libm::sin(angle), libm::cos(angle));
    let square = cosine * cosine;
    let is_odd = freedom % 2 == 1;
    let mut sum = 0.0;
    let mut term = if is_odd { cosine } else { 1.0 };
    let mut power = if is_odd { 3 } else { 2 };
    while power <= freedom {
        sum += term;
        term *= square * count(power - 1) / count(power);
        power += 2;
    }
    if is_odd {
        (angle + sine * sum) * std::f64::consts::FRAC_2_PI
    } else {
        sine * sum
    }
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF, StudentsT};

    use super::*;

    /// Constants: table of Student's t (NIST/SEMATECH e-Handbook of Statistical Methods, §1.3.6.7.2,
    /// <https://www.itl.nist.gov/div898/handbook/eda/section3/eda3672.htm>), column 0.975.
    #[test]
    fn factors_are_those_of_the_table() {
        for (freedom, tabulated) in [
            (1, 12.706),
            (2, 4.303),
            (4, 2.776),
            (9, 2.262),
            (31, 2.040),
            (100, 1.984),
        ] {
            let factor = two_sided_factor(freedom, 0.95).unwrap();
            assert!(
                (factor - tabulated).abs() < 5.1e-4,
                "t for {freedom} degrees of freedom is {factor}, not {tabulated}"
            );
        }
        assert_eq!(two_sided_factor(0, 0.95), None);
        assert_eq!(two_sided_factor(9, 1.0), None);
    }

    #[test]
    fn factors_are_those_of_statrs() {
        for freedom in [1, 2, 3, 4, 5, 9, 10, 23, 31, 100, 999] {
            for level in [0.5, 0.95, 0.999_99] {
                let law = StudentsT::new(0.0, 1.0, count(freedom)).unwrap();
                let expected = law.inverse_cdf(f64::midpoint(1.0, level));
                let factor = two_sided_factor(freedom, level).unwrap();
                let error = (factor / expected - 1.0).abs();
                assert!(error < 1e-6, "{freedom}, {level}: {factor} for {expected}");
            }
        }
    }
}
