//! What is measured: one function on the engine, in the ways that take different paths through it.
//!
//! Every case has a checksum, the sum of what a run counted, so that each benchmark is also a test:
//! `cargo test -p frostline-benches` runs all of them once. Figures are thread CPU time, measured on
//! a pool of one thread; compare them as ratios within one run.

pub mod coverage;
pub mod day;
pub mod gate;

use frostline_models::arrival::Arrivals;
use frostline_models::init::Init;
use frostline_models::keepalive::KeepAlive;
use frostline_models::law::Law;
use frostline_models::math::{round_to_u64, to_f64};
use frostline_models::scenario::{Function, Queue, Scenario, WarmUp};
use frostline_models::units::{Quota, Rate, SimDuration};
use frostline_sim::{Kernels, Options, Unobserved, simulate};
use rustix::time::{ClockId, clock_gettime};

/// A way through the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// The batch kernel.
    Batch,
    /// The event kernel on what the batch kernel could run.
    Event,
    /// The event kernel under a concurrency limit that refuses some.
    Limit,
    /// The event kernel with a limit and a queue.
    Queue,
    /// The event kernel with four requests an instance.
    Shared,
}

impl Path {
    /// Every path.
    pub const ALL: [Self; 5] = [
        Self::Batch,
        Self::Event,
        Self::Limit,
        Self::Queue,
        Self::Shared,
    ];

    /// A name for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Event => "event",
            Self::Limit => "event, limit",
            Self::Queue => "event, limit and queue",
            Self::Shared => "event, 4 requests an instance",
        }
    }
}

/// One function with Poisson arrivals, exponential durations of mean 1 s and init of mean 0.5 s,
/// kept for 60 s, with `load` busy instances in the mean and about so many requests.
///
/// # Panics
/// When `load` is not a rate.
pub fn scenario(path: Path, load: f64, requests: f64) -> Scenario {
    let rate = Rate::per_second(load).expect("because benches use sensible loads");
    let exponential = |milliseconds| {
        Law::exponential(SimDuration::from_millis(milliseconds)).expect("because it is not zero")
    };
    let mut function = Function::new("f", Arrivals::Poisson(rate), exponential(1_000));
    function.keep_alive = KeepAlive::Fixed(SimDuration::from_secs(60));
    function.init = Init::total(exponential(500));
    // Twice the standard deviation above the mean: refuses some per cent.
    let limit = round_to_u64(load + 2.0 * load.sqrt());
    let mut account = None;
    match path {
        Path::Batch | Path::Event => {}
        Path::Limit => account = Some(limit),
        Path::Queue => {
            account = Some(limit);
            function.queue = Queue {
                length: 1_000,
                wait: SimDuration::from_secs(10),
            };
        }
        Path::Shared => function.concurrency = 4,
    }
    let seconds = round_to_u64(requests / load).max(1);
    let mut scenario = Scenario::new(vec![function], SimDuration::from_secs(seconds), 1);
    scenario.run.warm_up = WarmUp::Fixed(SimDuration::from_secs(seconds / 100));
    scenario.platform.account_concurrency = account;
    scenario.platform.scale_up = Some(Quota {
        count: 1_000_000,
        per: SimDuration::from_secs(1),
    });
    scenario
}

/// Runs a scenario; what it counted, in one number, and the requests.
///
/// # Panics
/// Never: nobody cancels.
pub fn run(path: Path, scenario: &Scenario) -> (u128, u64) {
    let kernels = if path == Path::Batch {
        Kernels::Fastest
    } else {
        Kernels::EventOnly
    };
    let options = Options {
        seed: 1,
        kernels,
        observer: &Unobserved,
    };
    let outcome = simulate(scenario, options).expect("because nobody cancels");
    let mut checksum = 0_u128;
    let mut requests = 0;
    for replication in outcome
        .functions
        .iter()
        .flat_map(|function| &function.replications)
    {
        let counts = &replication.counts;
        requests += counts.requests;
        checksum += u128::from(counts.requests + 3 * counts.cold_starts + 7 * counts.throttles);
        for period in &replication.periods {
            checksum += period.alive_ns + 3 * period.busy_ns + 5 * period.billed_ms;
        }
    }
    (checksum, requests)
}

/// CPU seconds of this thread.
pub fn thread_cpu_s() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let part = |value: i64| to_f64(u64::try_from(value).unwrap_or(0));
    part(now.tv_sec) + part(now.tv_nsec) / 1e9
}

/// Runs `work` on a pool of one thread.
///
/// # Panics
/// When the machine cannot start a thread.
pub fn on_one_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.expect("because a machine that runs benches can start a thread")
        .install(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change here is a change of results: it belongs in the CHANGELOG as value-breaking.
    #[test]
    fn every_path_gives_its_checksum() {
        let found = Path::ALL.map(|path| run(path, &scenario(path, 10.0, 100_000.0)).0);
        assert_eq!(found[0], found[1], "the kernels agree");
        assert_eq!(
            found,
            [
                499_456_062_215_252,
                499_456_062_215_252,
                448_638_807_834_041,
                455_047_329_136_685,
                167_175_719_255_845
            ]
        );
    }
}
