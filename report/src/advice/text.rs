//! Advice for people: what to do first and why, then everything that was tried.

use frostline_stats::estimate::Estimate;

use super::{Advice, Ranked, Worth};
use crate::comparison::Verdict;
use crate::text::number::uncertainty;
use crate::text::{count, lay_out, number, wrapped};

impl Advice {
    /// The advice for people, in lines of at most `width` characters (60 at the least). `scenario` is
    /// how the file is named in commands.
    pub fn to_text(&self, scenario: &str, width: usize) -> String {
        let width = width.max(60);
        let mut text = self.first(width);
        text.push('\n');
        text.push_str(&self.table(width));
        text.push('\n');
        for ranked in &self.ranking {
            let what_if = &ranked.what_if;
            let mut told = format!("  {}: {}", what_if.kind, what_if.what);
            for assumption in &what_if.assumptions {
                told.extend([format!("; assumed: {assumption}")]);
            }
            text.push_str(&wrapped(&told, 4, width));
        }
        text.push_str("\nLeft out\n");
        for left in &self.left_out {
            let told = format!("  {}: {}", left.kind, left.why);
            text.push_str(&wrapped(&told, 4, width));
        }
        text.push_str("\nDoes it suit functions at all?\n");
        for check in &self.fit {
            let told = format!(
                "  {}: {}; {}",
                check.check,
                check.fit.name(),
                check.evidence
            );
            text.push_str(&wrapped(&told, 4, width));
        }
        text.push_str(&crate::text::warning_lines(&self.warnings, width));
        text.push('\n');
        text.push_str(&wrapped(&self.legend(), 0, width));
        text.push_str(&self.next(scenario));
        text
    }

    /// What to do first and why.
    fn first(&self, width: usize) -> String {
        let worthwhile = |one: &&Ranked| matches!(one.worth, Worth::Free | Worth::Bought);
        let unfit = self
            .fit
            .iter()
            .filter(|check| check.fit == super::Fit::DoesNotSuit);
        let mut text = String::new();
        for check in unfit {
            let told = format!("First of all: {}: {}.", check.check, check.evidence);
            text.push_str(&wrapped(&told, 2, width));
        }
        let Some(best) = self.ranking.iter().find(worthwhile) else {
            let told = format!(
                "Do nothing for {}: no change that was tried shortens the wait for certain.",
                self.function
            );
            text.push_str(&wrapped(&told, 2, width));
            return text;
        };
        let told = format!("Do first: {} ({}).", best.what_if.what, self.function);
        text.push_str(&wrapped(&told, 2, width));
        let why = format!("Why: {}.", reason(best));
        text.push_str(&wrapped(&why, 2, width));
        text
    }

    fn table(&self, width: usize) -> String {
        let mut rows = vec![
            ["what", "saves", "USD more", "saves", ""],
            ["", "s a month", "a month", "s a USD", ""],
        ]
        .into_iter()
        .map(|row| row.map(str::to_owned).to_vec())
        .collect::<Vec<_>>();
        rows.extend(self.ranking.iter().map(|ranked| {
            let per_usd = ranked.saved_s_per_usd.as_ref();
            vec![
                ranked.what_if.kind.to_owned(),
                around(&ranked.saved_s_month),
                around(&ranked.cost_usd_month),
                per_usd.map_or_else(|| "-".to_owned(), around),
                worth(ranked).to_owned(),
            ]
        }));
        lay_out(&rows, width)
    }

    fn legend(&self) -> String {
        format!(
            "Each what-if met the same requests as the scenario, {} times. Saved is waiting, mean \
             latency times the {} requests of a month. All intervals hold together with 95 % \
             confidence. free: saves and costs no more; bought: saves for money; unclear: the \
             interval holds 0.",
            count(self.replications),
            number(self.requests_month)
        )
    }

    /// What to type next.
    fn next(&self, scenario: &str) -> String {
        let best = self.ranking.iter().find(|one| !one.what_if.set.is_empty());
        let Some(best) = best else {
            return format!("next: frostline simulate {scenario}\n");
        };
        let (command, option) = match best.what_if.set.as_slice() {
            [_] => ("compare", "--with"),
            _ => ("simulate", "--set"),
        };
        let mut line = format!("next: frostline {command} {scenario}");
        for assignment in &best.what_if.set {
            line.extend([format!(" \\\n        {option} '{assignment}'")]);
        }
        line + "\n"
    }
}

fn worth(ranked: &Ranked) -> &'static str {
    let is_same = ranked
        .differences
        .iter()
        .any(|one| one.metric == super::LATENCY && one.verdict == Verdict::Same);
    match ranked.worth {
        Worth::Free => "free",
        Worth::Bought => "bought",
        Worth::Nothing if is_same => "no effect",
        Worth::Nothing => "unclear",
        Worth::Harmful => "longer wait",
    }
}

/// `saves 2,100 s of waiting a month (1,900 to 2,300) for 0.12 USD; cold ratio 0.02 % for 0.04 %`.
fn reason(best: &Ranked) -> String {
    let saved = &best.saved_s_month;
    let mut text = format!("it saves {} s of waiting a month", number(saved.point));
    if let (Some(low), Some(high)) = (saved.low, saved.high) {
        text.extend([format!(" ({} to {})", number(low), number(high))]);
    }
    let cost = best.cost_usd_month.point;
    if cost > 0.0 {
        text.extend([format!(" for {} USD more", number(cost))]);
    } else if cost < 0.0 {
        text.extend([format!(" and {} USD", number(-cost))]);
    } else {
        text.push_str(" and costs nothing more");
    }
    for difference in &best.differences {
        let (label, scale, unit) = match difference.metric.as_str() {
            "cold_ratio" => ("cold ratio", 100.0, "%"),
            "latency_ms.p99" => ("p99 latency", 1.0, "ms"),
            _ => continue,
        };
        text.extend([format!(
            "; {label} {} {unit} instead of {}",
            number(scale * difference.value.point),
            number(scale * difference.baseline.point)
        )]);
    }
    text
}

/// A point and its half width.
fn around(estimate: &Estimate) -> String {
    match estimate.high {
        Some(high) if high > estimate.point => format!(
            "{} ±{}",
            number(estimate.point),
            uncertainty(high - estimate.point)
        ),
        _ => number(estimate.point),
    }
}
