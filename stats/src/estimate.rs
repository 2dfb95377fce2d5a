//! An estimate: a number that says how sure it is, how it was made and from how much.

use serde::Serialize;

use crate::student::two_sided_factor;

/// A point with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate itself.
    pub point: f64,
    /// Lower end of the interval; `None` where the data allow no interval.
    pub low: Option<f64>,
    /// Upper end of the interval; `None` where the data allow no interval.
    pub high: Option<f64>,
    /// Confidence level of the interval.
    pub level: f64,
    /// How point and interval were made.
    pub method: Method,
    /// Independent (or batched) observations behind it.
    pub n: u64,
}

/// The confidence level of every interval that does not say otherwise.
pub const LEVEL: f64 = 0.95;

/// How an estimate was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Student's t over the means of independent replications.
    Replications,
    /// Student's t over the means of consecutive batches of one run.
    BatchMeans,
    /// Ratio of sums over replications, delta-method variance, Student's t.
    RatioOverReplications,
    /// Ratio of sums over batches of one run, delta-method variance, Student's t.
    RatioOverBatches,
    /// Pooled quantile, spread of the quantiles of the replications (sectioning), Student's t.
    SectioningOverReplications,
    /// Pooled quantile, spread of the quantiles of the batches (sectioning), Student's t.
    SectioningOverBatches,
    /// Student's t over the differences of two configurations under common random numbers.
    PairedDifferences,
    /// Ratio of two configurations under common random numbers, delta-method variance, Student's t.
    PairedRatio,
    /// No event was seen: an upper bound only.
    UpperBound,
    /// Every observation was an event: a lower bound only.
    LowerBound,
    /// Resampled blocks of observations, such as days, percentiles of what they give.
    BlockBootstrap,
    /// Two order statistics of independent observations, interpolated where their neighbours allow.
    OrderStatistics,
    /// Curvature of the log-likelihood, Student's t.
    ObservedInformation,
    /// Least squares with standard errors that allow for unequal variances, Student's t.
    LeastSquares,
    /// Resampled observations, percentiles of what they give.
    Bootstrap,
    /// All values whose likelihood is not much smaller than the largest.
    LikelihoodRatio,
    /// Bets on the signs of paired log ratios: an interval that holds at whatever pair one stops.
    ConfidenceSequence,
    /// Too few data for an interval.
    PointOnly,
}

impl Estimate {
    /// The same estimate with an interval of another confidence, between 0 and 1: the sides are
    /// stretched by the factors of Student's t, a bound where no event was seen by the logarithms of
    /// what it leaves open.
    #[must_use]
    pub fn at_level(self, level: f64) -> Self {
        let stretch = match self.method {
            Method::UpperBound | Method::LowerBound => {
                libm::log(1.0 - level) / libm::log(1.0 - self.level)
            }
            _ => {
                let freedom = usize::try_from(self.n)
                    .unwrap_or(usize::MAX)
                    .saturating_sub(1);
                // Beyond a hundred thousand degrees of freedom the factor no longer changes.
                let factor = |level| two_sided_factor(freedom.min(100_000), level);
                match (factor(level), factor(self.level)) {
                    (Some(wanted), Some(given)) => wanted / given,
                    _ => return self,
                }
            }
        };
        Self {
            low: self
                .low
                .map(|low| self.point - (self.point - low) * stretch),
            high: self
                .high
                .map(|high| self.point + (high - self.point) * stretch),
            level,
            ..self
        }
    }

    /// An estimate without an interval.
    pub fn point_only(point: f64, n: u64) -> Self {
        Self {
            point,
            low: None,
            high: None,
            level: LEVEL,
            method: Method::PointOnly,
            n,
        }
    }

    /// The same estimate in another unit.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            point: self.point * factor,
            low: self.low.map(|low| low * factor),
            high: self.high.map(|high| high * factor),
            ..self
        }
    }
}
