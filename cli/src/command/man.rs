//! `frostline man`: manual pages, made from the same words as `--help`.

use anyhow::Context;
use clap::CommandFactory;
use clap_mangen::Man as Page;

use super::{Arguments, Common};
use crate::exit::{FINE, Failure};
use crate::output;

/// Print the manual page, or write those of all commands with `--out`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  frostline man --out ~/.local/share/man/man1")]
pub(crate) struct Man {}

impl Man {
    #[expect(clippy::unused_self, reason = "every command is run the same way")]
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let mut command = Arguments::command();
        command.build();
        let Some(folder) = &common.out else {
            output::print(&rendered(command)?)?;
            return Ok(FINE);
        };
        for inner in command
            .get_subcommands()
            .filter(|inner| inner.get_name() != "help")
        {
            let name = format!("frostline-{}", inner.get_name());
            let page = rendered(inner.clone().display_name(&name))?;
            output::write(&folder.join(format!("{name}.1")), &page)?;
        }
        output::write(&folder.join("frostline.1"), &rendered(command)?)?;
        Ok(FINE)
    }
}

fn rendered(command: clap::Command) -> anyhow::Result<String> {
    let mut page = Vec::new();
    Page::new(command)
        .render(&mut page)
        .context("cannot write the manual page")?;
    String::from_utf8(page).context("the manual page is no text")
}
