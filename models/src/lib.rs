//! Vocabulary and mathematics of cold starts.
pub mod arrival;
pub mod diagnostic;
pub mod init;
pub mod keepalive;
pub mod law;
pub mod math;
pub mod metric;
pub mod preset;
pub mod price;
pub mod profile;
pub mod random;
pub mod record;
mod runtime_table;
pub mod scenario;
pub mod scenario_file;
mod suggest;
pub mod trace;
pub mod units;
