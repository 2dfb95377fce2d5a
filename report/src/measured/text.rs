//! The summary of a measurement for people.

use std::fmt::Write;

use frostline_models::math::{count_to_f64, to_f64};
use frostline_models::measurement::{Applied, Outcome};
use frostline_stats::estimate::Estimate;

use super::{ConditionSummary, MeasuredSummary};
use crate::text::number::{count, number, point, with_interval};
use crate::text::table::{lay_out, wrapped};

/// Modules that are listed.
const MODULES: usize = 8;

impl MeasuredSummary {
    /// Lines of at most `width` characters; `next` is what to type next.
    pub fn to_text(&self, width: usize, next: &str) -> String {
        let mut text = format!("{} ({})\n\n", self.target.label, self.target.kind.name());
        text.push_str(&lay_out(&self.rows(), width));
        for condition in &self.conditions {
            text.push_str(&modules(condition, self.conditions.len() > 1, width));
        }
        text.push('\n');
        for line in self.notes() {
            text.push_str(&wrapped(&line, 9, width));
        }
        text.push_str(&wrapped(LEGEND, 0, width));
        text.push_str(&wrapped(next, 6, width));
        text
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![headings()];
        for condition in &self.conditions {
            let ready = condition
                .outcomes
                .get(Outcome::Ready.name())
                .copied()
                .unwrap_or(0);
            let runs = if ready == condition.runs {
                count(ready)
            } else {
                format!("{}/{}", count(ready), count(condition.runs))
            };
            let interval = |estimate: Option<Estimate>| {
                estimate.map_or_else(|| "-".to_owned(), |estimate| with_interval(&estimate))
            };
            let mut row = vec![
                condition.label.clone(),
                runs,
                interval(condition.init_ms.p50),
                point(condition.init_ms.p90.as_ref()),
                point(condition.init_ms.p99.as_ref()),
                point(condition.first_response_ms.p50.as_ref()),
                point(condition.second_response_ms.p50.as_ref()),
                point(condition.cpu_ms.p50.as_ref()),
            ];
            if self.has_package_phase() {
                row.insert(5, point(condition.package_ms.p50.as_ref()));
            }
            rows.push(row);
        }
        if self.has_package_phase() {
            rows[0].insert(5, "package".to_owned());
        }
        rows
    }

    fn has_package_phase(&self) -> bool {
        self.conditions
            .iter()
            .any(|condition| condition.package_ms.p50.is_some())
    }

    /// What was applied, what failed, what is doubtful: one line each, not repeated.
    fn notes(&self) -> Vec<String> {
        let several = self.conditions.len() > 1;
        let mut notes: Vec<(String, Vec<String>)> = Vec::new();
        for condition in &self.conditions {
            let mut own = Vec::new();
            if let Some(applied) = &condition.applied {
                own.push(format!("applied: {}", describe(applied)));
            }
            own.extend(
                condition
                    .failures
                    .iter()
                    .map(|told| format!("failed: {told}")),
            );
            own.extend(
                condition
                    .warnings
                    .iter()
                    .map(|told| format!("warning: {told}")),
            );
            if condition.outliers > 0 {
                own.push(format!(
                    "outliers: {} runs are far from the others and count like them.",
                    count(condition.outliers)
                ));
            }
            for line in own {
                match notes.iter_mut().find(|(known, _)| *known == line) {
                    Some((_, labels)) => labels.push(condition.label.clone()),
                    None => notes.push((line, vec![condition.label.clone()])),
                }
            }
        }
        let all = self.conditions.len();
        let mut lines: Vec<String> = notes
            .into_iter()
            .map(|(line, labels)| {
                if several && labels.len() < all {
                    format!("{line} [{}]", labels.join(", "))
                } else {
                    line
                }
            })
            .collect();
        if let Some(overhead) = &self.overhead {
            lines.push(format!(
                "harness: a start of nothing takes {} ms to its exec, and {} ms more until its end \
                 is noticed (n = {}); nothing is subtracted.",
                number(to_f64(overhead.spawn_ns) / 1e6),
                number(to_f64(overhead.notice_ns) / 1e6),
                overhead.n
            ));
        }
        lines.extend(self.warnings.iter().map(|told| format!("warning: {told}")));
        lines
    }
}

const LEGEND: &str = "Times in ms. init: from exec until ready, median with half of its 95 % interval, \
                      then p90 and p99; 1st, 2nd: invocations, medians; cpu: until ready.";

fn headings() -> Vec<String> {
    [
        "condition",
        "runs",
        "init p50",
        "p90",
        "p99",
        "1st",
        "2nd",
        "cpu",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn describe(applied: &Applied) -> String {
    let mut parts = vec![format!("isolation {}", applied.isolation.name())];
    let mut cache = format!("cache {}", applied.cache.name());
    if let Some(residency) = applied.residency.filter(|residency| residency.bytes > 0) {
        let percent = 100.0 * to_f64(residency.resident_bytes) / to_f64(residency.bytes);
        let _ = write!(
            cache,
            " ({} % of {} MB in {} files in memory)",
            number(percent),
            number(to_f64(residency.bytes) / 1e6),
            count(residency.files)
        );
    }
    parts.push(cache);
    if let Some(bytes) = applied.memory_bytes {
        parts.push(format!("memory {} MiB", bytes >> 20));
    }
    let cpu = |millicpu: u32| number(f64::from(millicpu) / 1000.0);
    match (applied.init_millicpu, applied.ready_millicpu) {
        (None, None) => {}
        (None, Some(ready)) => {
            parts.push(format!(
                "{} CPU from readiness on, init not limited",
                cpu(ready)
            ));
        }
        (Some(init), Some(ready)) if init == ready => parts.push(format!("{} CPU", cpu(init))),
        (Some(init), ready) => {
            let later = ready.map_or_else(|| "no limit".to_owned(), cpu);
            parts.push(format!("{} CPU in init, then {later}", cpu(init)));
        }
    }
    if let Some(period) = applied.period_ns {
        parts.push(format!("period {} ms", number(to_f64(period) / 1e6)));
    }
    if let Some(rate) = applied.disk_bytes_per_second {
        parts.push(format!("disk {} MB/s", number(to_f64(rate) / 1e6)));
    }
    parts.join(", ")
}

fn modules(condition: &ConditionSummary, several: bool, width: usize) -> String {
    if condition.modules.is_empty() {
        return String::new();
    }
    let total: f64 = condition
        .modules
        .iter()
        .map(|module| to_f64(module.self_ns) / 1e6)
        .sum();
    let place = if several {
        format!(" [{}]", condition.label)
    } else {
        String::new()
    };
    let mut rows = vec![
        [
            format!("module{place}"),
            "ms alone".to_owned(),
            "with its imports".to_owned(),
        ]
        .to_vec(),
    ];
    for module in condition.modules.iter().take(MODULES) {
        rows.push(vec![
            module.name.clone(),
            number(to_f64(module.self_ns) / 1e6),
            number(to_f64(module.cumulative_ns) / 1e6),
        ]);
    }
    let listed = count_to_f64(condition.modules.len().min(MODULES));
    let table = lay_out(&rows, width);
    let more = format!(
        "The {listed:.0} slowest of {} modules, which took {} ms in a run of their own.",
        condition.modules.len(),
        number(total)
    );
    format!("\n{table}{}", wrapped(&more, 0, width))
}
