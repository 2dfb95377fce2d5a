//! `frostline gate update` and `frostline gate check`: against a stored baseline.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::Context;
use frostline_bench_harness::measure::Stop;
use frostline_bench_harness::pairs::{Arm, Pairs};
use frostline_bench_harness::target::{CommandTarget, Until, Words};
use frostline_bench_harness::{Host, HostOptions};
use frostline_models::measurement::{Machine, TargetKind};
use frostline_report::gate::{Baseline, Ending, GateReport, Plan};

use super::run::{HOPELESS, MetricName, check_start, deciding, never_ready, refused, share, trial};
use crate::command::measure::options::{Conditions, StartOptions, TargetOptions};
use crate::command::measure::{Kind, targets};
use crate::command::{Common, Format, WIDTH};
use crate::exit::{FINE, Failure};
use crate::output;
use crate::progress::{Interrupt, Progress};

/// Bytes of a baseline at most: a thousand conditions fit.
const BYTES_MAX: u64 = 4 << 20;

/// What a target is measured beside: some 20 ms of processor time in the shell that every system has.
const YARDSTICK: [&str; 3] = [
    "sh",
    "-c",
    "i=0; while [ $i -lt 12000 ]; do i=$((i+1)); done",
];

/// Its name and version in baselines: another loop would be another yardstick.
const YARDSTICK_LABEL: &str = "sh, 12000 turns";

const EXAMPLES: &str = "\
Examples:
  frostline gate update --baseline cold.json -- ./app --version
  frostline gate check --baseline cold.json -- ./app --version";

/// What both measure.
#[derive(Debug, clap::Args)]
struct Session {
    /// The file of the baseline.
    #[arg(long, value_name = "FILE")]
    baseline: PathBuf,
    /// How the target is started and asked.
    #[arg(long, value_enum, default_value = "command", value_name = "KIND")]
    target: Kind,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    /// What is kept and compared.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "cpu"
    )]
    metric: Vec<MetricName>,
    /// Pairs of target and yardstick for each condition.
    #[arg(long, value_name = "N", default_value_t = 60,
          value_parser = clap::value_parser!(u32).range(10..=10_000))]
    pairs: u32,
    /// The chance that a verdict is wrong, all together.
    #[arg(long, value_name = "SHARE", default_value = "1 %")]
    error: String,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    end: TargetOptions,
    #[command(flatten)]
    start: StartOptions,
}

/// Measure a command beside a yardstick, and write what it takes as a baseline.
///
/// Nothing else ever writes a baseline.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Update {
    #[command(flatten)]
    session: Session,
}

/// Measure a command, and compare it with a baseline that `gate update` wrote.
///
/// On another machine the verdict is unclear. `gate run` is better wherever the base can be run.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    #[command(flatten)]
    session: Session,
    /// Up to this share slower or faster is the same.
    #[arg(long, value_name = "SHARE", default_value = "10 %")]
    tolerance: String,
    /// By how much the ratio of target to yardstick may differ between two sessions.
    #[arg(long, value_name = "SHARE", default_value = "2 %")]
    drift: String,
}

impl Update {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let baseline = Baseline::of(&self.session.measure(common)?);
        if baseline.entries.is_empty() {
            return Err(Failure::usage(
                "too few pairs went well for an interval, and nothing was written",
                "frostline measure command -- COMMAND tells what goes wrong",
            ));
        }
        output::write(&self.session.baseline, &baseline.to_json())?;
        common.say(&format!("wrote {}", self.session.baseline.display()));
        Ok(FINE)
    }
}

impl Check {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let tolerance = share(&self.tolerance, "--tolerance \"10 %\"")?;
        let drift = share(&self.drift, "--drift \"2 %\"")?;
        let known = read(&self.session.baseline)?;
        let now = Baseline::of(&self.session.measure(common)?);
        let report = known.check(&now, tolerance, drift, common.seed);
        if let Some(folder) = &common.out {
            output::write(&folder.join("check.json"), &report.to_json())?;
        }
        output::print(&match common.format {
            Format::Text => report.to_text(WIDTH),
            Format::Json => report.to_json(),
        })?;
        Ok(super::exit_code(report.verdict))
    }
}

fn read(path: &Path) -> Result<Baseline, Failure> {
    let name = path.display();
    let help = || format!("frostline gate update --baseline {name} -- COMMAND");
    let cannot = |error: std::io::Error| {
        Failure::usage(format!("cannot read the baseline {name}: {error}"), help())
    };
    let size = std::fs::metadata(path).map_err(cannot)?.len();
    if size > BYTES_MAX {
        let what = format!("the baseline {name} has {size} bytes, {BYTES_MAX} are the most");
        return Err(Failure::usage(what, help()));
    }
    let text = std::fs::read_to_string(path).map_err(cannot)?;
    Baseline::parse(&text).map_err(|error| Failure::usage(format!("{name}: {error}"), help()))
}

impl Session {
    /// Target and yardstick in pairs, all that were asked for.
    fn measure(&self, common: &Common) -> Result<GateReport, Failure> {
        let interrupt = Interrupt::listen()?;
        interrupt.listen_to_termination()?;
        let cells = self.conditions.cells()?;
        let method = self
            .start
            .method(Stop::Runs(self.pairs), false, common.seed)?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let target = targets::of(self.target, &self.command, &self.end, &cells, &path)?;
        let yardstick = CommandTarget {
            command: Words {
                label: Some(YARDSTICK_LABEL.to_owned()),
                ..Words::new(YARDSTICK)
            },
            until: Until::Exit,
            kind: TargetKind::Command,
        };
        let mut plan = Plan {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: common.seed,
            base: frostline_bench_harness::target::Target::describe(&yardstick),
            change: target.describe(),
            machine: Machine::default(),
            conditions: cells.iter().map(|cell| cell.condition.clone()).collect(),
            deciding: deciding(&self.metric),
            // Of no account: the interval is what is kept.
            tolerance: 0.5,
            // The two sessions of a check share the error.
            error: share(&self.error, "--error \"1 %\"")? / 2.0,
            pairs_max: self.pairs,
        };
        trial(&plan)?;
        let mut host_options = HostOptions::new(std::env::temp_dir(), &path);
        host_options.own_process = true;
        host_options.isolation = self.conditions.most_isolation();
        host_options.interrupt = interrupt.flag();
        let host = Host::open(&host_options).context("cannot open the machine for measuring")?;
        let arm = |target, cells| Arm { target, cells };
        let mut pairs = Pairs::new(
            &host,
            arm(&yardstick, &cells),
            arm(&*target, &cells),
            &method,
        );
        let programs: Vec<&OsStr> = self.command.iter().map(OsString::as_os_str).collect();
        plan.machine = pairs.base_header(&programs).machine;
        let mut trial = trial(&plan)?;
        let progress = Progress::named("measuring", common.quiet, interrupt);
        let mut done = 0;
        let warm_up = pairs.begin().map_err(|error| refused(error, done))?;
        check_start(&warm_up)?;
        let most = u64::from(self.pairs) * u64::try_from(cells.len()).unwrap_or(u64::MAX);
        for round in 0..self.pairs {
            for condition in 0..cells.len() {
                let pair = pairs
                    .pair(condition, round)
                    .map_err(|error| refused(error, done))?;
                trial.add(condition, &pair.base, &pair.change);
                done += 1;
                progress.show(done, most);
                if let Some(told) = trial.is_hopeless(condition, HOPELESS) {
                    return Err(never_ready("the command", told));
                }
            }
        }
        progress.finish();
        Ok(trial.report(Ending::MaxPairs))
    }
}
