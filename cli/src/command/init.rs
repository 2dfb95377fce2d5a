//! `frostline init`: a scenario to start from.

use std::path::PathBuf;

use frostline_models::scenario_file::TEMPLATE;

use super::{Common, Format};
use crate::exit::{FINE, Failure};
use crate::output;

/// Write a scenario file to start from.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  frostline init shop.toml && frostline simulate shop.toml")]
pub(crate) struct Init {
    /// The file to write.
    #[arg(value_name = "FILE", default_value = "scenario.toml")]
    file: PathBuf,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
}

impl Init {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let path = match &common.out {
            Some(folder) => folder.join(&self.file),
            None => self.file,
        };
        let shown = path.display();
        if !self.force && path.symlink_metadata().is_ok() {
            return Err(Failure::usage(
                format!("{shown} exists, expected a new file"),
                format!("to replace it: frostline init {shown} --force"),
            ));
        }
        output::write(&path, TEMPLATE)?;
        if common.format == Format::Json {
            let written = serde_json::json!({ "schema": "frostline/init/1", "file": path });
            output::print(&format!("{written}\n"))?;
        }
        common.say(&format!("wrote {shown}; next: frostline simulate {shown}"));
        Ok(FINE)
    }
}
