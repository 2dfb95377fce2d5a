//! What is measured when: warm-up, replications, and the batches of a single long run.

use frostline_models::init::Init;
use frostline_models::scenario::{Function, Scenario, WarmUp};
use frostline_models::units::SimDuration;

/// A single replication is cut into this many batches, for intervals by batch means.
const BATCHES: u64 = 32;

/// A span that is exceeded with this probability counts as the longest.
const NEGLIGIBLE: f64 = 1e-9;

/// The measurement periods of every replication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Periods {
    /// Their ends in nanoseconds from the start of the run, ascending.
    pub(crate) boundaries: Vec<u64>,
    /// Whether the first one is warm-up, not measured.
    pub(crate) discard_first: bool,
    /// How long warm-up should be; it is cut where the run is too short.
    pub(crate) warm_up_wanted_ns: u64,
}

impl Periods {
    /// The periods of a scenario.
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let duration = scenario.run.duration.0;
        let wanted = match scenario.run.warm_up {
            WarmUp::Auto => memory_of(scenario),
            WarmUp::Fixed(span) => span,
        };
        // More than half of the run is never thrown away.
        let warm_up = wanted.0.min(duration / 2);
        let measured = duration - warm_up;
        let periods = if scenario.run.replications == 1 {
            BATCHES.min(measured)
        } else {
            1
        };
        let mut boundaries = Vec::new();
        if warm_up > 0 {
            boundaries.push(warm_up);
        }
        let share = u128::from(measured);
        boundaries.extend((1..=periods).map(|period| {
            let part = share * u128::from(period) / u128::from(periods);
            warm_up + u64::try_from(part).expect("because a part is at most the whole")
        }));
        Self {
            boundaries,
            discard_first: warm_up > 0,
            warm_up_wanted_ns: wanted.0,
        }
    }

    /// The end of warm-up in nanoseconds.
    pub(crate) fn warm_up_ns(&self) -> u64 {
        if self.discard_first {
            self.boundaries[0]
        } else {
            0
        }
    }
}

/// How long the state of the pools remembers how it started: keep-alive + longest duration + longest
/// init of any function, with what a queue may hold back. Exact where nothing is limited and an
/// instance serves one request; elsewhere the usual rule of thumb.
fn memory_of(scenario: &Scenario) -> SimDuration {
    let memories = scenario.functions.iter().map(memory_of_function);
    let longest = memories.max().unwrap_or(0);
    let provisioning = scenario
        .functions
        .iter()
        .filter(|f| f.provisioned.allocate_at_start);
    let allocation = provisioning
        .map(|f| allocation_of(scenario, f))
        .max()
        .unwrap_or(0);
    SimDuration(longest.saturating_add(allocation).min(SimDuration::MAX.0))
}

fn memory_of_function(function: &Function) -> u64 {
    let keep_alive = function
        .keep_alive
        .longest()
        .map_or(SimDuration::MAX.0, |span| span.0);
    let longest = function.duration.exceeded_with(NEGLIGIBLE).0;
    let duration = function
        .timeout
        .map_or(longest, |timeout| longest.min(timeout.0));
    let waiting = if function.queue.length > 0 {
        function.queue.wait.0
    } else {
        0
    };
    keep_alive
        .saturating_add(duration)
        .saturating_add(longest_init(&function.init))
        .saturating_add(waiting)
}

fn longest_init(init: &Init) -> u64 {
    let phases = init.phases().iter();
    phases.fold(0, |sum, (_, law)| {
        sum.saturating_add(law.exceeded_with(NEGLIGIBLE).0)
    })
}

fn allocation_of(scenario: &Scenario, function: &Function) -> u64 {
    let provisioning = &scenario.platform.provisioning;
    let pace = provisioning.pace;
    let starts = u128::from(function.provisioned.instances) * u128::from(pace.per.0);
    let last = u64::try_from(starts / u128::from(pace.count)).unwrap_or(u64::MAX);
    provisioning
        .delay
        .0
        .saturating_add(last)
        .saturating_add(longest_init(&function.init))
}
