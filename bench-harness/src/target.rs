//! What can be started again and again: the seam between measuring and the ways of starting.
//!
//! ```text
//!  Target ── start ─► Instance ── ready ─► invoke, invoke, … ── stop ─► Report
//!                                           freeze, thaw
//! ```
//!
//! A pool of warm instances needs no more than this. What a harness measures in one go
//! ([`Measurement`](crate::measure::Measurement)) is built on the same calls.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use frostline_models::measurement::{
    Applied, Isolation, Outcome, Phases, Resources, TargetDescription, Usage,
};

use crate::host::Host;

mod command;
mod http;
mod oci;
mod restore;
mod runtime_api;
mod words;

pub use command::{CommandTarget, MARKER, Until};
pub use http::Http;
pub use oci::{CONTAINER_RUNTIMES, Oci};
pub use restore::Restore;
pub use runtime_api::RuntimeApi;
pub use words::{Words, find_program};

/// Something that can be started.
pub trait Target: Send + Sync {
    /// How it is called and what kind it is.
    fn describe(&self) -> TargetDescription;

    /// How many invocations its instances can take, for measuring; 0 where they take none.
    fn takes_invocations(&self) -> bool;

    /// Starts an instance. It is running, and not ready yet, when this returns.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be started; nothing is left behind then.
    fn start<'a>(
        &'a self,
        host: &'a Host,
        setting: &Setting,
    ) -> Result<Box<dyn Instance + 'a>, Failure>;
}

/// A running instance. Dropping it kills everything that it started.
pub trait Instance: Send {
    /// Waits until it can take an invocation, and then limits it as its platform does.
    ///
    /// # Errors
    /// [`Failure`] when it ends, breaks the rules, or takes too long.
    fn ready(&mut self) -> Result<(), Failure>;

    /// Gives it an invocation, waits for the response, and until it could take the next one.
    ///
    /// # Errors
    /// [`Failure`] when it ends, breaks the rules, takes too long, or answers with an error.
    fn invoke(&mut self, request: &[u8]) -> Result<Invoked, Failure>;

    /// Stops its processor time, as platforms do between invocations, or gives it back. Without a
    /// control group this does nothing and returns false.
    fn freeze(&mut self, frozen: bool) -> bool;

    /// Whether it still runs.
    fn is_running(&mut self) -> bool;

    /// Kills it, with everything that it started, and gives what is known about it.
    fn stop(self: Box<Self>) -> Report;
}

/// How an instance is started.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Memory and processor time.
    pub resources: Resources,
    /// How it is kept apart, as far as the host can.
    pub isolation: Isolation,
    /// Limit of reading from the disk, in bytes a second.
    pub disk_bytes_per_second: Option<u64>,
    /// The package's folder, in which it starts. Without one it starts in an empty folder.
    pub package: Option<PathBuf>,
    /// What placing the package took, to stand in the phases.
    pub package_ns: Option<u64>,
    /// Further variables of its environment; they win over the vendor's.
    pub environment: Vec<(OsString, OsString)>,
    /// How long it may take to become ready, or to answer.
    pub timeout: Duration,
    /// Observe which files it opens.
    pub observe: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            resources: Resources::Unlimited,
            isolation: Isolation::Namespaces,
            disk_bytes_per_second: None,
            package: None,
            package_ns: None,
            environment: Vec::new(),
            timeout: Duration::from_secs(60),
            observe: false,
        }
    }
}

/// An invocation that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoked {
    /// From handing it over to the response, in nanoseconds.
    pub duration_ns: u64,
    /// When it was answered, in nanoseconds since the instance's `execve`.
    pub answered_ns: u64,
    /// Bytes of the response.
    pub response_bytes: u64,
}

/// Why an instance is of no more use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It failed.
    #[error("{}: {detail}", outcome.name())]
    Target {
        /// In what way.
        outcome: Outcome,
        /// What is known about it; a sentence.
        detail: String,
    },
    /// Somebody wanted everything to end.
    #[error("interrupted")]
    Interrupted,
    /// The machine has not got what the target needs; what, and what to do.
    #[error("{what}")]
    Missing {
        /// What is missing.
        what: String,
        /// What to type.
        help: String,
    },
}

impl Failure {
    pub(crate) fn new(outcome: Outcome, detail: impl Into<String>) -> Self {
        Self::Target {
            outcome,
            detail: detail.into(),
        }
    }
}

/// What is known about an instance that was stopped.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// The phases that were seen; invocations are the caller's to add.
    pub phases: Phases,
    /// What it used.
    pub usage: Usage,
    /// What was really done to it.
    pub applied: Applied,
    /// Doubts; sentences.
    pub warnings: Vec<String>,
    /// Files that it opened, where that was observed.
    pub opened: Vec<PathBuf>,
    /// Whether these are all of them; otherwise files that it read and closed again may be missing.
    pub opened_all: bool,
    /// The end of what it wrote.
    pub output: String,
}
