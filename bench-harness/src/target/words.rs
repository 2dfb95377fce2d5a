//! A command as words.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use frostline_models::measurement::{TargetDescription, TargetKind};
use rustix::fs::Access;

/// Characters of a label at most.
const LABEL_MAX: usize = 80;

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// The program, with a slash or to be found along the path.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What people call it; without one, the words without their folders.
    pub label: Option<String>,
}

impl Words {
    /// A program with its arguments.
    pub fn new<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> Self {
        let mut words = words.into_iter().map(Into::into);
        Self {
            program: words.next().unwrap_or_default(),
            arguments: words.collect(),
            label: None,
        }
    }

    pub(crate) fn describe(&self, kind: TargetKind) -> TargetDescription {
        let label = self.label.clone().unwrap_or_else(|| {
            let words = std::iter::once(&self.program).chain(&self.arguments);
            let short = words.map(without_folder);
            short.collect::<Vec<_>>().join(" ")
        });
        TargetDescription {
            kind,
            label: label.chars().take(LABEL_MAX).collect(),
        }
    }
}

/// Where a program lies along a path such as the value of `PATH`.
pub fn find_program(program: &OsStr, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .map(|folder| folder.join(program))
        .find(|file| rustix::fs::access(file, Access::EXEC_OK).is_ok() && file.is_file())
}

/// Files are shared; folders of a machine are not.
fn without_folder(word: &OsString) -> String {
    let path = Path::new(word);
    let name = if path.is_absolute() {
        path.file_name()
    } else {
        None
    };
    name.unwrap_or(word).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_names_no_folder() {
        let words = Words::new(["/opt/venv/bin/python3", "-m", "awslambdaric", "app.handler"]);
        let described = words.describe(TargetKind::RuntimeApi);
        assert_eq!(described.label, "python3 -m awslambdaric app.handler");
    }
}
