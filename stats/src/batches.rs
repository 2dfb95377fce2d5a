//! Batch means: intervals from one long run.
//!
//! The run is cut into 32 batches of equal length. If neighbouring batches still resemble each
//! other, by von Neumann's ratio, they are joined in pairs, down to 8 (von Neumann, "Distribution
//! of the ratio of the mean square successive difference to the variance", Annals of Mathematical
//! Statistics 12(4), 1941, <https://doi.org/10.1214/aoms/1177731677>). What is still alike then is
//! told: as drift where the batches rise or fall over the run, else as correlation.

use crate::histogram::Distribution;
use crate::number::count;

/// Batches at the start.
pub const BATCHES: usize = 32;

/// Batches that remain at the least.
pub const FEWEST_BATCHES: usize = 8;

/// The standard normal quantile of 0.95: the test is one-sided, since only positive correlation
/// makes intervals too short.
const Z_95: f64 = 1.644_853_626_951_472_2;

/// The standard normal quantile of 0.995: drift is told where chance would show it once in 100.
const Z_995: f64 = 2.575_829_303_548_900_4;

/// Batches that may be treated as independent.
#[derive(Debug, Clone, PartialEq)]
pub struct Batched<T> {
    /// One entry a batch.
    pub batches: Vec<T>,
    /// What is wrong with them.
    pub doubt: Option<Doubt>,
}

/// Why an interval from these batches is too narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// Batches were still correlated when no more could be joined: the run is too short.
    Correlated,
    /// They are, and rise or fall over the run: an average stands for no particular time.
    Drifting,
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
        doubt: joined.doubt,
    }
}

/// Batches of (numerator, denominator), such as (cold starts, invocations), joined in pairs while
/// the lag-1 test on their quotients rejects independence at 5 %. An odd batch out joins the last.
/// Batches with denominator 0 take no part in the test.
pub fn pairs(batches: &[(f64, f64)]) -> Batched<(f64, f64)> {
    let quotient = |batch: &(f64, f64)| (batch.1.abs() > 0.0).then(|| batch.0 / batch.1);
    join_while_correlated(batches.to_vec(), quotient, |whole, part| {
        whole.0 += part.0;
        whole.1 += part.1;
    })
}

/// Batches of distributions, joined in pairs while the lag-1 test on their quantiles rejects
/// independence at 5 %. Empty ones take no part in the test.
#[derive(Debug, Clone)]
pub struct Distributions {
    /// The batches, their pairs, the pairs of these and so on, as far as they were needed.
    levels: Vec<Vec<Distribution>>,
}

impl Distributions {
    /// Batches in the order of time.
    pub fn new(batches: Vec<Distribution>) -> Self {
        Self {
            levels: vec![batches],
        }
    }

    /// The batches as they came.
    pub fn each(&self) -> &[Distribution] {
        &self.levels[0]
    }

    /// The batches that may be treated as independent by their quantiles at `probability`, and what
    /// is wrong with them.
    ///
    /// # Panics
    /// When `probability` lies outside [0, 1].
    pub fn independent(&mut self, probability: f64) -> (&[Distribution], Option<Doubt>) {
        let mut level = 0;
        loop {
            let batches = &self.levels[level];
            let quantiles = batches.iter().filter_map(|b| b.quantile_ns(probability));
            let quantiles: Vec<f64> = quantiles.collect();
            if is_settled(&quantiles, batches.len()) {
                return (&self.levels[level], doubt_of(&quantiles));
            }
            level += 1;
            if level == self.levels.len() {
                let joined = join_in_pairs(batches.clone(), &Distribution::merge);
                self.levels.push(joined);
            }
        }
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

/// The Mann-Kendall statistic of a trend, standardised: the number of pairs that rise less those
/// that fall, less 1 for continuity, over √(n(n − 1)(2n + 5)/18); standard normal without a trend
/// (Mann, "Nonparametric tests against trend", Econometrica 13(3), 1945,
/// <https://doi.org/10.2307/1907187>). 0 for fewer than 3 observations; the work grows as n².
pub fn mann_kendall(values: &[f64]) -> f64 {
    let n = count(values.len());
    let mut score = 0.0;
    for (place, early) in values.iter().enumerate() {
        for late in &values[place + 1..] {
            score += f64::from(i8::from(late > early)) - f64::from(i8::from(late < early));
        }
    }
    if values.len() < 3 {
        return 0.0;
    }
    let corrected = score.signum() * (score.abs() - 1.0).max(0.0);
    corrected / (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt()
}

fn join_while_correlated<T>(
    mut batches: Vec<T>,
    value: impl Fn(&T) -> Option<f64>,
    add: impl Fn(&mut T, &T),
) -> Batched<T> {
    loop {
        let values: Vec<f64> = batches.iter().filter_map(&value).collect();
        if is_settled(&values, batches.len()) {
            let doubt = doubt_of(&values);
            return Batched { batches, doubt };
        }
        batches = join_in_pairs(batches, &add);
    }
}

/// Whether so many batches with these values are joined no further.
fn is_settled(values: &[f64], batches: usize) -> bool {
    !is_correlated(values) || batches / 2 < FEWEST_BATCHES
}

fn is_correlated(values: &[f64]) -> bool {
    von_neumann(values).is_some_and(|z| z > Z_95)
}

/// What is wrong with batches that are joined no further.
fn doubt_of(values: &[f64]) -> Option<Doubt> {
    is_correlated(values).then(|| {
        if mann_kendall(values).abs() > Z_995 {
            Doubt::Drifting
        } else {
            Doubt::Correlated
        }
    })
}

fn join_in_pairs<T>(batches: Vec<T>, add: &impl Fn(&mut T, &T)) -> Vec<T> {
    let pairs = batches.len() / 2;
    let mut joined: Vec<T> = Vec::with_capacity(pairs);
    for (index, batch) in batches.into_iter().enumerate() {
        let begins = index % 2 == 0 && joined.len() < pairs;
        match joined.last_mut() {
            Some(last) if !begins => add(last, &batch),
            _ => joined.push(batch),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Histogram;

    #[test]
    fn alternating_values_are_not_joined() {
        let values: Vec<f64> = (0..320).map(|i| f64::from(i % 7)).collect();
        let found = means(&values);
        assert_eq!((found.batches.len(), found.doubt), (32, None));
    }

    #[test]
    fn a_trend_is_joined_down_to_eight_and_reported() {
        let values: Vec<f64> = (0..645).map(f64::from).collect();
        let found = means(&values);
        assert_eq!(
            (found.batches.len(), found.doubt),
            (8, Some(Doubt::Drifting))
        );
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
        assert_eq!((found.batches.len(), found.doubt), (8, None));
        let total: f64 = found.batches.iter().map(|batch| batch.0).sum();
        assert!(
            (total - 48.0).abs() < 1e-12,
            "joining loses nothing: {total}"
        );
    }

    #[test]
    fn one_long_wave_is_correlated_and_no_drift() {
        let batches: Vec<(f64, f64)> = (0..32)
            .map(|i| (libm::sin(f64::from(i) * 0.2) + 2.0, 1.0))
            .collect();
        assert_eq!(pairs(&batches).doubt, Some(Doubt::Correlated));
    }

    #[test]
    fn nothing_and_constants_are_not_correlated() {
        assert_eq!(means(&[]).batches.len(), 0);
        assert_eq!(means(&[1.0; 100]).doubt, None);
        assert_eq!(von_neumann(&[1.0, 2.0]), None);
    }

    #[test]
    fn distributions_are_joined_by_their_quantiles() {
        let of = |value: u64| {
            let mut histogram = Histogram::default();
            (0..10).for_each(|_| histogram.record(value));
            histogram.drain()
        };
        let rising: Vec<Distribution> = (1..=17).map(|i| of(i * 1_000)).collect();
        let mut found = Distributions::new(rising);
        // What was joined for one quantile serves the next.
        for probability in [0.5, 0.9] {
            let (batches, doubt) = found.independent(probability);
            assert_eq!((batches.len(), doubt), (8, Some(Doubt::Drifting)));
            let counts: Vec<u64> = batches.iter().map(Distribution::count).collect();
            assert_eq!(counts, [20, 20, 20, 20, 20, 20, 20, 30]);
        }
        assert_eq!(found.each().len(), 17);
    }

    /// By hand: 1, 2, 3 has C = 1 − 2/(2·2) = ½, times √(8/1).
    #[test]
    fn the_statistics_by_hand() {
        let z = von_neumann(&[1.0, 2.0, 3.0]).unwrap();
        assert!((z - 0.5 * 8.0_f64.sqrt()).abs() < 1e-12, "{z}");
        // Pairs of 1, 3, 2, 4: five rise and one falls; (4 − 1)/√(4·3·13/18).
        let trend = mann_kendall(&[1.0, 3.0, 2.0, 4.0]);
        assert!(
            (trend - 3.0 / (156.0_f64 / 18.0).sqrt()).abs() < 1e-12,
            "{trend}"
        );
        assert!(mann_kendall(&[2.0; 9]).abs() < 1e-12);
    }
}
