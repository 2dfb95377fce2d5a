//! What a cold start takes: a function of the request that causes it, whichever policy made it cold.

use frostline_models::init::Phase;
use frostline_models::law::{Law, Sampler};
use frostline_models::math::wide_index;
use frostline_models::random::{Purpose, StreamKey};
use frostline_models::scenario::Function;
use frostline_models::units::SimDuration;

use crate::job::Job;

/// Draws the init of instances.
pub(crate) struct ColdStarts {
    phases: Vec<(Phase, StreamKey, Sampler)>,
    first_invocation: Option<(StreamKey, Sampler)>,
    init_billed: bool,
}

/// The draws of one cold start, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ColdStart {
    /// From asking for the instance until it can take a request.
    pub(crate) init: u64,
    /// The part of it that is billed with the first invocation.
    pub(crate) billed_init: u64,
    /// What the first invocation takes in addition.
    pub(crate) first_extra: u64,
}

impl ColdStarts {
    /// The cold starts of `function`, with init drawn from the streams of `purpose`.
    pub(crate) fn new(job: &Job<'_>, function: &Function, purpose: Purpose) -> Self {
        let key = |purpose| job.key(function, purpose);
        let mut seen = [0_u64; Phase::ALL.len()];
        let mut phases = Vec::new();
        for (phase, law) in function.init.phases() {
            // A phase that occurs again (an extension's init beside the function's) draws anew.
            let number = phase_number(*phase);
            let again = &mut seen[wide_index(number)];
            phases.push((*phase, key(purpose).at(number + 16 * *again), law.sampler()));
            *again += 1;
        }
        Self {
            phases,
            first_invocation: (function.first_invocation != Law::ZERO).then(|| {
                (
                    key(Purpose::FirstInvocation),
                    function.first_invocation.sampler(),
                )
            }),
            init_billed: job.scenario.platform.price.bills_init(
                function.package,
                function.managed_runtime,
                function.snapshot,
            ),
        }
    }

    /// The cold start that request `request` causes.
    pub(crate) fn draw(&self, request: u64) -> ColdStart {
        let mut cold = ColdStart {
            init: 0,
            billed_init: 0,
            first_extra: 0,
        };
        for (phase, key, sampler) in &self.phases {
            let span = sampler.draw(&mut key.block(request));
            cold.init = cold.init.saturating_add(span);
            if self.init_billed && phase.is_reported_init() {
                cold.billed_init = cold.billed_init.saturating_add(span);
            }
        }
        cold.first_extra = self.first_extra(request);
        cold
    }

    /// What an instance's first invocation takes in addition when request `request` is the one.
    pub(crate) fn first_extra(&self, request: u64) -> u64 {
        let law = self.first_invocation.as_ref();
        law.map_or(0, |(key, sampler)| sampler.draw(&mut key.block(request)))
    }

    /// The phases of the init that request `request` causes, for its record.
    pub(crate) fn phases(&self, request: u64) -> Vec<(Phase, SimDuration)> {
        let phases = self.phases.iter();
        phases
            .map(|(phase, key, law)| (*phase, SimDuration(law.draw(&mut key.block(request)))))
            .collect()
    }
}

/// A number that stays the phase's own when others are added.
fn phase_number(phase: Phase) -> u64 {
    match phase {
        Phase::Placement => 0,
        Phase::Network => 1,
        Phase::Fetch => 2,
        Phase::Sandbox => 3,
        Phase::Runtime => 4,
        Phase::Code => 5,
        Phase::Restore => 6,
        Phase::Total => 7,
    }
}
