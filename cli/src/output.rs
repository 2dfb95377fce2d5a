//! Where results go: stdout, or files that appear whole.

use std::fs;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use anyhow::Context;
use tempfile::NamedTempFile;

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

/// Like [`print`], for data that are too large to be made first.
///
/// # Errors
/// As [`print`].
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

/// Like [`write`], for contents that are too large to be made first.
///
/// # Errors
/// When the folder or the file cannot be written; nothing is left behind then.
pub(crate) fn write_with(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).with_context(failed)?;
    let mut file = NamedTempFile::new_in(folder).with_context(failed)?;
    let mut buffered = BufWriter::with_capacity(BLOCK, &mut file);
    write(&mut buffered)
        .and_then(|()| buffered.flush())
        .with_context(failed)?;
    drop(buffered);
    make_readable(file.as_file()).with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    file.persist(path).with_context(failed)?;
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
