//! Laws made ready to draw from.

use rand::Rng;

use super::{Law, Quantiles, Shaped};
use crate::math::{
    StandardExponential, StandardNormal, exp, ln, open_unit, round_to_u64, to_f64, unit,
};

/// A law made ready to draw from.
#[derive(Debug, Clone)]
pub struct Sampler {
    kind: SamplerKind,
}

#[derive(Debug, Clone)]
enum SamplerKind {
    Constant(u64),
    Exponential {
        draw: StandardExponential,
        mean_ns: f64,
    },
    Uniform {
        low_ns: f64,
        width_ns: f64,
    },
    LogNormal {
        draw: StandardNormal,
        median_ns: f64,
        sigma: f64,
    },
    Gamma(GammaSampler),
    Weibull {
        draw: StandardExponential,
        inverse_shape: f64,
        scale_ns: f64,
    },
    Pareto {
        draw: StandardExponential,
        inverse_shape: f64,
        scale_ns: f64,
    },
    LogLogistic {
        inverse_shape: f64,
        scale_ns: f64,
    },
    ShiftedLogNormal {
        draw: StandardNormal,
        shift_ns: f64,
        median_ns: f64,
        sigma: f64,
    },
    Empirical(Quantiles),
    Mixture {
        cumulative: Vec<f64>,
        parts: Vec<Sampler>,
    },
}

impl Sampler {
    pub(super) fn new(law: &Law) -> Self {
        let exponential = StandardExponential::default();
        let kind = match law {
            Law::Constant(span) => SamplerKind::Constant(span.0),
            Law::Exponential(law) => SamplerKind::Exponential {
                draw: exponential,
                mean_ns: law.mean_ns,
            },
            Law::Uniform(law) => SamplerKind::Uniform {
                low_ns: to_f64(law.low.0),
                width_ns: to_f64(law.high.0 - law.low.0),
            },
            Law::LogNormal(law) => SamplerKind::LogNormal {
                draw: StandardNormal::default(),
                median_ns: law.median_ns,
                sigma: law.sigma,
            },
            Law::Gamma(law) => SamplerKind::Gamma(GammaSampler::new(law)),
            Law::Weibull(law) => SamplerKind::Weibull {
                draw: exponential,
                inverse_shape: 1.0 / law.shape,
                scale_ns: law.scale_ns,
            },
            Law::Pareto(law) => SamplerKind::Pareto {
                draw: exponential,
                inverse_shape: 1.0 / law.shape,
                scale_ns: law.scale_ns,
            },
            Law::LogLogistic(law) => SamplerKind::LogLogistic {
                inverse_shape: 1.0 / law.shape,
                scale_ns: law.scale_ns,
            },
            Law::ShiftedLogNormal(law) => SamplerKind::ShiftedLogNormal {
                draw: StandardNormal::default(),
                shift_ns: law.shift_ns,
                median_ns: law.above.median_ns,
                sigma: law.above.sigma,
            },
            Law::Empirical(table) => SamplerKind::Empirical(table.clone()),
            Law::Mixture(law) => {
                let mut sum = 0.0;
                SamplerKind::Mixture {
                    cumulative: law
                        .weights
                        .iter()
                        .map(|weight| {
                            sum += weight;
                            sum
                        })
                        .collect(),
                    parts: law.laws.iter().map(Law::sampler).collect(),
                }
            }
        };
        Self { kind }
    }

    /// One draw in nanoseconds.
    #[inline]
    pub fn draw<R: Rng>(&self, rng: &mut R) -> u64 {
        match &self.kind {
            SamplerKind::Constant(span) => *span,
            SamplerKind::Exponential { draw, mean_ns } => round_to_u64(draw.draw(rng) * mean_ns),
            SamplerKind::Uniform { low_ns, width_ns } => {
                round_to_u64(low_ns + width_ns * unit(rng.next_u64()))
            }
            SamplerKind::LogNormal {
                draw,
                median_ns,
                sigma,
            } => round_to_u64(median_ns * exp(sigma * draw.draw(rng))),
            SamplerKind::Gamma(gamma) => round_to_u64(gamma.draw(rng)),
            SamplerKind::Weibull {
                draw,
                inverse_shape,
                scale_ns,
            } => round_to_u64(scale_ns * exp(inverse_shape * ln(draw.draw(rng)))),
            SamplerKind::Pareto {
                draw,
                inverse_shape,
                scale_ns,
            } => round_to_u64(scale_ns * exp(inverse_shape * draw.draw(rng))),
            SamplerKind::LogLogistic {
                inverse_shape,
                scale_ns,
            } => {
                let share = open_unit(rng.next_u64());
                round_to_u64(scale_ns * exp(inverse_shape * ln(share / (1.0 - share))))
            }
            SamplerKind::ShiftedLogNormal {
                draw,
                shift_ns,
                median_ns,
                sigma,
            } => round_to_u64(shift_ns + median_ns * exp(sigma * draw.draw(rng))),
            SamplerKind::Empirical(table) => round_to_u64(table.value_ns(unit(rng.next_u64()))),
            SamplerKind::Mixture { cumulative, parts } => {
                let choice = unit(rng.next_u64());
                let part = cumulative
                    .partition_point(|sum| *sum <= choice)
                    .min(parts.len() - 1);
                parts[part].draw(rng)
            }
        }
    }

    /// Fills a block with draws.
    pub fn fill<R: Rng>(&self, rng: &mut R, block: &mut [u64]) {
        match &self.kind {
            SamplerKind::Constant(span) => block.fill(*span),
            SamplerKind::Exponential { draw, mean_ns } => {
                for value in block {
                    *value = round_to_u64(draw.draw(rng) * mean_ns);
                }
            }
            SamplerKind::LogNormal {
                draw,
                median_ns,
                sigma,
            } => {
                for value in block {
                    *value = round_to_u64(median_ns * exp(sigma * draw.draw(rng)));
                }
            }
            _ => {
                for value in block {
                    *value = self.draw(rng);
                }
            }
        }
    }
}

/// Marsaglia & Tsang's method ("A simple method for generating gamma variables", ACM Transactions on
/// Mathematical Software 26(3), 2000, <https://doi.org/10.1145/358407.358414>), boosted by U^(1/k)
/// for shapes below 1.
#[derive(Debug, Clone)]
struct GammaSampler {
    normal: StandardNormal,
    boost: Option<f64>,
    d: f64,
    c: f64,
    scale_ns: f64,
}

impl GammaSampler {
    fn new(law: &Shaped) -> Self {
        let boost = (law.shape < 1.0).then_some(1.0 / law.shape);
        let shape = if law.shape < 1.0 {
            law.shape + 1.0
        } else {
            law.shape
        };
        let d = shape - 1.0 / 3.0;
        Self {
            normal: StandardNormal::default(),
            boost,
            d,
            c: 1.0 / libm::sqrt(9.0 * d),
            scale_ns: law.scale_ns,
        }
    }

    fn draw<R: Rng>(&self, rng: &mut R) -> f64 {
        let value = loop {
            let x = self.normal.draw(rng);
            let root = 1.0 + self.c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let u = open_unit(rng.next_u64());
            if ln(u) < 0.5 * x * x + self.d - self.d * v + self.d * ln(v) {
                break self.d * v;
            }
        };
        let boost = self
            .boost
            .map_or(1.0, |power| exp(power * ln(open_unit(rng.next_u64()))));
        value * boost * self.scale_ns
    }
}
