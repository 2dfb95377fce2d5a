//! `frostline gate run`: base and change side by side.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::ValueEnum;
use frostline_bench_harness::measure::{MeasureError, Stop};
use frostline_bench_harness::pairs::{Arm, Pair, Pairs};
use frostline_bench_harness::plan::Cell;
use frostline_bench_harness::{Host, HostOptions};
use frostline_models::measurement::{Header, Outcome, Run as Measured};
use frostline_models::units::{SimDuration, parse_share};
use frostline_report::gate::{Ending, Metric, Plan, Trial};

use super::words;
use crate::command::measure::options::{Conditions, StartOptions, TargetOptions};
use crate::command::measure::{Kind, targets};
use crate::command::{Common, Format, WIDTH};
use crate::exit::Failure;
use crate::output;
use crate::progress::{Interrupt, Progress};

/// Pairs after which a condition is given up when none of them went well.
pub(super) const HOPELESS: u64 = 3;

const EXAMPLES: &str = "\
Examples:
  frostline gate run --base './old/app --version' --change './new/app --version'
  frostline gate run --target runtime-api --base-package old.zip --change-package new.zip \\
      --base ./bootstrap --change ./bootstrap --resources lambda:512 --out gate
  frostline gate run --until-line Ready --base 'node old.js' --change 'node new.js' --metric wall";

/// Measure base and change in pairs, and say slower, faster, same or unclear.
///
/// The order within each pair is drawn. It ends as soon as the verdict is clear, or at the most pairs
/// or time. CPU time decides unless --metric names others; the other metrics are reported.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Run {
    /// The command before the change, in words as in a shell.
    #[arg(long, value_name = "COMMAND")]
    base: String,
    /// The command after the change.
    #[arg(long, value_name = "COMMAND")]
    change: String,
    /// How both are started and asked.
    #[arg(long, value_enum, default_value = "command", value_name = "KIND")]
    target: Kind,
    /// The base's own package, a folder or a zip.
    #[arg(
        long,
        value_name = "PATH",
        requires = "change_package",
        conflicts_with = "package"
    )]
    base_package: Option<PathBuf>,
    /// The change's own package.
    #[arg(
        long,
        value_name = "PATH",
        requires = "base_package",
        conflicts_with = "package"
    )]
    change_package: Option<PathBuf>,
    #[command(flatten)]
    verdict: VerdictOptions,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    end: TargetOptions,
    #[command(flatten)]
    start: StartOptions,
}

/// What decides, and when.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Verdict")]
pub(super) struct VerdictOptions {
    /// What decides; several share the error.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "cpu"
    )]
    metric: Vec<MetricName>,
    /// Up to this share slower or faster is the same.
    #[arg(long, value_name = "SHARE", default_value = "3 %")]
    tolerance: String,
    /// The chance that a verdict is wrong, all together.
    #[arg(long, value_name = "SHARE", default_value = "1 %")]
    error: String,
    /// Pairs of a condition at most.
    #[arg(long, value_name = "N", default_value_t = 300,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_pairs: u32,
    /// Time at most; the pair that is under way is finished.
    #[arg(long, value_name = "DURATION", default_value = "10 min")]
    max_time: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MetricName {
    /// Processor time until readiness.
    Cpu,
    /// Processor time to the end, invocations included.
    CpuTotal,
    /// From exec to readiness.
    Wall,
    /// From exec to the first response.
    FirstResponse,
    /// Page faults that needed no reading.
    Faults,
}

impl From<MetricName> for Metric {
    fn from(name: MetricName) -> Self {
        match name {
            MetricName::Cpu => Self::Cpu,
            MetricName::CpuTotal => Self::CpuTotal,
            MetricName::Wall => Self::Wall,
            MetricName::FirstResponse => Self::FirstResponse,
            MetricName::Faults => Self::Faults,
        }
    }
}

impl VerdictOptions {
    fn max_time(&self) -> Result<Duration, Failure> {
        let help = "--max-time \"5 min\"";
        let SimDuration(nanos) = SimDuration::parse(&self.max_time)
            .map_err(|error| Failure::usage(error.to_string(), help))?;
        if nanos == 0 {
            return Err(Failure::usage("`--max-time 0` leaves no time", help));
        }
        Ok(Duration::from_nanos(nanos))
    }
}

/// The metrics that decide, each once.
pub(super) fn deciding(names: &[MetricName]) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = Vec::new();
    for name in names {
        let metric = Metric::from(*name);
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    metrics
}

/// A share, as in `3 %`.
pub(super) fn share(text: &str, help: &str) -> Result<f64, Failure> {
    parse_share(text).map_err(|error| Failure::usage(error.to_string(), help))
}

/// What was measured, for the files.
struct Kept {
    base: Header,
    change: Header,
    pairs: Vec<Pair>,
}

impl Run {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let interrupt = Interrupt::listen()?;
        interrupt.listen_to_termination()?;
        let max_time = self.verdict.max_time()?;
        let base_words = words::split("--base", &self.base)?;
        let change_words = words::split("--change", &self.change)?;
        let (base_cells, change_cells) = self.cells()?;
        let stop = Stop::Runs(self.verdict.max_pairs);
        let method = self.start.method(stop, false, common.seed)?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let base = targets::of(self.target, &base_words, &self.end, &base_cells, &path)?;
        let change = targets::of(self.target, &change_words, &self.end, &change_cells, &path)?;
        let mut plan = Plan {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: common.seed,
            base: base.describe(),
            change: change.describe(),
            machine: frostline_models::measurement::Machine::default(),
            conditions: base_cells
                .iter()
                .map(|cell| cell.condition.clone())
                .collect(),
            deciding: deciding(&self.verdict.metric),
            tolerance: share(&self.verdict.tolerance, "--tolerance \"3 %\"")?,
            error: share(&self.verdict.error, "--error \"1 %\"")?,
            pairs_max: self.verdict.max_pairs,
        };
        // Before anything is started: what makes no test is told first.
        trial(&plan)?;
        let mut host_options = HostOptions::new(std::env::temp_dir(), &path);
        host_options.own_process = true;
        host_options.isolation = self.conditions.most_isolation();
        host_options.interrupt = interrupt.flag();
        let host = Host::open(&host_options).context("cannot open the machine for measuring")?;
        let arm = |target, cells| Arm { target, cells };
        let mut pairs = Pairs::new(
            &host,
            arm(&*base, &base_cells),
            arm(&*change, &change_cells),
            &method,
        );
        let programs: Vec<&OsStr> = base_words.iter().map(OsString::as_os_str).collect();
        let mut kept = Kept {
            base: pairs.base_header(&programs),
            change: pairs.change_plan(),
            pairs: Vec::new(),
        };
        kept.change.machine = kept.base.machine.clone();
        plan.machine = kept.base.machine.clone();
        let mut trial = trial(&plan)?;
        let progress = Progress::named("comparing", common.quiet, interrupt);
        let ended = self.compare(&mut pairs, &mut trial, &mut kept, max_time, &progress);
        progress.finish();
        drop(pairs);
        drop(host);
        let report = trial.report(ended?);
        if let Some(folder) = &common.out {
            for (name, text) in [
                ("gate.json", report.to_json()),
                ("gate.md", report.to_markdown()),
                ("junit.xml", report.to_junit()),
                ("github-action-benchmark.json", report.to_action_benchmark()),
                ("bencher.json", report.to_bencher()),
            ] {
                output::write(&folder.join(name), &text)?;
            }
            output::write(
                &folder.join("base.jsonl"),
                &lines(&kept.base, &kept.pairs, true),
            )?;
            output::write(
                &folder.join("change.jsonl"),
                &lines(&kept.change, &kept.pairs, false),
            )?;
        }
        output::print(&match common.format {
            Format::Text => report.to_text(WIDTH),
            Format::Json => report.to_json(),
        })?;
        Ok(super::exit_code(report.verdict))
    }

    /// The conditions of both sides, alike but for the package.
    fn cells(&self) -> Result<(Vec<Cell>, Vec<Cell>), Failure> {
        if let (Some(base), Some(change)) = (&self.base_package, &self.change_package) {
            let base = self.conditions.cells_with(base)?;
            return Ok((base, self.conditions.cells_with(change)?));
        }
        let cells = self.conditions.cells()?;
        Ok((cells.clone(), cells))
    }

    /// Pair after pair, until it is clear or enough.
    fn compare(
        &self,
        pairs: &mut Pairs<'_>,
        trial: &mut Trial,
        kept: &mut Kept,
        max_time: Duration,
        progress: &Progress,
    ) -> Result<Ending, Failure> {
        let began = Instant::now();
        let conditions = kept.base.conditions.len();
        let mut done = 0_u64;
        let most =
            u64::from(self.verdict.max_pairs) * u64::try_from(conditions).unwrap_or(u64::MAX);
        let warm_up = pairs.begin().map_err(|error| refused(error, done))?;
        check_start(&warm_up)?;
        for round in 0..self.verdict.max_pairs {
            for condition in 0..conditions {
                if trial.is_decided(condition) {
                    continue;
                }
                let pair = pairs
                    .pair(condition, round)
                    .map_err(|error| refused(error, done))?;
                trial.add(condition, &pair.base, &pair.change);
                kept.pairs.push(pair);
                done += 1;
                progress.show(done, most);
                if let Some(told) = trial.is_hopeless(condition, HOPELESS) {
                    return Err(never_ready("one of the two", told));
                }
                if began.elapsed() >= max_time && !is_decided(trial, conditions) {
                    return Ok(Ending::MaxTime);
                }
            }
            if is_decided(trial, conditions) {
                return Ok(Ending::Decided);
            }
        }
        Ok(Ending::MaxPairs)
    }
}

fn is_decided(trial: &Trial, conditions: usize) -> bool {
    (0..conditions).all(|condition| trial.is_decided(condition))
}

/// What cannot start at all is bad input, and no verdict.
pub(super) fn check_start(warm_up: &Pair) -> Result<(), Failure> {
    let failed = |runs: &[Measured]| {
        let all = runs.iter().all(|run| run.outcome != Outcome::Ready);
        let told = runs.iter().find_map(|run| run.detail.clone());
        (all && !runs.is_empty())
            .then(|| told.unwrap_or_else(|| "nothing is known about it".to_owned()))
    };
    if let Some(told) = failed(&warm_up.base) {
        return Err(never_ready("the base", &told));
    }
    if let Some(told) = failed(&warm_up.change) {
        return Err(never_ready("the change", &told));
    }
    Ok(())
}

pub(super) fn trial(plan: &Plan) -> Result<Trial, Failure> {
    Trial::new(plan.clone())
        .map_err(|error| Failure::usage(error.to_string(), "--tolerance \"3 %\" --error \"1 %\""))
}

pub(super) fn never_ready(who: &str, told: &str) -> Failure {
    Failure::usage(
        format!("{who} was never ready: {told}"),
        "run the command by hand; `--timeout \"60 s\"` waits longer, `frostline doctor` tells what \
         this machine lacks",
    )
}

pub(super) fn refused(error: MeasureError, done: u64) -> Failure {
    match error {
        MeasureError::Interrupted => Failure::Interrupted(format!(
            "no verdict, {done} pairs were measured; no process that was started is left"
        )),
        MeasureError::Missing { what, help } => Failure::usage(what, help),
        MeasureError::Package(error) => Failure::usage(
            error.to_string(),
            "packages are folders or zips that can be read",
        ),
        MeasureError::Keep(error) => Failure::Fault(error.into()),
    }
}

/// The runs of one side as a file of measurements.
fn lines(header: &Header, pairs: &[Pair], base: bool) -> String {
    let sides = pairs
        .iter()
        .flat_map(|pair| if base { &pair.base } else { &pair.change });
    std::iter::once(header.to_line())
        .chain(sides.map(Measured::to_line))
        .collect()
}
