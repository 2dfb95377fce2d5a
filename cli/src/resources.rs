//! The files that a scenario names: profiles and traces, found, unpacked and opened.

use std::fmt::Display;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use frostline_models::scenario_file::{Resources, TraceRequest};
use frostline_models::trace::request_log::{self, Columns};
use frostline_models::trace::{Table, Trace, azure2019 as azure_2019, compact};

pub(crate) use unpack::open;

mod azure2019;
mod unpack;

/// The largest profile that is read, in bytes: real ones have some 10 kB.
const LARGEST_PROFILE: u64 = 16 << 20;

/// Files, with relative paths seen from a folder: the scenario's.
pub(crate) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(crate) fn beside(folder: PathBuf) -> Self {
        Self { folder }
    }
}

impl Resources for Files {
    fn profile(&mut self, path: &str) -> Result<String, String> {
        profile_text(&self.folder.join(path))
    }

    fn trace(&mut self, request: &TraceRequest) -> Result<Trace, String> {
        let path = self.folder.join(&request.path);
        match request.format.as_str() {
            azure_2019::FORMAT => azure2019::read(&path, request.placement),
            request_log::FORMAT => {
                let columns = Columns::from_options(&request.options)?;
                one_table(&path, |table| request_log::read(table, &columns))
            }
            compact::FORMAT => one_table(&path, compact::read),
            other => Err(format!(
                "no reader for traces of the kind `{other}`, expected {}",
                kinds()
            )),
        }
    }
}

/// The kind of a trace, told by the first line of the file or of one in the folder; `None` when none
/// tells it.
pub(crate) fn kind_of(path: &Path) -> Result<Option<String>, String> {
    if path.is_file() && begins_with(path, &compact::MARK)? {
        return Ok(Some(compact::FORMAT.to_owned()));
    }
    let is_azure = azure2019::holds_invocations(path)?;
    Ok(is_azure.then(|| azure_2019::FORMAT.to_owned()))
}

/// Whether these are the first bytes of an unpacked file.
fn begins_with(path: &Path, mark: &[u8]) -> Result<bool, String> {
    let mut file = open(path)?;
    let start = file.fill_buf();
    let start = start.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(start.starts_with(mark))
}

/// The text of a profile.
///
/// # Errors
/// When the file cannot be read as text.
pub(crate) fn profile_text(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    open(path)?
        .take(LARGEST_PROFILE)
        .read_to_string(&mut text)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(text)
}

/// The kinds of traces, for messages.
pub(crate) fn kinds() -> String {
    frostline_models::trace::FORMATS
        .map(|format| format!("`{format}`"))
        .join(", ")
}

/// Reads a trace that is a single file.
fn one_table<E: Display>(
    path: &Path,
    read: impl FnOnce(Table<'_>) -> Result<Trace, E>,
) -> Result<Trace, String> {
    let name = path.display().to_string();
    let mut lines = open(path)?;
    let table = Table {
        name: &name,
        lines: &mut lines,
    };
    read(table).map_err(|error| error.to_string())
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
