//! A recorded day: functions with counts a minute and durations by seven quantiles, as the traces of
//! 2019 have them, from the engine to the summary.

use frostline_models::arrival::{Arrivals, Counts, Placement};
use frostline_models::init::Init;
use frostline_models::keepalive::KeepAlive;
use frostline_models::law::Law;
use frostline_models::math::wide_index;
use frostline_models::random::{Purpose, StreamKey};
use frostline_models::scenario::{Function, Scenario, WarmUp};
use frostline_models::units::SimDuration;
use frostline_report::summary::{Manifest, Summary};
use frostline_report::tally::Tally;
use frostline_sim::{Kernels, Options, Unobserved, simulate_each};

const MINUTES: u64 = 1_440;

/// What a function's durations are scaled by, in turn, in nanoseconds: 10 ms to 10 s.
const MEDIANS_NS: [u64; 4] = [10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000];

/// A day of `functions` functions with `requests` requests each, spread evenly over its minutes.
///
/// # Panics
/// When a minute would hold more than 2³² requests.
pub fn scenario(functions: u64, requests: u64) -> Scenario {
    let functions = (0..functions).map(|number| {
        let cells = (0..MINUTES).map(|minute| {
            // The functions' requests fall into different minutes.
            let until = |minute: u64| (minute * requests + number % MINUTES) / MINUTES;
            let count = until(minute + 1) - until(minute);
            let minute = u32::try_from(minute).expect("because a day is short");
            (
                minute,
                u32::try_from(count).expect("because benches use sensible loads"),
            )
        });
        let counts = Counts::new(SimDuration::from_secs(60), Placement::Uniform, cells);
        let median = MEDIANS_NS[wide_index(number % 4)];
        let name = format!("f{number}");
        let mut function = Function::new(&name, Arrivals::Counts(counts), durations(median));
        function.keep_alive = KeepAlive::Fixed(SimDuration::from_secs(600));
        function.init = Init::total(Law::Constant(SimDuration::from_millis(200)));
        function
    });
    let day = SimDuration::from_secs(60 * MINUTES);
    let mut scenario = Scenario::new(functions.collect(), day, 1);
    scenario.run.warm_up = WarmUp::Fixed(SimDuration::ZERO);
    scenario
}

/// Seven quantiles around a median.
fn durations(median_ns: u64) -> Law {
    let shares = [
        (0.0, 10),
        (0.01, 25),
        (0.25, 60),
        (0.5, 100),
        (0.75, 180),
        (0.99, 700),
        (1.0, 2_000),
    ];
    let points = shares.map(|(p, percent)| (p, SimDuration(median_ns / 100 * percent)));
    Law::empirical(&points).expect("because the quantiles rise")
}

/// Draws, or requests, of a case of one kind of draw.
pub const DRAWS: u64 = 1_000_000;

/// The sum of so many durations, drawn in blocks as the engine does.
pub fn draw_durations() -> u64 {
    let sampler = durations(MEDIANS_NS[1]).sampler();
    let key = StreamKey::new(1, 0, 0, Purpose::Duration);
    let mut block = [0; 2_000];
    (0..DRAWS / 2_000).fold(0, |sum: u64, number| {
        sampler.fill(&mut key.block(number), &mut block);
        block
            .iter()
            .fold(sum, |sum, value| sum.wrapping_add(*value))
    })
}

/// A function whose requests take a millisecond and are placed so in their minutes.
///
/// # Panics
/// Never: the day has fewer than 2³² requests.
pub fn instants(placement: Placement) -> Scenario {
    let mut scenario = scenario(1, DRAWS);
    let function = &mut scenario.functions[0];
    if let Arrivals::Counts(counts) = &mut function.arrivals {
        counts.placement = placement;
    }
    function.duration = Law::Constant(SimDuration::from_millis(1));
    scenario
}

/// Simulates and sums up; what was counted and inferred, in one number, and the requests.
///
/// # Panics
/// Never: nobody cancels.
pub fn run(scenario: &Scenario) -> (u64, u64) {
    let options = Options {
        seed: 1,
        kernels: Kernels::Fastest,
        observer: &Unobserved,
    };
    let tally = Tally::new(scenario);
    let span = simulate_each(scenario, options, &|place, function| {
        tally.add(place, function);
    });
    let manifest = Manifest {
        version: String::new(),
        scenario: String::new(),
        seed: 1,
    };
    let summary = tally.summary(span.expect("because nobody cancels"), manifest);
    (checksum(&summary), summary.totals.counts.requests)
}

/// The sum of the functions' cold starts and of the bits of their estimates.
fn checksum(summary: &Summary) -> u64 {
    let functions = summary.functions.iter();
    functions.fold(0, |sum: u64, function| {
        let estimates = &function.estimates;
        let p99 = estimates
            .latency_ms
            .p99
            .map_or(0, |p99| p99.point.to_bits());
        let idle = estimates.instances.mean_idle;
        sum.wrapping_mul(31)
            .wrapping_add(function.counts.cold_starts)
            .wrapping_add(p99)
            .wrapping_add(idle.point.to_bits() ^ idle.high.map_or(0, f64::to_bits))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change here is a change of results: it belongs in the CHANGELOG as value-breaking.
    #[test]
    fn every_case_gives_its_checksum() {
        let days = [(10_000, 20), (100, 2_000), (4, 50_000)];
        let found = days.map(|(functions, requests)| run(&scenario(functions, requests)));
        assert_eq!(found.map(|(_, requests)| requests), [200_000; 3]);
        assert_eq!(
            found.map(|(checksum, _)| format!("{checksum:016x}")),
            ["cc36cf6bc1c5a58f", "ff895bd6985aedc8", "1a5c0aeaf58ddcbf"]
        );
        for placement in [Placement::Uniform, Placement::MinuteStart] {
            assert_eq!(run(&instants(placement)).1, DRAWS);
        }
    }
}
