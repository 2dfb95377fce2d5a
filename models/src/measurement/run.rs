//! One start of one instance.

use serde::{Deserialize, Serialize};

use super::{Cache, Isolation};

/// A line after the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Index of the condition in the header.
    pub condition: u32,
    /// The run within its condition, from 0.
    pub run: u32,
    /// Which of the instances that were started at once, from 0.
    #[serde(default)]
    pub instance: u32,
    /// Position in the random order of all runs, from 0.
    pub order: u64,
    /// Whether it was a warm-up, which counts for nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub warm_up: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// What the target said or did when it failed; a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How long each phase took.
    pub phases: Phases,
    /// What it used.
    #[serde(default)]
    pub usage: Usage,
    /// What others did meanwhile.
    #[serde(default)]
    pub noise: Noise,
    /// What was really done to it.
    #[serde(default)]
    pub applied: Applied,
    /// Reasons to doubt this run; sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference to the field"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

/// How a start ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It became ready and answered every invocation that it was given.
    Ready,
    /// It was still running, and not ready, when the time was over.
    NeverReady,
    /// It ended before it was ready, by a signal, with a status other than 0, or by reporting an
    /// error of its init.
    CrashedInInit,
    /// It ended with status 0 before it was ready.
    ExitedSilently,
    /// It broke the rules of its protocol: half a request, two answers, an answer to nothing.
    ProtocolError,
    /// It was ready, but an invocation was not answered in time.
    TimedOut,
    /// It was ready, and ended during an invocation.
    CrashedInInvocation,
    /// It was ready, and answered an invocation with an error.
    InvocationFailed,
    /// The memory limit killed it.
    OutOfMemory,
    /// It could not be started at all.
    NotStarted,
}

impl Outcome {
    /// Every outcome, in the order in which outputs list them.
    pub const ALL: [Self; 10] = [
        Self::Ready,
        Self::NeverReady,
        Self::CrashedInInit,
        Self::ExitedSilently,
        Self::ProtocolError,
        Self::TimedOut,
        Self::CrashedInInvocation,
        Self::InvocationFailed,
        Self::OutOfMemory,
        Self::NotStarted,
    ];

    /// The name in files and outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NeverReady => "never-ready",
            Self::CrashedInInit => "crashed-in-init",
            Self::ExitedSilently => "exited-silently",
            Self::ProtocolError => "protocol-error",
            Self::TimedOut => "timed-out",
            Self::CrashedInInvocation => "crashed-in-invocation",
            Self::InvocationFailed => "invocation-failed",
            Self::OutOfMemory => "out-of-memory",
            Self::NotStarted => "not-started",
        }
    }
}

/// Spans in nanoseconds; what was not seen is absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Phases {
    /// Placing the package: copying a folder or unpacking a zip. Absent where it lay there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_ns: Option<u64>,
    /// From asking for the process to its `execve`: groups, namespaces, fork.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox_ns: Option<u64>,
    /// Making the container, as part of the sandbox: the runtime's `create`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_ns: Option<u64>,
    /// Letting the container's command begin, as part of its init: the runtime's `start`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begin_ns: Option<u64>,
    /// From `execve` to the first opening of a file of the package: the runtime's own boot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_user_open_ns: Option<u64>,
    /// From `execve` to readiness: the Init Duration. For a container from the runtime's `start`, for a
    /// checkpoint from asking for its restore.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_ns: Option<u64>,
    /// From `execve` to the response to the first invocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_response_ns: Option<u64>,
    /// From `execve` to the response to the second invocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_response_ns: Option<u64>,
    /// From handing over the first invocation to its response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_invocation_ns: Option<u64>,
    /// From handing over the second invocation to its response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_invocation_ns: Option<u64>,
    /// Modules with what loading them took, by the runtime's own measurement, slowest first. Such
    /// runs are slower than others and carry `instrumented` in [`Applied`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<ModuleTime>,
}

impl Phases {
    /// Everything from asking for an instance until it can take an invocation: package, sandbox and
    /// init, as far as they were seen.
    pub fn start_ns(&self) -> Option<u64> {
        let before = self
            .package_ns
            .unwrap_or(0)
            .saturating_add(self.sandbox_ns.unwrap_or(0));
        self.ready_ns.map(|ready| ready.saturating_add(before))
    }
}

/// A module and the time that importing it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleTime {
    /// The module's name.
    pub name: String,
    /// Nanoseconds in the module itself, without what it imports.
    pub self_ns: u64,
    /// Nanoseconds with everything that it imports.
    pub cumulative_ns: u64,
}

/// What a run used, from its start to its end, children included.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// From `execve` to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_ns: Option<u64>,
    /// Processor time until readiness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_ready_ns: Option<u64>,
    /// Processor time in user mode, to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_ns: Option<u64>,
    /// Processor time in the kernel, to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_ns: Option<u64>,
    /// Page faults that needed no reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minor_faults: Option<u64>,
    /// Page faults that had to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub major_faults: Option<u64>,
    /// Bytes read from disks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_bytes: Option<u64>,
    /// The most memory at any time, in bytes: of the control group where there is one, else the
    /// largest process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// Time for which the CPU quota stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttled_ns: Option<u64>,
    /// Switches that it asked for, by waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voluntary_switches: Option<u64>,
    /// Switches that took the processor from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub involuntary_switches: Option<u64>,
}

/// What others did while the run lasted: covariates, by which runs are doubted but never dropped.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Noise {
    /// Share of the machine's processor time that a hypervisor gave to others, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steal_share: Option<f64>,
    /// Processors that other processes kept busy, on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others_busy: Option<f64>,
    /// Share of the time in which some task waited for a processor, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_pressure: Option<f64>,
    /// Share of the time in which some task waited for reading or writing, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io_pressure: Option<f64>,
}

/// What was really done, which may be less than the condition asks for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Applied {
    /// The isolation that was reached.
    pub isolation: Isolation,
    /// The state of the page cache that was reached.
    pub cache: Cache,
    /// How much of the target's files was in memory just before the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residency: Option<Residency>,
    /// The memory limit, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// The CPU quota during init, in thousandths of a CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_millicpu: Option<u32>,
    /// The CPU quota from readiness on, in thousandths of a CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_millicpu: Option<u32>,
    /// The period of the CPU quota.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_ns: Option<u64>,
    /// The limit of reading from the disk, in bytes a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_bytes_per_second: Option<u64>,
    /// Whether the runtime measured its imports, which slows it down.
    #[serde(skip_serializing_if = "is_false")]
    pub instrumented: bool,
}

/// How much of the target's files the page cache held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Residency {
    /// Files that the target opens.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of them that were in memory.
    pub resident_bytes: u64,
}
