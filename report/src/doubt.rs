//! Which doubts a summary has about itself.

use frostline_models::math::to_f64;
use frostline_models::scenario::Scenario;
use frostline_stats::outcome::{RunSpan, WarmUpRule};
use frostline_stats::warning::Warning;

use crate::estimates::Doubts;
use crate::summary::RequestCounts;

/// The doubts about an outcome, in the order in which they are printed.
pub(crate) fn warnings(
    scenario: &Scenario,
    span: RunSpan,
    counts: &RequestCounts,
    doubts: Doubts,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if span.warm_up_ns < span.warm_up_wanted_ns {
        warnings.push(Warning::WarmUpCut {
            wanted_s: to_f64(span.warm_up_wanted_ns) / 1e9,
            used_s: to_f64(span.warm_up_ns) / 1e9,
        });
    }
    if counts.invocations > 0 && counts.cold_starts == 0 {
        warnings.push(Warning::NoColdStarts);
    }
    // A recorded trace cannot be drawn again, so a single replication of it is no shortcoming.
    if scenario.run.replications == 1 && scenario.run.trace.is_none() {
        warnings.push(Warning::SingleReplication);
    }
    warnings.extend(doubts.too_few);
    let mut drifting = doubts.drifting;
    if let WarmUpRule::Mser5 {
        unsettled: Some(metric),
    } = span.warm_up_rule
        && !drifting.contains(&metric)
    {
        drifting.insert(0, metric);
    }
    if !drifting.is_empty() {
        let metric = drifting.join(", ");
        warnings.push(Warning::NonStationary { metric });
    }
    if !doubts.correlated.is_empty() {
        let metric = doubts.correlated.join(", ");
        warnings.push(Warning::CorrelatedBatches { metric });
    }
    if scenario.run.trace.is_some() && scenario.run.replications > 1 {
        let text = "replications repeat what was recorded, with other instants within an interval, \
                    other services and inits: their intervals say nothing about other days.";
        let text = text.to_owned();
        warnings.push(Warning::TraceAssumption { text });
    }
    let assumptions = scenario
        .run
        .trace
        .iter()
        .flat_map(|trace| &trace.assumptions);
    warnings.extend(assumptions.map(|text| Warning::TraceAssumption { text: text.clone() }));
    let unverified = scenario.unverified.iter();
    warnings.extend(unverified.map(|text| Warning::UnverifiedConstant { text: text.clone() }));
    warnings
}
