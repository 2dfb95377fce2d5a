//! Prediction and reality, made by hand.

use frostline_models::init::Phase;
use frostline_models::measurement::{Applied, Noise, TargetDescription, TargetKind};
use frostline_models::record::{Invocation, Outcome};
use frostline_models::units::{SimDuration, SimTime};
use frostline_report::summary::Manifest;
use frostline_report::validation::{
    Circumstances, Criteria, MeasuredSide, ValidationReport, Verdict,
};

const MS: u64 = 1_000_000;

/// Every fourth of 40 requests, ten seconds apart, is cold; its init takes `init_ms` plus its number.
fn run(init_ms: u64) -> Vec<Invocation> {
    let request = |request: u64| {
        let is_cold = request.is_multiple_of(4);
        let init = if is_cold { (init_ms + request) * MS } else { 0 };
        Invocation {
            function: 0,
            request,
            parent: None,
            attempt: 0,
            arrival: SimTime(request * 10_000 * MS),
            outcome: if is_cold {
                Outcome::Cold
            } else {
                Outcome::Warm
            },
            spillover: false,
            timed_out: false,
            queue: SimDuration::ZERO,
            init: SimDuration(init),
            phases: if is_cold {
                vec![
                    (Phase::Sandbox, SimDuration(10 * MS)),
                    (Phase::Code, SimDuration(init - 10 * MS)),
                ]
            } else {
                Vec::new()
            },
            duration: SimDuration(5 * MS),
        }
    };
    (0..40).map(request).collect()
}

fn report(invocations: Vec<Invocation>, failures: Vec<(u64, String)>) -> ValidationReport {
    let measured = MeasuredSide {
        target: TargetDescription {
            kind: TargetKind::RuntimeApi,
            label: "hello".to_owned(),
        },
        lateness_ns: vec![MS / 10; invocations.len()],
        invocations,
        failures,
        instances_peak: 1,
        applied: Applied::default(),
        noise: Noise::default(),
        warnings: Vec::new(),
    };
    let circumstances = Circumstances {
        manifest: Manifest {
            version: "0.0.0".to_owned(),
            scenario: "sha256:0".to_owned(),
            seed: 1,
        },
        function: "hello".to_owned(),
        speed: 1.0,
        keep_alive: Some(SimDuration(30_000 * MS)),
        simulated_peaks: vec![1, 1, 1],
        assumptions: Vec::new(),
    };
    let criteria = Criteria {
        agreement: 0.98,
        within: 0.1,
    };
    let simulated = [run(200), run(200), run(200)];
    ValidationReport::new(measured, &simulated, criteria, circumstances)
}

#[test]
fn equal_runs_agree_on_everything() {
    let report = report(run(200), Vec::new());
    assert_eq!(report.verdict, Verdict::Agrees);
    assert_eq!((report.cold.compared, report.cold.measured_cold), (40, 10));
    for (found, expected) in [
        (report.cold.agreement.point, 1.0),
        (report.cold.simulated_range[0], 0.25),
        (report.cold.simulated_range[1], 0.25),
        (report.cold.agreement_of_simulations, 1.0),
        (report.times[0].difference.unwrap().point, 0.0),
    ] {
        assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
    }
    assert!(report.disagreements.is_empty());
    let median = &report.times[0];
    assert_eq!(median.metric, "cold latency p50");
    assert_eq!(median.simulated_ms, Some(223.0));
}

/// Twice the init is apart, and the code is to blame: sandboxes take as long on both sides.
#[test]
fn a_slower_init_is_apart_and_its_phase_is_named() {
    let report = report(run(400), Vec::new());
    assert_eq!(report.verdict, Verdict::Apart);
    assert_eq!(report.worst_phase, Some("code"));
    let text = report.to_text(80, "next: nothing");
    assert!(text.starts_with("APART"), "{text}");
    assert!(text.contains("the phase that differs most"), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

/// One request of 40 was warm where every simulation says cold, and one failed: 38 of 39 agree,
/// 97.4 %, where 98 % were asked.
#[test]
fn single_requests_are_told_apart() {
    let mut measured = run(200);
    measured[8].outcome = Outcome::Warm;
    let report = report(measured, vec![(9, "crashed".to_owned())]);
    assert_eq!(report.cold.compared, 39);
    assert!((report.cold.agreement.point - 38.0 / 39.0).abs() < 1e-12);
    assert_eq!(report.cold.verdict, Verdict::Apart);
    let [only] = report.disagreements.as_slice() else {
        panic!("one disagreement: {:?}", report.disagreements)
    };
    assert_eq!((only.request, only.simulated_cold_share), (8, 1.0));
    assert!(!only.measured_cold);
    assert_eq!(report.failures[0].request, 9);
    assert!(
        report
            .warnings
            .iter()
            .any(|warning| warning.contains("1 requests failed"))
    );
}
