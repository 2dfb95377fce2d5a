//! The comparison for people: the verdict first, then a table a metric.

use frostline_models::math::{round_to_u64, word};
use frostline_models::units::{SimDuration, significant};
use frostline_stats::estimate::Estimate;

use super::{Against, Comparison, Difference, Verdict};
use crate::section::Sections;
use crate::series::METRICS;
use crate::text::number::uncertainty;
use crate::text::{count, lay_out, number, wrapped};
use crate::verdict::Verdict as Kept;

/// Functions that a table shows of each metric at the most.
const SHOWN: usize = 12;

/// Names that are listed at the most.
const NAMED: usize = 8;

impl Verdict {
    /// The verdict in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Same => "same",
            Self::Unclear => "unclear",
        }
    }
}

impl Comparison {
    /// The comparison for people, in lines of at most `width` characters (60 at the least).
    pub fn to_text(&self, width: usize) -> String {
        let width = width.max(60);
        let mut text = String::new();
        for against in &self.against {
            text.push_str(&self.verdict(against, width));
        }
        text.push('\n');
        text.push_str(&wrapped(&self.conditions(), 2, width));
        for against in &self.against {
            text.push_str(&wrapped(&coupled(against), 2, width));
            for (names, whose) in [
                (&against.only_in_baseline, &self.baseline),
                (&against.only_here, &against.name),
            ] {
                if !names.is_empty() {
                    let told = format!("Only in {whose}, and so not matched: {}.", listed(names));
                    text.push_str(&wrapped(&told, 2, width));
                }
            }
        }
        for against in &self.against {
            text.push('\n');
            text.push_str(&self.table(against, width));
        }
        text.push_str(&self.promises(width));
        if let Some(precision) = &self.precision {
            text.push('\n');
            text.push_str(&wrapped(&precision.sentence(), 0, width));
        }
        text.push_str(&crate::text::warning_lines(&self.warnings, width));
        text.push('\n');
        text.push_str(&wrapped(&self.legend(), 0, width));
        text.push_str(&wrapped(&self.next(), 6, width));
        text
    }

    /// What to remember: a sentence a metric of all functions together.
    fn verdict(&self, against: &Against, width: usize) -> String {
        let mut text = wrapped(
            &format!("{} beside {}:", against.name, self.baseline),
            2,
            width,
        );
        let mut told = 0;
        for difference in &against.differences {
            if difference.function.is_some() && against.is_of_many() {
                continue;
            }
            told += 1;
            let line = format!(
                "  {:<8} {}",
                verdict_of(difference),
                self.in_words(difference)
            );
            text.push_str(&indented(&line, 11, width));
        }
        if told == 0 {
            text.push_str("  unclear  nothing could be paired\n");
        }
        text
    }

    fn in_words(&self, difference: &Difference) -> String {
        let scale = scale(&difference.metric);
        let label = label(&difference.metric);
        let (from, to) = (
            with_unit(difference.baseline.point * scale, &difference.metric),
            with_unit(difference.value.point * scale, &difference.metric),
        );
        let within = significant(100.0 * self.same_within);
        match (difference.verdict, relative(difference)) {
            (Verdict::Same, _) if is_equal(difference) => {
                format!("{label}: {from} in both, exactly")
            }
            (Verdict::Same, Some(change)) => {
                format!("{label}: within {within} % ({change})")
            }
            (_, Some(change)) => format!("{label}: {to} instead of {from}, {change}"),
            (_, None) => format!("{label}: {to} instead of {from}"),
        }
    }

    fn conditions(&self) -> String {
        let span = |seconds: f64| SimDuration(round_to_u64(seconds * 1e9));
        let repeated = match self.replications {
            1 => "once".to_owned(),
            several => format!("{} times", count(several)),
        };
        let warm_up = if self.window.from_s > 0.0 {
            format!(
                ", the first {} of each left out as warm-up",
                span(self.window.from_s)
            )
        } else {
            String::new()
        };
        format!(
            "{} simulated {repeated} each with the same random streams{warm_up}, seed {}.",
            span(self.window.to_s),
            self.manifest.seed
        )
    }

    fn table(&self, against: &Against, width: usize) -> String {
        let mut rows = Vec::new();
        let mut hidden = 0;
        for (metric, unit) in METRICS {
            let of_metric: Vec<&Difference> = against
                .differences
                .iter()
                .filter(|difference| difference.metric == metric)
                .collect();
            if of_metric.is_empty() {
                continue;
            }
            let title = if unit.is_empty() {
                label(metric)
            } else {
                format!("{}, {unit}", label(metric))
            };
            rows.push(vec![
                title,
                short(&self.baseline),
                short(&against.name),
                "difference".to_owned(),
                "verdict".to_owned(),
            ]);
            let shown = most_telling(of_metric, &mut hidden);
            rows.extend(shown.into_iter().map(row));
        }
        let mut text = lay_out(&rows, width);
        if hidden > 0 {
            let told = format!(
                "The {SHOWN} clearest of each metric are shown; {} more: --format json",
                count(word(hidden))
            );
            text.push_str(&wrapped(&told, 0, width));
        }
        for (metric, _) in METRICS {
            let left: Vec<_> = against
                .left_out
                .iter()
                .filter(|left| left.metric == metric)
                .collect();
            if let [first, ..] = left.as_slice() {
                let who: Vec<String> = left
                    .iter()
                    .map(|left| left.function.clone().unwrap_or_else(|| "(all)".to_owned()))
                    .collect();
                let told = format!(
                    "Not compared: {} of {}; {}.",
                    label(metric),
                    listed(&who),
                    first.why
                );
                text.push_str(&wrapped(&told, 2, width));
            }
        }
        text
    }

    fn promises(&self, width: usize) -> String {
        let mut text = String::new();
        for promises in &self.slo {
            for slo in &promises.verdicts {
                let verdict = match slo.verdict {
                    Kept::Pass => "PASS   ",
                    Kept::Unclear => "UNCLEAR",
                    Kept::Fail => "FAIL   ",
                };
                let line = format!("{verdict}  {} in {}", slo.assert, promises.name);
                text.push_str(&wrapped(&line, 9, width));
            }
        }
        if text.is_empty() {
            text
        } else {
            format!("\n{text}")
        }
    }

    fn legend(&self) -> String {
        let observations = match self.window.method {
            Sections::Replications => format!("{} replications", count(self.replications)),
            Sections::Batches => "batches of the one run".to_owned(),
            Sections::Whole => {
                return "One run as a whole: no intervals, so no verdicts. Run longer, or use \
                        replications."
                    .to_owned();
            }
        };
        format!(
            "± is paired, from {observations}; all {} intervals hold together with 95 % confidence \
             (each {} %, Bonferroni). better, worse: the interval leaves out 0. same: it lies within \
             {} % of {}. unclear: neither.",
            count(self.comparisons),
            detailed(100.0 * self.level_of_each),
            significant(100.0 * self.same_within),
            self.baseline
        )
    }

    fn next(&self) -> String {
        let differences = self.against.iter().flat_map(|one| &one.differences);
        let unclear = differences
            .filter(|one| one.verdict == Verdict::Unclear)
            .count();
        if unclear > 0 {
            let more = self.replications.saturating_mul(4).max(10);
            return format!(
                "next: --replications {more} or --precision '1 %' makes unclear differences clear"
            );
        }
        "next: --metric latency_ms.p50 compares another metric, --format json gives every number"
            .to_owned()
    }
}

impl Against {
    fn is_of_many(&self) -> bool {
        self.differences.iter().any(|one| one.function.is_none())
    }
}

/// All functions together, then those whose difference is the clearest.
fn most_telling<'a>(of_metric: Vec<&'a Difference>, hidden: &mut usize) -> Vec<&'a Difference> {
    if of_metric.len() <= SHOWN + 1 {
        return of_metric;
    }
    let clearness = |one: &Difference| {
        let half = one
            .difference
            .high
            .map_or(f64::INFINITY, |high| high - one.difference.point);
        let clear = one.difference.point.abs() / half.max(f64::MIN_POSITIVE);
        if clear.is_finite() { clear } else { 0.0 }
    };
    let (mut shown, mut functions): (Vec<_>, Vec<_>) = of_metric
        .into_iter()
        .partition(|one| one.function.is_none());
    functions.sort_by(|one, two| clearness(two).total_cmp(&clearness(one)));
    *hidden += functions.len().saturating_sub(SHOWN);
    functions.truncate(SHOWN);
    shown.extend(functions);
    shown
}

fn row(difference: &Difference) -> Vec<String> {
    let scale = scale(&difference.metric);
    vec![
        difference
            .function
            .clone()
            .unwrap_or_else(|| "(all)".to_owned()),
        number(difference.baseline.point * scale),
        number(difference.value.point * scale),
        signed(&difference.difference.scaled(scale)),
        difference.verdict.name().to_owned(),
    ]
}

fn verdict_of(difference: &Difference) -> &'static str {
    difference.verdict.name()
}

/// `-0.062 ±0.003`; digits as the uncertainty allows.
fn signed(estimate: &Estimate) -> String {
    let sign = if estimate.point > 0.0 { "+" } else { "" };
    match estimate.high {
        Some(high) if high > estimate.point => {
            let half = high - estimate.point;
            format!("{sign}{} ±{}", number(estimate.point), uncertainty(half))
        }
        Some(_) if estimate.point.abs() <= 0.0 => "0".to_owned(),
        Some(_) => format!("{sign}{} ±0", number(estimate.point)),
        None => format!("{sign}{}", number(estimate.point)),
    }
}

fn is_equal(difference: &Difference) -> bool {
    let estimate = &difference.difference;
    estimate.point.abs() <= 0.0 && estimate.high.is_some_and(|high| high <= 0.0)
}

/// `49.9 % less (49.2 to 50.6 %)`.
fn relative(difference: &Difference) -> Option<String> {
    let ratio = difference.ratio.as_ref()?;
    let percent = |share: f64| 100.0 * (share - 1.0);
    let (point, low, high) = (
        percent(ratio.point),
        percent(ratio.low?),
        percent(ratio.high?),
    );
    // An interval that reaches to both sides has signs of its own.
    if low < 0.0 && high > 0.0 {
        return Some(format!(
            "between {} % less and {} % more",
            number(-low),
            number(high)
        ));
    }
    let word = if point < 0.0 { "less" } else { "more" };
    let (near, far) = (low.abs().min(high.abs()), low.abs().max(high.abs()));
    Some(format!(
        "{} % {word} ({} to {} %)",
        number(point.abs()),
        number(near),
        number(far)
    ))
}

/// Shares are read in percent.
fn scale(metric: &str) -> f64 {
    if metric.ends_with("_ratio") {
        100.0
    } else {
        1.0
    }
}

fn with_unit(value: f64, metric: &str) -> String {
    let unit = METRICS.iter().find(|(known, _)| *known == metric);
    let unit = unit.map_or("", |(_, unit)| unit);
    if unit.is_empty() {
        number(value)
    } else {
        format!("{} {unit}", number(value))
    }
}

/// A metric's name for people.
pub(crate) fn label(metric: &str) -> String {
    match metric {
        "cold_ratio" => "cold ratio".to_owned(),
        "throttle_ratio" => "throttle ratio".to_owned(),
        "cost_usd_month.total" => "cost a month".to_owned(),
        "cost_usd.total" => "cost of the run".to_owned(),
        "instances.mean_alive" => "instances alive".to_owned(),
        "instances.mean_idle" => "instances idle".to_owned(),
        "billed.gb_seconds" => "billed memory".to_owned(),
        "billed.provisioned_gb_seconds" => "provisioned memory".to_owned(),
        path => match path.split_once("_ms.") {
            Some((kind, "mean")) => format!("mean {kind}"),
            Some((kind, quantile)) => format!("{quantile} {kind}"),
            None => path.to_owned(),
        },
    }
}

/// A heading of a column.
fn short(name: &str) -> String {
    crate::text::table::shortened(name, 14)
}

fn coupled(against: &Against) -> String {
    let Coupled { of, streams } = Coupled::of(against);
    format!("Paired with {}: {of}; {streams}.", against.name)
}

/// How much both draw alike, in words.
struct Coupled {
    of: String,
    streams: String,
}

impl Coupled {
    fn of(against: &Against) -> Self {
        let coupling = &against.coupling;
        let all = coupling.functions;
        let functions = match all {
            0 => "no function has the same name".to_owned(),
            1 => "1 function".to_owned(),
            several => format!("{} functions", count(several)),
        };
        let alike = |number: u64, what: &str| format!("{what} of {}", count(number));
        Self {
            of: format!(
                "{functions}, the same {}, {}, {}",
                alike(coupling.arrivals, "arrivals"),
                alike(coupling.durations, "durations"),
                alike(coupling.inits, "inits")
            ),
            streams: format!(
                "{} of {} streams give both the same values",
                count(coupling.equal_streams),
                count(coupling.shared_streams)
            ),
        }
    }
}

fn listed(names: &[String]) -> String {
    let mut text = names
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > NAMED {
        text.extend([format!(" and {} more", count(word(names.len() - NAMED)))]);
    }
    text
}

/// A sentence after a label that must keep its blanks: only what comes after it is broken.
fn indented(line: &str, indent: usize, width: usize) -> String {
    let (label, sentence) = line.split_at(indent);
    let filled = "\u{1}".repeat(indent - 1) + " " + sentence;
    let wrapped = wrapped(&filled, indent, width);
    format!(
        "{label}{}",
        wrapped.trim_start_matches('\u{1}').trim_start()
    )
}

/// A share close to 100 % needs more than three digits.
fn detailed(percent: f64) -> String {
    let text = format!("{percent:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
