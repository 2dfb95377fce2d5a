//! Prints how much faster many numbers of provisioned instances are over one stream than in runs of
//! their own, as ratios of thread CPU time: the median of three rounds in which both take turns. What
//! is compared is asserted to be the same, bit for bit.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use std::ops::RangeInclusive;

use frostline_benches::{Path, on_one_thread, scenario, thread_cpu_s};
use frostline_models::math::{round_to_u64, slot, wide_index};
use frostline_models::scenario::{Scenario, WarmUp};
use frostline_sim::outcome::{FunctionOutcome, RunSpan};
use frostline_sim::provisioned::{places, simulate_each_number};
use frostline_sim::{Kernels, Options, Unobserved, simulate, span_of};

const ROUNDS: usize = 3;
const REQUESTS: f64 = 5e5;

const OPTIONS: Options<'static> = Options {
    seed: 1,
    kernels: Kernels::EventOnly,
    observer: &Unobserved,
};

fn main() {
    println!("| separate runs over one pass, busy instances = | 10 | 100 | 1,000 |");
    println!("|---|---|---|---|");
    let row = |what: &str, ratio: &dyn Fn(f64) -> f64| {
        let cells = [10.0, 100.0, 1_000.0].map(|load| format!("{:.1}", ratio(load)));
        println!("| {what} | {} |", cells.join(" | "));
    };
    row("100 numbers, spill and utilisation", &spill);
    row("32 numbers, everything, from the mean up", &everything);
}

/// So many whole numbers around and above the mean number of busy instances.
fn numbers(load: f64, count: u32) -> RangeInclusive<u32> {
    let mean = slot(wide_index(round_to_u64(load)));
    let first = mean.saturating_sub(count / 2).max(1);
    first..=first + count - 1
}

fn measured(load: f64) -> (Scenario, RunSpan) {
    let mut scenario = scenario(Path::Event, load, REQUESTS);
    scenario.platform.scale_up = None;
    scenario.run.warm_up = WarmUp::Fixed(frostline_models::units::SimDuration::ZERO);
    let span = span_of(&scenario, OPTIONS).expect("because nobody cancels");
    (scenario, span)
}

fn own_run(scenario: &Scenario, number: u32) -> FunctionOutcome {
    let mut scenario = scenario.clone();
    scenario.functions[0].provisioned.instances = number;
    let mut outcome = simulate(&scenario, OPTIONS).expect("because nobody cancels");
    outcome.functions.remove(0)
}

fn timed<T: Send>(work: impl FnOnce() -> T + Send) -> (f64, T) {
    on_one_thread(|| {
        let started = thread_cpu_s();
        let found = work();
        (thread_cpu_s() - started, found)
    })
}

fn median(mut ratios: Vec<f64>) -> f64 {
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// A hundred numbers: who spills over and how long provisioned instances are busy.
fn spill(load: f64) -> f64 {
    let (scenario, span) = measured(load);
    let ratios = (0..ROUNDS).map(|_| {
        let (together, rows) = timed(|| places(&scenario, OPTIONS, span, 0..1));
        let rows = rows.expect("because nobody cancels");
        let row = &rows.expect("because nothing is limited")[0];
        let mut apart = 0.0;
        for number in numbers(load, 100) {
            let (took, own) = timed(|| own_run(&scenario, number));
            apart += took;
            let (served, beyond) = row.split_at(row.len().min(wide_index(u64::from(number))));
            let periods = &own.replications[0].periods;
            let spilled: u64 = periods.iter().map(|period| period.counts.spillovers).sum();
            let busy: u128 = periods
                .iter()
                .map(|period| period.provisioned_busy_ns)
                .sum();
            assert_eq!(
                beyond.iter().map(|place| place.requests).sum::<u64>(),
                spilled
            );
            assert_eq!(served.iter().map(|place| place.busy_ns).sum::<u128>(), busy);
        }
        apart / together
    });
    median(ratios.collect())
}

/// Thirty-two numbers, on demand and provisioned: every count, integral and distribution.
fn everything(load: f64) -> f64 {
    let (scenario, span) = measured(load);
    let numbers: Vec<u32> = numbers(load + 16.0, 32).collect();
    let ratios = (0..ROUNDS).map(|_| {
        let (together, outcomes) =
            timed(|| simulate_each_number(&scenario, OPTIONS, span, &numbers, 0..1));
        let outcomes = outcomes.expect("because nobody cancels");
        let mut apart = 0.0;
        for (number, outcome) in numbers.iter().zip(&outcomes) {
            let (took, own) = timed(|| own_run(&scenario, *number));
            apart += took;
            assert_eq!(*outcome, own, "{number} provisioned");
        }
        apart / together
    });
    median(ratios.collect())
}
