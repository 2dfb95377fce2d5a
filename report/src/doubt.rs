//! Which doubts a summary has about itself.

use frostline_models::math::to_f64;
use frostline_models::scenario::{Function, Scenario};
use frostline_stats::outcome::SimulationOutcome;
use frostline_stats::warning::Warning;

use crate::summary::RequestCounts;

/// The share of durations and of inits that "the longest" leaves out when the warm-up that a run
/// would need is told; laws without an upper end have no longest value.
const BEYOND_LONGEST: f64 = 1e-3;

/// The doubts about an outcome, in the order in which they are printed.
pub(crate) fn warnings(
    scenario: &Scenario,
    outcome: &SimulationOutcome,
    counts: &RequestCounts,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if outcome.warm_up_cut {
        let wanted_ns = scenario.functions.iter().map(memory_ns).max().unwrap_or(0);
        warnings.push(Warning::WarmUpCut {
            wanted_s: to_f64(wanted_ns.max(outcome.warm_up_ns)) / 1e9,
            used_s: to_f64(outcome.warm_up_ns) / 1e9,
        });
    }
    if counts.invocations > 0 && counts.cold_starts == 0 {
        warnings.push(Warning::NoColdStarts);
    }
    // A recorded trace cannot be drawn again, so a single replication of it is no shortcoming.
    if scenario.run.replications == 1 && scenario.run.trace.is_none() {
        warnings.push(Warning::SingleReplication);
    }
    let assumptions = scenario
        .run
        .trace
        .iter()
        .flat_map(|trace| &trace.assumptions);
    warnings.extend(assumptions.map(|text| Warning::TraceAssumption { text: text.clone() }));
    warnings
}

/// How long a function remembers the start of the run: keep-alive, duration and init at their
/// longest.
fn memory_ns(function: &Function) -> u64 {
    let kept = function.keep_alive.longest().map_or(0, |span| span.0);
    let served = function.duration.exceeded_with(BEYOND_LONGEST).0;
    let phases = function.init.phases().iter();
    phases
        .map(|(_, law)| law.exceeded_with(BEYOND_LONGEST).0)
        .fold(kept.saturating_add(served), u64::saturating_add)
}
