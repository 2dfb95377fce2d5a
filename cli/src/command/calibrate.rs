//! `frostline calibrate`: measurements and production logs in, a profile out.

use std::path::{Path, PathBuf};

use frostline_models::invocation_log::{Columns, Format as LogFormat};
use frostline_models::profile::Profile;
use frostline_report::calibration::{
    self, CalibrationError, Filter, Options, Samples, explained, explained_json,
};

use super::{Common, Format};
use crate::exit::{FINE, Failure, UNCLEAR};
use crate::output;
use crate::resources::{self, Unpacking};

mod input;

/// The widest line of a table: what every terminal has.
const WIDTH: usize = 80;

/// What profiles are called.
const SUFFIX: &str = ".profile.toml";

const EXAMPLES: &str = "\
Examples:
  frostline calibrate checkout.jsonl --out checkout.profile.toml
  frostline calibrate logs.csv --where runtime=python3.13,package=zip --out .
  frostline calibrate --explain checkout.profile.toml

Log formats: aws-text, aws-json, cloudwatch-events, logs-insights, lambda-insights, lambda-perf,
otlp, cloud-run, knative, csv. Plain, or compressed with gzip, zstd, bzip2 or xz.";

/// Fit a profile of init to measurements or production logs, or show one.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Calibrate {
    /// Measurements of `frostline measure`, or logs; several are taken together.
    #[arg(value_name = "INPUT", required_unless_present = "explain")]
    inputs: Vec<PathBuf>,
    /// Show a profile instead of fitting one.
    #[arg(long, value_name = "FILE", conflicts_with = "inputs")]
    explain: Option<PathBuf>,
    /// The format of the inputs; told by their first line otherwise.
    #[arg(long, value_name = "KIND", value_parser = format_of)]
    format_in: Option<LogFormat>,
    /// Take only these invocations of a log: `function`, `runtime`, `package`, `architecture` or
    /// `memory`, as in `--where runtime=python3.13,memory=512`.
    #[arg(long = "where", value_name = "KEY=VALUE")]
    filters: Vec<String>,
    /// The name of a column of a table: `--column init=boot_ms`.
    #[arg(long = "column", value_name = "ROLE=NAME")]
    columns: Vec<String>,
    /// The condition of a measurement that becomes the phases, from 0; chosen otherwise.
    #[arg(long, value_name = "N")]
    condition: Option<u32>,
    /// Make package and sandbox of a measurement phases too: the machine that measured is the
    /// platform, and does not stand for one.
    #[arg(long)]
    whole_start: bool,
    /// What the profile is of; taken from the inputs otherwise.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Samples drawn for each p-value; 0 leaves p-values out.
    #[arg(long, value_name = "N", default_value_t = 99, value_parser = clap::value_parser!(u32).range(..=10_000))]
    bootstrap: u32,
    #[command(flatten)]
    unpacking: Unpacking,
}

impl Calibrate {
    pub(crate) fn run(self, common: &Common) -> Result<u8, Failure> {
        if let Some(path) = &self.explain {
            return explain(path, &self.unpacking, common);
        }
        let samples = input::samples(&self, common)?;
        let fitted = calibration::calibrate(samples, &self.options(common));
        if let Err(CalibrationError::NoTimes { found, seen }) = &fitted
            && common.out.is_none()
            && !seen.is_empty()
        {
            return without_profile(found, seen, common);
        }
        let mut profile = fitted.map_err(|error| refused(&error))?;
        if let Some(name) = &self.name {
            profile.name.clone_from(name);
        }
        let file = match &common.out {
            Some(path) => target(path, &profile.name),
            None => PathBuf::from(format!("{}{SUFFIX}", slug(&profile.name))),
        };
        if common.out.is_some() {
            output::write(&file, &profile.to_toml())?;
        }
        show(&profile, &file, common)?;
        match &common.out {
            Some(_) => common.say(&format!("wrote {}", file.display())),
            None => common.say(&format!(
                "nothing was written; --out {} writes it",
                file.display()
            )),
        }
        Ok(FINE)
    }

    fn options(&self, common: &Common) -> Options {
        Options {
            seed: common.seed,
            replications: usize::try_from(self.bootstrap).unwrap_or(0),
            whole_start: self.whole_start,
        }
    }
}

/// Shows what a log without inits says all the same.
fn without_profile(found: &str, seen: &[String], common: &Common) -> Result<u8, Failure> {
    let text = match common.format {
        Format::Text => seen.join("\n") + "\n",
        Format::Json => {
            let value = serde_json::json!({
                "schema": "frostline/calibration/1",
                "manifest": { "version": env!("CARGO_PKG_VERSION"), "seed": common.seed },
                "profile": null,
                "seen": seen,
            });
            format!("{value:#}\n")
        }
    };
    output::print(&text)?;
    common.say(&format!("no profile: {found}"));
    Ok(UNCLEAR)
}

/// Shows a profile that was written before.
fn explain(path: &Path, unpacking: &Unpacking, common: &Common) -> Result<u8, Failure> {
    let name = path.display().to_string();
    let help = || format!("to make one: frostline calibrate INPUT --out {name}");
    let text =
        resources::profile_text(path, unpacking).map_err(|why| Failure::usage(why, help()))?;
    let profile = Profile::parse(&name, &text)?;
    show(&profile, path, common)?;
    Ok(FINE)
}

fn show(profile: &Profile, file: &Path, common: &Common) -> Result<(), Failure> {
    let text = match common.format {
        Format::Text => explained(profile, &file.display().to_string(), WIDTH),
        Format::Json => {
            let value = explained_json(profile, env!("CARGO_PKG_VERSION"), common.seed);
            format!("{value:#}\n")
        }
    };
    output::print(&text)?;
    Ok(())
}

/// The file that is meant: a path that names one, or one inside a folder.
fn target(out: &Path, name: &str) -> PathBuf {
    if out.extension().is_some_and(|extension| extension == "toml") {
        return out.to_owned();
    }
    out.join(format!("{}{SUFFIX}", slug(name)))
}

/// A name as part of a file's.
fn slug(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
                c
            } else {
                '-'
            }
        })
        .take(80)
        .collect();
    let plain = plain.trim_matches(['-', '.']);
    if plain.is_empty() {
        "function".to_owned()
    } else {
        plain.to_owned()
    }
}

fn format_of(text: &str) -> Result<LogFormat, String> {
    let found = LogFormat::ALL
        .into_iter()
        .find(|format| format.name() == text);
    found.ok_or_else(|| {
        format!(
            "expected one of {}",
            LogFormat::ALL.map(LogFormat::name).join(", ")
        )
    })
}

/// What is wrong with samples, and what to type.
fn refused(error: &CalibrationError) -> Failure {
    let help = match error {
        CalibrationError::NoTimes { .. } => {
            "measure some: frostline measure runtime-api -- CMD".to_owned()
        }
        CalibrationError::Mixed { groups } | CalibrationError::NothingLeft { groups } => {
            let shown = groups.iter().take(8);
            let shown: Vec<String> = shown
                .map(|(filter, inits)| format!("--where {filter} ({inits} inits)"))
                .collect();
            match shown.len() {
                0 => "the log names no function, runtime or architecture".to_owned(),
                _ => format!("choose one: {}", shown.join(", ")),
            }
        }
    };
    Failure::usage(error.to_string(), help)
}

impl Calibrate {
    fn filter(&self) -> Result<Filter, Failure> {
        let mut filter = Filter::default();
        for text in &self.filters {
            let help = "--where runtime=python3.13";
            filter
                .add(text)
                .map_err(|what| Failure::usage(what, help))?;
        }
        Ok(filter)
    }

    fn columns(&self) -> Result<Columns, Failure> {
        let mut columns = Columns::default();
        for text in &self.columns {
            let help = "--column init=boot_ms";
            columns
                .add(text)
                .map_err(|what| Failure::usage(what, help))?;
        }
        Ok(columns)
    }

    /// The samples of several inputs: those of the first one, and what the others add.
    fn joined(first: Option<Samples>, next: Samples) -> Samples {
        match first {
            Some(mut samples) => {
                samples.join(next);
                samples
            }
            None => next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_goes_into_a_folder_or_a_file() {
        assert_eq!(target(Path::new("a.toml"), "f"), Path::new("a.toml"));
        assert_eq!(
            target(Path::new("out"), "my fn/1"),
            Path::new("out/my-fn-1.profile.toml")
        );
        assert_eq!(slug("../.."), "function");
    }
}
