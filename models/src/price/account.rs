//! The bill of all functions of an account.

use super::book::{LambdaPrices, PriceBook, UnknownRegion};
use super::{Bill, MONTH_S, PriceSettings, Usage, months_inverse};
use crate::scenario::Architecture;

/// Bytes of a GB of egress.
const GB_BYTES: f64 = 1_073_741_824.0;

/// Each function's bill for its span, in the order of `usages`. The functions share the tiers and
/// the free tier of one account. Where they are too many to stand in one list, [`Account`] bills
/// them one by one.
///
/// # Errors
/// When the price book has no such region.
pub fn bill(settings: &PriceSettings, usages: &[Usage]) -> Result<Vec<Bill>, UnknownRegion> {
    let mut claims = FreeTierClaims::new(settings)?;
    for usage in usages {
        claims.add(usage);
    }
    let mut tiers = claims.settle();
    for usage in usages {
        tiers.add(usage);
    }
    let account = tiers.settle();
    Ok(usages.iter().map(|usage| account.bill(usage)).collect())
}

/// The first look at an account's functions: how much of what they use could be free.
#[derive(Debug, Clone)]
pub struct FreeTierClaims {
    prices: &'static LambdaPrices,
    free_tier: bool,
    /// A month's requests and GB-s of the functions that have the free tier.
    requests: f64,
    gb_s: f64,
    /// GB that all functions send in a month.
    sent_gb: f64,
}

impl FreeTierClaims {
    /// Before any function was looked at.
    ///
    /// # Errors
    /// When the price book has no such region.
    pub fn new(settings: &PriceSettings) -> Result<Self, UnknownRegion> {
        Ok(Self {
            prices: PriceBook::builtin().lambda(&settings.region)?,
            free_tier: settings.free_tier,
            requests: 0.0,
            gb_s: 0.0,
            sent_gb: 0.0,
        })
    }

    /// Looks at a function.
    pub fn add(&mut self, usage: &Usage) {
        let months = months_inverse(usage.span_s);
        let free = f64::from(u8::from(has_free_tier(self.free_tier, usage)));
        self.requests += free * usage.invocations * months;
        self.gb_s += free * gb_s(usage) * months;
        self.sent_gb += usage.response_bytes / GB_BYTES * months;
    }

    /// When all functions were looked at: what of it is charged.
    pub fn settle(self) -> TierLoads {
        let prices = self.prices;
        let free_gb = if self.free_tier {
            prices.egress.free_gb_month
        } else {
            0.0
        };
        let charged_gb = (self.sent_gb - free_gb).max(0.0);
        TierLoads {
            prices,
            free_tier: self.free_tier,
            charged_requests: charged_share(self.requests, prices.free_requests_month),
            charged_gb_s: charged_share(self.gb_s, prices.free_gb_s_month),
            egress_gb: prices.egress.gb.average(charged_gb) * charged_share(self.sent_gb, free_gb),
            x86_64_gb_s: 0.0,
            arm64_gb_s: 0.0,
        }
    }
}

/// The second look at an account's functions: how much each architecture's tiers have to bear.
#[derive(Debug, Clone)]
pub struct TierLoads {
    prices: &'static LambdaPrices,
    free_tier: bool,
    charged_requests: f64,
    charged_gb_s: f64,
    egress_gb: f64,
    /// A month's charged GB-s.
    x86_64_gb_s: f64,
    arm64_gb_s: f64,
}

impl TierLoads {
    /// Looks at a function again.
    pub fn add(&mut self, usage: &Usage) {
        let charged = if has_free_tier(self.free_tier, usage) {
            self.charged_gb_s
        } else {
            1.0
        };
        let load = charged * gb_s(usage) * months_inverse(usage.span_s);
        match usage.architecture {
            Architecture::X86_64 => self.x86_64_gb_s += load,
            Architecture::Arm64 => self.arm64_gb_s += load,
        }
    }

    /// When all functions were looked at: their prices.
    pub fn settle(self) -> Account {
        let average = |architecture: Architecture, load| {
            self.prices.architecture(architecture).gb_s.average(load)
        };
        Account {
            prices: self.prices,
            free_tier: self.free_tier,
            charged_requests: self.charged_requests,
            charged_gb_s: self.charged_gb_s,
            x86_64_gb_s: average(Architecture::X86_64, self.x86_64_gb_s),
            arm64_gb_s: average(Architecture::Arm64, self.arm64_gb_s),
            egress_gb: self.egress_gb,
        }
    }
}

/// The average prices that a month's totals lead to: what a function costs depends on the others of
/// its account.
#[derive(Debug, Clone)]
pub struct Account {
    prices: &'static LambdaPrices,
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

impl Account {
    /// The bill of one of its functions for its span.
    pub fn bill(&self, usage: &Usage) -> Bill {
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
