//! Writes `models/src/runtime_table.rs` from the quantiles of maxday/lambda-perf.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Where the table is written.
pub(crate) const TABLE: &str = "models/src/runtime_table.rs";

/// The day of the newest sample. The quantiles do not carry it; the data's description does.
const SOURCE_DATE: &str = "2026-08-22";

const COLUMNS: [&str; 15] = [
    "runtime", "package", "arch", "samples", "p1_ms", "p5_ms", "p10_ms", "p25_ms", "p50_ms",
    "p75_ms", "p90_ms", "p95_ms", "p99_ms", "p99.9_ms", "max_ms",
];

const HEADER: &str = "\
//! Quantiles of the Init Duration of AWS Lambda's runtimes. Written by `cargo xtask runtimes`: do not
//! edit.
//!
//! Derived from maxday/lambda-perf, Apache-2.0, <https://github.com/maxday/lambda-perf>: hello-world
//! functions, ten cold starts a day for each runtime, package, architecture and memory size, 90 days
//! to the date below; quantiles R-7, all memory sizes together. See NOTICE.

use crate::scenario::Architecture::{self, Arm64, X86_64};
use crate::scenario::PackageKind::{self, Image, Zip};

/// One runtime, package and architecture.
#[derive(Debug)]
pub(crate) struct Row {
    /// AWS identifier, or `LANGUAGE_on_provided_BASE` for a custom runtime.
    pub(crate) runtime: &'static str,
    pub(crate) package: PackageKind,
    pub(crate) architecture: Architecture,
    /// Cold starts measured.
    pub(crate) samples: u32,
    /// Milliseconds at 1, 5, 10, 25, 50, 75, 90, 95, 99 and 99.9 % and the maximum.
    pub(crate) quantiles_ms: [f64; 11],
}

const fn row(
    runtime: &'static str,
    package: PackageKind,
    architecture: Architecture,
    samples: u32,
    quantiles_ms: [f64; 11],
) -> Row {
    Row {
        runtime,
        package,
        architecture,
        samples,
        quantiles_ms,
    }
}
";

/// Writes the table into the project and returns the number of its rows.
pub(crate) fn write(root: &Path, data: &Path) -> Result<usize> {
    let path = data.join("lambda-perf").join("init_quantiles.csv");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let rows = rows(&text)?;
    let count = rows.len();
    std::fs::write(root.join(TABLE), table(&rows))
        .with_context(|| format!("cannot write {TABLE}"))?;
    Ok(count)
}

/// The rows as source text, sorted.
fn rows(text: &str) -> Result<BTreeSet<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers()?.clone();
    ensure!(
        header.iter().eq(COLUMNS),
        "expected the columns {COLUMNS:?}, found {header:?}"
    );
    let mut rows = BTreeSet::new();
    for record in reader.records() {
        let record = record?;
        let runtime = identifier(&record[0]);
        let package = match &record[1] {
            "zip" => "Zip",
            "image" => "Image",
            other => anyhow::bail!("{runtime}: unknown package `{other}`"),
        };
        let architecture = match &record[2] {
            "x86_64" => "X86_64",
            "arm64" => "Arm64",
            other => anyhow::bail!("{runtime}: unknown architecture `{other}`"),
        };
        let samples: u32 = record[3].parse().with_context(|| runtime.clone())?;
        let mut quantiles = Vec::new();
        for field in record.iter().skip(4) {
            let value: f64 = field.parse().with_context(|| runtime.clone())?;
            let rises = quantiles.last().is_none_or(|last| *last <= value);
            ensure!(
                rises && value.is_finite(),
                "{runtime}: quantiles fall at {value}"
            );
            quantiles.push(value);
        }
        rows.insert(format!(
            "    row({runtime:?}, {package}, {architecture}, {samples}, {quantiles:?}),"
        ));
    }
    Ok(rows)
}

fn table(rows: &BTreeSet<String>) -> String {
    let mut text = String::from(HEADER);
    let count = rows.len();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "\n/// The day of the newest sample.\npub(crate) const SOURCE_DATE: &str = {SOURCE_DATE:?};\n\n\
         /// Every runtime, package and architecture that was measured, sorted by runtime.\n\
         #[rustfmt::skip]\npub(crate) static ROWS: [Row; {count}] = [\n"
    );
    for row in rows {
        text.push_str(row);
        text.push('\n');
    }
    text.push_str("];\n");
    text
}

/// The AWS identifier of one of the data's names: `python3.13` for `python313`, `nodejs22.x` for
/// `nodejs22x`, `java8.al2` for `java8_al2`; custom runtimes keep their names.
fn identifier(name: &str) -> String {
    for language in ["python", "ruby"] {
        if let Some(version) = name.strip_prefix(language)
            && version.len() > 1
            && version.bytes().all(|byte| byte.is_ascii_digit())
        {
            let (major, minor) = version.split_at(1);
            return format!("{language}{major}.{minor}");
        }
    }
    if let Some(version) = name
        .strip_prefix("nodejs")
        .and_then(|v| v.strip_suffix('x'))
    {
        return format!("nodejs{version}.x");
    }
    if name == "java8_al2" {
        return "java8.al2".to_owned();
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_aws_identifiers() {
        for (name, expected) in [
            ("python39", "python3.9"),
            ("python313", "python3.13"),
            ("ruby34", "ruby3.4"),
            ("nodejs22x", "nodejs22.x"),
            ("java8_al2", "java8.al2"),
            ("dotnet8", "dotnet8"),
            ("rust_on_provided_al2023", "rust_on_provided_al2023"),
        ] {
            assert_eq!(identifier(name), expected);
        }
    }

    #[test]
    fn a_row_is_written_as_it_stands_in_the_data() {
        let header = COLUMNS.join(",");
        let rows = rows(&format!(
            "{header}\njava21,zip,arm64,3085,1.0,2,3,4,5,6,7,8,9,10.5,11\n"
        ));
        let expected = "    row(\"java21\", Zip, Arm64, 3085, \
            [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.5, 11.0]),";
        assert_eq!(rows.unwrap(), BTreeSet::from([expected.to_owned()]));
        assert!(rows_error(&format!(
            "{header}\njava21,zip,arm64,3,1,2,1,4,5,6,7,8,9,10,11\n"
        )));
        assert!(rows_error("a,b\n1,2\n"));
    }

    fn rows_error(text: &str) -> bool {
        rows(text).is_err()
    }
}
