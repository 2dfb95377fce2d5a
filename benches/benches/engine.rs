//! The engine's paths in thread CPU time. `cargo bench -p frostline-benches`.

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use frostline_benches::{Path, day, on_one_thread, run, scenario, thread_cpu_s};
use frostline_models::arrival::Placement;
use frostline_models::math::round_to_u64;

/// CPU time of the thread that measures: others on the machine do not count.
struct ThreadCpuTime {
    formatter: WallTime,
}

impl Measurement for ThreadCpuTime {
    type Intermediate = f64;
    type Value = f64;

    fn start(&self) -> f64 {
        thread_cpu_s() * 1e9
    }

    fn end(&self, started: f64) -> f64 {
        thread_cpu_s() * 1e9 - started
    }

    fn add(&self, left: &f64, right: &f64) -> f64 {
        left + right
    }

    fn zero(&self) -> f64 {
        0.0
    }

    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        self.formatter.formatter()
    }
}

const REQUESTS: f64 = 1e6;

fn engine(criterion: &mut Criterion<ThreadCpuTime>) {
    let mut group = criterion.benchmark_group("engine");
    group
        .throughput(Throughput::Elements(round_to_u64(REQUESTS)))
        .sample_size(10);
    for path in Path::ALL {
        for load in [1.0, 10.0, 100.0, 1_000.0] {
            let scenario = scenario(path, load, REQUESTS);
            let expected = run(path, &scenario);
            group.bench_function(BenchmarkId::new(path.name(), load), |bencher| {
                bencher.iter(|| assert_eq!(run(path, &scenario), expected));
            });
        }
    }
    group.finish();
}

/// Recorded days from the engine to the summary: many functions that are seldom invoked, whose cost is
/// that of a function, and few that are invoked often, whose cost is that of a request.
fn days(criterion: &mut Criterion<ThreadCpuTime>) {
    let mut group = criterion.benchmark_group("day");
    group.sample_size(10);
    for (functions, requests) in [(10_000, 20), (1_000, 2_000), (4, 500_000)] {
        let scenario = day::scenario(functions, requests);
        let expected = day::run(&scenario);
        let elements = if requests < 100 {
            functions
        } else {
            functions * requests
        };
        group.throughput(Throughput::Elements(elements));
        group.bench_function(
            BenchmarkId::new(format!("{functions} functions"), requests),
            |b| {
                b.iter(|| assert_eq!(day::run(&scenario), expected));
            },
        );
    }
    group.finish();
}

/// Blocks of draws: durations from a table of seven quantiles, and the instants of counts.
fn draws(criterion: &mut Criterion<ThreadCpuTime>) {
    let mut group = criterion.benchmark_group("draws");
    group
        .throughput(Throughput::Elements(day::DRAWS))
        .sample_size(20);
    let durations = day::draw_durations();
    group.bench_function("table of quantiles", |bencher| {
        bencher.iter(|| assert_eq!(day::draw_durations(), durations));
    });
    for placement in [Placement::Uniform, Placement::MinuteStart] {
        let scenario = day::instants(placement);
        let expected = day::run(&scenario);
        group.bench_function(format!("instants, {placement:?}"), |bencher| {
            bencher.iter(|| assert_eq!(day::run(&scenario), expected));
        });
    }
    group.finish();
}

criterion_group!(
    name = benches;
    config = Criterion::default().with_measurement(ThreadCpuTime { formatter: WallTime });
    targets = engine, days, draws
);

fn main() {
    // On one thread of rayon's, which is then the thread that is measured.
    on_one_thread(benches);
}
