//! From arguments to a valid scenario, with every mistake of the run told at once.

use std::fs::File;
use std::path::{Path, PathBuf};

use frostline_models::diagnostic::{Diagnostic, Diagnostics, Source};
use frostline_models::metric::{Assertion, AssertionError};
use frostline_models::scenario::Scenario;
use frostline_models::scenario_file::{LARGEST_FILE, ScenarioFile};
use frostline_models::trace::FORMATS;

use super::Simulate;
use crate::exit::Failure;
use crate::resources::{self, Files, Unpacking, kinds};

/// What a trace runs over when no scenario is given.
const DEFAULT_NAME: &str = "built-in scenario";
const DEFAULT: &str = include_str!("default.toml");
const DEFAULT_ASSUMPTION: &str = "no scenario was given: idle instances are kept for 10 min, init is that of python3.13, and since \
     the trace spans many accounts, no limit of an account applies.";

/// The scenario that the arguments mean.
pub(super) fn settle(arguments: &Simulate) -> Result<Scenario, Failure> {
    let (name, text, folder) = source(arguments.scenario.as_deref())?;
    let mut file = ScenarioFile::parse(&name, &text)?;
    let mut mistakes = Diagnostics::default();
    for assignment in assignments(arguments)? {
        if let Err(found) = file.set(&assignment) {
            append(&mut mistakes, found);
        }
    }
    let mut promises = Vec::new();
    for text in &arguments.slo {
        match Assertion::parse(text) {
            Ok(promise) => promises.push((text, promise)),
            Err(error) => append(&mut mistakes, about_slo(text, error)),
        }
    }
    // Faults of assignments would come back as faults of the file.
    if !mistakes.errors.is_empty() {
        return Err(mistakes.into());
    }
    let mut scenario = file
        .resolve(&mut Files::beside(folder, &arguments.unpacking))
        .map_err(|found| with_help(found, &arguments.unpacking))?;
    if let (None, Some(trace)) = (&arguments.scenario, &mut scenario.run.trace) {
        trace.assumptions.push(DEFAULT_ASSUMPTION.to_owned());
    }
    for (text, promise) in promises {
        let known = |name: &String| {
            scenario
                .functions
                .iter()
                .any(|function| function.name == *name)
        };
        match promise.function.as_ref().filter(|name| !known(name)) {
            Some(name) => {
                let error = AssertionError {
                    title: format!("no function `{name}`, expected one of the scenario's"),
                    range: text
                        .find(name.as_str())
                        .map_or(0..text.len(), |at| at..at + name.len()),
                    help: None,
                };
                append(&mut mistakes, about_slo(text, error));
            }
            None => scenario.slos.push(promise),
        }
    }
    if mistakes.errors.is_empty() {
        Ok(scenario)
    } else {
        Err(mistakes.into())
    }
}

/// Adds what to type where a file met the limit of unpacking.
fn with_help(mut found: Diagnostics, unpacking: &Unpacking) -> Diagnostics {
    if let Some(help) = unpacking.help() {
        let about = |error: &&mut Diagnostic| error.code == "scenario::trace";
        for error in found.errors.iter_mut().filter(about) {
            error.help.push(help.clone());
        }
    }
    found
}

/// Name and text of the scenario, and the folder that its relative paths start from.
fn source(path: Option<&Path>) -> Result<(String, String, PathBuf), Failure> {
    let Some(path) = path else {
        return Ok((DEFAULT_NAME.to_owned(), DEFAULT.to_owned(), PathBuf::new()));
    };
    let name = path.display().to_string();
    let help = || format!("to start one: frostline init {name}");
    let file = File::open(path).map_err(|error| {
        Failure::usage(format!("cannot read the scenario {name}: {error}"), help())
    })?;
    let limit = u64::try_from(LARGEST_FILE).unwrap_or(u64::MAX);
    let text =
        resources::text_of(path, file, limit).map_err(|what| Failure::usage(what, help()))?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok((name, text, folder))
}

/// What the arguments change in the file; `--set` comes last, as the most particular.
fn assignments(arguments: &Simulate) -> Result<Vec<String>, Failure> {
    let mut assignments = Vec::new();
    if let Some(trace) = &arguments.trace {
        assignments.push(trace_assignment(trace)?);
    }
    if let Some(replications) = arguments.replications {
        assignments.push(format!("run.replications={replications}"));
    }
    if let Some(precision) = &arguments.precision {
        assignments.push(format!("run.precision.relative={precision}"));
    }
    if let Some(most) = arguments.max_replications {
        assignments.push(format!("run.precision.max-replications={most}"));
    }
    assignments.extend(arguments.set.iter().cloned());
    Ok(assignments)
}

fn trace_assignment(trace: &str) -> Result<String, Failure> {
    let help = || format!("--trace {}=PATH", FORMATS[0]);
    let Some((kind, path)) = trace.split_once('=').filter(|(_, path)| !path.is_empty()) else {
        let what = format!("found `--trace {trace}`, expected a kind and a path");
        return Err(Failure::usage(what, help()));
    };
    if !FORMATS.contains(&kind) {
        let what = format!(
            "no reader for traces of the kind `{kind}`, expected {}",
            kinds()
        );
        return Err(Failure::usage(what, help()));
    }
    // On the command line a path is seen from the working folder, in a file from the file's.
    let absolute = std::path::absolute(path)
        .map_err(|error| Failure::usage(format!("no path `{path}`: {error}"), help()))?;
    if !absolute.exists() {
        let what = format!("no file or folder {path}, expected a trace");
        return Err(Failure::usage(what, help()));
    }
    let Some(absolute) = absolute.to_str() else {
        let what = format!("the path {} is no Unicode text", absolute.display());
        return Err(Failure::usage(what, help()));
    };
    // A JSON string is a TOML basic string too.
    let quoted = serde_json::Value::from(absolute);
    Ok(format!("trace.{kind}.path={quoted}"))
}

fn about_slo(text: &str, error: AssertionError) -> Diagnostics {
    let mut diagnostic =
        Diagnostic::new("usage::slo", error.title).at(0, error.range, String::new());
    diagnostic.help = error.help.into_iter().collect();
    Diagnostics {
        sources: vec![Source {
            name: "--slo".to_owned(),
            text: text.to_owned(),
        }],
        errors: vec![diagnostic],
    }
}

/// Adds mistakes about further texts.
fn append(all: &mut Diagnostics, more: Diagnostics) {
    let offset = all.sources.len();
    all.sources.extend(more.sources);
    for mut error in more.errors {
        for label in &mut error.labels {
            label.source += offset;
        }
        all.errors.push(error);
    }
}
