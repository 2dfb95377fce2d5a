//! Two configurations compared under common random numbers.
//!
//! Both meet the same requests, so the n-th replication (or batch) of one and the n-th of the other
//! are alike, and it is their differences that vary little: on the memoryless pool the variance of a
//! difference between keep-alives of 60 and 90 s was 0.28 to 0.38 of that between independent runs.
//! Hence an interval of the differences, never a look at whether two intervals overlap.

mod quotients;

use serde::Serialize;

pub use self::quotients::{Order, Quotients, compare_quotients};
use crate::estimate::{Estimate, Method};
use crate::replications::{mean, quotient};

/// A comparison of the first configuration with the second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Comparison {
    /// First minus second: Student's t over the differences.
    pub difference: Estimate,
    /// First over second, delta method over the pairs; `None` where the second is 0.
    pub ratio: Option<Estimate>,
    /// What the interval of the difference says.
    pub verdict: Verdict,
}

/// What a comparison says about the first configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Lower than the second, by more than is called the same.
    Lower,
    /// Higher than the second, by more than is called the same.
    Higher,
    /// The whole interval lies within what is called the same.
    Same,
    /// The interval reaches over an end of what is called the same, or there is no interval.
    Unclear,
}

/// A comparison that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{first} observations of the first configuration cannot be paired with {second} of the second"
)]
pub struct Unpaired {
    /// Observations of the first configuration.
    pub first: usize,
    /// Observations of the second.
    pub second: usize,
}

/// Compares two configurations, observation by observation.
///
/// `same_within` is the share of the second's mean up to which a difference is of no interest; with
/// 0 the verdict is never [`Verdict::Same`] unless both are equal throughout. Equal observations
/// leave an interval of width 0, which is right: the same requests gave the same numbers.
///
/// # Errors
/// When there are not as many of the one as of the other.
///
/// ```
/// use frostline_stats::paired::{Verdict, compare};
/// // The replications differ a lot, the configurations by a tenth throughout.
/// let (first, second) = ([1.0, 2.0, 3.0, 4.0], [1.1, 2.2, 3.3, 4.4]);
/// let found = compare(&first, &second, 0.01)?;
/// assert_eq!(found.verdict, Verdict::Lower);
/// assert!((found.ratio.unwrap().point - 1.0 / 1.1).abs() < 1e-12);
/// # Ok::<(), frostline_stats::paired::Unpaired>(())
/// ```
pub fn compare(first: &[f64], second: &[f64], same_within: f64) -> Result<Comparison, Unpaired> {
    if first.len() != second.len() {
        return Err(Unpaired {
            first: first.len(),
            second: second.len(),
        });
    }
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    let pairs: Vec<(f64, f64)> = first.iter().copied().zip(second.iter().copied()).collect();
    let difference = mean(&differences, Method::PairedDifferences);
    let ratio = quotient(&pairs, Method::PairedRatio);
    let level = mean(second, Method::Replications).point;
    Ok(Comparison {
        difference,
        ratio: ratio.point.is_finite().then_some(ratio),
        verdict: verdict(&difference, same_within * level.abs()),
    })
}

fn verdict(difference: &Estimate, same: f64) -> Verdict {
    let (Some(low), Some(high)) = (difference.low, difference.high) else {
        return Verdict::Unclear;
    };
    if low >= -same && high <= same {
        Verdict::Same
    } else if high < -same {
        Verdict::Lower
    } else if low > same {
        Verdict::Higher
    } else {
        Verdict::Unclear
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: differences 1, 2, 3 have x̄ = 2, s = 1, half width t(2)/√3 = 4.302653/1.732051.
    #[test]
    fn the_difference_by_hand() {
        let found = compare(&[5.0, 7.0, 9.0], &[4.0, 5.0, 6.0], 0.0).unwrap();
        let half = found.difference.high.unwrap() - 2.0;
        assert!(
            (half - 4.302_652_730 / 3.0_f64.sqrt()).abs() < 1e-6,
            "{half}"
        );
        assert_eq!(found.difference.method, Method::PairedDifferences);
        assert_eq!(found.difference.n, 3);
        assert!((found.ratio.unwrap().point - 21.0 / 15.0).abs() < 1e-12);
        assert_eq!(found.verdict, Verdict::Unclear);
    }

    #[test]
    fn verdicts_follow_the_interval() {
        let base = [10.0, 11.0, 9.0, 10.0];
        let moved = |by: f64| base.map(|x| x + by);
        let wobbling = [10.1, 10.9, 9.1, 9.9];
        let verdict = |first: &[f64], within| compare(first, &base, within).unwrap().verdict;
        assert_eq!(verdict(&moved(1.0), 0.05), Verdict::Higher);
        assert_eq!(verdict(&moved(-1.0), 0.05), Verdict::Lower);
        assert_eq!(verdict(&moved(0.1), 0.05), Verdict::Same);
        assert_eq!(verdict(&base, 0.0), Verdict::Same);
        assert_eq!(verdict(&wobbling, 0.001), Verdict::Unclear);
        assert_eq!(verdict(&wobbling, 0.05), Verdict::Same);
        let one = compare(&[1.0], &[2.0], 0.05).unwrap();
        assert_eq!(one.verdict, Verdict::Unclear);
    }

    #[test]
    fn what_cannot_be_paired_is_refused_and_nothing_has_no_ratio() {
        let error = compare(&[1.0], &[], 0.0).unwrap_err();
        assert_eq!((error.first, error.second), (1, 0));
        let found = compare(&[1.0, 2.0], &[0.0, 0.0], 0.1).unwrap();
        assert_eq!(found.ratio, None);
    }
}
