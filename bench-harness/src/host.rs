//! The machine as one harness uses it: its groups, its network, its temporary folder, its name.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use frostline_models::measurement::Isolation;
use rustix::fs::Mode;

use crate::cgroup::Family;
use crate::network::Network;

/// The variable by which a process is known to belong to a harness.
pub(crate) const MARK: &str = "FROSTLINE_HARNESS";

/// How everything that a harness makes begins its name.
pub(crate) const PREFIX: &str = "frostline-";

/// The machine, opened for measuring. Everything that it made goes when it is dropped; what a killed
/// harness leaves, [`cleanup::clean`](crate::cleanup::clean) removes.
#[derive(Debug)]
pub struct Host {
    /// `frostline-<pid>-<start>`.
    name: String,
    folder: PathBuf,
    temporary: PathBuf,
    path: OsString,
    family: Result<Family, String>,
    network: Result<Network, String>,
    /// Whether processes may have mounts of their own, or why not.
    mounts: Result<(), String>,
    started: AtomicU64,
    interrupt: Arc<AtomicBool>,
}

/// A host that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// There is nowhere to put temporary files.
    #[error("cannot make a folder in {}: {source}", folder.display())]
    Folder {
        /// The folder for temporary files.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The process's own entry cannot be read.
    #[error("cannot read this process's start time: {0}")]
    Proc(String),
}

/// What a host may use.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// The machine's folder for temporary files, in which the host makes its own.
    pub temporary: PathBuf,
    /// Where programs are looked for: the value of `PATH`.
    pub path: OsString,
    /// The most isolation that is set up.
    pub isolation: Isolation,
    /// Whether this whole process belongs to the harness: it moves to a group of its own, and
    /// becomes the parent of orphans. A library inside a larger program must not.
    pub own_process: bool,
    /// Set from outside, it ends every wait.
    pub interrupt: Arc<AtomicBool>,
}

impl HostOptions {
    /// The most isolation that there is, inside a larger program.
    pub fn new(temporary: impl Into<PathBuf>, path: impl Into<OsString>) -> Self {
        Self {
            temporary: temporary.into(),
            path: path.into(),
            isolation: Isolation::Namespaces,
            own_process: false,
            interrupt: Arc::default(),
        }
    }
}

impl Host {
    /// Opens the machine. What it does not allow is left out and told by
    /// [`isolation`](Self::isolation) and [`obstacles`](Self::obstacles).
    ///
    /// # Errors
    /// [`HostError`] when not even a temporary folder can be had.
    pub fn open(options: &HostOptions) -> Result<Self, HostError> {
        static OPENED: AtomicU64 = AtomicU64::new(0);
        let me = procfs::process::Process::myself().and_then(|me| me.stat());
        let me = me.map_err(|error| HostError::Proc(error.to_string()))?;
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{}-{number}", me.pid, me.starttime);
        let folder = options.temporary.join(&name);
        rustix::fs::mkdir(&folder, Mode::RWXU).map_err(|source| HostError::Folder {
            folder: options.temporary.clone(),
            source: source.into(),
        })?;
        let not_asked = "it was not asked for";
        let family = if options.isolation >= Isolation::Cgroup {
            Family::found(&name).map_err(|error| error.to_string())
        } else {
            Err(not_asked.to_owned())
        };
        let (network, mounts) = if options.isolation >= Isolation::Namespaces {
            let network = Network::new().map_err(|error| error.to_string());
            (network, crate::namespace::try_mounts(&options.path))
        } else {
            (Err(not_asked.to_owned()), Err(not_asked.to_owned()))
        };
        let mut host = Self {
            name,
            folder,
            temporary: options.temporary.clone(),
            path: options.path.clone(),
            family,
            network,
            mounts,
            started: AtomicU64::new(0),
            interrupt: Arc::clone(&options.interrupt),
        };
        if options.own_process {
            host.take_over_process();
        }
        Ok(host)
    }

    fn take_over_process(&mut self) {
        if let Ok(family) = &mut self.family {
            family.adopt_harness();
        }
        // Without it orphans go to the system's first process, and are found by their mark.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }

    /// The isolation that this machine allows.
    pub fn isolation(&self) -> Isolation {
        match (&self.family, &self.network, &self.mounts) {
            (Ok(_), Ok(_), Ok(())) => Isolation::Namespaces,
            (Ok(_), ..) => Isolation::Cgroup,
            _ => Isolation::Process,
        }
    }

    /// What stands in the way of more isolation; sentences.
    pub fn obstacles(&self) -> Vec<String> {
        let told = |what: &str, reason: Option<&String>| {
            reason.map(|reason| format!("No {what}: {reason}."))
        };
        let reasons = [
            told("control group", self.family.as_ref().err()),
            told("network of its own", self.network.as_ref().err()),
            told("mounts of its own", self.mounts.as_ref().err()),
        ];
        reasons.into_iter().flatten().collect()
    }

    /// `v1`, `v2`, `hybrid` or `none`: the control groups in use.
    pub fn cgroup_version(&self) -> &'static str {
        self.family.as_ref().map_or("none", Family::version)
    }

    /// Whether somebody wants everything to end.
    pub fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    pub(crate) fn family(&self) -> Option<&Family> {
        self.family.as_ref().ok()
    }

    pub(crate) fn network(&self) -> Option<&Network> {
        self.network.as_ref().ok()
    }

    /// The variable that marks processes as this host's.
    pub(crate) fn mark(&self, instance: &str) -> (OsString, OsString) {
        let value = format!("{}/{instance}", self.name);
        (OsString::from(MARK), OsString::from(value))
    }

    /// A name for something of an instance, unique on the machine.
    pub(crate) fn id_of(&self, instance: &str) -> String {
        format!("{}-{instance}", self.name)
    }

    /// The machine's folder for temporary files.
    pub(crate) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// The value of `PATH`.
    pub(crate) fn path(&self) -> &OsStr {
        &self.path
    }

    /// The flag that ends every wait.
    pub(crate) fn interrupt(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.interrupt)
    }

    /// The host's folder for temporary files.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of a new instance, unique within the host.
    pub(crate) fn next_instance(&self) -> String {
        self.started.fetch_add(1, Ordering::Relaxed).to_string()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let mark = format!("{MARK}={}/", self.name);
        crate::reaper::kill_marked(OsStr::new(&mark));
        // What cannot be removed now, `doctor --clean` removes.
        let _ = std::fs::remove_dir_all(&self.folder);
        // Container runtimes make groups in every hierarchy, also in those of no use here.
        for top in crate::cgroup::mount_points() {
            crate::cgroup::remove_tree(&top.join(&self.name));
        }
    }
}
