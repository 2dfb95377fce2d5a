//! `calibration` and `calibration-lambda-perf`: how often fitted intervals hold the truth, and how far
//! profiles miss days that they have not seen.

use anyhow::Result;

use super::OutputFile;
use super::speed::table;

/// Parameters of known laws, found again.
pub(super) fn coverage() -> Result<Vec<OutputFile>> {
    program("calibration")
}

/// Profiles of some days beside others. Needs `FROSTLINE_DATA`.
pub(super) fn held_out() -> Result<Vec<OutputFile>> {
    program("held_out")
}

fn program(name: &str) -> Result<Vec<OutputFile>> {
    let package = "frostline-benches";
    let build = ["run", "--quiet", "--release", "--package", package];
    table("cargo", &[&build[..], &["--bin", name]].concat())
}
