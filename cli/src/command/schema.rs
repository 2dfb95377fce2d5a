//! `frostline schema`: the JSON schema of scenario files, for editors.

use anyhow::Context;
use frostline_models::scenario_file;

use super::Common;
use crate::exit::{FINE, Failure};
use crate::output;

/// The file that `#:schema ./scenario.schema.json` in a scenario points to.
const FILE: &str = "scenario.schema.json";

/// Print the JSON schema of scenario files, for completion and checks in editors.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  frostline schema > scenario.schema.json")]
pub(crate) struct Schema {}

impl Schema {
    #[expect(clippy::unused_self, reason = "every command is run the same way")]
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let schema = scenario_file::schema();
        let mut text = serde_json::to_string_pretty(&schema).context("cannot write the schema")?;
        text.push('\n');
        match &common.out {
            Some(folder) => output::write(&folder.join(FILE), &text)?,
            None => output::print(&text)?,
        }
        Ok(FINE)
    }
}
