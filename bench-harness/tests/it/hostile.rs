//! Targets that behave badly get a clear outcome, and leave nothing behind.

use std::fs;
use std::path::Path;

use frostline_bench_harness::target::{Failure, Instance};
use frostline_models::measurement::Outcome;

use super::*;

/// Goes through a start and two invocations, and gives what became of it.
fn outcome(mode: &[&str]) -> (Outcome, String) {
    let temporary = tempfile::tempdir().unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let host = Host::open(&HostOptions::new(temporary.path(), path)).unwrap();
    let target = fake(mode);
    let setting = Setting {
        timeout: Duration::from_secs(3),
        ..Setting::default()
    };
    let mut instance = target.start(&host, &setting).unwrap();
    let result = go_through(&mut *instance);
    instance.stop();
    drop(host);
    let left: Vec<_> = fs::read_dir(temporary.path()).unwrap().collect();
    assert!(left.is_empty(), "{mode:?} left {left:?}");
    assert_nothing_runs(temporary.path());
    match result {
        Ok(()) => (Outcome::Ready, String::new()),
        Err(Failure::Target { outcome, detail }) => (outcome, detail),
        Err(other) => panic!("{other}"),
    }
}

fn go_through(instance: &mut dyn Instance) -> Result<(), Failure> {
    instance.ready()?;
    instance.invoke(b"{}")?;
    instance.invoke(b"{}")?;
    Ok(())
}

/// No process has the host's folder in its environment.
fn assert_nothing_runs(folder: &Path) {
    let folder = folder.to_string_lossy().into_owned();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let text = String::from_utf8_lossy(&environment);
        assert!(
            !text.contains(&folder),
            "{} is left: {text}",
            entry.path().display()
        );
    }
}

#[test]
fn every_bad_target_has_its_outcome() {
    for (mode, expected, told) in [
        (
            "never-ready",
            Outcome::NeverReady,
            "asked for no invocation",
        ),
        (
            "ignores-sigterm",
            Outcome::NeverReady,
            "asked for no invocation",
        ),
        (
            "half-a-head",
            Outcome::NeverReady,
            "asked for no invocation",
        ),
        ("crashes", Outcome::CrashedInInit, "left-pad"),
        (
            "reports-init-error",
            Outcome::CrashedInInit,
            "Runtime.ImportModuleError: no left-pad",
        ),
        ("exit", Outcome::ExitedSilently, "exit status: 0"),
        ("answers-nothing", Outcome::TimedOut, "did not answer"),
        (
            "crashes-in-invocation",
            Outcome::CrashedInInvocation,
            "nearly",
        ),
        ("answers-twice", Outcome::ProtocolError, "twice"),
        (
            "large-payload",
            Outcome::InvocationFailed,
            "104857600 bytes",
        ),
        (
            "half-a-request",
            Outcome::ProtocolError,
            "broke off a request",
        ),
    ] {
        let (found, detail) = outcome(&[mode]);
        assert_eq!(found, expected, "{mode}: {detail}");
        assert!(detail.contains(told), "{mode}: {detail}");
    }
}

#[test]
fn floods_and_children_hurt_nobody() {
    assert_eq!(outcome(&["floods"]).0, Outcome::Ready);
    // A number that no other test sleeps for, so that the children can be told.
    assert_eq!(outcome(&["leaves-children", "86399"]).0, Outcome::Ready);
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        assert!(
            !line.starts_with("sleep 86399"),
            "{} is left",
            entry.path().display()
        );
    }
}
