//! Prints millions of invocations a second of thread CPU time, as a Markdown table: the median of
//! five rounds in which all cells take turns.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use frostline_benches::{Path, on_one_thread, run, scenario, thread_cpu_s};
use frostline_models::math::to_f64;

const ROUNDS: usize = 5;
const LOADS: [f64; 5] = [1.0, 10.0, 100.0, 1_000.0, 10_000.0];
const REQUESTS: f64 = 1e7;

fn main() {
    let mut rates = vec![[const { Vec::new() }; LOADS.len()]; Path::ALL.len()];
    for _ in 0..ROUNDS {
        for (path, rates) in Path::ALL.iter().zip(&mut rates) {
            for (load, rates) in LOADS.iter().zip(rates) {
                let scenario = scenario(*path, *load, REQUESTS);
                rates.push(on_one_thread(|| {
                    let started = thread_cpu_s();
                    let (_, requests) = run(*path, &scenario);
                    to_f64(requests) / (thread_cpu_s() - started) / 1e6
                }));
            }
        }
    }
    println!("| M invocations/s of CPU time, busy instances = | 1 | 10 | 100 | 1,000 | 10,000 |");
    println!("|---|---|---|---|---|---|");
    for (path, rates) in Path::ALL.iter().zip(&mut rates) {
        let cells = rates.iter_mut().map(|rates| {
            rates.sort_by(f64::total_cmp);
            format!("{:.1}", rates[ROUNDS / 2])
        });
        println!(
            "| {} | {} |",
            path.name(),
            cells.collect::<Vec<_>>().join(" | ")
        );
    }
}
