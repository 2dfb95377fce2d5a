//! Phases of known length are measured.

use frostline_bench_harness::target::{CommandTarget, Http, Report, Until};
use frostline_models::measurement::TargetKind;

use super::*;

const MS: u64 = 1_000_000;

fn measured(target: &dyn Target, invocations: usize) -> (Report, Vec<u64>) {
    let host = host();
    let mut instance = target.start(&host, &setting()).unwrap();
    instance.ready().unwrap();
    let took = (0..invocations)
        .map(|_| instance.invoke(b"{}").unwrap().duration_ns)
        .collect();
    (instance.stop(), took)
}

/// A sleep never ends early, so that a phase is at least as long as its sleeps; how much longer it is
/// depends on the machine, and is not asserted.
#[test]
fn a_client_of_the_runtime_api_is_measured_phase_by_phase() {
    let package = tempfile::tempdir().unwrap();
    std::fs::write(package.path().join("handler"), "x").unwrap();
    let host = host();
    let setting = Setting {
        package: Some(package.path().to_owned()),
        ..setting()
    };
    let target = fake(&["phases", "30", "40", "25", "5"]);
    let mut instance = target.start(&host, &setting).unwrap();
    instance.ready().unwrap();
    let first = instance.invoke(b"{\"a\":1}").unwrap();
    let second = instance.invoke(b"{}").unwrap();
    assert!(instance.is_running());
    let report = instance.stop();
    let open = report.phases.first_user_open_ns.unwrap();
    let ready = report.phases.ready_ns.unwrap();
    assert!(open >= 30 * MS, "{open}");
    assert!(ready >= 70 * MS && ready > open, "{ready}");
    assert_eq!(first.response_bytes, 7);
    assert!(first.duration_ns >= 25 * MS && first.answered_ns >= ready + 25 * MS);
    assert!(second.duration_ns >= 5 * MS);
    let cpu = report.usage.cpu_ready_ns.unwrap();
    assert!(cpu < ready, "it slept most of the time: {cpu} of {ready}");
    assert!(report.usage.wall_ns.unwrap() >= ready);
}

#[test]
fn a_server_is_ready_when_it_answers() {
    let program = env!("CARGO_BIN_EXE_frostline-fake-target");
    let target = Http {
        command: Words::new([program, "http", "30"]),
        port: None,
        path: "/".to_owned(),
    };
    let (report, took) = measured(&target, 2);
    assert!(report.phases.ready_ns.unwrap() >= 30 * MS);
    assert!(took.iter().all(|ns| *ns > 0));
}

#[test]
fn a_command_is_ready_at_its_end_its_line_or_its_marker() {
    let program = env!("CARGO_BIN_EXE_frostline-fake-target");
    for (mode, until) in [
        ("exit", Until::Exit),
        ("line", Until::Line("ready".to_owned())),
        ("marker", Until::Marker),
    ] {
        let target = CommandTarget {
            command: Words::new([program, mode, "30"]),
            until,
            kind: TargetKind::Command,
        };
        let (report, _) = measured(&target, 0);
        assert!(report.phases.ready_ns.unwrap() >= 30 * MS, "{mode}");
    }
}

/// What is measured of known times is longer by what sleeping and noticing take: the median of 15 starts
/// by some ms on a quiet machine (`docs/measuring.md` has the figures), by less than 40 ms on one that is
/// so busy that each wait costs several turns of others.
#[test]
fn known_times_are_measured_within_the_stated_error() {
    let mut over: [Vec<u64>; 3] = std::array::from_fn(|_| Vec::new());
    for _ in 0..15 {
        let target = fake(&["phases", "10", "20", "15", "5"]);
        let (report, took) = measured(&target, 2);
        let known = [
            (report.phases.ready_ns.unwrap(), 30),
            (took[0], 15),
            (took[1], 5),
        ];
        for (over, (found, ms)) in over.iter_mut().zip(known) {
            over.push(found.checked_sub(ms * MS).unwrap());
        }
    }
    for over in &mut over {
        over.sort_unstable();
        assert!(over[7] < 40 * MS, "{over:?}");
    }
}
