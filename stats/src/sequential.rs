//! How many replications a wanted precision takes.
//!
//! The relative precision γ is the half width over the true value; over the estimate, which is
//! itself in error, it must be γ/(1 + γ) (Law, "Simulation Modeling and Analysis", 5th ed., 2015,
//! §9.4.1; Law & Kelton in earlier editions). Replications are added until that holds for every
//! metric that was asked for. Stopping when an interval happens to be short makes intervals cover
//! a little less than they promise; the promise holds as γ goes to 0 (Chow & Robbins, "On the
//! asymptotic theory of fixed-width sequential confidence intervals for the mean", Annals of
//! Mathematical Statistics 36(2), 1965, <https://doi.org/10.1214/aoms/1177700156>).
//!
//! Several metrics are asked for at once, so each interval is taken at 1 − (1 − 0.95)/metrics
//! (Bonferroni): that all of them hold has a probability of 95 % at the least.

use crate::estimate::{Estimate, LEVEL};
use crate::number::{count, wide};
use crate::student::two_sided_factor;

/// Replications at the start.
pub const FIRST_REPLICATIONS: u32 = 10;

/// Replications at the most, where nobody says otherwise.
pub const MOST_REPLICATIONS: u32 = 1_000;

/// Where one metric stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Half width over the point, at the Bonferroni level; `None` where there is no interval around
    /// a point that is not 0.
    pub relative: Option<f64>,
    /// Replications that it needs in all, by estimate from those it has; `None` where that cannot be
    /// told.
    pub needed: Option<u64>,
}

impl Standing {
    /// Whether the precision was reached.
    pub fn is_reached(&self, precision: f64) -> bool {
        self.relative
            .is_some_and(|relative| relative <= target(precision))
    }
}

/// The level of each of so many intervals that shall hold together: 1 − (1 − 0.95)/metrics.
pub fn level_of_each(metrics: usize) -> f64 {
    1.0 - (1.0 - LEVEL) / count(metrics.max(1))
}

/// What half width over point must reach for a relative precision.
pub fn target(precision: f64) -> f64 {
    precision / (1.0 + precision)
}

/// Where a metric stands after `replications` replications, one of `metrics` that shall reach
/// `precision`.
///
/// The half width is the longer side of the interval. It is taken to shrink as 1/√n, its factor of
/// Student's t as the table says.
pub fn standing(
    estimate: &Estimate,
    replications: u64,
    metrics: usize,
    precision: f64,
) -> Standing {
    let nowhere = Standing {
        relative: None,
        needed: None,
    };
    let (Some(low), Some(high)) = (estimate.low, estimate.high) else {
        return nowhere;
    };
    if estimate.point.abs() <= 0.0 || estimate.n < 2 {
        return nowhere;
    }
    let level = level_of_each(metrics);
    let factor = |n: u64, level| {
        let freedom = usize::try_from(n).unwrap_or(usize::MAX).saturating_sub(1);
        // Beyond a hundred thousand degrees of freedom the factor no longer changes.
        two_sided_factor(freedom.min(100_000), level)
    };
    let (Some(wanted), Some(given)) = (
        factor(estimate.n, level),
        factor(estimate.n, estimate.level),
    ) else {
        return nowhere;
    };
    let half = (high - estimate.point).max(estimate.point - low);
    let relative = half / estimate.point.abs() * wanted / given;
    let shortfall = relative / target(precision);
    // Sections may hold several replications each: the need is in proportion.
    let needed = wide(replications) * shortfall * shortfall;
    Standing {
        relative: Some(relative),
        needed: rounded_up(needed).map(|needed| needed.max(2)),
    }
}

/// How many replications to go on to: what the neediest metric needs, at least one more and at most
/// three times as many as there are (the estimate itself is rough), and no more than `most`.
pub fn next_total(have: u64, needed: Option<u64>, most: u64) -> u64 {
    let wanted = needed.unwrap_or(2 * have);
    wanted.clamp(have + 1, 3 * have).min(most)
}

/// The next whole number, for values that a counter can hold.
pub(crate) fn rounded_up(value: f64) -> Option<u64> {
    if !(value.is_finite() && value < 1e15) {
        return None;
    }
    // Bisection over the integers: this crate casts no float to an integer.
    let (mut low, mut high) = (0_u64, 1_000_000_000_000_000);
    while low < high {
        let middle = u64::midpoint(low, high);
        if wide(middle) < value {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Method;
    use crate::replications::mean;

    /// By hand: x̄ = 3, half width t(4)·√(2.5/5) = 1.963243, over 3 is 0.654414; the target of 10 %
    /// is 0.1/1.1, so 5·(0.654414/0.090909)² = 259.09 replications.
    #[test]
    fn the_need_by_hand() {
        let estimate = mean(&[1.0, 2.0, 3.0, 4.0, 5.0], Method::Replications);
        let found = standing(&estimate, 5, 1, 0.1);
        assert!((found.relative.unwrap() - 0.654_414).abs() < 1e-5);
        assert_eq!(found.needed, Some(260));
        assert!(!found.is_reached(0.1));
        assert!(found.is_reached(2.0), "0.654 is below 2/3");
    }

    /// Two metrics: t(4; 0.9875) = 3.495406 in place of 2.776445.
    #[test]
    fn more_metrics_need_more() {
        let estimate = mean(&[1.0, 2.0, 3.0, 4.0, 5.0], Method::Replications);
        let found = standing(&estimate, 5, 2, 0.1);
        assert!((found.relative.unwrap() / 0.654_414 - 3.495_406 / 2.776_445).abs() < 1e-5);
    }

    #[test]
    fn what_has_no_interval_has_no_need() {
        let none = standing(&Estimate::point_only(3.0, 4), 4, 1, 0.05);
        assert_eq!((none.relative, none.needed), (None, None));
        let nothing_seen = crate::replications::ratio(&[(0.0, 9.0); 3], Method::Replications);
        assert_eq!(standing(&nothing_seen, 3, 1, 0.05).needed, None);
        let exact = standing(&mean(&[2.0; 10], Method::Replications), 10, 1, 0.05);
        assert!(exact.is_reached(0.05));
    }

    #[test]
    fn steps_are_neither_timid_nor_wild() {
        assert_eq!(next_total(10, Some(11), 1_000), 11);
        assert_eq!(next_total(10, Some(5), 1_000), 11);
        assert_eq!(next_total(10, Some(25), 1_000), 25);
        assert_eq!(next_total(10, Some(700), 1_000), 30);
        assert_eq!(next_total(10, None, 1_000), 20);
        assert_eq!(next_total(900, Some(5_000), 1_000), 1_000);
    }
}
