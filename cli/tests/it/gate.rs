//! `gate`: verdicts, exit codes, and what an interruption leaves.
//!
//! Verdicts are those of a test whose error is 1 %; effects here are far larger than the noise of
//! processor time, so that a test fails by chance less often still.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::tempdir;

use crate::{frostline, stderr, stdout};

/// A loop of so many turns, which is processor time.
fn work(turns: u32) -> String {
    format!("sh -c 'i=0; while [ $i -lt {turns} ]; do i=$((i+1)); done'")
}

fn compared(folder: &Path, base: &str, change: &str, more: &[&str]) -> (i32, Value) {
    let arguments = [
        "gate", "run", "--base", base, "--change", change, "--format", "json",
    ];
    let done = frostline(folder, &[&arguments[..], more].concat());
    let code = done.get_output().status.code().expect("it ended by itself");
    let report = serde_json::from_str(&stdout(&done));
    let report = report.unwrap_or_else(|error| panic!("{error}: {}", stderr(&done)));
    (code, report)
}

#[test]
fn more_work_is_slower_and_less_is_faster() {
    let folder = tempdir().unwrap();
    let (few, many) = (work(3_000), work(12_000));
    let (code, report) = compared(folder.path(), &few, &many, &["--out", "gate"]);
    assert_eq!(
        (code, &report["verdict"]),
        (3, &"slower".into()),
        "{report:#}"
    );
    assert_eq!(report["schema"], "frostline/gate/1");
    assert_eq!(report["ended"], "decided");
    let cpu = &report["conditions"][0]["metrics"][0];
    assert_eq!(
        (&cpu["metric"], &cpu["decides"]),
        (&"cpu".into(), &true.into())
    );
    assert!(cpu["effect"]["low"].as_f64().unwrap() > 0.03, "{cpu:#}");
    assert_eq!(cpu["effect"]["method"], "confidence-sequence");
    let kept = fs::read_to_string(folder.path().join("gate/gate.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), report);
    for side in ["base", "change"] {
        let lines = fs::read_to_string(folder.path().join(format!("gate/{side}.jsonl"))).unwrap();
        let pairs = report["conditions"][0]["pairs"].as_u64().unwrap();
        assert_eq!(u64::try_from(lines.lines().count()).unwrap(), pairs + 1);
    }
    let (code, report) = compared(folder.path(), &many, &few, &[]);
    assert_eq!(
        (code, &report["verdict"]),
        (0, &"faster".into()),
        "{report:#}"
    );
}

/// The base took a third of the work; another machine's baseline gives no verdict.
#[test]
fn a_baseline_is_checked_on_its_own_machine_only() {
    let folder = tempdir().unwrap();
    let gate = |way: &str, turns: u32| {
        let work = format!("i=0; while [ $i -lt {turns} ]; do i=$((i+1)); done");
        let arguments = ["gate", way, "--baseline", "cold.json", "--pairs", "30"];
        let command = ["--format", "json", "--", "sh", "-c", &work];
        frostline(folder.path(), &[&arguments[..], &command].concat())
    };
    let missing = gate("check", 100).code(2);
    assert!(stderr(&missing).contains("frostline gate update --baseline cold.json"));
    gate("update", 6_000).code(0);
    let path = folder.path().join("cold.json");
    let written = fs::read_to_string(&path).unwrap();
    let slower = gate("check", 24_000).code(3);
    let report: Value = serde_json::from_str(&stdout(&slower)).unwrap();
    let (schema, verdict) = (&report["schema"], &report["verdict"]);
    assert_eq!(
        (schema, verdict),
        (&"frostline/check/1".into(), &"slower".into())
    );
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        written,
        "only `update` writes"
    );
    let cores = written.find("\"cores\": ").unwrap();
    let other = format!("{}\"cores\": 9{}", &written[..cores], &written[cores + 9..]);
    fs::write(&path, other).unwrap();
    let unclear = gate("check", 24_000).code(4);
    assert!(
        stdout(&unclear).contains("number of processors differs"),
        "{}",
        stdout(&unclear)
    );
    fs::write(&path, "{}").unwrap();
    assert!(stderr(&gate("check", 100).code(2)).contains("cold.json"));
}

#[test]
fn promises_are_kept_broken_or_unclear() {
    let folder = tempdir().unwrap();
    frostline(folder.path(), &["init", "shop.toml"]).code(0);
    let asserted = |promises: &[&str], code: i32| {
        let arguments = ["gate", "assert", "shop.toml", "--replications", "10"];
        let more = [
            "--set",
            "run.duration=2 h",
            "--format",
            "json",
            "--out",
            "checked",
        ];
        let all = [&arguments[..], promises, &more[..]].concat();
        let done = frostline(folder.path(), &all).code(code);
        serde_json::from_str::<Value>(&stdout(&done)).unwrap()
    };
    let kept = asserted(&["p99 < 60 s", "cold_ratio <= 100 %"], 0);
    let expected = (&"frostline/promises/1".into(), &"pass".into());
    assert_eq!((&kept["schema"], &kept["verdict"]), expected);
    let broken = asserted(&["p99 < 60 s", "p50 < 1 us"], 3);
    assert_eq!(broken["verdict"], "fail");
    let xml = fs::read_to_string(folder.path().join("checked/junit.xml")).unwrap();
    assert!(
        xml.contains("<failure type=\"failed\" message=\"FAIL     p50 &lt; 1 us"),
        "{xml}"
    );
    let mut promises = kept["promises"].as_array().unwrap().iter();
    let cold = promises
        .find(|promise| promise["metric"] == "cold_ratio")
        .unwrap();
    let point = cold["observed"]["point"].as_f64().unwrap();
    let edge = format!("cold_ratio < {:.6} %", 100.0 * point);
    assert_eq!(asserted(&[&edge], 4)["verdict"], "unclear");
    let done = frostline(folder.path(), &["gate", "assert", "shop.toml", "speed < 3"]).code(2);
    assert!(stderr(&done).contains("speed"), "{}", stderr(&done));
}

#[test]
fn the_same_command_is_the_same() {
    let folder = tempdir().unwrap();
    let arguments = ["--tolerance", "60 %", "--cache", "warm,evicted"];
    let (code, report) = compared(folder.path(), &work(9_000), &work(9_000), &arguments);
    assert_eq!(
        (code, &report["verdict"]),
        (0, &"same".into()),
        "{report:#}"
    );
    assert_eq!(report["conditions"].as_array().unwrap().len(), 2);
    assert_eq!(report["method"]["comparisons"], 2);
    assert_eq!(
        report["conditions"][0]["metrics"][0]["effect"]["level"],
        0.995
    );
}

#[test]
fn few_pairs_or_little_time_are_unclear() {
    let folder = tempdir().unwrap();
    let (code, report) = compared(folder.path(), "true", "true", &["--max-pairs", "2"]);
    assert_eq!((code, &report["verdict"]), (4, &"unclear".into()));
    assert_eq!(report["ended"], "max-pairs");
    let (code, report) = compared(folder.path(), "true", "true", &["--max-time", "1 ns"]);
    assert_eq!((code, &report["ended"]), (4, &"max-time".into()));
    assert_eq!(report["conditions"][0]["pairs"], 1);
}

#[test]
fn the_text_says_it_in_one_line() {
    let folder = tempdir().unwrap();
    let (few, many) = (work(3_000), work(12_000));
    let arguments = [
        "gate",
        "run",
        "--base",
        &few,
        "--change",
        &many,
        "--metric",
        "cpu,faults",
    ];
    let done = frostline(folder.path(), &arguments);
    let text = stdout(&done);
    assert!(text.starts_with("gate: slower: cpu +"), "{text}");
    assert!(text.contains("in 9 of 10 cases"), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn bad_input_is_told_with_what_to_type() {
    let folder = tempdir().unwrap();
    for (arguments, told) in [
        (vec!["--base", "'true", "--change", "true"], "quotation"),
        (vec!["--base", "true", "--change", ""], "no word"),
        (
            vec!["--base", "true", "--change", "no-such-program"],
            "no program",
        ),
        (
            vec!["--base", "true", "--change", "false"],
            "the change was never ready",
        ),
        (
            vec!["--base", "false", "--change", "true"],
            "the base was never ready",
        ),
        (
            vec!["--base", "true", "--change", "true", "--tolerance", "0 %"],
            "tolerance",
        ),
        (
            vec!["--base", "true", "--change", "true", "--error", "60 %"],
            "the error is",
        ),
        (
            vec!["--base", "true", "--change", "true", "--max-time", "0 s"],
            "no time",
        ),
        (
            vec!["--base", "true", "--change", "true", "--metric", "speed"],
            "speed",
        ),
    ] {
        let done = frostline(folder.path(), &[&["gate", "run"][..], &arguments].concat()).code(2);
        let heard = stderr(&done);
        assert!(heard.contains(told), "{arguments:?}: {heard}");
        assert_eq!(stdout(&done), "");
    }
}

/// The sleeper would run for ten minutes; the gate ends at once, and it with the gate.
#[test]
fn an_interrupted_gate_leaves_no_process_and_says_so() {
    let folder = tempdir().unwrap();
    let mark = folder.path().join("pid");
    let command = format!(
        "sh -c 'echo $$ > {0}.part; mv {0}.part {0}; exec sleep 600'",
        mark.display()
    );
    let program = assert_cmd::cargo::cargo_bin("frostline");
    let gate = Command::new(program)
        .args([
            "gate",
            "run",
            "--isolation",
            "process",
            "--timeout",
            "15 min",
        ])
        .args(["--base", &command, "--change", &command])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !mark.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let sleeper: u32 = fs::read_to_string(&mark).unwrap().trim().parse().unwrap();
    assert!(Path::new(&format!("/proc/{sleeper}")).exists());
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -INT {}", gate.id())])
        .status();
    assert!(sent.unwrap().success());
    let ended = gate.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        told.contains("no verdict, 0 pairs were measured; no process"),
        "{told}"
    );
    assert_eq!(ended.stdout, b"");
    assert!(!Path::new(&format!("/proc/{sleeper}")).exists());
}
