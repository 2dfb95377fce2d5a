//! Timers: functions that are called at a fixed period.

use rand::Rng;

use super::published::{TIMER_LAG_S, TIMER_ON_THE_MINUTE, TIMER_PERIODS};
use crate::math::{round_to_u64, to_f64, unit, wide_index};

/// When a timer fires.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Timer {
    /// Seconds from one due instant to the next; at least one.
    period_s: u64,
    /// The first due instant in seconds; below the period and inside the span.
    phase_s: u64,
}

impl Timer {
    /// A timer whose place among the weights of [`TIMER_PERIODS`] is `place` in [0, 1), slowed by a
    /// factor.
    pub(super) fn new<R: Rng>(place: f64, slower: f64, span_s: u64, rng: &mut R) -> Self {
        let (on_minute, phase) = (unit(rng.next_u64()), unit(rng.next_u64()));
        let period_s = round_to_u64(period(place) * slower).clamp(1, 1 << 40);
        let phase_s = round_to_u64(libm::floor(phase * to_f64(period_s.min(span_s))));
        Self {
            period_s,
            phase_s: if on_minute < TIMER_ON_THE_MINUTE {
                phase_s - phase_s % 60
            } else {
                phase_s
            },
        }
    }

    /// How often it fires in the span: at least once.
    pub(super) fn count(&self, span_s: u64) -> u64 {
        (span_s - self.phase_s).div_ceil(self.period_s)
    }

    /// Adds its invocations to the minutes of the span.
    pub(super) fn fill<R: Rng>(&self, cells: &mut [u32], rng: &mut R) {
        let Some(last) = cells.len().checked_sub(1) else {
            return;
        };
        let span_s = 60 * crate::math::word(cells.len());
        for turn in 0..self.count(span_s) {
            let due = to_f64(self.phase_s + turn * self.period_s);
            let fired = due + TIMER_LAG_S * unit(rng.next_u64());
            let minute = wide_index(round_to_u64(libm::floor(fired / 60.0)));
            cells[minute.min(last)] += 1;
        }
    }
}

/// The period in seconds at this place of the cumulated weights.
fn period(place: f64) -> f64 {
    let all: f64 = TIMER_PERIODS.iter().map(|(_, weight)| weight).sum();
    let mut left = place * all;
    for (seconds, weight) in TIMER_PERIODS {
        if left < weight {
            return seconds;
        }
        left -= weight;
    }
    TIMER_PERIODS[0].0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, StreamKey};

    #[test]
    fn one_timer_in_twenty_fires_more_than_once_a_minute() {
        let all: f64 = TIMER_PERIODS.iter().map(|(_, weight)| weight).sum();
        let often = TIMER_PERIODS
            .iter()
            .filter(|(seconds, _)| *seconds < 60.0)
            .map(|(_, weight)| weight)
            .sum::<f64>();
        assert!((often / all - 0.05).abs() < 0.002, "{often} of {all}");
    }

    #[test]
    fn a_timer_fires_as_often_as_it_counts() {
        let mut rng = StreamKey::new(1, 0, 0, Purpose::Synthesis).block(0);
        for step in 0..100_u32 {
            let timer = Timer::new(f64::from(step) / 100.0, 1.0, 86_400, &mut rng);
            let mut cells = vec![0; 1440];
            timer.fill(&mut cells, &mut rng);
            let fired: u64 = cells.iter().map(|cell| u64::from(*cell)).sum();
            assert_eq!(fired, timer.count(86_400), "{timer:?}");
            assert!(fired >= 1);
        }
    }
}
