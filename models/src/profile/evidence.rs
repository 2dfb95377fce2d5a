//! What a profile rests on beyond its laws: intervals, laws that were considered, and what the logs said
//! about warm durations, cold starts and idle instances.
//!
//! Nothing here changes what is simulated; it is what `frostline calibrate --explain` shows.

use serde::Serialize;

use super::{Coefficient, WrittenLaw};
use crate::keepalive::KeepAlive;
use crate::units::SimDuration;

/// A quantile of the samples with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct QuantileInterval {
    /// The probability.
    pub probability: f64,
    /// The quantile.
    pub point: SimDuration,
    /// Lower end; the point itself where the samples allow none.
    pub low: SimDuration,
    /// Upper end; the point itself where the samples allow none.
    pub high: SimDuration,
}

/// A law that was fitted to the samples of a phase, and how well.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CandidateFit {
    /// The law.
    pub law: WrittenLaw,
    /// Akaike's criterion.
    pub aic: f64,
    /// Schwarz's criterion; candidates stand by rising BIC.
    pub bic: f64,
    /// Kolmogorov and Smirnov's distance.
    pub ks: Option<f64>,
    /// Its p-value by parametric bootstrap.
    pub ks_p: Option<f64>,
    /// Anderson and Darling's A².
    pub ad: Option<f64>,
    /// Its p-value by parametric bootstrap.
    pub ad_p: Option<f64>,
    /// Relative errors law/data − 1 at probabilities that the samples support.
    pub errors: Vec<(f64, f64)>,
}

/// A keep-alive curve fitted to idle times and what became of the instances.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeepAliveEvidence {
    /// Idle times behind it.
    pub samples: u64,
    /// Those that ended in the reuse of the instance.
    pub reused: u64,
    /// The kind of keep-alive that fits best.
    pub kind: KeepAlive,
    /// Age of idleness, and the share of instances that is kept longer, with its interval.
    pub survival: Vec<(SimDuration, Coefficient)>,
}

/// What production logs said about invocations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Observed {
    /// Invocations that were read.
    pub invocations: u64,
    /// Those that waited for an init.
    pub cold_starts: u64,
    /// Their ratio, with an interval over days or hours where time stamps allow one.
    pub cold_ratio: Coefficient,
    /// Durations of warm invocations.
    pub duration: Option<(u64, WrittenLaw)>,
}
