//! From sections to estimates.

use frostline_models::math::{to_f64, wide_to_f64};
use frostline_models::price::{Bill, MONTH_S};
use frostline_models::scenario::{Function, Scenario};
use frostline_stats::estimate::Estimate;
use frostline_stats::histogram::Distribution;
use frostline_stats::outcome::Period;
use frostline_stats::replications;

use crate::bill::{bills, scale_to_run};
use crate::section::{Sections, pool};
use crate::summary::{Billed, Cost, Estimates, Instances, MonthlyCost, Quantiles};

/// What was seen of a function, or of all of them: one entry a section in each list.
pub(crate) struct Observed {
    pub(crate) periods: Vec<Period>,
    /// `None` when the price book does not know the region.
    bills: Option<Vec<Bill>>,
    /// Billed, provisioned and idle GB-seconds of the simulated span.
    gb_seconds: Vec<[f64; 3]>,
    run_s: f64,
}

impl Observed {
    /// What was seen of each function of a scenario.
    pub(crate) fn each(scenario: &Scenario, sections: Vec<Vec<Period>>, run_s: f64) -> Vec<Self> {
        let mut bills = bills(scenario, &sections, run_s).map(Vec::into_iter);
        scenario
            .functions
            .iter()
            .zip(sections)
            .map(|(function, periods)| Self {
                bills: bills.as_mut().and_then(Iterator::next),
                gb_seconds: periods
                    .iter()
                    .map(|period| gb_seconds(function, period, run_s))
                    .collect(),
                periods,
                run_s,
            })
            .collect()
    }

    /// All functions together: money and memory add up within a section.
    pub(crate) fn sum(periods: Vec<Period>, functions: &[Self]) -> Self {
        let mut gb_seconds = vec![[0.0; 3]; periods.len()];
        for function in functions {
            for (sum, part) in gb_seconds.iter_mut().zip(&function.gb_seconds) {
                for (sum, part) in sum.iter_mut().zip(part) {
                    *sum += part;
                }
            }
        }
        let bills = functions
            .iter()
            .map(|function| function.bills.as_ref())
            .collect::<Option<Vec<_>>>()
            .map(|lists| {
                let at = |position| lists.iter().filter_map(move |list| list.get(position));
                (0..periods.len())
                    .map(|position| at(position).copied().sum())
                    .collect()
            });
        Self {
            bills,
            gb_seconds,
            run_s: functions.first().map_or(0.0, |function| function.run_s),
            periods,
        }
    }
}

/// Billed, provisioned and idle GB-seconds of one section, scaled to the simulated span.
fn gb_seconds(function: &Function, period: &Period, run_s: f64) -> [f64; 3] {
    let scale = scale_to_run(period, run_s) * function.memory.as_gb();
    let billed_ms = period.billed_ms + period.billed_provisioned_ms;
    let idle_ns = period.alive_ns.saturating_sub(period.busy_ns);
    [
        wide_to_f64(billed_ms) / 1e3 * scale,
        wide_to_f64(period.provisioned_ns) / 1e9 * scale,
        wide_to_f64(idle_ns) / 1e9 * scale,
    ]
}

/// Everything that is inferred about a function, or about all of them.
pub(crate) fn make(observed: &Observed, sections: Sections) -> Estimates {
    let Observed {
        periods,
        bills,
        gb_seconds,
        run_s,
    } = observed;
    let cost = bills.as_ref().map(|bills| cost(bills, sections));
    let per_period = |value: fn(&Period) -> f64| {
        replications::mean(
            &periods.iter().map(value).collect::<Vec<_>>(),
            sections.mean(),
        )
    };
    let memory = |column: usize| {
        let values = gb_seconds.iter().map(|row| row[column]);
        replications::mean(&values.collect::<Vec<_>>(), sections.mean())
    };
    Estimates {
        cold_ratio: ratio(periods, sections, |period| {
            (period.counts.cold_starts, period.counts.invocations)
        }),
        throttle_ratio: ratio(periods, sections, |period| {
            (period.counts.throttles, period.counts.requests)
        }),
        latency_ms: quantiles(periods, sections, |period| {
            (&period.latency, period.latency_max_ns)
        }),
        init_ms: quantiles(periods, sections, |period| {
            (&period.init, period.init_max_ns)
        }),
        instances: Instances {
            mean_alive: per_period(|period| time_average(period.alive_ns, period)),
            mean_busy: per_period(|period| time_average(period.busy_ns, period)),
            mean_idle: per_period(|period| {
                time_average(period.alive_ns.saturating_sub(period.busy_ns), period)
            }),
            peak: periods.iter().map(|p| p.instances_peak).max().unwrap_or(0),
        },
        billed: Billed {
            gb_seconds: memory(0),
            provisioned_gb_seconds: memory(1),
            idle_gb_seconds: memory(2),
        },
        cost_usd_month: cost.as_ref().map(|cost| MonthlyCost {
            total: cost.total.scaled(MONTH_S / run_s.max(f64::MIN_POSITIVE)),
        }),
        cost_usd: cost,
    }
}

fn cost(bills: &[Bill], sections: Sections) -> Cost {
    let money = |amount: fn(&Bill) -> f64| {
        let amounts = bills.iter().map(amount).collect::<Vec<_>>();
        replications::mean(&amounts, sections.mean())
    };
    Cost {
        requests: money(|bill| bill.requests),
        compute: money(|bill| bill.compute),
        provisioned: money(|bill| bill.provisioned),
        egress: money(|bill| bill.egress),
        other: money(|bill| bill.other),
        total: money(|bill| bill.total),
    }
}

fn time_average(integral_ns: u128, period: &Period) -> f64 {
    wide_to_f64(integral_ns) / to_f64(period.span_ns.max(1))
}

fn ratio(
    periods: &[Period],
    sections: Sections,
    parts: fn(&Period) -> (u64, u64),
) -> Option<Estimate> {
    let pairs = periods.iter().map(parts).collect::<Vec<_>>();
    if pairs.iter().all(|pair| pair.1 == 0) {
        return None;
    }
    let pairs = pairs
        .into_iter()
        .map(|(events, all)| (to_f64(events), to_f64(all)))
        .collect::<Vec<_>>();
    Some(replications::ratio(&pairs, sections.ratio()))
}

fn quantiles(
    periods: &[Period],
    sections: Sections,
    parts: fn(&Period) -> (&Distribution, u64),
) -> Quantiles {
    let each = periods
        .iter()
        .map(|period| parts(period).0.clone())
        .collect::<Vec<_>>();
    let pooled = pool(each.iter());
    if pooled.count() == 0 {
        return Quantiles::default();
    }
    let max_ns = periods
        .iter()
        .map(|period| parts(period).1)
        .max()
        .unwrap_or(0);
    let max_ns = to_f64(max_ns);
    let at = |probability| {
        replications::quantile(&pooled, &each, probability, sections.quantile())
            .map(|estimate| at_most(estimate, max_ns).scaled(1e-6))
    };
    Quantiles {
        p50: at(0.5),
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p999: at(0.999),
        max: Some(max_ns / 1e6),
    }
}

/// A histogram's cell reaches beyond the values in it; no quantile exceeds the longest value seen.
fn at_most(estimate: Estimate, max: f64) -> Estimate {
    Estimate {
        point: estimate.point.min(max),
        low: estimate.low.map(|low| low.min(max)),
        ..estimate
    }
}
