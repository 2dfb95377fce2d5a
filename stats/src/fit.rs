//! Laws fitted to samples, and what may be said about them.
//!
//! ```text
//!  Sample ──► fit(family) ──► Fit { law, log-likelihood, AIC, BIC, parameters with intervals,
//!  exact, cut off,             goodness (KS, AD, bootstrap p), errors at p50 … p99 }
//!  in cells                       │
//!                                 ▼
//!                     best(&fits): the lowest BIC; quantile(p) refuses p above 1 − 3/n
//! ```
//!
//! Units are those of the sample. Everything is a function of the sample and a seed.
//!
//! ```
//! use frostline_stats::fit::{self, Family, Options, Sample};
//!
//! let waits: Vec<f64> = (1..200).map(|i| 80.0 + f64::from(i * i % 101)).collect();
//! let sample = Sample::exact(&waits).unwrap();
//! let fits = fit::all(&sample, &Family::ALL, Options { replications: 0, seed: 1 });
//! let best = fit::best(&fits).unwrap();
//! assert!(fits.iter().all(|fit| best.bic <= fit.bic));
//! // 199 observations say nothing about the 99.9th percentile.
//! assert!(best.quantile(0.9).is_some() && best.quantile(0.999).is_none());
//! ```

pub mod blocks;
mod goodness;
mod information;
mod law;
mod maximum;
mod mixture;
mod sample;
mod simplex;
mod special;
pub mod tail;

use serde::Serialize;

pub use goodness::{
    Goodness, P_VALUE_N_MAX, P_VALUE_N_MIN, anderson_darling, goodness, kolmogorov_smirnov,
};
pub use information::{Parameter, parameters};
pub use law::{Component, Family, FittedLaw};
pub use maximum::log_likelihood;
pub use sample::{DISTINCT_MAX, Observation, Sample, SampleError};

use crate::number::{count, wide};
use tail::QuantileError;

/// A law fitted to a sample, with everything that says how well.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fit {
    /// The kind of law.
    pub family: Family,
    /// The law.
    pub law: FittedLaw,
    /// Observations behind it.
    pub n: u64,
    /// The logarithm of the likelihood.
    pub log_likelihood: f64,
    /// Akaike's criterion, 2k − 2·ln L.
    pub aic: f64,
    /// Schwarz's criterion, k·ln n − 2·ln L.
    pub bic: f64,
    /// The parameters with their intervals.
    pub parameters: Vec<Parameter>,
    /// Distances from the sample.
    pub goodness: Goodness,
    /// The law beside the sample at the quantiles that it supports.
    pub errors: Vec<QuantileError>,
    /// The highest quantile that the sample supports.
    pub supported: f64,
}

/// How to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Samples drawn for the p-values of each law; 0 leaves them out.
    pub replications: usize,
    /// The seed of those samples.
    pub seed: u64,
}

impl Fit {
    /// The quantile of the law, or `None` beyond what the sample supports: a law says nothing about
    /// a tail that nobody has seen.
    pub fn quantile(&self, probability: f64) -> Option<f64> {
        let supported = probability > 0.0 && probability <= self.supported;
        supported.then(|| self.law.quantile(probability))
    }

    /// The supported quantile that the law misses most, if by more than [`tail::TOLERANCE`].
    pub fn missed(&self) -> Option<&QuantileError> {
        tail::worst(&self.errors).filter(|error| error.relative().abs() > tail::TOLERANCE)
    }
}

/// The likeliest law of a family; `None` where the sample has none: all observations are the same, or
/// too few for its components.
pub fn fit(sample: &Sample, family: Family, options: Options) -> Option<Fit> {
    let law = maximum::likeliest(sample, family)?;
    let log_likelihood = log_likelihood(sample, &law);
    let k = count(law.parameter_count());
    Some(Fit {
        family,
        n: sample.n(),
        log_likelihood,
        aic: 2.0 * k - 2.0 * log_likelihood,
        bic: k * libm::log(wide(sample.n())) - 2.0 * log_likelihood,
        parameters: parameters(sample, &law),
        goodness: goodness(sample, &law, options.replications, options.seed),
        errors: tail::quantile_errors(sample, &law),
        supported: sample.supported_quantile(),
        law,
    })
}

/// The likeliest law of each family that the sample has, by rising BIC.
pub fn all(sample: &Sample, families: &[Family], options: Options) -> Vec<Fit> {
    let found = families
        .iter()
        .filter_map(|family| fit(sample, *family, options));
    let mut fits: Vec<Fit> = found.collect();
    fits.sort_by(|a, b| a.bic.total_cmp(&b.bic).then(a.family.cmp(&b.family)));
    fits
}

/// The fit with the lowest BIC.
pub fn best(fits: &[Fit]) -> Option<&Fit> {
    fits.iter()
        .min_by(|a, b| a.bic.total_cmp(&b.bic).then(a.family.cmp(&b.family)))
}
