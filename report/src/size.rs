//! Sizing: how many provisioned instances, for which money, how sure, and what else would do.
//!
//! ```text
//! candidates (P = 0, 1, 2, …), all over the same requests
//!      │  more replications of those that are still open
//!      ▼                      ▲
//!  Candidate ─► decide ─► unclear
//!                  │
//!                  ├─► certain ────────► FunctionSize ─► SizeReport ─┬─► to_json  frostline/size/1
//!                  └─► cannot be met ──►                             └─► to_text  80 columns
//! ```
//!
//! The report makes decisions from what the engine handed back; who simulates more is the caller.

mod candidate;
mod decide;
mod settings;
mod text;

use frostline_models::metric::{Assertion, Operator};
use frostline_models::scenario::Scenario;
use frostline_stats::estimate::Estimate;
use frostline_stats::paired;
use frostline_stats::warning::Warning;
use serde::Serialize;

pub use self::candidate::Candidate;
pub use self::decide::{Decision, Rules, decide, next_total};
pub use self::settings::Settings;
use crate::summary::Manifest;
use crate::verdict::Verdict;

/// The name and version of the JSON layout.
pub const SCHEMA: &str = "frostline/size/1";

/// Rows of the frontier on each side of the recommendation that the text shows.
const SHOWN: usize = 4;

/// What is made as small as possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// The bill.
    LeastCost,
    /// The share of cold invocations: what is asked where every promise is about money.
    LeastCold,
}

impl Goal {
    /// What promises ask for: the least money that keeps them; where they are about money alone, the
    /// most that it buys.
    pub fn of(promises: &[Assertion]) -> Self {
        let is_budget = |promise: &Assertion| {
            let is_upper = matches!(promise.operator, Operator::Less | Operator::LessOrEqual);
            promise.metric.starts_with("cost_usd") && is_upper
        };
        if !promises.is_empty() && promises.iter().all(is_budget) {
            Self::LeastCold
        } else {
            Self::LeastCost
        }
    }
}

/// How a question about sizing was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The recommendation keeps every promise, and nothing that does is better.
    Certain,
    /// There is not enough evidence to say so.
    Unclear,
    /// No number of provisioned instances keeps every promise.
    CannotBeMet,
}

/// What `frostline size` has to say.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SizeReport {
    /// Name and version of this layout: [`SCHEMA`].
    pub schema: &'static str,
    /// What it takes to make the same numbers again.
    pub manifest: Manifest,
    /// The probability with which a function's answer is right, at the least.
    pub confidence: f64,
    /// Differences up to this share are called the same.
    pub same_within: f64,
    /// The worst answer of the functions.
    pub answer: Answer,
    /// What is recommended, where there is one function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommendation: Option<Row>,
    /// What the numbers around it do, where there is one function.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frontier: Vec<Row>,
    /// One entry a function, those that save most first.
    pub functions: Vec<FunctionSize>,
    /// What all functions together cost, as recommended and otherwise.
    pub together: Together,
    /// What was found out beside, and what is assumed.
    pub notes: Vec<String>,
    /// Doubts about the numbers.
    pub warnings: Vec<Warning>,
}

/// Money of all functions together, in US dollars a month.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Together {
    /// As recommended.
    pub recommended_usd_month: f64,
    /// As the scenario has it.
    pub now_usd_month: f64,
    /// With instances provisioned for the peak, as is commonly advised.
    pub peak_rule_usd_month: f64,
}

/// One function's answer.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct FunctionSize {
    /// The function.
    pub name: String,
    /// How the question was answered.
    pub answer: Answer,
    /// What was made as small as possible.
    pub goal: Goal,
    /// The promises, as written.
    pub promises: Vec<String>,
    /// What is recommended; if no number keeps the promises, the one that comes nearest.
    pub recommendation: Row,
    /// Why, in plain sentences.
    pub reason: String,
    /// As the scenario has it.
    pub now: Row,
    /// 1.1 times the most that run at once, which is AWS's advice.
    pub peak_rule: Row,
    /// What the recommendation saves a month; negative where it costs more.
    pub saved_usd_month: Saved,
    /// Numbers that may be better, where the answer is unclear.
    pub rivals: Vec<u32>,
    /// How many more replications the answer takes, by estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more_replications: Option<u64>,
    /// Replications of the recommendation.
    pub replications: u64,
    /// The numbers that were tried, ascending.
    pub frontier: Vec<Row>,
    /// What the recommendation does when the world is otherwise.
    pub sensitivity: Vec<Sensitivity>,
    /// The recommendation as commands and configuration.
    pub settings: Settings,
    /// Doubts about the recommendation's numbers.
    #[serde(skip)]
    warnings: Vec<Warning>,
}

/// Money saved, as paired differences: US dollars a month.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Saved {
    /// Against the scenario as it is.
    pub against_now: Option<Estimate>,
    /// Against 1.1 times the most that run at once.
    pub against_peak_rule: Option<Estimate>,
}

/// What a number of provisioned instances does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// Provisioned instances.
    pub provisioned: u32,
    /// Whether it keeps the promises, at the level of a single interval.
    pub verdict: Verdict,
    /// Share of the invocations that are cold.
    pub cold_ratio: Option<Estimate>,
    /// Share of the requests that are throttled.
    pub throttle_ratio: Option<Estimate>,
    /// Share of the requests that find all provisioned instances busy.
    pub spill_ratio: Option<Estimate>,
    /// Share of their time in which provisioned instances serve.
    pub utilisation: Option<Estimate>,
    /// 99 % of the invocations take at most this, in milliseconds.
    pub latency_ms_p99: Option<Estimate>,
    /// US dollars for 730 hours.
    pub cost_usd_month: Option<Estimate>,
    /// Replications behind it.
    pub replications: u64,
    /// What each promise is about, in the order of the promises.
    pub observed: Vec<Option<Estimate>>,
}

/// What the recommendation does when the world is otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Sensitivity {
    /// What is otherwise.
    pub change: Change,
    /// What the recommendation does then.
    pub row: Row,
}

/// What is otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Twice the traffic.
    TrafficDoubled,
    /// Inits take 1.5 times as long.
    InitHalfAsLongAgain,
}

impl Change {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::TrafficDoubled, Self::InitHalfAsLongAgain];

    /// The only function of a scenario under this change.
    #[must_use]
    pub fn of(self, scenario: &Scenario) -> Scenario {
        let mut scenario = scenario.clone();
        let function = &mut scenario.functions[0];
        match self {
            Self::TrafficDoubled => function.arrivals = function.arrivals.doubled(),
            Self::InitHalfAsLongAgain => function.init = function.init.scaled(1.5),
        }
        scenario
    }
}

/// A function that was sized: everything that its answer is made from.
#[derive(Debug)]
pub struct Sized<'a> {
    /// The function alone, as the scenario has it.
    pub scenario: &'a Scenario,
    /// The promises about it.
    pub promises: &'a [Assertion],
    /// What is made as small as possible.
    pub goal: Goal,
    /// The candidates, ascending.
    pub candidates: &'a [Candidate],
    /// The decision between them.
    pub decision: &'a Decision,
    /// The place of the number that the scenario has now.
    pub now: usize,
    /// The place of 1.1 times the most that run at once.
    pub peak_rule: usize,
    /// The recommendation under each change.
    pub changed: Vec<(Change, Candidate)>,
}

impl FunctionSize {
    /// The answer for one function.
    pub fn new(sized: &Sized<'_>) -> Self {
        let candidates = sized.candidates;
        let best = sized.decision.best();
        let row = |place: usize| Row::of(&candidates[place], sized.promises);
        let month = frostline_models::price::MONTH_S
            / sized
                .scenario
                .run
                .duration
                .as_secs_f64()
                .max(f64::MIN_POSITIVE);
        let saved = |other: usize| {
            let (now, then) = (&candidates[other].costs, &candidates[best].costs);
            let compared = now.len().min(then.len());
            let found = paired::compare(&now[..compared], &then[..compared], 0.0).ok()?;
            let difference = found.difference.scaled(month);
            difference.point.is_finite().then_some(difference)
        };
        let (answer, rivals, needed) = match sized.decision {
            Decision::Certain { .. } => (Answer::Certain, &[][..], None),
            Decision::CannotBeMet { .. } => (Answer::CannotBeMet, &[][..], None),
            Decision::Unclear { rivals, needed, .. } => (Answer::Unclear, &rivals[..], *needed),
        };
        let recommendation = row(best);
        let replications = recommendation.replications;
        let function = &sized.scenario.functions[0];
        let mut frontier: Vec<Row> = (0..candidates.len()).map(row).collect();
        frontier.sort_by_key(|row| row.provisioned);
        Self {
            name: function.name.clone(),
            answer,
            goal: sized.goal,
            promises: sized.promises.iter().map(|one| one.text.clone()).collect(),
            reason: text::reason(sized),
            now: row(sized.now),
            peak_rule: row(sized.peak_rule),
            saved_usd_month: Saved {
                against_now: saved(sized.now),
                against_peak_rule: saved(sized.peak_rule),
            },
            rivals: rivals
                .iter()
                .map(|place| candidates[*place].provisioned)
                .collect(),
            more_replications: needed.map(|needed| needed.saturating_sub(replications).max(1)),
            replications,
            frontier,
            sensitivity: sized
                .changed
                .iter()
                .map(|(change, candidate)| Sensitivity {
                    change: *change,
                    row: Row::of(candidate, sized.promises),
                })
                .collect(),
            settings: Settings::fixed(&function.name, recommendation.provisioned),
            recommendation,
            warnings: candidates[best].warnings.clone(),
        }
    }

    fn saved(&self) -> f64 {
        let now = self.saved_usd_month.against_now;
        let rule = self.saved_usd_month.against_peak_rule;
        let saved = if self.now.provisioned > 0 { now } else { rule };
        saved.map_or(0.0, |saved| saved.point)
    }
}

impl Row {
    fn of(candidate: &Candidate, promises: &[Assertion]) -> Self {
        let estimates = &candidate.summary.estimates;
        Self {
            provisioned: candidate.provisioned,
            verdict: candidate.judged(frostline_stats::estimate::LEVEL).0,
            cold_ratio: estimates.cold_ratio,
            throttle_ratio: estimates.throttle_ratio,
            spill_ratio: candidate.spill_ratio,
            utilisation: candidate.utilisation,
            latency_ms_p99: estimates.latency_ms.p99,
            cost_usd_month: candidate.cost(),
            replications: candidate.replications,
            observed: promises
                .iter()
                .map(|promise| estimates.get(&promise.metric))
                .collect(),
        }
    }

    fn usd_month(&self) -> f64 {
        self.cost_usd_month.map_or(0.0, |cost| cost.point)
    }
}

impl SizeReport {
    /// The report on these functions. The order becomes that of the money saved: against now where
    /// something is provisioned now, else against the common advice.
    pub fn new(
        mut functions: Vec<FunctionSize>,
        rules: (f64, f64),
        manifest: Manifest,
        notes: Vec<String>,
    ) -> Self {
        functions.sort_by(|left, right| right.saved().total_cmp(&left.saved()));
        let answers = functions.iter().map(|function| function.answer);
        let sum = |row: fn(&FunctionSize) -> &Row| {
            functions
                .iter()
                .map(|function| row(function).usd_month())
                .sum()
        };
        let together = Together {
            recommended_usd_month: sum(|function| &function.recommendation),
            now_usd_month: sum(|function| &function.now),
            peak_rule_usd_month: sum(|function| &function.peak_rule),
        };
        let warnings = warnings(&functions);
        let only = match functions.as_slice() {
            [only] => Some(only),
            _ => None,
        };
        Self {
            schema: SCHEMA,
            manifest,
            confidence: rules.0,
            same_within: rules.1,
            answer: answers.max().unwrap_or(Answer::Certain),
            recommendation: only.map(|only| only.recommendation.clone()),
            frontier: only.map_or_else(Vec::new, |only| only.frontier.clone()),
            together,
            notes,
            warnings,
            functions,
        }
    }

    /// The JSON that scripts rely on, indented, with a newline at its end.
    ///
    /// # Panics
    /// Never: every key is a string and every number that is not finite becomes `null`.
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        json.expect("a report serialises, because all its keys are strings") + "\n"
    }
}

/// Each doubt once. Of many functions the doubts about single ones are left out: their answers say
/// whether the evidence suffices.
fn warnings(functions: &[FunctionSize]) -> Vec<Warning> {
    let is_single = functions.len() == 1;
    let mut all: Vec<Warning> = Vec::new();
    for warning in functions.iter().flat_map(|function| &function.warnings) {
        let is_general = matches!(
            warning,
            Warning::TraceAssumption { .. } | Warning::UnverifiedConstant { .. }
        );
        // A share that was not seen is judged by its upper bound.
        let is_told = is_general || is_single && *warning != Warning::NoColdStarts;
        if is_told && !all.contains(warning) {
            all.push(warning.clone());
        }
    }
    all
}
