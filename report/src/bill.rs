//! From what a section used to what it costs: the one place where the report meets the price book.

use frostline_models::math::{to_f64, wide_to_f64};
use frostline_models::price::{Bill, Usage, bill};
use frostline_models::scenario::{Function, Scenario};
use frostline_stats::outcome::Period;

/// The bills of every function (outer) and section (inner) for the whole simulated span: what a
/// section used is scaled from its own length to that of the run. `None` when the price book does
/// not know the scenario's region.
///
/// All functions of a section are billed together, because they share the account's tiers.
pub(crate) fn bills(
    scenario: &Scenario,
    sections: &[Vec<Period>],
    run_s: f64,
) -> Option<Vec<Vec<Bill>>> {
    let mut bills = vec![Vec::new(); sections.len()];
    let length = sections.iter().map(Vec::len).max().unwrap_or(0);
    for position in 0..length {
        let usages = scenario
            .functions
            .iter()
            .zip(sections)
            .filter_map(|(function, periods)| Some(usage(function, periods.get(position)?, run_s)))
            .collect::<Vec<_>>();
        let row = bill(&scenario.platform.price, &usages).ok()?;
        let present = bills
            .iter_mut()
            .zip(sections)
            .filter(|(_, periods)| position < periods.len());
        for ((list, _), bill) in present.zip(row) {
            list.push(bill);
        }
    }
    Some(bills)
}

fn usage(function: &Function, section: &Period, run_s: f64) -> Usage {
    let scale = scale_to_run(section, run_s);
    let invocations = to_f64(section.counts.invocations) * scale;
    Usage {
        architecture: function.architecture,
        memory: function.memory,
        ephemeral_storage: function.ephemeral_storage,
        invocations,
        billed_ms: wide_to_f64(section.billed_ms) * scale,
        billed_provisioned_ms: wide_to_f64(section.billed_provisioned_ms) * scale,
        provisioned_instance_ms: wide_to_f64(section.provisioned_ns) / 1e6 * scale,
        response_bytes: invocations * to_f64(function.response.0),
        snapshot: function.snapshot,
        cold_starts: to_f64(section.counts.cold_starts) * scale,
        span_s: run_s,
    }
}

/// The factor from what a section used to what the whole run uses; 0 for an empty section.
pub(crate) fn scale_to_run(section: &Period, run_s: f64) -> f64 {
    if section.span_ns == 0 {
        return 0.0;
    }
    run_s * 1e9 / to_f64(section.span_ns)
}
