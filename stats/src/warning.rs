//! Doubts.
use serde::Serialize;

/// A doubt.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Warning {
    /// The run is too short for the automatic warm-up.
    WarmUpCut,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the run is too short for the automatic warm-up")
    }
}
