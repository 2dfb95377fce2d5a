//! Real cold starts of real processes.
//!
//! ```text
//!  Host ─────────┐  groups, network, temporary folder of this harness
//!                ▼
//!  Target ── start ─► Instance ── ready ─► invoke … ── stop ─► Report
//!                ▲
//!  Factors ─► Cell ─► Measurement ─► Listener (one line a start) ─► Measurements
//!                 └─► Pairs: two targets that take turns ─► pairs of runs
//! ```
//!
//! # Guarantees
//! * Phases are counted from a stamp taken in the child just before `execve`.
//! * Dropping an instance kills everything that it started; dropping the host removes what it made.
//!   What a killed harness leaves, [`cleanup::clean`] removes.
//! * Servers listen on loopback only, inside a network namespace where the machine allows one.
//! * What the machine forbids is a warning of the run, and [`Host::obstacles`] says why.
//!
//! # Limits
//! * Linux only. Pages that other processes have mapped, such as the C library, cannot be evicted.
#![cfg(target_os = "linux")]

mod allotment;
mod body;
mod cache;
mod cgroup;
pub mod cleanup;
mod clock;
pub mod doctor;
mod host;
mod machine;
pub mod measure;
mod namespace;
mod network;
mod noise;
mod observe;
pub mod package;
pub mod pairs;
pub mod plan;
pub mod pool;
mod punctual;
mod reaper;
mod runtime_api;
mod spawn;
pub mod target;
mod watch;

pub use host::{Host, HostError, HostOptions};
