//! Platform presets: what is known about a platform at a date, constant by constant, with source,
//! date and certainty.
//!
//! | preset | stands for |
//! |---|---|
//! | `aws-lambda@2019` | August 2019: before the shared VPC interfaces of September 2019 |
//! | `aws-lambda@2022` | shared VPC interfaces; the init of managed runtimes not billed |
//! | `aws-lambda@2025-08` | from 1 August 2025: every init billed; scaling per function |
//! | `aws-lambda@2026-10` | October 2026 |
//!
//! A plain `aws-lambda` is the newest. Keep-alive is nowhere promised by the vendor: the presets say
//! what people measured, and a scenario that depends on it should state its own
//! (`keep-alive.fixed = "6 min"` is the middle of the measured 5 to 7 minutes). Of other platforms
//! too little is known for a whole preset; what is known about their idle instances is a
//! [`KeepAlivePreset`].

mod keep_alive;

pub use self::keep_alive::KeepAlivePreset;
use crate::init::Phase;
use crate::keepalive::{KeepAlive, Reuse};
use crate::law::{Law, LawError};
use crate::math::round_to_u64;
use crate::scenario::PackageKind;
use crate::units::{Bytes, Quota, SimDuration};

/// How sure a constant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Read in the named source.
    Sourced,
    /// Computed from sourced values.
    Computed,
    /// Recalled from the literature and not verified: a default to be replaced by a measurement.
    Unverified,
}

/// A constant of the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known<T> {
    /// The value, in the unit of its type.
    pub value: T,
    /// What it is.
    pub what: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// When the source says so.
    pub date: &'static str,
    /// How sure it is.
    pub certainty: Certainty,
}

/// How a package comes to the host: it is on it already with some probability, or is fetched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fetch {
    /// The time that every fetch takes.
    pub latency: SimDuration,
    /// Bytes per second.
    pub bandwidth: f64,
    /// The probability that the package is on the host already.
    pub cached: f64,
}

/// A platform at a date.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// The dated name.
    pub name: &'static str,
    /// How long an idle instance is kept.
    pub keep_alive: Known<KeepAlive>,
    /// Which idle instance takes an invocation.
    pub reuse: Known<Reuse>,
    /// Concurrent executions of the account.
    pub account_concurrency: Known<u64>,
    /// Requests a second for each concurrent execution of the account.
    pub requests_per_concurrency: Known<u64>,
    /// New instances of a function.
    pub scale_up: Known<Quota>,
    /// Finding a host.
    pub placement: Known<SimDuration>,
    /// Attaching a VPC: the shortest and the longest time, evenly between.
    pub vpc: Known<(SimDuration, SimDuration)>,
    /// Bringing a zip package to the host.
    pub zip: Known<Fetch>,
    /// Bringing a container image to the host; its size hardly matters, for it is loaded lazily.
    pub image: Known<SimDuration>,
    /// Starting the bare sandbox, for a function of which nothing else is known.
    pub sandbox: Known<SimDuration>,
    /// Restoring a snapshot: median and 99th percentile of a log-normal law.
    pub restore: Known<(SimDuration, SimDuration)>,
    /// The time before the first provisioned instance comes up.
    pub provisioning_delay: Known<SimDuration>,
    /// How fast provisioned instances come up from then on.
    pub provisioning_pace: Known<Quota>,
    /// Whether the init of a managed runtime is billed.
    pub managed_init_billed: Known<bool>,
}

/// A function's wishes of a preset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhaseRequest {
    /// Whether the function is in a VPC.
    pub vpc: bool,
    /// Its package.
    pub package: PackageKind,
    /// The package's size, where known.
    pub package_size: Option<Bytes>,
    /// Whether instances start from a snapshot.
    pub snapshot: bool,
    /// Whether neither runtime nor profile says what the start takes.
    pub bare: bool,
}

const fn known<T>(
    value: T,
    what: &'static str,
    source: &'static str,
    date: &'static str,
    certainty: Certainty,
) -> Known<T> {
    Known {
        value,
        what,
        source,
        date,
        certainty,
    }
}

const fn quota(count: u64, seconds: u64) -> Quota {
    Quota {
        count,
        per: SimDuration::from_secs(seconds),
    }
}

const NO_TIME: (SimDuration, SimDuration) = (SimDuration::ZERO, SimDuration::ZERO);

/// The newest preset; the others are this one with what was different.
const AWS_2026_10: Preset = Preset {
    name: "aws-lambda@2026-10",
    keep_alive: keep_alive::AWS_2021_01.keep_alive,
    reuse: known(
        Reuse::MostRecent,
        "the most recently used instance is reused first",
        "undocumented by AWS; of 40 recorded requests that found two idle containers, 40 went to the \
         one used last (N. Mahmoudi & H. Khazaei, IEEE Transactions on Cloud Computing, 2020, its \
         requests of 2020-06-13; results/aws-lambda-2020)",
        "2020-06",
        Certainty::Computed,
    ),
    account_concurrency: known(
        1000,
        "concurrent executions of an account in a region",
        "AWS Lambda Developer Guide, Lambda quotas",
        "2022",
        Certainty::Sourced,
    ),
    requests_per_concurrency: known(
        10,
        "requests a second for each unit of concurrency",
        "AWS Lambda Developer Guide, Lambda quotas",
        "2022",
        Certainty::Sourced,
    ),
    scale_up: known(
        quota(1000, 10),
        "1000 new instances of a function in 10 s, refilled continuously",
        "AWS Lambda Developer Guide, Lambda scaling behaviour",
        "2023-11",
        Certainty::Sourced,
    ),
    placement: known(
        SimDuration::from_millis(10),
        "finding a host takes 10 ms",
        "an assumption within what is published; calibrate to replace it",
        "2026",
        Certainty::Unverified,
    ),
    vpc: known(
        NO_TIME,
        "a VPC costs nothing at start: its interface is made when the function is",
        "AWS Lambda Developer Guide, foundation networking and VPC configuration",
        "2022",
        Certainty::Sourced,
    ),
    zip: known(
        Fetch {
            latency: SimDuration::from_millis(10),
            bandwidth: 100e6,
            cached: 0.5,
        },
        "a zip package is on the host with probability 0.5, or fetched in 10 ms at 100 MB/s",
        "an assumption within what is published; calibrate to replace it",
        "2026",
        Certainty::Unverified,
    ),
    image: known(
        SimDuration::from_millis(100),
        "a container image is fetched in 100 ms whatever its size, for it is loaded lazily",
        "M. Brooker et al., On-demand Container Loading in AWS Lambda, USENIX ATC 2023; the value \
         is an assumption",
        "2023",
        Certainty::Unverified,
    ),
    sandbox: known(
        SimDuration::from_millis(125),
        "a bare sandbox starts in 125 ms",
        "A. Agache et al., Firecracker, USENIX NSDI 2020",
        "2020",
        Certainty::Unverified,
    ),
    restore: known(
        (SimDuration::from_millis(200), SimDuration::from_millis(800)),
        "restoring a snapshot takes 200 ms (median) to 800 ms (p99)",
        "medians of 100 to 400 ms are common; calibrate to replace it",
        "2026",
        Certainty::Unverified,
    ),
    provisioning_delay: known(
        SimDuration::from_secs(90),
        "provisioned instances start to come up after a minute or two",
        "AWS Lambda Developer Guide, provisioned concurrency, as quoted by third parties",
        "2023",
        Certainty::Sourced,
    ),
    provisioning_pace: known(
        quota(6000, 60),
        "6000 provisioned instances of a function a minute",
        "AWS Lambda Developer Guide, provisioned concurrency, as quoted by third parties",
        "2023",
        Certainty::Sourced,
    ),
    managed_init_billed: known(
        true,
        "the init of managed runtimes is billed",
        "AWS Compute Blog, AWS Lambda standardizes billing for INIT phase",
        "2025-04-29",
        Certainty::Sourced,
    ),
};

const AWS_2025_08: Preset = Preset {
    name: "aws-lambda@2025-08",
    ..AWS_2026_10
};

const AWS_2022: Preset = Preset {
    name: "aws-lambda@2022",
    // A full bucket of 3000 that fills at 500 a minute; the region's, here taken as the function's.
    scale_up: known(
        quota(3000, 360),
        "a burst of 3000 new instances, then 500 a minute",
        "AWS Lambda Developer Guide, invocation scaling",
        "2022",
        Certainty::Sourced,
    ),
    provisioning_pace: known(
        quota(500, 60),
        "500 provisioned instances a minute",
        "AWS Lambda Developer Guide, provisioned concurrency",
        "2022",
        Certainty::Sourced,
    ),
    managed_init_billed: known(
        false,
        "the init of managed runtimes is not billed before 2025-08-01",
        "AWS Compute Blog, AWS Lambda standardizes billing for INIT phase",
        "2025-04-29",
        Certainty::Sourced,
    ),
    ..AWS_2026_10
};

const AWS_2019: Preset = Preset {
    name: "aws-lambda@2019",
    // The change came in July 2019; `aws-lambda@2019-06` is the keep-alive before it.
    keep_alive: keep_alive::AWS_2019_08.keep_alive,
    vpc: known(
        (SimDuration::from_secs(8), SimDuration::from_secs(15)),
        "attaching a VPC interface takes 8 to 15 s",
        "AWS Compute Blog, Announcing improved VPC networking for AWS Lambda functions (its \
         example: 14.8 s before, 0.93 s after)",
        "2019-09",
        Certainty::Unverified,
    ),
    ..AWS_2022
};

/// The presets, oldest first.
static PRESETS: [Preset; 4] = [AWS_2019, AWS_2022, AWS_2025_08, AWS_2026_10];

/// The dated names of all presets, oldest first.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|preset| preset.name)
}

/// The platform in a dated name.
fn platform_of(name: &str) -> &str {
    name.split_once('@').map_or(name, |parts| parts.0)
}

impl Preset {
    /// The preset of a name; a name without a date is the newest of its platform.
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS
            .iter()
            .rev()
            .find(|preset| preset.name == name || platform_of(preset.name) == name)
    }

    /// The newest AWS Lambda.
    pub fn newest() -> &'static Self {
        &PRESETS[PRESETS.len() - 1]
    }

    /// The phases that the platform adds to a function's start. Phases of no time are left out.
    ///
    /// # Errors
    /// Never for the presets of this module: their constants make valid laws.
    pub fn phases(&self, request: &PhaseRequest) -> Result<Vec<(Phase, Law)>, LawError> {
        let mut phases = vec![(Phase::Placement, Law::Constant(self.placement.value))];
        if request.vpc {
            let (low, high) = self.vpc.value;
            if high > SimDuration::ZERO {
                phases.push((Phase::Network, Law::uniform(low, high)?));
            }
        }
        if request.snapshot {
            let (median, p99) = self.restore.value;
            phases.push((Phase::Restore, Law::log_normal(median, p99)?));
            return Ok(phases);
        }
        if let Some(law) = self.fetch(request)? {
            phases.push((Phase::Fetch, law));
        }
        if request.bare {
            phases.push((Phase::Sandbox, Law::Constant(self.sandbox.value)));
        }
        Ok(phases)
    }

    fn fetch(&self, request: &PhaseRequest) -> Result<Option<Law>, LawError> {
        let Some(size) = request.package_size else {
            return Ok(None);
        };
        if request.package == PackageKind::Image {
            return Ok(Some(Law::Constant(self.image.value)));
        }
        let zip = self.zip.value;
        let nanos = size.as_gb() * 1e9 / zip.bandwidth * 1e9;
        let fetched = SimDuration(zip.latency.0.saturating_add(round_to_u64(nanos)));
        let parts = vec![
            (zip.cached, Law::ZERO),
            (1.0 - zip.cached, Law::Constant(fetched)),
        ];
        Law::mixture(parts).map(Some)
    }

    /// The unverified constants behind the given phases, in one sentence each.
    pub fn unverified_used(&self, phases: &[Phase], package: PackageKind) -> Vec<String> {
        let fetch = match package {
            PackageKind::Zip => self.zip.doubt(),
            PackageKind::Image => self.image.doubt(),
        };
        let doubt = |phase: &Phase| match phase {
            Phase::Placement => self.placement.doubt(),
            Phase::Network => self.vpc.doubt(),
            Phase::Fetch => fetch.clone(),
            Phase::Sandbox => self.sandbox.doubt(),
            Phase::Restore => self.restore.doubt(),
            Phase::Runtime | Phase::Code | Phase::Total => None,
        };
        phases.iter().filter_map(doubt).collect()
    }
}

impl<T> Known<T> {
    /// A sentence about a constant that is not verified.
    fn doubt(&self) -> Option<String> {
        (self.certainty == Certainty::Unverified)
            .then(|| format!("{} ({}, {})", self.what, self.source, self.date))
    }
}
