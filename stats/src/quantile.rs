//! Quantiles of independent observations, with intervals that assume no law.
//!
//! The number of observations below the p-quantile is binomial (n, p). Two order statistics therefore
//! enclose the quantile with a probability that is known for every continuous law. That probability
//! goes in steps; between two neighbouring order statistics the end of the interval is interpolated so
//! that each side is missed with the wanted probability where the density is locally flat (J. Nyblom,
//! "Note on interpolated order statistics", Statistics & Probability Letters 14(2), 1992,
//! <https://doi.org/10.1016/0167-7152(92)90076-H>; the weight here is derived below and agrees with
//! his for the median, which is that of Hettmansperger and Sheather, 1986).
//!
//! Given that exactly r observations lie below the quantile ξ, the distances U from ξ down to the r-th
//! and V up to the next are nearly exponential with rates u = r/p and v = (n − r)/(1 − p). The end
//! L = (1 − λ)·x₍ᵣ₎ + λ·x₍ᵣ₊₁₎ is not above ξ when λV ≤ (1 − λ)U, which has the probability
//! v(1 − λ)/(uλ + v(1 − λ)). Setting this to the share t of that step that is needed gives
//! λ = v(1 − t)/(v(1 − t) + u·t).
//!
//! **When it is wrong.** Observations that depend on one another make it too narrow, ties make it
//! wider than need be. With few observations a far quantile has no end on its outer side: that of the
//! 99th percentile exists from 368 on.

use crate::estimate::{Estimate, LEVEL, Method};
use crate::number::{count, word};
use crate::student::two_sided_factor;

/// The `p`-quantile (definition R-7) of sorted, independent observations, with an interval at
/// [`LEVEL`]; `None` when there is nothing to estimate from. Ends that the observations do not reach
/// are absent; without either, the method is [`Method::PointOnly`].
///
/// ```
/// use frostline_stats::quantile::of_sorted;
///
/// let sorted: Vec<f64> = (1..=99).map(f64::from).collect();
/// let median = of_sorted(&sorted, 0.5).unwrap();
/// assert_eq!(median.point, 50.0);
/// assert!(median.low.unwrap() > 40.0 && median.high.unwrap() < 60.0);
/// assert_eq!(of_sorted(&sorted, 0.99).unwrap().high, None);
/// ```
///
/// # Panics
/// When `p` does not lie strictly between 0 and 1, or the observations are not sorted.
pub fn of_sorted(sorted: &[f64], p: f64) -> Option<Estimate> {
    assert!(0.0 < p && p < 1.0, "{p} is no level of a quantile");
    assert!(sorted.is_sorted(), "the observations are not sorted");
    let point = point_of(sorted, p)?;
    let tail = (1.0 - LEVEL) / 2.0;
    let low = lower_end(sorted, p, tail);
    // The upper end is the lower end of the mirrored observations.
    let mirrored: Vec<f64> = sorted.iter().rev().map(|value| -value).collect();
    let high = lower_end(&mirrored, 1.0 - p, tail).map(|end| -end);
    let method = if low.is_none() && high.is_none() {
        Method::PointOnly
    } else {
        Method::OrderStatistics
    };
    Some(Estimate {
        point,
        low,
        high,
        level: LEVEL,
        method,
        n: word(sorted.len()),
    })
}

/// The `p`-quantile of observations that come in groups, such as instances that were started at once
/// and disturbed one another: the pooled quantile, with an interval from the spread of the quantiles
/// of sections of whole groups (sectioning, Student's t). Fewer than [`SECTIONS`] groups allow none.
pub fn of_groups(groups: &[Vec<f64>], p: f64) -> Option<Estimate> {
    let sorted = |groups: &[Vec<f64>]| {
        let mut values: Vec<f64> = groups.iter().flatten().copied().collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let point = point_of(&sorted(groups), p)?;
    let n = groups.len();
    let section = |at: usize| &groups[at * n / SECTIONS..(at + 1) * n / SECTIONS];
    let parts: Vec<f64> = (0..SECTIONS)
        .filter_map(|at| point_of(&sorted(section(at)), p))
        .collect();
    let factor = two_sided_factor(SECTIONS - 1, LEVEL).filter(|_| parts.len() == SECTIONS);
    let Some(factor) = factor else {
        return Some(Estimate::point_only(point, word(n)));
    };
    let squares: f64 = parts
        .iter()
        .map(|part| (part - point) * (part - point))
        .sum();
    let of = count(SECTIONS);
    let half = factor * libm::sqrt(squares / (of - 1.0) / of);
    Some(Estimate {
        point,
        low: Some((point - half).max(0.0)),
        high: Some(point + half),
        level: LEVEL,
        method: Method::SectioningOverReplications,
        n: word(n),
    })
}

/// Sections into which groups are put.
pub const SECTIONS: usize = 10;

/// The quantile by definition R-7 (Hyndman & Fan 1996); `None` of nothing.
pub fn point_of(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = p * count(last);
    let floor = libm::floor(position);
    let below = (0..=last).rfind(|&at| count(at) <= floor)?;
    let above = (below + 1).min(last);
    let share = position - floor;
    Some(sorted[below] + share * (sorted[above] - sorted[below]))
}

/// Whether an interval is narrow: half of its width at most `precision` times its point.
pub fn is_within(estimate: &Estimate, precision: f64) -> bool {
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => (high - low) / 2.0 <= precision * estimate.point.abs(),
        _ => false,
    }
}

/// The end that lies above the quantile with probability `tail`.
fn lower_end(sorted: &[f64], p: f64, tail: f64) -> Option<f64> {
    let n = sorted.len();
    // P(at most k observations below), summed up from k = 0.
    let mut below = 0.0;
    for r in 0..n {
        let exactly = binomial(n, r, p);
        // The r-th order statistic lies above the quantile when fewer than r are below it.
        if below + exactly > tail {
            if r == 0 {
                return None;
            }
            // Between the r-th, missed with probability `below`, and the next.
            let share = 1.0 - (tail - below) / exactly;
            let down = count(r) / p * share;
            let up = count(n - r) / (1.0 - p) * (1.0 - share);
            let weight = up / (up + down);
            return Some(sorted[r - 1] + weight * (sorted[r] - sorted[r - 1]));
        }
        below += exactly;
    }
    None
}

/// P(exactly k of n), by logarithms of factorials.
fn binomial(n: usize, k: usize, p: f64) -> f64 {
    let factorial = |n: usize| libm::lgamma(count(n) + 1.0);
    let ways = factorial(n) - factorial(k) - factorial(n - k);
    libm::exp(ways + count(k) * libm::log(p) + count(n - k) * libm::log1p(-p))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: u32) -> Vec<f64> {
        (1..=n).map(f64::from).collect()
    }

    #[test]
    fn points_are_those_of_definition_7() {
        // R: quantile(c(1, 2, 4, 8), c(.25, .5, .9), type = 7)
        let sorted = [1.0, 2.0, 4.0, 8.0];
        for (p, expected) in [(0.25, 1.75), (0.5, 3.0), (0.9, 6.8)] {
            let found = point_of(&sorted, p).unwrap();
            assert!((found - expected).abs() < 1e-12, "{p}: {found}");
        }
        assert_eq!(point_of(&[], 0.5), None);
        assert_eq!(point_of(&[3.0], 0.99), Some(3.0));
    }

    #[test]
    fn the_median_of_ten_lies_between_the_second_and_third_from_either_end() {
        // P(X₍₂₎ ≤ ξ ≤ X₍₉₎) = 0.9785 and P(X₍₃₎ ≤ ξ ≤ X₍₈₎) = 0.8906 for n = 10.
        let estimate = of_sorted(&numbers(10), 0.5).unwrap();
        let (low, high) = (estimate.low.unwrap(), estimate.high.unwrap());
        assert!(2.0 < low && low < 3.0, "{low}");
        assert!(
            (low + high - 11.0).abs() < 1e-9,
            "{low} and {high} are mirrored"
        );
    }

    #[test]
    fn ends_exist_where_enough_observations_lie_beyond() {
        // 0.5^5 = 0.031 > 0.025 ≥ 0.5^6.
        assert_eq!(
            of_sorted(&numbers(5), 0.5).unwrap().method,
            Method::PointOnly
        );
        assert!(of_sorted(&numbers(6), 0.5).unwrap().low.is_some());
        // 0.99^367 = 0.0250 to five digits: just above, so that 368 are needed.
        assert_eq!(of_sorted(&numbers(367), 0.99).unwrap().high, None);
        assert!(of_sorted(&numbers(368), 0.99).unwrap().high.is_some());
        assert_eq!(of_sorted(&[], 0.5), None);
    }

    #[test]
    fn groups_give_an_interval_from_ten_on() {
        let groups: Vec<Vec<f64>> = (0..10)
            .map(|g| vec![f64::from(g), 20.0 - f64::from(g)])
            .collect();
        let estimate = of_groups(&groups, 0.5).unwrap();
        assert_eq!((estimate.point, estimate.n), (10.0, 10));
        // Every section's median is 10, too.
        assert_eq!((estimate.low, estimate.high), (Some(10.0), Some(10.0)));
        assert_eq!(
            of_groups(&groups[..9], 0.5).unwrap().method,
            Method::PointOnly
        );
    }

    #[test]
    fn narrowness_is_relative_to_the_point() {
        let estimate = of_sorted(&numbers(99), 0.5).unwrap();
        assert!(is_within(&estimate, 0.25) && !is_within(&estimate, 0.1));
        let far = of_sorted(&numbers(9), 0.99).unwrap();
        assert!(!is_within(&far, 10.0));
    }
}
