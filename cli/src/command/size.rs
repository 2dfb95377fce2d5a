//! `frostline size`: how many provisioned instances keep the promises for the least money.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use frostline_models::metric::estimated;
use frostline_models::price::PriceBook;
use frostline_models::scenario::{Function, Scenario};
use frostline_models::units::parse_share;
use frostline_report::size::{Answer, FunctionSize, Goal, Rules, SizeReport};
use frostline_report::summary::{Manifest, Summary};
use frostline_report::verdict::Verdict;
use frostline_sim::{Cancelled, Kernels, Observer, Options};
use rayon::prelude::*;

use self::search::Search;
use super::scenario::{self, Changes};
use super::{Common, Format, WIDTH};
use crate::exit::{FINE, Failure, SLO_FAILED, UNCLEAR};
use crate::output;
use crate::progress::{Interrupt, Progress};
use crate::resources::Unpacking;

mod search;

/// Replications at the start, where the scenario has fewer.
const FIRST_REPLICATIONS: u32 = 10;

const EXAMPLES: &str = "\
Exit codes beside the usual ones:
  3    no number of provisioned instances keeps the promises
  4    unclear: it takes more replications to tell

Examples:
  frostline size shop.toml --slo 'checkout: p99 <= 300 ms' --slo 'cold_ratio <= 0.1 %'
  frostline size --trace azure-functions-2019=azure/ --slo 'cold_ratio <= 1 %'";

/// Find the provisioned concurrency that keeps the promises for the least money: of each function the
/// number of instances, why, how sure, and what other numbers would do.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Size {
    /// The scenario file; with --trace it may be left out.
    #[arg(value_name = "SCENARIO", required_unless_present = "trace")]
    scenario: Option<PathBuf>,
    /// Take the arrivals from a recording, as in `frostline simulate`: `request-log=PATH`.
    #[arg(long, value_name = "KIND=PATH")]
    trace: Option<String>,
    /// Replace a value of the scenario, as in the file: `--set 'function.checkout.memory=1 GiB'`.
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// A promise to keep, beside those of the scenario: `checkout: p99 <= 300 ms`, `cold_ratio <= 0.1 %`,
    /// `throttle_ratio <= 0.01 %`, `cost <= 120 USD`. Without a function it holds for each. With none
    /// at all the cheapest number is found; where all are about money, the least cold that it buys.
    #[arg(long, value_name = "ASSERT")]
    slo: Vec<String>,
    /// The probability with which a function's answer shall be right.
    #[arg(long, value_name = "SHARE", default_value = "95 %")]
    confidence: String,
    /// Money that differs by no more than this is called the same.
    #[arg(long, value_name = "SHARE", default_value = "1 %")]
    same_within: String,
    /// Replications to begin with; default: the scenario's, at least 10.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    replications: Option<u32>,
    /// Replications to end with, if the answer is still unclear.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(2..))]
    max_replications: u32,
    #[command(flatten)]
    unpacking: Unpacking,
}

impl Size {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        let interrupt = Interrupt::listen()?;
        let confidence = share("--confidence", &self.confidence, 0.5, 0.999_999)?;
        let same_within = share("--same-within", &self.same_within, 0.0, 0.5)?;
        let scenario = self.settle()?;
        let manifest = scenario::manifest(&scenario, common)?;
        let progress = Progress::named("sizing", common.quiet, interrupt);
        let sized = self.sized(&scenario, common, &progress, (confidence, same_within));
        progress.finish();
        let (functions, notes) = sized?;
        let report = SizeReport::new(functions, (confidence, same_within), manifest, notes);
        if let Some(folder) = &common.out {
            output::write(&folder.join("size.json"), &report.to_json())?;
        }
        output::print(&match common.format {
            Format::Text => report.to_text(WIDTH),
            Format::Json => report.to_json(),
        })?;
        Ok(match report.answer {
            Answer::Certain => FINE,
            Answer::CannotBeMet => SLO_FAILED,
            Answer::Unclear => UNCLEAR,
        })
    }

    /// The scenario, with what sizing needs of it.
    fn settle(&self) -> Result<Scenario, Failure> {
        let changes = Changes {
            trace: self.trace.clone(),
            set: self.set.clone(),
            replications: self.replications,
            precision: None,
            max_replications: None,
            unpacking: self.unpacking.clone(),
        };
        let mut scenario = scenario::settle(self.scenario.as_deref(), &changes, &self.slo)?;
        if self.replications.is_none() {
            let given = scenario.run.replications;
            scenario.run.replications = given.max(FIRST_REPLICATIONS);
        }
        scenario.run.precision = None;
        let scaled = |function: &&Function| function.provisioned.scaling.is_some();
        if let Some(function) = scenario.functions.iter().find(scaled) {
            let name = &function.name;
            return Err(Failure::usage(
                format!(
                    "`{name}` has a number of provisioned instances that changes, and a fixed one is \
                     what is looked for"
                ),
                format!("--set 'function.{name}.provisioned=0'"),
            ));
        }
        for promise in &scenario.slos {
            if let Err(error) = estimated(&promise.metric) {
                let what = format!("`{}`: {}", promise.text, error.title);
                return Err(Failure::usage(what, "--slo 'p99 <= 300 ms'"));
            }
        }
        let region = &scenario.platform.price.region;
        PriceBook::builtin()
            .lambda(region)
            .map_err(|error| Failure::usage(error.to_string(), "price.region = \"us-east-1\""))?;
        Ok(scenario)
    }

    /// Every function sized, and what there is to say beside.
    fn sized(
        &self,
        scenario: &Scenario,
        common: &Common,
        progress: &Progress,
        (confidence, same_within): (f64, f64),
    ) -> Result<(Vec<FunctionSize>, Vec<String>), Failure> {
        let pool = scenario::pool(common)?;
        let one_of_many = Quiet(progress);
        let is_alone = scenario.functions.len() == 1;
        let options = Options {
            seed: common.seed,
            kernels: Kernels::Fastest,
            observer: if is_alone { progress } else { &one_of_many },
        };
        let done = AtomicU64::new(0);
        let all = frostline_models::math::word(scenario.functions.len());
        let size = |place: &usize| {
            let alone = scenario.of_function(*place);
            let rules = Rules {
                goal: Goal::of(&alone.slos),
                confidence,
                same_within,
            };
            let found = Search::new(&alone, options, rules, self.max_replications).run()?;
            if !is_alone {
                progress.show(done.fetch_add(1, Ordering::Relaxed) + 1, all);
            }
            Ok(found)
        };
        let found = pool.install(|| {
            let functions = largest_first(scenario)
                .par_iter()
                .with_max_len(1)
                .map(|place| Ok((*place, size(place)?)))
                .collect::<Result<Vec<_>, Cancelled>>()?;
            let mut functions = functions;
            functions.sort_by_key(|(place, _)| *place);
            let functions: Vec<FunctionSize> = functions.into_iter().map(|(_, one)| one).collect();
            let notes = together(scenario, &functions, options)?;
            Ok((functions, notes))
        });
        found.map_err(|Cancelled| {
            let done = done.load(Ordering::Relaxed);
            Failure::Interrupted(format!("no result, {done} of {all} functions were sized"))
        })
    }
}

/// Places by falling traffic, so that no thread is left with a large function at the end.
fn largest_first(scenario: &Scenario) -> Vec<usize> {
    let rate = |place: &usize| {
        let arrivals = &scenario.functions[*place].arrivals;
        arrivals.mean_per_second(scenario.run.duration)
    };
    let mut places: Vec<usize> = (0..scenario.functions.len()).collect();
    places.sort_by(|left, right| rate(right).total_cmp(&rate(left)));
    places
}

/// Functions are sized one by one. Where they share limits of an account, they are run together as
/// recommended, to see whether the promises hold there too.
fn together(
    scenario: &Scenario,
    functions: &[FunctionSize],
    options: Options<'_>,
) -> Result<Vec<String>, Cancelled> {
    let mut notes = Vec::new();
    if functions.len() < 2 {
        return Ok(notes);
    }
    let platform = &scenario.platform;
    if platform.account_concurrency.is_some() || platform.request_rate.is_some() {
        let mut whole = scenario.clone();
        for (function, sized) in whole.functions.iter_mut().zip(functions) {
            function.provisioned.instances = sized.recommendation.provisioned;
        }
        let outcome = frostline_sim::simulate(&whole, options)?;
        let manifest = Manifest {
            version: String::new(),
            scenario: String::new(),
            seed: options.seed,
        };
        let summary = Summary::new(&whole, &outcome, manifest);
        let broken = summary
            .slo
            .iter()
            .filter(|slo| slo.verdict == Verdict::Fail);
        let broken: Vec<String> = broken
            .map(|slo| {
                let function = slo.function.as_deref().unwrap_or("a function");
                format!("{function} breaks \"{}\"", slo.assert)
            })
            .collect();
        let throttles = summary.totals.counts.throttles;
        notes.push(format!(
            "run together under the account's limits, {}; {throttles} of {} requests were throttled.",
            if broken.is_empty() {
                "no promise is broken".to_owned()
            } else {
                broken.join(", ")
            },
            summary.totals.counts.requests,
        ));
    }
    notes.push("each function is billed as if it were alone in its account.".to_owned());
    Ok(notes)
}

/// Watches one of many functions: it can be interrupted, but its progress is not that of the whole.
struct Quiet<'a>(&'a Progress);

impl Observer for Quiet<'_> {
    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

fn share(option: &str, text: &str, low: f64, high: f64) -> Result<f64, Failure> {
    let share = parse_share(text).ok();
    share
        .filter(|share| (low..=high).contains(share))
        .ok_or_else(|| {
            let what = format!(
                "{option}: found `{text}`, expected a share from {} to {} %",
                100.0 * low,
                100.0 * high
            );
            Failure::usage(
                what,
                format!("{option} '{}'", if low > 0.0 { "95 %" } else { "1 %" }),
            )
        })
}
