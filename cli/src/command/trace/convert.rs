//! `frostline trace convert`: a recording in a file of few bytes that is read fast.

use std::fs;

use anyhow::Context;
use clap::ValueEnum;
use frostline_models::arrival::{Arrivals, Placement};
use frostline_models::trace::{TraceFunction, compact};
use serde::Serialize;

use super::super::{Common, Format};
use super::source::{self, Reading};
use crate::exit::{FINE, Failure};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  frostline trace convert azure-functions-2019=azure/ --out day.fltrace
  frostline trace convert request-log=log.csv --column time=at --column cold=is_cold \\
    --out log.fltrace
  frostline simulate --trace frostline=day.fltrace";

/// Write a recording in a compact form, with all that its reader knows, for runs to come.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Convert {
    /// The recording; where the first line tells the kind, the path suffices.
    #[arg(value_name = "[KIND=]PATH")]
    trace: String,
    #[command(flatten)]
    reading: Reading,
    /// Where in its minute an invocation falls, for recordings of counts; default: uniform.
    #[arg(long, value_name = "PLACE")]
    placement: Option<Place>,
    /// Compress the file.
    #[arg(long)]
    gzip: bool,
}

/// Where in its minute an invocation falls, as in scenario files.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Place {
    Uniform,
    Equidistant,
    MinuteStart,
}

impl Place {
    fn placement(self) -> Placement {
        match self {
            Self::Uniform => Placement::Uniform,
            Self::Equidistant => Placement::Equidistant,
            Self::MinuteStart => Placement::MinuteStart,
        }
    }
}

/// What was written.
#[derive(Debug, Serialize)]
struct Written {
    schema: &'static str,
    version: u8,
    format: String,
    functions: usize,
    requests: u64,
    bytes: u64,
}

impl Convert {
    pub(super) fn run(self, common: &Common) -> Result<u8, Failure> {
        let Some(path) = &common.out else {
            let help = "--out FILE, such as --out day.fltrace";
            return Err(Failure::usage("no file to write to", help));
        };
        if path.is_dir() {
            let what = format!("{} is a folder, expected a file", path.display());
            let help = format!("--out {}", path.join("trace.fltrace").display());
            return Err(Failure::usage(what, help));
        }
        let source = source::find(&self.trace, &self.reading)?;
        if source.kind() == compact::FORMAT && self.placement.is_some() {
            let what = "a converted recording already says where in its minute an invocation falls";
            return Err(Failure::usage(what, "the recording that it was made of"));
        }
        let placement = self.placement.map_or(Placement::Uniform, Place::placement);
        let trace = source.read(placement)?;
        let is_counted =
            |function: &TraceFunction| matches!(function.arrivals, Arrivals::Counts(_));
        if self.placement.is_some() && !trace.functions.iter().any(is_counted) {
            let what = "the recording knows the instant of every request";
            return Err(Failure::usage(what, "the command without --placement"));
        }
        output::write_stream(path, self.gzip, |sink| compact::write(&trace, sink))?;
        let bytes = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()));
        let bytes = bytes?.len();
        if common.format == Format::Json {
            let written = Written {
                schema: "frostline/trace-convert/1",
                version: compact::VERSION,
                format: trace.format.clone(),
                functions: trace.functions.len(),
                requests: trace.requests(),
                bytes,
            };
            let text = serde_json::to_string_pretty(&written).context("cannot write JSON")?;
            output::print(&format!("{text}\n"))?;
        }
        let shown = path.display();
        common.say(&format!(
            "wrote {shown}, {bytes} bytes; next: frostline simulate --trace {}={shown}",
            compact::FORMAT
        ));
        Ok(FINE)
    }
}
