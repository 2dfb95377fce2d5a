//! Integration tests of the statistics.
mod coverage;
mod fitting;
mod idle_lifetime;
