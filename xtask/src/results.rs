//! What lies under `results/`: each in a folder of its own, with a manifest that says how it came
//! about. Nothing there is written by hand.

mod calibration;
mod growth;
mod lambda2020;
mod runtimes;
mod speed;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::json;

/// The results that can be regenerated.
const RESULTS: [Entry; 10] = [
    Entry {
        name: "coverage",
        seed: Some(1_000),
        make: speed::coverage,
    },
    Entry {
        name: "init-by-runtime",
        seed: None,
        make: runtimes::make,
    },
    Entry {
        name: "aws-lambda-2020",
        seed: Some(1),
        make: lambda2020::make,
    },
    Entry {
        name: "speed",
        seed: Some(1),
        make: speed::speed,
    },
    Entry {
        name: "growth",
        seed: Some(1),
        make: growth::growth,
    },
    Entry {
        name: "peers",
        seed: Some(1),
        make: speed::peers,
    },
    Entry {
        name: "calibration",
        seed: Some(20_261_124),
        make: calibration::coverage,
    },
    Entry {
        name: "gate",
        seed: Some(20_261_124),
        make: speed::gate,
    },
    Entry {
        name: "gate-fixtures",
        seed: None,
        make: speed::gate_fixtures,
    },
    Entry {
        name: "calibration-lambda-perf",
        seed: Some(1),
        make: calibration::held_out,
    },
];

/// A result by its name and how it is made.
struct Entry {
    /// The folder under `results/`.
    name: &'static str,
    /// The seed that it depends on, where it depends on one.
    seed: Option<u64>,
    /// Makes the files.
    make: fn() -> Result<Vec<OutputFile>>,
}

/// A file of a result.
pub(crate) struct OutputFile {
    /// Its name inside the result's folder.
    pub(crate) name: &'static str,
    /// Its text.
    pub(crate) text: String,
}

/// Regenerates one result, or all of them, and returns the paths written.
///
/// `largest` is the most invocations of a day of `growth`, for a short form of it.
pub(crate) fn write(root: &Path, name: Option<&str>, largest: Option<&str>) -> Result<Vec<String>> {
    let chosen: Vec<&Entry> = RESULTS
        .iter()
        .filter(|entry| name.is_none_or(|name| name == entry.name))
        .collect();
    ensure!(
        !chosen.is_empty(),
        "no such result; there are: {}",
        RESULTS.map(|entry| entry.name).join(", ")
    );
    let mut written = Vec::new();
    for entry in chosen {
        let mut files = match largest {
            Some(largest) if entry.name == "growth" => growth::up_to(largest)?,
            _ => (entry.make)()?,
        };
        files.push(OutputFile {
            name: "manifest.json",
            text: manifest(root, entry, largest)?,
        });
        let folder = root.join("results").join(entry.name);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        for file in files {
            let path = folder.join(file.name);
            std::fs::write(&path, &file.text)
                .with_context(|| format!("cannot write {}", path.display()))?;
            written.push(format!("results/{}/{}", entry.name, file.name));
        }
    }
    Ok(written)
}

/// How the result came about. The machine is described by what may matter to a number, never by its
/// name or its paths.
fn manifest(root: &Path, entry: &Entry, largest: Option<&str>) -> Result<String> {
    let option = largest.map_or_else(String::new, |largest| format!(" --largest {largest}"));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let manifest = json!({
        "schema": "frostline/result/1",
        "name": entry.name,
        "command": format!("cargo xtask results {}{option}", entry.name),
        "commit": first_line(root, "git", &["rev-parse", "HEAD"])?,
        "seed": entry.seed,
        "machine": {
            "system": std::env::consts::OS,
            "architecture": std::env::consts::ARCH,
            "cores": cores,
            "compiler": first_line(root, "rustc", &["--version"])?,
        },
    });
    Ok(format!("{manifest:#}\n"))
}

fn first_line(root: &Path, program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    ensure!(output.status.success(), "{program} failed");
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_result_names_the_known_ones() {
        let error = write(Path::new("."), Some("no"), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no such result; there are: coverage, init-by-runtime, aws-lambda-2020, speed, growth, \
             peers, calibration, gate, gate-fixtures, calibration-lambda-perf"
        );
    }
}
