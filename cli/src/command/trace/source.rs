//! The recording that an argument means.

use std::path::{Path, PathBuf};

use frostline_models::arrival::Placement;
use frostline_models::scenario_file::{Resources, TraceRequest};
use frostline_models::trace::{Trace, azure2019};

use crate::exit::Failure;
use crate::resources::{self, Files};

/// The kinds that can be named.
const KINDS: [&str; 1] = [azure2019::FORMAT];

/// A recording: its kind and where it lies.
pub(super) struct Source {
    kind: String,
    path: String,
}

/// Finds the recording that `KIND=PATH` or `PATH` means.
///
/// # Errors
/// When there is no such file or kind, or the first lines do not tell it.
pub(super) fn find(argument: &str) -> Result<Source, Failure> {
    let help = || format!("KIND=PATH, where KIND is {}", KINDS.join(", "));
    let named = argument
        .split_once('=')
        .filter(|(kind, _)| !Path::new(argument).exists() && !kind.contains('/'));
    let (kind, path) = match named {
        Some((kind, path)) => (Some(kind), path),
        None => (None, argument),
    };
    if let Some(kind) = kind.filter(|kind| !KINDS.contains(kind)) {
        let what = format!("no reader for traces of the kind `{kind}`");
        return Err(Failure::usage(what, help()));
    }
    if !Path::new(path).exists() {
        let what = format!("no file or folder {path}, expected a trace");
        return Err(Failure::usage(what, help()));
    }
    let kind = match kind {
        Some(kind) => kind.to_owned(),
        None => resources::kind_of(Path::new(path))
            .map_err(|what| Failure::usage(what, help()))?
            .ok_or_else(|| {
                let what = format!("the first line of {path} does not tell the kind of the trace");
                Failure::usage(what, help())
            })?,
    };
    Ok(Source {
        kind,
        path: path.to_owned(),
    })
}

impl Source {
    /// Reads it.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub(super) fn read(&self) -> Result<Trace, Failure> {
        let request = TraceRequest {
            format: self.kind.clone(),
            path: self.path.clone(),
            placement: Placement::Uniform,
            options: Vec::new(),
        };
        Files::beside(PathBuf::new())
            .trace(&request)
            .map_err(|what| Failure::usage(what, format!("another {}", self.kind)))
    }

    /// What to type after `--trace`.
    pub(super) fn typed(&self) -> String {
        format!("{}={}", self.kind, self.path)
    }
}
