//! `frostline gate`: did this change make cold starts slower?

use clap::Subcommand;
use frostline_report::gate::Verdict;

use super::Common;
use crate::exit::{FINE, Failure, SLOWER, UNCLEAR};

mod assert;
#[cfg(target_os = "linux")]
mod baseline;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod words;

const EXIT_CODES: &str = "\
Exit codes:
  0    same or faster; every promise kept
  2    bad input or usage
  3    slower; a promise broken
  4    unclear, not enough evidence
  130  interrupted";

/// Tell whether a change made cold starts slower, for pull requests.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Gate {
    #[command(subcommand)]
    way: Way,
}

#[derive(Debug, Subcommand)]
enum Way {
    #[cfg(target_os = "linux")]
    Run(Box<run::Run>),
    Assert(assert::Assert),
    #[cfg(target_os = "linux")]
    Check(Box<baseline::Check>),
    #[cfg(target_os = "linux")]
    Update(Box<baseline::Update>),
}

impl Gate {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        match self.way {
            #[cfg(target_os = "linux")]
            Way::Run(command) => command.run(common),
            Way::Assert(command) => command.run(common),
            #[cfg(target_os = "linux")]
            Way::Check(command) => command.run(common),
            #[cfg(target_os = "linux")]
            Way::Update(command) => command.run(common),
        }
    }
}

/// The exit code of a verdict.
fn exit_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Faster | Verdict::Same => FINE,
        Verdict::Slower => SLOWER,
        Verdict::Unclear => UNCLEAR,
    }
}
