//! The tables of the Azure Functions trace of 2019: which files belong to the day that is meant.

use std::path::{Path, PathBuf};

use frostline_models::arrival::Placement;
use frostline_models::scenario_file::TraceRequest;
use frostline_models::trace::azure2019::{self, Kind, Tables};
use frostline_models::trace::{Table, Trace};

use super::{Unpacking, file_name, first_line, tables_in};

/// The files of one day.
#[derive(Debug, Default)]
struct Day {
    invocations: Vec<PathBuf>,
    durations: Vec<PathBuf>,
    memory: Vec<PathBuf>,
}

/// Reads a day from a folder, or from its file of invocations and what lies beside it.
pub(super) fn read(
    path: &Path,
    request: &TraceRequest,
    unpacking: &Unpacking,
) -> Result<Trace, String> {
    let wanted = request.options.iter().find(|(key, _)| key == "day");
    let wanted = wanted.map(|(_, day)| day.as_str());
    let is_folder = path.is_dir();
    let folder = if is_folder {
        path
    } else {
        path.parent().unwrap_or(path)
    };
    if !is_folder {
        match kind(path, unpacking)? {
            Some(Kind::Invocations) => {}
            found => {
                let found = found.map_or("something else", Kind::name);
                return Err(format!(
                    "{} holds {found}, expected invocations (HashOwner,HashApp,HashFunction[,Trigger],1,2,…)",
                    path.display()
                ));
            }
        }
        if let Some(day) = wanted {
            return Err(format!(
                "{} is the file of one day, expected a folder to find day {day} in",
                path.display()
            ));
        }
    }
    let mut day = Day::in_folder(folder, unpacking)?;
    if !is_folder {
        day.invocations = vec![path.to_owned()];
    }
    let invocations = day.chosen(path, wanted)?;
    let durations = of_same_day(&invocations, &day.durations, Kind::Durations)?;
    let memory = of_same_day(&invocations, &day.memory, Kind::Memory)?;
    let tables = [Some(&invocations), durations.as_ref(), memory.as_ref()];
    read_day(tables, request.placement, unpacking)
}

impl Day {
    fn in_folder(folder: &Path, unpacking: &Unpacking) -> Result<Self, String> {
        let mut day = Self::default();
        for path in tables_in(folder)? {
            match kind(&path, unpacking)? {
                Some(Kind::Invocations) => day.invocations.push(path),
                Some(Kind::Durations) => day.durations.push(path),
                Some(Kind::Memory) => day.memory.push(path),
                None => {}
            }
        }
        Ok(day)
    }

    /// The file of invocations that is meant: the only one, or that of the day.
    fn chosen(&self, path: &Path, wanted: Option<&str>) -> Result<PathBuf, String> {
        let shown = path.display();
        let fits = |file: &&PathBuf| match wanted {
            None => true,
            Some(day) => day_label(&file_name(file)).is_some_and(|label| {
                let digits = label.trim_start_matches('d').trim_start_matches('0');
                digits == day
            }),
        };
        let fitting: Vec<_> = self.invocations.iter().filter(fits).collect();
        match (fitting.as_slice(), self.invocations.as_slice()) {
            ([one], _) => Ok((*one).clone()),
            (_, []) => Err(format!(
                "no file of invocations in {shown}, expected one whose header starts HashOwner,HashApp,HashFunction,Trigger"
            )),
            ([], [first, ..]) => Err(format!(
                "no file of invocations of day {} in {shown}, expected one as in {}",
                wanted.unwrap_or_default(),
                file_name(first),
            )),
            ([first, .., last], _) => Err(format!(
                "{} files of invocations in {shown} ({} to {}), expected one day a run: `day = 1`, or the path of one of them",
                fitting.len(),
                file_name(first),
                file_name(last),
            )),
        }
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

/// Reads the tables of invocations, durations and memory.
fn read_day(
    files: [Option<&PathBuf>; 3],
    placement: Placement,
    unpacking: &Unpacking,
) -> Result<Trace, String> {
    let names = files.map(|path| path.map_or_else(String::new, |path| path.display().to_string()));
    let opened = |path: Option<&PathBuf>| path.map(|path| unpacking.open(path)).transpose();
    let [invocations, durations, memory] = files;
    let Some(mut invocations) = opened(invocations)? else {
        return Err("no file of invocations".to_owned());
    };
    let (mut durations, mut memory) = (opened(durations)?, opened(memory)?);
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

/// Whether a file, or one in the folder, holds invocations, told by its first line.
pub(super) fn holds_invocations(path: &Path, unpacking: &Unpacking) -> Result<bool, String> {
    if path.is_dir() {
        return Ok(!Day::in_folder(path, unpacking)?.invocations.is_empty());
    }
    Ok(kind(path, unpacking)? == Some(Kind::Invocations))
}

/// What a file holds, told by its first line.
fn kind(path: &Path, unpacking: &Unpacking) -> Result<Option<Kind>, String> {
    Ok(Kind::of_header(&first_line(path, unpacking)?))
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
