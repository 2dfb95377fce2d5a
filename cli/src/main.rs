//! The command `frostline`: arguments in, results to stdout, talk to stderr, an exit code.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

mod command;
mod diagnostics;
mod exit;
mod output;
mod progress;
mod resources;

fn main() -> ExitCode {
    let arguments = match command::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let asked_for = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            // Help that cannot be written has nowhere to complain.
            let _ = error.print();
            return ExitCode::from(if asked_for {
                exit::FINE
            } else {
                exit::BAD_INPUT
            });
        }
    };
    match arguments.run() {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            diagnostics::tell(&failure);
            ExitCode::from(failure.code())
        }
    }
}
