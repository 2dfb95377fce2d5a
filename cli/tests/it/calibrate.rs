//! `calibrate`: logs and measurements in, profiles out that simulate.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::{frostline, stderr, stdout};

/// Lines of a day of AWS Lambda: every tenth invocation is cold, with inits of 100 to 199 ms; a new
/// instance each time, reused after idle times of 1 to 5 minutes, gone after 10 to 14.
fn log() -> String {
    let mut text = String::new();
    let mut minute = 0.0_f64;
    for request in 0..3_000_u32 {
        let cold = request % 10 == 0;
        let stream = format!("2026/10/02/[$LATEST]{:04}", request / 10);
        minute += if cold { 10.0 } else { 1.0 } + f64::from(request * 7 % 5);
        let at = |minute: f64| {
            let seconds = minute * 60.0;
            let (day, rest) = ((seconds / 86_400.0).floor(), seconds % 86_400.0);
            let (hour, rest) = ((rest / 3_600.0).floor(), rest % 3_600.0);
            format!(
                "2026-10-{:02}T{hour:02}:{:02}:{:02}Z",
                2.0 + day,
                (rest / 60.0).floor(),
                rest % 60.0
            )
        };
        let stamp = at(minute);
        write!(
            text,
            "{stamp} {stream} REPORT RequestId: r{request}\tDuration: {} ms\tBilled Duration: 9 ms\t\
             Memory Size: 128 MB\tMax Memory Used: 40 MB\t",
            5 + request % 4
        )
        .unwrap();
        if cold {
            let ms = 100 + request * 37 / 10 % 100;
            write!(text, "Init Duration: {ms} ms\t").unwrap();
        }
        text.push('\n');
    }
    text
}

fn scenario(profile: &str) -> String {
    format!(
        "[run]\nduration = \"2 h\"\n[[function]]\nname = \"f\"\nmemory = \"512 MiB\"\n\
         duration.constant = \"10 ms\"\narrivals.poisson = {{ rate = \"0.01 /s\" }}\n\
         init.profile = \"{profile}\"\n"
    )
}

fn simulated(folder: &Path, profile: &str) -> Value {
    fs::write(folder.join("shop.toml"), scenario(profile)).unwrap();
    let done = frostline(folder, &["simulate", "shop.toml", "--format", "json"]).code(0);
    serde_json::from_str(&stdout(&done)).unwrap()
}

#[test]
fn a_log_becomes_a_profile_that_shows_itself_and_simulates() {
    let folder = tempdir().expect("a temporary folder");
    fs::write(folder.path().join("app.log"), log()).unwrap();
    let arguments = [
        "calibrate",
        "app.log",
        "--name",
        "checkout",
        "--out",
        "checkout.profile.toml",
    ];
    let done = frostline(folder.path(), &arguments).code(0);
    let text = stdout(&done);
    assert!(
        text.starts_with("checkout: the code phase takes 15"),
        "{text}"
    );
    assert!(
        text.contains("cold starts: 300 of 3,000 invocations, ratio 0.1"),
        "{text}"
    );
    assert!(text.contains("keep-alive: a fixed time fits"), "{text}");
    assert!(
        text.trim_end()
            .lines()
            .last()
            .is_some_and(|line| line.contains("profile")),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert_eq!(stderr(&done), "wrote checkout.profile.toml\n");

    let shown = frostline(
        folder.path(),
        &["calibrate", "--explain", "checkout.profile.toml"],
    )
    .code(0);
    assert_eq!(stdout(&shown), text, "what was fitted is what is shown");
    let json = [
        "calibrate",
        "--explain",
        "checkout.profile.toml",
        "--format",
        "json",
    ];
    let shown: Value =
        serde_json::from_str(&stdout(&frostline(folder.path(), &json).code(0))).unwrap();
    assert_eq!(shown["schema"], "frostline/calibration/1");
    let median = shown["phases"]["code"]["quantiles_ms"]["p50"]["point"]
        .as_f64()
        .unwrap();
    assert!((140.0..160.0).contains(&median), "{median}");
    assert_eq!(shown["profile"]["observed"]["cold_starts"], 300);

    // Placement, fetch and sandbox come from the preset, on top of 100 to 199 ms.
    let summary = simulated(folder.path(), "checkout.profile.toml");
    let init = summary["totals"]["init_ms"]["p50"]["point"]
        .as_f64()
        .unwrap();
    assert!(init > 140.0, "{init}");
}

#[test]
fn the_same_input_and_seed_give_the_same_bytes() {
    let folder = tempdir().expect("a temporary folder");
    fs::write(folder.path().join("app.log"), log()).unwrap();
    for (threads, out) in [("1", "a.toml"), ("2", "b.toml")] {
        let arguments = [
            "calibrate",
            "app.log",
            "--threads",
            threads,
            "--out",
            out,
            "--quiet",
        ];
        assert_eq!(stderr(&frostline(folder.path(), &arguments).code(0)), "");
    }
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("a.toml"), read("b.toml"));
}

/// 60 runs of each condition: unthrottled, three CPU shares of a start that is all CPU work, and two more
/// sizes at 3 ms/MB. The staircase and the slope come out.
#[test]
fn a_measurement_becomes_phases_and_regressions() {
    let folder = tempdir().expect("a temporary folder");
    let conditions = [
        (
            r#"{"cache":"evicted","resources":"unlimited","package_bytes":10000000}"#,
            1.0,
            0.0,
        ),
        (
            r#"{"cache":"evicted","resources":"lambda-throttled-init:885","package_bytes":10000000}"#,
            885.0 / 1769.0,
            0.0,
        ),
        (
            r#"{"cache":"evicted","resources":"lambda-throttled-init:442","package_bytes":10000000}"#,
            442.0 / 1769.0,
            0.0,
        ),
        (
            r#"{"cache":"evicted","resources":"lambda-throttled-init:221","package_bytes":10000000}"#,
            221.0 / 1769.0,
            0.0,
        ),
        (
            r#"{"cache":"evicted","resources":"unlimited","package_bytes":30000000}"#,
            1.0,
            60.0,
        ),
        (
            r#"{"cache":"evicted","resources":"unlimited","package_bytes":50000000}"#,
            1.0,
            120.0,
        ),
    ];
    let listed: Vec<&str> = conditions.iter().map(|condition| condition.0).collect();
    let mut text = format!(
        r#"{{"schema":"frostline/measurement/1","version":"0.1.0","target":{{"kind":"runtime-api","label":"hello"}},"seed":1,"conditions":[{}]}}"#,
        listed.join(",")
    );
    text.push('\n');
    let mut order = 0;
    for run in 0..60 {
        for (condition, (_, share, added)) in conditions.iter().enumerate() {
            let cpu = 200.0 + f64::from(run * 17 % 41) - 20.0;
            let quota = share * 20.0;
            let periods = if *share < 1.0 {
                (cpu / quota).floor()
            } else {
                0.0
            };
            let wall = if *share < 1.0 {
                periods * 20.0 + cpu - periods * quota
            } else {
                cpu
            } + added;
            let ns = (wall * 1e6).round();
            writeln!(
                text,
                r#"{{"condition":{condition},"run":{run},"order":{order},"outcome":"ready","phases":{{"ready_ns":{ns}}}}}"#
            )
            .unwrap();
            order += 1;
        }
    }
    fs::write(folder.path().join("hello.jsonl"), text).unwrap();
    let arguments = ["calibrate", "hello.jsonl", "--out", ".", "--format", "json"];
    let shown: Value =
        serde_json::from_str(&stdout(&frostline(folder.path(), &arguments).code(0))).unwrap();
    let profile = &shown["profile"];
    let share = profile["cpu_share"]["share"]["point"].as_f64().unwrap();
    assert!(share > 0.97, "all of it is CPU work: {profile}");
    let slope = profile["package_size"]["ms_per_mb"]["point"]
        .as_f64()
        .unwrap();
    assert!((slope - 3.0).abs() < 0.2, "{slope} ms/MB");
    assert!(folder.path().join("hello.profile.toml").is_file());
    let summary = simulated(folder.path(), "hello.profile.toml");
    let init = summary["totals"]["init_ms"]["p50"]["point"]
        .as_f64()
        .unwrap();
    // 512 MiB are 0.29 CPUs: about 200/0.29 ms.
    assert!((650.0..900.0).contains(&init), "{init}");
}

#[test]
fn what_cannot_be_calibrated_is_told_with_what_to_type() {
    let folder = tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("empty.log", "");
    write("noise.log", "hello\nworld\n");
    write(
        "two.csv",
        "runtime,init_ms\npython313,90;91;92\nnodejs22,140;141\n",
    );
    write("broken.jsonl", "{\"schema\":\"frostline/measurement/1\"}\n");
    write("warm.log", "REPORT RequestId: a\tDuration: 1 ms\t\n");
    write("broken.profile.toml", "schema = 3\n");
    for (arguments, told) in [
        (&["nowhere.log"][..], "cannot open nowhere.log"),
        (&["."], "is a folder, expected a file"),
        (&["empty.log"], "empty.log:1: an empty file"),
        (&["noise.log"], "no invocation in 2 records"),
        (&["two.csv"], "--where runtime=python313 (3 inits)"),
        (
            &["two.csv", "--where", "runtime=java21"],
            "--where runtime=nodejs22 (2 inits)",
        ),
        (
            &["two.csv", "--where", "colour=red"],
            "expected one of function, runtime",
        ),
        (&["two.csv", "--column", "init=boot"], "no column `boot`"),
        (&["broken.jsonl"], "broken.jsonl:1: found"),
        (&["warm.log"], "found no time of an init"),
        (
            &["two.csv", "--format-in", "yaml"],
            "expected one of aws-text",
        ),
        (
            &["--explain", "nowhere.profile.toml"],
            "cannot open nowhere.profile.toml",
        ),
        (&["--explain", "broken.profile.toml"], "broken.profile.toml"),
        (&[], "INPUT"),
    ] {
        let mut all = vec!["calibrate"];
        all.extend(arguments);
        all.extend(if arguments.contains(&"--explain") {
            &[][..]
        } else {
            &["--out", "out"]
        });
        let assert = frostline(folder.path(), &all).code(2);
        assert!(
            stderr(&assert).contains(told),
            "{arguments:?}: {}",
            stderr(&assert)
        );
        assert_eq!(stdout(&assert), "", "{arguments:?}");
    }
    assert!(!folder.path().join("out").exists(), "nothing was written");
}

/// Two weeks of requests to one function of AWS Lambda in 2020, without inits: no profile, but a cold ratio
/// and what became of idle instances.
#[test]
#[cfg_attr(not(frostline_data), ignore = "FROSTLINE_DATA is not set")]
fn a_log_without_inits_tells_the_rest() {
    let data = std::env::var("FROSTLINE_DATA").expect("the build saw it");
    let file = format!("{data}/aws-lambda-2020/requests_2020-06-13.csv");
    let folder = tempdir().expect("a temporary folder");
    let done = frostline(folder.path(), &["calibrate", &file]).code(4);
    let text = stdout(&done);
    assert!(text.contains("of 577 invocations, ratio 0."), "{text}");
    assert!(text.contains("keep-alive: "), "{text}");
    assert_eq!(stderr(&done), "no profile: no time of an init\n");
    frostline(folder.path(), &["calibrate", &file, "--out", "out"]).code(2);
}
