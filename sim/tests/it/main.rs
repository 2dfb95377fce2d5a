//! Tests of the engine as its users see it.

mod agreement;
mod brute;
mod conformance;
mod oracles;
mod reference;
mod setup;
