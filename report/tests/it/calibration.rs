//! Calibration: what profiles are made of which samples.

use std::collections::BTreeMap;

use frostline_models::init::Phase;
use frostline_models::invocation_log::{self, InvocationLog};
use frostline_models::profile::{Form, Profile, ProfileWarning};
use frostline_report::calibration::{
    CalibrationError, Filter, Options, PhaseTimes, Samples, calibrate, explained,
};
use frostline_stats::fit::Observation;
use frostline_stats::regression::Throttled;

const OPTIONS: Options = Options {
    seed: 1,
    replications: 19,
    whole_start: false,
};

/// 300 times from 80 ms upwards, a tenth of them twice as long, in ten days.
fn times() -> Vec<Vec<f64>> {
    let time =
        |i: u32| (80.0 + f64::from(i * 37 % 40)) * if i.is_multiple_of(10) { 2.0 } else { 1.0 };
    let days = 0..10_u32;
    days.map(|day| (0..30).map(|i| time(day * 30 + i)).collect())
        .collect()
}

fn samples(phase: Phase, times: PhaseTimes) -> Samples {
    Samples {
        name: "checkout".to_owned(),
        managed_runtime: true,
        phases: BTreeMap::from([(phase, times)]),
        ..Samples::default()
    }
}

fn exact(blocks: Vec<Vec<f64>>) -> PhaseTimes {
    PhaseTimes {
        blocks,
        censored: Vec::new(),
    }
}

#[test]
fn a_profile_explains_itself() {
    let profile = calibrate(samples(Phase::Code, exact(times())), &OPTIONS).unwrap();
    assert!(matches!(
        profile.measured()[&Phase::Code].law.form(),
        Form::Empirical(_)
    ));
    let text = explained(&profile, "checkout.profile.toml", 80);
    let read = Profile::parse("checkout.profile.toml", &profile.to_toml()).unwrap();
    assert_eq!(explained(&read, "checkout.profile.toml", 80), text);
    assert!(
        text.starts_with("checkout: the code phase takes 1"),
        "{text}"
    );
    for part in [
        "laws considered for code",
        "quantiles of code in ms",
        "next: frostline simulate",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

/// Few times are simulated by a law; histograms always are, and say that they are censored.
#[test]
fn few_and_censored_times_become_laws() {
    let few = calibrate(
        samples(Phase::Code, exact(vec![times().concat()[..40].to_vec()])),
        &OPTIONS,
    );
    let few = few.unwrap();
    assert!(!matches!(
        few.measured()[&Phase::Code].law.form(),
        Form::Empirical(_)
    ));
    assert!(few.warnings.contains(&ProfileWarning::FewSamples));

    let cell = |low: f64, high: f64, times: u64| (Observation::Between { low, high }, times);
    let cells = vec![
        cell(50.0, 100.0, 200),
        cell(100.0, 200.0, 700),
        cell(200.0, f64::INFINITY, 100),
    ];
    let counted = PhaseTimes {
        blocks: Vec::new(),
        censored: cells,
    };
    let counted = calibrate(samples(Phase::Total, counted), &OPTIONS).unwrap();
    let total = &counted.measured()[&Phase::Total];
    assert!(counted.warnings.contains(&ProfileWarning::CensoredSamples));
    let below = 1.0
        - total
            .law
            .law()
            .survival(frostline_models::units::SimDuration::from_millis(100));
    assert!((below - 0.2).abs() < 0.02, "{below} below 100 ms");

    let same = calibrate(samples(Phase::Code, exact(vec![vec![5.0; 30]])), &OPTIONS).unwrap();
    assert!(matches!(
        same.measured()[&Phase::Code].law.form(),
        Form::Constant(_)
    ));
}

/// Two sizes and one share decide nothing, a curve is no line: no coefficient, and the reason.
#[test]
fn a_poor_dependence_is_not_carried_on() {
    let mut two = samples(Phase::Code, exact(times()));
    two.sizes = vec![(10.0, 100.0), (10.0, 101.0), (20.0, 200.0), (20.0, 202.0)];
    two.size_bytes = Some(10_000_000);
    two.throttled = vec![Throttled {
        share: 0.5,
        walls: vec![200.0; 20],
    }];
    two.period_ms = Some(20.0);
    let profile = calibrate(two, &OPTIONS).unwrap();
    assert_eq!((profile.package_size, profile.cpu_share), (None, None));
    assert!(profile.warnings.contains(&ProfileWarning::NoExtrapolation));
    let notes = profile.notes.join("\n");
    assert!(
        notes.contains("2 sizes were measured, at least 3 are needed"),
        "{notes}"
    );
    assert!(notes.contains("a single CPU share was measured"), "{notes}");

    let mut curved = samples(Phase::Code, exact(times()));
    curved.sizes = (1..=6)
        .map(|x| (f64::from(x), f64::from(x * x * x)))
        .collect();
    curved.size_bytes = Some(1_000_000);
    let profile = calibrate(curved, &OPTIONS).unwrap();
    assert!(profile.package_size.is_none(), "{:?}", profile.notes);
}

fn log(text: &str) -> InvocationLog {
    invocation_log::read("log", &mut text.as_bytes(), None).expect("the text is a log")
}

#[test]
fn kinds_of_functions_are_never_fitted_together() {
    let text = "runtime,arch,init_ms\npython313,arm64,90;91\nnodejs22,arm64,140;141;142\n";
    let mixed = Samples::of_log("t", &log(text), &Filter::default()).unwrap_err();
    let CalibrationError::Mixed { groups } = mixed else {
        panic!("two runtimes are two kinds")
    };
    assert_eq!(
        groups[0],
        ("runtime=nodejs22,architecture=arm64".to_owned(), 3)
    );
    let mut filter = Filter::default();
    filter.add("runtime=python313").unwrap();
    let chosen = Samples::of_log("t", &log(text), &filter).unwrap();
    assert_eq!(chosen.phases.values().next().unwrap().exact(), [90.0, 91.0]);
}

/// Memory sizes are taken together, and told apart where they differ.
#[test]
fn memory_sizes_that_differ_are_doubted() {
    let mut text = "memory_mb,init_ms\n".to_owned();
    for i in 0..20 {
        text += &(format!("128,{}\n", 100 + i) + &format!("1024,{}\n", 200 + i));
    }
    let samples = Samples::of_log("t", &log(&text), &Filter::default()).unwrap();
    assert!(samples.warnings.contains(&ProfileWarning::MixedConditions));
    assert!(
        samples.notes[0].starts_with("2 memory sizes are taken together"),
        "{:?}",
        samples.notes
    );
}
