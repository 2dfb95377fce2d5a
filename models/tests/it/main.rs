//! Integration tests of `frostline-models`, one module a subject.

mod trace;
