//! What may be concluded from numbers.
pub mod estimate;
pub mod histogram;
pub mod outcome;
pub mod replications;
pub mod warning;
