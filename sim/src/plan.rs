//! What is measured when: warm-up, replications, and the batches of a single long run.

use frostline_models::arrival::Arrivals;
use frostline_models::init::Init;
use frostline_models::keepalive::{KeepAlive, Reuse};
use frostline_models::math::word;
use frostline_models::scenario::{Function, Scenario, WarmUp};
use frostline_models::units::SimDuration;
use frostline_stats::outcome::{RunSpan, WarmUpRule};

use crate::job::Stop;
use crate::stream::ORIGIN;
use crate::warm_up::{self, SAMPLES, SHOWN, Shown};

/// A single replication is cut into this many batches, for intervals by batch means.
const BATCHES: u64 = 32;

/// A span that is exceeded with this probability counts as the longest.
const NEGLIGIBLE: f64 = 1e-9;

/// What is played before a run is at most a day.
const DAY: u64 = 86_400_000_000_000;

/// Functions times replications whose samples are kept, 320 of 48 bytes each.
const MOST_SHOWN: u64 = 10_000;

/// What is measured when, in every replication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The simulated span in nanoseconds.
    duration: u64,
    /// Measurement periods after warm-up.
    periods: u64,
    /// What is left out at the start, how much should be, and what decided it.
    pub(crate) span: RunSpan,
    /// What the first measurement period is.
    pub(crate) first: First,
    /// What is played before the run, in nanoseconds.
    pub(crate) played_before_ns: u64,
    /// Whether the run itself has to show that enough is left out.
    pub(crate) is_open: bool,
}

/// What the first measurement period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    /// Measured like all others.
    Measured,
    /// Warm-up: counted, but in no estimate.
    WarmUp,
    /// What is played before the run: neither counted nor in an estimate.
    PlayedBefore,
}

impl Plan {
    /// The plan for a scenario, as far as it can be made before a run.
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let duration = scenario.run.duration.0;
        let mut plan = Self {
            duration,
            periods: 1,
            span: RunSpan {
                warm_up_ns: 0,
                end_ns: duration,
                warm_up_wanted_ns: 0,
                warm_up_rule: WarmUpRule::Nothing,
            },
            first: First::Measured,
            played_before_ns: 0,
            is_open: false,
        };
        match scenario.run.warm_up {
            WarmUp::Fixed(SimDuration::ZERO) => {}
            WarmUp::Fixed(span) => plan.leave_out(span.0, span.0, WarmUpRule::Fixed),
            WarmUp::Auto => plan.decide_before(scenario),
            WarmUp::PreviousDay => {
                plan.played_before_ns = duration.min(DAY);
                plan.first = First::PlayedBefore;
                plan.span.warm_up_rule = WarmUpRule::PreviousDay {
                    played_ns: plan.played_before_ns,
                };
            }
        }
        if scenario.run.replications == 1 {
            plan.periods = BATCHES.min(duration - plan.span.warm_up_ns);
        }
        plan
    }

    /// The plan of a run that was made, for more replications of it.
    pub(crate) fn of_span(scenario: &Scenario, span: RunSpan) -> Self {
        let mut plan = Self::new(scenario);
        plan.is_open = false;
        plan.leave_out(span.warm_up_ns, span.warm_up_wanted_ns, span.warm_up_rule);
        plan
    }

    /// Automatic warm-up: what theory says, or a first guess that the run has to confirm.
    fn decide_before(&mut self, scenario: &Scenario) {
        let memory = memory_of(scenario).0;
        let is_exact = scenario.functions.iter().all(is_memoryless);
        let varies = scenario
            .functions
            .iter()
            .any(|f| varies_by_design(&f.arrivals));
        let watched =
            word(scenario.functions.len()) * u64::from(scenario.run.replications.min(SHOWN));
        // No series tells a warm-up from a rate that changes, nor can ever so many be watched.
        let can_show = !varies && watched <= MOST_SHOWN && self.duration >= word(SAMPLES);
        self.is_open = can_show && (!is_exact || may_meet_a_limit(scenario));
        if is_exact || !can_show {
            self.leave_out(memory, memory, WarmUpRule::PoolMemory);
        } else {
            let guess = memory.min(self.duration / 10);
            self.leave_out(guess, guess, WarmUpRule::Mser5 { unsettled: None });
        }
    }

    /// The plan after a run has shown what happened: the larger of what was left out and what
    /// MSER-5 wants left out, unless the pools were memoryless throughout.
    pub(crate) fn decided(mut self, scenario: &Scenario, shown: &Shown) -> Self {
        self.is_open = false;
        let is_exact = scenario.functions.iter().all(is_memoryless);
        if is_exact && !shown.was_limited {
            return self;
        }
        let Some(cut) = warm_up::cut(&shown.replications) else {
            return self;
        };
        let samples = u128::from(word(SAMPLES));
        let cut_ns = u128::from(self.duration) * u128::from(word(cut.samples)) / samples;
        let cut_ns = u64::try_from(cut_ns).expect("because a part is at most the whole");
        let used = self.span.warm_up_ns.max(cut_ns);
        let unsettled = cut.unsettled;
        let wanted = if is_exact {
            self.span.warm_up_wanted_ns.max(used)
        } else {
            used
        };
        self.leave_out(used, wanted, WarmUpRule::Mser5 { unsettled });
        self
    }

    fn leave_out(&mut self, wish_ns: u64, wanted_ns: u64, rule: WarmUpRule) {
        // More than half of the run is never thrown away.
        self.span.warm_up_ns = wish_ns.min(self.duration / 2);
        self.span.warm_up_wanted_ns = wanted_ns;
        self.span.warm_up_rule = rule;
        if self.first != First::PlayedBefore {
            self.first = if self.span.warm_up_ns > 0 {
                First::WarmUp
            } else {
                First::Measured
            };
        }
    }

    /// Where the kernels stop in a replication.
    pub(crate) fn stops(&self, replication: u32) -> Vec<Stop> {
        let warm_up = self.span.warm_up_ns;
        let mut stops = Vec::new();
        let mut add = |at: u64, is_mark: bool| {
            stops.push(Stop {
                at: ORIGIN + at,
                is_mark,
                ends_period: !is_mark,
            });
        };
        if self.first != First::Measured {
            add(warm_up, false);
        }
        for period in 1..=self.periods {
            add(
                warm_up + part(self.duration - warm_up, period, self.periods),
                false,
            );
        }
        if self.is_open && replication < SHOWN {
            let samples = word(SAMPLES);
            for sample in 1..=samples {
                add(part(self.duration, sample, samples), true);
            }
        }
        stops.sort_by_key(|stop| (stop.at, !stop.is_mark));
        // Where both fall together, the sample ends first, at the same stop.
        stops.dedup_by(|later, earlier| {
            let same = later.at == earlier.at;
            if same {
                earlier.ends_period |= later.ends_period;
                earlier.is_mark |= later.is_mark;
            }
            same
        });
        stops
    }
}

/// The end of the `number`-th of `parts` equal parts of a span.
fn part(span: u64, number: u64, parts: u64) -> u64 {
    let end = u128::from(span) * u128::from(number) / u128::from(parts);
    u64::try_from(end).expect("because a part is at most the whole")
}

/// Whether a pool forgets how it started after its memory: one request an instance, most-recent
/// reuse and a bounded keep-alive, as long as no limit is met. (With any arrivals and services the
/// instances alive are the most that were busy at once during the last keep-alive.)
fn is_memoryless(function: &Function) -> bool {
    let is_bounded = matches!(
        function.keep_alive,
        KeepAlive::Fixed(_) | KeepAlive::Uniform { .. } | KeepAlive::None
    );
    is_bounded
        && function.concurrency == 1
        && function.reuse == Reuse::MostRecent
        && function.maximum_age.is_none()
        && function.provisioned.scaling.is_none()
}

/// Whether the rate of arrivals changes over the run by design, or is a record of what happened.
fn varies_by_design(arrivals: &Arrivals) -> bool {
    match arrivals {
        Arrivals::Poisson(_) | Arrivals::Renewal(_) | Arrivals::Mmpp(_) | Arrivals::Bursts(_) => {
            false
        }
        Arrivals::Piecewise(_)
        | Arrivals::Sinusoidal(_)
        | Arrivals::Recorded(_)
        | Arrivals::Counts(_) => true,
    }
}

/// Whether there is a limit or timeout at all.
fn may_meet_a_limit(scenario: &Scenario) -> bool {
    let platform = &scenario.platform;
    let is_limited = |function: &Function| {
        function.reserved.is_some()
            || function.maximum_instances.is_some()
            || function.timeout.is_some()
    };
    platform.account_concurrency.is_some()
        || platform.scale_up.is_some()
        || platform.request_rate.is_some()
        || scenario.functions.iter().any(is_limited)
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
