//! The command line as scripts and people meet it, one module a subject.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use assert_cmd::Command;
use assert_cmd::assert::Assert;

mod advise;
mod calibrate;
mod compare;
mod conservation;
mod cost;
mod documented;
mod documents;
mod examples;
#[cfg(target_os = "linux")]
mod gate;
mod hostile;
mod measure;
mod outputs;
mod recorded;
mod size;
mod trace;
mod usage;
mod validate;

/// Runs `frostline` in a folder, without colour and without what the caller's environment says.
fn frostline(folder: &Path, arguments: &[&str]) -> Assert {
    let mut command =
        Command::cargo_bin("frostline").expect("cargo builds the binary for its tests");
    command
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .args(arguments)
        .assert()
}

/// What it wrote to stdout.
fn stdout(assert: &Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stdout).into_owned()
}

/// What it wrote to stderr.
fn stderr(assert: &Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
}
