//! `--out`: files that appear whole, together, or not at all, whatever happens to the run.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::tempdir;

use crate::{frostline, stderr, stdout};

/// An example that gives a few thousand requests in the blink of an eye.
const SMALL: [&str; 4] = ["simulate", "mm-exact.toml", "--replications", "2"];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// Runs the small example into a folder.
fn small(out: &Path, more: &[&str]) -> assert_cmd::assert::Assert {
    let out = out.to_str().unwrap();
    let mut arguments = SMALL.to_vec();
    arguments.extend(["--set", "run.duration='3 h'", "--out", out]);
    arguments.extend(more);
    frostline(&examples(), &arguments)
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A run that takes minutes, with records, into a folder; under `limit`, bytes a file may have.
fn endless(out: &Path) -> Child {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("frostline"));
    command
        .current_dir(examples())
        .args(["simulate", "mm-exact.toml", "--records=all", "--set"])
        .args(["run.duration='9000 d'", "--replications", "9", "--out"])
        .arg(out)
        .stderr(Stdio::piped())
        .stdout(Stdio::null());
    command.spawn().unwrap()
}

/// Waits until the run has begun: its files are there under temporary names.
fn begun(out: &Path, run: &mut Child) {
    while !out.is_dir() || names(out).len() < 4 {
        assert!(run.try_wait().unwrap().is_none(), "it ended early");
        std::thread::yield_now();
    }
}

fn signal(run: &Child, name: &str) {
    let status = Command::new("kill")
        .args([name, &run.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn all_files_appear_and_are_told() {
    let folder = tempdir().unwrap();
    let out = folder.path().join("deep/results");
    let run = small(&out, &["--records"]).code(0);
    let files = [
        "invocations.parquet",
        "manifest.json",
        "summary.json",
        "timeline.parquet",
    ];
    assert_eq!(names(&out), files);
    let told = stderr(&run);
    assert!(
        told.contains("wrote summary.json, timeline.parquet ("),
        "{told}"
    );
    assert!(told.contains("next: duckdb -c \"SELECT"), "{told}");

    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
    let rows = &manifest["files"][2];
    assert_eq!(rows["name"], "invocations.parquet");
    assert_eq!(rows["rows"], summary["totals"]["requests"]);

    let told = stderr(&small(&out, &["--quiet"]).code(0));
    assert_eq!(told, "");
    let told = stderr(&small(&out, &["--tables", "csv"]).code(0));
    assert!(
        told.contains("note: timeline.parquet, invocations.parquet beside them"),
        "{told}"
    );
}

#[test]
fn tables_are_the_same_bytes_for_any_number_of_threads() {
    let folder = tempdir().unwrap();
    let outs = ["1", "3"].map(|threads| {
        let out = folder.path().join(threads);
        small(&out, &["--records", "--threads", threads]).code(0);
        out
    });
    for name in ["timeline.parquet", "invocations.parquet", "summary.json"] {
        let [one, three] = outs.each_ref().map(|out| fs::read(out.join(name)).unwrap());
        assert!(one == three, "{name} depends on the threads");
    }
}

#[test]
fn ctrl_c_leaves_whole_files_and_says_what_is_missing() {
    let folder = tempdir().unwrap();
    small(folder.path(), &[]).code(0);
    let before = fs::read(folder.path().join("summary.json")).unwrap();
    let mut run = endless(folder.path());
    while names(folder.path()).len() < 7 {
        assert!(run.try_wait().unwrap().is_none(), "it ended early");
        std::thread::yield_now();
    }
    signal(&run, "-INT");
    let done = run.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(130));
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(told.contains("interrupted: no result, "), "{told}");
    let missing = "summary.json, manifest.json, timeline.parquet, invocations.parquet are missing";
    assert!(told.contains(missing), "{told}");
    let files = ["manifest.json", "summary.json", "timeline.parquet"];
    assert_eq!(names(folder.path()), files, "those of the run before");
    assert!(before == fs::read(folder.path().join("summary.json")).unwrap());
}

#[test]
fn a_killed_run_leaves_nothing_under_the_name_of_a_result() {
    let folder = tempdir().unwrap();
    let out = folder.path().join("out");
    let mut run = endless(&out);
    begun(&out, &mut run);
    signal(&run, "-KILL");
    assert!(!run.wait().unwrap().success());
    let left = names(&out);
    assert_eq!(left.len(), 4);
    assert!(
        left.iter()
            .all(|name| name.starts_with('.') && name.ends_with(".partial")),
        "{left:?}"
    );
    // The next run is not in their way, nor they in its.
    small(&out, &[]).code(0);
    assert_eq!(names(&out).len(), 4 + 3);
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_the_run() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for out in [file.join("below"), PathBuf::from("/proc/frostline")] {
        let run = small(&out, &[]).code(2);
        let told = stderr(&run);
        assert!(told.contains("error: cannot write to the folder"), "{told}");
        assert!(told.contains("help: make room there"), "{told}");
        assert_eq!(stdout(&run), "");
    }
}

/// Runs the small example where no file may have more than so many KiB, as on a disk that is full.
fn cramped(out: &Path, kib: u32) -> std::process::Output {
    let program = assert_cmd::cargo::cargo_bin("frostline");
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"");
    Command::new("bash")
        .current_dir(examples())
        .args(["-c", &script])
        .arg(program)
        .args(SMALL)
        .args(["--set", "run.duration='30 h'", "--records", "--out"])
        .arg(out)
        .output()
        .unwrap()
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing() {
    let folder = tempdir().unwrap();
    for (kib, code, message) in [
        (8, 2, "cannot write to the folder"),
        (200, 1, "cannot write rows to"),
    ] {
        let out = folder.path().join(kib.to_string());
        let run = cramped(&out, kib);
        let told = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(code), "{told}");
        assert!(told.contains(message), "{told}");
        assert_eq!(names(&out), [""; 0], "nothing is left behind");
    }
}

#[test]
fn options_about_files_need_a_folder() {
    for option in ["--records", "--tables=csv"] {
        let run = frostline(&examples(), &["simulate", "mm-exact.toml", option]).code(2);
        assert!(stderr(&run).contains("expected a folder for them"));
        assert!(stderr(&run).contains("--out DIR"));
    }
    let wrong = ["simulate", "mm-exact.toml", "--records=none"];
    frostline(&examples(), &wrong).code(2);
}

#[test]
fn too_many_records_are_refused_with_their_number() {
    let folder = tempdir().unwrap();
    let out = folder.path().join("out");
    let run = small(&out, &["--records", "--set", "run.duration='9000 d'"]).code(2);
    let told = stderr(&run);
    assert!(told.contains("error: about "), "{told}");
    assert!(told.contains("expected at most 100000000"), "{told}");
    assert!(told.contains("help: --records=all"), "{told}");
    assert!(!out.exists());
}
