//! Do profiles predict days that they have not seen? Prints the table of `results/calibration-lambda-perf`:
//! profiles of the first 60 of 90 days of maxday/lambda-perf beside the last 30, and profiles of a first
//! run of containerd starts beside a second one.
#![expect(clippy::print_stdout, reason = "the table is the program's result")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use frostline_models::init::Phase;
use frostline_models::invocation_log::{self, InvocationLog, LoggedInvocation};
use frostline_models::math::count_to_f64;
use frostline_models::profile::MeasuredPhase;
use frostline_models::scenario::{Architecture, PackageKind};
use frostline_models::units::significant;
use frostline_report::calibration::{Filter, Options, PhaseTimes, Samples, calibrate};
use frostline_stats::replications::quantile_r7;

/// Days of which a profile is made.
const DAYS_FITTED: f64 = 60.0;
const DAY_MS: f64 = 86_400_000.0;

const COMPARED: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

const OPTIONS: Options = Options {
    seed: 1,
    replications: 0,
    whole_start: false,
};

type Failed = Box<dyn Error>;

fn main() -> Result<(), Failed> {
    let data = std::env::var("FROSTLINE_DATA").map_err(|_| "FROSTLINE_DATA is not set")?;
    let data = Path::new(&data);
    lambda_perf(&data.join("lambda-perf/last_90_days.csv.gz"))?;
    container_start(&data.join("container-start-2023"))
}

/// What stands in a row: the quantiles of a law and of data, and what they miss.
struct Compared {
    errors: [f64; 4],
    inside: [bool; 4],
    best: [f64; 4],
}

/// A profile's phase beside times that it has not seen.
fn compared(measured: &MeasuredPhase, held_out: &mut [f64]) -> Option<Compared> {
    held_out.sort_by(f64::total_cmp);
    let mut row = Compared {
        errors: [0.0; 4],
        inside: [false; 4],
        best: [0.0; 4],
    };
    for (index, probability) in COMPARED.into_iter().enumerate() {
        let seen = quantile_r7(held_out, probability)?;
        let of =
            |law: &frostline_models::law::Law| law.exceeded_with(1.0 - probability).as_millis_f64();
        row.errors[index] = of(measured.law.law()) / seen - 1.0;
        row.best[index] = of(measured.fits.first()?.law.law()) / seen - 1.0;
        let interval = measured
            .intervals
            .iter()
            .find(|i| (i.probability - probability).abs() < 1e-9);
        row.inside[index] = interval
            .is_some_and(|i| i.low.as_millis_f64() <= seen && seen <= i.high.as_millis_f64());
    }
    Some(row)
}

/// The middle and the 90th percentile of absolute errors over many profiles, and how often the interval
/// of a quantile held the one of the other days.
fn summed_up(rows: &[Compared]) {
    println!("| | p50 | p90 | p95 | p99 |\n|---|---:|---:|---:|---:|");
    let line = |name: &str, of: &dyn Fn(&Compared, usize) -> f64, at: f64| {
        let cells = (0..4).map(|index| {
            let mut errors: Vec<f64> = rows.iter().map(|row| of(row, index).abs()).collect();
            errors.sort_by(f64::total_cmp);
            format!(
                "{} %",
                significant(100.0 * quantile_r7(&errors, at).unwrap_or(f64::NAN))
            )
        });
        println!("| {name} | {} |", cells.collect::<Vec<_>>().join(" | "));
    };
    line(
        "error, middle profile",
        &|row, index| row.errors[index],
        0.5,
    );
    line(
        "error, 9 of 10 profiles below",
        &|row, index| row.errors[index],
        0.9,
    );
    line(
        "error of the best law, middle profile",
        &|row, index| row.best[index],
        0.5,
    );
    let cells = (0..4).map(|index| {
        let inside = rows.iter().filter(|row| row.inside[index]).count();
        format!(
            "{} %",
            significant(100.0 * count_to_f64(inside) / count_to_f64(rows.len()))
        )
    });
    println!(
        "| inside the profile's 95 % interval | {} |\n",
        cells.collect::<Vec<_>>().join(" | ")
    );
}

fn cells(row: &Compared) -> String {
    let cell = |index: usize| {
        let mark = if row.inside[index] { "" } else { " ∗" };
        format!("{:+.1}{mark}", 100.0 * row.errors[index])
    };
    (0..4).map(cell).collect::<Vec<_>>().join(" | ")
}

fn lambda_perf(path: &Path) -> Result<(), Failed> {
    println!(
        "# Profiles beside days that they have not seen\n\n\
         AWS Lambda, hello world: Init Durations of maxday/lambda-perf (Apache-2.0), 90 days to 2026-08-22, ten \
         starts a day for each memory size; profiles of 60 days beside the quantiles of the other 30. The \
         profile's law is the table of its quantiles; the best law is the one with the lowest BIC.\n"
    );
    let mut reader = BufReader::new(MultiGzDecoder::new(File::open(path)?));
    let log = invocation_log::read("lambda-perf", &mut reader, None)?;
    let ends = log
        .invocations
        .iter()
        .filter_map(|invocation| invocation.end_ms);
    let first = ends.fold(f64::INFINITY, f64::min);
    let day = |invocation: &LoggedInvocation| {
        libm::floor((invocation.end_ms.unwrap_or(first) - first) / DAY_MS)
    };
    println!("## The last 30 days beside the first 60\n");
    let table = days(&log, &|invocation| day(invocation) >= DAYS_FITTED)?;
    println!(
        "## Every third day beside the others\n\n\
         A change of the platform touches both. The quantile of the other 30 days has an error of its own: right \
         intervals of 60 days hold it in 74 of 100 cases.\n"
    );
    days(&log, &|invocation| {
        (libm::fmod(day(invocation), 3.0) - 2.0).abs() < 0.5
    })?;
    println!(
        "## The last 30 days, zip x86_64, a runtime\n\n\
         Error of the profile's quantile in percent; ∗ where its 95 % interval, made over days, misses \
         the quantile of the other days.\n\n\
         | runtime | starts fitted | held out | p50 | p90 | p95 | p99 |\n|---|---:|---:|---:|---:|---:|---:|\n{table}"
    );
    Ok(())
}

/// Kinds of packages and architectures.
const KINDS: [(PackageKind, Architecture); 4] = [
    (PackageKind::Zip, Architecture::X86_64),
    (PackageKind::Zip, Architecture::Arm64),
    (PackageKind::Image, Architecture::X86_64),
    (PackageKind::Image, Architecture::Arm64),
];

/// Profiles of the starts that are not held out beside those that are; returns the rows of zip `x86_64`.
fn days(
    log: &InvocationLog,
    held_out: &dyn Fn(&LoggedInvocation) -> bool,
) -> Result<String, Failed> {
    let mut table = String::new();
    for kind in KINDS {
        let mut by_runtime: BTreeMap<&str, Vec<&LoggedInvocation>> = BTreeMap::new();
        for invocation in &log.invocations {
            let meant =
                invocation.package == Some(kind.0) && invocation.architecture == Some(kind.1);
            if let (Some(runtime), true) = (invocation.runtime.as_deref(), meant) {
                by_runtime.entry(runtime).or_default().push(invocation);
            }
        }
        let mut rows = Vec::new();
        for (runtime, invocations) in by_runtime {
            let (other, own): (Vec<_>, Vec<_>) = invocations
                .into_iter()
                .partition(|invocation| held_out(invocation));
            let fitted = InvocationLog {
                format: log.format,
                invocations: own.into_iter().cloned().collect(),
                records: 1,
                ..InvocationLog::default()
            };
            let mut other: Vec<f64> = other.iter().filter_map(|i| Some(i.init?.ms)).collect();
            let samples = Samples::of_log("lambda-perf", &fitted, &Filter::default())?;
            let profile = calibrate(samples, &OPTIONS)?;
            let measured = profile
                .measured()
                .get(&Phase::Runtime)
                .ok_or("no runtime phase")?;
            let Some(row) = compared(measured, &mut other) else {
                continue;
            };
            if kind == KINDS[0] {
                let (n, size) = (measured.samples, other.len());
                table.extend([format!(
                    "| `{runtime}` | {n} | {size} | {} |\n",
                    cells(&row)
                )]);
            }
            rows.push(row);
        }
        let package = package_name(kind.0);
        println!("### {package} {}: {} runtimes\n", kind.1.name(), rows.len());
        summed_up(&rows);
    }
    Ok(table)
}

fn package_name(package: PackageKind) -> &'static str {
    match package {
        PackageKind::Zip => "zip",
        PackageKind::Image => "image",
    }
}

/// Components of containerd starts, in µs in the files.
const COMPONENTS: [&str; 4] = ["container_create", "container_start", "cni", "iptables"];

fn container_start(folder: &Path) -> Result<(), Failed> {
    println!(
        "## containerd on a cluster\n\n\
         Components of starts at 1, 10 and 25 a second (eth-easl/dirigent, MIT, 2023): profiles of the first run \
         beside the second. Error in percent; ∗ where the profile's 95 % interval misses; the runs lie \
         most of a day apart, which an interval from one run cannot know.\n\n\
         | starts a second | component | n | p50 | p90 | p95 | p99 |\n|---:|---|---:|---:|---:|---:|---:|"
    );
    for rate in [1, 10, 25] {
        let run =
            |number: u32| components(&folder.join(format!("sweep_{rate}_per_s_run{number}.csv")));
        let (first, mut second) = (run(1)?, run(2)?);
        for (component, times) in first {
            let mut samples = Samples {
                name: component.clone(),
                ..Samples::default()
            };
            let times = PhaseTimes {
                blocks: vec![times],
                censored: Vec::new(),
            };
            samples.phases.insert(Phase::Sandbox, times);
            let profile = calibrate(samples, &OPTIONS)?;
            let measured = profile
                .measured()
                .get(&Phase::Sandbox)
                .ok_or("no sandbox phase")?;
            let held_out = second
                .get_mut(&component)
                .ok_or("the runs differ in their columns")?;
            let Some(row) = compared(measured, held_out) else {
                continue;
            };
            println!(
                "| {rate} | {component} | {} | {} |",
                measured.samples,
                cells(&row)
            );
        }
    }
    Ok(())
}

/// The times of each component, and their sum, in ms.
fn components(path: &Path) -> Result<BTreeMap<String, Vec<f64>>, Failed> {
    let mut text = String::new();
    File::open(path)?.read_to_string(&mut text)?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let places: Option<Vec<usize>> = COMPONENTS
        .iter()
        .map(|name| header.iter().position(|column| column == name))
        .collect();
    let places = places.ok_or("a component is no column")?;
    let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let mut sum = 0.0;
        for (name, place) in COMPONENTS.iter().zip(&places) {
            let us: f64 = fields.get(*place).ok_or("a short row")?.parse()?;
            sum += us / 1e3;
            // A component that took no whole microsecond is half of one.
            found
                .entry((*name).to_owned())
                .or_default()
                .push((us / 1e3).max(0.0005));
        }
        found.entry("sum".to_owned()).or_default().push(sum);
    }
    Ok(found)
}
