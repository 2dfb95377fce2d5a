//! Laws as words of 64 bits, for files that must give them back to the last bit.

use super::{Law, LogNormal, Mixture, Quantiles, Range, Scale, Shaped, Shifted};
use crate::math::round_to_u64;
use crate::units::SimDuration;

/// How many words each kind has, by its number.
const WORDS: [usize; 9] = [1, 1, 2, 2, 2, 2, 2, 2, 3];

/// How far the weights of a mixture may be from 1 together.
const ROUNDING: f64 = 1e-9;

impl Law {
    /// The number of the kind and its parameters; `None` for tables of quantiles and mixtures, whose
    /// length varies.
    pub(crate) fn words(&self) -> Option<(u8, Vec<u64>)> {
        let shaped = |law: &Shaped| vec![law.shape.to_bits(), law.scale_ns.to_bits()];
        Some(match self {
            Self::Constant(span) => (0, vec![span.0]),
            Self::Exponential(law) => (1, vec![law.mean_ns.to_bits()]),
            Self::Uniform(law) => (2, vec![law.low.0, law.high.0]),
            Self::LogNormal(law) => (3, vec![law.median_ns.to_bits(), law.sigma.to_bits()]),
            Self::Gamma(law) => (4, shaped(law)),
            Self::Weibull(law) => (5, shaped(law)),
            Self::Pareto(law) => (6, shaped(law)),
            Self::LogLogistic(law) => (7, shaped(law)),
            Self::ShiftedLogNormal(law) => (
                8,
                vec![
                    law.shift_ns.to_bits(),
                    law.above.median_ns.to_bits(),
                    law.above.sigma.to_bits(),
                ],
            ),
            Self::Empirical(_) | Self::Mixture(_) => return None,
        })
    }

    /// How many words the kind of this number has; `None` where there is no such kind.
    pub(crate) fn word_count(kind: u8) -> Option<usize> {
        WORDS.get(usize::from(kind)).copied()
    }

    /// The law that [`Law::words`] gave these words; `None` when they are no law's.
    pub(crate) fn from_words(kind: u8, words: &[u64]) -> Option<Self> {
        let span = |place: usize| {
            let span = words.get(place).copied().map(SimDuration);
            span.filter(|span| *span <= SimDuration::MAX)
        };
        let number = |place: usize| {
            let number = words.get(place).map(|word| f64::from_bits(*word));
            number.filter(|number| number.is_finite() && *number >= 0.0)
        };
        let positive = |place: usize| number(place).filter(|number| *number > 0.0);
        let log_normal = |place: usize| {
            Some(LogNormal {
                median_ns: positive(place)?,
                sigma: number(place + 1)?,
            })
        };
        let shaped = || {
            Some(Shaped {
                shape: positive(0)?,
                scale_ns: positive(1)?,
            })
        };
        Some(match kind {
            0 => Self::Constant(span(0)?),
            1 => Self::Exponential(Scale {
                mean_ns: positive(0)?,
            }),
            2 => {
                let (low, high) = (span(0)?, span(1)?);
                if high < low {
                    return None;
                }
                Self::Uniform(Range { low, high })
            }
            3 => Self::LogNormal(log_normal(0)?),
            4 => Self::Gamma(shaped()?),
            5 => Self::Weibull(shaped()?),
            6 => Self::Pareto(shaped()?),
            7 => Self::LogLogistic(shaped()?),
            8 => Self::ShiftedLogNormal(Shifted {
                shift_ns: number(0)?,
                above: log_normal(1)?,
            }),
            _ => return None,
        })
    }

    /// A mixture whose weights were normalised before; `None` when they are not.
    pub(crate) fn normalised_mixture(components: Vec<(f64, Self)>) -> Option<Self> {
        let (weights, laws): (Vec<f64>, Vec<Self>) = components.into_iter().unzip();
        let is_weight = |weight: &f64| *weight > 0.0 && weight.is_finite();
        let sum: f64 = weights.iter().sum();
        let is_whole = (sum - 1.0).abs() <= ROUNDING;
        (weights.iter().all(is_weight) && is_whole)
            .then_some(Self::Mixture(Mixture { weights, laws }))
    }
}

impl Quantiles {
    /// The probabilities, ascending.
    pub(crate) fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// The values, which are whole nanoseconds.
    pub(crate) fn values(&self) -> impl Iterator<Item = SimDuration> {
        let whole = |value: &f64| SimDuration(round_to_u64(*value));
        self.values_ns.iter().map(whole)
    }
}

impl Mixture {
    /// The weights with their laws.
    pub(crate) fn components(&self) -> impl ExactSizeIterator<Item = (f64, &Law)> {
        self.weights.iter().copied().zip(&self.laws)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_law_comes_back_from_its_words() {
        let ms = SimDuration::from_millis;
        for law in [
            Ok(Law::Constant(ms(7))),
            Law::exponential(ms(80)),
            Law::uniform(ms(1), ms(9)),
            Law::log_normal(ms(80), ms(400)),
            Law::log_normal_from_moments(ms(80), ms(70)),
            Law::gamma(0.3, ms(80)),
            Law::weibull(1.7, ms(80)),
            Law::pareto(1.1, ms(2)),
            Law::log_logistic(3.3, ms(80)),
            Law::shifted_log_normal(ms(10), ms(80), ms(400)),
        ] {
            let law = law.unwrap();
            let (kind, words) = law.words().unwrap();
            assert_eq!(Law::word_count(kind), Some(words.len()));
            assert_eq!(Law::from_words(kind, &words), Some(law));
            assert_eq!(Law::from_words(kind, &words[1..]), None);
        }
        assert_eq!(Law::from_words(1, &[f64::NAN.to_bits()]), None);
        assert_eq!(Law::from_words(1, &[0]), None);
        assert_eq!(Law::from_words(2, &[2, 1]), None);
        assert_eq!(Law::from_words(9, &[1, 1, 1]), None);
    }
}
