//! Integration tests of `frostline-models`, one module a subject.

mod price;
mod profile;
mod scenario;
mod trace;
