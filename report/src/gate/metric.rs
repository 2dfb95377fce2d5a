//! What a gate compares.

use frostline_models::math::{count_to_f64, to_f64};
use frostline_models::measurement::{Outcome, Run};
use serde::Serialize;

/// A number that a run gives; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Processor time until readiness.
    Cpu,
    /// Processor time from start to end, invocations included.
    CpuTotal,
    /// From `execve` to readiness.
    Wall,
    /// From `execve` to the response to the first invocation.
    FirstResponse,
    /// Page faults that needed no reading, from start to end.
    Faults,
}

impl Metric {
    /// Every metric, in the order of outputs.
    pub const ALL: [Self; 5] = [
        Self::Cpu,
        Self::CpuTotal,
        Self::Wall,
        Self::FirstResponse,
        Self::Faults,
    ];

    /// The name on the command line and in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::CpuTotal => "cpu-total",
            Self::Wall => "wall",
            Self::FirstResponse => "first-response",
            Self::Faults => "faults",
        }
    }

    /// The unit of its values; empty for counts.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Cpu | Self::CpuTotal | Self::Wall | Self::FirstResponse => "ms",
            Self::Faults => "",
        }
    }

    /// The value of one start, with the mean over instances that started at once; `None` where one of
    /// them failed or did not tell.
    pub fn of(self, runs: &[Run]) -> Option<f64> {
        let values = runs
            .iter()
            .map(|run| self.of_run(run))
            .collect::<Option<Vec<f64>>>()?;
        if values.is_empty() {
            return None;
        }
        Some(values.iter().sum::<f64>() / count_to_f64(values.len()))
    }

    fn of_run(self, run: &Run) -> Option<f64> {
        if run.outcome != Outcome::Ready {
            return None;
        }
        let usage = &run.usage;
        let total = || Some(usage.user_ns?.saturating_add(usage.system_ns?));
        let ms = |ns: u64| to_f64(ns) / 1e6;
        match self {
            Self::Cpu => usage.cpu_ready_ns.or_else(total).map(ms),
            Self::CpuTotal => total().map(ms),
            Self::Wall => run.phases.ready_ns.map(ms),
            Self::FirstResponse => run.phases.first_response_ns.map(ms),
            Self::Faults => usage.minor_faults.map(to_f64),
        }
    }
}
