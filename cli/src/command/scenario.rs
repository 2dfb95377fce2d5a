//! The scenario of a command that simulates: from arguments to something valid, with every mistake of
//! the run told at once.

use std::fmt::Write;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

use frostline_models::diagnostic::{Diagnostic, Diagnostics, Source};
use frostline_models::metric::{Assertion, AssertionError};
use frostline_models::scenario::Scenario;
use frostline_models::scenario_file::{LARGEST_FILE, ScenarioFile};
use frostline_models::trace::FORMATS;
use frostline_report::summary::{Manifest, Summary};
use frostline_sim::outcome::SimulationOutcome;
use frostline_sim::{Cancelled, Options};
use rayon::{ThreadPool, ThreadPoolBuilder};
use sha2::{Digest, Sha256};

use super::Common;
use crate::exit::Failure;
use crate::resources::{self, Files, Unpacking, kinds};

/// Hexadecimal digits of a digest that are shown: 64 bits, enough to tell scenarios apart.
const BYTES_SHOWN: usize = 8;

/// What a trace runs over when no scenario is given.
const DEFAULT_NAME: &str = "built-in scenario";
const DEFAULT: &str = include_str!("scenario/default.toml");
const DEFAULT_ASSUMPTION: &str = "no scenario was given: idle instances are kept for 10 min, init is that of python3.13, and since \
     the trace spans many accounts, no limit of an account applies.";

/// What every command that simulates takes beside its scenario.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Changes {
    /// Take the arrivals from a recording: `azure-functions-2019=PATH`, a folder or its file of
    /// invocations; `azure-functions-2021=PATH`; `opendc=PATH`, a folder with a table a function;
    /// `huawei-2025=PATH`, a folder with requests and cold starts; `request-log=PATH`, any CSV with
    /// `--set trace.request-log.time=COLUMN`; `frostline=PATH`, what `frostline trace convert` wrote.
    /// Files may be compressed.
    #[arg(long, value_name = "KIND=PATH")]
    pub(super) trace: Option<String>,
    /// Replace a value of the scenario, as in the file: `--set 'function.checkout.memory=1 GiB'`.
    #[arg(long, value_name = "PATH=VALUE")]
    pub(super) set: Vec<String>,
    /// Repeat the run on this many independent random streams.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) replications: Option<u32>,
    /// Add replications, ten at first, until the estimates are this precise: `5 %` is the half width
    /// of an interval over the true value. Of cold ratio, mean and p99 latency and cost, unless
    /// `run.precision.metrics` names others.
    #[arg(long, value_name = "SHARE")]
    pub(super) precision: Option<String>,
    /// Where --precision ends if it is not reached; default: 1000.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub(super) max_replications: Option<u32>,
    #[command(flatten)]
    pub(super) unpacking: Unpacking,
}

impl Changes {
    /// Whether the arguments leave the number of replications open.
    #[cfg(target_os = "linux")]
    pub(super) fn has_no_replications(&self) -> bool {
        self.replications.is_none()
    }

    /// The same, and one assignment more.
    pub(super) fn and_set(&self, assignment: &str) -> Self {
        let mut changes = self.clone();
        changes.set.push(assignment.to_owned());
        changes
    }
}

/// The scenario that a file and the arguments mean; without a file, the built-in one. `slos` are
/// promises beside those of the file.
///
/// # Errors
/// Every mistake of the file, of what it names, and of the changes.
pub(super) fn settle(
    path: Option<&Path>,
    changes: &Changes,
    slos: &[String],
) -> Result<Scenario, Failure> {
    let (name, text, folder) = source(path)?;
    let mut file = ScenarioFile::parse(&name, &text)?;
    let mut mistakes = Diagnostics::default();
    for assignment in assignments(changes)? {
        if let Err(found) = file.set(&assignment) {
            append(&mut mistakes, found);
        }
    }
    let mut promises = Vec::new();
    for text in slos {
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
        .resolve(&mut Files::beside(folder, &changes.unpacking))
        .map_err(|found| with_help(found, &changes.unpacking))?;
    if let (None, Some(trace)) = (path, &mut scenario.run.trace) {
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

/// The scenario file as it is written, with the changes: what a key says before it is settled.
///
/// # Errors
/// When it cannot be read, or a change is none.
pub(super) fn written(path: &Path, changes: &Changes) -> Result<ScenarioFile, Failure> {
    let (name, text, _) = source(Some(path))?;
    let mut file = ScenarioFile::parse(&name, &text)?;
    for assignment in assignments(changes)? {
        file.set(&assignment)?;
    }
    Ok(file)
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
    let text = resources::text_of(path, file, limit);
    let text = text.map_err(|what| Failure::usage(what, help()))?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok((name, text, folder))
}

/// What the arguments change in the file; `--set` comes last, as the most particular.
fn assignments(changes: &Changes) -> Result<Vec<String>, Failure> {
    let mut assignments = Vec::new();
    if let Some(trace) = &changes.trace {
        assignments.push(trace_assignment(trace)?);
    }
    if let Some(replications) = changes.replications {
        assignments.push(format!("run.replications={replications}"));
    }
    if let Some(precision) = &changes.precision {
        assignments.push(format!("run.precision.relative={precision}"));
    }
    if let Some(most) = changes.max_replications {
        assignments.push(format!("run.precision.max-replications={most}"));
    }
    assignments.extend(changes.set.iter().cloned());
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

/// What it takes to make a result again.
///
/// # Errors
/// When the scenario cannot be written as JSON.
pub(super) fn manifest(scenario: &Scenario, common: &Common) -> anyhow::Result<Manifest> {
    Ok(Manifest {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: digest(scenario)?,
        seed: common.seed,
    })
}

/// `sha256:` and the first 16 digits of the SHA-256 of the valid scenario as JSON.
///
/// # Errors
/// When the scenario cannot be written as JSON.
fn digest(scenario: &Scenario) -> anyhow::Result<String> {
    let mut hash = Hash(Sha256::new());
    serde_json::to_writer(&mut hash, scenario).context("cannot write the scenario as JSON")?;
    let mut text = "sha256:".to_owned();
    for byte in hash.0.finalize().iter().take(BYTES_SHOWN) {
        write!(text, "{byte:02x}").context("cannot write the digest")?;
    }
    Ok(text)
}

/// Hashes what is written: a large trace need not stand in memory a second time as text.
struct Hash(Sha256);

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Simulates; with `run.precision`, until it is reached.
///
/// # Errors
/// [`Cancelled`] when the observer says so.
pub(super) fn simulated(
    scenario: &Scenario,
    options: Options<'_>,
    manifest: &Manifest,
) -> Result<(SimulationOutcome, Summary), Cancelled> {
    let mut outcome = frostline_sim::simulate(scenario, options)?;
    loop {
        let summary = Summary::new(scenario, &outcome, manifest.clone());
        let have = summary.replications;
        let precision = summary.precision.as_ref();
        let next = precision.and_then(|precision| precision.next_total(have));
        let Some(total) = next.and_then(|total| u32::try_from(total).ok()) else {
            return Ok((outcome, summary));
        };
        frostline_sim::simulate_more(scenario, options, &mut outcome, total)?;
    }
}

/// As many threads as asked for, or as the machine has.
pub(super) fn threads(common: &Common) -> usize {
    match common.threads {
        Some(threads) => usize::from(threads),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// The threads that a command simulates on.
///
/// # Errors
/// When they cannot be started.
pub(super) fn pool(common: &Common) -> anyhow::Result<ThreadPool> {
    let threads = threads(common);
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .with_context(|| format!("cannot start {threads} threads"))
}
