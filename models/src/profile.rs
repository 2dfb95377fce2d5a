//! A profile: the init of a function, fitted to measurements.
//!
//! A profile says how long each phase of init takes, how many samples that rests on, where and when
//! they were taken, and what is doubtful about them. Calibration writes profiles; the built-in
//! runtimes ([`builtin`]) are profiles too. In a file (`*.profile.toml`):
//!
//! ```
//! let text = r#"
//! schema = "frostline/profile/1"
//! name = "checkout"
//! managed-runtime = true             # false for a runtime that the function brings along
//! runtime = "python3.13"             # this line and the next two are optional
//! package = "zip"
//! architecture = "x86_64"
//! warnings = ["few-samples"]
//!
//! [source]
//! title = "frostline measure checkout/"
//! date = "2026-11-20"
//!
//! [environment]                      # whatever identifies the machine or the platform
//! platform = "aws-lambda"
//!
//! [phase.runtime]
//! n = 300
//! empirical = { quantiles = [[0.5, "90 ms"], [0.99, "180 ms"], [1.0, "250 ms"]] }
//!
//! [phase.code]
//! n = 300
//! log-normal = { median = "400 ms", p99 = "900 ms" }
//!
//! [package-size]                     # time that fetching adds to a package above the reference
//! reference = "18 MB"
//! ms-per-mb = { point = 3.1, low = 2.2, high = 4.0, n = 40 }
//!
//! [cpu-share]                        # part of the code phase that goes with 1 / CPU share
//! reference = "1769 MiB"
//! share = { point = 0.8, low = 0.7, high = 0.9, n = 40 }
//! "#;
//! use frostline_models::profile::{InitRequest, Profile};
//! use frostline_models::units::{Bytes, Memory};
//!
//! let profile = Profile::parse("checkout.profile.toml", text).unwrap();
//! // Half a vCPU, and 10 MB more to fetch than what was measured.
//! let request = InitRequest {
//!     package_size: Some(Bytes(28_000_000)),
//!     memory: Memory(885),
//! };
//! let phases = profile.phases(&request);
//! assert_eq!(phases[0].1.mean_ns(), 31e6);
//! let code = phases[2].1.mean_ns() / profile.measured()[&phases[2].0].law.law().mean_ns();
//! assert!((code - (0.2 + 0.8 * 1769.0 / 885.0)).abs() < 1e-12);
//! assert_eq!(Profile::parse("copy", &profile.to_toml()), Ok(profile));
//! ```
//!
//! Laws of a phase are spelled as in a scenario: `constant`, `log-normal`, `gamma`, `weibull`,
//! `empirical` and `mixture`. The phase `total` stands alone, for an init known only as a whole.
//!
//! What a profile rests on may stand beside its laws and changes nothing that is simulated: intervals
//! of quantiles and laws that were considered (`[[phase.code.fit]]`), warm durations and the cold
//! ratio of logs (`[observed]`), the keep-alive that fits their idle times (`[keep-alive]`), and
//! `notes`. With `period` beside `share`, the CPU-bound part climbs the staircase of a quota instead
//! of going with 1/share. Files of the format's first version are read as before.
//!
//! **When it is wrong.** Phases are drawn independently, though a slow host slows all of them; and
//! above the largest sample an empirical law says nothing: its tail ends there.

mod builtin;
mod evidence;
mod form;
mod read;
mod write;

use std::collections::BTreeMap;

use serde::Serialize;

pub use builtin::{UnknownRuntime, builtin, builtin_names};
pub use evidence::{CandidateFit, KeepAliveEvidence, Observed, QuantileInterval};
pub use form::{Form, WrittenLaw};

use crate::init::Phase;
use crate::law::Law;
use crate::math::to_f64;
use crate::scenario::{Architecture, PackageKind};
use crate::units::{Bytes, Memory, SimDuration};

/// Memory in MiB at which AWS Lambda gives one whole vCPU; below, the share is proportional.
/// AWS Lambda developer guide, "Lambda quotas", in its public source at commit 03f7fcb: sure.
pub const FULL_VCPU_MIB: f64 = 1769.0;

/// The version of the file format that this code writes.
pub const SCHEMA: &str = "frostline/profile/2";

/// The versions that it reads: each is a part of the next.
pub const SCHEMAS: [&str; 2] = ["frostline/profile/1", SCHEMA];

/// The init of a function, fitted to measurements.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// What the profile is of: a function or a runtime.
    pub name: String,
    /// The runtime's AWS identifier.
    pub runtime: Option<String>,
    /// How the package was made.
    pub package: Option<PackageKind>,
    /// The CPU architecture that was measured.
    pub architecture: Option<Architecture>,
    /// Where the figures come from.
    pub source: Provenance,
    /// The machine or platform that was measured, as free keys and values.
    pub environment: BTreeMap<String, String>,
    /// Time that fetching takes for each MB of package.
    pub package_size: Option<PackageSize>,
    /// How the code phase depends on the CPU share. Absent where a platform boosts the CPU during
    /// init, as AWS Lambda does.
    pub cpu_share: Option<CpuShare>,
    /// What production logs said about invocations.
    pub observed: Option<Observed>,
    /// The keep-alive that fits idle times best.
    pub keep_alive: Option<KeepAliveEvidence>,
    /// What is doubtful.
    pub warnings: Vec<ProfileWarning>,
    /// What a reader should know about the samples, in sentences.
    pub notes: Vec<String>,
    managed_runtime: bool,
    phases: BTreeMap<Phase, MeasuredPhase>,
}

/// Where figures come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Provenance {
    /// The measurement or the publication.
    pub title: String,
    /// Its address.
    pub url: Option<String>,
    /// The day of the last sample, as YYYY-MM-DD.
    pub date: Option<String>,
    /// Whom to credit, and the licence.
    pub attribution: Option<String>,
}

/// One phase of init and what is known about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasuredPhase {
    /// Samples behind the law.
    pub samples: u64,
    /// How long the phase takes.
    pub law: WrittenLaw,
    /// Quantiles of the samples with their intervals.
    pub intervals: Vec<QuantileInterval>,
    /// Laws that were considered, by rising BIC.
    pub fits: Vec<CandidateFit>,
}

impl MeasuredPhase {
    /// A phase of which only the law is known.
    pub fn new(samples: u64, law: WrittenLaw) -> Self {
        Self {
            samples,
            law,
            intervals: Vec::new(),
            fits: Vec::new(),
        }
    }
}

/// A fitted coefficient with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Coefficient {
    /// The estimate.
    pub point: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
    /// Samples behind it.
    pub n: u64,
}

/// Time that fetching takes for each MB of package.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PackageSize {
    /// Package size at which the phases were measured.
    pub reference: Bytes,
    /// Milliseconds for each further 10⁶ bytes.
    pub ms_per_mb: Coefficient,
    /// The largest error at a size that was held out, as a share; `None` where none was.
    pub hold_out_error: Option<f64>,
}

/// How the code phase depends on the CPU share s = min(1, memory / 1769 MiB): a part β of it goes
/// with 1/s, so that it is multiplied by 1 − β + β·s(reference)/s(memory).
///
/// With a quota period P known, a CPU-bound part c = β·t of an unthrottled time t takes
/// ⌊c/(s·P)⌋·P + c mod s·P instead: work that fits into one quota is not slowed at all. The
/// reference is then a memory size with a whole CPU.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CpuShare {
    /// Memory size at which the phases were measured.
    pub reference: Memory,
    /// β, between 0 and 1.
    pub share: Coefficient,
    /// The period of the CPU quota, where the staircase was fitted.
    pub period: Option<SimDuration>,
    /// The largest error at a share that was held out; `None` where none was.
    pub hold_out_error: Option<f64>,
}

/// What may be doubtful about a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProfileWarning {
    /// Too few samples for the quantiles that are stated.
    FewSamples,
    /// The host was busy with something else.
    NoisyHost,
    /// The samples drift over time.
    NonStationary,
    /// The law misses the tail of the samples.
    PoorTailFit,
    /// A figure was taken over without measuring it.
    UnverifiedConstant,
    /// What was measured under different conditions is taken together.
    MixedConditions,
    /// Some times are known only up to a limit or between two.
    CensoredSamples,
    /// The dependence on package size or CPU share predicts too poorly to be used, or was measured
    /// at too few points, and is left out.
    NoExtrapolation,
}

/// Why phases make no profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// There is no phase.
    #[error("a profile needs at least one phase")]
    NoPhase,
    /// `total` is the whole init and stands beside another phase.
    #[error("the phase `total` is the whole init: `{}` cannot stand beside it", other.name())]
    TotalBeside {
        /// The other phase.
        other: Phase,
    },
}

/// What a function asks of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InitRequest {
    /// The function's package size, where known; the profile's own otherwise.
    pub package_size: Option<Bytes>,
    /// The function's memory size.
    pub memory: Memory,
}

impl Profile {
    /// A profile of these phases, with nothing else known.
    ///
    /// # Errors
    /// When there is no phase, or `total` is not alone.
    pub fn new(
        name: &str,
        managed_runtime: bool,
        phases: BTreeMap<Phase, MeasuredPhase>,
    ) -> Result<Self, ProfileError> {
        if phases.is_empty() {
            return Err(ProfileError::NoPhase);
        }
        let other = phases.keys().find(|phase| **phase != Phase::Total);
        if let (Some(&other), true) = (other, phases.contains_key(&Phase::Total)) {
            return Err(ProfileError::TotalBeside { other });
        }
        Ok(Self {
            name: name.to_owned(),
            runtime: None,
            package: None,
            architecture: None,
            source: Provenance::default(),
            environment: BTreeMap::new(),
            package_size: None,
            cpu_share: None,
            observed: None,
            keep_alive: None,
            warnings: Vec::new(),
            notes: Vec::new(),
            managed_runtime,
            phases,
        })
    }

    /// Whether the vendor manages the runtime; false for one that the function brings along
    /// (`provided.*`). AWS did not bill the init of a managed runtime before 2025-08-01.
    pub fn managed_runtime(&self) -> bool {
        self.managed_runtime
    }

    /// The phases as they were measured.
    pub fn measured(&self) -> &BTreeMap<Phase, MeasuredPhase> {
        &self.phases
    }

    /// The phases of a function's init, each once, in order.
    ///
    /// Package size changes the fetch phase (its mean grows by the added time; a profile without
    /// that phase gets a constant one), memory the code phase, both only if the profile has the
    /// coefficient. A known whole (`total`) takes no coefficient.
    pub fn phases(&self, request: &InitRequest) -> Vec<(Phase, Law)> {
        let mut laws: BTreeMap<Phase, Law> = self
            .phases
            .iter()
            .map(|(phase, measured)| (*phase, measured.law.law().clone()))
            .collect();
        if laws.contains_key(&Phase::Total) {
            return laws.into_iter().collect();
        }
        if let (Some(effect), Some(size)) = (self.package_size, request.package_size) {
            let fetch = laws.remove(&Phase::Fetch);
            laws.insert(Phase::Fetch, effect.fetch(fetch.as_ref(), size));
        }
        if let (Some(effect), Some(code)) = (self.cpu_share, laws.get_mut(&Phase::Code)) {
            *code = effect.applied(code, request.memory);
        }
        laws.into_iter().collect()
    }
}

impl PackageSize {
    fn fetch(self, measured: Option<&Law>, size: Bytes) -> Law {
        let added_mb = size.as_gb() * 1e3 - self.reference.as_gb() * 1e3;
        let added_ns = self.ms_per_mb.point * added_mb * 1e6;
        match measured {
            Some(law) if law.mean_ns() > 0.0 && law.mean_ns().is_finite() => {
                law.scaled(((law.mean_ns() + added_ns) / law.mean_ns()).max(0.0))
            }
            _ => Law::Constant(SimDuration(
                crate::math::round_to_u64(added_ns).min(SimDuration::MAX.0),
            )),
        }
    }
}

impl CpuShare {
    /// The code phase at this memory size.
    fn applied(self, code: &Law, memory: Memory) -> Law {
        let share = |memory: Memory| (to_f64(u64::from(memory.0)) / FULL_VCPU_MIB).min(1.0);
        let beta = self.share.point;
        let share_now = share(memory);
        match self.period {
            None => code.scaled(1.0 - beta + beta * share(self.reference) / share_now),
            Some(_) if share_now >= 1.0 => code.clone(),
            Some(period) => {
                let period_ns = to_f64(period.0);
                let quota_ns = share_now * period_ns;
                code.mapped(|wall_ns| {
                    let cpu_ns = beta * wall_ns;
                    let periods = libm::floor(cpu_ns / quota_ns);
                    wall_ns - cpu_ns + periods * period_ns + (cpu_ns - periods * quota_ns)
                })
            }
        }
    }
}

impl ProfileWarning {
    /// Every warning.
    pub const ALL: [Self; 8] = [
        Self::FewSamples,
        Self::NoisyHost,
        Self::NonStationary,
        Self::PoorTailFit,
        Self::UnverifiedConstant,
        Self::MixedConditions,
        Self::CensoredSamples,
        Self::NoExtrapolation,
    ];

    /// The name in files and output.
    pub fn name(self) -> &'static str {
        match self {
            Self::FewSamples => "few-samples",
            Self::NoisyHost => "noisy-host",
            Self::NonStationary => "non-stationary",
            Self::PoorTailFit => "poor-tail-fit",
            Self::UnverifiedConstant => "unverified-constant",
            Self::MixedConditions => "mixed-conditions",
            Self::CensoredSamples => "censored-samples",
            Self::NoExtrapolation => "no-extrapolation",
        }
    }
}
