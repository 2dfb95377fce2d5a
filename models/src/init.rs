//! The init of an instance: everything from asking for it until it can take a request, in phases.
//!
//! ```text
//! on demand:  placement ─ network ─ fetch ─ sandbox ─ runtime ─ code ─► first invocation (slower)
//! snapshot:   placement ─ network ─ restore ─────────────────────────► first invocation
//! ```

use serde::Serialize;

use crate::law::Law;

/// A phase of init.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Finding a host.
    Placement,
    /// Attaching the network: VPC interface, network namespace.
    Network,
    /// Bringing the package to the host.
    Fetch,
    /// Starting the microVM, container, isolate or process.
    Sandbox,
    /// Starting the language runtime.
    Runtime,
    /// The function's own init: imports, clients, static state.
    Code,
    /// Restoring a snapshot, in place of fetch, sandbox, runtime and code.
    Restore,
    /// The whole init as one law, where the phases are not known.
    Total,
}

impl Phase {
    /// Every phase in the order in which they run.
    pub const ALL: [Self; 8] = [
        Self::Placement,
        Self::Network,
        Self::Fetch,
        Self::Sandbox,
        Self::Runtime,
        Self::Code,
        Self::Restore,
        Self::Total,
    ];

    /// The phase's name in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Placement => "placement",
            Self::Network => "network",
            Self::Fetch => "fetch",
            Self::Sandbox => "sandbox",
            Self::Runtime => "runtime",
            Self::Code => "code",
            Self::Restore => "restore",
            Self::Total => "total",
        }
    }

    /// Whether AWS Lambda reports (and bills) this phase as part of the Init Duration: the runtime's
    /// and the function's own init, and an init that is known only as a whole.
    pub fn is_reported_init(self) -> bool {
        matches!(self, Self::Runtime | Self::Code | Self::Total)
    }
}

/// The init of a function's instances: independent phases, each with a law.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Init {
    phases: Vec<(Phase, Law)>,
}

impl Init {
    /// An init made of these phases; phases that take no time may be left out. Sorted by phase.
    pub fn new(mut phases: Vec<(Phase, Law)>) -> Self {
        phases.retain(|(_, law)| *law != Law::ZERO);
        phases.sort_by_key(|(phase, _)| *phase);
        Self { phases }
    }

    /// An init that is known as a whole.
    pub fn total(law: Law) -> Self {
        Self::new(vec![(Phase::Total, law)])
    }

    /// The phases with their laws, in order.
    pub fn phases(&self) -> &[(Phase, Law)] {
        &self.phases
    }

    /// An init that takes `factor` times as long in every phase.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let phases = self.phases.iter();
        Self::new(
            phases
                .map(|(phase, law)| (*phase, law.scaled(factor)))
                .collect(),
        )
    }

    /// The mean of the whole in nanoseconds.
    pub fn mean_ns(&self) -> f64 {
        self.phases.iter().map(|(_, law)| law.mean_ns()).sum()
    }
}
