//! Mounts of a target's own: a package that it cannot write to, a temporary folder that is its alone.

use std::ffi::{CString, OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::spawn::{Launch, Mounts};

/// Whether processes may have mounts of their own, or why not.
pub(crate) fn try_mounts(path: &OsStr) -> Result<(), String> {
    let launch = Launch {
        program: OsString::from("true"),
        environment: vec![(OsString::from("PATH"), path.to_owned())],
        folder: PathBuf::from("/"),
        mounts: Some(Mounts::default()),
        ..Launch::default()
    };
    let started = launch.start().map_err(|error| error.source.to_string())?;
    crate::reaper::wait(started.pid);
    Ok(())
}

/// What a target sees: its package read-only, and its own temporary folder in place of the common one
/// unless that would hide something which its command names.
///
/// # Errors
/// When the place for the package inside the temporary folder cannot be made.
pub(crate) fn mounts(
    package: Option<&Path>,
    own: &Path,
    common: &Path,
    named: &[PathBuf],
) -> io::Result<Mounts> {
    let text = |path: &Path| CString::new(path.as_os_str().as_encoded_bytes()).ok();
    let covers = !named.iter().any(|path| path.starts_with(common));
    if covers && let Some(inside) = package.and_then(|path| path.strip_prefix(common).ok()) {
        fs::create_dir_all(own.join(inside))?;
    }
    Ok(Mounts {
        read_only: package.and_then(text),
        over: text(own).zip(text(common)).filter(|_| covers),
        watch: None,
    })
}
