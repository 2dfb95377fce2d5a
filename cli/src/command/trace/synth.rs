//! `frostline trace synth`: a trace after published marginals, in the layout of the released one.

use std::path::Path;

use anyhow::Context;
use clap::ValueEnum;
use frostline_models::trace::synth::{Recipe, Synthesis, Tables};
use frostline_models::units::parse_count;
use serde::Serialize;

use super::super::{Common, Format};
use crate::exit::{FINE, Failure};
use crate::output::{self, Pending};

/// Bytes that are gathered for a file before they are written.
const BLOCK: usize = 1 << 17;

const EXAMPLES: &str = "\
Examples:
  frostline trace synth --functions 500 --invocations 3e6 --out azure/
  frostline trace synth --functions 50_000 --invocations 1e9 --gzip --out day/";

/// Write a synthetic trace in the layout of Azure Functions 2019, from published marginals.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Synth {
    /// The trace to resemble.
    #[arg(long, value_name = "NAME", default_value = "azure-2019")]
    like: Like,
    /// Functions of the trace, such as `500` or `50_000`.
    #[arg(long, value_name = "N", value_parser = parse_count)]
    functions: u64,
    /// Invocations of all functions over all days, such as `3e6`; the sum is exact.
    #[arg(long, value_name = "N", value_parser = parse_count)]
    invocations: u64,
    /// Days, three files each.
    #[arg(long, value_name = "N", default_value_t = 1)]
    days: u32,
    /// Compress the files.
    #[arg(long)]
    gzip: bool,
}

/// The traces that can be resembled.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Like {
    /// Azure Functions in July 2019 (Shahrad et al., USENIX ATC 2020).
    #[value(name = "azure-2019")]
    Azure2019,
}

/// What was written.
#[derive(Debug, Serialize)]
struct Written {
    schema: &'static str,
    like: String,
    functions: u64,
    invocations: u64,
    days: u32,
    seed: u64,
    files: Vec<String>,
}

impl Synth {
    pub(super) fn run(self, common: &Common) -> Result<u8, Failure> {
        let Some(folder) = &common.out else {
            return Err(Failure::usage(
                "no folder to write to",
                "--out DIR, such as --out azure/",
            ));
        };
        let recipe = Recipe {
            functions: self.functions,
            invocations: self.invocations,
            days: self.days,
            seed: common.seed,
        };
        let synthesis = Synthesis::new(recipe).map_err(|error| {
            let help = "--functions 500 --invocations 3e6 --days 1";
            Failure::usage(error.to_string(), help)
        })?;
        let files = write(&synthesis, folder, self.gzip)?;
        if common.format == Format::Json {
            let written = Written {
                schema: "frostline/trace-synth/1",
                like: self.name(),
                functions: recipe.functions,
                invocations: recipe.invocations,
                days: recipe.days,
                seed: recipe.seed,
                files,
            };
            let text = serde_json::to_string_pretty(&written).context("cannot write JSON")?;
            output::print(&format!("{text}\n"))?;
        }
        let shown = folder.display();
        let next = if self.days == 1 {
            shown.to_string()
        } else {
            let [name, ..] = Tables::names(1);
            folder.join(named(&name, self.gzip)).display().to_string()
        };
        common.say(&format!(
            "wrote {} files to {shown}; next: frostline simulate --trace azure-functions-2019={next}",
            3 * self.days
        ));
        Ok(FINE)
    }

    fn name(&self) -> String {
        let value = self.like.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Streams the tables to files that appear together at the end; gives their names.
fn write(synthesis: &Synthesis, folder: &Path, gzip: bool) -> anyhow::Result<Vec<String>> {
    let mut days = Vec::new();
    let mut names = Vec::new();
    for day in 1..=synthesis.recipe().days {
        let paths = Tables::names(day).map(|name| named(&name, gzip));
        let files = paths
            .each_ref()
            .map(|name| Pending::new(&folder.join(name), gzip));
        names.extend(paths);
        let [invocations, durations, memory] = files;
        days.push([invocations?, durations?, memory?]);
    }
    let mut tables = vec![Tables::headers(); days.len()];
    let mut printer = synthesis.printer();
    let mut is_more = true;
    while is_more {
        is_more = printer.print(&mut tables);
        for (day, rows) in days.iter_mut().zip(&mut tables) {
            if is_more && rows.invocations.len() < BLOCK {
                continue;
            }
            let [invocations, durations, memory] = day;
            invocations.write(&rows.invocations)?;
            durations.write(&rows.durations)?;
            memory.write(&rows.memory)?;
            rows.clear();
        }
    }
    output::publish(days.into_iter().flatten())?;
    Ok(names)
}

fn named(name: &str, gzip: bool) -> String {
    let suffix = if gzip { ".gz" } else { "" };
    format!("{name}{suffix}")
}
