//! The circumstances of a measurement.

use std::time::Duration;

use anyhow::Context;
use frostline_report::measured::MeasuredSummary;
use jiff::Timestamp;

/// The contents of `manifest.json`.
///
/// # Errors
/// When it cannot be written as JSON.
pub(super) fn text(
    summary: &MeasuredSummary,
    started: Timestamp,
    took: Duration,
) -> anyhow::Result<String> {
    let given = std::env::args_os().skip(1);
    let arguments = given.map(|argument| argument.to_string_lossy().into_owned());
    let command: Vec<String> = std::iter::once("frostline".to_owned())
        .chain(arguments)
        .collect();
    let manifest = serde_json::json!({
        "schema": "frostline/manifest/1",
        "command": command,
        "version": summary.manifest.version,
        "seed": summary.manifest.seed,
        "machine": summary.machine,
        "started": started.to_string(),
        "duration_s": took.as_secs_f64(),
    });
    let mut text = serde_json::to_string_pretty(&manifest).context("cannot write the manifest")?;
    text.push('\n');
    Ok(text)
}
