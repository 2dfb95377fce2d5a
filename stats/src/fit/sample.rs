//! Observations to fit: exact, censored at a limit, or known only to lie between two bounds.

use crate::number::{count, wide};

/// The most distinct observations that a fit looks at; larger samples are thinned to as many order
/// statistics, each with the weight of those it stands for.
pub const DISTINCT_MAX: usize = 20_000;

/// One observation of a positive quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Observation {
    /// Seen exactly.
    Exact(f64),
    /// Cut off at this value: the true one is at least as large (a timeout).
    AtLeast(f64),
    /// Somewhere in (low, high] (a cell of a histogram); `low` may be 0 and `high` infinite.
    Between {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
}

/// Why observations make no sample.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum SampleError {
    /// There is none.
    Empty,
    /// A value is not a positive, finite number.
    NotPositive {
        /// The value.
        value: f64,
    },
    /// The bounds of an interval do not rise.
    Reversed {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
}

impl std::fmt::Display for SampleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("there are no observations"),
            Self::NotPositive { value } => {
                write!(f, "found {value}, expected a number greater than zero")
            }
            Self::Reversed { low, high } => {
                write!(
                    f,
                    "found the interval from {low} to {high}, expected rising bounds"
                )
            }
        }
    }
}

impl std::error::Error for SampleError {}

/// Exact and censored observations with their counts, in ascending order, never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    items: Vec<(Observation, u64)>,
    exact: Vec<Weighted>,
    total: u64,
}

/// An exact value, its logarithm and how often it was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weighted {
    pub(super) value: f64,
    pub(super) ln: f64,
    pub(super) weight: f64,
}

impl Sample {
    /// A sample of exact values.
    ///
    /// # Errors
    /// When there is none, or one is not positive and finite.
    pub fn exact(values: &[f64]) -> Result<Self, SampleError> {
        Self::new(values.iter().map(|value| (Observation::Exact(*value), 1)))
    }

    /// A sample of observations, each with how often it was made.
    ///
    /// # Errors
    /// When there is none, a value is not positive and finite, or bounds do not rise.
    pub fn new(
        observations: impl IntoIterator<Item = (Observation, u64)>,
    ) -> Result<Self, SampleError> {
        let mut items = Vec::new();
        for (observation, times) in observations {
            observation.check()?;
            if times > 0 {
                items.push((observation, times));
            }
        }
        if items.is_empty() {
            return Err(SampleError::Empty);
        }
        items.sort_by(|a, b| a.0.place().total_cmp(&b.0.place()));
        items.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        let total = items.iter().map(|item| item.1).sum();
        let items = thinned(items, total);
        let exact = items
            .iter()
            .filter_map(|(observation, times)| match observation {
                Observation::Exact(value) => Some(Weighted {
                    value: *value,
                    ln: libm::log(*value),
                    weight: wide(*times),
                }),
                _ => None,
            })
            .collect();
        Ok(Self {
            items,
            exact,
            total,
        })
    }

    /// How many observations there are.
    pub fn n(&self) -> u64 {
        self.total
    }

    /// How many of them are exact.
    pub fn exact_n(&self) -> u64 {
        let exact = |item: &&(Observation, u64)| matches!(item.0, Observation::Exact(_));
        self.items.iter().filter(exact).map(|item| item.1).sum()
    }

    /// The observations with their counts, ascending.
    pub fn items(&self) -> &[(Observation, u64)] {
        &self.items
    }

    /// Whether every observation is exact.
    pub fn is_complete(&self) -> bool {
        self.exact.len() == self.items.len()
    }

    /// The exact observations.
    pub(super) fn exact_values(&self) -> &[Weighted] {
        &self.exact
    }

    /// Whether the sample holds at least two different exact values or intervals.
    pub(super) fn is_spread(&self) -> bool {
        self.items.len() > 1
    }

    /// Every observation as one number: the censored ones at their bound or the middle of their
    /// interval. The start of a search, never its result.
    pub(super) fn representatives(&self) -> Vec<Weighted> {
        let place = |observation: &Observation| match *observation {
            Observation::Exact(value) | Observation::AtLeast(value) => value,
            Observation::Between { low, high } if high.is_infinite() => low,
            Observation::Between { low, high } if low <= 0.0 => 0.5 * high,
            Observation::Between { low, high } => libm::sqrt(low * high),
        };
        let items = self.items.iter();
        items
            .map(|(observation, times)| {
                let value = place(observation);
                Weighted {
                    value,
                    ln: libm::log(value),
                    weight: wide(*times),
                }
            })
            .collect()
    }

    /// The quantile of the sample by definition R-7 over the counts; `None` where censoring hides
    /// it.
    pub fn quantile(&self, probability: f64) -> Option<f64> {
        if !(0.0..=1.0).contains(&probability) {
            return None;
        }
        let rank = wide(self.total - 1) * probability;
        let below = libm::floor(rank);
        let low = self.order_statistic(below)?;
        let high = self.order_statistic(libm::ceil(rank))?;
        Some(low + (high - low) * (rank - below))
    }

    /// The observation with this many below it. Within an interval its members lie evenly.
    fn order_statistic(&self, rank: f64) -> Option<f64> {
        let mut before = 0.0;
        for (observation, times) in &self.items {
            let times = wide(*times);
            if rank < before + times {
                return match *observation {
                    Observation::Exact(value) => Some(value),
                    Observation::AtLeast(_) => None,
                    Observation::Between { high, .. } if high.is_infinite() => None,
                    Observation::Between { low, high } => {
                        Some(low + (high - low) * (rank - before + 0.5) / times)
                    }
                };
            }
            before += times;
        }
        None
    }

    /// The highest quantile that the sample can speak of, 1 − 3/n: about three observations lie
    /// beyond it.
    pub fn supported_quantile(&self) -> f64 {
        (1.0 - 3.0 / wide(self.total)).max(0.0)
    }
}

impl Observation {
    fn check(self) -> Result<(), SampleError> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        match self {
            Self::Exact(value) | Self::AtLeast(value) if !positive(value) => {
                Err(SampleError::NotPositive { value })
            }
            Self::Between { low, .. } if !(low >= 0.0 && low.is_finite()) => {
                Err(SampleError::NotPositive { value: low })
            }
            // Written so that a bound that is not a number fails too.
            Self::Between { low, high }
                if !matches!(low.partial_cmp(&high), Some(std::cmp::Ordering::Less)) =>
            {
                Err(SampleError::Reversed { low, high })
            }
            _ => Ok(()),
        }
    }

    /// Where the observation stands in the order.
    fn place(self) -> f64 {
        match self {
            Self::Exact(value) => value,
            // Behind the exact ones: the true value is larger.
            Self::AtLeast(value) => value * (1.0 + f64::EPSILON),
            Self::Between { high, .. } => high,
        }
    }
}

/// At most [`DISTINCT_MAX`] observations: of more, order statistics at equal steps.
fn thinned(items: Vec<(Observation, u64)>, total: u64) -> Vec<(Observation, u64)> {
    if items.len() <= DISTINCT_MAX {
        return items;
    }
    let step = wide(total) / count(DISTINCT_MAX);
    let (mut kept, mut waiting, mut seen, mut next) = (Vec::new(), 0, 0.0, 0.5 * step);
    for (observation, times) in items {
        waiting += times;
        seen += wide(times);
        let is_exact = matches!(observation, Observation::Exact(_));
        if seen >= next || !is_exact {
            kept.push((observation, waiting));
            waiting = 0;
            while next <= seen {
                next += step;
            }
        }
    }
    if let (Some(last), true) = (kept.last_mut(), waiting > 0) {
        last.1 += waiting;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_r_7_and_hidden_by_censoring() {
        let sample = Sample::exact(&[1.0, 2.0, 3.0, 10.0]).unwrap();
        assert_eq!(sample.quantile(0.5), Some(2.5));
        assert_eq!(sample.quantile(1.0), Some(10.0));
        let cut = [(Observation::Exact(1.0), 3), (Observation::AtLeast(5.0), 1)];
        let cut = Sample::new(cut).unwrap();
        assert_eq!((cut.quantile(0.5), cut.quantile(1.0)), (Some(1.0), None));
        let cells = [
            (
                Observation::Between {
                    low: 0.0,
                    high: 10.0,
                },
                50,
            ),
            (
                Observation::Between {
                    low: 10.0,
                    high: f64::INFINITY,
                },
                1,
            ),
        ];
        let cells = Sample::new(cells).unwrap();
        assert_eq!(cells.quantile(0.5), Some(5.1));
        assert_eq!(cells.quantile(1.0), None);
    }

    #[test]
    fn a_large_sample_keeps_its_count_and_its_quantiles() {
        let values: Vec<f64> = (1..=90_000).map(f64::from).collect();
        let sample = Sample::exact(&values).unwrap();
        assert!(sample.items().len() <= DISTINCT_MAX + 1);
        assert_eq!(sample.n(), 90_000);
        let median = sample.quantile(0.5).unwrap();
        assert!((median / 45_000.5 - 1.0).abs() < 1e-3, "{median}");
    }

    #[test]
    fn what_is_no_sample_is_refused() {
        assert_eq!(Sample::exact(&[]), Err(SampleError::Empty));
        assert!(Sample::exact(&[1.0, 0.0]).is_err());
        assert!(Sample::exact(&[f64::NAN]).is_err());
        let reversed = Observation::Between {
            low: 2.0,
            high: 1.0,
        };
        assert!(Sample::new([(reversed, 1)]).is_err());
    }
}
