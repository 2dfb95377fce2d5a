//! `frostline trace info`: what a recording holds.

use frostline_models::arrival::Placement;
use frostline_report::trace_info::TraceInfo;

use super::super::{Common, Format, WIDTH};
use super::source::{self, Reading};
use crate::exit::{FINE, Failure};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  frostline trace info azure/
  frostline trace info azure-functions-2019=azure/ --format json
  frostline trace info request-log=log.csv --column time=at --column duration=took";

/// Describe a recording: rates, tails, idle gaps, bursts, and what is missing.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Info {
    /// The recording; where the first line tells the kind, the path suffices.
    #[arg(value_name = "[KIND=]PATH")]
    trace: String,
    #[command(flatten)]
    reading: Reading,
}

impl Info {
    pub(super) fn run(self, common: &Common) -> Result<u8, Failure> {
        let source = source::find(&self.trace, &self.reading)?;
        let trace = source.read(Placement::Uniform)?;
        let info = TraceInfo::new(&trace, env!("CARGO_PKG_VERSION"));
        if let Some(folder) = &common.out {
            output::write(&folder.join("trace-info.json"), &info.to_json())?;
        }
        output::print(&match common.format {
            Format::Text => info.to_text(WIDTH, &source.typed()),
            Format::Json => info.to_json(),
        })?;
        Ok(FINE)
    }
}
