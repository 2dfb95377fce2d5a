//! The sizing for people: plain text, made for 80 columns.

use frostline_models::math::word;
use frostline_models::metric::Assertion;
use frostline_stats::estimate::{Estimate, Method};

use super::{
    Answer, Candidate, Change, Decision, FunctionSize, Goal, Row, SHOWN, SizeReport, Sized,
};
use crate::text::number::{count, number, with_interval};
use crate::text::table::{lay_out, wrapped};
use crate::verdict::Verdict;

/// Where sentences begin, after their labels.
const INDENT: usize = 14;

/// Functions of many that the text shows.
const FUNCTIONS: usize = 40;

impl SizeReport {
    /// The report for people, in lines of at most `width` characters.
    pub fn to_text(&self, width: usize) -> String {
        let mut text = match self.functions.as_slice() {
            [only] => self.one(only, width),
            _ => self.many(width),
        };
        if !self.notes.is_empty() || !self.warnings.is_empty() {
            text.push('\n');
        }
        for note in &self.notes {
            text.push_str(&wrapped(&format!("note: {note}"), 6, width));
        }
        for warning in &self.warnings {
            text.push_str(&wrapped(&format!("warning: {warning}"), 9, width));
        }
        text
    }

    fn one(&self, only: &FunctionSize, width: usize) -> String {
        let mut text = labelled(&only.name, &self.headline(only), width);
        text.push_str(&labelled("Why", &only.reason, width));
        text.push_str(&labelled("Cost", &cost(only), width));
        for sensitivity in &only.sensitivity {
            let label = match sensitivity.change {
                Change::TrafficDoubled => "Traffic × 2",
                Change::InitHalfAsLongAgain => "Init × 1.5",
            };
            let told = changed(&only.recommendation, &sensitivity.row, &only.promises);
            text.push_str(&labelled(label, &told, width));
        }
        text.push('\n');
        text.push_str(&lay_out(&frontier(only), width));
        text.push('\n');
        text.push_str("With the AWS CLI:\n");
        text.push_str(&indented(&only.settings.aws_cli));
        text.push_str("With Terraform:\n");
        text.push_str(&indented(&only.settings.terraform));
        text
    }

    fn headline(&self, only: &FunctionSize) -> String {
        let number = instances(only.recommendation.provisioned);
        let confidence = crate::text::number::number(100.0 * self.confidence);
        let replications = count(only.replications);
        match only.answer {
            Answer::Certain => format!(
                "provision {number} ({confidence} % confidence, {replications} replications)"
            ),
            Answer::CannotBeMet => format!(
                "no number of provisioned instances keeps the promises; nearest is {number} \
                 ({confidence} % confidence)"
            ),
            Answer::Unclear => {
                let more = match only.more_replications {
                    Some(more) => format!("needs about {} more replications", count(more)),
                    None => "how many replications it takes cannot be told".to_owned(),
                };
                format!(
                    "unclear after {replications} replications, {more}; best so far is {number}"
                )
            }
        }
    }

    fn many(&self, width: usize) -> String {
        let answered = |answer| {
            let functions = self.functions.iter();
            word(
                functions
                    .filter(|function| function.answer == answer)
                    .count(),
            )
        };
        let confidence = number(100.0 * self.confidence);
        let mut text = wrapped(
            &format!(
                "{} functions sized, each with {confidence} % confidence: {} certain, {} unclear, {} \
                 whose promises no number of provisioned instances keeps.",
                count(word(self.functions.len())),
                count(answered(Answer::Certain)),
                count(answered(Answer::Unclear)),
                count(answered(Answer::CannotBeMet)),
            ),
            0,
            width,
        );
        let together = &self.together;
        text.push_str(&wrapped(
            &format!(
                "Together {} USD a month as recommended, {} as the scenario has it, {} with 1.1 times \
                 each one's peak provisioned.",
                number(together.recommended_usd_month),
                number(together.now_usd_month),
                number(together.peak_rule_usd_month),
            ),
            0,
            width,
        ));
        text.push('\n');
        text.push_str(&lay_out(&self.table(), width));
        if self.functions.len() > FUNCTIONS {
            let more = count(word(self.functions.len() - FUNCTIONS));
            text.extend([format!(
                "… and {more} more: --format json has all of them.\n"
            )]);
        }
        text
    }

    fn table(&self) -> Vec<Vec<String>> {
        let heading = [
            "function",
            "instances",
            "p99 ms",
            "cold %",
            "USD/month",
            "saves",
            "answer",
        ];
        let mut rows = vec![heading.map(str::to_owned).to_vec()];
        for function in self.functions.iter().take(FUNCTIONS) {
            let row = &function.recommendation;
            let answer = match function.answer {
                Answer::Certain => "certain",
                Answer::Unclear => "unclear",
                Answer::CannotBeMet => "not met",
            };
            rows.push(vec![
                function.name.clone(),
                count(u64::from(row.provisioned)),
                point(row.latency_ms_p99, 1.0),
                point(row.cold_ratio, 100.0),
                point(row.cost_usd_month, 1.0),
                number(function.saved()),
                answer.to_owned(),
            ]);
        }
        rows
    }
}

fn labelled(label: &str, sentence: &str, width: usize) -> String {
    // The label is kept apart from the sentence, because wrapping splits at blanks.
    let blank = "\u{1}".repeat(INDENT - 1);
    let wrapped = wrapped(&format!("{blank} {sentence}"), INDENT, width);
    let rest = wrapped.trim_start_matches('\u{1}');
    let short = crate::text::table::shortened(label, INDENT - 1);
    format!("{short:<width$}{rest}", width = INDENT - 1)
}

fn indented(block: &str) -> String {
    let mut text = String::new();
    for line in block.lines() {
        text.extend(["  ", line, "\n"]);
    }
    text
}

fn instances(number: u32) -> String {
    match number {
        0 => "no instances".to_owned(),
        1 => "1 instance".to_owned(),
        many => format!("{} instances", count(u64::from(many))),
    }
}

fn point(estimate: Option<Estimate>, factor: f64) -> String {
    match estimate {
        Some(estimate) if estimate.method == Method::UpperBound => {
            with_interval(&estimate.scaled(factor))
        }
        Some(estimate) => number(estimate.point * factor),
        None => "-".to_owned(),
    }
}

fn interval(estimate: Option<Estimate>, factor: f64) -> String {
    estimate.map_or_else(|| "-".to_owned(), |e| with_interval(&e.scaled(factor)))
}

fn cost(only: &FunctionSize) -> String {
    let row = &only.recommendation;
    let mut sentence = format!("{} USD a month", interval(row.cost_usd_month, 1.0));
    let mut compare = |saved: Option<Estimate>, than: String| {
        let Some(saved) = saved else { return };
        let word = if saved.point >= 0.0 { "less" } else { "more" };
        let amount = number(saved.point.abs());
        sentence.extend([format!("; {amount} {word} than {than}")]);
    };
    if only.now.provisioned != row.provisioned {
        let now = format!("now ({})", instances(only.now.provisioned));
        compare(only.saved_usd_month.against_now, now);
    }
    if only.peak_rule.provisioned != row.provisioned {
        let rule = format!(
            "1.1 times the peak ({})",
            instances(only.peak_rule.provisioned)
        );
        compare(only.saved_usd_month.against_peak_rule, rule);
    }
    sentence
}

fn changed(as_is: &Row, row: &Row, promises: &[String]) -> String {
    let verdict = match row.verdict {
        _ if promises.is_empty() => "",
        Verdict::Pass => "promises kept; ",
        Verdict::Unclear => "unclear whether promises are kept; ",
        Verdict::Fail => "promises broken; ",
    };
    let extra = row.usd_month() - as_is.usd_month();
    format!(
        "{verdict}p99 {} ms, {} % cold, {} USD a month ({}{})",
        point(row.latency_ms_p99, 1.0),
        point(row.cold_ratio, 100.0),
        point(row.cost_usd_month, 1.0),
        if extra >= 0.0 { "+" } else { "-" },
        number(extra.abs()),
    )
}

/// The frontier around the recommendation, with what the scenario has now and the common advice.
fn frontier(only: &FunctionSize) -> Vec<Vec<String>> {
    let heading = [
        "instances",
        "p99 ms",
        "cold %",
        "spilled %",
        "busy %",
        "USD/month",
        "promises",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    let best = only.recommendation.provisioned;
    let place = only.frontier.iter().position(|row| row.provisioned == best);
    let place = place.unwrap_or(0);
    for (at, row) in only.frontier.iter().enumerate() {
        let is_now = row.provisioned == only.now.provisioned;
        let is_rule = row.provisioned == only.peak_rule.provisioned;
        if at.abs_diff(place) > SHOWN && !is_now && !is_rule && row.provisioned > 0 {
            continue;
        }
        let mut label = count(u64::from(row.provisioned));
        if row.provisioned == best {
            label.push_str(" <-");
        } else if is_now {
            label.push_str(" now");
        } else if is_rule {
            label.push_str(" peak");
        }
        let verdict = match row.verdict {
            _ if only.promises.is_empty() => "-",
            Verdict::Pass => "kept",
            Verdict::Unclear => "unclear",
            Verdict::Fail => "broken",
        };
        rows.push(vec![
            label,
            interval(row.latency_ms_p99, 1.0),
            interval(row.cold_ratio, 100.0),
            point(row.spill_ratio, 100.0),
            point(row.utilisation, 100.0),
            interval(row.cost_usd_month, 1.0),
            verdict.to_owned(),
        ]);
    }
    rows
}

/// Why the recommendation is what it is.
pub(super) fn reason(sized: &Sized<'_>) -> String {
    let best = &sized.candidates[sized.decision.best()];
    if !best.has_requests() {
        return "it gets no requests.".to_owned();
    }
    match sized.decision {
        Decision::Certain { .. } => certain(sized, best),
        Decision::CannotBeMet { .. } => format!(
            "with {} {}.",
            instances(best.provisioned),
            promises_of(best, sized.promises, Verdict::Fail).join(", and ")
        ),
        Decision::Unclear { keeps, rivals, .. } => {
            let rivals: Vec<String> = rivals
                .iter()
                .take(4)
                .map(|place| count(u64::from(sized.candidates[*place].provisioned)))
                .collect();
            let open = promises_of(best, sized.promises, Verdict::Unclear);
            let others = if rivals.is_empty() {
                String::new()
            } else {
                format!("; it may be {} instead", rivals.join(" or "))
            };
            match (*keeps, open.first()) {
                (false, Some(open)) => format!(
                    "with {} {open}, which is too close to tell{others}.",
                    instances(best.provisioned)
                ),
                _ => format!(
                    "{} certainly {}{others}.",
                    instances(best.provisioned),
                    if best.provisioned == 1 { "does" } else { "do" },
                ),
            }
        }
    }
}

fn certain(sized: &Sized<'_>, best: &Candidate) -> String {
    let numbered = instances(best.provisioned);
    match sized.goal {
        Goal::LeastCold => format!("{numbered} are the least cold that the money buys."),
        Goal::LeastCost if sized.promises.is_empty() => format!(
            "nothing is promised, and {numbered} cost the least: a provisioned instance pays for \
             itself when it is busy 60 % of the time."
        ),
        Goal::LeastCost => {
            let kept: Vec<String> = sized.promises.iter().map(|one| one.text.clone()).collect();
            let mut sentence = format!("{numbered} keep \"{}\"", kept.join("\" and \""));
            match cheaper_and_broken(sized, best) {
                Some(other) => {
                    let broken = promises_of(other, sized.promises, Verdict::Fail);
                    let fewer = instances(other.provisioned);
                    let broken = broken.join(", and ");
                    sentence.extend([format!(" for the least money; with {fewer} {broken}.")]);
                }
                None => sentence.push_str(", and cost the least of all."),
            }
            sentence
        }
    }
}

/// The nearest number below that breaks a promise.
fn cheaper_and_broken<'a>(sized: &Sized<'a>, best: &Candidate) -> Option<&'a Candidate> {
    let cost = Candidate::mean_of(&best.costs);
    sized
        .candidates
        .iter()
        .filter(|one| one.provisioned < best.provisioned)
        .filter(|one| Candidate::mean_of(&one.costs) < cost)
        .max_by_key(|one| one.provisioned)
        .filter(|one| one.judged(frostline_stats::estimate::LEVEL).0 == Verdict::Fail)
}

/// What a candidate does to the promises of which it has this verdict.
fn promises_of(candidate: &Candidate, promises: &[Assertion], wanted: Verdict) -> Vec<String> {
    let estimates = &candidate.summary.estimates;
    let each = promises.iter().zip(candidate.verdicts());
    each.filter(|(_, verdict)| *verdict == wanted)
        .map(|(promise, _)| {
            let is_share = promise.metric.ends_with("_ratio");
            let factor = if is_share { 100.0 } else { 1.0 };
            let unit = if is_share {
                " %"
            } else if promise.metric.contains("_ms") {
                " ms"
            } else if promise.metric.starts_with("cost_usd") {
                " USD"
            } else {
                ""
            };
            let value = interval(estimates.get(&promise.metric), factor);
            format!("{} is {value}{unit}", promise.metric)
        })
        .collect()
}
