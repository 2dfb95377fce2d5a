//! Tests of the engine as its users see it.

mod agreement;
mod brute;
mod reference;
mod setup;
