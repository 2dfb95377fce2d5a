//! Integration tests of `frostline-models`, one module a subject.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests read files, and one that cannot go on has failed"
)]

mod always_on;
mod invocation_log;
mod keep_alive;
mod law;
mod precision;
mod price;
mod profile;
mod provisioned;
mod scenario;
mod synth;
mod trace;
