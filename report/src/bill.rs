//! From what a section used to what it costs: the one place where the report meets the price book.

use frostline_models::math::{to_f64, wide_to_f64};
use frostline_models::packed::{Packed, Packer};
use frostline_models::price::{Account, FreeTierClaims, TierLoads, Usage};
use frostline_models::scenario::{Function, Scenario};
use frostline_stats::outcome::Period;

/// What a function is billed for, section by section, kept in few bytes until all functions of the
/// account are known.
#[derive(Debug)]
pub(crate) struct PackedUse {
    sections: Packed,
}

impl PackedUse {
    pub(crate) fn of(sections: &[Period]) -> Self {
        let mut packer = Packer::default();
        for section in sections {
            packer.push(section.counts.invocations);
            packer.push(section.counts.cold_starts);
            for wide in [
                section.billed_ms,
                section.billed_provisioned_ms,
                section.provisioned_ns,
            ] {
                packer.push_wide(wide);
            }
        }
        Self {
            sections: packer.finish(),
        }
    }

    /// The use of each section, scaled by its factor to that of the whole run.
    pub(crate) fn usages<'a>(
        &'a self,
        function: &'a Function,
        scales: &'a [f64],
        run_s: f64,
    ) -> impl Iterator<Item = Usage> + use<'a> {
        let mut place = 0;
        scales.iter().map_while(move |scale| {
            let mut take = || self.sections.take(&mut place);
            let invocations = to_f64(take()?) * scale;
            let cold_starts = to_f64(take()?) * scale;
            let mut take_wide = || self.sections.take_wide(&mut place).map(wide_to_f64);
            Some(Usage {
                architecture: function.architecture,
                memory: function.memory,
                ephemeral_storage: function.ephemeral_storage,
                invocations,
                billed_ms: take_wide()? * scale,
                billed_provisioned_ms: take_wide()? * scale,
                provisioned_instance_ms: take_wide()? / 1e6 * scale,
                response_bytes: invocations * to_f64(function.response.0),
                snapshot: function.snapshot,
                cold_starts,
                span_s: run_s,
            })
        })
    }
}

/// The prices of each section, in which all functions together fill the account's tiers. `None` when
/// the price book does not know the scenario's region.
pub(crate) fn accounts<F, U>(
    scenario: &Scenario,
    sections: usize,
    functions: impl Fn() -> F,
) -> Option<Vec<Account>>
where
    F: Iterator<Item = U>,
    U: Iterator<Item = Usage>,
{
    let claims = FreeTierClaims::new(&scenario.platform.price).ok()?;
    let mut claims = vec![claims; sections];
    for usages in functions() {
        for (claims, usage) in claims.iter_mut().zip(usages) {
            claims.add(&usage);
        }
    }
    let mut tiers: Vec<_> = claims.into_iter().map(FreeTierClaims::settle).collect();
    for usages in functions() {
        for (tiers, usage) in tiers.iter_mut().zip(usages) {
            tiers.add(&usage);
        }
    }
    Some(tiers.into_iter().map(TierLoads::settle).collect())
}

/// The factor from what a section used to what the whole run uses; 0 for an empty section.
pub(crate) fn scale_to_run(section: &Period, run_s: f64) -> f64 {
    if section.span_ns == 0 {
        return 0.0;
    }
    run_s * 1e9 / to_f64(section.span_ns)
}
