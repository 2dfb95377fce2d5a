//! The summary for people: plain text without colour, made for 80 columns.

mod many;
pub(crate) mod number;
mod one;
mod recorded;
pub(crate) mod table;

use frostline_models::math::round_to_u64;
use frostline_models::units::SimDuration;
use frostline_stats::warning::Warning;

use crate::section::Sections;
use crate::summary::{Summary, WarmUpName};
use crate::verdict::{SloVerdict, Verdict};
pub(crate) use number::{count, number};
pub(crate) use table::{lay_out, wrapped};

impl Summary {
    /// The summary for people, in lines of at most `width` characters (40 at the least; the table of
    /// many functions needs 76).
    pub fn to_text(&self, width: usize) -> String {
        let width = width.max(40);
        let mut text = self.heading_lines(width);
        text.push('\n');
        match self.functions.as_slice() {
            [only] => text.push_str(&one::describe(only, self.replications, width)),
            _ => text.push_str(&many::describe(self, width)),
        }
        if !self.slo.is_empty() {
            text.push('\n');
            for slo in &self.slo {
                text.push_str(&wrapped(&slo_line(slo, self.functions.len()), 9, width));
            }
        }
        if let Some(precision) = &self.precision {
            text.push('\n');
            text.push_str(&wrapped(&precision.to_string(), 0, width));
        }
        text.push_str(&warning_lines(&self.warnings, width));
        text.push('\n');
        text.push_str(&wrapped(&self.legend(), 0, width));
        text.push_str(&wrapped(&self.next(), 6, width));
        text
    }

    fn heading_lines(&self, width: usize) -> String {
        let what = match self.functions.as_slice() {
            [only] => only.name.clone(),
            several => format!(
                "{} functions",
                count(frostline_models::math::word(several.len()))
            ),
        };
        let span = Self::span(self.window.to_s);
        let source = match &self.heading.trace {
            Some(format) => format!(", trace {format}"),
            None => String::new(),
        };
        let repeated = match self.replications {
            1 => format!("{span} simulated once"),
            several => format!("{span} simulated {} times", count(several)),
        };
        let each = if self.replications > 1 {
            " of each"
        } else {
            ""
        };
        let warm_up = if let Some(played_s) = self.window.warm_up.played_before_s {
            format!(
                "its last {} played once before it as warm-up",
                Self::span(played_s)
            )
        } else if self.window.from_s > 0.0 {
            let rule = match self.window.warm_up.rule {
                WarmUpName::Mser5 => " by MSER-5",
                _ => "",
            };
            format!(
                "first {}{each} left out as warm-up{rule}",
                Self::span(self.window.from_s)
            )
        } else {
            "nothing left out as warm-up".to_owned()
        };
        let first = format!("{what} on {}{source}", self.heading.preset);
        let second = format!("{repeated}, {warm_up}, seed {}", self.manifest.seed);
        wrapped(&first, 2, width) + &wrapped(&second, 2, width)
    }

    fn span(seconds: f64) -> String {
        SimDuration(round_to_u64(seconds * 1e9)).to_string()
    }

    fn legend(&self) -> String {
        match self.window.method {
            Sections::Replications => format!(
                "± is a 95 % confidence interval from {} replications. Counts are their sum.",
                count(self.replications)
            ),
            Sections::Batches => {
                "± is a 95 % confidence interval from consecutive batches of the run.".to_owned()
            }
            Sections::Whole => "One run as a whole: no confidence intervals.".to_owned(),
        }
    }

    fn next(&self) -> String {
        let unclear = self.slo.iter().any(|slo| slo.verdict == Verdict::Unclear);
        // A recorded trace cannot be drawn again.
        let repeatable = self.heading.trace.is_none();
        if repeatable && (unclear || self.window.method == Sections::Whole) {
            let more = self.replications.saturating_mul(4).max(10);
            return format!(
                "next: --replications {more} narrows the intervals, --format json gives every number"
            );
        }
        "next: --format json gives every number with its interval, --set changes a setting"
            .to_owned()
    }
}

pub(crate) fn slo_line(slo: &SloVerdict, functions: usize) -> String {
    let verdict = match slo.verdict {
        Verdict::Pass => "PASS   ",
        Verdict::Unclear => "UNCLEAR",
        Verdict::Fail => "FAIL   ",
    };
    let mut line = format!("{verdict}  {}", slo.assert);
    // Shares are promised and read in percent.
    let shown = |value: f64| {
        if slo.metric.ends_with("_ratio") {
            format!("{} %", number(100.0 * value))
        } else {
            number(value)
        }
    };
    // Where there is one function, its name says nothing.
    let named = |function: &str| {
        if functions > 1 {
            format!("{function}: ")
        } else {
            String::new()
        }
    };
    match (&slo.function, &slo.observed) {
        (Some(function), Some(observed)) => {
            line.extend([format!(" ({}{}", named(function), shown(observed.point))]);
            match (observed.low, observed.high) {
                (Some(low), Some(high)) if high > low => {
                    line.extend([format!(", between {} and {})", shown(low), shown(high))]);
                }
                (Some(_), Some(_)) => line.push(')'),
                _ => line.push_str(", no interval)"),
            }
        }
        (Some(function), None) => line.extend([format!(" ({}nothing seen)", named(function))]),
        (None, _) => line.push_str(" (no function with requests)"),
    }
    let functions = slo.passed + slo.unclear + slo.failed;
    if functions > 1 {
        line.extend([format!(
            "; of {} functions {} pass, {} unclear, {} fail",
            count(functions),
            count(slo.passed),
            count(slo.unclear),
            count(slo.failed)
        )]);
    }
    line
}

/// Doubts after an empty line; nothing where there are none.
pub(crate) fn warning_lines(warnings: &[Warning], width: usize) -> String {
    let mut text = String::new();
    if !warnings.is_empty() {
        text.push('\n');
    }
    for warning in warnings {
        text.push_str(&wrapped(&format!("warning: {warning}"), 9, width));
    }
    text
}
