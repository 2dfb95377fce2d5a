//! A three-way sequential test on pairs: is the change slower than the base, faster, or the same
//! within a tolerance?
//!
//! Base and change are measured in pairs, and a fair coin draws for each pair which comes first. Let
//! dᵢ = ln(changeᵢ/baseᵢ). If the change multiplies every time by eᶿ, then dᵢ − θ is the logarithm of
//! what disturbed the one half of the pair over what disturbed the other, with the sign of the coin:
//! whatever the disturbances are (drift, bursts, autocorrelation, heavy tails, a second run that is
//! always quicker), given them and the past its sign is a fair coin. Hence for any weight λ
//!
//! ```text
//!  E⁺(θ) = Π (1 + c·tanh λ(dᵢ − θ))        E⁻(θ) = Π (1 − c·tanh λ(dᵢ − θ))
//! ```
//!
//! are the fortunes of fair bets on these signs, nonnegative martingales that start at 1, and so are
//! their means over the [`WEIGHTS`]. By Ville's inequality such a mean reaches 2/α *at any time* with
//! a probability of α/2 at most. The values of θ that neither of the two has refuted are a confidence
//! sequence: one interval for each number of pairs, which all hold together with a probability of
//! 1 − α. One may look after every pair and stop when one likes. Verdicts are read off the interval:
//!
//! ```text
//!          1/(1+t)       1       1+t               t: tolerance, as a ratio of times
//!  faster ───┤├──────────┼────────┤├─── slower
//!             ├── same ──────────┤
//!         ├── unclear ──────┤
//! ```
//!
//! so that the chance that any of them is ever wrong is α, the *error* of the test. For identical
//! programs (θ = 0) this is exact under every noise; identical programs are called slower much more
//! rarely still, since a tolerance lies between them and that verdict. For a change that adds a
//! constant time the logarithms are symmetric as nearly as the disturbances are small beside the times;
//! `results/gate` has the rates that were observed.
//!
//! tanh λx is what the likelihood ratio of normal values bets, with λ the shift over the variance; it
//! saturates, so that an outlier counts as a sign and no more, and a [`STAKE`] of c < 1 leaves those
//! who were wrong about one with something to go on with. Nothing is left out for its value.
//!
//! Sources: bets on symmetric variables: V. de la Peña, "A general class of exponential inequalities
//! for martingales and ratios", Annals of Probability 27(1), 1999,
//! <https://doi.org/10.1214/aop/1022677271>; confidence sequences: S. Howard and others,
//! "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of
//! Statistics 49(2), 2021, <https://doi.org/10.1214/20-AOS1991>; testing by betting: A. Ramdas, P.
//! Grünwald, V. Vovk and G. Shafer, "Game-theoretic statistics and safe anytime-valid inference",
//! Statistical Science 38(4), 2023, <https://doi.org/10.1214/23-STS894>.
//!
//! **When it is wrong.** When the order within pairs is not drawn. When the change alters the shape
//! of the times and not their scale, there is no one effect, and the interval is about a centre of the
//! paired ratios.
//!
//! ```
//! use frostline_stats::gate::{Test, Verdict};
//!
//! let mut test = Test::new(0.03, 0.01).unwrap();
//! // The base wobbles by a tenth; the change takes 8 % longer throughout.
//! for pair in 0..40 {
//!     let base = 100.0 + f64::from(pair % 5) * 2.5;
//!     test.add(base, base * if pair % 2 == 0 { 1.07 } else { 1.09 });
//!     if test.verdict() != Verdict::Unclear {
//!         break;
//!     }
//! }
//! let found = test.standing();
//! assert_eq!(found.verdict, Verdict::Slower);
//! assert!(found.effect.n < 15 && found.effect.low.unwrap() > 0.03);
//! ```

use serde::Serialize;

use crate::estimate::{Estimate, Method};
use crate::number::{count, wide, word};
use crate::quantile::point_of;
use crate::sequential::rounded_up;

/// The weights λ of the bets: the best one is the distance of the truth from the tested value over
/// the variance of the log ratios. These serve distances of 2 % at standard deviations from 0.3 % to
/// 10 % within a factor of √2, and lose a logarithm of their number otherwise.
pub const WEIGHTS: [f64; 10] = [
    4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0,
];

/// The most of a fortune that is staked on one sign, c. All of it would be best for normal values, but
/// then one outlier would undo the evidence of all pairs before; with this it undoes that of about
/// four.
pub const STAKE: f64 = 0.9;

/// The probability with which a change of [`Standing::detectable`] is found.
pub const POWER: f64 = 0.9;

/// The normal quantile at [`POWER`].
const POWER_DEVIATIONS: f64 = 1.281_551_565_544_600_4;

/// A factor by which normal values' median distance from their median becomes their standard
/// deviation.
const DEVIATION_OF_MAD: f64 = 1.482_602_218_505_602;

/// How far beyond the smallest and the largest log ratio the interval's ends are looked for: there
/// even the smallest weight's bets are all or nothing.
const REACH: f64 = 5.0;

/// What is known about the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Faster by more than the tolerance.
    Faster,
    /// Neither slower nor faster by more than the tolerance.
    Same,
    /// Not enough is known.
    Unclear,
    /// Slower by more than the tolerance.
    Slower,
}

impl Verdict {
    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Same => "same",
            Self::Unclear => "unclear",
            Self::Slower => "slower",
        }
    }
}

/// A test that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum TestError {
    /// The tolerance is no share between 0 and 1.
    #[error("the tolerance is {0}, expected a share above 0 and below 1")]
    Tolerance(f64),
    /// The error is no probability that a test may have.
    #[error("the error is {0}, expected a probability above 0 and below 0.5")]
    Error(f64),
}

/// A test that goes on, pair by pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    tolerance: f64,
    error: f64,
    log_ratios: Vec<f64>,
    /// Bets against the two ends of the tolerance, so that a look costs as much for each pair.
    upper: Bets,
    lower: Bets,
    verdict: Verdict,
}

/// Where a test stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Standing {
    /// What is known.
    pub verdict: Verdict,
    /// The change's time over the base's, less 1: 0.05 is 5 % slower. Its interval is one of a
    /// confidence sequence: it holds at whatever number of pairs one stopped.
    pub effect: Estimate,
    /// The smallest effect that would be called slower with a probability of [`POWER`] at this number
    /// of pairs, given how much the pairs vary; `None` before there is an interval.
    pub detectable: Option<f64>,
    /// Pairs in all that a verdict would need, were the effect what it seems; `None` where there is a
    /// verdict, or where the effect seems to lie on the very edge of the tolerance.
    pub pairs_needed: Option<u64>,
}

impl Test {
    /// A test before its first pair. `tolerance` is the share up to which a change is called the
    /// same, `error` the chance that its verdict is wrong, at whatever pair it ends.
    ///
    /// # Errors
    /// [`TestError`] for values that make no test.
    pub fn new(tolerance: f64, error: f64) -> Result<Self, TestError> {
        if !(tolerance > 0.0 && tolerance < 1.0) {
            return Err(TestError::Tolerance(tolerance));
        }
        if !(error > 0.0 && error < 0.5) {
            return Err(TestError::Error(error));
        }
        let edge = libm::log1p(tolerance);
        Ok(Self {
            tolerance,
            error,
            log_ratios: Vec::new(),
            upper: Bets::against(edge),
            lower: Bets::against(-edge),
            verdict: Verdict::Unclear,
        })
    }

    /// Adds a pair, and tells whether it could be used: both values must be above 0 and finite.
    pub fn add(&mut self, base: f64, change: f64) -> bool {
        let is_usable = |value: f64| value > 0.0 && value.is_finite();
        if !(is_usable(base) && is_usable(change)) {
            return false;
        }
        let log_ratio = libm::log(change) - libm::log(base);
        self.log_ratios.push(log_ratio);
        self.upper.add(log_ratio);
        self.lower.add(log_ratio);
        self.verdict = self.judge();
        true
    }

    /// Pairs so far.
    pub fn pairs(&self) -> u64 {
        word(self.log_ratios.len())
    }

    /// What is known after the pairs so far. One may stop at the first verdict.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Everything that is known after the pairs so far. It takes a time in proportion to their
    /// number, where [`verdict`](Self::verdict) takes none.
    pub fn standing(&self) -> Standing {
        let (low, high) = (self.end(Side::Above), self.end(Side::Below));
        let center = center(&self.log_ratios);
        let center = center
            .max(low.unwrap_or(center))
            .min(high.unwrap_or(center));
        let ratio = |end: f64| libm::expm1(end);
        let effect = Estimate {
            point: ratio(center),
            low: low.map(ratio),
            high: high.map(ratio),
            level: 1.0 - self.error,
            method: if low.is_some() && high.is_some() {
                Method::ConfidenceSequence
            } else {
                Method::PointOnly
            },
            n: self.pairs(),
        };
        let edge = libm::log1p(self.tolerance);
        let sure =
            POWER_DEVIATIONS * deviation(&self.log_ratios) / count(self.log_ratios.len()).sqrt();
        let detectable = low.map(|low| ratio(edge + (center - low) + sure));
        let pairs_needed = match (self.verdict, low, high) {
            (Verdict::Unclear, Some(low), Some(high)) => {
                let half = (high - center).max(center - low);
                let gap = (center.abs() - edge).abs();
                let more = (half / gap) * (half / gap);
                rounded_up(more * wide(self.pairs()))
                    .filter(|pairs| *pairs > self.pairs() && *pairs < 1_000_000)
            }
            _ => None,
        };
        Standing {
            verdict: self.verdict,
            effect,
            detectable,
            pairs_needed,
        }
    }

    /// The logarithm of what a fortune must reach: 2/α.
    fn threshold(&self) -> f64 {
        libm::log(2.0 / self.error)
    }

    fn judge(&self) -> Verdict {
        let threshold = self.threshold();
        let refuted = |fortune: f64| fortune >= threshold;
        if refuted(self.upper.above()) {
            Verdict::Slower
        } else if refuted(self.lower.below()) {
            Verdict::Faster
        } else if refuted(self.upper.below()) && refuted(self.lower.above()) {
            Verdict::Same
        } else {
            Verdict::Unclear
        }
    }

    /// An end of the interval of the log ratio, by bisection: fortunes fall with the tested value on
    /// the one side, and rise on the other.
    fn end(&self, side: Side) -> Option<f64> {
        let (smallest, largest) = self
            .log_ratios
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| {
                (low.min(value), high.max(value))
            });
        let threshold = self.threshold();
        let is_refuted = |tested: f64| {
            let mut bets = Bets::against(tested);
            for &log_ratio in &self.log_ratios {
                bets.add(log_ratio);
            }
            let fortune = match side {
                Side::Above => bets.above(),
                Side::Below => bets.below(),
            };
            fortune >= threshold
        };
        let (mut refuted, mut open) = match side {
            Side::Above => (smallest - REACH, largest),
            Side::Below => (largest + REACH, smallest),
        };
        if self.log_ratios.is_empty() || !is_refuted(refuted) {
            return None;
        }
        for _ in 0..48 {
            let middle = f64::midpoint(refuted, open);
            if is_refuted(middle) {
                refuted = middle;
            } else {
                open = middle;
            }
        }
        // The refuted value next to the end: the interval errs to the wider side.
        Some(refuted)
    }
}

/// On which side of a tested value one bets that the truth lies.
#[derive(Debug, Clone, Copy)]
enum Side {
    Above,
    Below,
}

/// Bets against one tested value: the logarithms of their fortunes, by weight.
#[derive(Debug, Clone, PartialEq)]
struct Bets {
    tested: f64,
    above: [f64; WEIGHTS.len()],
    below: [f64; WEIGHTS.len()],
}

impl Bets {
    fn against(tested: f64) -> Self {
        Self {
            tested,
            above: [0.0; WEIGHTS.len()],
            below: [0.0; WEIGHTS.len()],
        }
    }

    fn add(&mut self, log_ratio: f64) {
        let distance = log_ratio - self.tested;
        for (place, weight) in WEIGHTS.iter().enumerate() {
            self.above[place] += gain(weight * distance);
            self.below[place] += gain(-weight * distance);
        }
    }

    /// Logarithm of the mean fortune of those who bet on a truth above the tested value.
    fn above(&self) -> f64 {
        log_mean_exp(&self.above)
    }

    fn below(&self) -> f64 {
        log_mean_exp(&self.below)
    }
}

/// The logarithm of what a bet makes of a fortune.
fn gain(y: f64) -> f64 {
    libm::log1p(STAKE * libm::tanh(y))
}

fn log_mean_exp(logs: &[f64; WEIGHTS.len()]) -> f64 {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logs.iter().map(|log| libm::exp(log - largest)).sum();
    largest + libm::log(sum / count(WEIGHTS.len()))
}

/// The centre of the log ratios: the root of Σ tanh((d − θ)/s), with s the deviation; the mean for
/// close values, a median for far ones (P. Huber, "Robust estimation of a location parameter", Annals
/// of Mathematical Statistics 35(1), 1964, <https://doi.org/10.1214/aoms/1177703732>). 0 without pairs.
fn center(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else {
        return 0.0;
    };
    let scale = deviation(values);
    if scale <= 0.0 {
        return point_of(&sorted, 0.5).unwrap_or(0.0);
    }
    let (mut low, mut high) = (first, last);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        let pull: f64 = sorted
            .iter()
            .map(|value| libm::tanh((value - middle) / scale))
            .sum();
        if pull > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The standard deviation that normal values with this median distance would have.
fn deviation(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(median) = point_of(&sorted, 0.5) else {
        return 0.0;
    };
    let mut distances: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
    distances.sort_by(f64::total_cmp);
    point_of(&distances, 0.5).unwrap_or(0.0) * DEVIATION_OF_MAD
}

#[cfg(test)]
mod tests;
