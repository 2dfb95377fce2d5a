//! Laws of durations: how long a phase or an invocation takes.
//!
//! A [`Law`] is valid by construction; a [`Sampler`] is the same law made ready to draw from. Draws
//! are whole nanoseconds. The exponential, normal and log-normal laws draw through the project's own
//! ziggurat ([`crate::math`]), because the engine lives on them; `rand_distr` is their independent
//! oracle in tests.

mod guide;
mod sampler;
mod words;

use serde::Serialize;

pub use self::sampler::Sampler;
use crate::math::{round_to_u64, to_f64};
use crate::units::SimDuration;

/// The standard normal quantile of 0.99: turns (median, p99) into the σ of a log-normal law.
const Z_99: f64 = 2.326_347_874_040_841;

/// Why a law cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LawError {
    /// A mean, median or scale is zero or negative where the law needs a positive one.
    #[error("the {what} must be greater than zero")]
    NotPositive {
        /// The parameter.
        what: &'static str,
    },
    /// The upper bound lies below the lower one.
    #[error("the high end ({high}) must not be below the low end ({low})")]
    Reversed {
        /// The lower bound.
        low: SimDuration,
        /// The upper bound.
        high: SimDuration,
    },
    /// The 99th percentile lies below the median.
    #[error("the 99th percentile ({p99}) must not be below the median ({median})")]
    QuantileOrder {
        /// The median.
        median: SimDuration,
        /// The 99th percentile.
        p99: SimDuration,
    },
    /// A table of quantiles needs at least two points.
    #[error("a table of quantiles needs at least two points, found {found}")]
    TooFewQuantiles {
        /// How many were given.
        found: usize,
    },
    /// Probabilities must rise strictly inside [0, 1] and values must not fall.
    #[error("quantiles must rise: point {index} does not lie above the one before it")]
    QuantilesFall {
        /// Index of the first point that is out of order, from 0.
        index: usize,
    },
    /// A mixture needs at least one component.
    #[error("a mixture needs at least one component")]
    EmptyMixture,
    /// A weight is negative, not a number, or all are zero.
    #[error("the weights of a mixture must be positive numbers, found {found}")]
    Weight {
        /// The weight.
        found: f64,
    },
}

/// A law of durations. Parameters are in nanoseconds unless they say otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// Always the same.
    Constant(SimDuration),
    /// Exponential with the given mean: f(t) = e^(−t/m)/m.
    Exponential(Scale),
    /// Uniform on [low, high].
    Uniform(Range),
    /// Log-normal: ln T is normal.
    LogNormal(LogNormal),
    /// Gamma with shape k and scale θ: f(t) ∝ t^(k−1)·e^(−t/θ).
    Gamma(Shaped),
    /// Weibull with shape k and scale λ: P(T > t) = e^(−(t/λ)^k).
    Weibull(Shaped),
    /// Pareto (type I) with shape α and minimum m: P(T > t) = (m/t)^α.
    Pareto(Shaped),
    /// Log-logistic with shape k and median m: P(T > t) = 1/(1 + (t/m)^k).
    LogLogistic(Shaped),
    /// Log-normal above a smallest value.
    ShiftedLogNormal(Shifted),
    /// A table of quantiles, linear between its points (R-7's interpolation) and constant outside.
    Empirical(Quantiles),
    /// A weighted choice among laws.
    Mixture(Mixture),
}

/// The mean of an exponential law.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scale {
    mean_ns: f64,
}

/// The ends of a uniform law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Range {
    low: SimDuration,
    high: SimDuration,
}

/// Median and σ of a log-normal law.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LogNormal {
    median_ns: f64,
    sigma: f64,
}

/// A log-normal law that starts at a smallest value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shifted {
    shift_ns: f64,
    above: LogNormal,
}

/// Shape and scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shaped {
    shape: f64,
    scale_ns: f64,
}

/// Points (probability, value) of a quantile function.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quantiles {
    probabilities: Vec<f64>,
    values_ns: Vec<f64>,
}

/// Weights, normalised to sum 1, and their laws.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mixture {
    weights: Vec<f64>,
    laws: Vec<Law>,
}

impl Law {
    /// The law of no time at all.
    pub const ZERO: Self = Self::Constant(SimDuration::ZERO);

    /// Exponential.
    ///
    /// # Errors
    /// When the mean is zero.
    pub fn exponential(mean: SimDuration) -> Result<Self, LawError> {
        positive(mean, "mean").map(|mean_ns| Self::Exponential(Scale { mean_ns }))
    }

    /// Uniform on [low, high].
    ///
    /// # Errors
    /// When `high` lies below `low`.
    pub fn uniform(low: SimDuration, high: SimDuration) -> Result<Self, LawError> {
        if high < low {
            return Err(LawError::Reversed { low, high });
        }
        Ok(Self::Uniform(Range { low, high }))
    }

    /// Log-normal with this median and 99th percentile.
    ///
    /// # Errors
    /// When the median is zero or the percentile lies below it.
    pub fn log_normal(median: SimDuration, p99: SimDuration) -> Result<Self, LawError> {
        let median_ns = positive(median, "median")?;
        if p99 < median {
            return Err(LawError::QuantileOrder { median, p99 });
        }
        let sigma = libm::log(to_f64(p99.0) / median_ns) / Z_99;
        Ok(Self::LogNormal(LogNormal { median_ns, sigma }))
    }

    /// Log-normal with this mean and standard deviation: σ² = ln(1 + s²/m²), median = m·e^(−σ²/2).
    ///
    /// # Errors
    /// When the mean is zero.
    pub fn log_normal_from_moments(
        mean: SimDuration,
        standard_deviation: SimDuration,
    ) -> Result<Self, LawError> {
        let mean_ns = positive(mean, "mean")?;
        let cv = to_f64(standard_deviation.0) / mean_ns;
        let variance = libm::log1p(cv * cv);
        let median_ns = mean_ns * libm::exp(-0.5 * variance);
        Ok(Self::LogNormal(LogNormal {
            median_ns,
            sigma: libm::sqrt(variance),
        }))
    }

    /// Gamma with this shape and mean.
    ///
    /// # Errors
    /// When one of them is not positive.
    pub fn gamma(shape: f64, mean: SimDuration) -> Result<Self, LawError> {
        let mean_ns = positive(mean, "mean")?;
        let shape = positive_shape(shape)?;
        Ok(Self::Gamma(Shaped {
            shape,
            scale_ns: mean_ns / shape,
        }))
    }

    /// Weibull with this shape and scale.
    ///
    /// # Errors
    /// When one of them is not positive.
    pub fn weibull(shape: f64, scale: SimDuration) -> Result<Self, LawError> {
        let scale_ns = positive(scale, "scale")?;
        Ok(Self::Weibull(Shaped {
            shape: positive_shape(shape)?,
            scale_ns,
        }))
    }

    /// Pareto with this shape and minimum.
    ///
    /// # Errors
    /// When one of them is not positive.
    pub fn pareto(shape: f64, minimum: SimDuration) -> Result<Self, LawError> {
        let scale_ns = positive(minimum, "minimum")?;
        Ok(Self::Pareto(Shaped {
            shape: positive_shape(shape)?,
            scale_ns,
        }))
    }

    /// Log-logistic with this shape and median.
    ///
    /// # Errors
    /// When one of them is not positive.
    pub fn log_logistic(shape: f64, median: SimDuration) -> Result<Self, LawError> {
        let scale_ns = positive(median, "median")?;
        Ok(Self::LogLogistic(Shaped {
            shape: positive_shape(shape)?,
            scale_ns,
        }))
    }

    /// Log-normal above `shift`, with this median and 99th percentile of the whole.
    ///
    /// # Errors
    /// When the median does not lie above the shift, or the percentile below the median.
    pub fn shifted_log_normal(
        shift: SimDuration,
        median: SimDuration,
        p99: SimDuration,
    ) -> Result<Self, LawError> {
        let over = |value: SimDuration| SimDuration(value.0.saturating_sub(shift.0));
        if median <= shift {
            return Err(LawError::NotPositive {
                what: "median above the shift",
            });
        }
        match Self::log_normal(over(median), over(p99))? {
            Self::LogNormal(above) => Ok(Self::ShiftedLogNormal(Shifted {
                shift_ns: to_f64(shift.0),
                above,
            })),
            other => Ok(other),
        }
    }

    /// A table of quantiles.
    ///
    /// # Errors
    /// When there are fewer than two points, a probability lies outside [0, 1], or the points do
    /// not rise.
    pub fn empirical(points: &[(f64, SimDuration)]) -> Result<Self, LawError> {
        if points.len() < 2 {
            return Err(LawError::TooFewQuantiles {
                found: points.len(),
            });
        }
        for (index, &(probability, value)) in points.iter().enumerate() {
            let rises =
                index == 0 || (probability > points[index - 1].0 && value >= points[index - 1].1);
            if !(0.0..=1.0).contains(&probability) || !rises {
                return Err(LawError::QuantilesFall { index });
            }
        }
        Ok(Self::Empirical(Quantiles {
            probabilities: points.iter().map(|point| point.0).collect(),
            values_ns: points.iter().map(|point| to_f64(point.1.0)).collect(),
        }))
    }

    /// A weighted choice among laws; the weights need not sum to 1.
    ///
    /// # Errors
    /// When there is no component or a weight is not a positive number.
    pub fn mixture(components: Vec<(f64, Self)>) -> Result<Self, LawError> {
        if components.is_empty() {
            return Err(LawError::EmptyMixture);
        }
        for &(weight, _) in &components {
            if !(weight > 0.0 && weight.is_finite()) {
                return Err(LawError::Weight { found: weight });
            }
        }
        let total: f64 = components.iter().map(|component| component.0).sum();
        let (weights, laws) = components
            .into_iter()
            .map(|(weight, law)| (weight / total, law))
            .unzip();
        Ok(Self::Mixture(Mixture { weights, laws }))
    }

    /// The mean in nanoseconds; infinite for a Pareto law with shape at most 1.
    pub fn mean_ns(&self) -> f64 {
        match self {
            Self::Constant(span) => to_f64(span.0),
            Self::Exponential(law) => law.mean_ns,
            Self::Uniform(law) => f64::midpoint(to_f64(law.low.0), to_f64(law.high.0)),
            Self::LogNormal(law) => law.median_ns * libm::exp(0.5 * law.sigma * law.sigma),
            Self::Gamma(law) => law.shape * law.scale_ns,
            Self::Weibull(law) => law.scale_ns * libm::tgamma(1.0 + 1.0 / law.shape),
            Self::Pareto(law) if law.shape <= 1.0 => f64::INFINITY,
            Self::Pareto(law) => law.scale_ns * law.shape / (law.shape - 1.0),
            Self::LogLogistic(law) if law.shape <= 1.0 => f64::INFINITY,
            Self::LogLogistic(law) => {
                let angle = std::f64::consts::PI / law.shape;
                law.scale_ns * angle / libm::sin(angle)
            }
            Self::ShiftedLogNormal(law) => law.shift_ns + Self::LogNormal(law.above).mean_ns(),
            Self::Empirical(law) => law.mean_ns(),
            Self::Mixture(law) => law
                .weights
                .iter()
                .zip(&law.laws)
                .map(|(w, part)| w * part.mean_ns())
                .sum(),
        }
    }

    /// P(T > t).
    pub fn survival(&self, t: SimDuration) -> f64 {
        let t_ns = to_f64(t.0);
        match self {
            Self::Constant(span) => f64::from(u8::from(*span > t)),
            Self::Exponential(law) => libm::exp(-t_ns / law.mean_ns),
            Self::Uniform(law) if t < law.low => 1.0,
            Self::Uniform(law) if t >= law.high => 0.0,
            Self::Uniform(law) => to_f64(law.high.0 - t.0) / to_f64(law.high.0 - law.low.0),
            Self::LogNormal(_) if t.0 == 0 => 1.0,
            Self::LogNormal(law) => {
                let z = libm::log(t_ns / law.median_ns) / law.sigma;
                0.5 * libm::erfc(z / std::f64::consts::SQRT_2)
            }
            Self::Gamma(law) => upper_gamma(law.shape, t_ns / law.scale_ns),
            Self::Weibull(law) => libm::exp(-libm::pow(t_ns / law.scale_ns, law.shape)),
            Self::Pareto(law) if t_ns <= law.scale_ns => 1.0,
            Self::Pareto(law) => libm::pow(law.scale_ns / t_ns, law.shape),
            Self::LogLogistic(law) => 1.0 / (1.0 + libm::pow(t_ns / law.scale_ns, law.shape)),
            Self::ShiftedLogNormal(law) if t_ns <= law.shift_ns => 1.0,
            Self::ShiftedLogNormal(law) => {
                let z = libm::log((t_ns - law.shift_ns) / law.above.median_ns) / law.above.sigma;
                0.5 * libm::erfc(z / std::f64::consts::SQRT_2)
            }
            Self::Empirical(law) => law.survival(t_ns),
            Self::Mixture(law) => law
                .weights
                .iter()
                .zip(&law.laws)
                .map(|(w, part)| w * part.survival(t))
                .sum(),
        }
    }

    /// The smallest span that is exceeded with at most this probability, found by bisection of
    /// [`Law::survival`] to one part in 10⁹; at most [`SimDuration::MAX`].
    pub fn exceeded_with(&self, probability: f64) -> SimDuration {
        let (mut low, mut high) = (0_u64, 1_u64);
        while self.survival(SimDuration(high)) > probability {
            if high >= SimDuration::MAX.0 {
                return SimDuration::MAX;
            }
            low = high;
            high *= 2;
        }
        while high - low > 1 + high / 1_000_000_000 {
            let middle = low.midpoint(high);
            if self.survival(SimDuration(middle)) > probability {
                low = middle;
            } else {
                high = middle;
            }
        }
        SimDuration(high)
    }

    /// The same law with every span multiplied by a positive factor.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let span = |value: SimDuration| SimDuration(round_to_u64(to_f64(value.0) * factor));
        let shaped = |law: &Shaped| Shaped {
            shape: law.shape,
            scale_ns: law.scale_ns * factor,
        };
        match self {
            Self::Constant(value) => Self::Constant(span(*value)),
            Self::Exponential(law) => Self::Exponential(Scale {
                mean_ns: law.mean_ns * factor,
            }),
            Self::Uniform(law) => Self::Uniform(Range {
                low: span(law.low),
                high: span(law.high),
            }),
            Self::LogNormal(law) => Self::LogNormal(LogNormal {
                median_ns: law.median_ns * factor,
                sigma: law.sigma,
            }),
            Self::Gamma(law) => Self::Gamma(shaped(law)),
            Self::Weibull(law) => Self::Weibull(shaped(law)),
            Self::Pareto(law) => Self::Pareto(shaped(law)),
            Self::LogLogistic(law) => Self::LogLogistic(shaped(law)),
            Self::ShiftedLogNormal(law) => Self::ShiftedLogNormal(Shifted {
                shift_ns: law.shift_ns * factor,
                above: LogNormal {
                    median_ns: law.above.median_ns * factor,
                    sigma: law.above.sigma,
                },
            }),
            Self::Empirical(law) => Self::Empirical(Quantiles {
                probabilities: law.probabilities.clone(),
                values_ns: law.values_ns.iter().map(|value| value * factor).collect(),
            }),
            Self::Mixture(law) => Self::Mixture(Mixture {
                weights: law.weights.clone(),
                laws: law.laws.iter().map(|part| part.scaled(factor)).collect(),
            }),
        }
    }

    /// The law of `change` applied to every span; `change` must not fall. Both take and give
    /// nanoseconds. A law without a table of quantiles becomes one of 403 points from p0.1 to p99.9
    /// and beyond, which ends at its 99.99th percentile.
    #[must_use]
    pub fn mapped(&self, change: impl Fn(f64) -> f64) -> Self {
        match self {
            Self::Constant(value) => {
                Self::Constant(SimDuration(round_to_u64(change(to_f64(value.0)))))
            }
            Self::Empirical(law) => Self::Empirical(Quantiles {
                probabilities: law.probabilities.clone(),
                values_ns: law.values_ns.iter().map(|value| change(*value)).collect(),
            }),
            _ => {
                let inner = (1..400_u32).map(|step| f64::from(step) / 400.0);
                let probabilities: Vec<f64> = [0.000_1, 0.001]
                    .into_iter()
                    .chain(inner)
                    .chain([0.999, 0.999_9])
                    .collect();
                let at =
                    |probability: &f64| change(to_f64(self.exceeded_with(1.0 - probability).0));
                Self::Empirical(Quantiles {
                    values_ns: probabilities.iter().map(at).collect(),
                    probabilities,
                })
            }
        }
    }

    /// The law made ready to draw from.
    pub fn sampler(&self) -> Sampler {
        Sampler::new(self)
    }
}

impl Quantiles {
    fn mean_ns(&self) -> f64 {
        let last = self.values_ns.len() - 1;
        let mut mean = self.probabilities[0] * self.values_ns[0]
            + (1.0 - self.probabilities[last]) * self.values_ns[last];
        for index in 1..=last {
            let share = self.probabilities[index] - self.probabilities[index - 1];
            mean += share * f64::midpoint(self.values_ns[index], self.values_ns[index - 1]);
        }
        mean
    }

    fn survival(&self, t_ns: f64) -> f64 {
        let above = self.values_ns.partition_point(|value| *value <= t_ns);
        if above == 0 {
            return 1.0;
        }
        if above == self.values_ns.len() {
            return 0.0;
        }
        let (low, high) = (self.values_ns[above - 1], self.values_ns[above]);
        let (from, to) = (self.probabilities[above - 1], self.probabilities[above]);
        1.0 - (from + (to - from) * (t_ns - low) / (high - low))
    }

    #[inline]
    fn value_ns(&self, probability: f64) -> f64 {
        let above = self.probabilities.partition_point(|p| *p <= probability);
        if above == 0 {
            return self.values_ns[0];
        }
        if above == self.values_ns.len() {
            return self.values_ns[above - 1];
        }
        let (low, high) = (self.values_ns[above - 1], self.values_ns[above]);
        let (from, to) = (self.probabilities[above - 1], self.probabilities[above]);
        low + (high - low) * (probability - from) / (to - from)
    }
}

fn positive(span: SimDuration, what: &'static str) -> Result<f64, LawError> {
    if span.0 == 0 {
        Err(LawError::NotPositive { what })
    } else {
        Ok(to_f64(span.0))
    }
}

fn positive_shape(shape: f64) -> Result<f64, LawError> {
    if shape > 0.0 && shape.is_finite() {
        Ok(shape)
    } else {
        Err(LawError::NotPositive { what: "shape" })
    }
}

/// The regularised upper incomplete gamma function Q(shape, x): series below shape + 1, Lentz's
/// continued fraction above (Press et al., "Numerical Recipes", 3rd ed., §6.2). Written here because
/// it must give the same bits on every machine: warm-up lengths depend on it.
fn upper_gamma(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = libm::exp(shape * libm::log(x) - x - libm::lgamma(shape));
    if x < shape + 1.0 {
        let (mut term, mut sum, mut divisor) = (1.0 / shape, 1.0 / shape, shape);
        while term > sum * 1e-16 {
            divisor += 1.0;
            term *= x / divisor;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    let mut denominator = x + 1.0 - shape;
    let mut upper = 1e300;
    let mut lower = 1.0 / denominator;
    let mut fraction = lower;
    for step in 1..10_000_u32 {
        let numerator = -f64::from(step) * (f64::from(step) - shape);
        denominator += 2.0;
        lower = 1.0 / (numerator * lower + denominator);
        upper = denominator + numerator / upper;
        fraction *= lower * upper;
        if libm::fabs(lower * upper - 1.0) < 1e-15 {
            break;
        }
    }
    front * fraction
}
