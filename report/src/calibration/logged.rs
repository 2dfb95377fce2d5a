//! Samples out of production logs.

use std::collections::BTreeMap;

use frostline_models::init::Phase;
use frostline_models::invocation_log::{
    Format, InitKind, InvocationLog, LoggedInvocation, Omission, Status,
};
use frostline_models::math::{count_to_f64, round_to_u64, wide_index, word};
use frostline_models::profile::{ProfileWarning, Provenance, builtin_names};
use frostline_models::scenario::PackageKind;
use frostline_models::units::significant;
use frostline_stats::fit::Observation;
use frostline_stats::idle_lifetime;
use frostline_stats::replications::quantile_r7;

use super::{CalibrationError, PhaseTimes, Samples};

/// Equal parts of the time over which the cold ratio is followed.
const PARTS: usize = 32;

/// Medians of memory sizes that differ by more than this are not taken together in silence.
const MEMORY_DRIFT: f64 = 0.1;

const DAY_MS: f64 = 86_400_000.0;

/// Which invocations of a log are meant: every value that is given must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    wanted: BTreeMap<&'static str, String>,
}

/// What invocations are told apart by.
const KEYS: [&str; 5] = ["function", "runtime", "package", "architecture", "memory"];

impl Filter {
    /// Adds `KEY=VALUE`, several separated by commas.
    ///
    /// # Errors
    /// A message when the text is not of this form or the key is unknown.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        for part in text.split(',') {
            let Some((key, value)) = part.split_once('=') else {
                return Err(format!(
                    "found `{part}`, expected KEY=VALUE with a key of {}",
                    KEYS.join(", ")
                ));
            };
            let Some(known) = KEYS.iter().find(|known| **known == key.trim()) else {
                return Err(format!(
                    "no key `{key}`, expected one of {}",
                    KEYS.join(", ")
                ));
            };
            self.wanted.insert(known, value.trim().to_owned());
        }
        Ok(())
    }

    fn takes(&self, invocation: &LoggedInvocation) -> bool {
        self.wanted
            .iter()
            .all(|(key, value)| value_of(invocation, key).as_deref() == Some(value))
    }
}

fn value_of(invocation: &LoggedInvocation, key: &str) -> Option<String> {
    match key {
        "function" => invocation.function.clone(),
        "runtime" => invocation.runtime.clone(),
        "memory" => invocation.memory_mb.map(|mb| mb.to_string()),
        "architecture" => invocation.architecture.map(|a| a.name().to_owned()),
        _ => invocation.package.map(|package| {
            let name = match package {
                PackageKind::Zip => "zip",
                PackageKind::Image => "image",
            };
            name.to_owned()
        }),
    }
}

/// The kind of function that an invocation is of, as the text of a filter; memory sizes are no kinds,
/// since the init on demand does not depend on them.
fn group(invocation: &LoggedInvocation) -> String {
    let keys = KEYS.iter().filter(|key| **key != "memory");
    let named = keys.filter_map(|key| Some(format!("{key}={}", value_of(invocation, key)?)));
    named.collect::<Vec<_>>().join(",")
}

impl Samples {
    /// The samples of a log: those invocations that the filter means.
    ///
    /// # Errors
    /// When they are of several kinds, or there are none.
    pub fn of_log(
        title: &str,
        log: &InvocationLog,
        filter: &Filter,
    ) -> Result<Self, CalibrationError> {
        let mut groups: BTreeMap<String, u64> = BTreeMap::new();
        let mut meant = Vec::new();
        for invocation in &log.invocations {
            if filter.takes(invocation) {
                meant.push(invocation);
            }
        }
        let of = if meant.is_empty() {
            log.invocations.iter().collect()
        } else {
            meant.clone()
        };
        for invocation in of {
            let inits = u64::from(invocation.init.is_some());
            *groups.entry(group(invocation)).or_insert(0) += inits;
        }
        let mut counted: Vec<(String, u64)> =
            groups.into_iter().filter(|group| group.1 > 0).collect();
        counted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        if meant.is_empty() && log.histograms.is_empty() {
            return Err(CalibrationError::NothingLeft { groups: counted });
        }
        // An init whose beginning the log does not hold may be of the one kind that it names.
        if counted.len() > 1 {
            counted.retain(|group| !group.0.is_empty());
        }
        if counted.len() > 1 {
            return Err(CalibrationError::Mixed { groups: counted });
        }
        let mut samples = Self {
            name: "function".to_owned(),
            managed_runtime: true,
            ..Self::default()
        };
        samples.describe(title, log, &meant);
        samples.take_inits(log, &meant);
        samples.take_durations(&meant);
        samples.take_idle_times(&meant);
        samples.tell_omitted(log);
        Ok(samples)
    }

    fn describe(&mut self, title: &str, log: &InvocationLog, meant: &[&LoggedInvocation]) {
        // Init and function stand in different lines: not every invocation knows everything.
        let some = |key: &str| {
            meant
                .iter()
                .find_map(|invocation| value_of(invocation, key))
        };
        self.runtime = some("runtime");
        self.architecture = meant.iter().find_map(|invocation| invocation.architecture);
        self.package = meant.iter().find_map(|invocation| invocation.package);
        let function = some("function").or_else(|| log.histograms.first()?.function.clone());
        self.name = function
            .or_else(|| self.runtime.clone())
            .unwrap_or_else(|| "function".to_owned());
        if let Some(runtime) = &self.runtime {
            self.managed_runtime = is_managed(runtime);
        }
        let last = meant
            .iter()
            .filter_map(|invocation| invocation.end_ms)
            .fold(0.0, f64::max);
        self.source = Provenance {
            title: title.to_owned(),
            date: (last > 0.0).then(|| date(last)),
            ..Provenance::default()
        };
        let format = log.format.map_or("unknown", Format::name);
        self.environment.insert("log".to_owned(), format.to_owned());
        let mut sizes: Vec<u32> = meant
            .iter()
            .filter_map(|invocation| invocation.memory_mb)
            .collect();
        sizes.sort_unstable();
        sizes.dedup();
        let sizes: Vec<String> = sizes.iter().map(|mb| format!("{mb} MB")).collect();
        if !sizes.is_empty() {
            self.environment
                .insert("memory".to_owned(), sizes.join(", "));
        }
    }

    fn take_inits(&mut self, log: &InvocationLog, meant: &[&LoggedInvocation]) {
        let hello_world = log.format == Some(Format::LambdaPerf);
        let code = if hello_world {
            Phase::Runtime
        } else {
            Phase::Code
        };
        let mut days: BTreeMap<Phase, BTreeMap<u64, Vec<f64>>> = BTreeMap::new();
        let mut memories: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for invocation in meant {
            let Some(init) = invocation
                .init
                .filter(|init| init.kind.was_waited_for() && init.ms > 0.0)
            else {
                continue;
            };
            let phase = if init.kind == InitKind::Restore {
                Phase::Restore
            } else {
                code
            };
            if init.cut_off {
                let times = self.phases.entry(phase).or_default();
                times.censored.push((Observation::AtLeast(init.ms), 1));
                continue;
            }
            let day = invocation
                .end_ms
                .map_or(0, |ms| round_to_u64(libm::floor(ms / DAY_MS)));
            days.entry(phase)
                .or_default()
                .entry(day)
                .or_default()
                .push(init.ms);
            if let Some(mb) = invocation.memory_mb.filter(|_| phase != Phase::Restore) {
                memories.entry(mb).or_default().push(init.ms);
            }
        }
        for (phase, days) in days {
            self.phases.entry(phase).or_default().blocks = days.into_values().collect();
        }
        self.compare_memories(memories);
        let started = if log.format == Some(Format::CloudRun) {
            Phase::Total
        } else {
            code
        };
        let cells = log.histograms.iter().flat_map(|histogram| &histogram.cells);
        for &(low, high, times) in cells {
            let phase: &mut PhaseTimes = self.phases.entry(started).or_default();
            phase
                .censored
                .push((Observation::Between { low, high }, times));
        }
    }

    /// Says how far apart the medians of memory sizes are that are taken together.
    fn compare_memories(&mut self, memories: BTreeMap<u32, Vec<f64>>) {
        let medians: Vec<(u32, f64)> = memories
            .into_iter()
            .filter(|(_, times)| times.len() >= 10)
            .filter_map(|(mb, mut times)| {
                times.sort_by(f64::total_cmp);
                Some((mb, quantile_r7(&times, 0.5)?))
            })
            .collect();
        let least = medians.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let most = medians.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let (Some(least), Some(most)) = (least, most) else {
            return;
        };
        if medians.len() > 1 {
            let sentence = format!(
                "{} memory sizes are taken together: medians from {} ms ({} MB) to {} ms ({} MB)",
                medians.len(),
                significant(least.1),
                least.0,
                significant(most.1),
                most.0
            );
            if most.1 / least.1 > 1.0 + MEMORY_DRIFT {
                self.warnings.insert(ProfileWarning::MixedConditions);
            }
            self.notes.push(sentence);
        }
    }

    fn take_durations(&mut self, meant: &[&LoggedInvocation]) {
        let served = meant
            .iter()
            .filter(|i| i.cold == Some(false) && i.status == Status::Success);
        self.warm = served
            .filter_map(|i| i.duration_ms)
            .filter(|ms| *ms > 0.0)
            .collect();
        let known: Vec<(Option<f64>, bool)> = meant
            .iter()
            .filter_map(|i| Some((i.end_ms, i.cold?)))
            .collect();
        // Tables of inits alone say nothing about how often they happen.
        if !known.iter().any(|(_, cold)| !cold) {
            return;
        }
        let times = || known.iter().filter_map(|(end, _)| *end);
        let (first, last) = (
            times().fold(f64::INFINITY, f64::min),
            times().fold(0.0, f64::max),
        );
        let in_time = times().count() == known.len() && last > first;
        let mut parts = vec![(0.0, 0.0); PARTS.min(known.len())];
        for (index, (end, cold)) in known.iter().enumerate() {
            let place = match end {
                Some(end) if in_time => (end - first) / (last - first),
                _ => count_to_f64(index) / count_to_f64(known.len()),
            };
            let part = wide_index(round_to_u64(libm::floor(place * count_to_f64(parts.len()))));
            let last = parts.len() - 1;
            let part = &mut parts[part.min(last)];
            part.0 += f64::from(u8::from(*cold));
            part.1 += 1.0;
        }
        parts.retain(|part| part.1 > 0.0);
        self.cold = parts;
    }

    /// Idle times: when a request came, for how long had the instance been idle that was used last, and
    /// did it take the request? Requests that found every known instance busy say nothing.
    fn take_idle_times(&mut self, meant: &[&LoggedInvocation]) {
        let mut requests: Vec<(f64, f64, &str, bool)> = meant
            .iter()
            .filter_map(|i| {
                let (end, instance) = (i.end_ms?, i.instance.as_deref()?);
                let start = end - i.duration_ms?;
                // A restored or started instance was asked for before its function ran.
                let waited = i
                    .init
                    .filter(|init| init.kind.was_waited_for())
                    .map_or(0.0, |init| init.ms);
                Some((start - waited, end, instance, i.cold?))
            })
            .collect();
        requests.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Instances that are not known to be gone, with the end of their latest invocation.
        let mut alive: BTreeMap<&str, f64> = BTreeMap::new();
        for (arrival, end, instance, cold) in requests {
            let idle = alive.iter().filter(|(_, last)| **last <= arrival);
            let latest = idle
                .max_by(|a, b| a.1.total_cmp(b.1))
                .map(|(name, last)| (*name, *last));
            if let Some((_, last)) = latest {
                let idle_s = (arrival - last) / 1e3;
                self.idle.push(idle_lifetime::Observation {
                    idle_s,
                    survived: !cold,
                });
            }
            if cold {
                // Whoever was idle did not take it: gone, all of them.
                alive.retain(|_, last| *last > arrival);
            }
            alive.insert(instance, end);
        }
    }

    fn tell_omitted(&mut self, log: &InvocationLog) {
        for (why, times) in &log.omitted {
            if *why != Omission::OtherRecord {
                self.notes.push(format!("left out: {times} {}", why.text()));
            }
        }
        self.notes.extend(log.assumptions.iter().cloned());
        let aws = matches!(
            log.format,
            Some(
                Format::AwsText
                    | Format::AwsJson
                    | Format::CloudwatchEvents
                    | Format::LogsInsights
                    | Format::LambdaInsights
            )
        );
        if aws && self.phases.contains_key(&Phase::Code) {
            self.notes.push(
                "the Init Duration holds the runtime's boot and the function's own init; finding a host, fetching \
                 the package and starting the sandbox are in no log and come from the platform's preset"
                    .to_owned(),
            );
        }
        let unnamed = log
            .invocations
            .iter()
            .filter(|i| i.instance.is_none())
            .count();
        if word(unnamed) > 0 && self.idle.is_empty() && !self.cold.is_empty() {
            self.notes
                .push("keep-alive: the log does not name its instances".to_owned());
        }
    }
}

/// Whether the vendor manages a runtime, by the names of those that are built in.
fn is_managed(runtime: &str) -> bool {
    let plain = |name: &str| {
        name.chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
    };
    let wanted = plain(runtime);
    let custom = runtime.contains("provided");
    !custom
        && builtin_names().any(|name| plain(name) == wanted && !name.contains("provided"))
        && ["bun", "llrt"]
            .iter()
            .all(|custom| !wanted.starts_with(custom))
}

/// The day of an instant, YYYY-MM-DD, by the civil calendar (Hinnant, "`chrono`-Compatible Low-Level
/// Date Algorithms", 2013, <https://howardhinnant.github.io/date_algorithms.html>).
fn date(ms: f64) -> String {
    let days = round_to_u64(libm::floor(ms / DAY_MS)) + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_by_hand() {
        assert_eq!(date(0.0), "1970-01-01");
        assert_eq!(date(951_782_400_000.0), "2000-02-29");
        assert_eq!(date(1_787_356_800_000.0), "2026-08-22");
    }

    /// Requests at 0, 60 and 900 s: the instance survived 50 s of idleness and not 830 s.
    #[test]
    fn idle_times_by_hand() {
        let request = |end_s: f64, instance: &str, cold| LoggedInvocation {
            end_ms: Some(end_s * 1e3),
            duration_ms: Some(10_000.0),
            instance: Some(instance.to_owned()),
            cold: Some(cold),
            ..LoggedInvocation::default()
        };
        let log = [
            request(10.0, "a", true),
            request(70.0, "a", false),
            request(910.0, "b", true),
        ];
        let mut samples = Samples::default();
        samples.take_idle_times(&log.iter().collect::<Vec<_>>());
        let found: Vec<(f64, bool)> = samples
            .idle
            .iter()
            .map(|o| (o.idle_s, o.survived))
            .collect();
        assert_eq!(found, [(50.0, true), (830.0, false)]);
    }
}
