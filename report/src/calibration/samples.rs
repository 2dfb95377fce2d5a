//! What profiles are fitted to, wherever it comes from.

use std::collections::{BTreeMap, BTreeSet};

use frostline_models::init::Phase;
use frostline_models::profile::{ProfileWarning, Provenance};
use frostline_models::scenario::{Architecture, PackageKind};
use frostline_stats::fit::Observation;
use frostline_stats::idle_lifetime;
use frostline_stats::regression::Throttled;

/// Times in ms and what belongs to them.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    /// What the profile is of.
    pub name: String,
    /// The runtime's name.
    pub runtime: Option<String>,
    /// How the package was made.
    pub package: Option<PackageKind>,
    /// The CPU architecture.
    pub architecture: Option<Architecture>,
    /// Whether the vendor manages the runtime.
    pub managed_runtime: bool,
    /// Where the samples come from.
    pub source: Provenance,
    /// The machine or platform.
    pub environment: BTreeMap<String, String>,
    /// Times of each phase.
    pub phases: BTreeMap<Phase, PhaseTimes>,
    /// Package size in 10⁶ bytes and the time of a start, where sizes differ.
    pub sizes: Vec<(f64, f64)>,
    /// The package size of the phases, in bytes.
    pub size_bytes: Option<u64>,
    /// Times of the init under CPU quotas below one CPU.
    pub throttled: Vec<Throttled>,
    /// The period of those quotas, in ms.
    pub period_ms: Option<f64>,
    /// Durations of warm invocations, in ms.
    pub warm: Vec<f64>,
    /// (cold starts, invocations) of equal parts of the time.
    pub cold: Vec<(f64, f64)>,
    /// Idle instances and what became of them.
    pub idle: Vec<idle_lifetime::Observation>,
    /// What is doubtful.
    pub warnings: BTreeSet<ProfileWarning>,
    /// What a reader should know, in sentences.
    pub notes: Vec<String>,
}

impl Samples {
    /// Adds what another input says. Times of a phase that is known already are taken together with
    /// those of the same kind of input; beside measurements, logs add only what measurements do not say: warm
    /// durations, cold ratio and idle times.
    pub fn join(&mut self, other: Self) {
        let is_log = |samples: &Self| samples.environment.contains_key("log");
        if is_log(self) == is_log(&other) {
            for (phase, times) in other.phases {
                let known = self.phases.entry(phase).or_default();
                known.blocks.extend(times.blocks);
                known.censored.extend(times.censored);
            }
            self.sizes.extend(other.sizes);
            self.throttled.extend(other.throttled);
        } else if is_log(&other) && !other.phases.is_empty() {
            let sentence = "inits of the logs were left out beside the measured ones";
            self.notes.push(sentence.to_owned());
        }
        self.warm.extend(other.warm);
        self.cold.extend(other.cold);
        self.idle.extend(other.idle);
        self.warnings.extend(other.warnings);
        for note in other.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }
}

/// Times of one phase.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PhaseTimes {
    /// Exact times in ms, by day where days are known, otherwise in one block.
    pub blocks: Vec<Vec<f64>>,
    /// Times that were cut off, and cells of histograms.
    pub censored: Vec<(Observation, u64)>,
}

impl PhaseTimes {
    /// Every exact time.
    pub fn exact(&self) -> Vec<f64> {
        self.blocks.concat()
    }

    /// Every observation with its count.
    pub fn observations(&self) -> Vec<(Observation, u64)> {
        let exact = self.blocks.iter().flatten();
        let exact = exact.map(|time| (Observation::Exact(*time), 1));
        exact.chain(self.censored.iter().copied()).collect()
    }
}
