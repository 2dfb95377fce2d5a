//! `frostline simulate`: a scenario in, its summary out.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use frostline_models::scenario::Scenario;
use frostline_report::summary::{Manifest, Summary};
use frostline_report::tally::Tally;
use frostline_report::verdict::Verdict;
use frostline_sim::{Cancelled, Kernels, Options};
use jiff::Timestamp;

use super::{Common, Format, WIDTH};
use crate::exit::{FINE, Failure, SLO_FAILED, UNCLEAR};
use crate::output;
use crate::progress::{Interrupt, Progress};
use crate::resources::Unpacking;

mod input;
mod manifest;
mod outputs;
mod packed;
mod spool;

use self::outputs::{Outputs, Records, Tables, Watch};

const EXAMPLES: &str = "\
Examples:
  frostline simulate shop.toml --set 'run.duration=7 d' --slo 'checkout: p99 <= 300 ms'
  frostline simulate --trace azure-functions-2019=azure/ --format json";

/// Simulate a scenario, or a recorded trace over a built-in one, and sum up what happened.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Simulate {
    /// The scenario file; with --trace it may be left out.
    #[arg(value_name = "SCENARIO", required_unless_present = "trace")]
    scenario: Option<PathBuf>,
    /// Take the arrivals from a recording: `azure-functions-2019=PATH`, a folder or its file of
    /// invocations; `azure-functions-2021=PATH`; `opendc=PATH`, a folder with a table a function;
    /// `huawei-2025=PATH`, a folder with requests and cold starts; `request-log=PATH`, any CSV with
    /// `--set trace.request-log.time=COLUMN`; `frostline=PATH`, what `frostline trace convert` wrote.
    /// Files may be compressed.
    #[arg(long, value_name = "KIND=PATH")]
    trace: Option<String>,
    /// Replace a value of the scenario, as in the file: `--set 'function.checkout.memory=1 GiB'`.
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Repeat the run on this many independent random streams.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    replications: Option<u32>,
    /// Add replications, ten at first, until the estimates are this precise: `5 %` is the half width
    /// of an interval over the true value. Of cold ratio, mean and p99 latency and cost, unless
    /// `run.precision.metrics` names others.
    #[arg(long, value_name = "SHARE")]
    precision: Option<String>,
    /// Where --precision ends if it is not reached; default: 1000.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    max_replications: Option<u32>,
    /// Check a promise, beside those of the scenario: `checkout: p99 <= 300 ms`.
    #[arg(long, value_name = "ASSERT")]
    slo: Vec<String>,
    /// Exit with 3 when a promise is broken, with 4 when the evidence does not suffice.
    #[arg(long)]
    check_slo: bool,
    /// Write every request as a row of `invocations`, beside the other files of --out; `all` lifts
    /// the limit of 100,000,000 rows. It costs speed.
    #[arg(
        long,
        value_name = "all",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "limited",
        hide_possible_values = true
    )]
    records: Option<Records>,
    /// How the tables of --out are written; default: parquet.
    #[arg(long, value_name = "FORMAT")]
    tables: Option<Tables>,
    #[command(flatten)]
    unpacking: Unpacking,
}

impl Simulate {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let started = Timestamp::now();
        let clock = Instant::now();
        let interrupt = Interrupt::listen()?;
        let scenario = input::settle(&self)?;
        let digest = manifest::digest(&scenario)?;
        let threads = threads(common);
        let outputs = Outputs::prepare(&self, common, &scenario)?;
        let progress = Progress::new(common.quiet, interrupt);
        let watch = Watch {
            progress: &progress,
            outputs: outputs.as_ref(),
        };
        let summary = summed_up(&scenario, &digest, common, threads, &watch)?;
        let files = match outputs {
            Some(mut outputs) => {
                let written = outputs.write(&scenario, &summary, &progress)?;
                let run = manifest::Run {
                    manifest: summary.manifest.clone(),
                    threads,
                    started,
                    took: clock.elapsed(),
                };
                let told = outputs.told(&written);
                outputs.finish(&run.into_json(written)?)?;
                Some(told)
            }
            None => None,
        };
        match common.format {
            Format::Text => output::print(&summary.to_text(WIDTH))?,
            Format::Json => output::print_with(|stdout| summary.write_json(stdout))?,
        }
        if let Some(told) = files {
            common.say(&told);
        }
        Ok(self.exit_code(&summary))
    }

    /// The worst verdict decides, if anybody asked.
    fn exit_code(&self, summary: &Summary) -> u8 {
        let worst = summary.slo.iter().map(|slo| slo.verdict).max();
        match worst {
            Some(Verdict::Fail) if self.check_slo => SLO_FAILED,
            Some(Verdict::Unclear) if self.check_slo => UNCLEAR,
            _ => FINE,
        }
    }
}

/// As many threads as asked for, or as the machine has.
fn threads(common: &Common) -> usize {
    match common.threads {
        Some(threads) => usize::from(threads),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// Simulates, watched, on a pool of its own.
fn summed_up(
    scenario: &Scenario,
    digest: &str,
    common: &Common,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Summary, Failure> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .with_context(|| format!("cannot start {threads} threads"))?;
    let options = Options {
        seed: common.seed,
        kernels: Kernels::Fastest,
        observer: watch,
    };
    let manifest = Manifest {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: digest.to_owned(),
        seed: common.seed,
    };
    let summary = pool.install(|| match scenario.run.precision {
        Some(_) => simulated_until_precise(scenario, options, &manifest),
        None => simulated(scenario, options, manifest),
    });
    watch.progress.finish();
    if let Some(failure) = watch.outputs.and_then(Outputs::take_failure) {
        return Err(failure.into());
    }
    summary.map_err(|Cancelled| Failure::Interrupted(missing(watch)))
}

/// Simulates, and lets go of each function's distributions when it is done.
fn simulated(
    scenario: &Scenario,
    options: Options<'_>,
    manifest: Manifest,
) -> Result<Summary, Cancelled> {
    let tally = Tally::new(scenario);
    let span = frostline_sim::simulate_each(scenario, options, &|place, function| {
        tally.add(place, function);
    })?;
    Ok(tally.summary(span, manifest))
}

/// Simulates, and adds replications until the precision that was asked for is reached.
fn simulated_until_precise(
    scenario: &Scenario,
    options: Options<'_>,
    manifest: &Manifest,
) -> Result<Summary, Cancelled> {
    let mut outcome = frostline_sim::simulate(scenario, options)?;
    loop {
        let summary = Summary::new(scenario, &outcome, manifest.clone());
        let have = summary.replications;
        let precision = summary.precision.as_ref();
        let next = precision.and_then(|precision| precision.next_total(have));
        let Some(total) = next.and_then(|total| u32::try_from(total).ok()) else {
            return Ok(summary);
        };
        frostline_sim::simulate_more(scenario, options, &mut outcome, total)?;
    }
}

/// What an interrupted run leaves undone.
fn missing(watch: &Watch<'_>) -> String {
    let (done, expected) = watch.progress.reached();
    let files = watch
        .outputs
        .map_or_else(String::new, |outputs| format!("; {}", outputs.missing()));
    format!("no result, {done} of about {expected} requests were simulated{files}")
}
