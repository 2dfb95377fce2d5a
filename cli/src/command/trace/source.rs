//! The recording that an argument means.

use std::path::{Path, PathBuf};

use frostline_models::arrival::Placement;
use frostline_models::scenario_file::{Resources, TraceRequest};
use frostline_models::trace::{FORMATS, Trace, azure2019, request_log};

use crate::exit::Failure;
use crate::resources::{self, Files, Unpacking};

/// How a recording is read.
#[derive(Debug, clap::Args)]
pub(super) struct Reading {
    /// A column of a request log or a unit, as in a scenario: `time=at`, `duration=took`,
    /// `duration-unit=ms`; `function`, `end`, `cold` and `time-unit` too.
    #[arg(long, value_name = "KEY=NAME")]
    column: Vec<String>,
    /// The day of a folder with several, as in a scenario: 3 for the files with `.d03.` in their names.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=99))]
    day: Option<u8>,
    #[command(flatten)]
    unpacking: Unpacking,
}

/// A recording: its kind, where it lies and how it is read.
pub(super) struct Source {
    kind: String,
    path: String,
    options: Vec<(String, String)>,
    unpacking: Unpacking,
}

/// Finds the recording that `KIND=PATH` or `PATH` means.
///
/// # Errors
/// When there is no such file or kind, the first lines do not tell it, or columns are named that it
/// does not have.
pub(super) fn find(argument: &str, reading: &Reading) -> Result<Source, Failure> {
    let help = || format!("KIND=PATH, where KIND is {}", FORMATS.join(", "));
    let named = argument
        .split_once('=')
        .filter(|(kind, _)| !Path::new(argument).exists() && !kind.contains('/'));
    let (kind, path) = match named {
        Some((kind, path)) => (Some(kind), path),
        None => (None, argument),
    };
    if let Some(kind) = kind.filter(|kind| !FORMATS.contains(kind)) {
        let what = format!("no reader for traces of the kind `{kind}`");
        return Err(Failure::usage(what, help()));
    }
    if !Path::new(path).exists() {
        let what = format!("no file or folder {path}, expected a trace");
        return Err(Failure::usage(what, help()));
    }
    let kind = match kind {
        Some(kind) => kind.to_owned(),
        None => resources::kind_of(Path::new(path), &reading.unpacking)
            .map_err(|what| Failure::usage(what, help()))?
            .ok_or_else(|| {
                let what = format!("the first line of {path} does not tell the kind of the trace");
                Failure::usage(what, help())
            })?,
    };
    let mut options = reading.options()?;
    if !options.is_empty() && kind != request_log::FORMAT {
        let what = format!("a trace of the kind `{kind}` has columns of its own");
        return Err(Failure::usage(what, "the command without --column"));
    }
    if let Some(day) = reading.day {
        if kind != azure2019::FORMAT {
            let what = format!("a trace of the kind `{kind}` has no days to choose from");
            return Err(Failure::usage(what, "the command without --day"));
        }
        options.push(("day".to_owned(), day.to_string()));
    }
    Ok(Source {
        unpacking: reading.unpacking.clone(),
        kind,
        path: path.to_owned(),
        options,
    })
}

impl Reading {
    /// The columns as (key, name), each key once.
    fn options(&self) -> Result<Vec<(String, String)>, Failure> {
        let mut options = Vec::<(String, String)>::new();
        for column in &self.column {
            let split = column.split_once('=');
            let named = split.filter(|(key, name)| !key.is_empty() && !name.is_empty());
            let Some((key, name)) = named else {
                let what = format!("found `--column {column}`, expected a key and a name");
                return Err(Failure::usage(what, "--column time=NAME"));
            };
            if options.iter().any(|(other, _)| other == key) {
                let what = format!("`--column {key}=…` stands there twice");
                return Err(Failure::usage(what, format!("--column {column} alone")));
            }
            options.push((key.to_owned(), name.to_owned()));
        }
        Ok(options)
    }
}

impl Source {
    /// The name of its format.
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    /// Reads it.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub(super) fn read(&self, placement: Placement) -> Result<Trace, Failure> {
        let request = TraceRequest {
            format: self.kind.clone(),
            path: self.path.clone(),
            placement,
            options: self.options.clone(),
        };
        let help = || {
            if let Some(help) = self.unpacking.help() {
                help
            } else if self.kind == request_log::FORMAT {
                "--column time=NAME, and so on for end, duration, function, cold".to_owned()
            } else {
                format!("another {}", self.kind)
            }
        };
        Files::beside(PathBuf::new(), &self.unpacking)
            .trace(&request)
            .map_err(|what| Failure::usage(what, help()))
    }

    /// What to type after `--trace`, in parts between which a line may be broken.
    pub(super) fn typed(&self) -> Vec<String> {
        let mut typed = vec![format!("{}={}", self.kind, self.path)];
        for (key, name) in &self.options {
            let is_plain = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '-';
            let is_count = key == "day";
            let path = format!("trace.{}.{key}", self.kind);
            typed.push(if is_count || name.chars().all(is_plain) {
                format!("--set {path}={name}")
            } else {
                format!("--set '{path}=\"{name}\"'")
            });
        }
        typed
    }
}
