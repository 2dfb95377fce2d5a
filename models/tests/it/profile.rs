//! Profiles: the built-in runtimes, and reading and writing files.

use std::collections::BTreeMap;

use frostline_models::init::Phase;
use frostline_models::keepalive::KeepAlive;
use frostline_models::law::Law;
use frostline_models::profile::{
    CandidateFit, Coefficient, CpuShare, Form, InitRequest, KeepAliveEvidence, MeasuredPhase,
    Observed, PackageSize, Profile, ProfileError, ProfileWarning, QuantileInterval, WrittenLaw,
    builtin, builtin_names,
};
use frostline_models::scenario::Architecture::{Arm64, X86_64};
use frostline_models::scenario::PackageKind::{Image, Zip};
use frostline_models::units::{Bytes, Memory, SimDuration};
use proptest::prelude::*;

const PLAIN: InitRequest = InitRequest {
    package_size: None,
    memory: Memory(128),
};

fn ms(value: u64) -> SimDuration {
    SimDuration::from_millis(value)
}

fn measured(form: Form) -> MeasuredPhase {
    MeasuredPhase::new(300, WrittenLaw::new(form).expect("the form is a law"))
}

/// Medians of the source: python313 zip `x86_64` 92.9 ms, rust on al2023 zip arm64 13.8 ms.
#[test]
fn builtin_runtimes_carry_the_quantiles_of_the_data() {
    for (name, package, architecture, p1_us, median_us, max_us) in [
        ("python3.13", Zip, X86_64, 66_900, 92_900, 296_800),
        ("python313", Zip, X86_64, 66_900, 92_900, 296_800),
        ("Java21", Image, Arm64, 203_300, 304_900, 845_700),
        ("nodejs22", Zip, Arm64, 95_500, 129_000, 573_100),
        ("rust", Zip, Arm64, 11_000, 13_800, 53_400),
    ] {
        let profile = builtin(name, package, architecture).unwrap();
        let phases = profile.phases(&PLAIN);
        assert_eq!(phases.len(), 1, "{name}");
        let (phase, law) = &phases[0];
        assert_eq!(*phase, Phase::Runtime);
        let quantile = |p: f64| law.exceeded_with(1.0 - p).0.div_ceil(1000);
        assert!(
            quantile(0.5).abs_diff(median_us) <= 1,
            "{name}: {}",
            quantile(0.5)
        );
        assert!(
            quantile(1.0).abs_diff(max_us) <= 1,
            "{name}: {}",
            quantile(1.0)
        );
        assert!(
            quantile(0.01).abs_diff(p1_us) <= 1,
            "{name}: {}",
            quantile(0.01)
        );
        assert_eq!(profile.source.date.as_deref(), Some("2026-08-22"));
    }
}

#[test]
fn every_builtin_runtime_is_a_profile_that_survives_a_file() {
    let mut profiles = 0;
    for name in builtin_names() {
        for package in [Zip, Image] {
            for architecture in [X86_64, Arm64] {
                if let Ok(profile) = builtin(name, package, architecture) {
                    let read = Profile::parse(name, &profile.to_toml());
                    assert_eq!(read.as_ref(), Ok(&profile), "{name}");
                    profiles += 1;
                }
            }
        }
    }
    assert_eq!(profiles, 155);
    assert_eq!(builtin_names().count(), 40);
}

#[test]
fn managed_runtimes_are_told_from_custom_ones() {
    let managed = |name| builtin(name, Zip, X86_64).map(|profile| profile.managed_runtime());
    for name in [
        "python3.9",
        "nodejs24.x",
        "java8.al2",
        "java8",
        "dotnet10",
        "ruby3.4",
    ] {
        assert_eq!(managed(name), Ok(true), "{name}");
    }
    for name in [
        "go",
        "dotnet8-aot",
        "graalvm",
        "swift",
        "bun",
        "llrt",
        "provided.al2023",
    ] {
        assert_ne!(managed(name), Ok(true), "{name}");
    }
}

#[test]
fn aliases_mean_the_newest_base() {
    for (alias, name) in [
        ("rust", "rust_on_provided_al2023"),
        ("go1.x", "go_on_provided_al2"),
        ("rust_on_provided.al2", "rust_on_provided_al2"),
        ("dotnet8-aot", "dotnet8_aot_on_provided_al2023"),
        ("c", ""),
    ] {
        let found = builtin(alias, Zip, X86_64).map(|profile| profile.name);
        assert_eq!(found.unwrap_or_default(), name, "{alias}");
    }
}

#[test]
fn an_unknown_runtime_says_what_may_have_been_meant() {
    let message = |name| builtin(name, Zip, X86_64).unwrap_err().to_string();
    assert_eq!(
        message("pyton3.13"),
        "unknown runtime `pyton3.13`; did you mean `python3.13`, `python3.10`, `python3.11`, \
         `python3.12`, `python3.14`?"
    );
    assert!(message("provided.al2").contains("rust_on_provided_al2`"));
    assert!(message("java").contains("java21"));
    assert_eq!(message("fortran-77"), "unknown runtime `fortran-77`");
    let quarkus = builtin("quarkus", Zip, Arm64).unwrap_err().to_string();
    assert_eq!(
        quarkus,
        "`quarkus` was measured only as image on x86_64, zip on x86_64"
    );
}

#[test]
fn package_size_and_cpu_share_change_their_phases_only() {
    let code = measured(Form::Constant(ms(100)));
    let fetch = measured(Form::Constant(ms(50)));
    let phases = BTreeMap::from([(Phase::Code, code.clone()), (Phase::Fetch, fetch)]);
    let mut profile = Profile::new("f", true, phases).unwrap();
    let exactly = |point| Coefficient {
        point,
        low: point,
        high: point,
        n: 9,
    };
    profile.package_size = Some(PackageSize {
        reference: Bytes(10_000_000),
        ms_per_mb: exactly(2.0),
        hold_out_error: None,
    });
    profile.cpu_share = Some(CpuShare {
        reference: Memory(1769),
        share: exactly(0.5),
        period: None,
        hold_out_error: None,
    });
    let at = |megabytes: u64, memory| {
        profile.phases(&InitRequest {
            package_size: Some(Bytes(megabytes * 1_000_000)),
            memory: Memory(memory),
        })
    };
    let constant = |phase, span| (phase, Law::Constant(ms(span)));
    // 50 ms + 2 ms/MB · 20 MB; nothing on the code at a whole vCPU or more.
    let expected = [constant(Phase::Fetch, 90), constant(Phase::Code, 100)];
    assert_eq!(at(30, 1769), expected);
    assert_eq!(at(30, 10_240), expected);
    // An eighth of a vCPU: ½ + ½·8 = 4.5 times as long. 1769/8 is no whole number: within 0.5 %.
    let slow = at(10, 221)[1].1.mean_ns() / 1e6;
    assert!((slow - 450.0).abs() < 2.0, "{slow}");
    // A smaller package cannot take less than no time.
    profile.package_size = Some(PackageSize {
        reference: Bytes(100_000_000),
        ms_per_mb: exactly(2.0),
        hold_out_error: None,
    });
    let small = profile.phases(&InitRequest {
        package_size: Some(Bytes(0)),
        memory: Memory(128),
    });
    assert_eq!(small[0], (Phase::Fetch, Law::ZERO));
    profile = Profile::new("f", true, BTreeMap::from([(Phase::Code, code)])).unwrap();
    assert_eq!(profile.phases(&PLAIN), [constant(Phase::Code, 100)]);
}

/// Half of 100 ms is CPU work. With an eighth of a CPU and periods of 20 ms, 50 ms are 20 whole quotas
/// of 2.5 ms: 400 ms, where 1/share says 400 too; 2 ms fit into one quota and are not slowed at all.
#[test]
fn a_quota_slows_in_steps() {
    let mut profile = Profile::new(
        "f",
        true,
        BTreeMap::from([(Phase::Code, measured(Form::Constant(ms(100))))]),
    )
    .unwrap();
    profile.cpu_share = Some(CpuShare {
        reference: Memory(1769),
        share: Coefficient {
            point: 0.5,
            low: 0.4,
            high: 0.6,
            n: 80,
        },
        period: Some(ms(20)),
        hold_out_error: Some(0.02),
    });
    let at = |profile: &Profile, memory| {
        let request = InitRequest {
            package_size: None,
            memory: Memory(memory),
        };
        profile.phases(&request)[0].1.mean_ns() / 1e6
    };
    assert!((at(&profile, 10_240) - 100.0).abs() < 1e-9);
    let slow = at(&profile, 221);
    assert!((slow - 450.0).abs() < 20.0, "{slow}");
    let short = BTreeMap::from([(Phase::Code, measured(Form::Constant(ms(4))))]);
    let mut small = Profile::new("f", true, short).unwrap();
    small.cpu_share = profile.cpu_share;
    assert!((at(&small, 221) - 4.0).abs() < 1e-9);
    // The staircase of a law that is no table maps its quantiles.
    let wide = BTreeMap::from([(
        Phase::Code,
        measured(Form::LogNormal {
            median: ms(100),
            p99: ms(200),
        }),
    )]);
    let mut drawn = Profile::new("f", true, wide).unwrap();
    drawn.cpu_share = profile.cpu_share;
    let phases = drawn.phases(&InitRequest {
        package_size: None,
        memory: Memory(221),
    });
    let median = phases[0].1.exceeded_with(0.5).as_millis_f64();
    assert!((median - 450.0).abs() < 25.0, "{median}");
    let throttled = profile.to_toml().replace("1769 MiB", "512 MiB");
    let told = Profile::parse("f", &throttled).unwrap_err().to_string();
    assert!(told.contains("starts from unthrottled times"), "{told}");
}

#[test]
fn what_a_profile_rests_on_survives_a_file() {
    let law = |form| WrittenLaw::new(form).unwrap();
    let mut code = measured(Form::Mixture(vec![
        (
            0.8,
            Form::LogNormal {
                median: ms(90),
                p99: ms(120),
            },
        ),
        (
            0.2,
            Form::LogNormal {
                median: ms(200),
                p99: ms(400),
            },
        ),
    ]));
    code.intervals = vec![QuantileInterval {
        probability: 0.5,
        point: ms(90),
        low: ms(88),
        high: ms(92),
    }];
    let fit = |form| CandidateFit {
        law: law(form),
        aic: 10.5,
        bic: 12.25,
        ks: Some(0.03),
        ks_p: Some(0.4),
        ad: None,
        ad_p: None,
        errors: vec![(0.5, 0.01), (0.99, -0.2)],
    };
    code.fits = vec![
        fit(Form::ShiftedLogNormal {
            shift: ms(60),
            median: ms(90),
            p99: ms(300),
        }),
        fit(Form::LogLogistic {
            shape: 6.5,
            median: ms(90),
        }),
        fit(Form::Exponential { mean: ms(90) }),
        fit(Form::Pareto {
            shape: 2.5,
            minimum: ms(60),
        }),
    ];
    let mut profile = Profile::new("f", true, BTreeMap::from([(Phase::Code, code)])).unwrap();
    let ratio = Coefficient {
        point: 0.02,
        low: 0.01,
        high: 0.03,
        n: 24,
    };
    profile.observed = Some(Observed {
        invocations: 1_000,
        cold_starts: 20,
        cold_ratio: ratio,
        duration: Some((980, law(Form::Constant(ms(12))))),
    });
    profile.notes = vec!["12 inits of provisioned instances were left out".to_owned()];
    for kind in [
        KeepAlive::Fixed(ms(360_000)),
        KeepAlive::Uniform {
            low: ms(300_000),
            high: ms(420_000),
        },
        KeepAlive::Halving(ms(380_000)),
        KeepAlive::None,
        KeepAlive::Forever,
    ] {
        profile.keep_alive = Some(KeepAliveEvidence {
            samples: 400,
            reused: 380,
            kind,
            survival: vec![(ms(60_000), ratio)],
        });
        let text = profile.to_toml();
        assert_eq!(Profile::parse("f", &text).as_ref(), Ok(&profile), "{text}");
    }
    let wrong = profile.to_toml().replace("[0.5, \"90 ms\", ", "[0.5, ");
    let told = Profile::parse("f", &wrong).unwrap_err().to_string();
    assert!(told.contains("expected a row such as"), "{told}");
}

#[test]
fn the_whole_init_stands_alone() {
    let law = measured(Form::Constant(ms(1)));
    let both = BTreeMap::from([(Phase::Total, law.clone()), (Phase::Code, law)]);
    let error = Profile::new("f", true, both).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the phase `total` is the whole init: `code` cannot stand beside it"
    );
    assert_eq!(
        Profile::new("f", true, BTreeMap::new()),
        Err(ProfileError::NoPhase)
    );
}

#[test]
fn every_fault_of_a_file_is_found_with_its_place() {
    let text = r#"
schema = "frostline/profile/3"
name = "f"
packag = "zip"
architecture = "armv7"
warnings = ["no-such"]
[source]
[phase.runtime]
n = 1.5
empirical = { quantiles = [[0.5, "12 parsecs"]] }
[phase.code]
n = 3
log-normal = { median = "2 s", p99 = "1 s" }
gamma = { shape = 1, mean = "1 s" }
[phase.fetch]
n = 3
log-normal = { median = "2 s", p99 = "1 s" }
[cpu-share]
reference = "1769 MiB"
share = { point = 2.0, low = 1.0, high = 3.0, n = 3 }
"#;
    let found = Profile::parse("f.profile.toml", text).unwrap_err();
    let places: Vec<(&str, &str)> = found
        .errors
        .iter()
        .map(|error| (error.title.as_str(), &text[error.labels[0].range.clone()]))
        .collect();
    let titles: Vec<&str> = places.iter().map(|place| place.0).collect();
    assert_eq!(
        titles,
        [
            "unknown key `packag` in a profile",
            "unknown profile format `frostline/profile/3`",
            "missing key `managed-runtime`",
            "unknown architecture `armv7`",
            "unknown warning `no-such`",
            "missing key `title`",
            "the 99th percentile (1 s) must not be below the median (2 s)",
            "expected a whole number, found float",
            "expected a duration such as \"120 ms\" (units: ns, us, ms, s, min, h, d), found `12 parsecs`",
            "two laws: `log-normal` and `gamma`",
            "`share` is out of range: 2",
        ]
    );
    assert_eq!(places[0].1, "packag");
    assert_eq!(places[7].1, "1.5");
    assert_eq!(places[8].1, "\"12 parsecs\"");
    assert_eq!(found.sources[0].name, "f.profile.toml");
}

#[test]
fn broken_toml_is_reported_line_by_line() {
    let found = Profile::parse("f", "name = \n[source\n").unwrap_err();
    assert!(found.errors.len() >= 2, "{found:?}");
    assert!(found.errors.iter().all(|error| error.code == "toml-syntax"));
}

fn span() -> impl Strategy<Value = SimDuration> {
    (1_u64..1 << 50).prop_map(SimDuration)
}

fn form() -> impl Strategy<Value = Form> {
    let shape = 0.1..9.0;
    let simple = prop_oneof![
        span().prop_map(Form::Constant),
        (span(), 0_u64..1 << 40).prop_map(|(median, more)| Form::LogNormal {
            median,
            p99: SimDuration(median.0 + more),
        }),
        (shape.clone(), span()).prop_map(|(shape, mean)| Form::Gamma { shape, mean }),
        (shape, span()).prop_map(|(shape, scale)| Form::Weibull { shape, scale }),
        (span(), 0_u64..1 << 40).prop_map(|(low, more)| Form::Empirical(vec![
            (0.125, low),
            (1.0, SimDuration(low.0 + more)),
        ])),
    ];
    simple.prop_recursive(2, 8, 3, |inner| {
        prop::collection::vec((0.01..5.0, inner), 1..4).prop_map(Form::Mixture)
    })
}

proptest! {
    #[test]
    fn a_profile_is_read_back_as_it_was_written(
        form in form(),
        name in ".{0,20}",
        environment in prop::collection::btree_map("\\PC{1,9}", ".{0,9}", 0..3),
        point in 0.0..=1.0,
        n in 0_u64..1 << 62,
    ) {
        let phases = BTreeMap::from([(Phase::Code, measured(form))]);
        let mut profile = Profile::new(&name, false, phases).unwrap();
        profile.environment = environment;
        profile.warnings = ProfileWarning::ALL.to_vec();
        profile.cpu_share = Some(CpuShare {
            reference: Memory(512),
            share: Coefficient { point, low: point / 2.0, high: point * 2.0, n },
            period: None,
            hold_out_error: Some(point),
        });
        profile.package_size = Some(PackageSize {
            reference: Bytes(n >> 10),
            ms_per_mb: Coefficient { point, low: -1.0, high: 1e9, n },
            hold_out_error: None,
        });
        let read = Profile::parse("f", &profile.to_toml());
        prop_assert_eq!(read, Ok(profile));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(\\PC|\n){0,80}") {
        let _ = Profile::parse("f", &text);
    }
}
