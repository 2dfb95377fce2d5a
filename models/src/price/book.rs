//! The price book: `models/src/pricing.toml`, read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use toml::de::DeTable;

use self::hosting::{CloudRunPrices, HostingPrices};
use self::table::Table;

use crate::math::{round_to_u64, to_f64};
use crate::scenario::Architecture;
use crate::units::SimDuration;

pub(super) mod hosting;
mod table;

/// The price book that comes with the program.
static BUILTIN: LazyLock<PriceBook> = LazyLock::new(|| {
    PriceBook::parse(include_str!("../pricing.toml"))
        .expect("the price book is part of the program and a test reads it")
});

/// Prices by region.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceBook {
    lambda: BTreeMap<String, LambdaPrices>,
    hosting: BTreeMap<String, HostingPrices>,
    cloud_run: CloudRunPrices,
}

/// A region without figures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no prices for the region `{region}`; the price book has {}", known.join(", "))]
pub struct UnknownRegion {
    /// The region that was asked for.
    pub region: String,
    /// The regions that the price book has.
    pub known: Vec<String>,
}

/// Why a price book cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PriceBookError {
    /// It is no TOML.
    #[error("the price book is no TOML: {0}")]
    Syntax(String),
    /// A value is absent or of the wrong kind.
    #[error("`{path}` must be {expected}")]
    Value {
        /// The key with its tables: `aws.us-east-1.lambda.request`.
        path: String,
        /// What it must be.
        expected: &'static str,
    },
}

/// How sure a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// The vendor's machine-readable price list.
    PriceList,
    /// The vendor's prose.
    Document,
    /// Someone else's transcription.
    Secondary,
}

/// Where the figures of a table come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceSource {
    /// Title or address.
    pub source: String,
    /// The day the figures are of, as YYYY-MM-DD.
    pub as_of: String,
    /// How sure they are.
    pub confidence: Confidence,
}

/// Prices of AWS Lambda in one region. Amounts are USD.
#[derive(Debug, Clone, PartialEq)]
pub struct LambdaPrices {
    /// Where the figures come from.
    pub source: PriceSource,
    /// Fee for one invocation.
    pub request: f64,
    /// Durations are rounded up to a multiple of this, at least 1 ns.
    pub billing_granularity: SimDuration,
    /// Invocations free in a month.
    pub free_requests_month: f64,
    /// GB-s free in a month.
    pub free_gb_s_month: f64,
    /// Disk included, in GB of 1024 MiB.
    pub ephemeral_included_gb: f64,
    /// Snapshots.
    pub snap_start: SnapStartPrices,
    /// Data sent out of the region.
    pub egress: EgressPrices,
    x86_64: ArchitecturePrices,
    arm64: ArchitecturePrices,
}

/// Prices that depend on the architecture.
#[derive(Debug, Clone, PartialEq)]
pub struct ArchitecturePrices {
    /// Where the figures come from.
    pub source: PriceSource,
    /// A GB-s on demand, by GB-s of the month.
    pub gb_s: Tiers,
    /// Keeping one GB of provisioned instances for one second.
    pub provisioned_gb_s: f64,
    /// A GB-s of invocations on provisioned instances.
    pub provisioned_duration_gb_s: f64,
    /// The least time in seconds that an allocation of provisioned instances is charged for.
    pub provisioned_min_s: f64,
    /// Disk above what is included, for a GB and second.
    pub ephemeral_gb_s: f64,
}

impl ArchitecturePrices {
    /// What is charged for an allocation of provisioned instances that is kept this long, in ms for
    /// each instance: the time itself, and no less than the minimum.
    pub fn provisioned_charged_ms(&self, kept: SimDuration) -> f64 {
        (to_f64(kept.0) / 1e6).max(self.provisioned_min_s * 1e3)
    }
}

/// Prices of snapshots.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapStartPrices {
    /// Where the figures come from.
    pub source: PriceSource,
    /// Keeping a snapshot, for a GB of the function's memory and second.
    pub cache_gb_s: f64,
    /// The least time in seconds that a version's snapshot is charged for.
    pub cache_min_s: f64,
    /// Restoring one, for a GB of the function's memory.
    pub restore_gb: f64,
}

/// Prices of data sent out of the region to the internet.
#[derive(Debug, Clone, PartialEq)]
pub struct EgressPrices {
    /// Where the figures come from.
    pub source: PriceSource,
    /// GB free in a month.
    pub free_gb_month: f64,
    /// A GB of 2³⁰ bytes, by GB of the month.
    pub gb: Tiers,
}

/// A price that falls with the month's total. Marginal: each part of the total is charged at the
/// price of the tier that it lies in.
#[derive(Debug, Clone, PartialEq)]
pub struct Tiers {
    /// Upper end and price of each tier, rising; the last has no end.
    tiers: Vec<(f64, f64)>,
}

impl Tiers {
    /// What `total` units of a month cost in USD; nothing for a total that is not positive.
    pub fn cost(&self, total: f64) -> f64 {
        let mut from = 0.0;
        let mut cost = 0.0;
        for &(up_to, price) in &self.tiers {
            cost += (total.min(up_to) - from).max(0.0) * price;
            from = up_to;
        }
        cost
    }

    /// The average price of a unit when a month has `total` of them; the first tier's for none.
    pub fn average(&self, total: f64) -> f64 {
        if total > 0.0 {
            self.cost(total) / total
        } else {
            self.tiers.first().map_or(0.0, |tier| tier.1)
        }
    }
}

impl LambdaPrices {
    /// What is billed for an instance that worked this long for one invocation: the duration, and
    /// the init where it is billed, rounded up together.
    pub fn billed(&self, worked: SimDuration) -> SimDuration {
        let step = self.billing_granularity.0;
        SimDuration(worked.0.div_ceil(step).saturating_mul(step))
    }

    /// The prices of an architecture.
    pub fn architecture(&self, architecture: Architecture) -> &ArchitecturePrices {
        match architecture {
            Architecture::X86_64 => &self.x86_64,
            Architecture::Arm64 => &self.arm64,
        }
    }
}

impl PriceBook {
    /// The price book that comes with the program.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// Prices of AWS Lambda in a region.
    ///
    /// # Errors
    /// When there are no figures for the region: today all but us-east-1.
    pub fn lambda(&self, region: &str) -> Result<&LambdaPrices, UnknownRegion> {
        self.lambda.get(region).ok_or_else(|| self.unknown(region))
    }

    fn unknown(&self, region: &str) -> UnknownRegion {
        UnknownRegion {
            region: region.to_owned(),
            known: self.lambda.keys().cloned().collect(),
        }
    }

    /// Prices of what runs all the time in a region of AWS, and of what stands before it.
    ///
    /// # Errors
    /// When there are no figures for the region: today all but us-east-1.
    pub fn hosting(&self, region: &str) -> Result<&HostingPrices, UnknownRegion> {
        self.hosting.get(region).ok_or_else(|| self.unknown(region))
    }

    /// Prices of Google Cloud Run, instance-based, in the regions of tier 1.
    pub fn cloud_run(&self) -> &CloudRunPrices {
        &self.cloud_run
    }

    /// The regions with figures, in alphabetical order.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.lambda.keys().map(String::as_str)
    }

    /// Reads a price book. Every table with figures must say its `source`, `as-of` and `confidence`.
    ///
    /// # Errors
    /// The first value that is absent, of the wrong kind or out of range.
    pub fn parse(text: &str) -> Result<Self, PriceBookError> {
        let root = DeTable::parse(text)
            .map_err(|error| PriceBookError::Syntax(error.message().to_owned()))?;
        let root = Table {
            path: String::new(),
            entries: root.get_ref(),
        };
        let aws = root.table("aws")?;
        let mut lambda = BTreeMap::new();
        let mut hosting = BTreeMap::new();
        for region in aws.entries.keys() {
            let name = region.get_ref().as_ref();
            let region = aws.table(name)?;
            lambda.insert(name.to_owned(), read_region(&region)?);
            hosting.insert(name.to_owned(), HostingPrices::read(&region)?);
        }
        let google = root.table("gcp")?.table("tier-1")?.table("cloud-run")?;
        Ok(Self {
            lambda,
            hosting,
            cloud_run: CloudRunPrices::read(&google)?,
        })
    }
}

fn read_region(region: &Table<'_>) -> Result<LambdaPrices, PriceBookError> {
    let lambda = region.table("lambda")?;
    let snap_start = lambda.table("snap-start")?;
    let egress = region.table("egress")?;
    Ok(LambdaPrices {
        source: lambda.source()?,
        request: lambda.number("request")?,
        billing_granularity: SimDuration(
            round_to_u64(lambda.number("billing-granularity-ms")? * 1e6).max(1),
        ),
        free_requests_month: lambda.number("free-requests-month")?,
        free_gb_s_month: lambda.number("free-gb-s-month")?,
        ephemeral_included_gb: lambda.number("ephemeral-included-mib")? / 1024.0,
        snap_start: SnapStartPrices {
            source: snap_start.source()?,
            cache_gb_s: snap_start.number("cache-gb-s")?,
            cache_min_s: snap_start.number("cache-min-s")?,
            restore_gb: snap_start.number("restore-gb")?,
        },
        egress: EgressPrices {
            source: egress.source()?,
            free_gb_month: egress.number("free-gb-month")?,
            gb: egress.tiers("gb-tiers")?,
        },
        x86_64: read_architecture(&lambda.table("x86_64")?)?,
        arm64: read_architecture(&lambda.table("arm64")?)?,
    })
}

fn read_architecture(table: &Table<'_>) -> Result<ArchitecturePrices, PriceBookError> {
    Ok(ArchitecturePrices {
        source: table.source()?,
        gb_s: table.tiers("gb-s-tiers")?,
        provisioned_gb_s: table.number("provisioned-gb-s")?,
        provisioned_duration_gb_s: table.number("provisioned-duration-gb-s")?,
        provisioned_min_s: table.number("provisioned-min-s")?,
        ephemeral_gb_s: table.number("ephemeral-gb-s")?,
    })
}
