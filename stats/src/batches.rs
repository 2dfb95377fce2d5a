//! Batch means: intervals from one long run.
//!
//! The run is cut into 32 batches of equal length. If neighbouring batches still resemble each
//! other, by von Neumann's ratio, they are joined in pairs, down to 8 (von Neumann, "Distribution
//! of the ratio of the mean square successive difference to the variance", Annals of Mathematical
//! Statistics 12(4), 1941, <https://doi.org/10.1214/aoms/1177731677>).

use crate::number::count;

/// Batches at the start.
pub const BATCHES: usize = 32;

/// Batches that remain at the least.
pub const FEWEST_BATCHES: usize = 8;

/// The standard normal quantile of 0.95: the test is one-sided, since only positive correlation
/// makes intervals too short.
const Z_95: f64 = 1.644_853_626_951_472_2;

/// Batches that may be treated as independent.
#[derive(Debug, Clone, PartialEq)]
pub struct Batched<T> {
    /// One entry a batch.
    pub batches: Vec<T>,
    /// Whether the batches were still correlated when no more could be joined: the run is too
    /// short and intervals from it are too narrow.
    pub correlated: bool,
}

/// The means of up to [`BATCHES`] batches of consecutive observations, joined while they are
/// correlated. Observations that do not fill the last batch are dropped from the front, where what
/// is left of the warm-up would be.
pub fn means(observations: &[f64]) -> Batched<f64> {
    let size = (observations.len() / BATCHES).max(1);
    let sums: Vec<(f64, f64)> = observations[observations.len() % size..]
        .rchunks(size)
        .rev()
        .map(|batch| (batch.iter().sum(), count(batch.len())))
        .collect();
    let surplus = sums.len().saturating_sub(BATCHES);
    let joined = pairs(&sums[surplus..]);
    Batched {
        batches: joined.batches.iter().map(|(sum, n)| sum / n).collect(),
        correlated: joined.correlated,
    }
}

/// Batches of (numerator, denominator), such as (cold starts, invocations), joined in pairs while
/// the lag-1 test on their quotients rejects independence at 5 %. An odd batch out joins the last.
/// Batches with denominator 0 take no part in the test.
pub fn pairs(batches: &[(f64, f64)]) -> Batched<(f64, f64)> {
    let mut batches = batches.to_vec();
    loop {
        let quotients: Vec<f64> = batches
            .iter()
            .filter(|batch| batch.1.abs() > 0.0)
            .map(|batch| batch.0 / batch.1)
            .collect();
        let correlated = von_neumann(&quotients).is_some_and(|z| z > Z_95);
        if !correlated || batches.len() / 2 < FEWEST_BATCHES {
            return Batched {
                batches,
                correlated,
            };
        }
        batches = join_in_pairs(&batches);
    }
}

/// Von Neumann's statistic, standardised: C = 1 − Σ(xᵢ₊₁ − xᵢ)²/(2·Σ(xᵢ − x̄)²), about the lag-1
/// correlation, times √((n² − 1)/(n − 2)); standard normal for independent observations.
///
/// `None` for fewer than 3 observations or when all are equal.
pub fn von_neumann(values: &[f64]) -> Option<f64> {
    if values.len() < 3 {
        return None;
    }
    let n = count(values.len());
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    let steps: f64 = values
        .windows(2)
        .map(|pair| (pair[1] - pair[0]) * (pair[1] - pair[0]))
        .sum();
    (squares > 0.0).then(|| (1.0 - steps / (2.0 * squares)) * ((n * n - 1.0) / (n - 2.0)).sqrt())
}

fn join_in_pairs(batches: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut joined = vec![(0.0, 0.0); batches.len() / 2];
    let last = joined.len().saturating_sub(1);
    for (index, batch) in batches.iter().enumerate() {
        let target = &mut joined[(index / 2).min(last)];
        target.0 += batch.0;
        target.1 += batch.1;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternating_values_are_not_joined() {
        let values: Vec<f64> = (0..320).map(|i| f64::from(i % 7)).collect();
        let found = means(&values);
        assert_eq!((found.batches.len(), found.correlated), (32, false));
    }

    #[test]
    fn a_trend_is_joined_down_to_eight_and_reported() {
        let values: Vec<f64> = (0..645).map(f64::from).collect();
        let found = means(&values);
        assert_eq!((found.batches.len(), found.correlated), (8, true));
        let mean = found.batches.iter().sum::<f64>() / 8.0;
        let last = 644.0;
        assert!((mean - (last - 319.5)).abs() < 1e-9, "{mean}");
    }

    #[test]
    fn a_slow_wave_is_joined_until_it_averages_out() {
        // Eight batches up, eight down; among 8 batches each level spans only two, which passes.
        let batches: Vec<(f64, f64)> = (0..32)
            .map(|i| (if i / 8 % 2 == 0 { 1.0 } else { 2.0 }, 10.0))
            .collect();
        let found = pairs(&batches);
        assert_eq!((found.batches.len(), found.correlated), (8, false));
        let total: f64 = found.batches.iter().map(|batch| batch.0).sum();
        assert!(
            (total - 48.0).abs() < 1e-12,
            "joining loses nothing: {total}"
        );
    }

    #[test]
    fn nothing_and_constants_are_not_correlated() {
        assert_eq!(means(&[]).batches.len(), 0);
        assert!(!means(&[1.0; 100]).correlated);
        assert_eq!(von_neumann(&[1.0, 2.0]), None);
    }

    /// By hand: 1, 2, 3 has C = 1 − 2/(2·2) = ½, times √(8/1).
    #[test]
    fn the_statistic_by_hand() {
        let z = von_neumann(&[1.0, 2.0, 3.0]).unwrap();
        assert!((z - 0.5 * 8.0_f64.sqrt()).abs() < 1e-12, "{z}");
    }
}
