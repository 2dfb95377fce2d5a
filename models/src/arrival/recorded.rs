//! Requests that are known one by one: a schedule, or a recording and what it says about each.

use std::sync::Arc;

use serde::Serialize;

use crate::law::Law;
use crate::math::{count_to_f64, index, round_to_u64, slot, to_f64, wide_index, wide_to_f64, word};
use crate::units::{SimDuration, SimTime};

/// The most points of the quantile function that stands for recorded durations.
const LAW_POINTS: u32 = 401;

/// Requests in order of arrival, and what was recorded of each.
///
/// Copies share what they hold. A request takes 8 bytes, 8 more with its duration, and a bit with
/// its flag.
///
/// ```
/// use frostline_models::arrival::Recorded;
/// use frostline_models::units::{SimDuration, SimTime};
///
/// let requests = Recorded::at(vec![SimTime(0), SimTime(5_000_000_000)])?
///     .with_durations(vec![SimDuration::from_millis(80); 2])?
///     .with_cold([true, false].into_iter().collect())?;
/// assert_eq!(requests.total(), 2);
/// assert_eq!(requests.cold().map(|flags| flags.count()), Some(1));
/// # Ok::<(), frostline_models::arrival::RecordedError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recorded {
    times: Arc<[SimTime]>,
    durations: Option<Arc<[SimDuration]>>,
    replays_durations: bool,
    cold: Option<ColdFlags>,
}

/// Why requests cannot be taken as recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordedError {
    /// Instants must not fall.
    #[error("request {index} comes before the one that it follows")]
    Unsorted {
        /// Index of the request, from 0.
        index: usize,
    },
    /// An instant or a duration is beyond the engine's clock.
    #[error("request {index} is beyond {} or takes longer", SimDuration::MAX)]
    TooLarge {
        /// Index of the request, from 0.
        index: usize,
    },
    /// There must be as many durations or flags as requests.
    #[error("{found} values stand beside {requests} requests")]
    Length {
        /// How many there are.
        found: usize,
        /// How many there should be.
        requests: usize,
    },
}

impl Recorded {
    /// Requests at these instants.
    ///
    /// # Errors
    /// When an instant lies before its predecessor, or beyond [`SimDuration::MAX`].
    pub fn at(times: impl Into<Arc<[SimTime]>>) -> Result<Self, RecordedError> {
        let times = times.into();
        let falls = times.windows(2).position(|pair| pair[1] < pair[0]);
        if let Some(before) = falls {
            return Err(RecordedError::Unsorted { index: before + 1 });
        }
        if times.last().is_some_and(|last| last.0 > SimDuration::MAX.0) {
            let index = times.len() - 1;
            return Err(RecordedError::TooLarge { index });
        }
        Ok(Self {
            times,
            durations: None,
            replays_durations: false,
            cold: None,
        })
    }

    /// These requests with the duration of each, without any wait for an instance to start. In a
    /// simulation they take the place of drawn ones.
    ///
    /// # Errors
    /// When there are more or fewer than requests, or one exceeds [`SimDuration::MAX`].
    pub fn with_durations(
        mut self,
        durations: impl Into<Arc<[SimDuration]>>,
    ) -> Result<Self, RecordedError> {
        let durations = durations.into();
        self.same_length(durations.len())?;
        if let Some(index) = durations.iter().position(|span| *span > SimDuration::MAX) {
            return Err(RecordedError::TooLarge { index });
        }
        self.durations = Some(durations);
        self.replays_durations = true;
        Ok(self)
    }

    /// These requests with the word of the recording on whether each met a cold start.
    ///
    /// # Errors
    /// When there are more or fewer flags than requests.
    pub fn with_cold(mut self, cold: ColdFlags) -> Result<Self, RecordedError> {
        self.same_length(wide_index(cold.len()))?;
        self.cold = Some(cold);
        Ok(self)
    }

    /// The same requests, whose durations are drawn from the function's law although some were
    /// recorded.
    #[must_use]
    pub fn with_drawn_durations(mut self) -> Self {
        self.replays_durations = false;
        self
    }

    /// These requests, each followed by a second one halfway to the next, with the same duration. The
    /// last one's second comes at the same instant. What was cold is no longer known.
    #[must_use]
    pub fn doubled(&self) -> Self {
        let mut times = Vec::with_capacity(2 * self.times.len());
        for (place, time) in self.times.iter().enumerate() {
            let next = self.times.get(place + 1).unwrap_or(time);
            times.extend([*time, SimTime(u64::midpoint(time.0, next.0))]);
        }
        let twice = |spans: &Arc<[SimDuration]>| {
            let spans = spans.iter().flat_map(|span| [*span, *span]);
            spans.collect::<Arc<[SimDuration]>>()
        };
        Self {
            times: times.into(),
            durations: self.durations.as_ref().map(twice),
            replays_durations: self.replays_durations,
            cold: None,
        }
    }

    /// When the requests arrive, ascending.
    pub fn times(&self) -> &Arc<[SimTime]> {
        &self.times
    }

    /// The recorded durations.
    pub fn durations(&self) -> Option<&Arc<[SimDuration]>> {
        self.durations.as_ref()
    }

    /// The recorded durations, where a simulation takes them in place of drawn ones.
    pub fn replayed_durations(&self) -> Option<&Arc<[SimDuration]>> {
        self.durations().filter(|_| self.replays_durations)
    }

    /// Which requests met a cold start, where that was recorded.
    pub fn cold(&self) -> Option<&ColdFlags> {
        self.cold.as_ref()
    }

    /// All requests.
    pub fn total(&self) -> u64 {
        word(self.times.len())
    }

    /// Requests that arrive before this much of the run has passed.
    pub fn total_within(&self, duration: SimDuration) -> u64 {
        word(self.times.partition_point(|time| time.0 < duration.0))
    }

    /// The recorded durations as a law, by quantiles (R-7): exact up to 401 requests, at 401 evenly
    /// spaced probabilities beyond. `None` when none were recorded.
    pub fn duration_law(&self) -> Option<Law> {
        let mut sorted = self.durations.as_ref()?.to_vec();
        sorted.sort_unstable();
        let (first, last) = (*sorted.first()?, *sorted.last()?);
        if first == last {
            return Some(Law::Constant(first));
        }
        let points = slot(sorted.len().min(index(LAW_POINTS)));
        let steps = f64::from(points - 1);
        let point = |number: u32| {
            let probability = f64::from(number) / steps;
            (probability, quantile(&sorted, probability))
        };
        let points: Vec<_> = (0..points).map(point).collect();
        Law::empirical(&points).ok()
    }

    /// Quantiles of the recorded durations by definition R-7; `None` when there are none.
    pub fn duration_quantiles<const N: usize>(
        &self,
        probabilities: [f64; N],
    ) -> Option<[SimDuration; N]> {
        let mut sorted = self
            .durations
            .as_ref()
            .filter(|all| !all.is_empty())?
            .to_vec();
        sorted.sort_unstable();
        Some(probabilities.map(|probability| quantile(&sorted, probability.clamp(0.0, 1.0))))
    }

    /// Mean of the recorded durations in nanoseconds; `None` when there are none.
    pub fn mean_duration_ns(&self) -> Option<f64> {
        let durations = self.durations.as_ref().filter(|all| !all.is_empty())?;
        let sum: u128 = durations.iter().map(|span| u128::from(span.0)).sum();
        Some(wide_to_f64(sum) / count_to_f64(durations.len()))
    }

    fn same_length(&self, found: usize) -> Result<(), RecordedError> {
        let requests = self.times.len();
        if found == requests {
            return Ok(());
        }
        Err(RecordedError::Length { found, requests })
    }
}

/// The quantile of sorted values by definition R-7; there must be at least one value.
fn quantile(sorted: &[SimDuration], probability: f64) -> SimDuration {
    let last = sorted.len() - 1;
    let place = count_to_f64(last) * probability;
    let below = wide_index(round_to_u64(libm::floor(place))).min(last);
    let above = (below + 1).min(last);
    let share = place - count_to_f64(below);
    let gap = to_f64(sorted[above].0 - sorted[below].0);
    SimDuration(sorted[below].0 + round_to_u64(gap * share))
}

/// Whether each of a function's requests met a cold start: a bit a request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ColdFlags {
    words: Arc<[u64]>,
    length: u64,
}

impl ColdFlags {
    /// Whether request `number` was cold; `false` beyond the last.
    #[inline]
    pub fn is_cold(&self, number: u64) -> bool {
        let word = self.words.get(wide_index(number / 64));
        word.is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// The cold ones among the `length` requests from `first` on.
    pub fn count_within(&self, first: u64, length: u64) -> u64 {
        let end = first.saturating_add(length).min(self.length);
        let mut count = 0;
        let mut number = first;
        while number < end {
            let offset = number % 64;
            let taken = (64 - offset).min(end - number);
            let word = self.words.get(wide_index(number / 64)).copied();
            let kept = word.unwrap_or_default() >> offset << (64 - taken);
            count += u64::from(kept.count_ones());
            number += taken;
        }
        count
    }

    /// Requests that have a flag.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The cold ones among them.
    pub fn count(&self) -> u64 {
        self.words
            .iter()
            .map(|word| u64::from(word.count_ones()))
            .sum()
    }
}

impl FromIterator<bool> for ColdFlags {
    fn from_iter<I: IntoIterator<Item = bool>>(flags: I) -> Self {
        let mut words = Vec::new();
        let mut length = 0_u64;
        for flag in flags {
            if length.is_multiple_of(64) {
                words.push(0);
            }
            if let Some(word) = words.last_mut() {
                *word |= u64::from(flag) << (length % 64);
            }
            length += 1;
        }
        Self {
            words: words.into(),
            length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: &[u64]) -> Result<Recorded, RecordedError> {
        Recorded::at(nanos.iter().copied().map(SimTime).collect::<Vec<_>>())
    }

    #[test]
    fn requests_must_be_in_order_and_whole() {
        assert_eq!(at(&[0, 5, 4]), Err(RecordedError::Unsorted { index: 2 }));
        assert_eq!(
            at(&[0, u64::MAX]),
            Err(RecordedError::TooLarge { index: 1 })
        );
        let two = at(&[3, 3]).unwrap();
        let wrong = RecordedError::Length {
            found: 1,
            requests: 2,
        };
        let one = two.clone().with_durations(vec![SimDuration(1)]);
        assert_eq!(one, Err(wrong.clone()));
        assert_eq!(
            two.clone().with_cold([true].into_iter().collect()),
            Err(wrong)
        );
        let long = two.with_durations(vec![SimDuration(1), SimDuration(u64::MAX)]);
        assert_eq!(long, Err(RecordedError::TooLarge { index: 1 }));
    }

    #[test]
    fn flags_are_found_again_across_words() {
        let flags: ColdFlags = (0..200).map(|number| number % 7 == 3).collect();
        assert_eq!(flags.len(), 200);
        assert_eq!(flags.count(), 29);
        assert!((0..200).all(|number| flags.is_cold(number) == (number % 7 == 3)));
        assert!(!flags.is_cold(200) && !flags.is_cold(u64::MAX));
        for (first, length) in [
            (0, 200),
            (3, 1),
            (4, 6),
            (60, 9),
            (63, 66),
            (128, 72),
            (150, 500),
        ] {
            let within = (first..(first + length).min(200)).filter(|number| flags.is_cold(*number));
            let counted = flags.count_within(first, length);
            assert_eq!(counted, word(within.count()), "{length} from {first}");
        }
        assert_eq!(flags.count_within(u64::MAX, u64::MAX), 0);
    }

    #[test]
    fn the_law_of_few_durations_has_their_order_statistics() {
        let spans = [30, 10, 20].map(SimDuration);
        let recorded = at(&[0, 1, 2]).unwrap().with_durations(spans).unwrap();
        let law = recorded.duration_law().unwrap();
        let expected = [(0.0, 10), (0.5, 20), (1.0, 30)].map(|(p, ns)| (p, SimDuration(ns)));
        assert_eq!(law, Law::empirical(&expected).unwrap());
        let same = at(&[0]).unwrap().with_durations([SimDuration(4)]).unwrap();
        assert_eq!(same.duration_law(), Some(Law::Constant(SimDuration(4))));
    }
}
