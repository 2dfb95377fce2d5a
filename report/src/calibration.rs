//! From measurements and production logs to a profile.
//!
//! ```text
//!  Measurements ─► measured ─┐
//!                            ├─► Samples ─► calibrate ─► Profile ─► to_toml, explained
//!  InvocationLog ─► logged ──┘   (times of each phase,   (laws, intervals, regressions,
//!                                 by day or in order)     keep-alive, warnings)
//! ```
//!
//! A phase of 200 exact times or more is simulated by its own quantiles; a smaller or censored one by
//! the law with the lowest BIC. Dependences on package size and CPU share are carried to other sizes only
//! where they predict what was held out ([`frostline_stats::regression::HOLD_OUT_MAX`]).
//!
//! **When it is wrong.** A profile is as good as its samples are like the future: other machines, other
//! versions of a platform and other packages start differently. Phases are taken for independent.

mod explain;
mod fitted;
mod logged;
mod measured;
mod samples;

use std::fmt;

use frostline_models::profile::Profile;

pub use explain::{explained, explained_json};
pub use logged::Filter;
pub use samples::{PhaseTimes, Samples};

/// The fewest times that a phase is fitted to.
pub const TIMES_MIN: u64 = 2;

/// The fewest times that are simulated by their own quantiles.
pub const EMPIRICAL_MIN: u64 = 200;

/// The fewest times that are not called few.
pub const FEW: u64 = 50;

/// How to calibrate.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The seed of bootstrap samples.
    pub seed: u64,
    /// Samples drawn for p-values and intervals.
    pub replications: usize,
    /// Whether package and sandbox of a measurement become phases too: right where the machine that
    /// measured is the platform, wrong where it stands for one.
    pub whole_start: bool,
}

/// Why samples make no profile.
#[derive(Debug, Clone, PartialEq)]
pub enum CalibrationError {
    /// There are no times of an init.
    NoTimes {
        /// What was found instead.
        found: String,
        /// What the samples say beside inits: cold ratio, warm durations, keep-alive; a line each.
        seen: Vec<String>,
    },
    /// Several kinds of functions are mixed, and none was chosen.
    Mixed {
        /// Each kind as the text of a filter, with its inits, the most first.
        groups: Vec<(String, u64)>,
    },
    /// The filter leaves nothing.
    NothingLeft {
        /// Each kind as the text of a filter, with its inits, the most first.
        groups: Vec<(String, u64)>,
    },
}

impl fmt::Display for CalibrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTimes { found, .. } => {
                write!(
                    f,
                    "found {found}, expected at least {TIMES_MIN} times of an init"
                )
            }
            Self::Mixed { groups } => {
                write!(f, "found {} kinds of functions, expected one", groups.len())
            }
            Self::NothingLeft { groups } => {
                write!(
                    f,
                    "none of {} kinds of functions is meant by the filter",
                    groups.len()
                )
            }
        }
    }
}

impl std::error::Error for CalibrationError {}

/// Fits a profile to samples.
///
/// # Errors
/// When no phase has at least [`TIMES_MIN`] times.
pub fn calibrate(samples: Samples, options: &Options) -> Result<Profile, CalibrationError> {
    fitted::profile(samples, options)
}
