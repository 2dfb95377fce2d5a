//! `speed` and `peers`: the engine's rates, alone and beside other simulators.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::OutputFile;

/// The table that `program` prints when run from the project's root.
pub(super) fn table(program: &str, arguments: &[&str]) -> Result<Vec<OutputFile>> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    ensure!(
        output.status.success(),
        "{program} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout)?;
    Ok(vec![OutputFile {
        name: "table.md",
        text,
    }])
}

/// Rates of every path of the engine over the load.
pub(super) fn speed() -> Result<Vec<OutputFile>> {
    let build = [
        "run",
        "--quiet",
        "--release",
        "--package",
        "frostline-benches",
    ];
    table("cargo", &[&build[..], &["--bin", "speed"]].concat())
}

/// How often intervals cover the truth.
pub(super) fn coverage() -> Result<Vec<OutputFile>> {
    let build = [
        "run",
        "--quiet",
        "--release",
        "--package",
        "frostline-benches",
    ];
    table("cargo", &[&build[..], &["--bin", "coverage"]].concat())
}

/// How often the gate's verdicts are wrong, over models of noise.
pub(super) fn gate() -> Result<Vec<OutputFile>> {
    let build = [
        "run",
        "--quiet",
        "--release",
        "--package",
        "frostline-benches",
    ];
    table("cargo", &[&build[..], &["--bin", "gate"]].concat())
}

/// Real gates over fixtures whose truth is known; it takes some half an hour.
pub(super) fn gate_fixtures() -> Result<Vec<OutputFile>> {
    let build = [
        "build",
        "--quiet",
        "--release",
        "--package",
        "frostline-cli",
    ];
    table("cargo", &build)?;
    table(".ci/gate", &["target/release/frostline", "200"])
}

/// The same model on our engine and three others. Installs two Python packages.
pub(super) fn peers() -> Result<Vec<OutputFile>> {
    table("benches/peers/run.sh", &[])
}
