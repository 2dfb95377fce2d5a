//! `frostline trace`: what is in a recording, and how to make one.

use clap::Subcommand;

use super::Common;
use crate::exit::Failure;

mod convert;
mod info;
mod source;
mod synth;

const EXAMPLES: &str = "\
Examples:
  frostline trace info azure/
  frostline trace convert azure/ --out day.fltrace
  frostline trace synth --functions 50_000 --invocations 1e9 --out azure/";

/// Describe, convert or make recordings of requests.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Trace {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Info(info::Info),
    Convert(convert::Convert),
    Synth(synth::Synth),
}

impl Trace {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        match self.command {
            Command::Info(command) => command.run(common),
            Command::Convert(command) => command.run(common),
            Command::Synth(command) => command.run(common),
        }
    }
}
