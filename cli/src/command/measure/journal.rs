//! The file of measurements: written line by line, so that an interrupted run keeps what it has.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use frostline_bench_harness::measure::Listener;
use frostline_models::math::{self, word};
use frostline_models::measurement::{Header, Measurements, Run};

use crate::exit::Failure;
use crate::progress::Progress;

/// Bytes of a file that is gone on with, at most.
const FILE_MAX: u64 = 4 << 30;

/// Where runs are kept, and what lay there before.
#[derive(Debug, Default)]
pub(super) struct Journal {
    file: Option<(PathBuf, File)>,
    earlier: Option<Measurements>,
    written: u64,
}

impl Journal {
    /// Opens the file, if there is to be one.
    ///
    /// # Errors
    /// When it exists and is not to be gone on with, or the other way round, or is no such file.
    pub(super) fn open(path: Option<PathBuf>, resume: bool) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let shown = path.display().to_string();
        let exists = path.symlink_metadata().is_ok();
        if exists && !resume {
            return Err(Failure::usage(
                format!("{shown} exists, expected a new folder"),
                "--resume goes on with it; otherwise name another folder",
            ));
        }
        let earlier = if exists { read(&path)? } else { None };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder of {shown}"))?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.with_context(|| format!("cannot write {shown}"))?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(Failure::usage(
                format!("another measurement is writing {shown}"),
                "wait until it ends, or name another folder with --out",
            ));
        }
        Ok(Self {
            file: Some((path, file)),
            earlier,
            written: 0,
        })
    }

    /// The header of what lay there.
    pub(super) fn header(&self) -> Option<&Header> {
        self.earlier.as_ref().map(|earlier| &earlier.header)
    }

    /// The runs that lay there.
    pub(super) fn earlier_runs(&self) -> Vec<Run> {
        self.earlier
            .as_ref()
            .map_or_else(Vec::new, |earlier| earlier.runs.clone())
    }

    /// What an interrupted measurement leaves undone, with the starts that are done and the most
    /// that there would have been.
    pub(super) fn missing(&self, (done, of): (u64, u64)) -> String {
        match &self.file {
            Some((path, _)) => format!(
                "{} runs were added to {}, after {done} of at most {of} starts; the same command \
                 with --resume goes on",
                self.written,
                path.display()
            ),
            None => "no result; with --out DIR the runs until then would have been kept".to_owned(),
        }
    }

    pub(super) fn listener<'a>(&'a mut self, progress: &'a Progress) -> Told<'a> {
        Told {
            journal: self,
            progress,
        }
    }

    fn write(&mut self, lines: &str) -> io::Result<()> {
        match &mut self.file {
            // One call for what belongs together: it is there whole, or cut off at the file's end.
            Some((_, file)) => file.write_all(lines.as_bytes()),
            None => Ok(()),
        }
    }
}

/// Reads what lies there, and cuts off what was not finished: a last line without its end, and a last
/// start of several instances of which not all were written.
fn read(path: &Path) -> Result<Option<Measurements>, Failure> {
    let shown = path.display().to_string();
    let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
    if size > FILE_MAX {
        let what = format!("{shown} has {size} bytes, {FILE_MAX} are the most to go on with");
        return Err(Failure::usage(what, "name another folder with --out"));
    }
    let no_measurement =
        |told: String| Failure::usage(format!("{shown}: {told}"), "name another folder with --out");
    // A line may have been cut off in the middle of a character.
    let mut bytes = fs::read(path).with_context(|| format!("cannot read {shown}"))?;
    let length = bytes.len();
    bytes.truncate(
        bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1),
    );
    let text = String::from_utf8(bytes).map_err(|error| no_measurement(error.to_string()))?;
    let (earlier, whole) = if text.is_empty() {
        (None, 0)
    } else {
        let earlier =
            Measurements::parse(&text).map_err(|error| no_measurement(error.to_string()))?;
        let (earlier, whole) = without_partial_start(earlier, &text);
        (Some(earlier), whole)
    };
    if whole < length {
        let file = OpenOptions::new().write(true).open(path);
        file.and_then(|file| file.set_len(word(whole)))
            .with_context(|| format!("cannot repair {shown}"))?;
    }
    Ok(earlier)
}

/// Leaves out the last start where instances of it are missing; with the bytes that stay.
fn without_partial_start(mut earlier: Measurements, text: &str) -> (Measurements, usize) {
    let Some(last) = earlier.runs.last().cloned() else {
        return (earlier, text.len());
    };
    let condition = &earlier.header.conditions[math::index(last.condition)];
    let wanted = if last.warm_up {
        1
    } else {
        condition.concurrent.max(1)
    };
    let ours = |run: &&Run| run.order == last.order;
    let found = earlier.runs.iter().rev().take_while(ours).count();
    if word(found) >= u64::from(wanted) {
        return (earlier, text.len());
    }
    earlier.runs.truncate(earlier.runs.len() - found);
    let lines = text.split_inclusive('\n').rev();
    let partial: usize = lines.take(found).map(str::len).sum();
    (earlier, text.len() - partial)
}

/// The plan of a measurement must be that of the one it goes on with.
///
/// # Errors
/// The first thing that differs.
pub(super) fn check_same(kept: &Header, wanted: &Header) -> Result<(), Failure> {
    let differs = if kept.target != wanted.target {
        Some(format!(
            "target `{}`, not `{}`",
            kept.target.label, wanted.target.label
        ))
    } else if kept.conditions != wanted.conditions {
        Some("other conditions".to_owned())
    } else if kept.seed != wanted.seed {
        Some(format!("seed {}, not {}", kept.seed, wanted.seed))
    } else if kept.protocol.invocations != wanted.protocol.invocations
        || kept.protocol.timeout_ns != wanted.protocol.timeout_ns
    {
        Some("another timeout or number of invocations".to_owned())
    } else {
        None
    };
    match differs {
        None => Ok(()),
        Some(differs) => Err(Failure::usage(
            format!("the measurement to go on with has {differs}"),
            "give the same command and options as before, or name another folder with --out",
        )),
    }
}

/// Keeps runs and shows progress.
pub(super) struct Told<'a> {
    journal: &'a mut Journal,
    progress: &'a Progress,
}

impl Listener for Told<'_> {
    fn header(&mut self, header: &Header) -> io::Result<()> {
        if self.journal.earlier.is_some() {
            return Ok(());
        }
        self.journal.write(&header.to_line())
    }

    fn runs(&mut self, runs: &[Run]) -> io::Result<()> {
        self.journal.written += word(runs.len());
        self.journal
            .write(&runs.iter().map(Run::to_line).collect::<String>())
    }

    fn progress(&mut self, done: u64, of: u64) {
        self.progress.show(done, of);
    }
}

#[cfg(test)]
mod tests {
    use frostline_models::measurement::{Condition, SCHEMA};

    use super::*;

    /// A file of two starts of two instances each.
    fn text() -> String {
        let condition = Condition {
            concurrent: 2,
            ..Condition::default()
        };
        let header = serde_json::json!({
            "schema": SCHEMA, "version": "0", "target": {"kind": "command", "label": "é"},
            "seed": 1, "conditions": [condition],
        });
        let mut text = format!("{header}\n");
        for (order, instance) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let run = serde_json::json!({
                "condition": 0, "run": order, "instance": instance, "order": order,
                "outcome": "ready", "detail": "é", "phases": {},
            });
            text += &run.to_string();
            text.push('\n');
        }
        text
    }

    /// Wherever a file was cut off, whole starts stay and nothing else.
    #[test]
    fn only_whole_starts_are_gone_on_with() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("measurements.jsonl");
        let text = text();
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        for cut in 0..=text.len() {
            fs::write(&path, &text.as_bytes()[..cut]).expect("a file");
            let earlier = read(&path).expect("it is read");
            let starts = [ends[2], ends[4]].iter().filter(|end| **end <= cut).count();
            let expected = match (starts, cut >= ends[0]) {
                (0, false) => 0,
                (starts, _) => ends[2 * starts],
            };
            assert_eq!(fs::read(&path).expect("the file").len(), expected, "{cut}");
            let runs = earlier.map_or(0, |earlier| earlier.runs.len());
            assert_eq!(runs, 2 * starts, "{cut}");
        }
    }
}
