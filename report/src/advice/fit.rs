//! Whether the work suits functions that are paid by the request at all: each verdict with what it
//! rests on.

use frostline_models::math::to_f64;
use frostline_models::metric::Operator;
use frostline_models::price::PriceBook;
use frostline_models::price::always_on::{Fleet, Host};
use frostline_models::scenario::Architecture;
use frostline_models::units::{SimDuration, significant};
use serde::Serialize;

use crate::comparison::Candidate;
use crate::summary::Estimates;
use crate::text::number;
use crate::verdict::Verdict;

/// 15 minutes: the longest timeout of a function (AWS Lambda Developer Guide, Lambda quotas, read
/// 2026-10; certain).
const LONGEST: SimDuration = SimDuration::from_secs(900);

/// A promise below this leaves no room for a start: the fastest measured runtimes take 10 ms and more
/// to start, beside what the platform takes.
const PROMISE_MS: f64 = 10.0;

/// Always-on hosts that a service of this kind is usually put on.
const HOSTS: [&str; 4] = [
    "aws-ec2:t4g.small",
    "aws-ec2:t4g.medium",
    "aws-fargate:0.25,512 MiB",
    "aws-fargate:1,2 GiB",
];

/// What a function needs that no scenario says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// State that is kept in memory between requests.
    State,
    /// A GPU or other special hardware.
    Gpu,
}

/// Whether the work suits the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// It does.
    Suits,
    /// The evidence lies on both sides.
    Unclear,
    /// Nobody said whether it is needed.
    NotStated,
    /// It does not.
    DoesNotSuit,
}

impl Fit {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Suits => "suits",
            Self::Unclear => "unclear",
            Self::NotStated => "not stated",
            Self::DoesNotSuit => "DOES NOT SUIT",
        }
    }
}

/// One aspect of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FitCheck {
    /// What is looked at: `time-limit`, `steady-load`, `state`, `hardware`, `tight-promise`.
    pub check: &'static str,
    /// The verdict.
    pub fit: Fit,
    /// What it rests on, a sentence.
    pub evidence: String,
}

/// Checks whether a simulated scenario suits the platform.
pub fn fit(now: &Candidate<'_>, needs: &[Need]) -> Vec<FitCheck> {
    vec![
        time_limit(now),
        steady_load(now),
        state(now, needs),
        hardware(needs),
        tight_promise(now),
    ]
}

fn time_limit(now: &Candidate<'_>) -> FitCheck {
    let functions = now.scenario.functions.iter();
    let longest = functions
        .map(|function| (function.duration.survival(LONGEST), function))
        .max_by(|one, two| one.0.total_cmp(&two.0));
    let (fit, evidence) = match longest {
        None => (Fit::Suits, "there is no function".to_owned()),
        Some((share, function)) if share > 0.0 => (
            if share >= 1e-6 {
                Fit::DoesNotSuit
            } else {
                Fit::Suits
            },
            format!(
                "{}: {} % of its invocations take longer than the 15 min that the platform allows",
                function.name,
                number(100.0 * share)
            ),
        ),
        Some(_) => {
            let functions = now.scenario.functions.iter();
            let slowest = functions
                .map(|function| (function.duration.exceeded_with(0.001), function))
                .max_by_key(|(duration, _)| *duration);
            let told = slowest.map_or_else(String::new, |(duration, function)| {
                format!(
                    "; 999 of 1,000 invocations of {} end within {duration}",
                    function.name
                )
            });
            (
                Fit::Suits,
                format!("no duration reaches the platform's 15 min{told}"),
            )
        }
    };
    FitCheck {
        check: "time-limit",
        fit,
        evidence,
    }
}

/// The cheapest fleet that carries the peak, two hosts at the least and a load balancer before them.
fn steady_load(now: &Candidate<'_>) -> FitCheck {
    let estimates = &now.summary.totals.estimates;
    let check = |fit, evidence| FitCheck {
        check: "steady-load",
        fit,
        evidence,
    };
    let (Some(cost), Some((host, hosts, usd))) = (&estimates.cost_usd_month, cheapest(now)) else {
        return check(
            Fit::NotStated,
            "the price book does not know the region".to_owned(),
        );
    };
    let ours = cost.total;
    let (low, high) = (
        ours.low.unwrap_or(ours.point),
        ours.high.unwrap_or(ours.point),
    );
    let evidence = format!(
        "functions cost {} USD a month; {hosts} {host} and a load balancer, which carry the busiest \
         moment (a peak of {} times the mean), cost {}",
        number(ours.point),
        number(peak_to_mean(estimates)),
        number(usd)
    );
    let fit = if usd < low {
        Fit::DoesNotSuit
    } else if usd > high {
        Fit::Suits
    } else {
        Fit::Unclear
    };
    check(fit, evidence)
}

/// Requests in flight at the busiest moment over the mean. An instance serves one request, and one
/// more starts only when all are busy, so the peak of instances is that of requests.
fn peak_to_mean(estimates: &Estimates) -> f64 {
    let instances = &estimates.instances;
    (to_f64(instances.peak) / instances.mean_busy.point.max(1e-9)).max(1.0)
}

fn cheapest(now: &Candidate<'_>) -> Option<(String, u32, f64)> {
    let scenario = now.scenario;
    let estimates = &now.summary.totals.estimates;
    let region = &scenario.platform.price.region;
    let network = &PriceBook::builtin().hosting(region).ok()?.network;
    let requests = super::requests_a_month(now);
    // Little's law: what is busy, over what arrives.
    let month_ms = frostline_models::price::MONTH_S * 1e3;
    let duration_ms = estimates.instances.mean_busy.point * month_ms / requests.max(1e-9);
    let memory = scenario.functions.iter().map(|f| f.memory).max()?;
    let mut found: Option<(String, u32, f64)> = None;
    for name in HOSTS {
        let Ok(host) = Host::parse(name, region, Architecture::Arm64) else {
            continue;
        };
        let fleet = Fleet {
            slots: host.slots(memory),
            host,
            minimum: 2,
            peak_to_mean: peak_to_mean(estimates),
            load_balancer: true,
            public_ipv4: false,
            disk_gb: 8.0,
        };
        let bill = fleet.month(network, requests, duration_ms);
        let usd = bill.total();
        if found.as_ref().is_none_or(|known| usd < known.2) {
            found = Some((name.to_owned(), bill.hosts, usd));
        }
    }
    found
}

fn state(now: &Candidate<'_>, needs: &[Need]) -> FitCheck {
    let instances = &now.summary.totals.estimates.instances;
    let spread = format!(
        "{} instances are alive in the mean and up to {} at once, each with a memory of its own that \
         ends with it",
        number(instances.mean_alive.point),
        number(to_f64(instances.peak))
    );
    let (fit, evidence) = if needs.contains(&Need::State) {
        (
            Fit::DoesNotSuit,
            format!("state in memory is needed, but {spread}: keep it in a database or cache"),
        )
    } else {
        (
            Fit::NotStated,
            format!("{spread}; --needs state, if requests rely on it"),
        )
    };
    FitCheck {
        check: "state",
        fit,
        evidence,
    }
}

fn hardware(needs: &[Need]) -> FitCheck {
    let (fit, evidence) = if needs.contains(&Need::Gpu) {
        (
            Fit::DoesNotSuit,
            "special hardware is needed, and the platform offers memory and CPU alone".to_owned(),
        )
    } else {
        (
            Fit::NotStated,
            "a scenario does not say whether a GPU is needed; --needs gpu, if so".to_owned(),
        )
    };
    FitCheck {
        check: "hardware",
        fit,
        evidence,
    }
}

/// The tightest promise on latency, beside what the simulation says about it.
fn tight_promise(now: &Candidate<'_>) -> FitCheck {
    let slos = now.summary.slo.iter().zip(&now.scenario.slos);
    let tight = slos
        .filter(|(_, promise)| {
            let is_upper = matches!(promise.operator, Operator::Less | Operator::LessOrEqual);
            is_upper && promise.metric.starts_with("latency_ms.") && promise.bound < PROMISE_MS
        })
        .min_by(|one, two| one.1.bound.total_cmp(&two.1.bound));
    let Some((verdict, promise)) = tight else {
        return FitCheck {
            check: "tight-promise",
            fit: Fit::Suits,
            evidence: "nothing under 10 ms is promised".to_owned(),
        };
    };
    let estimates = &now.summary.totals.estimates;
    let init = estimates.init_ms.p50.map_or_else(
        || "no cold start was seen".to_owned(),
        |init| {
            let cold = estimates.cold_ratio.map_or(0.0, |ratio| ratio.point);
            format!(
                "a cold start waits {} ms (median) and {} % of the invocations are cold",
                number(init.point),
                number(100.0 * cold)
            )
        },
    );
    let observed = verdict.observed.map_or_else(
        || "nothing was seen of it".to_owned(),
        |observed| format!("it is {} ms", significant(observed.point)),
    );
    FitCheck {
        check: "tight-promise",
        fit: match verdict.verdict {
            Verdict::Pass => Fit::Suits,
            Verdict::Unclear => Fit::Unclear,
            Verdict::Fail => Fit::DoesNotSuit,
        },
        evidence: format!("promised: {}; {observed}: {init}", promise.text),
    }
}
