//! How long an idle instance is kept, from what happened to instances that had been idle.
//!
//! Nobody sees an instance end. What a log shows is that a request came after the instances had been
//! idle for so long, and found one (warm) or none (cold): *current-status data*, from which the law
//! of the lifetime can still be had.
//!
//! ```text
//!  (idle gap, survived?) ─► curve: share that survives each gap, nonparametric, with intervals
//!                     └───► fits:  fixed · uniform · halving, with intervals, AIC, goodness
//! ```
//!
//! Measured coverage of the intervals, 200 repetitions at n = 200: fixed 98 %, halving 98 %, edges of a
//! uniform law 92 and 93 %, curve 93 %.
//!
//! Each law has two more parameters, because no log is clean: `early_loss`, the share of instances
//! that were gone though the law would have kept them (recycled at a certain age, a deployment), and
//! `late_survival`, the share that took a request though the law had them gone. With S(g) the law's
//! survival, e the former and l the latter, P(warm after gap g) = (1 − e)·S(g) + l·(1 − S(g)).
//!
//! The gap of a request is the shortest time that any instance had been idle. That holds for
//! most-recent reuse; requests that find every instance busy say nothing and must be left out. Gaps are
//! taken for independent of the lifetimes, and lifetimes of each other.
//!
//! ```
//! use frostline_stats::idle_lifetime::{LifetimeLaw, Observation, Options, fit};
//!
//! // Instances that are kept for 10 min, asked after gaps of 1 to 20 min.
//! let gaps = (0..120).map(|i| 60.0 + 9.5 * f64::from(i));
//! let seen: Vec<Observation> = gaps
//!     .map(|idle_s| Observation { idle_s, survived: idle_s <= 600.0 })
//!     .collect();
//! let lifetime = fit(&seen, Options { replications: 0, seed: 1 }).unwrap();
//! let best = &lifetime.fits[0];
//! assert!(matches!(best.law, LifetimeLaw::Fixed { .. }));
//! assert!(best.parameters[0].estimate.low.unwrap() <= 600.0);
//! assert!(best.parameters[0].estimate.high.unwrap() >= 600.0);
//! ```

mod cells;
mod goodness;
mod isotonic;
mod law;
mod levels;
mod search;

use serde::Serialize;

pub use law::LifetimeLaw;

use crate::estimate::Estimate;
use cells::Cells;

/// The fewest observations that a fit is made from.
pub const OBSERVATIONS_MIN: usize = 20;

/// The fewest of either outcome that a fit is made from.
pub const EITHER_MIN: u64 = 3;

/// Above this many observations the goodness of fit has no p-value: drawing them again would take
/// long, and with so many every simple law is rejected.
pub const GOODNESS_N_MAX: u64 = 100_000;

/// The points of the survival curve, at most.
pub const CURVE_POINTS_MAX: usize = 64;

/// An instance that had been idle when a request came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// For how long it had been idle, in seconds.
    pub idle_s: f64,
    /// Whether it took the request.
    pub survived: bool,
}

/// How to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Samples drawn for the goodness of each law; 0 leaves it out, 200 is plenty.
    pub replications: usize,
    /// The seed of those samples.
    pub seed: u64,
}

/// What the observations say about the lifetime of idle instances.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IdleLifetime {
    /// Observations.
    pub n: u64,
    /// Of these, instances that took the request.
    pub survived: u64,
    /// The longest gap that an instance survived, in seconds.
    pub longest_survived_s: f64,
    /// The shortest gap after which an instance was gone, in seconds.
    pub shortest_lost_s: f64,
    /// The share that survives each gap: the nonparametric maximum-likelihood estimate with
    /// pointwise intervals, at no more than [`CURVE_POINTS_MAX`] gaps.
    pub curve: Vec<SurvivalPoint>,
    /// The laws, by rising AIC: the first one describes the observations best.
    pub fits: Vec<LifetimeFit>,
}

/// A point of the survival curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SurvivalPoint {
    /// The gap, in seconds.
    pub idle_s: f64,
    /// The share of instances that survive it.
    pub survival: Estimate,
}

/// A law fitted to the observations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LifetimeFit {
    /// The law.
    pub law: LifetimeLaw,
    /// Its parameters with their intervals, in seconds.
    pub parameters: Vec<LifetimeParameter>,
    /// Of a fixed time, all times that explain the observations equally well, in seconds.
    pub equally_good_s: Option<(f64, f64)>,
    /// The share that was gone though the law would have kept them.
    pub early_loss: f64,
    /// The share that took a request though the law had them gone.
    pub late_survival: f64,
    /// The logarithm of the likelihood.
    pub log_likelihood: f64,
    /// Akaike's criterion; `early_loss` and `late_survival` count as parameters.
    pub aic: f64,
    /// The probability of a distance from the curve as large as this one, were the law true
    /// (parametric bootstrap of 2·(ln L of the curve − ln L of the law)); small speaks against it.
    pub goodness_p: Option<f64>,
}

/// A parameter of a law.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LifetimeParameter {
    /// Its name, with the unit last.
    pub name: &'static str,
    /// The estimate; an end of its interval is missing where the observations do not bound it.
    pub estimate: Estimate,
}

/// Why the observations say nothing about a lifetime.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum IdleLifetimeError {
    /// A gap is negative, infinite or no number.
    Gap {
        /// The gap, in seconds.
        idle_s: f64,
    },
    /// There are fewer than [`OBSERVATIONS_MIN`], or than [`EITHER_MIN`] of either outcome.
    TooFew {
        /// Instances that survived.
        survived: u64,
        /// Instances that were gone.
        lost: u64,
    },
    /// No instance was gone: the lifetime is longer than the gaps.
    AllSurvived {
        /// The longest gap, in seconds.
        longest_s: f64,
    },
    /// Every instance was gone: the lifetime is shorter than the gaps.
    NoneSurvived {
        /// The shortest gap, in seconds.
        shortest_s: f64,
    },
    /// Longer gaps are not colder than shorter ones: whatever makes these requests cold, it is not
    /// idleness.
    NoDependence {
        /// How much better the best law is than one cold ratio for all gaps, 2·Δ ln L.
        statistic: f64,
    },
}

impl std::fmt::Display for IdleLifetimeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gap { idle_s } => {
                write!(
                    f,
                    "found an idle gap of {idle_s} s, expected a number from 0"
                )
            }
            Self::TooFew { survived, lost } => write!(
                f,
                "found {survived} idle instances that survived and {lost} that were gone, expected \
                 {OBSERVATIONS_MIN} in all and {EITHER_MIN} of either"
            ),
            Self::AllSurvived { longest_s } => write!(
                f,
                "every idle instance survived, the longest for {longest_s:.0} s: the lifetime is \
                 longer than the gaps; leave the function alone for longer"
            ),
            Self::NoneSurvived { shortest_s } => write!(
                f,
                "no idle instance survived, the shortest gap was {shortest_s:.0} s: the lifetime \
                 is shorter than the gaps; ask the function more often"
            ),
            Self::NoDependence { statistic } => write!(
                f,
                "longer gaps are not colder than shorter ones (2·Δ ln L = {statistic:.1}, expected \
                 at least {:.2}): idleness does not explain these cold starts",
                search::JUMP_LIMIT
            ),
        }
    }
}

impl std::error::Error for IdleLifetimeError {}

/// Fits curve and laws.
///
/// # Errors
/// Where the observations say nothing about a lifetime; the error says what would.
pub fn fit(
    observations: &[Observation],
    options: Options,
) -> Result<IdleLifetime, IdleLifetimeError> {
    let cells = Cells::new(observations)?;
    let curve = isotonic::survival(&cells);
    let mut fits = search::all(&cells);
    let best = fits.iter().map(|fit| fit.log_likelihood);
    let best = best.fold(f64::NEG_INFINITY, f64::max);
    let statistic = 2.0 * (best - cells.log_likelihood_of_one_share());
    if statistic < search::JUMP_LIMIT {
        return Err(IdleLifetimeError::NoDependence { statistic });
    }
    if options.replications > 0 && cells.n <= GOODNESS_N_MAX {
        let saturated = isotonic::log_likelihood(&cells, &curve);
        for fit in &mut fits {
            let distance = 2.0 * (saturated - fit.log_likelihood);
            fit.goodness_p = Some(goodness::p_value(&cells, fit, distance, options));
        }
    }
    // A stable sort: of equals the simpler law, which stands first, stays first.
    fits.sort_by(|a, b| a.aic.total_cmp(&b.aic));
    Ok(IdleLifetime {
        n: cells.n,
        survived: cells.survived,
        longest_survived_s: cells.longest_survived_s,
        shortest_lost_s: cells.shortest_lost_s,
        curve: isotonic::points(&cells, &curve),
        fits,
    })
}
