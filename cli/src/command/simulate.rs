//! `frostline simulate`: a scenario in, its summary out.

use std::path::PathBuf;
use std::time::Instant;

use frostline_models::scenario::Scenario;
use frostline_report::summary::{Manifest, Summary};
use frostline_report::tally::Tally;
use frostline_report::verdict::Verdict;
use frostline_sim::{Cancelled, Kernels, Options};
use jiff::Timestamp;

use super::scenario::{self, Changes};
use super::{Common, Format, WIDTH};
use crate::exit::{FINE, Failure, SLO_FAILED, UNCLEAR};
use crate::output;
use crate::progress::{Interrupt, Progress};

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
    #[command(flatten)]
    changes: Changes,
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
}

impl Simulate {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let started = Timestamp::now();
        let clock = Instant::now();
        let interrupt = Interrupt::listen()?;
        let scenario = scenario::settle(self.scenario.as_deref(), &self.changes, &self.slo)?;
        let manifest = scenario::manifest(&scenario, common)?;
        let outputs = Outputs::prepare(&self, common, &scenario)?;
        let progress = Progress::new(common.quiet, interrupt);
        let watch = Watch {
            progress: &progress,
            outputs: outputs.as_ref(),
        };
        let summary = summed_up(&scenario, manifest, common, &watch)?;
        let files = match outputs {
            Some(mut outputs) => {
                let written = outputs.write(&scenario, &summary, &progress)?;
                let run = manifest::Run {
                    manifest: summary.manifest.clone(),
                    threads: scenario::threads(common),
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

/// Simulates, watched, on a pool of its own.
fn summed_up(
    scenario: &Scenario,
    manifest: Manifest,
    common: &Common,
    watch: &Watch<'_>,
) -> Result<Summary, Failure> {
    let pool = scenario::pool(common)?;
    let options = Options {
        seed: common.seed,
        kernels: Kernels::Fastest,
        observer: watch,
    };
    let summary = pool.install(|| match scenario.run.precision {
        Some(_) => scenario::simulated(scenario, options, &manifest).map(|(_, summary)| summary),
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

/// What an interrupted run leaves undone.
fn missing(watch: &Watch<'_>) -> String {
    let (done, expected) = watch.progress.reached();
    let files = watch
        .outputs
        .map_or_else(String::new, |outputs| format!("; {}", outputs.missing()));
    format!("no result, {done} of about {expected} requests were simulated{files}")
}
