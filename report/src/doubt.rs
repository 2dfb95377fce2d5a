//! Which doubts a summary has about itself.

use frostline_stats::outcome::SimulationOutcome;
use frostline_stats::warning::Warning;

/// The doubts about an outcome, in the order in which they are printed.
pub(crate) fn warnings(outcome: &SimulationOutcome) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if outcome.warm_up_cut {
        warnings.push(Warning::WarmUpCut);
    }
    warnings
}
