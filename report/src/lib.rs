//! From counts to numbers with intervals, verdicts and text.
mod bill;
mod doubt;
mod estimates;
pub mod section;
pub mod summary;
pub mod verdict;
