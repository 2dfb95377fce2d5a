//! Keep-alive: how long an idle instance is kept.

use serde::Serialize;

use crate::units::SimDuration;

/// How long an idle instance is kept. It expires when it has been idle strictly longer than its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepAlive {
    /// The same time at every idle start.
    Fixed(SimDuration),
    /// A time between the two, drawn anew at each idle start.
    Uniform {
        /// The shortest time.
        low: SimDuration,
        /// The longest time.
        high: SimDuration,
    },
    /// At each multiple of this age of idleness the instance survives with probability one half.
    Halving(SimDuration),
    /// An instance serves one request (at a time filled) and ends.
    None,
    /// Idle instances are never taken away.
    Forever,
}

impl KeepAlive {
    /// The time after which practically every idle instance is gone: the fixed time, the longest
    /// uniform one, 30 halvings (survived with probability 10⁻⁹); `None` when there is no such time.
    pub fn longest(self) -> Option<SimDuration> {
        match self {
            Self::Fixed(span) => Some(span),
            Self::Uniform { high, .. } => Some(high),
            Self::Halving(period) => Some(SimDuration(period.0.saturating_mul(30))),
            Self::None => Some(SimDuration::ZERO),
            Self::Forever => None,
        }
    }
}

/// Which available instance takes an invocation: a first-order property of a platform. Measured AWS
/// data fit most-recent reuse and refute FIFO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reuse {
    /// The instance that finished an invocation last (MRU, LIFO).
    MostRecent,
    /// The youngest instance.
    Newest,
    /// The oldest instance.
    Oldest,
    /// Any, with equal probability.
    Random,
    /// The instance that has waited longest (LRU, FIFO).
    LeastRecent,
}
