//! The description for people: plain text without colour, made for 80 columns.

use frostline_models::math::{round_to_u64, to_f64, wide_index};

use super::{Spread, TraceInfo};
use crate::text::number::{count, number};
use crate::text::table::{lay_out, wrapped};

/// Where the sentences begin, after their labels.
const INDENT: usize = 14;

/// Eighths of a column, from the lowest to the highest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl TraceInfo {
    /// The description for people, in lines of at most `width` characters (76 at the least). `trace`
    /// is what to type after `--trace` to simulate it, in parts between which a line may be broken.
    pub fn to_text(&self, width: usize, trace: &[String]) -> String {
        let width = width.max(76);
        let mut text = wrapped(&self.heading(), 2, width);
        text.push('\n');
        text.push_str(&lay_out(&self.spreads(), width));
        text.push('\n');
        for (label, sentence) in self.sentences() {
            text.push_str(&labelled(label, &sentence, width));
        }
        text.push('\n');
        text.push_str(&lay_out(&self.cold_starts(), width));
        let note = "Cold starts of one instance a function that is kept for this long after each \
                    request, if no request came while another ran. Requests that overlap add to it.";
        text.push_str(&wrapped(note, 0, width));
        if !self.triggers.is_empty() {
            text.push('\n');
            text.push_str(&lay_out(&self.trigger_rows(), width));
        }
        text.push('\n');
        if !self.missing.is_empty() {
            text.push_str(&labelled("Missing", &self.missing.join("; "), width));
        }
        for (place, assumption) in self.assumptions.iter().enumerate() {
            let label = if place == 0 { "Assumed" } else { "" };
            text.push_str(&labelled(label, assumption, width));
        }
        text.push('\n');
        text.push_str(&next(trace, width));
        text
    }

    fn heading(&self) -> String {
        format!(
            "{}: {} {}, {} {} in {}, {} /s",
            self.format,
            count(self.functions),
            if self.functions == 1 {
                "function"
            } else {
                "functions"
            },
            count(self.requests),
            if self.requests == 1 {
                "request"
            } else {
                "requests"
            },
            span(self.span_s),
            number(self.rates.requests_per_second),
        )
    }

    /// Quantiles over functions.
    fn spreads(&self) -> Vec<Vec<String>> {
        let heading = [
            "over functions",
            "min",
            "p25",
            "p50",
            "p75",
            "p90",
            "p99",
            "max",
        ];
        let mut rows = vec![heading.map(str::to_owned).to_vec()];
        for (label, spread) in [
            ("requests a day", self.rates.requests_per_day),
            ("CV of gaps", self.burstiness.interarrival_cv),
            ("dispersion, 1 min", self.burstiness.dispersion_minute),
            ("dispersion, 1 h", self.burstiness.dispersion_hour),
            ("duration p50, ms", self.durations.median_ms),
            ("duration p99, ms", self.durations.p99_ms),
            ("memory, MiB", self.memory_mib),
        ] {
            if let Some(spread) = spread {
                rows.push(row(label, &spread));
            }
        }
        rows
    }

    fn sentences(&self) -> Vec<(&'static str, String)> {
        let mut sentences = vec![
            (
                "Rates",
                format!(
                    "{} % of the functions are called at most once an hour, {} % at most once a \
                     minute",
                    percent(self.rates.at_most_hourly),
                    percent(self.rates.at_most_minutely),
                ),
            ),
            ("Tails", self.tails()),
            ("Gaps", self.gaps()),
            ("Bursts", self.bursts()),
        ];
        if let Some(day) = self.day() {
            sentences.push(("Day", day));
        }
        if let Some(busy) = self.durations.mean_in_flight {
            let busy = format!("{} invocations run at a time on average", number(busy));
            sentences.push(("In flight", busy));
        }
        if let Some(ratio) = self.recorded.cold_ratio {
            let cold = format!(
                "{} of {} requests with a flag were cold: {} %",
                count(self.recorded.cold_starts),
                count(self.recorded.cold_flags),
                percent(ratio),
            );
            sentences.push(("Recorded", cold));
        }
        sentences
    }

    fn tails(&self) -> String {
        let shares = self.concentration;
        if self.functions == 1 {
            return "there is one function".to_owned();
        }
        format!(
            "the busiest function makes {} % of the requests, 1 % of them {} %, 10 % {} %; \
             Gini coefficient {}",
            percent(shares.largest),
            percent(shares.top_1_percent),
            percent(shares.top_10_percent),
            number(shares.gini),
        )
    }

    fn gaps(&self) -> String {
        let gaps = &self.idle_gaps;
        let (Some(median), Some(p99), Some(p999), Some(longest)) =
            (gaps.p50_s, gaps.p99_s, gaps.p999_s, gaps.max_s)
        else {
            return "no function has two requests".to_owned();
        };
        let known = if gaps.resolution_s > 0.0 {
            format!(" (counts: known to {})", span(gaps.resolution_s))
        } else {
            String::new()
        };
        format!(
            "between requests of a function: median {}, p99 {}, p99.9 {}, longest {}{known}",
            span(median),
            span(p99),
            span(p999),
            span(longest),
        )
    }

    fn bursts(&self) -> String {
        let mut parts = Vec::new();
        if let Some(share) = self.burstiness.interarrival_cv_above_1 {
            parts.push(format!(
                "{} % of the functions have gaps more irregular than a Poisson process's (CV > 1)",
                percent(share)
            ));
        }
        if let Some(peak) = self.burstiness.peak_to_mean_minute {
            parts.push(format!(
                "the busiest minute of all together has {} times the mean",
                number(peak)
            ));
        }
        parts.join("; ")
    }

    /// A sparkline over the hours that the recording covers.
    fn day(&self) -> Option<String> {
        let hours = (self.span_s / 3600.0).ceil().min(24.0);
        let hours = self.hours.get(..wide_index(round_to_u64(hours)))?;
        let highest = *hours.iter().max().filter(|most| **most > 0)?;
        if hours.len() < 2 {
            return None;
        }
        let bars: String = hours
            .iter()
            .map(|hour| {
                let eighths = 7.0 * to_f64(*hour) / to_f64(highest);
                BARS[wide_index(round_to_u64(eighths)).min(7)]
            })
            .collect();
        let place = |wanted: u64| hours.iter().position(|hour| *hour == wanted).unwrap_or(0);
        let lowest = *hours.iter().min()?;
        Some(format!(
            "{bars} by hour; most in hour {}, least in hour {} ({} % of it)",
            place(highest) + 1,
            place(lowest) + 1,
            percent(to_f64(lowest) / to_f64(highest)),
        ))
    }

    fn cold_starts(&self) -> Vec<Vec<String>> {
        let heading = [
            "kept for",
            "cold, at least",
            "at most",
            "at least, %",
            "at most, %",
        ];
        let mut rows = vec![heading.map(str::to_owned).to_vec()];
        for bounds in &self.idle_gaps.keep_alive {
            rows.push(vec![
                span(to_f64(bounds.keep_alive_s)),
                count(bounds.at_least),
                count(bounds.at_most),
                percent(bounds.ratio_at_least),
                percent(bounds.ratio_at_most),
            ]);
        }
        rows
    }

    fn trigger_rows(&self) -> Vec<Vec<String>> {
        let heading = ["trigger", "functions", "%", "requests", "%"];
        let mut rows = vec![heading.map(str::to_owned).to_vec()];
        let share = |part: u64, whole: u64| percent(to_f64(part) / to_f64(whole.max(1)));
        for trigger in &self.triggers {
            rows.push(vec![
                trigger.name.clone(),
                count(trigger.functions),
                share(trigger.functions, self.functions),
                count(trigger.requests),
                share(trigger.requests, self.requests),
            ]);
        }
        rows
    }
}

fn row(label: &str, spread: &Spread) -> Vec<String> {
    let values = [
        spread.min, spread.p25, spread.p50, spread.p75, spread.p90, spread.p99, spread.max,
    ];
    let mut cells = vec![label.to_owned()];
    cells.extend(values.map(rounded));
    cells
}

/// Three significant digits, also before the point: `178,000`.
fn rounded(value: f64) -> String {
    let mut scale = 1.0;
    while value.abs() / scale >= 1000.0 {
        scale *= 10.0;
    }
    if scale > 1.0 {
        return number((value / scale).round() * scale);
    }
    number(value)
}

fn percent(share: f64) -> String {
    number(100.0 * share)
}

/// Three significant digits of the largest unit that gives a number of at least one.
fn span(seconds: f64) -> String {
    let units = [(3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms")];
    let fitting = units.iter().find(|(size, _)| seconds >= *size);
    let (size, unit) = fitting.unwrap_or(&(1e-6, "us"));
    format!("{} {unit}", number(seconds / size))
}

/// A sentence behind its label.
fn labelled(label: &str, sentence: &str, width: usize) -> String {
    // The label is kept apart from the sentence, because wrapping splits at blanks.
    let wrapped = wrapped(
        &("\u{1}".repeat(INDENT - 1) + " " + sentence),
        INDENT,
        width,
    );
    let rest = wrapped.trim_start_matches('\u{1}');
    format!("{label:<width$}{rest}", width = INDENT - 1)
}

/// The command to type next. It is copied whole, so that it is broken only where a shell reads on.
fn next(trace: &[String], width: usize) -> String {
    let mut text = String::new();
    let mut line = "next: frostline simulate --trace".to_owned();
    for (place, part) in trace.iter().enumerate() {
        let is_long = line.chars().count() + part.chars().count() + " \\ ".len() > width;
        if place > 0 && is_long {
            text.push_str(&line);
            text.push_str(" \\\n");
            line = " ".repeat(7);
        }
        line.push(' ');
        line.push_str(part);
    }
    text.push_str(&line);
    text.push('\n');
    text
}
