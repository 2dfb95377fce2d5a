//! Quantiles of Student's t law.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::number::count;

/// The factor t by which a standard error is multiplied for a two-sided interval of confidence
/// `level` with `freedom` degrees of freedom: the (1 + level)/2 quantile of Student's t.
///
/// `None` without a degree of freedom or for a level outside (0, 1). The quantile comes from
/// `statrs`, whose inverse of the incomplete beta function is good to about eight digits.
pub fn two_sided_factor(freedom: usize, level: f64) -> Option<f64> {
    if freedom == 0 || !(level > 0.0 && level < 1.0) {
        return None;
    }
    let law = StudentsT::new(0.0, 1.0, count(freedom)).ok()?;
    Some(law.inverse_cdf(f64::midpoint(1.0, level)))
}

#[cfg(test)]
mod tests {
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
}
