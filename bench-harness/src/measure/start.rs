//! One run: the machine's state, one or several starts at once, and what became of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::time::SystemTime;

use frostline_models::math::slot;
use frostline_models::measurement::{Cache, Isolation, Noise, Outcome, Residency, Run};

use super::{MeasureError, Measurement};
use crate::cache::Closure;
use crate::clock;
use crate::noise::Counters;
use crate::observe;
use crate::package::{Package, modules_environment};
use crate::plan::Cell;
use crate::target::{Failure, Report, Setting};

/// The package was changed by its own run.
pub(super) const SELF_CACHING: &str = "The target wrote into its package: later starts may be faster than on a platform, where a \
     package is read-only. Compile its modules beforehand, or measure with `--isolation namespaces`.";

/// Not every file that the target opens is known.
pub(super) const INCOMPLETE: &str = "Only files that were mapped, and those of the package, are known to be opened: `evicted` may \
     leave others in memory. Measure as an administrator.";

/// Share of the closure that may stay in memory after it was evicted before that is worth a word:
/// what other processes have mapped, such as the C library, stays.
const RESIDUE_MAX: u64 = 5;

/// Share of the processors' time that others may take before a run is doubted.
const STEAL_MAX: f64 = 0.05;

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    WarmUp,
    Count,
    Imports,
}

/// One start and its end.
struct Started {
    outcome: Result<(), Failure>,
    report: Report,
    noise: Noise,
    invocations: Vec<(u64, u64)>,
}

impl Measurement<'_> {
    /// Runs a condition once, with as many instances as it wants at once.
    ///
    /// # Errors
    /// When the measurement must end; what a target does wrong is part of its run.
    pub(super) fn start(
        &mut self,
        index: usize,
        round: u32,
        purpose: Purpose,
    ) -> Result<(Vec<Run>, Closure), MeasureError> {
        let cell = &self.cells[index];
        let count = match purpose {
            Purpose::Count => cell.condition.concurrent.max(1),
            Purpose::WarmUp | Purpose::Imports => 1,
        };
        let (cache, residency) = self.set_cache(index, purpose);
        let barrier = Barrier::new(frostline_models::math::index(count));
        let started: Vec<Started> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..count)
                .map(|_| scope.spawn(|| self.start_one(index, purpose, &barrier)))
                .collect();
            threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .collect()
        });
        let mut opened = Vec::new();
        let mut runs = Vec::new();
        let mut observed = true;
        for (instance, mut started) in started.into_iter().enumerate() {
            if let Err(failure @ (Failure::Interrupted | Failure::Missing { .. })) = started.outcome
            {
                return Err(failure.into());
            }
            opened.append(&mut started.report.opened);
            observed &= started.report.opened_all;
            started.report.applied.cache = cache;
            started.report.applied.residency = residency;
            started.report.applied.instrumented = purpose == Purpose::Imports;
            let mut run = run_of(started, index, round, purpose);
            run.instance = slot(instance);
            run.warnings
                .extend(self.prepared[index].warnings.iter().cloned());
            self.doubt(&mut run, cell, residency);
            runs.push(run);
        }
        Ok((runs, Closure::new(opened, observed)))
    }

    /// Brings the page cache into the state that the condition asks for.
    fn set_cache(&self, index: usize, purpose: Purpose) -> (Cache, Option<Residency>) {
        let closure = &self.prepared[index].closure;
        if purpose == Purpose::WarmUp || closure.is_empty() {
            return (Cache::Warm, None);
        }
        let cache = self.cells[index].condition.cache;
        match cache {
            Cache::Warm | Cache::Fresh => closure.warm(),
            Cache::Evicted => closure.evict(),
        }
        (cache, Some(closure.residency()))
    }

    fn start_one(&self, index: usize, purpose: Purpose, barrier: &Barrier) -> Started {
        barrier.wait();
        let before = Counters::read();
        let mut started = self.start_through(index, purpose);
        let used = &started.report.usage;
        let own = used.user_ns.unwrap_or(0) + used.system_ns.unwrap_or(0);
        started.noise = before.until(&Counters::read(), own);
        started
    }

    fn start_through(&self, index: usize, purpose: Purpose) -> Started {
        let mut started = Started {
            outcome: Ok(()),
            report: Report::default(),
            noise: Noise::default(),
            invocations: Vec::new(),
        };
        let (setting, fresh) = match self.setting(index, purpose) {
            Ok(setting) => setting,
            Err(failure) => {
                started.outcome = Err(failure);
                return started;
            }
        };
        match self.target.start(self.host, &setting) {
            Err(failure) => started.outcome = Err(failure),
            Ok(mut instance) => {
                started.outcome = instance.ready();
                let invocations = if purpose == Purpose::Imports {
                    0
                } else {
                    self.invocations()
                };
                for _ in 0..invocations {
                    if started.outcome.is_err() {
                        break;
                    }
                    match instance.invoke(&self.method.payload) {
                        Ok(invoked) => {
                            started
                                .invocations
                                .push((invoked.duration_ns, invoked.answered_ns));
                        }
                        Err(failure) => started.outcome = Err(failure),
                    }
                }
                started.report = instance.stop();
            }
        }
        if let Some(folder) = fresh {
            // What cannot be removed now goes with the host's folder.
            let _ = std::fs::remove_dir_all(folder);
        }
        started
    }

    /// How the instance is started; with the folder that was made for it alone.
    fn setting(
        &self,
        index: usize,
        purpose: Purpose,
    ) -> Result<(Setting, Option<PathBuf>), Failure> {
        let condition = &self.cells[index].condition;
        let prepared = &self.prepared[index];
        let mut setting = Setting {
            resources: condition.resources,
            isolation: condition.isolation,
            disk_bytes_per_second: condition.disk_bytes_per_second,
            package: prepared.placed.clone(),
            package_ns: None,
            environment: self.method.environment.clone(),
            timeout: self.method.timeout,
            observe: purpose == Purpose::WarmUp,
        };
        if purpose == Purpose::Imports {
            setting
                .environment
                .extend(super::imports::environment(self.host));
        }
        let package = prepared.package.as_ref();
        let mut fresh = None;
        if let Some(package) = package.filter(|_| condition.cache == Cache::Fresh) {
            let (folder, took) = self.place(package)?;
            setting.package = Some(folder.clone());
            setting.package_ns = Some(took);
            fresh = Some(folder);
        }
        if let (Some(_), Some(folder)) = (condition.modules, &setting.package) {
            // What the caller sets wins.
            let own = modules_environment(folder);
            setting.environment.splice(0..0, own);
        }
        Ok((setting, fresh))
    }

    fn place(&self, package: &Package) -> Result<(PathBuf, u64), Failure> {
        let name = format!("fresh-{}", self.host.next_instance());
        let folder = self.host.folder().join(name);
        let began = clock::now();
        package
            .place(&folder)
            .map_err(|error| Failure::new(Outcome::NotStarted, error.to_string()))?;
        Ok((folder, clock::since(began, clock::now())))
    }

    /// Notes reasons to doubt a run.
    fn doubt(&self, run: &mut Run, cell: &Cell, residency: Option<Residency>) {
        let reached = run.applied.isolation;
        let wanted = cell.condition.isolation.min(Isolation::Namespaces);
        if reached < wanted && run.outcome != Outcome::NotStarted {
            let obstacles = self.host.obstacles().join(" ");
            run.warnings.push(format!(
                "The isolation is `{}`, not `{}`. {obstacles}",
                reached.name(),
                wanted.name()
            ));
        }
        let stays = residency.is_some_and(|residency| {
            residency.resident_bytes.saturating_mul(100) > residency.bytes * RESIDUE_MAX
        });
        if run.applied.cache == Cache::Evicted && stays {
            let residency = residency.unwrap_or_default();
            run.warnings.push(format!(
                "{} MiB of {} MiB stayed in memory after they were evicted, because other processes \
                 have them mapped.",
                residency.resident_bytes >> 20,
                residency.bytes >> 20
            ));
        }
        if run.noise.steal_share.is_some_and(|share| share > STEAL_MAX) {
            run.warnings
                .push("The hypervisor took processor time away.".to_owned());
        }
    }
}

fn run_of(started: Started, index: usize, round: u32, purpose: Purpose) -> Run {
    let Started {
        outcome,
        report,
        noise,
        invocations,
    } = started;
    let mut phases = report.phases;
    phases.first_invocation_ns = invocations.first().map(|times| times.0);
    phases.first_response_ns = invocations.first().map(|times| times.1);
    phases.second_invocation_ns = invocations.get(1).map(|times| times.0);
    phases.second_response_ns = invocations.get(1).map(|times| times.1);
    if purpose == Purpose::Imports {
        phases.modules = super::imports::read(&report.output);
    }
    let (outcome, detail) = match outcome {
        Ok(()) => (Outcome::Ready, None),
        Err(Failure::Target { outcome, detail }) => (outcome, Some(detail)),
        Err(other) => (Outcome::NotStarted, Some(other.to_string())),
    };
    Run {
        condition: slot(index),
        run: round,
        instance: 0,
        order: 0,
        warm_up: purpose != Purpose::Count,
        outcome,
        detail,
        phases,
        usage: report.usage,
        noise,
        applied: report.applied,
        warnings: report.warnings,
    }
}

/// A folder's files with their sizes and times, to see whether a run changed them.
pub(super) fn contents(folder: &Path) -> BTreeMap<PathBuf, (u64, Option<SystemTime>)> {
    observe::files_in(folder)
        .filter_map(|path| {
            let metadata = std::fs::metadata(&path).ok()?;
            Some((path, (metadata.len(), metadata.modified().ok())))
        })
        .collect()
}
