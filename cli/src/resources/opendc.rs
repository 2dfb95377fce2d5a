//! The tables of an `OpenDC` trace: one a function, which has the file's name.

use std::path::{Path, PathBuf};

use frostline_models::arrival::Placement;
use frostline_models::trace::Trace;
use frostline_models::trace::opendc::Reader;

use super::{ENDINGS, Unpacking, file_name, one_table, tables_in};

/// Reads all tables of a folder, or one.
pub(super) fn read(
    path: &Path,
    placement: Placement,
    unpacking: &Unpacking,
) -> Result<Trace, String> {
    let tables: Vec<PathBuf> = if path.is_dir() {
        tables_in(path)?
    } else {
        vec![path.to_owned()]
    };
    let mut reader = Reader::default();
    for table in tables {
        let name = function_name(&table);
        one_table(&table, unpacking, |lines| reader.function(&name, lines))?;
    }
    let folder = path.display().to_string();
    reader
        .finish(&folder, placement)
        .map_err(|error| error.to_string())
}

/// The file's name without its endings.
fn function_name(path: &Path) -> String {
    let name = file_name(path);
    let mut rest = name.as_str();
    // The last ending is that of the table, those after it tell how it is compressed.
    for ending in ENDINGS.iter().rev() {
        let shorter = rest.strip_suffix(ending);
        rest = shorter
            .and_then(|rest| rest.strip_suffix('.'))
            .unwrap_or(rest);
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::function_name;

    #[test]
    fn functions_have_the_names_of_their_files() {
        for (path, name) in [
            ("traces/resize.csv", "resize"),
            ("a.b.csv.gz", "a.b"),
            ("a.csv.xz", "a"),
            ("plain", "plain"),
        ] {
            assert_eq!(function_name(Path::new(path)), name);
        }
    }
}
