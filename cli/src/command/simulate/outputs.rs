//! What a run leaves in the folder of `--out`: the summary, the manifest and the tables.

use std::fs::File;
use std::io;

use anyhow::Context;
use clap::ValueEnum;
use frostline_models::math::round_to_u64;
use frostline_models::record::Invocation;
use frostline_models::scenario::Scenario;
use frostline_report::summary::{Manifest, Summary};
use frostline_report::tables::{Format, INVOCATIONS, Invocations, Layout, TIMELINE, Timeline};
use frostline_sim::Observer;
use frostline_sim::timeline::Minute;
use serde::Serialize;

use super::packed::{pack_invocation, pack_minute, unpack_invocation, unpack_minute};
use super::spool::Spool;
use super::{Common, Simulate};
use crate::exit::Failure;
use crate::output::Folder;
use crate::progress::Progress;

/// Rows of invocations beyond which they are written only when somebody insists.
const ROWS_MAX: u64 = 100_000_000;

/// Bytes that a row of invocations takes in Parquet, roughly: enough to warn of a full disk.
const BYTES_A_ROW: u64 = 30;

const SUMMARY: &str = "summary.json";
const MANIFEST: &str = "manifest.json";

/// How tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Tables {
    /// Apache Parquet: typed, small, read by `DuckDB`, polars, pandas and Spark.
    Parquet,
    /// Comma-separated values: larger and untyped, read by everything.
    Csv,
}

/// Whether every request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Records {
    /// Up to 100,000,000 rows.
    Limited,
    /// However many there are.
    All,
}

/// The folder, and the rows on their way into it.
pub(super) struct Outputs {
    folder: Folder,
    format: Format,
    timeline: Spool,
    invocations: Option<Spool>,
}

/// A file that was written, as the manifest lists it.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
}

impl Outputs {
    /// Makes the folder ready before anything runs; `None` when no folder is asked for.
    ///
    /// # Errors
    /// A mistake of usage when the folder cannot be written to, when there would be too many rows,
    /// or when tables are asked for without a folder.
    pub(super) fn prepare(
        arguments: &Simulate,
        common: &Common,
        scenario: &Scenario,
    ) -> Result<Option<Self>, Failure> {
        let Some(path) = &common.out else {
            return match (arguments.records, arguments.tables) {
                (None, None) => Ok(None),
                (Some(_), _) => Err(needs_folder("--records")),
                (None, Some(_)) => Err(needs_folder("--tables")),
            };
        };
        if arguments.records == Some(Records::Limited) {
            check_rows(scenario)?;
        }
        let format = match arguments.tables {
            Some(Tables::Csv) => Format::Csv,
            Some(Tables::Parquet) | None => Format::Parquet,
        };
        let mut names = vec![
            SUMMARY.to_owned(),
            MANIFEST.to_owned(),
            file_name(&TIMELINE, format),
        ];
        if arguments.records.is_some() {
            names.push(file_name(&INVOCATIONS, format));
        }
        let folder = Folder::prepare(path, &names)?;
        let functions = scenario.functions.len();
        let spool = || Spool::new(path.clone(), functions, scenario.run.replications);
        Ok(Some(Self {
            folder,
            format,
            timeline: spool(),
            invocations: arguments.records.map(|_| spool()),
        }))
    }

    /// Why rows were lost, if they were: the run has no result then.
    pub(super) fn take_failure(&self) -> Option<anyhow::Error> {
        let spools = [Some(&self.timeline), self.invocations.as_ref()];
        let failure = spools.into_iter().flatten().find_map(Spool::take_failure)?;
        let folder = self.folder.path().display();
        Some(anyhow::Error::new(failure).context(format!("cannot write rows to {folder}")))
    }

    /// What is missing when the run ends early.
    pub(super) fn missing(&self) -> String {
        let names: Vec<&str> = self.folder.names().collect();
        let folder = self.folder.path().display();
        format!(
            "nothing was written to {folder}: {} are missing",
            names.join(", ")
        )
    }

    /// Writes everything but the manifest.
    ///
    /// # Errors
    /// When a file cannot be written, or the user presses Ctrl-C.
    pub(super) fn write(
        &mut self,
        scenario: &Scenario,
        summary: &Summary,
        progress: &Progress,
    ) -> Result<Vec<Written>, Failure> {
        self.write_all(scenario, summary, progress)
            .map_err(|error| {
                if progress.is_cancelled() {
                    Failure::Interrupted(self.missing())
                } else {
                    error.into()
                }
            })
    }

    fn write_all(
        &mut self,
        scenario: &Scenario,
        summary: &Summary,
        progress: &Progress,
    ) -> anyhow::Result<Vec<Written>> {
        let manifest = &summary.manifest;
        let json = summary.to_json();
        self.folder.write(SUMMARY, |file| {
            Ok(io::Write::write_all(file, json.as_bytes())?)
        })?;
        let mut written = vec![Written::new(SUMMARY.to_owned(), None)];
        let (format, timeline) = (self.format, &self.timeline);
        let name = file_name(&TIMELINE, format);
        let rows = self.folder.write(&name, |file| {
            write_timeline(file, timeline, scenario, format, manifest, progress)
        })?;
        written.push(Written::new(name, Some(rows)));
        if let Some(invocations) = &self.invocations {
            let name = file_name(&INVOCATIONS, format);
            let rows = self.folder.write(&name, |file| {
                write_invocations(file, invocations, scenario, format, manifest, progress)
            })?;
            written.push(Written::new(name, Some(rows)));
        }
        Ok(written)
    }

    /// Writes the manifest and lets all files appear.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn finish(mut self, manifest: &str) -> anyhow::Result<()> {
        self.folder.write(MANIFEST, |file| {
            Ok(io::Write::write_all(file, manifest.as_bytes())?)
        })?;
        self.folder.appear()
    }

    /// Which files were written where, and what to do with them.
    pub(super) fn told(&self, written: &[Written]) -> String {
        let names: Vec<String> = written.iter().map(Written::told).collect();
        let folder = self.folder.path();
        let note = match self.stale() {
            stale if stale.is_empty() => String::new(),
            stale => format!(
                "note: {} beside them: of an earlier run\n",
                stale.join(", ")
            ),
        };
        let timeline = folder.join(file_name(&TIMELINE, self.format));
        format!(
            "wrote {} and {MANIFEST} to {}\n{note}next: duckdb -c \"SELECT minute, \
             sum(cold_starts) FROM '{}' GROUP BY 1 ORDER BY 1\"",
            names.join(", "),
            folder.display(),
            timeline.display()
        )
    }

    /// Tables of earlier runs that lie beside the files of this one.
    fn stale(&self) -> Vec<String> {
        let layouts = [&TIMELINE, &INVOCATIONS];
        let formats = [Format::Parquet, Format::Csv];
        let tables = layouts
            .into_iter()
            .flat_map(|layout| formats.map(|format| file_name(layout, format)));
        let is_stale = |name: &String| {
            !self.folder.names().any(|known| known == name)
                && self.folder.path().join(name).exists()
        };
        tables.filter(is_stale).collect()
    }
}

impl Written {
    fn new(name: String, rows: Option<u64>) -> Self {
        Self { name, rows }
    }

    /// The file as people are told of it.
    fn told(&self) -> String {
        match self.rows {
            Some(rows) => format!("{} ({rows} rows)", self.name),
            None => self.name.clone(),
        }
    }
}

fn file_name(layout: &Layout, format: Format) -> String {
    format!("{}.{}", layout.name, format.extension())
}

fn needs_folder(option: &str) -> Failure {
    Failure::usage(
        format!("`{option}` is about files, expected a folder for them"),
        format!("{option} --out DIR"),
    )
}

/// Refuses a table of invocations that nobody wants by accident.
fn check_rows(scenario: &Scenario) -> Result<(), Failure> {
    let duration = scenario.run.duration;
    let rates = scenario
        .functions
        .iter()
        .map(|function| function.arrivals.mean_per_second(duration));
    let replications = f64::from(scenario.run.replications);
    let rows = round_to_u64(rates.sum::<f64>() * duration.as_secs_f64() * replications);
    if rows <= ROWS_MAX {
        return Ok(());
    }
    let gigabytes = rows.saturating_mul(BYTES_A_ROW).div_ceil(1_000_000_000);
    Err(Failure::usage(
        format!(
            "about {rows} invocations would be written, some {gigabytes} GB, expected at most \
             {ROWS_MAX}"
        ),
        "--records=all to write them all; or fewer: --replications 1, --set 'run.duration=1 h'",
    ))
}

/// Rows of the timeline from its spool into its file; how many.
fn write_timeline(
    file: &mut File,
    spool: &Spool,
    scenario: &Scenario,
    format: Format,
    manifest: &Manifest,
    progress: &Progress,
) -> anyhow::Result<u64> {
    let mut table = Timeline::new(scenario, format, manifest, file)?;
    spool.read(|replication, function, mut rows| {
        go_on(progress)?;
        while !rows.is_empty() {
            table.push(replication, function, &unpack_minute(&mut rows))?;
        }
        Ok(())
    })?;
    Ok(table.finish()?)
}

/// Invocations from their spool into their file; how many.
fn write_invocations(
    file: &mut File,
    spool: &Spool,
    scenario: &Scenario,
    format: Format,
    manifest: &Manifest,
    progress: &Progress,
) -> anyhow::Result<u64> {
    let mut table = Invocations::new(scenario, format, manifest, file)?;
    spool.read(|replication, function, mut rows| {
        go_on(progress)?;
        while !rows.is_empty() {
            table.push(replication, &unpack_invocation(function, &mut rows))?;
        }
        Ok(())
    })?;
    Ok(table.finish()?)
}

/// Ends the writing of a table after Ctrl-C.
fn go_on(progress: &Progress) -> anyhow::Result<()> {
    (!progress.is_cancelled())
        .then_some(())
        .context("interrupted")
}

/// The engine's observer: progress, and rows where they are wanted.
pub(super) struct Watch<'a> {
    pub(super) progress: &'a Progress,
    pub(super) outputs: Option<&'a Outputs>,
}

impl Watch<'_> {
    fn invocations(&self) -> Option<&Spool> {
        self.outputs
            .and_then(|outputs| outputs.invocations.as_ref())
    }
}

impl Observer for Watch<'_> {
    fn progress(&self, done: u64, expected: u64) {
        self.progress.progress(done, expected);
    }

    fn is_cancelled(&self) -> bool {
        let timeline = self.outputs.map(|outputs| &outputs.timeline);
        let mut spools = [timeline, self.invocations()].into_iter().flatten();
        self.progress.is_cancelled() || spools.any(Spool::has_failed)
    }

    fn wants_records(&self) -> bool {
        self.invocations().is_some()
    }

    fn record(&self, replication: u32, invocation: &Invocation) {
        if let Some(spool) = self.invocations() {
            spool.push(replication, invocation.function, |bytes| {
                pack_invocation(invocation, bytes);
            });
        }
    }

    fn wants_timeline(&self) -> bool {
        self.outputs.is_some()
    }

    fn minute(&self, replication: u32, function: u32, minute: &Minute) {
        if let Some(outputs) = self.outputs {
            let spool = &outputs.timeline;
            spool.push(replication, function, |bytes| pack_minute(minute, bytes));
        }
    }

    fn begins(&self, replication: u32, function: u32) {
        let timeline = self.outputs.map(|outputs| &outputs.timeline);
        for spool in [timeline, self.invocations()].into_iter().flatten() {
            spool.clear(replication, function);
        }
    }
}
