//! A container in place of a process: made and begun by an OCI runtime, and then watched like any other.
//!
//! ```text
//!  runc create ──► the container's first process waits, in its groups, namespaces and mounts
//!  runc start  ──► it executes the command; the init counts from here
//! ```

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use frostline_models::measurement::Outcome;
use rustix::process::{Pid, PidfdFlags};
use serde_json::{Value, json};

use super::Plan;
use crate::clock;
use crate::host::Host;
use crate::spawn::{self, Launch, Started};
use crate::target::Failure;
use crate::watch::Watcher;

/// How often the end of a runtime's command is looked for.
const PAUSE: Duration = Duration::from_micros(200);

/// What the container's processes may do: what runtimes allow by default (Open Container Initiative,
/// `runc spec`, version 1.1).
const CAPABILITIES: [&str; 3] = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

/// Where a container finds programs when nobody says otherwise.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How a container is made.
#[derive(Debug, Clone)]
pub(crate) struct Container {
    /// The runtime's program.
    pub(crate) runtime: PathBuf,
    /// The command inside.
    pub(crate) words: Vec<String>,
    /// The folder with its files, which it cannot write to.
    pub(crate) root: PathBuf,
}

/// A container that is being made, with the place of its files.
#[derive(Debug, Clone)]
pub(crate) struct Bundle {
    runtime: PathBuf,
    folder: PathBuf,
    /// Unique on the machine while it exists.
    id: String,
}

impl Container {
    /// Writes the bundle.
    ///
    /// # Errors
    /// When its folder cannot be written.
    pub(crate) fn bundle(
        &self,
        folder: &Path,
        id: String,
        group: Option<String>,
        network: Option<&Arc<OwnedFd>>,
        environment: &[(OsString, OsString)],
    ) -> io::Result<Bundle> {
        let folder = folder.join("bundle");
        fs::create_dir_all(&folder)?;
        let network = network.map(|network| {
            let me = rustix::process::getpid().as_raw_nonzero();
            format!("/proc/{me}/fd/{}", network.as_raw_fd())
        });
        let text = self.config(group, network, environment).to_string();
        fs::write(folder.join("config.json"), text)?;
        Ok(Bundle {
            runtime: self.runtime.clone(),
            folder,
            id,
        })
    }

    /// The bundle's `config.json` (Open Container Initiative, "Runtime Specification", version 1.0.2).
    fn config(
        &self,
        group: Option<String>,
        network: Option<String>,
        environment: &[(OsString, OsString)],
    ) -> Value {
        let variables: Vec<String> = environment
            .iter()
            .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
            .collect();
        let mut networks = json!({ "type": "network" });
        if let Some(path) = network {
            networks["path"] = path.into();
        }
        let mut linux = json!({
            "namespaces": [
                { "type": "pid" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }, networks,
            ],
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        });
        if let Some(group) = group {
            linux["cgroupsPath"] = group.into();
        }
        json!({
            "ociVersion": "1.0.2",
            "hostname": "frostline",
            "root": { "path": self.root.to_string_lossy(), "readonly": true },
            "process": {
                "terminal": false,
                "user": { "uid": 0, "gid": 0 },
                "args": self.words,
                "env": variables,
                "cwd": "/",
                "noNewPrivileges": true,
                "capabilities": {
                    "bounding": CAPABILITIES, "effective": CAPABILITIES, "permitted": CAPABILITIES,
                },
            },
            "mounts": [
                { "destination": "/proc", "type": "proc", "source": "proc" },
                {
                    "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
                    "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
                },
                {
                    "destination": "/tmp", "type": "tmpfs", "source": "tmpfs",
                    "options": ["nosuid", "nodev", "mode=1777"],
                },
            ],
            "linux": linux,
        })
    }
}

impl Bundle {
    fn words(&self, verb: &str, more: &[OsString]) -> Vec<OsString> {
        // Its state lies in the harness's folder, and goes with it.
        let state = self.folder.with_file_name("state");
        let mut words: Vec<OsString> = vec!["--root".into(), state.into(), verb.into()];
        words.extend_from_slice(more);
        words.push(self.id.clone().into());
        words
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join("pid")
    }

    /// The runtime and its words that make the container.
    pub(crate) fn create(&self) -> (OsString, Vec<OsString>) {
        let more = [
            "--bundle".into(),
            self.folder.clone().into(),
            "--pid-file".into(),
            self.pid_file().into(),
        ];
        (self.runtime.clone().into(), self.words("create", &more))
    }

    /// Waits until the container is made, and gives its first process, which belongs to this process
    /// once the runtime has ended.
    ///
    /// # Errors
    /// When the runtime fails or takes too long.
    pub(crate) fn adopt(
        &self,
        creator: &Started,
        watcher: &Watcher,
        timeout: Duration,
    ) -> Result<Started, Failure> {
        wait(creator.pid, timeout).map_err(|how| {
            // What it wrote may still be on its way.
            std::thread::sleep(Duration::from_millis(20));
            self.failed(
                &format!("cannot make the container: {how}"),
                &watcher.tail(),
            )
        })?;
        let cannot = |error: io::Error| self.failed(&format!("lost the container: {error}"), "");
        let pid = fs::read_to_string(self.pid_file()).map_err(cannot)?;
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| cannot(io::Error::other("no process id")))?;
        let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK)
            .map_err(|error| cannot(error.into()))?;
        Ok(Started {
            pid,
            pidfd,
            exec_at: clock::now(),
            sandbox_cpu_ns: 0,
        })
    }

    /// Lets the command begin: from when, and how long the runtime took.
    ///
    /// # Errors
    /// When the runtime fails or takes too long.
    pub(crate) fn begin(&self, path: OsString, timeout: Duration) -> Result<(u64, u64), Failure> {
        let started = self
            .launch("start", path)
            .map_err(|error| self.failed(&error, ""))?;
        wait(started.pid, timeout)
            .map_err(|how| self.failed(&format!("cannot start the container: {how}"), ""))?;
        let took = clock::since(started.exec_at, clock::now());
        Ok((started.exec_at, took))
    }

    /// Removes what the runtime knows of the container. Its processes are gone, or are killed.
    pub(crate) fn delete(&self, path: OsString) {
        if let Ok(started) = self.launch("delete", path) {
            let _ = wait(started.pid, Duration::from_secs(10));
        }
    }

    fn launch(&self, verb: &str, path: OsString) -> Result<Started, String> {
        let force = ["--force".into()];
        let more = if verb == "delete" { &force[..] } else { &[] };
        let launch = Launch {
            program: self.runtime.clone().into(),
            arguments: self.words(verb, more),
            environment: vec![("PATH".into(), path)],
            folder: self.folder.clone(),
            ..Launch::default()
        };
        launch.start().map_err(|error| error.to_string())
    }

    fn failed(&self, what: &str, told: &str) -> Failure {
        let last = told.lines().rfind(|line| !line.trim().is_empty());
        let said = last.map_or_else(String::new, |line| {
            let line: String = line.trim().chars().take(300).collect();
            format!(" It wrote last: {line}")
        });
        let runtime = self.runtime.file_name().unwrap_or_default();
        let runtime = runtime.to_string_lossy();
        Failure::new(Outcome::NotStarted, format!("`{runtime}` {what}.{said}"))
    }
}

/// Runs a command of the harness's own to its end, without limits.
///
/// # Errors
/// What went wrong, with the last line that it wrote.
pub(crate) fn run_to_end(host: &Host, plan: &Plan) -> Result<(), String> {
    let (output, end) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .map_err(|error| error.to_string())?;
    let network = host.network().filter(|_| plan.network);
    let launch = Launch {
        program: plan.program.clone(),
        arguments: plan.arguments.clone(),
        environment: vec![("PATH".into(), host.path().to_owned())],
        folder: host.folder().to_owned(),
        network: network.map(crate::network::Network::handle),
        output: Some(end),
        ..Launch::default()
    };
    let started = launch.start().map_err(|error| error.to_string())?;
    let mut told = Vec::new();
    let mut reader = fs::File::from(output).take(1 << 20);
    let _ = reader.read_to_end(&mut told);
    wait(started.pid, Duration::from_secs(60)).map_err(|how| {
        let told = String::from_utf8_lossy(&told);
        // The cause is among the first errors, but not always the first.
        let errors = told.lines().filter(|line| line.contains("Error")).take(3);
        let causes = errors.map(str::trim).collect::<Vec<_>>().join("; ");
        let last = told.lines().rfind(|line| !line.trim().is_empty());
        let line = if causes.is_empty() {
            last.unwrap_or_default().trim()
        } else {
            &causes
        };
        let line: String = line.chars().take(300).collect();
        format!("{how}: {line}")
    })
}

/// Waits for the end of a command; anything but success is told.
fn wait(pid: Pid, timeout: Duration) -> Result<(), String> {
    let began = clock::now();
    loop {
        match spawn::try_wait(pid) {
            Ok(Some(ended)) if ended.status.success() => return Ok(()),
            Ok(Some(ended)) => return Err(ended.status.to_string()),
            Err(error) => return Err(error.to_string()),
            Ok(None) => {}
        }
        if Duration::from_nanos(clock::since(began, clock::now())) > timeout {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            crate::reaper::wait(pid);
            return Err(format!("not done within {} s", timeout.as_secs_f64()));
        }
        std::thread::sleep(PAUSE);
    }
}
