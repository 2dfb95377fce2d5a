//! The bill of all functions of an account.

use super::book::{LambdaPrices, PriceBook, UnknownRegion};
use super::{Bill, MONTH_S, PriceSettings, Usage, months_inverse};
use crate::scenario::Architecture;

/// Bytes of a GB of egress.
const GB_BYTES: f64 = 1_073_741_824.0;

/// Each function's bill for its span, in the order of `usages`. The functions share the tiers and
/// the free tier of one account.
///
/// # Errors
/// When the price book has no such region.
pub fn bill(settings: &PriceSettings, usages: &[Usage]) -> Result<Vec<Bill>, UnknownRegion> {
    let prices = PriceBook::builtin().lambda(&settings.region)?;
    let account = Account::new(prices, settings.free_tier, usages);
    Ok(usages.iter().map(|usage| account.bill(usage)).collect())
}

/// The average prices that a month's totals lead to.
struct Account<'a> {
    prices: &'a LambdaPrices,
    free_tier: bool,
    /// Shares of requests and GB-s that are not free, for functions that have the free tier.
    charged_requests: f64,
    charged_gb_s: f64,
    /// Average price of a charged GB-s on demand.
    x86_64_gb_s: f64,
    arm64_gb_s: f64,
    /// Average price of a GB sent.
    egress_gb: f64,
}

impl<'a> Account<'a> {
    fn new(prices: &'a LambdaPrices, free_tier: bool, usages: &[Usage]) -> Self {
        let sum = |amount: &dyn Fn(&Usage) -> f64| -> f64 {
            usages
                .iter()
                .map(|usage| amount(usage) * months_inverse(usage.span_s))
                .sum()
        };
        let free = |usage: &Usage| f64::from(u8::from(has_free_tier(free_tier, usage)));
        let free_requests = sum(&|usage| free(usage) * usage.invocations);
        let free_gb_s = sum(&|usage| free(usage) * gb_s(usage));
        let charged_requests = charged_share(free_requests, prices.free_requests_month);
        let charged_gb_s = charged_share(free_gb_s, prices.free_gb_s_month);
        let tiered = |architecture: Architecture| {
            let total = sum(&|usage| {
                let charged = if free(usage) > 0.0 { charged_gb_s } else { 1.0 };
                let counts = f64::from(u8::from(usage.architecture == architecture));
                counts * charged * gb_s(usage)
            });
            prices.architecture(architecture).gb_s.average(total)
        };
        let sent_gb = sum(&|usage| usage.response_bytes / GB_BYTES);
        let free_gb = if free_tier {
            prices.egress.free_gb_month
        } else {
            0.0
        };
        let egress = &prices.egress;
        let charged_gb = (sent_gb - free_gb).max(0.0);
        Self {
            prices,
            free_tier,
            charged_requests,
            charged_gb_s,
            x86_64_gb_s: tiered(Architecture::X86_64),
            arm64_gb_s: tiered(Architecture::Arm64),
            egress_gb: egress.gb.average(charged_gb) * charged_share(sent_gb, free_gb),
        }
    }

    fn bill(&self, usage: &Usage) -> Bill {
        let free = has_free_tier(self.free_tier, usage);
        let charged = |share: f64| if free { share } else { 1.0 };
        let rates = self.prices.architecture(usage.architecture);
        let on_demand_gb_s = match usage.architecture {
            Architecture::X86_64 => self.x86_64_gb_s,
            Architecture::Arm64 => self.arm64_gb_s,
        };
        let memory_gb = usage.memory.as_gb();
        let requests = usage.invocations * self.prices.request * charged(self.charged_requests);
        let compute = gb_s(usage) * on_demand_gb_s * charged(self.charged_gb_s)
            + memory_gb * usage.billed_provisioned_ms / 1e3 * rates.provisioned_duration_gb_s;
        let provisioned = memory_gb * usage.provisioned_instance_ms / 1e3 * rates.provisioned_gb_s;
        let egress = usage.response_bytes / GB_BYTES * self.egress_gb;
        let disk_gb =
            (usage.ephemeral_storage.as_gb() - self.prices.ephemeral_included_gb).max(0.0);
        let kept_s = (usage.billed_ms + usage.provisioned_instance_ms) / 1e3;
        let disk = disk_gb * kept_s * rates.ephemeral_gb_s;
        Bill::new(
            requests,
            compute,
            provisioned,
            egress,
            disk + self.snapshot(usage),
        )
    }

    /// A version's snapshot is charged for as long as it is kept, and once for each restore.
    fn snapshot(&self, usage: &Usage) -> f64 {
        if !usage.snapshot {
            return 0.0;
        }
        let prices = &self.prices.snap_start;
        // A span shorter than the minimum is a piece of a longer life, not a life of its own.
        let kept_s = usage.span_s.max(0.0);
        let cache = kept_s * prices.cache_gb_s;
        usage.memory.as_gb() * (cache + usage.cold_starts * prices.restore_gb)
    }
}

/// AWS's free tier, where it is wanted, leaves out functions with provisioned concurrency.
fn has_free_tier(wanted: bool, usage: &Usage) -> bool {
    wanted && usage.provisioned_instance_ms <= 0.0
}

/// GB-s on demand.
fn gb_s(usage: &Usage) -> f64 {
    usage.memory.as_gb() * usage.billed_ms / 1e3
}

/// The part of `total` that is charged when `free` of it is not.
fn charged_share(total: f64, free: f64) -> f64 {
    if total > free {
        1.0 - free / total
    } else {
        0.0
    }
}

const _: () = assert!(MONTH_S == 730.0 * 3600.0, "a month is 730 h");
