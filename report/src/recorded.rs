//! The simulation beside the recording: cold starts request by request, and durations.
//!
//! Where a trace says of each request whether it met a cold start, the engine counts how often it
//! came to the same. Shares are exact over the requests compared, so they carry no interval: they
//! say how well this scenario tells this recording again, and infer nothing beyond it.

use frostline_models::arrival::{Arrivals, Recorded};
use frostline_models::law::Law;
use frostline_models::math::to_f64;
use frostline_models::scenario::Function;
use frostline_models::units::SimDuration;
use frostline_stats::outcome::Counts;
use serde::Serialize;

/// Probabilities of the quantiles of durations.
const PROBABILITIES: [f64; 3] = [0.5, 0.95, 0.99];

/// What a recording says, beside what was simulated.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RecordedSummary {
    /// Cold starts request by request, where the recording has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cold: Option<ColdAgreement>,
    /// Durations, where the recording has them; of single functions only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<DurationComparison>,
}

/// How often simulation and recording agree on whether a request met a cold start, over the window
/// and summed over replications. Requests that were refused are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ColdAgreement {
    /// Invocations compared.
    pub compared: u64,
    /// Cold in both.
    pub both_cold: u64,
    /// Warm in both.
    pub both_warm: u64,
    /// Cold when simulated, warm when recorded.
    pub only_simulated: u64,
    /// Cold when recorded, warm when simulated.
    pub only_recorded: u64,
    /// Share of the invocations compared on which both agree.
    pub agreement: f64,
    /// Share of them that were cold when simulated.
    pub simulated_cold_ratio: f64,
    /// Share of them that were cold when recorded.
    pub recorded_cold_ratio: f64,
}

/// Durations as recorded and as simulated, in milliseconds, without any wait for an instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DurationComparison {
    /// Whether the simulation took the recorded durations, one by one.
    pub replayed: bool,
    /// Of the recording.
    pub recorded: DurationFigures,
    /// Of the law that durations were drawn from, or of the recording where it was replayed.
    pub simulated: DurationFigures,
}

/// Mean and quantiles of durations in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DurationFigures {
    /// The mean; `null` where a law has none.
    pub mean: f64,
    /// The median.
    pub p50: f64,
    /// 95 % are at most this.
    pub p95: f64,
    /// 99 % are at most this.
    pub p99: f64,
}

impl RecordedSummary {
    /// What the recording says of a function, with its counts in the window; `None` when nothing.
    pub(crate) fn of_function(function: &Function, counts: &Counts) -> Option<Self> {
        let Arrivals::Recorded(recorded) = &function.arrivals else {
            return None;
        };
        let cold = recorded.cold().and_then(|_| ColdAgreement::new(counts));
        let duration_ms = durations(recorded, &function.duration);
        (cold.is_some() || duration_ms.is_some()).then_some(Self { cold, duration_ms })
    }

    /// All functions whose cold starts were recorded, with their counts in the window.
    pub(crate) fn of_all<'a>(
        functions: impl Iterator<Item = (&'a Function, Counts)>,
    ) -> Option<Self> {
        let mut sum = Counts::default();
        for (function, counts) in functions {
            if function.arrivals.recorded_cold().is_some() {
                sum.add(&counts);
            }
        }
        let cold = Some(ColdAgreement::new(&sum)?);
        Some(Self {
            cold,
            duration_ms: None,
        })
    }
}

impl ColdAgreement {
    /// `None` when there is nothing to compare.
    fn new(counts: &Counts) -> Option<Self> {
        let compared = counts.invocations;
        let only_simulated = counts.cold_starts - counts.both_cold;
        let only_recorded = counts.recorded_cold - counts.both_cold;
        let share = |part: u64| to_f64(part) / to_f64(compared);
        (compared > 0).then(|| Self {
            compared,
            both_cold: counts.both_cold,
            both_warm: compared - counts.cold_starts - only_recorded,
            only_simulated,
            only_recorded,
            agreement: share(compared - only_simulated - only_recorded),
            simulated_cold_ratio: share(counts.cold_starts),
            recorded_cold_ratio: share(counts.recorded_cold),
        })
    }
}

fn durations(recorded: &Recorded, law: &Law) -> Option<DurationComparison> {
    let [p50, p95, p99] = recorded.duration_quantiles(PROBABILITIES)?;
    let ms = SimDuration::as_millis_f64;
    let as_recorded = DurationFigures {
        mean: recorded.mean_duration_ns()? / 1e6,
        p50: ms(p50),
        p95: ms(p95),
        p99: ms(p99),
    };
    let replayed = recorded.replayed_durations().is_some();
    let simulated = if replayed {
        as_recorded
    } else {
        let [p50, p95, p99] = PROBABILITIES.map(|share| ms(law.exceeded_with(1.0 - share)));
        DurationFigures {
            mean: law.mean_ns() / 1e6,
            p50,
            p95,
            p99,
        }
    };
    Some(DurationComparison {
        replayed,
        recorded: as_recorded,
        simulated,
    })
}
