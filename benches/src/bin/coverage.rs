//! Prints how often intervals cover the truth, as Markdown tables. The first argument is the number
//! of repetitions, 2,000 by default; 100 make a quick run.
#![expect(clippy::print_stdout, reason = "a table is what this program is for")]

use frostline_benches::coverage::{
    Cell, Coverage, Finding, INIT_S, KEEP_ALIVE_S, Metric, SERVERS, Scene, Truth, Way,
};

const REPETITIONS: u32 = 2_000;

/// Busy instances, and how long a replication is measured for, in seconds.
const LOADS: [(f64, f64); 3] = [(1.0, 2_000.0), (10.0, 500.0), (100.0, 100.0)];

/// The same of the queue.
const QUEUE_LOADS: [(f64, f64); 2] = [(2.0, 2_500.0), (3.2, 2_500.0)];

/// The precision asked for, over what ten replications give in the mean: that takes about three
/// times as many replications.
const PRECISION: f64 = 0.6;

fn main() {
    let asked = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let repetitions: u32 = asked.unwrap_or(REPETITIONS);
    introduce(repetitions);
    let mut sequential = Vec::new();
    for cell in cells() {
        let truths = cell.truths();
        let [replications, batches] =
            [Way::Replications, Way::Batches].map(|way| cell.coverage(way, &truths, repetitions));
        let metrics = cell.metrics().iter().zip(&truths);
        for ((metric, truth), (ten, batch)) in metrics.zip(replications.iter().zip(&batches)) {
            println!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                metric.name(),
                cell.load,
                cell.measured_s,
                shown(*metric, truth),
                covered(&ten.ours),
                width(&ten.ours),
                covered(&batch.ours),
                width(&batch.ours),
                covered(&batch.naive),
                width(&batch.naive),
            );
            if cell.scene != Scene::Queue {
                sequential.push((cell, *metric, truths.clone(), *ten));
            }
        }
    }
    println!(
        "
## Until precise

Replications added as `--precision` does, ten at first, until the half width of that metric alone is
small enough. The precision asked for is 0.6 of what ten replications gave in the mean. Stopping where
an interval happens to be short makes it cover a little less.

| metric | busy instances | precision | replications, mean | covered |
|---|---:|---:|---:|---:|"
    );
    for (cell, metric, truths, ten) in sequential {
        until_precise(cell, metric, &truths, &ten, repetitions);
    }
}

fn introduce(repetitions: u32) {
    let deviation = 100.0 * (0.95 * 0.05 / f64::from(repetitions)).sqrt();
    println!(
        "\
# Coverage of 95 % intervals

How often the interval that `frostline simulate` gives covers the truth, over {repetitions}
repetitions, each on random streams of its own, with a 95 % interval of that share (Wilson). A true
95 % interval gives 95 % ± {deviation:.2} (one standard deviation) here. Poisson arrivals, exponential
services of mean 1 s, most-recent reuse, kept for {KEEP_ALIVE_S} s; latencies with an init of {INIT_S} s,
cold ratios without (their truth is exact then, `models::queueing::gap`). Truth of the latencies: 40
replications of 5·10⁷ requests together, with its half width; that of the queue before {SERVERS}
instances that never end is exact (Erlang C). Warm-up is left out automatically: keep-alive + longest
service + longest init, for the queue by MSER-5. A replication is measured for as long as the table
says; the single run whose batches are taken is ten times as long, so that both ways see as many
requests.

*Naive* takes the requests of that single run for independent: p ± 1.96·√(p(1 − p)/n) for the cold
ratio, the order statistics np ± 1.96·√(np(1 − p)) for p99, x̄ ± 1.96·s/√n for the mean (s from 200
quantiles). It is what Frostline does not offer. Half widths are means, over the truth.

| metric | busy instances | measured, s | truth | 10 replications | half width | batches of one run | half width | naive | half width |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    );
}

fn cells() -> Vec<Cell> {
    let of = |scene: Scene, (load, measured_s): (f64, f64)| Cell {
        scene,
        load,
        measured_s,
    };
    let mut cells = Vec::new();
    for scene in [Scene::WithoutInit, Scene::WithInit] {
        cells.extend(LOADS.map(|load| of(scene, load)));
    }
    cells.extend(QUEUE_LOADS.map(|load| of(Scene::Queue, load)));
    cells
}

fn until_precise(cell: Cell, metric: Metric, truths: &[Truth], ten: &Finding, repetitions: u32) {
    let precision = (PRECISION * ten.ours.relative_half_width * 1e3).round() / 1e3;
    let way = Way::UntilPrecise(metric, precision);
    for found in cell.coverage(way, truths, repetitions) {
        println!(
            "| {} | {} | {:.1} % | {:.0} | {} |",
            metric.name(),
            cell.load,
            100.0 * precision,
            found.observations,
            covered(&found.ours)
        );
    }
}

fn shown(metric: Metric, truth: &Truth) -> String {
    let value = truth.value;
    match truth.half {
        Some(half) => format!("{value:.1} ± {half:.1} ms"),
        None if metric == Metric::ColdRatio => format!("{:.4} %", 100.0 * value),
        None => format!("{value:.1} ms"),
    }
}

/// `95.1 % (94.0 to 96.0)`.
fn covered(found: &Coverage) -> String {
    let (low, high) = found.interval();
    let share = 100.0 * found.share();
    format!("{share:.1} % ({:.1} to {:.1})", 100.0 * low, 100.0 * high)
}

fn width(found: &Coverage) -> String {
    format!("{:.1} %", 100.0 * found.relative_half_width)
}
