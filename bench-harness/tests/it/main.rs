//! The harness against targets with known phases and targets that behave badly.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use frostline_bench_harness::target::{RuntimeApi, Setting, Target, Words};
use frostline_bench_harness::{Host, HostOptions};

mod hostile;
mod phases;
mod pool;

/// The fixture in a mode.
fn fake(words: &[&str]) -> RuntimeApi {
    let program = env!("CARGO_BIN_EXE_frostline-fake-target");
    RuntimeApi {
        command: Words::new(std::iter::once(&program).chain(words)),
        handler: "handler".to_owned(),
    }
}

/// The machine, with as much isolation as it allows.
fn host() -> Host {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Host::open(&HostOptions::new(std::env::temp_dir(), path)).unwrap()
}

fn setting() -> Setting {
    Setting {
        timeout: Duration::from_secs(20),
        ..Setting::default()
    }
}
