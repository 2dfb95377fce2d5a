//! What each section says about each metric: the observations behind the estimates, for comparisons
//! of two configurations under common random numbers (`frostline_stats::paired`).

use std::collections::BTreeMap;

use frostline_models::math::{to_f64, wide_to_f64};
use frostline_stats::estimate::Estimate;
use frostline_stats::histogram::Distribution;
use frostline_stats::outcome::Period;

use crate::estimates::{Observed, time_average};
use crate::summary::{Estimates, Quantiles};

/// The quantiles of the output by name.
const QUANTILES: [(&str, f64); 5] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("p999", 0.999),
];

/// Values a section by metric, as paths of the JSON output; only metrics that every section has.
pub(crate) type Observations = BTreeMap<String, Vec<f64>>;

/// The observations of a function, or of all together.
pub(crate) fn of(observed: &Observed) -> Observations {
    let periods = &observed.periods;
    let mut found = Observations::new();
    let mut add = |metric: &str, values: Vec<f64>| {
        if values.iter().all(|value| value.is_finite()) {
            found.insert(metric.to_owned(), values);
        }
    };
    let each = |value: &dyn Fn(&Period) -> f64| periods.iter().map(value).collect::<Vec<_>>();
    let share = |events: u64, all: u64| to_f64(events) / to_f64(all);
    add(
        "cold_ratio",
        each(&|p| share(p.counts.cold_starts, p.counts.invocations)),
    );
    add(
        "throttle_ratio",
        each(&|p| share(p.counts.throttles, p.counts.requests)),
    );
    add(
        "latency_ms.mean",
        each(&|p| wide_to_f64(p.latency_sum_ns) / 1e6 / to_f64(p.counts.invocations)),
    );
    add(
        "init_ms.mean",
        each(&|p| wide_to_f64(p.init_sum_ns) / 1e6 / to_f64(p.counts.cold_starts)),
    );
    for (name, probability) in QUANTILES {
        let quantile =
            |of: &Distribution| of.quantile_ns(probability).map_or(f64::NAN, |q| q / 1e6);
        add(
            &format!("latency_ms.{name}"),
            each(&|p| quantile(&p.latency)),
        );
        add(&format!("init_ms.{name}"), each(&|p| quantile(&p.init)));
    }
    add(
        "instances.mean_alive",
        each(&|p| time_average(p.alive_ns, p)),
    );
    add("instances.mean_busy", each(&|p| time_average(p.busy_ns, p)));
    add(
        "instances.mean_idle",
        each(&|p| time_average(p.alive_ns.saturating_sub(p.busy_ns), p)),
    );
    for (column, name) in ["gb_seconds", "provisioned_gb_seconds", "idle_gb_seconds"]
        .into_iter()
        .enumerate()
    {
        let values = observed.gb_seconds.iter().map(|row| row[column]);
        add(&format!("billed.{name}"), values.collect());
    }
    if let Some(bills) = &observed.bills {
        let amounts = |amount: fn(&frostline_models::price::Bill) -> f64| {
            bills.iter().map(amount).collect::<Vec<_>>()
        };
        add("cost_usd.requests", amounts(|bill| bill.requests));
        add("cost_usd.compute", amounts(|bill| bill.compute));
        add("cost_usd.provisioned", amounts(|bill| bill.provisioned));
        add("cost_usd.egress", amounts(|bill| bill.egress));
        add("cost_usd.other", amounts(|bill| bill.other));
        add("cost_usd.total", amounts(|bill| bill.total));
    }
    found
}

impl Estimates {
    /// An estimate by its path in the JSON output, `latency_ms.p99`; `None` where nothing was seen, and
    /// for what is no estimate.
    pub fn get(&self, path: &str) -> Option<Estimate> {
        let (group, name) = path.split_once('.').unwrap_or((path, ""));
        let cost = self.cost_usd.as_ref();
        match (group, name) {
            ("cold_ratio", "") => self.cold_ratio,
            ("throttle_ratio", "") => self.throttle_ratio,
            ("latency_ms", name) => self.latency_ms.get(name),
            ("init_ms", name) => self.init_ms.get(name),
            ("instances", "mean_alive") => Some(self.instances.mean_alive),
            ("instances", "mean_busy") => Some(self.instances.mean_busy),
            ("instances", "mean_idle") => Some(self.instances.mean_idle),
            ("billed", "gb_seconds") => Some(self.billed.gb_seconds),
            ("billed", "provisioned_gb_seconds") => Some(self.billed.provisioned_gb_seconds),
            ("billed", "idle_gb_seconds") => Some(self.billed.idle_gb_seconds),
            ("cost_usd", "requests") => cost.map(|cost| cost.requests),
            ("cost_usd", "compute") => cost.map(|cost| cost.compute),
            ("cost_usd", "provisioned") => cost.map(|cost| cost.provisioned),
            ("cost_usd", "egress") => cost.map(|cost| cost.egress),
            ("cost_usd", "other") => cost.map(|cost| cost.other),
            ("cost_usd", "total") => cost.map(|cost| cost.total),
            ("cost_usd_month", "total") => self.cost_usd_month.as_ref().map(|cost| cost.total),
            _ => None,
        }
    }
}

impl Quantiles {
    fn get(&self, name: &str) -> Option<Estimate> {
        match name {
            "mean" => self.mean,
            "p50" => self.p50,
            "p90" => self.p90,
            "p95" => self.p95,
            "p99" => self.p99,
            "p999" => self.p999,
            _ => None,
        }
    }
}
