//! The result of a gate as Markdown: for a job summary or a comment on a pull request.

use std::fmt::Write;

use frostline_stats::gate::Verdict;

use super::GateReport;
use super::text::{effect, value};

impl GateReport {
    /// A heading with the verdict, a table, and what to know about it below a fold.
    pub fn to_markdown(&self) -> String {
        let sign = match self.verdict {
            Verdict::Slower => "❌",
            Verdict::Unclear => "❔",
            Verdict::Same | Verdict::Faster => "✅",
        };
        let headline = self.headline();
        let headline = headline.strip_prefix("gate: ").unwrap_or(&headline);
        let mut text = format!("### {sign} Cold start: {}\n\n", escaped(headline));
        text.push_str(
            "| condition | metric | base | change | effect | verdict |\n|---|---|---:|---:|---:|---|\n",
        );
        for condition in &self.conditions {
            for metric in &condition.metrics {
                let name = metric.metric.name();
                let verdict = metric.standing.verdict.name();
                let verdict = if metric.decides {
                    format!("**{verdict}**")
                } else {
                    format!("({verdict})")
                };
                let _ = writeln!(
                    text,
                    "| {} | `{name}` | {} | {} | {} | {verdict} |",
                    escaped(&condition.label),
                    value(metric.base.as_ref(), metric.unit),
                    value(metric.change.as_ref(), metric.unit),
                    effect(&metric.standing.effect)
                );
            }
        }
        let _ = write!(
            text,
            "\n`{}` → `{}`\n\n<details><summary>How sure is this?</summary>\n\n",
            code(&self.base.label),
            code(&self.change.label)
        );
        for note in self.notes() {
            let _ = writeln!(text, "* {}", escaped(&note));
        }
        text.push_str("\n</details>\n");
        text
    }
}

/// Text in which nothing is Markdown, HTML or the end of a cell.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '|' | '*' | '_' | '#' | '~' | '\\' => safe.extend(['\\', letter]),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Text for between backticks.
fn code(text: &str) -> String {
    let plain = |letter: char| match letter {
        '`' => '\'',
        letter if letter.is_control() => ' ',
        letter => letter,
    };
    text.chars().map(plain).collect()
}
