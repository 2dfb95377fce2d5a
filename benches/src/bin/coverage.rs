//! Prints how often intervals cover the truth, as a Markdown table. The first argument is the number
//! of repetitions, 2,000 by default.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use frostline_benches::coverage::{Cell, INIT_S, KEEP_ALIVE_S, Metric, SERVERS, Way};

const REPETITIONS: u32 = 2_000;

fn main() {
    let asked = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let repetitions: u32 = asked.unwrap_or(REPETITIONS);
    let deviation = 100.0 * (0.95 * 0.05 / f64::from(repetitions)).sqrt();
    println!(
        "\
# Coverage of 95 % intervals

How often the interval that `frostline simulate` gives covers the truth, over {repetitions}
repetitions, each on random streams of its own. A true 95 % interval gives 95 % ± {deviation:.2} (one
standard deviation) here. Poisson arrivals, exponential services of mean 1 s, most-recent reuse,
kept for {KEEP_ALIVE_S} s; latencies with an init of {INIT_S} s, cold ratios without (their truth is exact
then, `models::queueing::gap`). Truth of the latencies: 40 replications of 2·10⁸ requests together, with its half width;
that of the queue before {SERVERS} instances that never end is exact (Erlang C). Warm-up is left out
automatically: keep-alive + longest service + longest init, for the queue by MSER-5. A replication
is measured for as long as the table says; the single run whose batches are taken is ten times as
long, so that both ways see as many requests.

| metric | busy instances | measured, s | truth | 10 replications | half width | batches of one run | half width |
|---|---:|---:|---:|---:|---:|---:|---:|"
    );
    let loads = [(1.0, 2_000.0), (10.0, 2_000.0), (100.0, 1_000.0)];
    let mut cells = Vec::new();
    for metric in [Metric::ColdRatio, Metric::MeanLatency, Metric::P99Latency] {
        cells.extend(loads.map(|(load, measured_s)| Cell {
            metric,
            load,
            measured_s,
        }));
    }
    cells.extend([2.0, 3.2].map(|load| Cell {
        metric: Metric::QueueLatency,
        load,
        measured_s: 10_000.0,
    }));
    for cell in cells {
        let (truth, half) = cell.truth();
        let truth_text = if half > 0.0 {
            format!("{truth:.1} ± {half:.1} ms")
        } else if cell.metric == Metric::ColdRatio {
            format!("{:.4} %", 100.0 * truth)
        } else {
            format!("{truth:.1} ms")
        };
        let ways = [Way::Replications, Way::Batches].map(|way| {
            let found = cell.coverage(way, truth, repetitions);
            let mut text = format!("{:.2} %", 100.0 * found.covered);
            if found.without > 0.0 {
                text = format!("{text} ({:.1} % without)", 100.0 * found.without);
            }
            format!("{text} | {:.1} %", 100.0 * found.relative_half_width)
        });
        println!(
            "| {} | {} | {} | {truth_text} | {} |",
            cell.metric.name(),
            cell.load,
            cell.measured_s,
            ways.join(" | ")
        );
    }
}
