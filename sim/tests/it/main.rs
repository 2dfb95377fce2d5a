//! Tests of the engine as its users see it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agreement;
mod brute;
mod conformance;
mod determinism;
mod limits;
mod oracles;
mod provisioned;
mod reference;
mod scaling;
mod setup;
mod theory;
mod timeline;
mod warm_up;
