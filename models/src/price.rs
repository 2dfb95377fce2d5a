//! What it costs: the price book and the bill.

use serde::Serialize;

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

/// Seconds of a month of 730 h.
pub const MONTH_S: f64 = 2_628_000.0;

/// What was used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// Architecture.
    pub architecture: crate::scenario::Architecture,
    /// Memory.
    pub memory: crate::units::Memory,
    /// Disk.
    pub ephemeral_storage: crate::units::Memory,
    /// Invocations.
    pub invocations: f64,
    /// Billed milliseconds.
    pub billed_ms: f64,
    /// Billed milliseconds at the provisioned rate.
    pub billed_provisioned_ms: f64,
    /// Provisioned milliseconds.
    pub provisioned_instance_ms: f64,
    /// Bytes.
    pub response_bytes: f64,
    /// Snapshot.
    pub snapshot: bool,
    /// Cold starts.
    pub cold_starts: f64,
    /// Seconds.
    pub span_s: f64,
}

/// An amount in USD by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Bill {
    /// USD.
    pub requests: f64,
    /// USD.
    pub compute: f64,
    /// USD.
    pub provisioned: f64,
    /// USD.
    pub egress: f64,
    /// USD.
    pub other: f64,
    /// USD.
    pub total: f64,
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

/// The price book has no such region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRegion {
    /// The region.
    pub region: String,
}

/// Each function's bill for its span.
///
/// # Errors
/// When the price book has no such region.
pub fn bill(settings: &PriceSettings, usages: &[Usage]) -> Result<Vec<Bill>, UnknownRegion> {
    if settings.region != "us-east-1" {
        return Err(UnknownRegion {
            region: settings.region.clone(),
        });
    }
    Ok(usages
        .iter()
        .map(|usage| {
            let requests = usage.invocations * 2e-7;
            let compute = usage.billed_ms / 1e3 * usage.memory.as_gb() * 1.666_67e-5;
            Bill {
                requests,
                compute,
                total: requests + compute,
                ..Bill::default()
            }
        })
        .collect())
}
