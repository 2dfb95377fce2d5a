//! Prediction and reality for people: plain text, made for 80 columns.

use frostline_stats::estimate::Estimate;

use super::{Disagreement, TimeComparison, ValidationReport, Verdict};
use crate::text::number::{count, number, with_interval};
use crate::text::table::{lay_out, wrapped};

/// Disagreements and failures that the text shows.
const SHOWN: usize = 8;

impl ValidationReport {
    /// The report for people, in lines of at most `width` characters; `next` says what to type.
    pub fn to_text(&self, width: usize, next: &str) -> String {
        let mut text = wrapped(&self.verdict_line(), 14, width);
        text.push_str(&wrapped(&self.run_line(), 14, width));
        text.push('\n');
        text.push_str(&wrapped(&self.cold_line(), 14, width));
        text.push_str(&wrapped(&self.chance_line(), 14, width));
        text.push_str(&wrapped(&self.pool_line(), 14, width));
        text.push('\n');
        text.push_str(&self.times_table(width));
        if !self.phases.is_empty() {
            text.push('\n');
            text.push_str(&self.phases_table(width));
        }
        if !self.disagreements.is_empty() {
            text.push('\n');
            text.push_str(&self.disagreement_table(width));
        }
        text.push('\n');
        for sentence in &self.assumptions {
            text.push_str(&wrapped(&format!("assumed: {sentence}"), 9, width));
        }
        for failure in self.failures.iter().take(SHOWN) {
            let line = format!("failed: request {}: {}", failure.request, failure.detail);
            text.push_str(&wrapped(&line, 8, width));
        }
        for warning in &self.warnings {
            text.push_str(&wrapped(&format!("warning: {warning}"), 9, width));
        }
        text.push_str(&wrapped(next, 6, width));
        text
    }

    fn verdict_line(&self) -> String {
        let word = match self.verdict {
            Verdict::Agrees => "AGREES ",
            Verdict::Unclear => "UNCLEAR",
            Verdict::Apart => "APART  ",
        };
        let median = self.times.first().and_then(|time| time.difference);
        let median = median.map_or_else(
            || "too few were cold to compare their latency".to_owned(),
            |difference| {
                format!(
                    "the median latency of cold ones is {} off (asked: {} %)",
                    percent(&difference),
                    number(100.0 * self.criteria.within)
                )
            },
        );
        let mut line = format!(
            "{word}       on cold or warm simulation and pool agree for {} % of the requests (asked: \
             {} %); {median}",
            number(100.0 * self.cold.agreement.point),
            number(100.0 * self.criteria.agreement),
        );
        if let (Some(phase), true) = (self.worst_phase, self.verdict != Verdict::Agrees) {
            line.extend([format!("; the phase that differs most is {phase}")]);
        }
        line
    }

    fn run_line(&self) -> String {
        let keep_alive = self.keep_alive_s.map_or_else(
            || "for ever".to_owned(),
            |s| format!("for {} s at most", number(s)),
        );
        let speed = if self.speed > 1.0 {
            format!(
                ", arrivals and keep-alive {} times as fast",
                number(self.speed)
            )
        } else {
            String::new()
        };
        format!(
            "Run           {} requests of {} to real instances of {}, kept {keep_alive}{speed}; the \
             same requests simulated {} times, seed {}",
            count(self.requests),
            self.function,
            self.target.label,
            count(self.replications),
            self.manifest.seed,
        )
    }

    fn cold_line(&self) -> String {
        let cold = &self.cold;
        format!(
            "Cold ratio    {} % measured ({} of {}), {} % simulated (95 % of the runs between {} and \
             {} %)",
            number(100.0 * cold.measured_ratio),
            count(cold.measured_cold),
            count(cold.compared),
            number(100.0 * cold.simulated_ratio.point),
            number(100.0 * cold.simulated_range[0]),
            number(100.0 * cold.simulated_range[1]),
        )
    }

    fn chance_line(&self) -> String {
        format!(
            "Agreement     {} % of the requests; two simulated runs agree on {} %",
            number(100.0 * self.cold.agreement.point),
            number(100.0 * self.cold.agreement_of_simulations),
        )
    }

    fn pool_line(&self) -> String {
        format!(
            "Pool          {} instances at most, {} simulated; requests were sent {} ms late (median), \
             {} ms (p99)",
            count(self.instances_peak.measured),
            number(self.instances_peak.simulated.point),
            number(self.lateness_ms.p50),
            number(self.lateness_ms.p99),
        )
    }

    fn times_table(&self, width: usize) -> String {
        let mut rows = vec![words(&["milliseconds", "measured", "simulated", "off", ""])];
        for time in &self.times {
            rows.push(vec![
                time.metric.clone(),
                shown(time.measured_ms.as_ref().map(with_interval)),
                shown(time.simulated_ms.map(number)),
                shown(time.difference.as_ref().map(percent)),
                verdict_of(time).to_owned(),
            ]);
        }
        lay_out(&rows, width)
    }

    fn phases_table(&self, width: usize) -> String {
        let mut rows = vec![words(&["phase, median ms", "measured", "simulated"])];
        for phase in &self.phases {
            rows.push(vec![
                phase.phase.to_owned(),
                shown(phase.measured_ms.as_ref().map(with_interval)),
                shown(phase.simulated_ms.map(number)),
            ]);
        }
        lay_out(&rows, width)
    }

    fn disagreement_table(&self, width: usize) -> String {
        let mut rows = vec![words(&[
            "request",
            "at s",
            "was",
            "simulated cold",
            "probably",
        ])];
        rows.extend(self.disagreements.iter().take(SHOWN).map(row));
        let more = self.disagreements.len().saturating_sub(SHOWN);
        if more > 0 {
            rows.push(vec![format!("{more} more")]);
        }
        lay_out(&rows, width)
    }
}

fn row(disagreement: &Disagreement) -> Vec<String> {
    let was = if disagreement.measured_cold {
        "cold"
    } else {
        "warm"
    };
    vec![
        count(disagreement.request),
        format!("{:.3}", disagreement.arrival_s),
        was.to_owned(),
        format!("{} %", number(100.0 * disagreement.simulated_cold_share)),
        disagreement.reason.to_owned(),
    ]
}

fn words(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn shown(value: Option<String>) -> String {
    value.unwrap_or_else(|| "–".to_owned())
}

fn verdict_of(time: &TimeComparison) -> &'static str {
    match time.verdict {
        Verdict::Agrees => "agrees",
        Verdict::Unclear => "unclear",
        Verdict::Apart => "apart",
    }
}

/// `+3.2 % (-1.0 to +6.1)`.
fn percent(difference: &Estimate) -> String {
    let signed = |share: f64| format!("{:+.1}", 100.0 * share);
    match (difference.low, difference.high) {
        (Some(low), Some(high)) => format!(
            "{} % ({} to {})",
            signed(difference.point),
            signed(low),
            signed(high)
        ),
        _ => format!("{} %", signed(difference.point)),
    }
}
