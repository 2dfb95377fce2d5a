//! Invariants of the source tree, each with the place where it is broken.
//!
//! What rustc and clippy check is left to them; here is what they cannot see: who may depend on whom,
//! what must stand in a manifest, and what must not stand in a file.

mod manifests;
mod readme;
mod sources;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    /// The file, from the project's root, with `/` between folders.
    file: String,
    /// The line, from 1.
    line: usize,
    message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// A text file of the project.
#[derive(Debug, Clone)]
struct SourceFile {
    path: String,
    text: String,
}

impl SourceFile {
    fn fault(&self, line: usize, message: impl Into<String>) -> Fault {
        Fault {
            file: self.path.clone(),
            line,
            message: message.into(),
        }
    }

    /// The line (from 1) of a byte offset.
    fn line_of(&self, offset: usize) -> usize {
        1 + self
            .text
            .bytes()
            .take(offset)
            .filter(|b| *b == b'\n')
            .count()
    }
}

/// Every fault of the project, sorted by place.
pub(crate) fn check(root: &Path) -> Result<Vec<Fault>> {
    let files = read_files(root)?;
    let mut faults = Vec::new();
    manifests::check(&files, &mut faults);
    sources::check(&files, &mut faults);
    readme::check(&files, &mut faults);
    check_results(&files, &mut faults);
    check_documents(root, &mut faults)?;
    faults.sort();
    Ok(faults)
}

/// Generated documents are those that the description gives now.
fn check_documents(root: &Path, faults: &mut Vec<Fault>) -> Result<()> {
    for (file, text) in crate::reference::documents()? {
        if std::fs::read_to_string(root.join(file)).ok().as_deref() != Some(&text) {
            faults.push(Fault {
                file: file.to_owned(),
                line: 1,
                message: "is not what the scenario format says; run `cargo xtask reference`"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

/// What lies under `results/` says how it came about.
fn check_results(files: &[SourceFile], faults: &mut Vec<Fault>) {
    for file in files {
        let Some(inside) = file.path.strip_prefix("results/") else {
            continue;
        };
        match inside.split_once('/') {
            None if inside == "README.md" => {}
            None => faults.push(file.fault(1, "results lie in a folder of their own each")),
            Some((name, _)) => {
                let manifest = format!("results/{name}/manifest.json");
                if !files.iter().any(|file| file.path == manifest) {
                    let message = format!("`{manifest}` is missing: run `cargo xtask results`");
                    faults.push(file.fault(1, message));
                }
            }
        }
    }
}

/// Every text file that is part of the project: no build output, no hidden folders but these.
fn read_files(root: &Path) -> Result<Vec<SourceFile>> {
    const HIDDEN: [&str; 3] = [".cargo", ".ci", ".github"];
    const TEXT: [&str; 9] = ["rs", "toml", "md", "json", "yml", "yaml", "sh", "py", "css"];
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        let entries =
            std::fs::read_dir(&path).with_context(|| format!("cannot list {}", path.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let inside = folder.join(&name);
            if entry.file_type()?.is_dir() {
                let skipped = name == "target" || name == "node_modules";
                let hidden = name.starts_with('.') && !HIDDEN.contains(&name.as_str());
                if !skipped && !hidden {
                    folders.push(inside);
                }
                continue;
            }
            let extension = inside.extension().unwrap_or_default().to_string_lossy();
            let is_script = inside.starts_with(".ci") && extension.is_empty();
            let is_notice = name == "NOTICE";
            if !(TEXT.contains(&extension.as_ref()) || is_script || is_notice) {
                continue;
            }
            if let Ok(text) = std::fs::read_to_string(entry.path()) {
                let path = inside.to_string_lossy().replace('\\', "/");
                files.push(SourceFile { path, text });
            }
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn file(path: &str, text: &str) -> SourceFile {
        SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(super) fn shown(faults: &[Fault]) -> Vec<String> {
        faults.iter().map(Fault::to_string).collect()
    }

    #[test]
    fn results_need_a_manifest() {
        let mut faults = Vec::new();
        let good = [
            file("results/a/manifest.json", "{}"),
            file("results/a/t.md", ""),
        ];
        check_results(&good, &mut faults);
        assert!(faults.is_empty());
        check_results(
            &[file("results/b/t.md", ""), file("results/c.md", "")],
            &mut faults,
        );
        assert_eq!(
            shown(&faults),
            [
                "results/b/t.md:1: `results/b/manifest.json` is missing: run `cargo xtask results`",
                "results/c.md:1: results lie in a folder of their own each",
            ]
        );
    }

    #[test]
    fn files_are_found_outside_build_output() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "a/src/lib.rs",
            "target/x.rs",
            ".ci/run",
            ".git/x.toml",
            "a/image.png",
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "text").unwrap();
        }
        let files = read_files(folder.path()).unwrap();
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, [".ci/run", "a/src/lib.rs"]);
    }
}
