//! What a run shows about its own warm-up.

use frostline_models::math::{to_f64, wide_to_f64};
use frostline_stats::batches::{Doubt, means};
use frostline_stats::warm_up::mser5;

use crate::job::Usage;
use crate::meter::Sample;

/// Samples of a replication: 64 groups of 5 for MSER-5.
pub(crate) const SAMPLES: usize = 320;

/// Replications that are looked at: as many as a run has by default, so that more of them leave the
/// decision as it is.
pub(crate) const SHOWN: u32 = 10;

/// Cold starts that a sample must hold on average, over the replications together, before their
/// share is a series and no noise.
const ENOUGH_COLD: f64 = 10.0;

/// What the first replications showed.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// Whether a request met a limit or was cut off.
    pub(crate) was_limited: bool,
    /// Sums over functions and replications, sample by sample.
    pub(crate) replications: Vec<Sample>,
}

impl Shown {
    /// Adds what a function showed in a replication.
    pub(crate) fn add(&mut self, usage: &Usage) {
        if usage.samples.is_empty() {
            return;
        }
        self.was_limited |= usage.was_limited;
        self.replications
            .resize(usage.samples.len(), Sample::default());
        for (sum, sample) in self.replications.iter_mut().zip(&usage.samples) {
            sum.add(sample);
        }
    }
}

/// Where warm-up ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Samples to leave out.
    pub(crate) samples: usize,
    /// The first metric, as a path of the JSON output, whose cut lies beyond the first third or
    /// that still rises or falls after it.
    pub(crate) unsettled: Option<&'static str>,
}

/// The latest cut that MSER-5 makes in the series of latency, living instances and, where there are
/// enough, cold starts, each averaged over the replications (Welch, "The statistical analysis of
/// simulation results", in Lavenberg, ed., "Computer Performance Modeling Handbook", Academic Press
/// 1983, averages before it looks). One cut serves all metrics and replications. `None` where
/// nothing ran.
pub(crate) fn cut(samples: &[Sample]) -> Option<Cut> {
    let latency = series(samples, |s| {
        (wide_to_f64(s.latency_ns), to_f64(s.invocations))
    })?;
    let alive: Vec<f64> = samples.iter().map(|s| wide_to_f64(s.alive_ns)).collect();
    let cold = series(samples, |s| (to_f64(s.cold_starts), to_f64(s.invocations)))?;
    let cold_starts: f64 = samples.iter().map(|s| to_f64(s.cold_starts)).sum();
    let mut watched = vec![("latency_ms", latency), ("instances", alive)];
    if cold_starts >= ENOUGH_COLD * frostline_models::math::count_to_f64(samples.len()) {
        watched.push(("cold_ratio", cold));
    }
    let mut latest = Cut {
        samples: 0,
        unsettled: None,
    };
    for (metric, values) in watched {
        let found = mser5(&values)?;
        latest.samples = latest.samples.max(found.discard);
        // MSER-5 does not see a series that grows ever faster; its batches do.
        let drifts = means(&values[found.discard..]).doubt == Some(Doubt::Drifting);
        if (drifts || !found.settled) && latest.unsettled.is_none() {
            latest.unsettled = Some(metric);
        }
    }
    Some(latest)
}

/// Quotients sample by sample; the overall one where there is none. `None` where there is none at
/// all.
fn series(samples: &[Sample], parts: impl Fn(&Sample) -> (f64, f64)) -> Option<Vec<f64>> {
    let sums = samples.iter().map(&parts);
    let (above, below) = sums.fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    if below <= 0.0 {
        return None;
    }
    let quotient = |sample| match parts(sample) {
        (_, below) if below <= 0.0 => above / below.max(1.0),
        (above, below) => above / below,
    };
    Some(samples.iter().map(quotient).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(latency_ns: u128, alive_ns: u128) -> Sample {
        Sample {
            invocations: 100,
            cold_starts: 0,
            latency_ns,
            alive_ns,
        }
    }

    #[test]
    fn the_slowest_series_decides() {
        let wobble = |place: u64| u128::from(place % 3);
        let samples: Vec<Sample> = (0..320)
            .map(|place| {
                let latency = if place < 20 { 900 } else { 500 } + wobble(place);
                let alive = if place < 60 { 10 } else { 40 } + wobble(place);
                sample(latency, alive)
            })
            .collect();
        let found = cut(&samples).unwrap();
        assert!((60..=75).contains(&found.samples), "{found:?}");
        assert_eq!(found.unsettled, None);
    }

    #[test]
    fn a_pool_that_keeps_growing_does_not_settle() {
        let growing = (0..320).map(|place| sample(500, place * place));
        let found = cut(&growing.collect::<Vec<_>>()).unwrap();
        assert_eq!(found.unsettled, Some("instances"));
        assert_eq!(cut(&[Sample::default(); 320]), None);
        assert_eq!(cut(&[]), None);
    }
}
