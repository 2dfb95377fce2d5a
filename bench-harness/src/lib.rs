//! Real cold starts of real processes.
#![cfg(target_os = "linux")]

mod allotment;
mod body;
mod cache;
mod cgroup;
mod clock;
mod host;
mod machine;
pub mod measure;
mod namespace;
mod network;
mod noise;
mod observe;
pub mod package;
pub mod plan;
mod reaper;
mod runtime_api;
mod spawn;
pub mod target;
mod watch;

pub use host::{Host, HostError, HostOptions};
