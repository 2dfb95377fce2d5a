//! Quotients of two configurations compared: cold ratios, means a request, and, with denominators of
//! 1, plain means.

use crate::batches::{self, Doubt};
use crate::estimate::{Estimate, Method};
use crate::number::{count, word};
use crate::student::two_sided_factor;

use super::Unpaired;

/// How observations follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Replications: independent of each other.
    Independent,
    /// Batches of one run: joined while neighbours resemble each other (`batches::pairs`).
    Consecutive,
}

/// A quotient in the first configuration and in the second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quotients {
    /// First minus second, with the delta method's interval from the paired residuals.
    pub difference: Estimate,
    /// First over second, likewise; `None` where the second is 0.
    pub ratio: Option<Estimate>,
    /// The variance of the difference over what it would be were the two independent: what the common
    /// random numbers gain. `None` where neither varies.
    pub variance_share: Option<f64>,
    /// What is wrong with the batches.
    pub doubt: Option<Doubt>,
}

/// Compares Σ numerator / Σ denominator of two configurations, observation by observation; intervals
/// are of confidence `level`. `None` where one of them has no denominator: nothing was seen.
///
/// The residuals are eᵢ = (n₁ᵢ − r₁d₁ᵢ)/d̄₁ − (n₂ᵢ − r₂d₂ᵢ)/d̄₂, and the half width is t·s(e)/√n; with
/// denominators of 1 that is Student's t over the differences. An observation without a denominator
/// (no invocation in that replication) takes part as it is.
///
/// # Errors
/// When there are not as many observations of the one as of the other.
///
/// ```
/// use frostline_stats::paired::{Order, compare_quotients};
/// // Cold starts and invocations of three replications; the first has one cold start less in each.
/// let first = [(4.0, 100.0), (9.0, 110.0), (2.0, 90.0)];
/// let second = [(5.0, 100.0), (10.0, 110.0), (3.0, 90.0)];
/// let found = compare_quotients(&first, &second, Order::Independent, 0.95)?.unwrap();
/// assert!((found.difference.point + 0.01).abs() < 1e-12);
/// assert!(found.variance_share.unwrap() < 0.01);
/// # Ok::<(), frostline_stats::paired::Unpaired>(())
/// ```
pub fn compare_quotients(
    first: &[(f64, f64)],
    second: &[(f64, f64)],
    order: Order,
    level: f64,
) -> Result<Option<Quotients>, Unpaired> {
    if first.len() != second.len() {
        return Err(Unpaired {
            first: first.len(),
            second: second.len(),
        });
    }
    let (Some(one), Some(two)) = (Residuals::of(first), Residuals::of(second)) else {
        return Ok(None);
    };
    let point = one.quotient - two.quotient;
    let differences = subtracted(&one.each, &two.each, 1.0);
    let (differences, doubt) = joined(differences, order);
    let difference = interval(point, &differences, level, Method::PairedDifferences);
    let ratio = (two.quotient.abs() > 0.0).then(|| {
        let share = one.quotient / two.quotient;
        let residuals = subtracted(&one.each, &two.each, share);
        let scaled = residuals.iter().map(|residual| residual / two.quotient);
        let (residuals, _) = joined(scaled.collect(), order);
        interval(share, &residuals, level, Method::PairedRatio)
    });
    let apart = variance(&joined(one.each, order).0) + variance(&joined(two.each, order).0);
    Ok(Some(Quotients {
        difference,
        ratio,
        variance_share: (apart > 0.0).then(|| variance(&differences) / apart),
        doubt,
    }))
}

/// A quotient, and by how much each observation is off it.
struct Residuals {
    quotient: f64,
    each: Vec<f64>,
}

impl Residuals {
    fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let numerator: f64 = pairs.iter().map(|pair| pair.0).sum();
        let denominator: f64 = pairs.iter().map(|pair| pair.1).sum();
        let quotient = numerator / denominator;
        if !quotient.is_finite() {
            return None;
        }
        let mean = denominator / count(pairs.len());
        let residual = |pair: &(f64, f64)| (pair.0 - quotient * pair.1) / mean;
        Some(Self {
            quotient,
            each: pairs.iter().map(residual).collect(),
        })
    }
}

fn subtracted(first: &[f64], second: &[f64], factor: f64) -> Vec<f64> {
    let pairs = first.iter().zip(second);
    pairs.map(|(one, two)| one - factor * two).collect()
}

/// Residuals that may be treated as independent.
fn joined(residuals: Vec<f64>, order: Order) -> (Vec<f64>, Option<Doubt>) {
    match order {
        Order::Independent => (residuals, None),
        Order::Consecutive => {
            let pairs: Vec<(f64, f64)> = residuals.iter().map(|each| (*each, 1.0)).collect();
            let batched = batches::pairs(&pairs);
            let means = batched.batches.iter().map(|(sum, n)| sum / n);
            (means.collect(), batched.doubt)
        }
    }
}

/// The sample variance around 0, which residuals have as their mean.
fn variance(residuals: &[f64]) -> f64 {
    let squares: f64 = residuals.iter().map(|each| each * each).sum();
    squares / count(residuals.len().saturating_sub(1).max(1))
}

fn interval(point: f64, residuals: &[f64], level: f64, method: Method) -> Estimate {
    let n = residuals.len();
    let Some(factor) = two_sided_factor(n.saturating_sub(1), level) else {
        return Estimate::point_only(point, word(n));
    };
    let half = factor * (variance(residuals) / count(n)).sqrt();
    Estimate {
        point,
        low: Some(point - half),
        high: Some(point + half),
        level,
        method,
        n: word(n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paired::compare;

    fn plain(values: &[f64]) -> Vec<(f64, f64)> {
        values.iter().map(|value| (*value, 1.0)).collect()
    }

    #[test]
    fn with_denominators_of_one_it_is_the_comparison_of_means() {
        let (first, second) = ([5.0, 7.0, 9.5, 4.0], [4.0, 5.0, 6.0, 3.5]);
        let means = compare(&first, &second, 0.0).unwrap();
        let found = compare_quotients(&plain(&first), &plain(&second), Order::Independent, 0.95);
        let found = found.unwrap().unwrap();
        let near = |a: Option<f64>, b: Option<f64>| (a.unwrap() - b.unwrap()).abs() < 1e-12;
        assert!(near(found.difference.low, means.difference.low));
        let (ratio, expected) = (found.ratio.unwrap(), means.ratio.unwrap());
        assert!(near(ratio.low, expected.low), "{ratio:?} {expected:?}");
        assert!((ratio.point - expected.point).abs() < 1e-12);
    }

    /// By hand: r₁ = 6/30 = 0.2, r₂ = 9/30 = 0.3; residuals 0.1·(n₁ − 0.2d₁) − 0.1·(n₂ − 0.3d₂) are
    /// 0.1·(0 − 0), 0.1·(1 + 1) and −0.1·(1 + 1); s = 0.2, half width 4.302653·0.2/√3.
    #[test]
    fn the_delta_method_by_hand() {
        let first = [(2.0, 10.0), (3.0, 10.0), (1.0, 10.0)];
        let second = [(3.0, 10.0), (2.0, 10.0), (4.0, 10.0)];
        let found = compare_quotients(&first, &second, Order::Independent, 0.95);
        let found = found.unwrap().unwrap();
        assert!((found.difference.point + 0.1).abs() < 1e-12);
        let half = found.difference.high.unwrap() + 0.1;
        assert!(
            (half - 4.302_652_730 * 0.2 / 3.0_f64.sqrt()).abs() < 1e-8,
            "{half}"
        );
        // Opposite residuals: pairing costs here, as it must be told.
        assert!((found.variance_share.unwrap() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn equal_configurations_differ_by_exactly_nothing() {
        let pairs = [(2.0, 11.0), (3.0, 10.0), (0.0, 0.0)];
        let found = compare_quotients(&pairs, &pairs, Order::Independent, 0.999);
        let difference = found.unwrap().unwrap().difference;
        assert_eq!((difference.low, difference.high), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn a_wider_level_gives_a_wider_interval_and_one_observation_none() {
        let (first, second) = (plain(&[1.0, 2.0, 4.0]), plain(&[1.5, 1.0, 2.0]));
        let width = |level| {
            let found = compare_quotients(&first, &second, Order::Independent, level);
            let difference = found.unwrap().unwrap().difference;
            difference.high.unwrap() - difference.low.unwrap()
        };
        assert!(width(0.99) > 1.5 * width(0.95));
        let one = compare_quotients(&first[..1], &second[..1], Order::Independent, 0.95);
        assert_eq!(one.unwrap().unwrap().difference.low, None);
    }

    #[test]
    fn correlated_batches_are_joined_and_nothing_seen_is_told() {
        let wave: Vec<f64> = (0..32).map(|i| f64::from(i / 8 % 2)).collect();
        let zero = vec![0.0; 32];
        let found = compare_quotients(&plain(&wave), &plain(&zero), Order::Consecutive, 0.95);
        let found = found.unwrap().unwrap();
        assert_eq!((found.difference.n, found.ratio), (8, None));
        let nothing = [(0.0, 0.0); 3];
        let found = compare_quotients(&nothing, &nothing, Order::Independent, 0.95);
        assert_eq!(found.unwrap(), None);
        assert!(compare_quotients(&nothing, &[], Order::Independent, 0.95).is_err());
    }
}
