//! Scenario files: what is told about mistakes, what is settled, and that nothing panics.

use std::fmt::Write as _;

use frostline_models::arrival::{Arrivals, Counts, Placement, Recorded};
use frostline_models::init::{Init, Phase};
use frostline_models::keepalive::KeepAlive;
use frostline_models::law::Law;
use frostline_models::scenario::{Scenario, WarmUp};
use frostline_models::scenario_file::spec::tables;
use frostline_models::scenario_file::{
    NoResources, Resources, ScenarioFile, TEMPLATE, TraceRequest, reference, schema,
};
use frostline_models::trace::{Trace, TraceFunction};
use frostline_models::units::{Memory, SimDuration, SimTime};
use proptest::prelude::*;

/// A sound scenario, for mistakes to be made in.
pub(crate) const SOUND: &str = r#"[run]
duration = "1 h"

[platform]
keep-alive.fixed = "6 min"

[[function]]
name = "checkout"
memory = "512 MiB"
runtime = "python3.13"
duration.log-normal = { median = "120 ms", p99 = "900 ms" }
arrivals.poisson = { rate = "3 /s" }

[[slo]]
assert = "checkout: p99 <= 300 ms"
"#;

pub(crate) fn resolve(text: &str) -> Result<Scenario, String> {
    let file = ScenarioFile::parse("s.toml", text).map_err(|told| told.to_string())?;
    file.resolve(&mut NoResources)
        .map_err(|told| told.to_string())
}

/// What is told when a part of the sound scenario is replaced.
fn told(from: &str, to: &str) -> String {
    assert!(SOUND.contains(from), "`{from}` is not in the scenario");
    resolve(&SOUND.replacen(from, to, 1)).expect_err("the mistake must be told")
}

/// What the mistake is, what of the sound scenario is replaced, and by what.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("typo in a key", "memory =", "memroy ="),
    ("typo in a kind", "log-normal", "lognormal"),
    ("wrong unit", "\"512 MiB\"", "\"512 parsecs\""),
    ("no unit", "rate = \"3 /s\"", "rate = 3"),
    ("a unit of something else", "\"6 min\"", "\"6 MB\""),
    (
        "impossible quantiles",
        "p99 = \"900 ms\"",
        "p99 = \"90 ms\"",
    ),
    ("a law without its parameters", ", p99 = \"900 ms\"", ""),
    (
        "two kinds",
        "keep-alive.fixed",
        "keep-alive.forever = true\nkeep-alive.fixed",
    ),
    ("no kind", "keep-alive.fixed = \"6 min\"", "keep-alive = {}"),
    ("missing name", "name = \"checkout\"\n", ""),
    (
        "missing duration",
        "duration.log-normal",
        "init.total.log-normal",
    ),
    ("missing run", "[run]\nduration = \"1 h\"\n", ""),
    (
        "duplicate names",
        "[[slo]]",
        "[[function]]\nname = \"checkout\"\nlike = \"checkout\"\n[[slo]]",
    ),
    (
        "like cycle",
        "memory =",
        "like = \"a\"\n[[function]]\nname = \"a\"\nlike = \"b\"\n[[function]]\nname = \"b\"\nlike = \"a\"\nmemory =",
    ),
    ("like nobody", "memory =", "like = \"chekout\"\nmemory ="),
    ("too large", "rate = \"3 /s\"", "rate = \"1000000000 /s\""),
    ("unknown runtime", "python3.13", "pyhton3.13"),
    (
        "unknown preset",
        "[platform]",
        "[platform]\npreset = \"aws-lambda@2020\"",
    ),
    (
        "an unlimited age in other words",
        "memory =",
        "max-age = \"forever\"\nmemory =",
    ),
    (
        "unknown region",
        "[platform]",
        "[platform]\nprice.region = \"us-east-2000\"",
    ),
    (
        "limit neither number nor none",
        "[platform]",
        "[platform]\nlimits.account = \"nothing\"",
    ),
    (
        "reserved above the account",
        "memory =",
        "reserved = 2000\nmemory =",
    ),
    (
        "provisioned above reserved",
        "memory =",
        "reserved = 2\nprovisioned.fixed = 3\nmemory =",
    ),
    ("no concurrency", "memory =", "concurrency = 0\nmemory ="),
    ("slo about nobody", "checkout: p99", "chekout: p99"),
    ("slo without a unit", "300 ms", "300"),
    ("slo about nothing", ": p99", ": p98"),
    (
        "a bare law",
        "duration.log-normal = { median = \"120 ms\", p99 = \"900 ms\" }",
        "duration = \"120 ms\"",
    ),
    ("single brackets", "[[function]]", "[function]"),
    (
        "a wrong word",
        "memory =",
        "architecture = \"arm46\"\nmemory =",
    ),
    (
        "a wrong cron",
        "poisson = { rate = \"3 /s\" }",
        "schedule = { cron = \"every day\" }",
    ),
    (
        "a wrong zone",
        "poisson = { rate = \"3 /s\" }",
        "schedule = { cron = \"0 * * * *\", time-zone = \"Europe/Berln\" }",
    ),
    (
        "too many instants",
        "poisson = { rate = \"3 /s\" }",
        "schedule.every = \"1 us\"",
    ),
    (
        "points that fall",
        "poisson = { rate = \"3 /s\" }",
        "piecewise = { period = \"1 d\", rates = [[\"0 h\", \"1 /s\"], [\"8 h\", \"2 /s\"], [\"7 h\", \"3 /s\"]] }",
    ),
    ("a false kind", "fixed = \"6 min\"", "none = false"),
    ("syntax", "duration = \"1 h\"", "duration = \"1 h"),
];

#[test]
fn every_mistake_is_told_at_its_place() {
    let mut text = String::new();
    for (mistake, from, to) in MISTAKES {
        writeln!(text, "# {mistake}\n{}\n", told(from, to)).expect("writing to a string");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    let text = SOUND
        .replace("\"1 h\"", "\"1 hour\"")
        .replace("memory", "memroy")
        .replace("p99 = \"900 ms\"", "p99 = \"90 ms\"")
        .replace("python3.13", "cobol")
        .replace("checkout: p99", "cart: p99");
    insta::assert_snapshot!(resolve(&text).expect_err("five mistakes"));
}

#[test]
fn labels_point_at_exactly_the_offending_value() {
    let text = SOUND.replace("\"900 ms\"", "\"90 ms\"");
    let file = ScenarioFile::parse("s.toml", &text).expect("sound syntax");
    let told = file.resolve(&mut NoResources).expect_err("a mistake");
    let shown: Vec<(&str, bool)> = told.errors[0]
        .labels
        .iter()
        .map(|label| (&text[label.range.clone()], label.primary))
        .collect();
    assert_eq!(told.errors[0].code, "scenario::quantile-order");
    assert_eq!(shown, [("\"90 ms\"", true), ("\"120 ms\"", false)]);
}

#[test]
fn assignments_change_values_and_replace_kinds() {
    let mut file = ScenarioFile::parse("s.toml", SOUND).expect("sound");
    for assignment in [
        "function.checkout.memory=\"1 GiB\"",
        "function[0].timeout=10 s",
        "platform.keep-alive.uniform={ low = \"5 min\", high = \"7 min\" }",
        "function.checkout.duration.constant=1 s",
        "function.\"checkout\".provisioned.fixed = 3",
        "run.replications=4",
        "run.warm-up=1 min",
    ] {
        file.set(assignment).expect(assignment);
    }
    assert_eq!(
        file.get("function.checkout.memory")
            .and_then(|node| node.text()),
        Some("1 GiB")
    );
    assert!(file.get("platform.keep-alive.fixed").is_none());
    let scenario = file.resolve(&mut NoResources).expect("still sound");
    let function = &scenario.functions[0];
    assert_eq!(function.memory, Memory(1024));
    assert_eq!(function.timeout, Some(SimDuration::from_secs(10)));
    assert_eq!(function.duration, Law::Constant(SimDuration::from_secs(1)));
    assert_eq!(function.provisioned.instances, 3);
    assert!(matches!(function.keep_alive, KeepAlive::Uniform { .. }));
    assert_eq!(scenario.run.replications, 4);
    assert_eq!(
        scenario.run.warm_up,
        WarmUp::Fixed(SimDuration::from_secs(60))
    );
}

#[test]
fn mistakes_in_assignments_are_told() {
    let mut text = String::new();
    for assignment in [
        "run.duration",
        "function.chekout.memory=1 GiB",
        "function[7].memory=1 GiB",
        "function.checkout=3",
        ".memory=1",
        "function.checkout.memroy=1 GiB",
        "function.checkout.memory=1 parsec",
        "function.checkout.concurrency=0",
    ] {
        let mut file = ScenarioFile::parse("s.toml", SOUND).expect("sound");
        let told = file
            .set(assignment)
            .and_then(|()| file.resolve(&mut NoResources).map(|_| ()))
            .expect_err(assignment);
        writeln!(text, "# {assignment}\n{told}\n").expect("writing to a string");
    }
    insta::assert_snapshot!(text);
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the test reads the examples, the crate reads nothing"
)]
fn the_template_and_every_example_resolve() {
    resolve(TEMPLATE).expect("the template is sound");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).expect("the examples are there") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a readable example");
        assert!(
            text.starts_with("# "),
            "{} says what it shows",
            path.display()
        );
        assert!(
            text.contains("# Expect: "),
            "{} says what to expect",
            path.display()
        );
        // The traces of examples are read by the tests of the command line.
        let file = ScenarioFile::parse("example.toml", &text);
        file.and_then(|file| file.resolve(&mut TwoFunctions))
            .unwrap_or_else(|told| panic!("{}: {told}", path.display()));
        found += 1;
    }
    assert!(found >= 7, "found only {found} examples");
}

#[test]
fn schema_and_reference_cover_every_key() {
    let schema = schema();
    let reference = reference();
    let mut keys = 0;
    for table in tables() {
        let properties = &schema["$defs"][table.name]["properties"];
        for key in table.keys {
            assert_eq!(properties[key.name]["description"], key.doc, "{}", key.name);
            assert!(reference.contains(key.doc), "{}.{}", table.name, key.name);
            keys += 1;
        }
    }
    assert!(keys > 100, "found only {keys} keys");
}

#[test]
fn memory_turns_into_speed() {
    let text = SOUND.replace(
        "memory = \"512 MiB\"",
        "memory = \"128 MiB\"\ncpu = { bound = \"80 %\" }\nfirst-invocation.constant = \"10 ms\"",
    );
    let scenario = resolve(&text).expect("sound");
    let unscaled = resolve(SOUND).expect("sound").functions[0]
        .duration
        .mean_ns();
    let slowdown = 1769.0 / 128.0;
    let expected = unscaled * (0.2 + 0.8 * slowdown);
    let found = scenario.functions[0].duration.mean_ns();
    assert!(
        (found / expected - 1.0).abs() < 1e-9,
        "{found} against {expected}"
    );
    let first = scenario.functions[0].first_invocation.mean_ns();
    assert!((first / (1e7 * slowdown) - 1.0).abs() < 1e-6, "{first}");
}

#[test]
fn init_follows_its_precedence_and_names_its_doubts() {
    let phases = |text: &str| -> Vec<Phase> {
        let scenario = resolve(text).expect("sound");
        let phases = scenario.functions[0].init.phases();
        phases.iter().map(|(phase, _)| *phase).collect()
    };
    assert_eq!(phases(SOUND), [Phase::Placement, Phase::Runtime]);
    let bare = SOUND.replace("runtime = \"python3.13\"\n", "");
    assert_eq!(phases(&bare), [Phase::Placement, Phase::Sandbox]);
    let old = SOUND
        .replace("[platform]", "[platform]\npreset = \"aws-lambda@2019\"")
        .replace("memory =", "vpc = true\npackage.size = \"18 MB\"\nmemory =");
    assert_eq!(
        phases(&old),
        [
            Phase::Placement,
            Phase::Network,
            Phase::Fetch,
            Phase::Runtime
        ]
    );
    let scenario = resolve(&old).expect("sound");
    assert_eq!(scenario.unverified.len(), 3, "{:?}", scenario.unverified);
    assert!(!scenario.platform.price.managed_init_billed);
    let total = SOUND.replace("memory =", "init.total.constant = \"0 s\"\nmemory =");
    assert_eq!(phases(&total), []);
    assert!(resolve(&total).expect("sound").unverified.is_empty());
    let snapshot = SOUND.replace("memory =", "snapshot.snap-start = {}\nmemory =");
    assert_eq!(phases(&snapshot), [Phase::Placement, Phase::Restore]);
}

#[test]
fn schedules_are_expanded_in_their_time_zone() {
    let with = |schedule: &str| {
        let text = SOUND.replace("poisson = { rate = \"3 /s\" }", schedule);
        let scenario = resolve(&text.replace("\"1 h\"", "\"2 d\"")).expect("sound");
        match &scenario.functions[0].arrivals {
            Arrivals::Recorded(recorded) => {
                let times = recorded.times().iter();
                times.map(|time| time.0 / 1_000_000_000).collect()
            }
            other => panic!("no schedule: {other:?}"),
        }
    };
    let hours: Vec<u64> = with("schedule = { cron = \"0 0,12 * * *\" }");
    assert_eq!(hours, [0, 43_200, 86_400, 129_600]);
    // The clocks of Berlin went back at 3 in the morning of 2026-10-25: noon is 13 h after midnight.
    let autumn: Vec<u64> = with(
        "schedule = { cron = \"0 12 * * *\", time-zone = \"Europe/Berlin\", start = \"2026-10-25\" }",
    );
    assert_eq!(autumn, [13 * 3600, 37 * 3600]);
    let every: Vec<u64> = with("schedule.every = \"20 h\"");
    assert_eq!(every, [72_000, 144_000]);
}

/// A trace of two functions, one with everything recorded and one with counts alone.
struct TwoFunctions;

impl Resources for TwoFunctions {
    fn profile(&mut self, _path: &str) -> Result<String, String> {
        Err("no profile here".to_owned())
    }

    fn trace(&mut self, request: &TraceRequest) -> Result<Trace, String> {
        let counts = |placement| {
            let minute = SimDuration::from_secs(60);
            Arrivals::Counts(Counts::new(minute, placement, [(0, 3), (7, 1)]))
        };
        let function = |name: &str, duration, memory| TraceFunction {
            name: name.to_owned(),
            trigger: None,
            arrivals: counts(request.placement),
            duration,
            memory,
            init: None,
        };
        let known = Law::Constant(SimDuration::from_millis(70));
        Ok(Trace {
            format: request.format.clone(),
            duration: SimDuration::from_secs(86_400),
            functions: vec![
                function("full", Some(known), Some(Memory(170))),
                function("bare", None, None),
            ],
            assumptions: vec!["minutes are UTC".to_owned()],
        })
    }
}

#[test]
fn traces_take_what_they_do_not_say_from_the_defaults() {
    let text = r#"
[trace]
azure-functions-2019 = { path = "azure", placement = "equidistant" }

[function-defaults]
memory = "256 MiB"
duration.constant = "1 s"
init.total.constant = "200 ms"

[[function]]
name = "bare"
memory = "1 GiB"

[[function]]
name = "extra"
arrivals.poisson = { rate = "1 /h" }
"#;
    let file = ScenarioFile::parse("t.toml", text).expect("sound");
    let scenario = file.resolve(&mut TwoFunctions).expect("sound");
    let seen: Vec<(&str, u32, f64)> = scenario
        .functions
        .iter()
        .map(|f| (f.name.as_str(), f.memory.0, f.duration.mean_ns() / 1e6))
        .collect();
    assert_eq!(
        format!("{seen:?}"),
        "[(\"full\", 170, 70.0), (\"bare\", 1024, 1000.0), (\"extra\", 256, 1000.0)]"
    );
    assert_eq!(scenario.run.replications, 1);
    assert_eq!(scenario.run.warm_up, WarmUp::Fixed(SimDuration::ZERO));
    assert_eq!(scenario.run.duration, SimDuration::from_secs(86_400));
    assert!(matches!(
        &scenario.functions[0].arrivals,
        Arrivals::Counts(counts) if counts.placement == Placement::Equidistant
    ));
    let wrong = text.replace(
        "memory = \"1 GiB\"",
        "arrivals.poisson = { rate = \"1 /s\" }",
    );
    let told = ScenarioFile::parse("t.toml", &wrong)
        .expect("sound syntax")
        .resolve(&mut TwoFunctions)
        .expect_err("arrivals beside a trace");
    assert!(
        told.to_string().contains("cannot stand beside a trace"),
        "{told}"
    );
}

/// A trace of single requests, each with its duration, and with an init of its own.
struct SingleRequests;

impl Resources for SingleRequests {
    fn profile(&mut self, _path: &str) -> Result<String, String> {
        Err("no profile here".to_owned())
    }

    fn trace(&mut self, request: &TraceRequest) -> Result<Trace, String> {
        let requests = Recorded::at([0, 5, 9].map(SimTime))
            .and_then(|requests| requests.with_durations([30, 10, 20].map(SimDuration)))
            .map_err(|error| error.to_string())?;
        let function = |name: &str| TraceFunction {
            name: name.to_owned(),
            trigger: None,
            arrivals: Arrivals::Recorded(requests.clone()),
            duration: None,
            memory: None,
            init: Some(Init::new(vec![(
                Phase::Code,
                Law::Constant(SimDuration(700)),
            )])),
        };
        Ok(Trace {
            format: request.format.clone(),
            duration: SimDuration(100),
            functions: vec![function("as-recorded"), function("changed")],
            assumptions: Vec::new(),
        })
    }
}

#[test]
fn what_a_trace_records_of_single_requests_yields_to_the_functions_own_keys() {
    let text = r#"
trace.request-log = { path = "log.csv", time = "at" }

[function-defaults]
duration.constant = "1 s"
runtime = "python3.13"

[[function]]
name = "changed"
duration.constant = "2 s"
init.total.constant = "3 s"
"#;
    let file = ScenarioFile::parse("t.toml", text).expect("sound");
    let scenario = file.resolve(&mut SingleRequests).expect("sound");
    let requests = |function: usize| match &scenario.functions[function].arrivals {
        Arrivals::Recorded(requests) => requests.clone(),
        other => panic!("no single requests: {other:?}"),
    };
    let [recorded, changed] = [&scenario.functions[0], &scenario.functions[1]];
    let middle = recorded.duration.exceeded_with(0.5);
    assert_eq!(middle, SimDuration(20));
    assert!(requests(0).replayed_durations().is_some());
    let init = [(Phase::Code, Law::Constant(SimDuration(700)))];
    assert_eq!(recorded.init.phases(), init);

    assert_eq!(changed.duration, Law::Constant(SimDuration::from_secs(2)));
    assert!(requests(1).replayed_durations().is_none());
    assert!(requests(1).durations().is_some(), "kept for comparison");
    let init = [(Phase::Total, Law::Constant(SimDuration::from_secs(3)))];
    assert_eq!(changed.init.phases(), init);
}

#[test]
fn hostile_files_are_refused_without_harm() {
    let deep = format!("a = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(resolve(&deep).is_err());
    let dotted = format!("{}a = 1", "a.".repeat(100_000));
    assert!(resolve(&dotted).is_err());
    let inner = format!("a = {}1{}", "[".repeat(40), "]".repeat(40));
    assert!(
        resolve(&inner)
            .expect_err("too deep")
            .contains("nested more than 32")
    );
    let large = "#".repeat(5 << 20);
    assert!(resolve(&large).expect_err("too large").contains("4 MiB"));
    let many = "[[function]]\n".repeat(100_001);
    assert!(
        resolve(&many)
            .expect_err("too many")
            .contains("100001 entries")
    );
    let numbers = SOUND.replace("memory =", "reserved = 99999999999999999999\nmemory =");
    assert!(resolve(&numbers).expect_err("too big").contains("64 bits"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
        let _ = resolve(&text);
    }

    #[test]
    fn mutated_scenarios_never_panic(
        base in 0..2_usize,
        at in any::<prop::sample::Index>(),
        length in 0..12_usize,
        patch in prop_oneof![
            "[ -~\n]{0,8}",
            prop::sample::select(vec!["0", "-1", "1e308", "nan", "\"\"", "[]", "{}", "true", "18446744073709551615", "\"0 s\"", "\"73 d\""]).prop_map(str::to_owned),
        ],
    ) {
        let text = [SOUND, TEMPLATE][base];
        let mut start = at.index(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = (start + length).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        let mutated = format!("{}{patch}{}", &text[..start], &text[end..]);
        if let Ok(file) = ScenarioFile::parse("m.toml", &mutated)
            && let Err(told) = file.resolve(&mut NoResources)
        {
            for error in &told.errors {
                prop_assert!(error.code != "scenario::unsettled", "{mutated}\n{told}");
                for label in &error.labels {
                    prop_assert!(told.sources[label.source].text.get(label.range.clone()).is_some());
                }
            }
        }
    }

    #[test]
    fn assignments_never_panic(assignment in "[a-z.\\[\\]0-9\"= {}]{0,30}", value in "\\PC{0,20}") {
        let mut file = ScenarioFile::parse("s.toml", SOUND).expect("sound");
        let _ = file.set(&assignment);
        let _ = file.set(&format!("function.checkout.{assignment}={value}"));
        let _ = file.resolve(&mut NoResources);
    }
}
