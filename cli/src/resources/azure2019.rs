//! The tables of the Azure Functions trace of 2019: which files belong to the day that is meant.

use std::path::{Path, PathBuf};

use frostline_models::arrival::Placement;
use frostline_models::trace::azure2019::{self, Kind, Tables};
use frostline_models::trace::{Table, Trace};

use super::unpack::open;
use super::{file_name, first_line, tables_in};

/// The files of one day.
#[derive(Debug, Default)]
struct Day {
    invocations: Vec<PathBuf>,
    durations: Vec<PathBuf>,
    memory: Vec<PathBuf>,
}

/// Reads a day from a folder, or from its file of invocations and what lies beside it.
pub(super) fn read(path: &Path, placement: Placement) -> Result<Trace, String> {
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
                    "{} holds {found}, expected invocations (HashOwner,HashApp,HashFunction[,Trigger],1,2,…)",
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
        let mut day = Self::default();
        for path in tables_in(folder)? {
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

/// Whether a file, or one in the folder, holds invocations, told by its first line.
pub(super) fn holds_invocations(path: &Path) -> Result<bool, String> {
    if path.is_dir() {
        return Ok(!Day::in_folder(path)?.invocations.is_empty());
    }
    Ok(kind(path)? == Some(Kind::Invocations))
}

/// What a file holds, told by its first line.
fn kind(path: &Path) -> Result<Option<Kind>, String> {
    Ok(Kind::of_header(&first_line(path)?))
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
