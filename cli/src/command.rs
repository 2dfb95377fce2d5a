//! The commands: what each takes, and which one runs.

use std::io::Write;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::exit::Failure;

mod advise;
mod calibrate;
mod compare;
mod completions;
mod cost;
#[cfg(target_os = "linux")]
mod doctor;
mod gate;
mod init;
mod man;
#[cfg(target_os = "linux")]
mod measure;
mod paired;
mod scenario;
mod schema;
mod simulate;
mod size;
mod trace;
#[cfg(target_os = "linux")]
mod validate;

/// The widest line of a table: what every terminal has.
const WIDTH: usize = 80;

const EXIT_CODES: &str = "\
Exit codes:
  0    fine
  1    an internal fault
  2    bad input or usage
  3    slower, or a promise was broken (gate; simulate with --check-slo)
  4    unclear, not enough evidence (the same)
  130  interrupted

Example:
  frostline init shop.toml && frostline simulate shop.toml";

/// Simulates cold starts of serverless functions: how cold, and how to keep them warm enough.
#[derive(Debug, Parser)]
#[command(name = "frostline", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// How results are written.
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Say nothing but results and mistakes.
    #[arg(long, global = true)]
    quiet: bool,
    /// Names the random streams: the same seed gives the same numbers.
    #[arg(long, global = true, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads to work on; numbers do not depend on it. Default: all that the machine has.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Write result files to this folder, whole or not at all.
    #[arg(long, global = true, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: tables of at most 80 columns.
    Text,
    /// For scripts: one JSON document, the same bytes for the same scenario and seed.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Simulate(simulate::Simulate),
    Size(size::Size),
    Compare(compare::Compare),
    Advise(advise::Advise),
    Cost(Box<cost::Cost>),
    Calibrate(calibrate::Calibrate),
    Gate(Box<gate::Gate>),
    Trace(trace::Trace),
    Schema(schema::Schema),
    Init(init::Init),
    Completions(completions::Completions),
    Man(man::Man),
    #[cfg(target_os = "linux")]
    Measure(Box<measure::Measure>),
    #[cfg(target_os = "linux")]
    Validate(Box<validate::Validate>),
    #[cfg(target_os = "linux")]
    Doctor(doctor::Doctor),
}

impl Arguments {
    /// Runs the command and gives its exit code.
    pub(crate) fn run(self) -> Result<u8, Failure> {
        match self.command {
            Command::Simulate(command) => command.run(&self.common),
            Command::Size(command) => command.run(&self.common),
            Command::Compare(command) => command.run(&self.common),
            Command::Advise(command) => command.run(&self.common),
            Command::Cost(command) => command.run(&self.common),
            Command::Calibrate(command) => command.run(&self.common),
            Command::Gate(command) => command.run(&self.common),
            Command::Trace(command) => command.run(&self.common),
            Command::Schema(command) => command.run(&self.common),
            Command::Init(command) => command.run(&self.common),
            Command::Completions(command) => command.run(&self.common),
            Command::Man(command) => command.run(&self.common),
            #[cfg(target_os = "linux")]
            Command::Measure(command) => command.run(&self.common),
            #[cfg(target_os = "linux")]
            Command::Validate(command) => command.run(&self.common),
            #[cfg(target_os = "linux")]
            Command::Doctor(command) => command.run(&self.common),
        }
    }
}

impl Common {
    /// Tells people what was done; scripts and the quiet hear nothing.
    fn say(&self, text: &str) {
        if !self.quiet {
            // A closed stderr is no reason to fail.
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        }
    }
}
