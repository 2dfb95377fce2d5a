//! `frostline measure`: real cold starts of a real command.

use std::ffi::{OsStr, OsString};
use std::time::Instant;

use anyhow::Context;
use clap::ValueEnum;
use frostline_bench_harness::measure::{MeasureError, Measurement, Method};
use frostline_bench_harness::plan::Cell;
use frostline_bench_harness::target::Target;
use frostline_bench_harness::{Host, HostOptions};
use frostline_models::measurement::Measurements;
use frostline_report::measured::MeasuredSummary;
use jiff::Timestamp;

use super::{Common, Format};
use crate::exit::{BAD_INPUT, FINE, Failure};
use crate::output;
use crate::progress::{Interrupt, Progress};

mod journal;
mod manifest;
pub(super) mod options;
pub(super) mod targets;

use journal::Journal;

/// The file of measurements below `--out`.
const FILE: &str = "measurements.jsonl";

/// The widest line of a table: what every terminal has.
const WIDTH: usize = 80;

const EXAMPLES: &str = "\
Examples:
  frostline measure runtime-api --package . -- python3 -m awslambdaric app.handler
  frostline measure runtime-api --cache warm,evicted --resources lambda:512,lambda:1769 \\
      --out cold --package function.zip -- ./bootstrap
  frostline measure http --runs 20 -- node server.js
  frostline measure command --until-line Ready -- ./server
  frostline measure oci --rootfs rootfs --until-line Ready -- /bin/server
  frostline measure restore -- node server.js";

/// Measure real cold starts of a command, on this machine and without a cloud account.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Measure {
    /// How the target is started and asked.
    #[arg(value_enum)]
    kind: Kind,
    /// The command and its arguments; for `wasm` a module and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    #[command(flatten)]
    conditions: options::Conditions,
    #[command(flatten)]
    target: options::TargetOptions,
    #[command(flatten)]
    method: options::MethodOptions,
    /// Go on with the measurement that lies in the folder of --out.
    #[arg(long, requires = "out")]
    resume: bool,
}

/// How a target is started and asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// A client of the Lambda Runtime API: any unmodified Lambda runtime.
    RuntimeApi,
    /// A server that answers on the port that $PORT names.
    Http,
    /// Any command, until it exits, prints a line, or writes to a descriptor.
    Command,
    /// A command in a container, made of the files of --rootfs by runc or crun.
    Oci,
    /// A WebAssembly module, run by wasmtime.
    Wasm,
    /// A server as `http`, restored by CRIU from a checkpoint that is taken after its first answer.
    Restore,
}

impl Measure {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let started = Timestamp::now();
        let clock = Instant::now();
        let interrupt = Interrupt::listen()?;
        interrupt.listen_to_termination()?;
        let cells = self.conditions.cells()?;
        let method = self.method.settle(common.seed)?;
        let journal_path = common.out.as_ref().map(|folder| folder.join(FILE));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut host_options = HostOptions::new(std::env::temp_dir(), &path);
        host_options.own_process = true;
        host_options.isolation = self.conditions.most_isolation();
        host_options.interrupt = interrupt.flag();
        // Before anything is set up: what the command lacks is told first.
        let target = targets::of(self.kind, &self.command, &self.target, &cells, &path)?;
        let host = Host::open(&host_options).context("cannot open the machine for measuring")?;
        let mut journal = Journal::open(journal_path, self.resume)?;
        let progress = Progress::named("measuring", common.quiet, interrupt);
        let measured = self.measure(&host, &*target, &cells, &method, &mut journal, &progress);
        progress.finish();
        drop(host);
        let measured = measured?;
        let summary = MeasuredSummary::new(&measured);
        if let Some(folder) = &common.out {
            output::write(&folder.join("summary.json"), &summary.to_json())?;
            let run = manifest::text(&summary, started, clock.elapsed())?;
            output::write(&folder.join("manifest.json"), &run)?;
        }
        output::print(&match common.format {
            Format::Text => summary.to_text(WIDTH, &Self::next(common)),
            Format::Json => summary.to_json(),
        })?;
        Ok(Self::exit_code(&summary))
    }

    fn measure(
        &self,
        host: &Host,
        target: &dyn Target,
        cells: &[Cell],
        method: &Method,
        journal: &mut Journal,
        progress: &Progress,
    ) -> Result<Measurements, Failure> {
        let earlier = journal.earlier_runs();
        let measurement = Measurement::new(host, target, cells, method, earlier);
        let programs: Vec<&OsStr> = self.command.iter().map(OsString::as_os_str).collect();
        let header = match journal.header() {
            Some(kept) => {
                journal::check_same(kept, &measurement.plan())?;
                kept.clone()
            }
            None => measurement.header(&programs),
        };
        let mut listener = journal.listener(progress);
        measurement
            .run(header, &mut listener)
            .map_err(|error| match error {
                MeasureError::Interrupted => {
                    Failure::Interrupted(journal.missing(progress.reached()))
                }
                MeasureError::Missing { what, help } => Failure::usage(what, help),
                MeasureError::Package(error) => Failure::usage(
                    error.to_string(),
                    "--package takes a folder or a zip that can be read",
                ),
                MeasureError::Keep(error) => Failure::Fault(error.into()),
            })
    }

    /// What to type next.
    fn next(common: &Common) -> String {
        match &common.out {
            Some(folder) => format!("next: frostline calibrate {}", folder.join(FILE).display()),
            None => {
                format!("next: keep the runs with --out DIR, then: frostline calibrate DIR/{FILE}")
            }
        }
    }

    /// A target that was never ready is bad input; one that failed sometimes is a warning.
    fn exit_code(summary: &MeasuredSummary) -> u8 {
        let never = summary.never_ready();
        if never.is_empty() || never.len() < summary.conditions.len() {
            return FINE;
        }
        let told = never
            .iter()
            .flat_map(|condition| &condition.failures)
            .next();
        let detail = told.map_or("nothing is known about it", String::as_str);
        crate::diagnostics::tell(&Failure::usage(
            format!("the target was never ready: {detail}"),
            "run the command by hand; `--timeout \"60 s\"` waits longer, `frostline doctor` tells \
             what this machine lacks",
        ));
        BAD_INPUT
    }
}
