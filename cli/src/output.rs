//! Where results go: stdout, or files that appear whole.

use std::fs;
use std::io::{self, BufWriter, ErrorKind, IntoInnerError, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use tempfile::NamedTempFile;

mod folder;

pub(crate) use folder::Folder;

/// Bytes that are written at once.
const BLOCK: usize = 1 << 16;

/// Writes results to stdout. A reader that has seen enough (`| head`) is no failure.
///
/// # Errors
/// When stdout cannot be written for another reason.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = anstream::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    unless_closed(written)
}

/// Like [`print()`], for data that are too large to be made first.
///
/// # Errors
/// As [`print()`].
pub(crate) fn print_with(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let mut stdout = BufWriter::with_capacity(BLOCK, io::stdout().lock());
    unless_closed(write(&mut stdout).and_then(|()| stdout.flush()))
}

fn unless_closed(written: io::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to stdout")
        }
        _ => Ok(()),
    }
}

/// Writes a file whole, its folder included: temporary name, sync, rename.
///
/// # Errors
/// When the folder or the file cannot be written; nothing is left behind then.
pub(crate) fn write(path: &Path, contents: &str) -> anyhow::Result<()> {
    write_with(path, |file| file.write_all(contents.as_bytes()))
}

/// Like [`write()`], for contents that are too large to be made first.
///
/// # Errors
/// When the folder or the file cannot be written; nothing is left behind then.
pub(crate) fn write_with(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    write_stream(path, false, write)
}

/// Like [`write_with`], compressed or not.
///
/// # Errors
/// When the folder or the file cannot be written; nothing is left behind then.
pub(crate) fn write_stream(
    path: &Path,
    gzip: bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let mut file = Pending::new(path, gzip)?;
    write(file.sink()).with_context(|| format!("cannot write {}", path.display()))?;
    publish([file])
}

/// A file that is written bit by bit under a temporary name. Dropped, it leaves nothing behind;
/// [`publish`] gives it its name.
pub(crate) struct Pending {
    path: PathBuf,
    sink: Sink,
}

/// How bytes reach the file.
enum Sink {
    Plain(BufWriter<NamedTempFile>),
    Gzip(Box<GzEncoder<BufWriter<NamedTempFile>>>),
}

impl Pending {
    /// Opens a file in the folder of `path`, which is made if need be.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub(crate) fn new(path: &Path, gzip: bool) -> anyhow::Result<Self> {
        let failed = || format!("cannot write {}", path.display());
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        fs::create_dir_all(folder).with_context(failed)?;
        let file = BufWriter::new(NamedTempFile::new_in(folder).with_context(failed)?);
        // No time of creation, no system: the same contents give the same file.
        let header = GzBuilder::new().operating_system(255);
        Ok(Self {
            path: path.to_owned(),
            sink: if gzip {
                Sink::Gzip(Box::new(header.write(file, Compression::default())))
            } else {
                Sink::Plain(file)
            },
        })
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let written = self.sink().write_all(bytes);
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn sink(&mut self) -> &mut dyn Write {
        match &mut self.sink {
            Sink::Plain(file) => file,
            Sink::Gzip(file) => file,
        }
    }

    /// Everything on disk, under the temporary name.
    fn finish(self) -> anyhow::Result<(PathBuf, NamedTempFile)> {
        let failed = || format!("cannot write {}", self.path.display());
        let file = match self.sink {
            Sink::Plain(file) => file,
            Sink::Gzip(file) => file.finish().with_context(failed)?,
        };
        let file = file
            .into_inner()
            .map_err(IntoInnerError::into_error)
            .with_context(failed)?;
        make_readable(file.as_file()).with_context(failed)?;
        file.as_file().sync_all().with_context(failed)?;
        Ok((self.path, file))
    }
}

/// Gives files their names, once all of them are whole.
///
/// # Errors
/// When one of them cannot be finished or renamed; unless it was the renaming, none appears.
pub(crate) fn publish(files: impl IntoIterator<Item = Pending>) -> anyhow::Result<()> {
    let finished = files
        .into_iter()
        .map(Pending::finish)
        .collect::<anyhow::Result<Vec<_>>>()?;
    for (path, file) in finished {
        file.persist(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Temporary files are private; results are files like any other.
#[cfg(unix)]
fn make_readable(file: &fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

/// Elsewhere temporary files have the permissions of their folder.
#[cfg(not(unix))]
fn make_readable(_: &fs::File) -> std::io::Result<()> {
    Ok(())
}
