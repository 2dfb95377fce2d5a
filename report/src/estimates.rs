//! From sections to estimates.

use frostline_models::math::{round_to_u64, to_f64, wide_to_f64};
use frostline_models::price::{Bill, MONTH_S};
use frostline_models::scenario::Function;
use frostline_stats::batches::{self, Doubt};
use frostline_stats::estimate::{Estimate, Method};
use frostline_stats::histogram::Distribution;
use frostline_stats::outcome::Period;
use frostline_stats::replications;
use frostline_stats::warning::Warning;

use crate::bill::scale_to_run;
use crate::section::Sections;
use crate::summary::{Billed, Cost, Estimates, Instances, MonthlyCost, Quantiles};

/// What was seen of a function, or of all of them: one entry a section in each list.
pub(crate) struct Observed {
    pub(crate) periods: Vec<Period>,
    /// `None` when the price book does not know the region, or the bills are not made yet.
    pub(crate) bills: Option<Vec<Bill>>,
    /// Billed, provisioned and idle GB-seconds of the simulated span.
    pub(crate) gb_seconds: Vec<[f64; 3]>,
    pub(crate) run_s: f64,
}

/// Billed, provisioned and idle GB-seconds of one section, scaled to the simulated span.
pub(crate) fn gb_seconds(function: &Function, period: &Period, run_s: f64) -> [f64; 3] {
    let scale = scale_to_run(period, run_s) * function.memory.as_gb();
    let billed_ms = period.billed_ms + period.billed_provisioned_ms;
    let idle_ns = period.alive_ns.saturating_sub(period.busy_ns);
    [
        wide_to_f64(billed_ms) / 1e3 * scale,
        wide_to_f64(period.provisioned_ns) / 1e9 * scale,
        wide_to_f64(idle_ns) / 1e9 * scale,
    ]
}

/// Everything that is inferred about a function, or about all of them, and what is doubtful in it.
pub(crate) fn make(observed: &Observed, sections: Sections) -> (Estimates, Doubts) {
    let mut maker = Maker {
        periods: &observed.periods,
        sections,
        doubts: Doubts::default(),
    };
    let cost = observed.bills.as_ref().map(|bills| maker.cost(bills));
    let mut estimates = Estimates {
        cold_ratio: maker.ratio("cold_ratio", |period| {
            (period.counts.cold_starts, period.counts.invocations)
        }),
        throttle_ratio: maker.ratio("throttle_ratio", |period| {
            (period.counts.throttles, period.counts.requests)
        }),
        latency_ms: maker.quantiles("latency_ms", |period| Times {
            distribution: &period.latency,
            sum_ns: period.latency_sum_ns,
            count: period.counts.invocations,
            max_ns: period.latency_max_ns,
        }),
        init_ms: maker.quantiles("init_ms", |period| Times {
            distribution: &period.init,
            sum_ns: period.init_sum_ns,
            count: period.counts.cold_starts,
            max_ns: period.init_max_ns,
        }),
        instances: maker.instances(),
        billed: maker.billed(&observed.gb_seconds),
        cost_usd: None,
        cost_usd_month: None,
    };
    if let Some(cost) = cost {
        estimates.set_cost(cost, observed.run_s);
    }
    (estimates, maker.doubts)
}

/// Adds what a function costs, given its bill in each section.
pub(crate) fn add_costs(estimates: &mut Estimates, bills: &[Bill], run_s: f64, sections: Sections) {
    let mut maker = Maker {
        periods: &[],
        sections,
        doubts: Doubts::default(),
    };
    estimates.set_cost(maker.cost(bills), run_s);
}

impl Estimates {
    fn set_cost(&mut self, cost: Cost, run_s: f64) {
        self.cost_usd_month = Some(MonthlyCost {
            total: cost.total.scaled(MONTH_S / run_s.max(f64::MIN_POSITIVE)),
        });
        self.cost_usd = Some(cost);
    }
}

/// Which metrics have intervals that are less than they seem, as paths of the JSON output, in the
/// order of the output and one a kind.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    /// Their sections hold too little for an interval.
    pub(crate) too_few: Vec<Warning>,
    /// Their batches are correlated.
    pub(crate) correlated: Vec<&'static str>,
    /// Their batches rise or fall over the run.
    pub(crate) drifting: Vec<&'static str>,
}

/// What a section says about a time.
struct Times<'a> {
    distribution: &'a Distribution,
    sum_ns: u128,
    count: u64,
    max_ns: u64,
}

/// Makes estimates from the sections of a function, by the method that suits them.
struct Maker<'a> {
    periods: &'a [Period],
    sections: Sections,
    doubts: Doubts,
}

impl Maker<'_> {
    /// Notes under `kind` what is wrong with batches.
    fn note(&mut self, kind: &'static str, doubt: Option<Doubt>) {
        let list = match doubt {
            Some(Doubt::Correlated) => &mut self.doubts.correlated,
            Some(Doubt::Drifting) => &mut self.doubts.drifting,
            None => return,
        };
        if !list.contains(&kind) {
            list.push(kind);
        }
    }

    /// The sections' pairs as observations that may be treated as independent.
    fn independent(&mut self, kind: &'static str, pairs: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
        match self.sections {
            Sections::Batches => {
                let batched = batches::pairs(&pairs);
                self.note(kind, batched.doubt);
                batched.batches
            }
            Sections::Replications | Sections::Whole => pairs,
        }
    }

    fn mean(&mut self, kind: &'static str, values: impl Iterator<Item = f64>) -> Estimate {
        let pairs = self.independent(kind, values.map(|value| (value, 1.0)).collect());
        let values: Vec<f64> = pairs.iter().map(|(sum, n)| sum / n).collect();
        replications::mean(&values, self.sections.mean())
    }

    fn ratio(&mut self, kind: &'static str, parts: fn(&Period) -> (u64, u64)) -> Option<Estimate> {
        let pairs = self.periods.iter().map(parts).collect::<Vec<_>>();
        if pairs.iter().all(|pair| pair.1 == 0) {
            return None;
        }
        let pairs = pairs
            .into_iter()
            .map(|(events, all)| (to_f64(events), to_f64(all)))
            .collect();
        let pairs = self.independent(kind, pairs);
        Some(replications::ratio(&pairs, self.sections.ratio()))
    }

    fn quantiles(&mut self, kind: &'static str, times: fn(&Period) -> Times<'_>) -> Quantiles {
        let times = self.periods.iter().map(times).collect::<Vec<_>>();
        let pooled = Distribution::sum(times.iter().map(|times| times.distribution));
        if pooled.count() == 0 {
            return Quantiles::default();
        }
        let sums = times
            .iter()
            .map(|times| (wide_to_f64(times.sum_ns) / 1e6, to_f64(times.count)));
        let sums = self.independent(kind, sums.collect());
        let mean = replications::quotient(&sums, self.sections.ratio());
        let max_ns = times.iter().map(|times| times.max_ns).max().unwrap_or(0);
        let max_ns = to_f64(max_ns);
        let each = times.iter().map(|times| times.distribution.clone());
        let mut each = batches::Distributions::new(each.collect());
        let mut at = |probability| {
            let joined = match self.sections {
                Sections::Batches => {
                    let (joined, doubt) = each.independent(probability);
                    self.note(kind, doubt);
                    joined
                }
                Sections::Replications | Sections::Whole => each.each(),
            };
            replications::quantile(&pooled, joined, probability, self.sections.quantile())
                .map(|estimate| at_most(estimate, max_ns).scaled(1e-6))
        };
        let quantiles = Quantiles {
            mean: Some(mean),
            p50: at(0.5),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            max: Some(max_ns / 1e6),
        };
        self.note_missing(kind, &quantiles, each.each());
        quantiles
    }

    /// Tells of the lowest quantile without an interval, since higher ones need more still. Of init
    /// only the median is missed: cold starts are few by design.
    fn note_missing(&mut self, kind: &str, quantiles: &Quantiles, each: &[Distribution]) {
        let named = [
            ("p50", 0.5, &quantiles.p50),
            ("p90", 0.9, &quantiles.p90),
            ("p95", 0.95, &quantiles.p95),
            ("p99", 0.99, &quantiles.p99),
            ("p999", 0.999, &quantiles.p999),
        ];
        let expected = if kind == "init_ms" { 1 } else { named.len() };
        let lowest = named[..expected].iter().find(|(_, _, estimate)| {
            estimate.is_some_and(|estimate| estimate.method == Method::PointOnly)
        });
        if let (Some((name, probability, _)), true) = (lowest, each.len() > 1) {
            self.doubts.too_few.push(Warning::TooFewSamples {
                metric: format!("{kind}.{name}"),
                needed: round_to_u64(replications::needed_for_quantile(*probability).ceil()),
                found: each.iter().map(Distribution::count).min().unwrap_or(0),
            });
        }
    }

    fn instances(&mut self) -> Instances {
        let periods = self.periods;
        let mut average = |integral_ns: fn(&Period) -> u128| {
            let average = |period| time_average(integral_ns(period), period);
            self.mean("instances", periods.iter().map(average))
        };
        Instances {
            mean_alive: average(|period| period.alive_ns),
            mean_busy: average(|period| period.busy_ns),
            mean_idle: average(|period| period.alive_ns.saturating_sub(period.busy_ns)),
            peak: periods.iter().map(|p| p.instances_peak).max().unwrap_or(0),
        }
    }

    fn billed(&mut self, gb_seconds: &[[f64; 3]]) -> Billed {
        let mut memory =
            |column: usize| self.mean("billed", gb_seconds.iter().map(|row| row[column]));
        Billed {
            gb_seconds: memory(0),
            provisioned_gb_seconds: memory(1),
            idle_gb_seconds: memory(2),
        }
    }

    fn cost(&mut self, bills: &[Bill]) -> Cost {
        let mut money = |amount: fn(&Bill) -> f64| self.mean("cost_usd", bills.iter().map(amount));
        Cost {
            requests: money(|bill| bill.requests),
            compute: money(|bill| bill.compute),
            provisioned: money(|bill| bill.provisioned),
            egress: money(|bill| bill.egress),
            other: money(|bill| bill.other),
            total: money(|bill| bill.total),
        }
    }
}

pub(crate) fn time_average(integral_ns: u128, period: &Period) -> f64 {
    wide_to_f64(integral_ns) / to_f64(period.span_ns.max(1))
}

/// A histogram's cell reaches beyond the values in it; no quantile exceeds the longest value seen.
fn at_most(estimate: Estimate, max: f64) -> Estimate {
    Estimate {
        point: estimate.point.min(max),
        low: estimate.low.map(|low| low.min(max)),
        ..estimate
    }
}
