//! `frostline completions`: what shells need to complete commands and options.

use clap::CommandFactory;
use clap_complete::{Generator, Shell};

use super::{Arguments, Common};
use crate::exit::{FINE, Failure};
use crate::output;

/// Print the completions of a shell.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  frostline completions bash > ~/.local/share/bash-completion/completions/frostline"
)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let mut command = Arguments::command();
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name.as_str(), &mut script);
        let script = String::from_utf8_lossy(&script);
        match &common.out {
            Some(folder) => output::write(&folder.join(self.shell.file_name(&name)), &script)?,
            None => output::print(&script)?,
        }
        Ok(FINE)
    }
}
