//! One run of the batch kernel: prints requests, cold starts and CPU seconds, as the peers do.
#![expect(
    clippy::print_stdout,
    reason = "the figures are what this program is for"
)]

use frostline_benches::{Path, on_one_thread, scenario, thread_cpu_s};
use frostline_sim::{Kernels, Options, Unobserved, simulate};

fn main() {
    let numbers: Vec<f64> = std::env::args()
        .skip(1)
        .filter_map(|word| word.parse().ok())
        .collect();
    let &[load, requests, seed] = numbers.as_slice() else {
        println!("usage: one LOAD REQUESTS SEED");
        return;
    };
    let scenario = scenario(Path::Batch, load, requests);
    let seed = frostline_models::math::round_to_u64(seed);
    on_one_thread(|| {
        let started = thread_cpu_s();
        let options = Options {
            seed,
            kernels: Kernels::Fastest,
            observer: &Unobserved,
        };
        let outcome = simulate(&scenario, options).expect("because nobody cancels");
        let spent = thread_cpu_s() - started;
        let counts = outcome.functions[0].replications[0].counts;
        println!("{} {} {spent}", counts.requests, counts.cold_starts);
    });
}
