//! Samples out of the measurements of `frostline measure`.

use std::collections::BTreeMap;

use frostline_models::init::Phase;
use frostline_models::math::{count_to_f64, index, to_f64, word};
use frostline_models::measurement::{
    Cache, Condition, Measurements, Outcome, Resources, Run, TargetKind,
};
use frostline_models::profile::{FULL_VCPU_MIB, ProfileWarning, Provenance};
use frostline_models::scenario::Architecture;
use frostline_models::units::significant;
use frostline_stats::batches;
use frostline_stats::fit::Observation;
use frostline_stats::regression::Throttled;

use super::fitted::mean;
use super::{CalibrationError, Options, PhaseTimes, Samples};

/// The share of processor time that others may take before a host is called noisy.
const STEAL_MAX: f64 = 0.05;

/// Runs that must tell a phase for it to be split off, as a share of all.
const SPLIT_SHARE: f64 = 0.9;

/// Von Neumann's statistic above which runs in their order drift: a two-sided level of about 10⁻³.
const DRIFT_Z: f64 = 3.29;

/// The period of a CPU quota where the file does not say it: 20 ms on AWS Lambda, 100 ms elsewhere
/// (the default of the Linux kernel, "CFS Bandwidth Control"). The former was never published: assumed.
const LAMBDA_PERIOD_MS: f64 = 20.0;
const KERNEL_PERIOD_MS: f64 = 100.0;

/// The CPU share during init that a condition asks for: 1 where init is not throttled.
fn init_share(resources: Resources) -> f64 {
    let of = |millicpu: u32| (f64::from(millicpu) / 1000.0).min(1.0);
    match resources {
        Resources::Unlimited
        | Resources::Lambda { .. }
        | Resources::CloudRun { boost: true, .. } => 1.0,
        Resources::LambdaThrottledInit { mib } => (f64::from(mib) / FULL_VCPU_MIB).min(1.0),
        Resources::CloudRun { millicpu, .. } | Resources::Kubernetes { millicpu, .. } => {
            of(millicpu)
        }
    }
}

/// How well a condition stands for a platform's cold start: unthrottled, one at a time, from an unlimited
/// disk, and with nothing of the package in memory. Local starts with an evicted page cache predict
/// the Init Duration of AWS Lambda within 11 % over five runtimes, warm ones do not (measured 2026-08 on one
/// machine: a strong hint).
fn standing(condition: &Condition) -> u32 {
    let cache = match condition.cache {
        Cache::Evicted => 2,
        Cache::Fresh => 1,
        Cache::Warm => 0,
    };
    let points = [
        (init_share(condition.resources) >= 1.0, 100),
        (condition.concurrent == 1, 50),
        (condition.disk_bytes_per_second.is_none(), 20),
        (condition.padding_bytes.unwrap_or(0) == 0, 10),
    ];
    let earned = points
        .into_iter()
        .filter(|(met, _)| *met)
        .map(|(_, points)| points);
    cache + earned.sum::<u32>()
}

/// What conditions share that may be compared by their resources alone, or by their sizes alone.
fn setting(condition: &Condition) -> Condition {
    Condition {
        resources: Resources::Unlimited,
        ..condition.clone()
    }
}

fn without_size(condition: &Condition) -> Condition {
    Condition {
        package_bytes: None,
        padding_bytes: None,
        package: None,
        ..setting(condition)
    }
}

fn size(condition: &Condition) -> Option<u64> {
    let package = condition.package_bytes?;
    Some(package.saturating_add(condition.padding_bytes.unwrap_or(0)))
}

impl Samples {
    /// The samples of a measurement. The phases are those of one setting (`condition`, or the one that
    /// stands best for a cold start); other package sizes and CPU shares of the same setting
    /// become regressions.
    ///
    /// # Errors
    /// When there is no such condition, or nothing of it became ready.
    pub fn of_measurements(
        title: &str,
        measured: &Measurements,
        condition: Option<u32>,
        options: &Options,
    ) -> Result<Self, CalibrationError> {
        let conditions = &measured.header.conditions;
        let counts = |index: u32| {
            measured
                .of(index)
                .filter(|run| run.outcome == Outcome::Ready)
                .count()
        };
        let all = (0_u32..).zip(conditions);
        let best = all.max_by_key(|(index, condition)| {
            (standing(condition), counts(*index), u32::MAX - index)
        });
        let chosen = condition.or(best.map(|(index, _)| index)).unwrap_or(0);
        let Some(reference) = conditions.get(index(chosen)) else {
            let found = format!(
                "{} conditions, of which none is number {chosen}",
                conditions.len()
            );
            return Err(CalibrationError::NoTimes {
                found,
                seen: Vec::new(),
            });
        };
        let mut samples = Self::described(title, measured, reference);
        let pooled: Vec<u32> = (0_u32..)
            .zip(conditions)
            .filter(|(index, other)| {
                let alike = setting(other) == setting(reference);
                *index == chosen
                    || alike
                        && init_share(other.resources) >= 1.0
                        && init_share(reference.resources) >= 1.0
            })
            .map(|(index, _)| index)
            .collect();
        let runs: Vec<&Run> = pooled
            .iter()
            .flat_map(|index| measured.of(*index))
            .collect();
        samples.take_phases(measured, &runs, options);
        if samples.phases.is_empty() {
            let found = format!(
                "no run of condition {chosen} ({}) that became ready",
                told(reference)
            );
            return Err(CalibrationError::NoTimes {
                found,
                seen: Vec::new(),
            });
        }
        samples
            .notes
            .insert(0, format!("the phases are those of: {}", told(reference)));
        if pooled.len() > 1 {
            samples.notes.push(format!(
                "{} conditions that do not throttle init are taken together",
                pooled.len()
            ));
        }
        samples.take_sizes(measured, reference);
        samples.take_shares(measured, reference);
        samples.doubt(measured, &runs);
        Ok(samples)
    }

    fn described(title: &str, measured: &Measurements, reference: &Condition) -> Self {
        let header = &measured.header;
        let machine = &header.machine;
        let mut environment = BTreeMap::new();
        let mut add = |key: &str, value: String| {
            if !value.is_empty() {
                environment.insert(key.to_owned(), value);
            }
        };
        add("kernel", machine.kernel.clone());
        add("cpu", machine.cpu.clone());
        if machine.cores > 0 {
            add("cores", machine.cores.to_string());
        }
        if machine.memory_bytes > 0 {
            add("memory", format!("{} MiB", machine.memory_bytes >> 20));
        }
        add("cgroups", machine.cgroups.clone());
        add("file-system", machine.file_system.clone());
        for (name, version) in &machine.runtimes {
            add(name, version.clone());
        }
        add("target", header.target.kind.name().to_owned());
        add("condition", told(reference));
        add("measured-by", format!("frostline {}", header.version));
        Self {
            name: header.target.label.clone(),
            architecture: match machine.architecture.as_str() {
                "x86_64" => Some(Architecture::X86_64),
                "aarch64" | "arm64" => Some(Architecture::Arm64),
                _ => None,
            },
            managed_runtime: true,
            source: Provenance {
                title: title.to_owned(),
                ..Provenance::default()
            },
            environment,
            size_bytes: size(reference),
            ..Self::default()
        }
    }

    fn take_phases(&mut self, measured: &Measurements, runs: &[&Run], options: &Options) {
        let kind = measured.header.target.kind;
        let ready: Vec<&Run> = runs
            .iter()
            .copied()
            .filter(|run| run.phases.ready_ns.is_some())
            .collect();
        let of = |time: fn(&Run) -> Option<u64>| -> Vec<f64> {
            ready
                .iter()
                .filter_map(|run| time(run))
                .map(milliseconds)
                .filter(|ms| *ms > 0.0)
                .collect()
        };
        let boot = of(|run| {
            let phases = &run.phases;
            phases
                .first_user_open_ns
                .filter(|open| Some(*open) < phases.ready_ns)
        });
        let mut put = |phase: Phase, times: Vec<f64>| {
            if !times.is_empty() {
                self.phases.insert(
                    phase,
                    PhaseTimes {
                        blocks: vec![times],
                        censored: Vec::new(),
                    },
                );
            }
        };
        let split = count_to_f64(boot.len()) >= SPLIT_SHARE * count_to_f64(ready.len().max(1));
        match kind {
            TargetKind::Restore => put(Phase::Restore, of(|run| run.phases.ready_ns)),
            _ if split && !boot.is_empty() => {
                put(Phase::Runtime, boot);
                let own = |run: &Run| {
                    run.phases
                        .ready_ns?
                        .checked_sub(run.phases.first_user_open_ns?)
                };
                put(Phase::Code, of(own));
            }
            _ => put(Phase::Code, of(|run| run.phases.ready_ns)),
        }
        if options.whole_start {
            put(Phase::Fetch, of(|run| run.phases.package_ns));
            put(Phase::Sandbox, of(|run| run.phases.sandbox_ns));
        }
        // Who never became ready is known to take at least as long as it was given.
        let limit = milliseconds(measured.header.protocol.timeout_ns);
        let never = runs
            .iter()
            .filter(|run| run.outcome == Outcome::NeverReady)
            .count();
        let last = if kind == TargetKind::Restore {
            Phase::Restore
        } else {
            Phase::Code
        };
        if let (Some(times), true) = (self.phases.get_mut(&last), never > 0 && limit > 0.0) {
            times
                .censored
                .push((Observation::AtLeast(limit), word(never)));
        }
        for outcome in Outcome::ALL {
            let ended = runs.iter().filter(|run| run.outcome == outcome).count();
            if ended > 0 && !matches!(outcome, Outcome::Ready | Outcome::NeverReady) {
                self.notes
                    .push(format!("{ended} runs ended as {}", outcome.name()));
            }
        }
    }

    /// Start times of the other package sizes of the same setting.
    fn take_sizes(&mut self, measured: &Measurements, reference: &Condition) {
        let mut points = Vec::new();
        for (index, condition) in (0_u32..).zip(&measured.header.conditions) {
            let alike = without_size(condition) == without_size(reference)
                && init_share(condition.resources) >= 1.0;
            let (Some(bytes), true) = (size(condition), alike) else {
                continue;
            };
            for run in measured.of(index) {
                let phases = &run.phases;
                let start = phases
                    .ready_ns
                    .map(|ready| ready.saturating_add(phases.package_ns.unwrap_or(0)));
                points.extend(start.map(|start| (to_f64(bytes) / 1e6, milliseconds(start))));
            }
        }
        let differ = points
            .iter()
            .any(|point| point.0.total_cmp(&points[0].0).is_ne());
        if differ {
            self.sizes = points;
        }
    }

    /// Init times under CPU quotas of the same setting.
    fn take_shares(&mut self, measured: &Measurements, reference: &Condition) {
        let code = |run: &Run| {
            let boot = if self.phases.contains_key(&Phase::Runtime) {
                run.phases.first_user_open_ns?
            } else {
                0
            };
            run.phases.ready_ns?.checked_sub(boot).map(milliseconds)
        };
        let mut throttled = Vec::new();
        let mut period_ms = None;
        for (index, condition) in (0_u32..).zip(&measured.header.conditions) {
            let share = init_share(condition.resources);
            if share >= 1.0 || setting(condition) != setting(reference) {
                continue;
            }
            let said = measured.of(index).find_map(|run| run.applied.period_ns);
            let assumed = match condition.resources {
                Resources::LambdaThrottledInit { .. } => LAMBDA_PERIOD_MS,
                _ => KERNEL_PERIOD_MS,
            };
            let this = said.map_or(assumed, milliseconds);
            // Staircases of different periods have no common law.
            if period_ms.is_some_and(|known: f64| known.total_cmp(&this).is_ne()) {
                self.notes.push("CPU share: quotas of several periods were measured; those of the first are used".to_owned());
                continue;
            }
            period_ms = Some(this);
            let walls: Vec<f64> = measured.of(index).filter_map(code).collect();
            if !walls.is_empty() {
                throttled.push(Throttled { share, walls });
            }
        }
        self.throttled = throttled;
        self.period_ms = period_ms;
    }

    fn doubt(&mut self, measured: &Measurements, runs: &[&Run]) {
        let steal: Vec<f64> = runs
            .iter()
            .filter_map(|run| run.noise.steal_share)
            .collect();
        let busy: Vec<f64> = runs
            .iter()
            .filter_map(|run| run.noise.others_busy)
            .collect();
        let cores = f64::from(measured.header.machine.cores.max(1));
        if !steal.is_empty() && mean(&steal) > STEAL_MAX
            || !busy.is_empty() && mean(&busy) > 0.5 * cores
        {
            self.warnings.insert(ProfileWarning::NoisyHost);
            let others = if busy.is_empty() { 0.0 } else { mean(&busy) };
            self.notes.push(format!(
                "others kept {} processors busy while it was measured",
                significant(others)
            ));
        }
        let mut ordered: Vec<(u64, f64)> = runs
            .iter()
            .filter_map(|run| Some((run.order, milliseconds(run.phases.ready_ns?))))
            .collect();
        ordered.sort_by_key(|run| run.0);
        let logarithms: Vec<f64> = ordered
            .iter()
            .map(|run| libm::log(run.1.max(1e-6)))
            .collect();
        if let Some(z) = batches::von_neumann(&logarithms).filter(|z| *z > DRIFT_Z) {
            self.warnings.insert(ProfileWarning::NonStationary);
            let sentence = format!(
                "runs that follow each other resemble each other (z = {}): the machine drifted",
                significant(z)
            );
            self.notes.push(sentence);
        }
        let doubted = runs.iter().filter(|run| !run.warnings.is_empty()).count();
        if doubted > 0 {
            self.notes.push(format!(
                "{doubted} of {} runs carry a warning of the harness",
                runs.len()
            ));
        }
    }
}

fn milliseconds(ns: u64) -> f64 {
    to_f64(ns) / 1e6
}

/// A condition in words.
fn told(condition: &Condition) -> String {
    let mut words = vec![
        format!("cache {}", condition.cache.name()),
        condition.resources.to_string(),
    ];
    words.extend(
        condition
            .package
            .clone()
            .map(|package| format!("package {package}")),
    );
    words.extend(size(condition).map(|bytes| format!("{} MB", significant(to_f64(bytes) / 1e6))));
    words.extend(
        condition
            .disk_bytes_per_second
            .map(|rate| format!("disk {} MB/s", significant(to_f64(rate) / 1e6))),
    );
    if condition.concurrent > 1 {
        words.push(format!("{} at once", condition.concurrent));
    }
    words.join(", ")
}
