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
