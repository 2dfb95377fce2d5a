//! Laws made ready to draw from.

use std::sync::OnceLock;

use rand::Rng;

use super::guide::Guide;
use super::{Law, Quantiles};
use crate::math::{
    StandardExponential, StandardGamma, StandardNormal, exp, ln, open_unit, round_to_u64, to_f64,
    unit,
};

/// A block of so many values is worth a guide table.
const WORTH_A_GUIDE: usize = 256;

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
    Gamma {
        draw: StandardGamma,
        scale_ns: f64,
    },
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
    Empirical {
        table: Quantiles,
        /// Made when a block is drawn: a few values are not worth it.
        guide: OnceLock<Box<Guide>>,
    },
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
            Law::Gamma(law) => SamplerKind::Gamma {
                draw: StandardGamma::new(law.shape),
                scale_ns: law.scale_ns,
            },
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
            Law::Empirical(table) => SamplerKind::Empirical {
                table: table.clone(),
                guide: OnceLock::new(),
            },
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
            SamplerKind::Gamma { draw, scale_ns } => round_to_u64(draw.draw(rng) * scale_ns),
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
            SamplerKind::Empirical { table, .. } => {
                round_to_u64(table.value_ns(unit(rng.next_u64())))
            }
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
            SamplerKind::Empirical { table, guide } if block.len() >= WORTH_A_GUIDE => {
                guide
                    .get_or_init(|| Box::new(Guide::new(table)))
                    .fill(rng, block);
            }
            _ => {
                for value in block {
                    *value = self.draw(rng);
                }
            }
        }
    }
}
