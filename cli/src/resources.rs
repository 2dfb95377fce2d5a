//! The files that a scenario names: profiles and traces, found, unpacked and opened.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use frostline_models::scenario_file::{Resources, TraceRequest};
use frostline_models::trace::request_log::{self, Columns};
use frostline_models::trace::{
    LONGEST_LINE, Table, Trace, azure2019 as azure_2019, azure2021, compact,
    huawei2025 as huawei_2025, opendc as open_dc,
};

pub(crate) use unpack::Unpacking;

mod azure2019;
mod huawei2025;
mod opendc;
mod unpack;

/// The largest profile that is read, in bytes: real ones have some 10 kB.
const LARGEST_PROFILE: u64 = 16 << 20;

/// Files, with relative paths seen from a folder: the scenario's.
pub(crate) struct Files<'a> {
    folder: PathBuf,
    unpacking: &'a Unpacking,
}

impl<'a> Files<'a> {
    pub(crate) fn beside(folder: PathBuf, unpacking: &'a Unpacking) -> Self {
        Self { folder, unpacking }
    }
}

impl Resources for Files<'_> {
    fn profile(&mut self, path: &str) -> Result<String, String> {
        profile_text(&self.folder.join(path), self.unpacking)
    }

    fn trace(&mut self, request: &TraceRequest) -> Result<Trace, String> {
        let path = self.folder.join(&request.path);
        let unpacking = self.unpacking;
        match request.format.as_str() {
            azure_2019::FORMAT => azure2019::read(&path, request, unpacking),
            azure2021::FORMAT => one_table(&path, unpacking, azure2021::read),
            open_dc::FORMAT => opendc::read(&path, request.placement, unpacking),
            huawei_2025::FORMAT => huawei2025::read(&path, unpacking),
            request_log::FORMAT => {
                let columns = Columns::from_options(&request.options)?;
                one_table(&path, unpacking, |table| request_log::read(table, &columns))
            }
            compact::FORMAT => one_table(&path, unpacking, compact::read),
            other => Err(format!(
                "no reader for traces of the kind `{other}`, expected {}",
                kinds()
            )),
        }
    }
}

/// The kind of a trace, told by the first line of the file or of one in the folder; `None` when none
/// tells it.
pub(crate) fn kind_of(path: &Path, unpacking: &Unpacking) -> Result<Option<String>, String> {
    if path.is_file() && begins_with(path, &compact::MARK, unpacking)? {
        return Ok(Some(compact::FORMAT.to_owned()));
    }
    if azure2019::holds_invocations(path, unpacking)? {
        return Ok(Some(azure_2019::FORMAT.to_owned()));
    }
    let tables = if path.is_dir() {
        tables_in(path)?
    } else {
        vec![path.to_owned()]
    };
    for table in tables {
        let line = first_line(&table, unpacking)?;
        let format = if azure2021::is_header(&line) && !path.is_dir() {
            azure2021::FORMAT
        } else if open_dc::is_header(&line) {
            open_dc::FORMAT
        } else if huawei_2025::Kind::of_header(&line).is_some() {
            huawei_2025::FORMAT
        } else {
            continue;
        };
        return Ok(Some(format.to_owned()));
    }
    Ok(None)
}

/// The endings of files that may hold a table.
const ENDINGS: [&str; 5] = ["csv", "gz", "zst", "bz2", "xz"];

/// The tables in a folder, by their names in order: what ends in `.csv` or as compressed files do.
/// Archives, such as the one that the tables were taken from, may lie beside them.
fn tables_in(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot = |error| format!("cannot list {}: {error}", folder.display());
    // A bare file name has the empty parent.
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let mut paths = Vec::new();
    for entry in folder.read_dir().map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let is_table = |extension: &OsStr| ENDINGS.iter().any(|ending| extension == *ending);
        let is_archive = path.file_stem().is_some_and(|stem| {
            let stem = Path::new(stem);
            stem.extension().is_some_and(|extension| extension == "tar")
        });
        if path.extension().is_some_and(is_table) && !is_archive {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The first line of a file, which tells what it holds.
fn first_line(path: &Path, unpacking: &Unpacking) -> Result<String, String> {
    let mut line = Vec::new();
    let mut file = unpacking.open(path)?.take(LONGEST_LINE);
    file.read_until(b'\n', &mut line)
        .map_err(|error| unreadable(path, &error))?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// Whether these are the first bytes of an unpacked file.
fn begins_with(path: &Path, mark: &[u8], unpacking: &Unpacking) -> Result<bool, String> {
    let mut file = unpacking.open(path)?;
    let start = file.fill_buf().map_err(|error| unreadable(path, &error))?;
    Ok(start.starts_with(mark))
}

/// The text of a profile.
///
/// # Errors
/// When the file cannot be read as text.
pub(crate) fn profile_text(path: &Path, unpacking: &Unpacking) -> Result<String, String> {
    text_of(path, unpacking.open(path)?, LARGEST_PROFILE)
}

/// All that a reader gives as text.
///
/// # Errors
/// When there are more than `limit` bytes, or they cannot be read or are no text: with the line.
pub(crate) fn text_of(path: &Path, reader: impl Read, limit: u64) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = reader.take(limit + 1).read_to_end(&mut bytes);
    let place = |bytes: &[u8]| {
        let line = bytes.split(|byte| *byte == b'\n').count();
        format!("{}:{line}", path.display())
    };
    if let Err(error) = read {
        return Err(format!(
            "{}: the file cannot be read ({error}), expected a whole, undamaged file",
            place(&bytes)
        ));
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(format!(
            "{}: the file goes on after {limit} bytes, expected at most as many",
            place(&bytes)
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let sound = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        format!(
            "{}: found bytes that are no UTF-8, expected text",
            place(sound)
        )
    })
}

/// A file whose first line cannot be read.
fn unreadable(path: &Path, error: &io::Error) -> String {
    format!(
        "{}:1: the file cannot be read ({error}), expected a whole, undamaged file",
        path.display()
    )
}

/// The kinds of traces, for messages.
pub(crate) fn kinds() -> String {
    frostline_models::trace::FORMATS
        .map(|format| format!("`{format}`"))
        .join(", ")
}

/// Reads one table.
fn one_table<T, E: Display>(
    path: &Path,
    unpacking: &Unpacking,
    read: impl FnOnce(Table<'_>) -> Result<T, E>,
) -> Result<T, String> {
    let name = path.display().to_string();
    let mut lines = unpacking.open(path)?;
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
