//! A folder of results that appear whole, together, or not at all.
//!
//! Every file is written under a temporary name (`.timeline.parquet.a1b2c3.partial`). When all are
//! complete they are synced and renamed, one right after the other. A run that is killed leaves files
//! of earlier runs as they were, and at the most temporary ones, which can be told by their names.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

use super::make_readable;
use crate::exit::Failure;

/// Bytes that are written on trial: a full disk is told before a run, not after it.
const TRIAL: usize = 1 << 16;

/// The end of a temporary file's name.
const PARTIAL: &str = ".partial";

/// A folder and the files that are to appear in it.
pub(crate) struct Folder {
    path: PathBuf,
    files: Vec<(String, NamedTempFile)>,
}

impl Folder {
    /// Makes the folder where it is missing, and the files under temporary names.
    ///
    /// # Errors
    /// A mistake of usage when the folder cannot be written to.
    pub(crate) fn prepare(path: &Path, names: &[String]) -> Result<Self, Failure> {
        let cannot = |error: io::Error| {
            Failure::usage(
                format!("cannot write to the folder {}: {error}", path.display()),
                "make room there, or give another folder: --out DIR",
            )
        };
        fs::create_dir_all(path).map_err(cannot)?;
        let mut files = Vec::new();
        for name in names {
            let temporary = tempfile::Builder::new()
                .prefix(&format!(".{name}."))
                .suffix(PARTIAL)
                .tempfile_in(path)
                .map_err(cannot)?;
            files.push((name.clone(), temporary));
        }
        if let Some((_, file)) = files.first_mut() {
            try_out(file.as_file_mut()).map_err(cannot)?;
        }
        Ok(Self {
            path: path.to_owned(),
            files,
        })
    }

    /// Where the folder is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the files.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(name, _)| name.as_str())
    }

    /// Writes one of the files.
    ///
    /// # Errors
    /// When it cannot be written; none of the files appears then.
    pub(crate) fn write<T>(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut File) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let path = self.path.join(name);
        let found = self.files.iter_mut().find(|(known, _)| known == name);
        let (_, file) = found.with_context(|| format!("{name} was not prepared"))?;
        write(file.as_file_mut()).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Lets all files appear.
    ///
    /// # Errors
    /// When one cannot be synced or renamed.
    pub(crate) fn appear(self) -> anyhow::Result<()> {
        for (name, file) in &self.files {
            let failed = || format!("cannot write {}", self.path.join(name).display());
            make_readable(file.as_file()).with_context(failed)?;
            file.as_file().sync_all().with_context(failed)?;
        }
        for (name, file) in self.files {
            let path = self.path.join(name);
            file.persist(&path)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        sync_names(&self.path).with_context(|| format!("cannot sync {}", self.path.display()))
    }
}

/// Writes something and takes it back.
fn try_out(file: &mut File) -> io::Result<()> {
    file.write_all(&vec![0; TRIAL])?;
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(())
}

/// Makes the new names survive a loss of power.
#[cfg(unix)]
fn sync_names(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere folders cannot be synced.
#[cfg(not(unix))]
fn sync_names(_: &Path) -> io::Result<()> {
    Ok(())
}
