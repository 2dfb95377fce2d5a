//! A scenario: what is simulated. Valid by construction, so that the engine cannot fail on input.
//!
//! The file format and its diagnostics are [`crate::scenario_file`]'s; here are the settled values:
//! presets applied, defaults filled in, memory turned into speed, phases turned into laws.

use serde::Serialize;

use crate::arrival::Arrivals;
use crate::autoscaling::Scaling;
use crate::init::Init;
use crate::keepalive::{KeepAlive, Reuse};
use crate::law::Law;
use crate::metric::Assertion;
use crate::price::PriceSettings;
use crate::units::{Bytes, Memory, Quota, SimDuration};

/// What is simulated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scenario {
    /// Length, replications and warm-up.
    pub run: Run,
    /// What all functions share.
    pub platform: Platform,
    /// The functions, at least one, with distinct names.
    pub functions: Vec<Function>,
    /// Promises to check.
    pub slos: Vec<Assertion>,
    /// The unverified constants of the world that take part, in one sentence each: every output
    /// that rests on them says so.
    pub unverified: Vec<String>,
}

/// Length, replications and warm-up of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// The simulated span; greater than zero.
    pub duration: SimDuration,
    /// Independent repetitions, at least 1.
    pub replications: u32,
    /// What is discarded at the start of each replication.
    pub warm_up: WarmUp,
    /// Whether the arrivals are a recorded trace, of which every request is reported.
    pub trace: Option<TraceSource>,
    /// How precise estimates shall be: replications are added until they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
}

/// How precise estimates shall be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Precision {
    /// Half width of an interval over the true value; more than 0 and less than 1.
    pub relative: f64,
    /// Which estimates of all functions together, as paths of the JSON output; at least one.
    pub metrics: Vec<String>,
    /// Replications at the most.
    pub most_replications: u32,
}

impl Precision {
    /// What is asked for where nobody says otherwise.
    pub const METRICS: [&'static str; 4] = [
        "cold_ratio",
        "latency_ms.mean",
        "latency_ms.p99",
        "cost_usd.total",
    ];

    /// Replications at the most where nobody says otherwise.
    pub const MOST_REPLICATIONS: u32 = 1_000;
}

/// Where the arrivals of a trace scenario come from: names for the output, no paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TraceSource {
    /// The format, as in the scenario file: `azure-functions-2019`.
    pub format: String,
    /// What the reader assumed because the trace does not say it, in plain sentences.
    pub assumptions: Vec<String>,
}

/// What is discarded at the start of each replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WarmUp {
    /// Keep-alive + longest duration + longest init where that is exact, what MSER-5 finds elsewhere.
    Auto,
    /// This span; zero discards nothing.
    Fixed(SimDuration),
    /// Nothing is discarded: the last day of the run (all of a shorter one) is played once before
    /// it, uncounted, so that the pool at the start is that of a day later.
    PreviousDay,
}

/// What all functions share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Platform {
    /// The dated preset that the settings started from: `aws-lambda@2026-10`.
    pub preset: String,
    /// Concurrent executions of all functions together.
    pub account_concurrency: Option<u64>,
    /// New instances of each function.
    pub scale_up: Option<Quota>,
    /// Requests of all functions together.
    pub request_rate: Option<Quota>,
    /// How provisioned instances come up.
    pub provisioning: Provisioning,
    /// Which price book, region and extras.
    pub price: PriceSettings,
}

/// How a platform brings up provisioned instances after they were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Provisioning {
    /// Before the first instance starts.
    pub delay: SimDuration,
    /// How fast they start from then on.
    pub pace: Quota,
    /// Whether none takes requests before all that were asked for together have started.
    pub all_or_nothing: bool,
    /// Each is paid for at least so long.
    pub minimum: SimDuration,
}

/// CPU architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Architecture {
    /// 64-bit x86.
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit Arm.
    #[serde(rename = "arm64")]
    Arm64,
}

impl Architecture {
    /// The name in files: `x86_64` or `arm64`.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

/// How the function is packaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageKind {
    /// A zip archive.
    Zip,
    /// A container image.
    Image,
}

/// One function, settled.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Function {
    /// The name, unique in the scenario.
    pub name: String,
    /// CPU architecture; decides the price.
    pub architecture: Architecture,
    /// Memory size; decides the price (its effect on speed is already in the laws below).
    pub memory: Memory,
    /// Temporary disk.
    pub ephemeral_storage: Memory,
    /// Zip or image; images and custom runtimes were always billed for init.
    pub package: PackageKind,
    /// Whether the runtime is one that the vendor manages (its init was not billed before a date).
    pub managed_runtime: bool,
    /// Whether instances start from a snapshot.
    pub snapshot: bool,
    /// The init of an instance.
    pub init: Init,
    /// Duration of an invocation at this memory size.
    pub duration: Law,
    /// What an instance's first invocation takes in addition, at this memory size.
    pub first_invocation: Law,
    /// Size of a response.
    pub response: Bytes,
    /// An invocation that runs longer is cut off, and its instance with it.
    pub timeout: Option<SimDuration>,
    /// Requests that an instance takes at once, at least 1.
    pub concurrency: u32,
    /// Provisioned concurrency.
    pub provisioned: Provisioned,
    /// Reserved concurrency: guarantee and cap.
    pub reserved: Option<u64>,
    /// Instances at the most, provisioned ones included.
    pub maximum_instances: Option<u64>,
    /// Where requests wait that find no instance.
    pub queue: Queue,
    /// When requests come.
    pub arrivals: Arrivals,
    /// How long an idle instance is kept.
    pub keep_alive: KeepAlive,
    /// How old an instance may become; it is not reused beyond, and ends when idle.
    pub maximum_age: Option<Law>,
    /// Which available instance takes an invocation.
    pub reuse: Reuse,
    /// The pool when the run starts.
    pub initial: InitialPool,
}

/// Provisioned concurrency of a function.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Provisioned {
    /// Instances kept started; where their number changes, as many as at the start.
    pub instances: u32,
    /// Whether they are asked for when the run starts (allocation takes its time) rather than being
    /// there already.
    pub allocate_at_start: bool,
    /// How their number changes; `None` when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Scaling>,
}

impl Provisioned {
    /// Whether there are ever any.
    pub fn is_any(&self) -> bool {
        self.most() > 0
    }

    /// The most that there may be at once.
    pub fn most(&self) -> u32 {
        let scaled = self.scaling.as_ref().map_or(0, Scaling::most);
        self.instances.max(scaled)
    }
}

/// Where requests wait that find no instance. Length 0: nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Queue {
    /// Requests that may wait at once.
    pub length: u64,
    /// How long each may wait before it is dropped.
    pub wait: SimDuration,
}

/// The pool when the run starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct InitialPool {
    /// Idle instances, idle since time zero.
    pub idle: u32,
    /// Busy instances, each at the start of an invocation that counts as none of the requests.
    pub busy: u32,
}

impl Function {
    /// A function on an idealised platform: no init, no limits, one request an instance, most-recent
    /// reuse, instances kept for ten minutes. Tests and programs change what they care about.
    pub fn new(name: &str, arrivals: Arrivals, duration: Law) -> Self {
        Self {
            name: name.to_owned(),
            architecture: Architecture::X86_64,
            memory: Memory(128),
            ephemeral_storage: Memory(512),
            package: PackageKind::Zip,
            managed_runtime: true,
            snapshot: false,
            init: Init::new(Vec::new()),
            duration,
            first_invocation: Law::ZERO,
            response: Bytes(0),
            timeout: None,
            concurrency: 1,
            provisioned: Provisioned::default(),
            reserved: None,
            maximum_instances: None,
            queue: Queue::default(),
            arrivals,
            keep_alive: KeepAlive::Fixed(SimDuration::from_secs(600)),
            maximum_age: None,
            reuse: Reuse::MostRecent,
            initial: InitialPool::default(),
        }
    }
}

impl Scenario {
    /// One of its functions, the promises about it, and what the others leave of the account's
    /// concurrency.
    ///
    /// # Panics
    /// When there is no function at `place`.
    #[must_use]
    pub fn of_function(&self, place: usize) -> Self {
        let function = &self.functions[place];
        let others = self.functions.iter().enumerate();
        let claimed: u64 = others
            .filter(|(other, _)| *other != place)
            .map(|(_, other)| {
                let provisioned = u64::from(other.provisioned.most());
                other.reserved.unwrap_or(provisioned)
            })
            .sum();
        let mut platform = self.platform.clone();
        platform.account_concurrency = platform
            .account_concurrency
            .map(|account| account.saturating_sub(claimed));
        let is_about = |promise: &&Assertion| {
            let named = promise.function.as_ref();
            named.is_none_or(|name| *name == function.name)
        };
        Self {
            run: self.run.clone(),
            platform,
            functions: vec![function.clone()],
            slos: self.slos.iter().filter(is_about).cloned().collect(),
            unverified: self.unverified.clone(),
        }
    }

    /// These functions on an idealised platform without limits, with automatic warm-up.
    pub fn new(functions: Vec<Function>, duration: SimDuration, replications: u32) -> Self {
        Self {
            run: Run {
                duration,
                replications,
                warm_up: WarmUp::Auto,
                trace: None,
                precision: None,
            },
            platform: Platform {
                preset: "none".to_owned(),
                account_concurrency: None,
                scale_up: None,
                request_rate: None,
                provisioning: Provisioning {
                    delay: SimDuration::ZERO,
                    pace: Quota {
                        count: 100,
                        per: SimDuration::from_secs(1),
                    },
                    all_or_nothing: false,
                    minimum: SimDuration::ZERO,
                },
                price: PriceSettings {
                    region: "us-east-1".to_owned(),
                    free_tier: false,
                    managed_init_billed: true,
                },
            },
            functions,
            slos: Vec::new(),
            unverified: Vec::new(),
        }
    }
}
