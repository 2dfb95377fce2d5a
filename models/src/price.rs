//! What it costs: the price book and the bill of AWS Lambda.
//!
//! ```text
//! billed ms  = ⌈duration + init, where the init is billed⌉
//! GB-s       = Σ memory / 1024 MiB · billed ms / 1000
//! requests   = invocations · price of a request
//! compute    = GB-s on demand by tier + GB-s on provisioned instances · their price
//! provisioned= memory · time that provisioned instances are kept · price of keeping
//! other      = disk above 512 MiB · time + snapshots kept and restored
//! egress     = response bytes by tier
//! ```
//!
//! Tiers count what an account uses in a calendar month, separately for each architecture, and the
//! functions share them: [`bill`] scales a span to a month of 730 h, finds the tiers there, splits
//! the amount over the functions in proportion to use, and scales back. A short span is therefore
//! charged as a piece of such months.
//!
//! **Assumptions.** A GB of egress is 2³⁰ bytes, which is how the tiers (10 TB = 10,240 GB) are cut.
//! Disk is charged for the billed time on demand and for the whole time of provisioned instances.
//! The free tier is given to functions without provisioned instances, before the tiers start.
//! Figures exist for us-east-1 only, and they are list prices: no savings plan, no taxes.

mod account;
pub mod always_on;
mod book;

use serde::Serialize;

pub use account::{Account, FreeTierClaims, TierLoads, bill};
pub use book::hosting::{
    CloudRunPrices, FargatePrices, GatewayPrices, HostingPrices, MachinePrices, MachineType,
    NetworkPrices,
};
pub use book::{
    ArchitecturePrices, Confidence, EgressPrices, LambdaPrices, PriceBook, PriceBookError,
    PriceSource, SnapStartPrices, Tiers, UnknownRegion,
};

use crate::scenario::{Architecture, PackageKind};
use crate::units::Memory;

/// Seconds of the month that bills are scaled to: 730 h, the convention of AWS's calculators.
pub const MONTH_S: f64 = 2_628_000.0;

/// Which price book, region and extras a scenario is billed by.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PriceSettings {
    /// Region of the price book.
    pub region: String,
    /// Whether the monthly free tier is taken off.
    pub free_tier: bool,
    /// Whether the init of a managed runtime is billed (AWS Lambda: since 2025-08-01).
    pub managed_init_billed: bool,
}

impl PriceSettings {
    /// Whether an on-demand instance's init is part of the billed duration. Images and custom
    /// runtimes were always billed for it, managed runtimes packaged as zip since 2025-08-01 (AWS
    /// Compute Blog, "AWS Lambda standardizes billing for INIT phase", 2025-04-29), and an instance
    /// that starts from a snapshot had its init when the version was published.
    pub fn bills_init(&self, package: PackageKind, managed_runtime: bool, snapshot: bool) -> bool {
        let always = package == PackageKind::Image || !managed_runtime;
        !snapshot && (always || self.managed_init_billed)
    }
}

/// What one function used during a span. Counts are `f64`, because they may be means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// CPU architecture; decides the price.
    pub architecture: Architecture,
    /// Memory size.
    pub memory: Memory,
    /// Temporary disk; the first 512 MiB are included.
    pub ephemeral_storage: Memory,
    /// Invocations on demand and on provisioned instances; throttled requests cost nothing.
    pub invocations: f64,
    /// Billed time of invocations on demand.
    pub billed_ms: f64,
    /// Billed time of invocations on provisioned instances.
    pub billed_provisioned_ms: f64,
    /// Time for which provisioned instances were kept, summed over them, each by
    /// [`ArchitecturePrices::provisioned_charged_ms`].
    pub provisioned_instance_ms: f64,
    /// Bytes sent out of the region in responses.
    pub response_bytes: f64,
    /// Whether the function keeps a snapshot that is charged for: Python's and .NET's are, Java's
    /// were not at launch.
    pub snapshot: bool,
    /// Instances started; each restores the snapshot if there is one.
    pub cold_starts: f64,
    /// The span in seconds.
    pub span_s: f64,
}

/// An amount in USD by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Bill {
    /// The fee for each invocation.
    pub requests: f64,
    /// Time of invocations, on demand and on provisioned instances.
    pub compute: f64,
    /// Provisioned instances kept, busy or not.
    pub provisioned: f64,
    /// Data sent out of the region.
    pub egress: f64,
    /// Disk above what is included, and snapshots.
    pub other: f64,
    /// All of it.
    pub total: f64,
}

impl Bill {
    fn new(requests: f64, compute: f64, provisioned: f64, egress: f64, other: f64) -> Self {
        Self {
            requests,
            compute,
            provisioned,
            egress,
            other,
            total: requests + compute + provisioned + egress + other,
        }
    }

    /// The bill of a month of 730 h of which this is the bill of `span_s` seconds; as it stands when
    /// the span is not positive.
    #[must_use]
    pub fn monthly(&self, span_s: f64) -> Self {
        self.scaled(months_inverse(span_s))
    }

    /// Every amount times `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            requests: self.requests * factor,
            compute: self.compute * factor,
            provisioned: self.provisioned * factor,
            egress: self.egress * factor,
            other: self.other * factor,
            total: self.total * factor,
        }
    }
}

impl std::iter::Sum for Bill {
    fn sum<I: Iterator<Item = Self>>(bills: I) -> Self {
        bills.fold(Self::default(), |sum, bill| Self {
            requests: sum.requests + bill.requests,
            compute: sum.compute + bill.compute,
            provisioned: sum.provisioned + bill.provisioned,
            egress: sum.egress + bill.egress,
            other: sum.other + bill.other,
            total: sum.total + bill.total,
        })
    }
}

/// How many such spans make a month; 1 for a span that is not positive.
fn months_inverse(span_s: f64) -> f64 {
    if span_s > 0.0 { MONTH_S / span_s } else { 1.0 }
}
