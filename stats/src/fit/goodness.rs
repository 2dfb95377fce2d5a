//! How far a law is from its sample.
//!
//! The parameters come from the same sample, so the tables of Kolmogorov and Anderson do not hold;
//! p-values come from a parametric bootstrap: samples are drawn from the fitted law and fitted again
//! (Stute, Manteiga & Quindimil, "Bootstrap based goodness-of-fit-tests", Metrika 40, 1993,
//! <https://doi.org/10.1007/BF02613687>).

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use serde::Serialize;

use super::law::FittedLaw;
use super::maximum::likeliest;
use super::mixture;
use super::sample::{Observation, Sample};
use crate::number::{count, wide};

/// The largest sample for which p-values are computed; with more, every law of this list is refuted
/// and the size of the distance says more than its p-value.
pub const P_VALUE_N_MAX: u64 = 5_000;

/// The fewest observations for which a p-value says anything.
pub const P_VALUE_N_MIN: u64 = 10;

/// Distances between a law and its sample, with bootstrap p-values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Goodness {
    /// Kolmogorov and Smirnov's distance: the largest difference of the distributions.
    pub ks: Option<f64>,
    /// The share of samples of the law itself that lie at least so far from their fit.
    pub ks_p: Option<f64>,
    /// Anderson and Darling's A², which weighs the tails.
    pub ad: Option<f64>,
    /// Its p-value.
    pub ad_p: Option<f64>,
    /// Samples drawn for the p-values; 0 where there are none.
    pub replications: usize,
}

/// The largest difference between the distribution of a law and that of a sample, where censoring
/// leaves the latter known: at exact values below the first cut, and at the edges of cells.
///
/// `None` for a sample that is cut off at several places with exact values between them.
pub fn kolmogorov_smirnov(sample: &Sample, law: &FittedLaw) -> Option<f64> {
    let total = wide(sample.n());
    let (mut below, mut distance, mut cut) = (0.0, 0.0_f64, false);
    for (observation, times) in sample.items() {
        let times = wide(*times);
        match *observation {
            Observation::Exact(_) if cut => return None,
            Observation::Exact(value) => {
                let share = law.cdf(value);
                let (before, after) = (below / total, (below + times) / total);
                distance = distance
                    .max((share - before).abs())
                    .max((share - after).abs());
            }
            Observation::Between { high, .. } if high.is_finite() && !cut => {
                let after = (below + times) / total;
                distance = distance.max((law.cdf(high) - after).abs());
            }
            Observation::AtLeast(_) | Observation::Between { .. } => cut = true,
        }
        below += times;
    }
    Some(distance)
}

/// Anderson and Darling's A² = −n − Σ (2i − 1)/n · (ln F(xᵢ) + ln(1 − F(xₙ₊₁₋ᵢ))) ("A test of
/// goodness of fit", JASA 49(268), 1954, <https://doi.org/10.1080/01621459.1954.10501232>); `None`
/// for a censored sample.
pub fn anderson_darling(sample: &Sample, law: &FittedLaw) -> Option<f64> {
    if !sample.is_complete() {
        return None;
    }
    let n = wide(sample.n());
    let mut sum = 0.0;
    let mut before = 0.0;
    for item in sample.exact_values() {
        let weight = item.weight;
        // Σ(2i − 1) over the ranks of equal values, from below and from above.
        let from_below = weight * (2.0 * before + weight);
        let above = n - before - weight;
        let from_above = weight * (2.0 * above + weight);
        let tiny = f64::MIN_POSITIVE;
        sum += from_below * libm::log(law.cdf(item.value).max(tiny))
            + from_above * libm::log(law.survival(item.value).max(tiny));
        before += weight;
    }
    Some(-n - sum / n)
}

/// Both distances, with p-values from `replications` samples of the law.
///
/// A cut at one value is applied to the drawn samples too; interval-censored samples get no p-value.
pub fn goodness(sample: &Sample, law: &FittedLaw, replications: usize, seed: u64) -> Goodness {
    let ks = kolmogorov_smirnov(sample, law);
    let ad = anderson_darling(sample, law);
    let mut goodness = Goodness {
        ks,
        ks_p: None,
        ad,
        ad_p: None,
        replications: 0,
    };
    let range = P_VALUE_N_MIN..=P_VALUE_N_MAX;
    let Some(cut) = cut(sample).filter(|_| range.contains(&sample.n()) && replications > 0) else {
        return goodness;
    };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (mut ks_beyond, mut ad_beyond, mut done) = (0, 0, 0);
    for _ in 0..replications {
        let drawn = (0..sample.n()).map(|_| {
            let value = law.draw(&mut rng).clamp(f64::MIN_POSITIVE, f64::MAX);
            let drawn = if value > cut {
                Observation::AtLeast(cut)
            } else {
                Observation::Exact(value)
            };
            (drawn, 1)
        });
        let Ok(drawn) = Sample::new(drawn.collect::<Vec<_>>()) else {
            continue;
        };
        let Some(fitted) = fitted_again(&drawn, law) else {
            continue;
        };
        done += 1;
        let farther = |found: Option<f64>, own: Option<f64>| {
            usize::from(matches!((found, own), (Some(found), Some(own)) if found >= own))
        };
        ks_beyond += farther(kolmogorov_smirnov(&drawn, &fitted), ks);
        ad_beyond += farther(anderson_darling(&drawn, &fitted), ad);
    }
    if done > 0 {
        let p = |beyond: usize| count(beyond + 1) / count(done + 1);
        goodness.ks_p = ks.map(|_| p(ks_beyond));
        goodness.ad_p = ad.map(|_| p(ad_beyond));
        goodness.replications = done;
    }
    goodness
}

/// The one value above which the sample is cut off, infinite where it is not; `None` where there are
/// several or intervals.
fn cut(sample: &Sample) -> Option<f64> {
    let mut cut = f64::INFINITY;
    for (observation, _) in sample.items() {
        match *observation {
            Observation::Exact(_) if cut.is_finite() => return None,
            Observation::Exact(_) => {}
            Observation::AtLeast(value) if cut.is_infinite() => cut = value,
            _ => return None,
        }
    }
    Some(cut)
}

/// The law of the same kind fitted to a sample that was drawn from it.
fn fitted_again(drawn: &Sample, law: &FittedLaw) -> Option<FittedLaw> {
    match law {
        FittedLaw::Mixture(parts) => mixture::fit_from(drawn, parts),
        _ => likeliest(drawn, law.family()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A uniform-like pattern by hand: an exponential law with mean 1 and its exact quantiles at
    /// (i − ½)/n is ½/n away.
    #[test]
    fn distances_by_hand() {
        let law = FittedLaw::Exponential { mean: 1.0 };
        let values: Vec<f64> = (0..10)
            .map(|i| law.quantile((f64::from(i) + 0.5) / 10.0))
            .collect();
        let sample = Sample::exact(&values).unwrap();
        let ks = kolmogorov_smirnov(&sample, &law).unwrap();
        assert!((ks - 0.05).abs() < 1e-12, "{ks}");
        // A² = −10 − Σ (2i − 1)/10 · 2·ln((i − ½)/10) for this symmetric pattern.
        let sum: f64 = (0..10_u32)
            .map(|i| f64::from(2 * i + 1) / 10.0 * 2.0 * libm::log((f64::from(i) + 0.5) / 10.0))
            .sum();
        let ad = anderson_darling(&sample, &law).unwrap();
        assert!((ad - (-10.0 - sum)).abs() < 1e-9, "{ad}");
    }

    /// P-values of true laws are uniform: of 60 at level 10 %, 6 ± 2.3 lie below; more than 15 are
    /// left by chance once in 6,000 tests.
    #[test]
    fn the_true_kind_is_seldom_refuted_and_a_wrong_one_is() {
        let law = FittedLaw::LogNormal {
            mu: 4.5,
            sigma: 0.3,
        };
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let mut refuted = 0;
        for seed in 0..60 {
            let draws: Vec<f64> = (0..80).map(|_| law.draw(&mut rng)).collect();
            let sample = Sample::exact(&draws).unwrap();
            let fitted = likeliest(&sample, law.family()).unwrap();
            let found = goodness(&sample, &fitted, 99, seed);
            refuted += usize::from(found.ad_p.is_some_and(|p| p <= 0.1));
        }
        assert!(refuted <= 15, "{refuted} of 60");

        let mixed = super::super::law::tests::examples().remove(7);
        let draws: Vec<f64> = (0..400).map(|_| mixed.draw(&mut rng)).collect();
        let sample = Sample::exact(&draws).unwrap();
        let fitted = likeliest(&sample, law.family()).unwrap();
        let found = goodness(&sample, &fitted, 99, 1);
        assert!(found.ks_p.is_some_and(|p| p <= 0.01), "{found:?}");
    }
}
