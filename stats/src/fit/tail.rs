//! What a law makes of the tail of its sample.

use serde::Serialize;

use super::law::FittedLaw;
use super::sample::{Observation, Sample};
use crate::number::{count, wide};

/// The quantiles at which a law is compared with its sample.
pub const PROBABILITIES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

/// The relative error above which a quantile is called missed.
pub const TOLERANCE: f64 = 0.1;

/// A law beside its sample at one quantile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct QuantileError {
    /// The probability.
    pub probability: f64,
    /// The quantile of the sample.
    pub data: f64,
    /// The quantile of the law.
    pub law: f64,
}

impl QuantileError {
    /// law/data − 1.
    pub fn relative(&self) -> f64 {
        self.law / self.data - 1.0
    }
}

/// The law beside the sample at those of [`PROBABILITIES`] that the sample supports.
pub fn quantile_errors(sample: &Sample, law: &FittedLaw) -> Vec<QuantileError> {
    let supported = sample.supported_quantile();
    PROBABILITIES
        .into_iter()
        .filter(|probability| *probability <= supported)
        .filter_map(|probability| {
            let data = sample.quantile(probability)?;
            Some(QuantileError {
                probability,
                data,
                law: law.quantile(probability),
            })
        })
        .collect()
}

/// The Pareto law of what exceeds a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ParetoTail {
    /// Where the tail begins.
    pub threshold: f64,
    /// The share of the sample above it.
    pub share: f64,
    /// The tail index α: P(X > x) falls like x^−α.
    pub shape: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
    /// Observations above the threshold.
    pub n: u64,
}

/// The tail index of the highest tenth of a complete sample by Hill's estimator, the maximum
/// likelihood of a Pareto law ("A simple general approach to inference about the tail of a
/// distribution", Annals of Statistics 3(5), 1975, <https://doi.org/10.1214/aos/1176343247>), with
/// the interval α·(1 ± 1.96/√k). `None` with fewer than 20 observations in the tail.
pub fn pareto_tail(sample: &Sample) -> Option<ParetoTail> {
    if !sample.is_complete() {
        return None;
    }
    let threshold = sample.quantile(0.9)?;
    let ln_threshold = libm::log(threshold);
    let (mut above, mut excess) = (0, 0.0);
    for (observation, times) in sample.items() {
        if let Observation::Exact(value) = *observation
            && value > threshold
        {
            above += times;
            excess += wide(*times) * (libm::log(value) - ln_threshold);
        }
    }
    let n = wide(above);
    if above < 20 || excess <= 0.0 {
        return None;
    }
    let shape = n / excess;
    let half = 1.96 * shape / libm::sqrt(n);
    Some(ParetoTail {
        threshold,
        share: n / wide(sample.n()),
        shape,
        low: shape - half,
        high: shape + half,
        n: above,
    })
}

/// How large the errors are at most, and where.
pub fn worst(errors: &[QuantileError]) -> Option<&QuantileError> {
    errors
        .iter()
        .max_by(|a, b| a.relative().abs().total_cmp(&b.relative().abs()))
}

/// The mean of the absolute relative errors; `None` without any.
pub fn mean_error(errors: &[QuantileError]) -> Option<f64> {
    let sum: f64 = errors.iter().map(|error| error.relative().abs()).sum();
    (!errors.is_empty()).then(|| sum / count(errors.len()))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn quantiles_beyond_the_sample_are_not_compared() {
        let values: Vec<f64> = (1..=50).map(f64::from).collect();
        let sample = Sample::exact(&values).unwrap();
        let errors = quantile_errors(&sample, &FittedLaw::Exponential { mean: 25.0 });
        let asked: Vec<f64> = errors.iter().map(|error| error.probability).collect();
        assert_eq!(asked, [0.5, 0.9]);
        assert!((errors[0].data - 25.5).abs() < 1e-12);
        assert!(worst(&errors).is_some_and(|error| error.relative().abs() > TOLERANCE));
    }

    #[test]
    fn the_index_of_a_pareto_law_lies_inside_its_interval() {
        let law = FittedLaw::Pareto {
            shape: 2.0,
            minimum: 10.0,
        };
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(8);
        let values: Vec<f64> = (0..3_000).map(|_| law.draw(&mut rng)).collect();
        let tail = pareto_tail(&Sample::exact(&values).unwrap()).unwrap();
        assert!(
            tail.low < 2.0 && 2.0 < tail.high && tail.n == 300,
            "{tail:?}"
        );
    }
}
