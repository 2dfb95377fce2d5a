//! The files that a scenario names: profiles and traces, found, unpacked and opened.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use frostline_models::arrival::Placement;
use frostline_models::scenario_file::{Resources, TraceRequest};
use frostline_models::trace::azure2019::{self, Kind, Table, Tables};
use frostline_models::trace::{LONGEST_LINE, Trace};

/// The first two bytes of a gzip file (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes that are read from a file at once.
const BLOCK: usize = 1 << 16;

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
        if request.format != azure2019::FORMAT {
            return Err(format!(
                "no reader for traces of the kind `{}`, expected `{}`",
                request.format,
                azure2019::FORMAT
            ));
        }
        azure_2019(&self.folder.join(&request.path), request.placement)
    }
}

/// The kind of a trace, told by the first line of the file or of one in the folder; `None` when none
/// tells it.
pub(crate) fn kind_of(path: &Path) -> Result<Option<String>, String> {
    let is_azure = if path.is_dir() {
        !Day::in_folder(path)?.invocations.is_empty()
    } else {
        kind(path)? == Some(Kind::Invocations)
    };
    Ok(is_azure.then(|| azure2019::FORMAT.to_owned()))
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

/// The files of one day.
#[derive(Debug, Default)]
struct Day {
    invocations: Vec<PathBuf>,
    durations: Vec<PathBuf>,
    memory: Vec<PathBuf>,
}

/// Reads a day from a folder, or from its file of invocations and what lies beside it.
fn azure_2019(path: &Path, placement: Placement) -> Result<Trace, String> {
    let is_folder = path.is_dir();
    let folder = if is_folder {
        path
    } else {
        path.parent().unwrap_or(path)
    };
    if !is_folder {
        match kind(path)? {
            Some(Kind::Invocations) => {}
            found => {
                let found = found.map_or("something else", Kind::name);
                return Err(format!(
                    "{} holds {found}, expected invocations (HashOwner,HashApp,HashFunction,Trigger,1,2,…)",
                    path.display()
                ));
            }
        }
    }
    let mut day = Day::in_folder(folder)?;
    if !is_folder {
        day.invocations = vec![path.to_owned()];
    }
    let invocations = match day.invocations.as_slice() {
        [one] => one.clone(),
        [] => {
            return Err(format!(
                "no file of invocations in {}, expected one whose header starts HashOwner,HashApp,HashFunction,Trigger",
                path.display()
            ));
        }
        [first, .., last] => {
            return Err(format!(
                "{} files of invocations in {} ({} to {}), expected one day a run: give the path of one of them",
                day.invocations.len(),
                path.display(),
                file_name(first),
                file_name(last),
            ));
        }
    };
    let durations = of_same_day(&invocations, &day.durations, Kind::Durations)?;
    let memory = of_same_day(&invocations, &day.memory, Kind::Memory)?;
    read_day(
        &invocations,
        durations.as_deref(),
        memory.as_deref(),
        placement,
    )
}

impl Day {
    fn in_folder(folder: &Path) -> Result<Self, String> {
        let cannot = |error| format!("cannot list {}: {error}", folder.display());
        // A bare file name has the empty parent.
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let mut day = Self::default();
        let mut paths = Vec::new();
        for entry in folder.read_dir().map_err(cannot)? {
            paths.push(entry.map_err(cannot)?.path());
        }
        paths.sort();
        for path in paths {
            let is_table = |extension: &OsStr| extension == "csv" || extension == "gz";
            if !path.extension().is_some_and(is_table) {
                continue;
            }
            match kind(&path)? {
                Some(Kind::Invocations) => day.invocations.push(path),
                Some(Kind::Durations) => day.durations.push(path),
                Some(Kind::Memory) => day.memory.push(path),
                None => {}
            }
        }
        Ok(day)
    }
}

/// The table that belongs to these invocations: the only one, or the one of the same `.dNN.`.
fn of_same_day(
    invocations: &Path,
    tables: &[PathBuf],
    kind: Kind,
) -> Result<Option<PathBuf>, String> {
    let wanted = day_label(&file_name(invocations));
    let fits = |path: &&PathBuf| {
        let label = day_label(&file_name(path));
        label.is_none() || wanted.is_none() || label == wanted
    };
    let fitting: Vec<_> = tables.iter().filter(fits).collect();
    match fitting.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some((*one).clone())),
        [first, .., last] => Err(format!(
            "{} files of {} beside {} ({} to {}), expected one",
            fitting.len(),
            kind.name(),
            invocations.display(),
            file_name(first),
            file_name(last),
        )),
    }
}

/// The part `d07` of a name such as `invocations_per_function_md.anon.d07.csv`.
fn day_label(name: &str) -> Option<String> {
    let is_label = |part: &&str| {
        part.strip_prefix('d')
            .is_some_and(|day| !day.is_empty() && day.bytes().all(|byte| byte.is_ascii_digit()))
    };
    name.split('.').find(is_label).map(str::to_owned)
}

fn read_day(
    invocations: &Path,
    durations: Option<&Path>,
    memory: Option<&Path>,
    placement: Placement,
) -> Result<Trace, String> {
    let name =
        |path: Option<&Path>| path.map_or_else(String::new, |path| path.display().to_string());
    let names = [name(Some(invocations)), name(durations), name(memory)];
    let mut invocations = open(invocations)?;
    let mut durations = durations.map(open).transpose()?;
    let mut memory = memory.map(open).transpose()?;
    let tables = Tables {
        invocations: Table {
            name: &names[0],
            lines: &mut invocations,
        },
        durations: durations.as_mut().map(|lines| Table {
            name: &names[1],
            lines,
        }),
        memory: memory.as_mut().map(|lines| Table {
            name: &names[2],
            lines,
        }),
    };
    azure2019::read(tables, placement).map_err(|error| error.to_string())
}

/// What a file holds, told by its first line.
fn kind(path: &Path) -> Result<Option<Kind>, String> {
    let mut header = Vec::new();
    open(path)?
        .take(LONGEST_LINE)
        .read_until(b'\n', &mut header)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(Kind::of_header(&String::from_utf8_lossy(&header)))
}

/// Opens a file; gzip is told by its first bytes, not by its name.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>, String> {
    let cannot = |error| format!("cannot open {}: {error}", path.display());
    let mut file = BufReader::with_capacity(BLOCK, File::open(path).map_err(cannot)?);
    if file.fill_buf().map_err(cannot)?.starts_with(&GZIP_MAGIC) {
        let unpacked = MultiGzDecoder::new(file);
        return Ok(Box::new(BufReader::with_capacity(BLOCK, unpacked)));
    }
    Ok(Box::new(file))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::day_label;

    #[test]
    fn the_day_stands_in_the_official_name() {
        let official = "invocations_per_function_md.anon.d07.csv";
        assert_eq!(day_label(official).as_deref(), Some("d07"));
        assert_eq!(day_label("durations.csv.gz"), None);
    }
}
