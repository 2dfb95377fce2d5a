//! One replication to run: what both kernels need to know.

use frostline_models::random::{Purpose, StreamKey, entity_id};
use frostline_models::scenario::{Function, Scenario};

use crate::meter::Sample;
use crate::outcome::{Counts, Kernel, Period, ReplicationOutcome};
use crate::plan::{First, Plan};
use crate::stream::ORIGIN;

/// One replication of a scenario.
pub(crate) struct Job<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) seed: u64,
    pub(crate) replication: u32,
    /// Where kernels stop on the engine's clock, ascending; the last is the end of the run.
    pub(crate) stops: Vec<Stop>,
    /// What the first measurement period is.
    pub(crate) first: First,
    /// The start on the engine's clock: earlier than that of the run where something is played
    /// before it.
    pub(crate) start: u64,
    /// The end of the run on the engine's clock.
    pub(crate) end: u64,
    /// Functions that share the account's limits.
    pub(crate) sharers: u64,
    /// The account's concurrency that no function has reserved or provisioned.
    unreserved_pool: u64,
}

/// Where kernels stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) at: u64,
    /// Whether a sample ends here.
    pub(crate) is_mark: bool,
    /// Whether a measurement period ends here.
    pub(crate) ends_period: bool,
}

/// How much of the shared limits one function used: whether functions that were run apart would
/// have met is decided from it. And what shows whether its run has settled.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Usage {
    /// Requests that ran at once at the most, on instances that are not provisioned.
    pub(crate) concurrency_peak: u64,
    /// Share of the request rate limit.
    pub(crate) rate_share: f64,
    /// Whether a request met a limit or was cut off, so that its like left a trace in the pool.
    pub(crate) was_limited: bool,
    /// What happened from mark to mark.
    pub(crate) samples: Vec<Sample>,
}

impl<'a> Job<'a> {
    /// One replication, measured as planned.
    pub(crate) fn new(scenario: &'a Scenario, seed: u64, replication: u32, plan: &Plan) -> Self {
        Self {
            scenario,
            seed,
            replication,
            stops: plan.stops(replication),
            first: plan.first,
            start: ORIGIN - plan.played_before_ns,
            end: ORIGIN + scenario.run.duration.0,
            sharers: frostline_models::math::word(scenario.functions.len()),
            unreserved_pool: unreserved_pool(scenario),
        }
    }

    /// The random stream of a function. Its id is its name's, so that it keeps its streams when
    /// others come or go.
    pub(crate) fn key(&self, function: &Function, purpose: Purpose) -> StreamKey {
        StreamKey::new(
            self.seed,
            self.replication,
            entity_id(&function.name),
            purpose,
        )
    }

    /// Requests of a function that may run at once on demand: its reserved concurrency, or what
    /// the account has left for functions without.
    pub(crate) fn concurrency_limit(&self, function: &Function) -> u64 {
        reserved_on_demand(function).unwrap_or_else(|| self.unreserved_pool())
    }

    /// Whether its functions may meet at a limit of the account.
    pub(crate) fn shares_limits(&self) -> bool {
        let platform = &self.scenario.platform;
        let is_limited = platform.account_concurrency.is_some() || platform.request_rate.is_some();
        self.sharers > 1 && is_limited
    }

    /// The account's concurrency that no function has reserved or provisioned.
    pub(crate) fn unreserved_pool(&self) -> u64 {
        self.unreserved_pool
    }

    /// What these functions claim of the account's concurrency at the most, but not at the start.
    pub(crate) fn unclaimed_at_start(&self, functions: &[usize]) -> u64 {
        let functions = functions
            .iter()
            .map(|place| &self.scenario.functions[*place]);
        let unreserved = functions.filter(|function| function.reserved.is_none());
        let claims = unreserved.map(|function| {
            let provisioned = &function.provisioned;
            u64::from(provisioned.most() - provisioned.instances)
        });
        claims.sum()
    }

    /// Whether the first measurement period is left out of the estimates.
    pub(crate) fn discards_first(&self) -> bool {
        self.first != First::Measured
    }

    /// Splits the periods of a function into warm-up and measurement. What is left out of the
    /// estimates is still in the counts; what was played before the run is in neither.
    pub(crate) fn outcome(&self, mut periods: Vec<Period>, kernel: Kernel) -> ReplicationOutcome {
        let counted = usize::from(self.first == First::PlayedBefore);
        let mut counts = Counts::default();
        for period in &periods[counted..] {
            counts.add(&period.counts);
        }
        if self.discards_first() {
            periods.remove(0);
        }
        ReplicationOutcome {
            counts,
            periods,
            kernel,
        }
    }
}

fn unreserved_pool(scenario: &Scenario) -> u64 {
    let Some(account) = scenario.platform.account_concurrency else {
        return u64::MAX;
    };
    let claimed = scenario.functions.iter().map(|function| {
        function
            .reserved
            .unwrap_or(u64::from(function.provisioned.most()))
    });
    account.saturating_sub(claimed.sum())
}

/// What a function's reserved concurrency leaves beside its provisioned one.
pub(crate) fn reserved_on_demand(function: &Function) -> Option<u64> {
    let provisioned = u64::from(function.provisioned.instances);
    function
        .reserved
        .map(|reserved| reserved.saturating_sub(provisioned))
}
