//! Arrival processes: when requests come.
//!
//! [`Arrivals`] is the valid description; the engine turns it into a stream of instants. All of them
//! are exact: a Poisson process with a changing rate is drawn by thinning or by rescaled time, never
//! by small steps.

mod counts;
mod recorded;

use serde::Serialize;

pub use self::counts::{CellCursor, Counts, Placement};
pub use self::recorded::{ColdFlags, Recorded, RecordedError};
use crate::law::Law;
use crate::units::{Rate, SimDuration};

/// When requests come to a function.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrivals {
    /// A Poisson process with a constant rate.
    Poisson(Rate),
    /// Independent inter-arrival times of one law; the first request comes after one such time.
    Renewal(Law),
    /// A Poisson process whose rate is a step or a polygon, repeated with a period.
    Piecewise(Piecewise),
    /// A Poisson process with rate mean · (1 + amplitude · cos(2π (t − peak)/period)).
    Sinusoidal(Sinusoidal),
    /// A Markov-modulated Poisson process: exponential stays in states that each have a rate.
    Mmpp(Mmpp),
    /// A Poisson process of bursts over a Poisson background.
    Bursts(Bursts),
    /// Requests known one by one: a schedule, or a recording.
    Recorded(Recorded),
    /// Recorded counts per interval of a trace.
    Counts(Counts),
}

/// A piecewise rate: valid when `points` starts at 0, ascends, and ends before `period`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Piecewise {
    /// After this time the points start over.
    pub period: SimDuration,
    /// From each instant on, the rate: held until the next point, or reached in a straight line.
    pub points: Vec<(SimDuration, Rate)>,
    /// How the rate goes from one point to the next.
    pub interpolation: Interpolation,
}

/// How a rate goes from one point to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// The rate of a point holds until the next one.
    Step,
    /// A straight line to the next point; from the last back to the first.
    Linear,
}

/// A sinusoidal rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sinusoidal {
    /// The mean rate.
    pub mean: Rate,
    /// Relative amplitude in [0, 1].
    pub amplitude: f64,
    /// One cycle; greater than zero.
    pub period: SimDuration,
    /// When in the cycle the rate is highest.
    pub peak: SimDuration,
}

/// States of a Markov-modulated Poisson process; at least two. The run starts in the first; from a
/// state the process moves on to the next in the list, from the last to the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mmpp {
    /// (rate of requests, mean of the exponential stay).
    pub states: Vec<(Rate, SimDuration)>,
}

/// Bursts: at the instants of a Poisson process, `size` requests at uniform instants within `within`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bursts {
    /// Rate of bursts.
    pub rate: Rate,
    /// Requests in a burst, at least 1.
    pub size: u32,
    /// The span over which a burst's requests fall.
    pub within: SimDuration,
    /// Rate of the single requests between bursts.
    pub background: Rate,
}

impl Arrivals {
    /// Which requests met a cold start when they were recorded, where that is known.
    pub fn recorded_cold(&self) -> Option<&ColdFlags> {
        match self {
            Self::Recorded(recorded) => recorded.cold(),
            _ => None,
        }
    }

    /// Twice the traffic, at the same hours: rates and counts are doubled, gaps of a renewal process
    /// are halved, and after each recorded request comes a second one, halfway to the next.
    #[must_use]
    pub fn doubled(&self) -> Self {
        match self {
            Self::Poisson(rate) => Self::Poisson(rate.doubled()),
            Self::Renewal(law) => Self::Renewal(law.scaled(0.5)),
            Self::Piecewise(rates) => {
                let mut rates = rates.clone();
                for (_, rate) in &mut rates.points {
                    *rate = rate.doubled();
                }
                Self::Piecewise(rates)
            }
            Self::Sinusoidal(rate) => Self::Sinusoidal(Sinusoidal {
                mean: rate.mean.doubled(),
                ..*rate
            }),
            Self::Mmpp(process) => {
                let states = process.states.iter();
                Self::Mmpp(Mmpp {
                    states: states.map(|(rate, stay)| (rate.doubled(), *stay)).collect(),
                })
            }
            Self::Bursts(bursts) => Self::Bursts(Bursts {
                rate: bursts.rate.doubled(),
                background: bursts.background.doubled(),
                ..*bursts
            }),
            Self::Recorded(recorded) => Self::Recorded(recorded.doubled()),
            Self::Counts(counts) => {
                let doubled = counts.cells().map(|(cell, n)| (cell, n.saturating_mul(2)));
                Self::Counts(Counts::new(counts.interval, counts.placement, doubled))
            }
        }
    }

    /// The long-run mean rate in requests per second over a run of this length.
    pub fn mean_per_second(&self, duration: SimDuration) -> f64 {
        use crate::math::to_f64;
        match self {
            Self::Poisson(rate) => rate.as_per_second(),
            Self::Renewal(law) => 1e9 / law.mean_ns().max(1.0),
            Self::Piecewise(rates) => rates.mean_per_second(),
            Self::Sinusoidal(rate) => rate.mean.as_per_second(),
            Self::Mmpp(process) => {
                let stays: f64 = process.states.iter().map(|state| to_f64(state.1.0)).sum();
                let weighted = process
                    .states
                    .iter()
                    .map(|(rate, stay)| rate.as_per_second() * to_f64(stay.0));
                weighted.sum::<f64>() / stays.max(1.0)
            }
            Self::Bursts(bursts) => {
                bursts.rate.as_per_second() * f64::from(bursts.size)
                    + bursts.background.as_per_second()
            }
            Self::Recorded(recorded) => {
                to_f64(recorded.total_within(duration)) / duration.as_secs_f64().max(1e-9)
            }
            Self::Counts(counts) => to_f64(counts.total()) / duration.as_secs_f64().max(1e-9),
        }
    }
}

impl Piecewise {
    /// The mean rate over one period.
    pub fn mean_per_second(&self) -> f64 {
        use crate::math::to_f64;
        let mut area = 0.0;
        for (index, (from, rate)) in self.points.iter().enumerate() {
            let (to, next) = match self.points.get(index + 1) {
                Some((to, next)) => (*to, *next),
                None => (self.period, self.points[0].1),
            };
            let mean = match self.interpolation {
                Interpolation::Step => rate.as_per_second(),
                Interpolation::Linear => f64::midpoint(rate.as_per_second(), next.as_per_second()),
            };
            area += mean * to_f64(to.0 - from.0);
        }
        area / to_f64(self.period.0.max(1))
    }
}
