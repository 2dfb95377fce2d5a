//! What each section says about each metric, ready to be paired with what another configuration says:
//! a numerator and a denominator, so that a section without an event or an invocation takes part.

use std::collections::BTreeMap;

use frostline_models::math::{to_f64, wide_to_f64};
use frostline_models::price::{Bill, MONTH_S};
use frostline_stats::batches::FEWEST_BATCHES;
use frostline_stats::histogram::Distribution;
use frostline_stats::outcome::Period;
use frostline_stats::replications::needed_for_quantile;

use crate::estimates::{Observed, time_average};
use crate::section::Sections;

/// The metrics that can be compared, as paths of the JSON output, with their units. Lower is better
/// in all of them.
pub const METRICS: [(&str, &str); 27] = [
    ("cold_ratio", "%"),
    ("throttle_ratio", "%"),
    ("latency_ms.mean", "ms"),
    ("latency_ms.p50", "ms"),
    ("latency_ms.p90", "ms"),
    ("latency_ms.p95", "ms"),
    ("latency_ms.p99", "ms"),
    ("latency_ms.p999", "ms"),
    ("init_ms.mean", "ms"),
    ("init_ms.p50", "ms"),
    ("init_ms.p90", "ms"),
    ("init_ms.p95", "ms"),
    ("init_ms.p99", "ms"),
    ("init_ms.p999", "ms"),
    ("instances.mean_alive", ""),
    ("instances.mean_busy", ""),
    ("instances.mean_idle", ""),
    ("billed.gb_seconds", "GB-s"),
    ("billed.provisioned_gb_seconds", "GB-s"),
    ("billed.idle_gb_seconds", "GB-s"),
    ("cost_usd.requests", "USD"),
    ("cost_usd.compute", "USD"),
    ("cost_usd.provisioned", "USD"),
    ("cost_usd.egress", "USD"),
    ("cost_usd.other", "USD"),
    ("cost_usd.total", "USD"),
    ("cost_usd_month.total", "USD"),
];

/// What a bill says, by the metrics' paths.
type Amount = fn(&Bill) -> f64;
const AMOUNTS: [(&str, Amount); 6] = [
    ("cost_usd.requests", |bill| bill.requests),
    ("cost_usd.compute", |bill| bill.compute),
    ("cost_usd.provisioned", |bill| bill.provisioned),
    ("cost_usd.egress", |bill| bill.egress),
    ("cost_usd.other", |bill| bill.other),
    ("cost_usd.total", |bill| bill.total),
];

/// The quantiles of latency and of init, by their paths.
const QUANTILES: [(&str, &str, f64); 5] = [
    ("latency_ms.p50", "init_ms.p50", 0.5),
    ("latency_ms.p90", "init_ms.p90", 0.9),
    ("latency_ms.p95", "init_ms.p95", 0.95),
    ("latency_ms.p99", "init_ms.p99", 0.99),
    ("latency_ms.p999", "init_ms.p999", 0.999),
];

/// Numerators and denominators a section by metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Series {
    metrics: BTreeMap<&'static str, Vec<(f64, f64)>>,
}

/// The series of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SeriesOfAll {
    pub(crate) totals: Series,
    /// One entry a function, in the scenario's order.
    pub(crate) functions: Vec<Series>,
}

impl Series {
    /// The series of a function, or of all together; costs are added by [`Series::add_bills`].
    pub(crate) fn of(observed: &Observed, sections: Sections) -> Self {
        let periods = &observed.periods;
        let each = |pair: &dyn Fn(&Period) -> (f64, f64)| periods.iter().map(pair).collect();
        let events = |events: u64, all: u64| (to_f64(events), to_f64(all));
        let time = |sum_ns: u128, all: u64| (wide_to_f64(sum_ns) / 1e6, to_f64(all));
        let mut metrics = BTreeMap::from([
            (
                "cold_ratio",
                each(&|p| events(p.counts.cold_starts, p.counts.invocations)),
            ),
            (
                "throttle_ratio",
                each(&|p| events(p.counts.throttles, p.counts.requests)),
            ),
            (
                "latency_ms.mean",
                each(&|p| time(p.latency_sum_ns, p.counts.invocations)),
            ),
            (
                "init_ms.mean",
                each(&|p| time(p.init_sum_ns, p.counts.cold_starts)),
            ),
            (
                "instances.mean_alive",
                each(&|p| (time_average(p.alive_ns, p), 1.0)),
            ),
            (
                "instances.mean_busy",
                each(&|p| (time_average(p.busy_ns, p), 1.0)),
            ),
            (
                "instances.mean_idle",
                each(&|p| (time_average(p.alive_ns.saturating_sub(p.busy_ns), p), 1.0)),
            ),
        ]);
        let memory = |column: usize| {
            let rows = observed.gb_seconds.iter();
            rows.map(|row| (row[column], 1.0)).collect()
        };
        metrics.insert("billed.gb_seconds", memory(0));
        metrics.insert("billed.provisioned_gb_seconds", memory(1));
        metrics.insert("billed.idle_gb_seconds", memory(2));
        let mut series = Self { metrics };
        series.add_quantiles(periods, sections);
        if let Some(bills) = &observed.bills {
            series.add_bills(bills, observed.run_s);
        }
        series
    }

    /// Quantiles of sections are compared only where each has enough on the thinner side: of few
    /// requests a high quantile is but the longest of them.
    fn add_quantiles(&mut self, periods: &[Period], sections: Sections) {
        // Batches are joined beforehand: both configurations must be cut alike.
        let size = match sections {
            Sections::Batches => (periods.len() / FEWEST_BATCHES).max(1),
            Sections::Replications | Sections::Whole => 1,
        };
        let joined = |of: fn(&Period) -> &Distribution| -> Vec<Distribution> {
            let groups = periods.chunks(size);
            groups
                .map(|group| Distribution::sum(group.iter().map(of)))
                .collect()
        };
        let (latency, init) = (joined(|p| &p.latency), joined(|p| &p.init));
        for (of_latency, of_init, probability) in QUANTILES {
            for (metric, parts) in [(of_latency, &latency), (of_init, &init)] {
                let needed = needed_for_quantile(probability);
                let quantile = |part: &Distribution| {
                    let found = part.quantile_ns(probability)? / 1e6;
                    (to_f64(part.count()) >= needed).then_some((found, 1.0))
                };
                let quantiles: Option<Vec<_>> = parts.iter().map(quantile).collect();
                if let Some(quantiles) = quantiles {
                    self.metrics.insert(metric, quantiles);
                }
            }
        }
    }

    /// Adds what the sections cost.
    pub(crate) fn add_bills(&mut self, bills: &[Bill], run_s: f64) {
        for (metric, amount) in AMOUNTS {
            let amounts = bills.iter().map(|bill| (amount(bill), 1.0));
            self.metrics.insert(metric, amounts.collect());
        }
        let month = MONTH_S / run_s.max(f64::MIN_POSITIVE);
        let months = bills.iter().map(|bill| (bill.total * month, 1.0));
        self.metrics
            .insert("cost_usd_month.total", months.collect());
    }

    /// A section each; `None` where the metric cannot be paired.
    pub(crate) fn get(&self, metric: &str) -> Option<&[(f64, f64)]> {
        self.metrics.get(metric).map(Vec::as_slice)
    }
}
