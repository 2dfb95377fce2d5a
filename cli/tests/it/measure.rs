//! `measure`: what is kept and what is left behind when it is killed or interrupted, really.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A target that counts its starts in a file. At the start that is named it leaves children, in a
/// session of their own, and is never ready.
const TARGET: &str = r#"
printf x >>"$STARTS"
if [ "$(wc -c <"$STARTS")" = "$STUCK" ]; then
    setsid sleep "$NUMBER" &
    echo stuck >"$STARTS.stuck"
    exec sleep "$NUMBER"
fi
echo ready
exec sleep "$NUMBER"
"#;

/// The place of one test, with a folder for temporary files that the harness has for itself.
struct Place {
    folder: TempDir,
    /// Seconds that only this test's targets sleep for, so that they can be told from others.
    number: u32,
}

impl Place {
    fn new(number: u32) -> Self {
        // Not below the common folder for temporary files, which targets do not see.
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::create_dir(folder.path().join("temporary")).unwrap();
        Self { folder, number }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn frostline(&self, arguments: &[&str]) -> Command {
        let program = assert_cmd::cargo::cargo_bin("frostline");
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env("TMPDIR", self.path("temporary"))
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .args(arguments);
        command
    }

    /// Seven runs of two conditions each; at the `stuck`th start the target is never ready.
    fn measure(&self, stuck: u32, more: &[&str]) -> Command {
        let starts = self.path("starts");
        let variables = [
            format!("STARTS={}", starts.display()),
            format!("STUCK={stuck}"),
            format!("NUMBER={}", self.number),
        ];
        let mut command = self.frostline(&["measure", "command", "--until-line", "ready"]);
        command.args(["--runs", "7", "--concurrent", "1,2", "--out", "kept"]);
        command.args(["--timeout", "10 min"]);
        for variable in &variables {
            command.args(["--env", variable]);
        }
        command.args(more).args(["--", "sh", "-c", TARGET]);
        command
    }

    /// Starts it and waits until the target is stuck.
    fn until_stuck(&self, command: &mut Command) -> Child {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stuck = self.path("starts.stuck");
        while !stuck.exists() {
            let ended = child.try_wait().unwrap();
            assert_eq!(ended, None, "it ended before its target was stuck");
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    }

    fn journal(&self) -> String {
        fs::read_to_string(self.path("kept/measurements.jsonl")).unwrap()
    }

    /// What is left of the harness with this process id: processes, groups, folders, mounts.
    fn left(&self, harness: u32) -> Vec<String> {
        let name = format!("frostline-{harness}-");
        let mut left = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let read = |file| fs::read(entry.path().join(file)).unwrap_or_default();
            let text = |file| String::from_utf8_lossy(&read(file)).into_owned();
            let marked = text("environ").contains(&format!("FROSTLINE_HARNESS={name}"));
            let ours = text("cmdline") == format!("sleep\0{}\0", self.number);
            if marked || ours {
                left.push(entry.path().display().to_string());
            }
        }
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let groups = mounts.lines().filter(|line| line.contains(" - cgroup"));
        let tops = groups.filter_map(|line| line.split(' ').nth(4).map(PathBuf::from));
        for folder in tops.chain([self.path("temporary")]) {
            let inside = fs::read_dir(folder).into_iter().flatten().flatten();
            let named =
                inside.filter(|entry| entry.file_name().to_string_lossy().starts_with(&name));
            left.extend(named.map(|entry| entry.path().display().to_string()));
        }
        let mounted = mounts.lines().filter(|line| line.contains(&name));
        left.extend(mounted.map(str::to_owned));
        left
    }
}

/// Every line but an unfinished last one, as JSON; the header first.
fn lines(journal: &str) -> Vec<Value> {
    let whole = &journal[..journal.rfind('\n').map_or(0, |end| end + 1)];
    whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// How often each (condition, run, instance) was counted.
fn counted(journal: &str) -> BTreeMap<(u64, u64, u64), u32> {
    let mut counted = BTreeMap::new();
    for run in &lines(journal)[1..] {
        if run["warm_up"] == Value::Bool(true) {
            continue;
        }
        let number = |key: &str| run[key].as_u64().unwrap();
        *counted
            .entry((number("condition"), number("run"), number("instance")))
            .or_insert(0) += 1;
    }
    counted
}

/// Seven runs of one instance, and seven of two at once, each exactly once.
fn assert_whole(journal: &str) {
    let one = (0..7).map(|run| (0, run, 0));
    let two = (0..7).flat_map(|run| [(1, run, 0), (1, run, 1)]);
    let expected: BTreeMap<_, _> = one.chain(two).map(|key| (key, 1)).collect();
    assert_eq!(counted(journal), expected);
    assert!(journal.ends_with('\n'));
    let headers = journal.matches("\"schema\":").count();
    assert_eq!(headers, 1);
    let orders: Vec<u64> = lines(journal)[1..]
        .iter()
        .map(|run| run["order"].as_u64().unwrap())
        .collect();
    assert!(
        orders.windows(2).all(|pair| pair[1] - pair[0] <= 1),
        "{orders:?}"
    );
}

fn assert_fine(output: &Output) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
}

/// Killed in the middle, with a target that left children: `doctor --clean` removes everything, and
/// `--resume` ends with the runs that a measurement has which nobody disturbed.
#[test]
fn a_killed_measurement_is_cleaned_up_and_gone_on_with() {
    let place = Place::new(86_397);
    // Two warm-ups, then rounds of three starts: in the third round.
    let mut child = place.until_stuck(&mut place.measure(10, &[]));
    child.kill().unwrap();
    child.wait().unwrap();
    let left = place.left(child.id());
    assert!(
        left.len() >= 3,
        "a process, its child and a folder: {left:?}"
    );
    let before = counted(&place.journal()).len();
    assert!((4..21).contains(&before), "{before} runs were kept");

    let cleaned = place
        .frostline(&["doctor", "--clean", "--format", "json"])
        .output()
        .unwrap();
    assert_fine(&cleaned);
    assert_eq!(place.left(child.id()), Vec::<String>::new());

    // As if the kill had come while a line was being written.
    let path = place.path("kept/measurements.jsonl");
    let cut = place.journal();
    fs::write(&path, &cut[..cut.len() - 7]).unwrap();
    let mut resumed = place.measure(0, &["--resume"]);
    let resumed = resumed
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let id = resumed.id();
    assert_fine(&resumed.wait_with_output().unwrap());
    assert_whole(&place.journal());
    assert_eq!(place.left(id), Vec::<String>::new());
    assert!(place.path("kept/summary.json").exists());

    // Once more there is nothing to do but the warm-ups.
    assert_fine(&place.measure(0, &["--resume"]).output().unwrap());
    assert_whole(&place.journal());
}

/// Ctrl-C, with a target that is never ready.
#[test]
fn an_interrupted_measurement_says_what_is_missing_and_leaves_nothing() {
    let place = Place::new(86_396);
    let child = place.until_stuck(&mut place.measure(10, &[]));
    let id = child.id();
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -INT {id}")])
        .status();
    assert!(sent.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("runs were added to kept/measurements.jsonl"),
        "{told}"
    );
    assert!(
        told.contains("of at most 16 starts; the same command with --resume"),
        "{told}"
    );
    assert!(output.stdout.is_empty(), "no result");
    assert_eq!(place.left(id), Vec::<String>::new());
    let journal = place.journal();
    assert!(journal.ends_with('\n'), "whole lines only");
    assert!(counted(&journal).len() >= 4);
    assert!(!place.path("kept/summary.json").exists());

    assert_fine(&place.measure(0, &["--resume"]).output().unwrap());
    assert_whole(&place.journal());
}

/// Two measurements must not write one file.
#[test]
fn a_file_has_one_writer() {
    let place = Place::new(86_395);
    let mut child = place.until_stuck(&mut place.measure(4, &[]));
    let second = place.measure(0, &["--resume"]).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    let told = String::from_utf8_lossy(&second.stderr);
    assert!(told.contains("another measurement is writing"), "{told}");
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -TERM {}", child.id())])
        .status();
    assert!(sent.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(place.left(child.id()), Vec::<String>::new());
}

/// The port of the runtime API is closed with the measurement, and was never open to other machines.
#[test]
fn no_port_stays_open() {
    let place = Place::new(86_394);
    let script =
        r#"echo "$AWS_LAMBDA_RUNTIME_API" >"$STARTS"; : >"$STARTS.stuck"; exec sleep 86394"#;
    let variable = format!("STARTS={}", place.path("starts").display());
    let mut command = place.frostline(&["measure", "runtime-api", "--isolation", "process"]);
    command.args(["--runs", "1", "--env", &variable, "--", "sh", "-c", script]);
    let mut child = place.until_stuck(&mut command);
    let address = fs::read_to_string(place.path("starts")).unwrap();
    let address = address.trim();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    assert!(std::net::TcpStream::connect(address).is_ok(), "it listens");
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -INT {}", child.id())])
        .status();
    assert!(sent.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(
        std::net::TcpStream::connect(address).is_err(),
        "{address} still listens"
    );
    assert_eq!(place.left(child.id()), Vec::<String>::new());
}
