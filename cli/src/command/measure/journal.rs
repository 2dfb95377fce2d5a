//! The file of measurements: written line by line, so that an interrupted run keeps what it has.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use frostline_bench_harness::measure::Listener;
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

    /// What an interrupted measurement leaves undone.
    pub(super) fn missing(&self) -> String {
        match &self.file {
            Some((path, _)) => format!(
                "{} runs were added to {}; the same command with --resume goes on",
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

    fn write(&mut self, line: &str) -> io::Result<()> {
        match &mut self.file {
            // One call a line: a line is there whole, or cut off at the file's end.
            Some((_, file)) => file.write_all(line.as_bytes()),
            None => Ok(()),
        }
    }
}

/// Reads what lies there, and cuts off a last line that was not finished.
fn read(path: &Path) -> Result<Option<Measurements>, Failure> {
    let shown = path.display().to_string();
    let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
    if size > FILE_MAX {
        let what = format!("{shown} has {size} bytes, {FILE_MAX} are the most to go on with");
        return Err(Failure::usage(what, "name another folder with --out"));
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    if whole < text.len() {
        let file = OpenOptions::new().write(true).open(path);
        file.and_then(|file| file.set_len(frostline_models::math::word(whole)))
            .with_context(|| format!("cannot repair {shown}"))?;
    }
    if whole == 0 {
        return Ok(None);
    }
    Measurements::parse(&text[..whole])
        .map(Some)
        .map_err(|error| {
            let what = format!("{shown}: {error}");
            Failure::usage(what, "name another folder with --out")
        })
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

    fn run(&mut self, run: &Run) -> io::Result<()> {
        self.journal.written += 1;
        self.journal.write(&run.to_line())
    }

    fn progress(&mut self, done: u64, of: u64) {
        self.progress.show(done, of);
    }
}
