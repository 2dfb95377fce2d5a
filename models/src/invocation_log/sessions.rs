//! Events of instances joined into invocations: an init is told before the invocation that waited
//! for it, or did not.

use std::collections::BTreeMap;

use super::source::megabytes;
use super::{
    INVOCATIONS_MAX, InitKind, InvocationLog, LogError, LoggedInit, LoggedInvocation, Omission,
    Status,
};
use crate::scenario::Architecture;

/// Instances that are followed at once.
const INSTANCES_MAX: usize = 1_000_000;

/// How long after the end of its init the first request of an instance may come and still be the one
/// that waited for it: one second, or the length of the init.
const SLACK_MS: f64 = 1_000.0;

/// An event of an instance.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    /// When, in ms since 1970.
    pub(super) time_ms: Option<f64>,
    /// The instance: a log stream.
    pub(super) instance: Option<String>,
    /// The function, where the export names it.
    pub(super) function: Option<String>,
    /// What happened.
    pub(super) what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// An init began.
    InitStart {
        /// Whether nobody waits for it, where that is told.
        kind: Option<InitKind>,
        runtime: Option<String>,
        architecture: Option<Architecture>,
        memory_mb: Option<u32>,
    },
    /// An init ended.
    InitReport {
        kind: Option<InitKind>,
        ms: f64,
        status: Status,
        /// Whether it was run inside an invocation, after a first try had failed.
        in_invocation: bool,
    },
    /// A snapshot was restored.
    RestoreReport { ms: f64, status: Status },
    /// An invocation began.
    Start,
    /// An invocation ended.
    Report(Box<Report>),
}

/// The report of an invocation.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Report {
    pub(super) request: Option<String>,
    pub(super) duration_ms: Option<f64>,
    pub(super) billed_ms: Option<f64>,
    pub(super) memory_mb: Option<f64>,
    pub(super) max_memory_mb: Option<f64>,
    pub(super) init_ms: Option<f64>,
    pub(super) restore_ms: Option<f64>,
    pub(super) status: Status,
}

/// What is known of an instance whose first invocation has not been reported yet.
#[derive(Debug, Default)]
struct Session {
    init_start_ms: Option<f64>,
    start_ms: Option<f64>,
    kind: Option<InitKind>,
    failed: Option<LoggedInit>,
    restored_ms: Option<f64>,
    runtime: Option<String>,
    architecture: Option<Architecture>,
    memory_mb: Option<u32>,
}

/// Joins events; those without an instance are taken for one after the other of a single one.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: BTreeMap<String, Session>,
}

impl Sessions {
    /// Takes the next event.
    ///
    /// # Errors
    /// When there are more invocations or instances than fit.
    pub(super) fn take(
        &mut self,
        event: Event,
        log: &mut InvocationLog,
        error: impl Fn(String, &str) -> LogError,
    ) -> Result<(), LogError> {
        let key = event.instance.clone().unwrap_or_default();
        if self.open.len() >= INSTANCES_MAX && !self.open.contains_key(&key) {
            let what = format!("more than {INSTANCES_MAX} instances");
            return Err(error(
                what,
                "a log of a shorter time, or of fewer functions",
            ));
        }
        if log.invocations.len() >= INVOCATIONS_MAX {
            let what = format!("more than {INVOCATIONS_MAX} invocations");
            return Err(error(what, "a log of a shorter time"));
        }
        let session = self.open.entry(key).or_default();
        match event.what {
            What::InitStart {
                kind,
                runtime,
                architecture,
                memory_mb,
            } => {
                // A failed init is followed by its second try: what is known of the first stays.
                session.init_start_ms = session.init_start_ms.or(event.time_ms);
                session.kind = session.kind.or(kind);
                session.runtime = runtime.or(session.runtime.take());
                session.architecture = architecture.or(session.architecture);
                session.memory_mb = memory_mb.or(session.memory_mb);
            }
            What::InitReport {
                kind,
                ms,
                status,
                in_invocation,
            } => {
                session.kind = session.kind.or(kind);
                if status != Status::Success && !in_invocation {
                    log.omit(Omission::FailedInit);
                    let cut_off = status == Status::Timeout;
                    let kind = session.kind.unwrap_or(InitKind::OnDemand);
                    session.failed = Some(LoggedInit { kind, ms, cut_off });
                }
            }
            What::RestoreReport { ms, status } => {
                if status == Status::Success {
                    session.restored_ms = Some(ms);
                }
            }
            What::Start => session.start_ms = session.start_ms.or(event.time_ms),
            What::Report(report) => {
                // Lines of many instances without their names would be joined wrongly.
                if event.instance.is_none() {
                    session.init_start_ms = None;
                }
                let init = session.init(&report, log);
                let cold = init.map(|init| init.kind.was_waited_for());
                let failed = session.failed.take().is_some();
                log.invocations.push(LoggedInvocation {
                    end_ms: event.time_ms,
                    instance: event.instance,
                    function: event.function,
                    request: report.request,
                    init,
                    cold: Some(cold.unwrap_or(failed)),
                    duration_ms: report.duration_ms,
                    billed_ms: report.billed_ms,
                    memory_mb: report.memory_mb.and_then(megabytes).or(session.memory_mb),
                    max_memory_mb: report.max_memory_mb,
                    runtime: session.runtime.clone(),
                    architecture: session.architecture,
                    package: None,
                    status: report.status,
                });
                // The next invocation of this instance has waited for nothing.
                session.init_start_ms = None;
                session.start_ms = None;
                session.kind = None;
                session.restored_ms = None;
            }
        }
        Ok(())
    }
}

impl Session {
    /// The init that an invocation came after.
    fn init(&self, report: &Report, log: &mut InvocationLog) -> Option<LoggedInit> {
        if let Some(ms) = report.restore_ms.or(self.restored_ms) {
            return Some(LoggedInit {
                kind: InitKind::Restore,
                ms,
                cut_off: false,
            });
        }
        let Some(ms) = report.init_ms else {
            // A first try that was cut off is all that is known of the wait.
            return self
                .failed
                .filter(|failed| failed.cut_off && failed.kind.was_waited_for());
        };
        let kind = match self.kind {
            Some(kind) => kind,
            None if self.came_late(ms) => InitKind::Proactive,
            None => InitKind::OnDemand,
        };
        match kind {
            InitKind::Provisioned => log.omit(Omission::ProvisionedInit),
            InitKind::Proactive => log.omit(Omission::ProactiveInit),
            InitKind::OnDemand | InitKind::Restore => {}
        }
        Some(LoggedInit {
            kind,
            ms,
            cut_off: false,
        })
    }

    /// Whether the first request came long after the init had ended.
    fn came_late(&self, ms: f64) -> bool {
        match (self.init_start_ms, self.start_ms) {
            (Some(init), Some(start)) => start - init > ms + SLACK_MS.max(ms),
            _ => false,
        }
    }
}
