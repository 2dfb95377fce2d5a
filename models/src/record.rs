//! The one thing that simulation and measurement have in common: the record of an invocation.
//!
//! `sim` and `bench-harness` never see each other; both produce [`Invocation`]s, which makes
//! validation a single comparison.

use serde::Serialize;

use crate::init::Phase;
use crate::units::{SimDuration, SimTime};

/// How a request's attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Served by an instance that was ready.
    Warm,
    /// Had to wait for an instance to start.
    Cold,
    /// Refused for a limit; nothing ran.
    Throttled(ThrottleReason),
    /// Waited in the queue for longer than allowed; nothing ran.
    Dropped,
}

/// The limit for which a request was refused, in AWS's words where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum ThrottleReason {
    /// The account's concurrency is used up.
    ConcurrentInvocationLimitExceeded,
    /// The function's reserved concurrency is used up.
    ReservedFunctionConcurrentInvocationLimitExceeded,
    /// Requests come faster than the rate limit.
    FunctionInvocationRateLimitExceeded,
    /// Instances are wanted faster than the scale-up limit gives them.
    ScaleUpLimitExceeded,
    /// The function has as many instances as it may have.
    MaximumInstancesReached,
}

impl ThrottleReason {
    /// The reason's name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConcurrentInvocationLimitExceeded => "ConcurrentInvocationLimitExceeded",
            Self::ReservedFunctionConcurrentInvocationLimitExceeded => {
                "ReservedFunctionConcurrentInvocationLimitExceeded"
            }
            Self::FunctionInvocationRateLimitExceeded => "FunctionInvocationRateLimitExceeded",
            Self::ScaleUpLimitExceeded => "ScaleUpLimitExceeded",
            Self::MaximumInstancesReached => "MaximumInstancesReached",
        }
    }
}

/// One attempt of one request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Invocation {
    /// Index of the function in its scenario.
    pub function: u32,
    /// The request, numbered from 0 within its function and replication.
    pub request: u64,
    /// The request that caused this one, in a workflow.
    pub parent: Option<u64>,
    /// The attempt, from 0.
    pub attempt: u32,
    /// When the request arrived.
    pub arrival: SimTime,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it found every provisioned instance busy.
    pub spillover: bool,
    /// Whether the function's timeout cut it off.
    pub timed_out: bool,
    /// Time in the queue before an instance was asked for or found.
    pub queue: SimDuration,
    /// Time waited for an instance to start; zero when warm.
    pub init: SimDuration,
    /// The phases of that start, where the request caused it.
    pub phases: Vec<(Phase, SimDuration)>,
    /// From the function's start to its response.
    pub duration: SimDuration,
}

impl Invocation {
    /// Arrival to response: queue, init and duration.
    pub fn latency(&self) -> SimDuration {
        SimDuration(self.queue.0 + self.init.0 + self.duration.0)
    }
}
