//! What it takes to make a result again, and the circumstances in which it was made.

use std::time::Duration;

use anyhow::Context;
use frostline_report::summary::Manifest;
use jiff::Timestamp;
use serde::Serialize;

use super::outputs::Written;

/// The circumstances of a run.
pub(super) struct Run {
    pub(super) manifest: Manifest,
    pub(super) threads: usize,
    pub(super) started: Timestamp,
    pub(super) took: Duration,
}

/// The contents of `manifest.json`.
#[derive(Debug, Serialize)]
struct Contents {
    schema: &'static str,
    command: Vec<String>,
    version: String,
    scenario: String,
    seed: u64,
    threads: usize,
    machine: Machine,
    started: String,
    duration_s: f64,
    files: Vec<Written>,
}

/// The kind of machine; no name, since results are shared.
#[derive(Debug, Serialize)]
struct Machine {
    os: &'static str,
    arch: &'static str,
    cores: usize,
}

impl Run {
    /// Pretty JSON with a newline at its end, listing the files of the run.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub(super) fn into_json(self, files: Vec<Written>) -> anyhow::Result<String> {
        let given = std::env::args_os().skip(1);
        let arguments = given.map(|argument| argument.to_string_lossy().into_owned());
        let contents = Contents {
            schema: "frostline/manifest/1",
            command: std::iter::once("frostline".to_owned())
                .chain(arguments)
                .collect(),
            version: self.manifest.version,
            scenario: self.manifest.scenario,
            seed: self.manifest.seed,
            threads: self.threads,
            machine: Machine {
                os: std::env::consts::OS,
                arch: std::env::consts::ARCH,
                cores: std::thread::available_parallelism().map_or(1, usize::from),
            },
            started: self.started.to_string(),
            duration_s: self.took.as_secs_f64(),
            files,
        };
        let mut text =
            serde_json::to_string_pretty(&contents).context("cannot write the manifest")?;
        text.push('\n');
        Ok(text)
    }
}
