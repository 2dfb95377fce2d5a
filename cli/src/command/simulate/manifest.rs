//! What it takes to make a result again, and the circumstances in which it was made.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use anyhow::Context;
use frostline_models::scenario::Scenario;
use frostline_report::summary::Manifest;
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::outputs::Written;

/// Hexadecimal digits of a digest that are shown: 64 bits, enough to tell scenarios apart.
const BYTES_SHOWN: usize = 8;

/// `sha256:` and the first 16 digits of the SHA-256 of the valid scenario as JSON.
///
/// # Errors
/// When the scenario cannot be written as JSON.
pub(in crate::command) fn digest(scenario: &Scenario) -> anyhow::Result<String> {
    let mut hash = Hash(Sha256::new());
    serde_json::to_writer(&mut hash, scenario).context("cannot write the scenario as JSON")?;
    let mut text = "sha256:".to_owned();
    for byte in hash.0.finalize().iter().take(BYTES_SHOWN) {
        write!(text, "{byte:02x}").context("cannot write the digest")?;
    }
    Ok(text)
}

/// Hashes what is written: a large trace need not stand in memory a second time as text.
struct Hash(Sha256);

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

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
