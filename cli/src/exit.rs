//! How a run ends: exit codes that scripts may rely on, and the failures behind them.

use frostline_models::diagnostic::Diagnostics;

/// Everything went well.
pub(crate) const FINE: u8 = 0;
/// An internal fault: a bug, a full disk.
pub(crate) const FAULT: u8 = 1;
/// Bad input or usage.
pub(crate) const BAD_INPUT: u8 = 2;
/// An SLO failed, and `--check-slo` was given.
pub(crate) const SLO_FAILED: u8 = 3;
/// A gate found the change slower: the same code as a broken promise.
pub(crate) const SLOWER: u8 = SLO_FAILED;
/// Not enough evidence for or against an SLO, and `--check-slo` was given.
pub(crate) const UNCLEAR: u8 = 4;
/// Interrupted with Ctrl-C: 128 + the number of the signal, as shells have it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command ended without its result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Mistakes in files or assignments, with their places.
    Input(Diagnostics),
    /// Any other bad input: what is wrong, and what to type.
    Usage {
        /// A lower-case fragment.
        what: String,
        /// The text to type.
        help: String,
    },
    /// Not the user's mistake.
    Fault(anyhow::Error),
    /// Ctrl-C: what is missing.
    Interrupted(String),
}

impl Failure {
    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::Usage { .. } => BAD_INPUT,
            Self::Fault(_) => FAULT,
            Self::Interrupted(_) => INTERRUPTED,
        }
    }

    /// A mistake of usage.
    pub(crate) fn usage(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage {
            what: what.into(),
            help: help.into(),
        }
    }
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Input(diagnostics)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(error)
    }
}
