//! Integration tests of the statistics.
mod coverage;
mod fitting;
