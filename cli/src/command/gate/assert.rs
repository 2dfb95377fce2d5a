//! `frostline gate assert`: promises about a scenario, kept or broken.

use std::path::PathBuf;

use frostline_report::promises::Promises;
use frostline_report::verdict::Verdict;
use frostline_sim::{Cancelled, Kernels, Options};

use crate::command::scenario::{self, Changes};
use crate::command::{Common, Format, WIDTH};
use crate::exit::{FINE, Failure, SLO_FAILED, UNCLEAR};
use crate::output;
use crate::progress::{Interrupt, Progress};

const EXAMPLES: &str = "\
Examples:
  frostline gate assert shop.toml 'p99 < 800 ms' 'cold_ratio < 0.5 %' 'cost < 120 USD'
  frostline gate assert shop.toml 'checkout: init_ms.p99 <= 400 ms' --replications 40

Exit codes:
  0  every promise is kept    2  bad input    3  one is broken    4  unclear    130  interrupted";

/// Simulate a scenario, and say which promises it keeps: pass, fail or unclear.
///
/// A promise passes when its whole 95 % interval keeps it, and fails when no part of it does.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Assert {
    /// The scenario file.
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// Promises, `[function:] metric op value`; those of the scenario are checked too.
    #[arg(value_name = "PROMISE")]
    promises: Vec<String>,
    #[command(flatten)]
    changes: Changes,
}

impl Assert {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let interrupt = Interrupt::listen()?;
        let scenario = scenario::settle(Some(&self.scenario), &self.changes, &self.promises)?;
        if scenario.slos.is_empty() {
            let path = self.scenario.display();
            return Err(Failure::usage(
                "there is no promise to check",
                format!("frostline gate assert {path} 'p99 < 800 ms'"),
            ));
        }
        let manifest = scenario::manifest(&scenario, common)?;
        let progress = Progress::new(common.quiet, interrupt);
        let options = Options {
            seed: common.seed,
            kernels: Kernels::Fastest,
            observer: &progress,
        };
        let pool = scenario::pool(common)?;
        let simulated = pool.install(|| scenario::simulated(&scenario, options, &manifest));
        progress.finish();
        let (_, summary) = simulated.map_err(|Cancelled| {
            let (done, expected) = progress.reached();
            Failure::Interrupted(format!(
                "no verdict, {done} of about {expected} requests were simulated"
            ))
        })?;
        let promises = Promises::of(&summary);
        if let Some(folder) = &common.out {
            output::write(&folder.join("promises.json"), &promises.to_json())?;
            output::write(&folder.join("junit.xml"), &promises.to_junit())?;
        }
        output::print(&match common.format {
            Format::Text => promises.to_text(WIDTH),
            Format::Json => promises.to_json(),
        })?;
        Ok(match promises.verdict {
            Verdict::Pass => FINE,
            Verdict::Fail => SLO_FAILED,
            Verdict::Unclear => UNCLEAR,
        })
    }
}
