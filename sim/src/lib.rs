//! The simulated platform.
mod batch;
mod cold;
mod event;
mod job;
mod limit;
mod meter;
mod plan;
mod progress;
mod run;
mod stream;

pub use frostline_stats::outcome;
pub use progress::{Cancelled, Observer, Unobserved};
pub use run::{Kernels, Options, simulate};
