//! Manifests: who may depend on whom, workspace lints, and the lists of disallowed calls.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Fault, SourceFile};

/// The crates of the workspace that each crate may use: the arrows of ARCHITECTURE.md. Crates that
/// are not listed may use any.
const EDGES: [(&str, &[&str]); 6] = [
    ("models", &[]),
    ("stats", &[]),
    ("sim", &["models", "stats"]),
    ("bench-harness", &["models", "stats"]),
    ("report", &["models", "stats"]),
    ("python", &["models", "stats", "sim"]),
];

/// The two sides that meet only as records; not even a test may join them.
const STRANGERS: [&str; 2] = ["sim", "bench-harness"];

/// Crates whose results are a function of (scenario, seed).
const PURE: [&str; 3] = ["models", "stats", "sim"];

/// Libraries that do I/O or read the machine, and therefore have no place in a pure crate.
const IMPURE: [&str; 23] = [
    "anyhow",
    "async-std",
    "chrono",
    "clap",
    "crossterm",
    "getrandom",
    "hyper",
    "indicatif",
    "libc",
    "memmap2",
    "mio",
    "nix",
    "num_cpus",
    "reqwest",
    "rustix",
    "smol",
    "socket2",
    "sysinfo",
    "tempfile",
    "tokio",
    "ureq",
    "walkdir",
    "ignore",
];

const PREFIX: &str = "frostline-";

const SECTIONS: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];

pub(super) fn check(files: &[SourceFile], faults: &mut Vec<Fault>) {
    for file in files {
        if let Some(folder) = file.path.strip_suffix("/Cargo.toml")
            && !folder.contains('/')
        {
            check_manifest(folder, file, faults);
        }
    }
    let has_crate = |name: &str| {
        let manifest = format!("{name}/Cargo.toml");
        files.iter().any(|file| file.path == manifest)
    };
    for name in PURE.into_iter().filter(|name| has_crate(name)) {
        let path = format!("{name}/clippy.toml");
        let found = files.iter().find(|file| file.path == path);
        let text = found.map_or("", |file| file.text.as_str());
        for list in ["disallowed-methods", "disallowed-types"] {
            if !text.contains(list) {
                faults.push(Fault {
                    file: path.clone(),
                    line: 1,
                    message: format!("`{name}` is pure: its clippy.toml needs `{list}`"),
                });
            }
        }
    }
}

fn check_manifest(folder: &str, file: &SourceFile, faults: &mut Vec<Fault>) {
    let root = match DeTable::parse(&file.text) {
        Ok(root) => root,
        Err(error) => {
            let line = error.span().map_or(1, |span| file.line_of(span.start));
            faults.push(file.fault(line, error.message()));
            return;
        }
    };
    let root = root.get_ref();
    // A crate that is a workspace of its own (fuzz, python) has nothing to inherit from.
    let is_member = root.contains_key("package") && !root.contains_key("workspace");
    let own_lints = folder == "bench-harness" && denies_unsafe_code(root);
    if is_member && !inherits_lints(root) && !own_lints {
        faults.push(file.fault(1, "`[lints] workspace = true` is missing"));
    }
    for section in SECTIONS {
        for (name, at) in dependencies(root, section) {
            let line = file.line_of(at);
            if let Some(message) = forbidden(folder, section, name) {
                faults.push(file.fault(line, message));
            }
        }
    }
    let targets = root.get("target").map(Spanned::get_ref);
    for target in targets
        .and_then(DeValue::as_table)
        .into_iter()
        .flat_map(DeTable::values)
    {
        for section in SECTIONS {
            let table = target.get_ref().as_table();
            for (name, at) in table.into_iter().flat_map(|t| dependencies(t, section)) {
                if let Some(message) = forbidden(folder, section, name) {
                    faults.push(file.fault(file.line_of(at), message));
                }
            }
        }
    }
}

/// The crate with the one file of unsafe code cannot inherit `forbid`, which nothing may lift.
fn denies_unsafe_code(root: &DeTable<'_>) -> bool {
    let lints = root
        .get("lints")
        .and_then(|lints| lints.get_ref().get("rust"));
    let level = lints.and_then(|rust| rust.get_ref().get("unsafe_code"));
    level.and_then(|level| level.get_ref().as_str()) == Some("deny")
}

fn inherits_lints(root: &DeTable<'_>) -> bool {
    root.get("lints")
        .and_then(|lints| lints.get_ref().get("workspace"))
        .and_then(|flag| flag.get_ref().as_bool())
        == Some(true)
}

/// Names of a section with the offset of each.
fn dependencies<'a>(root: &'a DeTable<'_>, section: &str) -> Vec<(&'a str, usize)> {
    let table = root
        .get(section)
        .and_then(|table| table.get_ref().as_table());
    table
        .into_iter()
        .flat_map(DeTable::keys)
        .map(|key| (key.get_ref().as_ref(), key.span().start))
        .collect()
}

/// Why a crate may not depend on another, if it may not.
fn forbidden(folder: &str, section: &str, dependency: &str) -> Option<String> {
    let is_test = section == "dev-dependencies";
    let Some(local) = dependency.strip_prefix(PREFIX) else {
        let impure = PURE.contains(&folder) && !is_test && IMPURE.contains(&dependency);
        return impure.then(|| {
            format!(
                "`{folder}` does no I/O and reads no machine: `{dependency}` has no place in it"
            )
        });
    };
    if STRANGERS.contains(&folder) && STRANGERS.contains(&local) && folder != local {
        return Some(format!(
            "`{folder}` and `{local}` meet only as `record::Invocation`"
        ));
    }
    let allowed = EDGES.iter().find(|edge| edge.0 == folder)?.1;
    let fine = is_test || allowed.contains(&local);
    (!fine).then(|| {
        let list = if allowed.is_empty() {
            "no crate of the workspace".to_owned()
        } else {
            format!("only {}", allowed.join(", "))
        };
        format!("`{folder}` may use {list}, not `{local}`")
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{file, shown};
    use super::*;

    fn faults_of(path: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        let clippy = file(
            "sim/clippy.toml",
            "disallowed-methods = []\ndisallowed-types = []",
        );
        check(&[file(path, text), clippy], &mut faults);
        shown(&faults)
    }

    const LINTS: &str = "[package]\n[lints]\nworkspace = true\n";

    #[test]
    fn arrows_point_one_way() {
        let fine = format!("{LINTS}[dependencies]\nfrostline-models.workspace = true\n");
        assert!(faults_of("sim/Cargo.toml", &fine).is_empty());
        assert_eq!(
            faults_of("report/Cargo.toml", &fine.replace("models", "sim")),
            ["report/Cargo.toml:5: `report` may use only models, stats, not `sim`"]
        );
        let target = fine.replace("[dependencies]", "[target.'cfg(unix)'.dependencies]");
        assert_eq!(
            faults_of("sim/Cargo.toml", &target.replace("models", "cli")),
            ["sim/Cargo.toml:5: `sim` may use only models, stats, not `cli`"]
        );
        let test = fine
            .replace("[dep", "[dev-dep")
            .replace("models", "bench-harness");
        assert_eq!(
            faults_of("sim/Cargo.toml", &test),
            ["sim/Cargo.toml:5: `sim` and `bench-harness` meet only as `record::Invocation`"]
        );
        assert!(faults_of("cli/Cargo.toml", &test).is_empty());
    }

    #[test]
    fn pure_crates_use_no_input_or_output() {
        let text = format!("{LINTS}[dependencies]\ntokio = \"1\"\n");
        assert_eq!(
            faults_of("sim/Cargo.toml", &text),
            [
                "sim/Cargo.toml:5: `sim` does no I/O and reads no machine: `tokio` has no place in it"
            ]
        );
        assert!(faults_of("cli/Cargo.toml", &text).is_empty());
        assert_eq!(
            faults_of("stats/Cargo.toml", LINTS),
            [
                "stats/clippy.toml:1: `stats` is pure: its clippy.toml needs `disallowed-methods`",
                "stats/clippy.toml:1: `stats` is pure: its clippy.toml needs `disallowed-types`",
            ]
        );
    }

    #[test]
    fn every_crate_inherits_the_lints() {
        assert_eq!(
            faults_of("cli/Cargo.toml", "[package]\nname = \"x\"\n"),
            ["cli/Cargo.toml:1: `[lints] workspace = true` is missing"]
        );
        assert!(faults_of("cli/Cargo.toml", "[package\n")[0].starts_with("cli/Cargo.toml:1:"));
    }
}
