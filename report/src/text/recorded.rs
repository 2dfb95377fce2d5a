//! Simulation and recording in a sentence.

use super::number::{count, number};
use crate::recorded::{ColdAgreement, DurationComparison};

/// On how many requests both agree, and where they do not.
pub(crate) fn agreement(cold: &ColdAgreement) -> String {
    format!(
        "{} % of {} invocations agree on cold and warm: {} cold and {} warm in both, {} cold only \
         when simulated, {} only when recorded; {} % cold simulated, {} % recorded",
        number(100.0 * cold.agreement),
        count(cold.compared),
        count(cold.both_cold),
        count(cold.both_warm),
        count(cold.only_simulated),
        count(cold.only_recorded),
        number(100.0 * cold.simulated_cold_ratio),
        number(100.0 * cold.recorded_cold_ratio),
    )
}

/// Recorded durations beside those of a law; nothing where the recording was replayed.
pub(crate) fn durations(durations: &DurationComparison) -> Option<String> {
    let DurationComparison {
        recorded,
        simulated,
        ..
    } = durations;
    (!durations.replayed).then(|| {
        format!(
            "durations of p50 {}, p99 {} and mean {} ms were recorded; p50 {}, p99 {} and mean {} ms \
             simulated",
            number(recorded.p50),
            number(recorded.p99),
            number(recorded.mean),
            number(simulated.p50),
            number(simulated.p99),
            number(simulated.mean),
        )
    })
}
