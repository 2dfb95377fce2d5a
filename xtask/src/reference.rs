//! Documents that are written from the description of the scenario format.

use anyhow::Result;
use frostline_models::scenario_file;

/// Each document's place and text.
pub(crate) fn documents() -> Result<[(&'static str, String); 2]> {
    let mut schema = serde_json::to_string_pretty(&scenario_file::schema())?;
    schema.push('\n');
    Ok([
        ("docs/scenario.md", scenario_file::reference()),
        ("examples/scenario.schema.json", schema),
    ])
}
