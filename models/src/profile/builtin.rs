//! The built-in runtimes: profiles of AWS Lambda's hello-world functions.
//!
//! Source: maxday/lambda-perf (<https://github.com/maxday/lambda-perf>, Apache-2.0), ten cold starts a
//! day for each runtime, package, architecture and memory size, the 90 days up to 2026-08-22. All
//! memory sizes are taken together, because the Init Duration of Lambda does not depend on memory.
//! The figures stand in a table that `cargo xtask runtimes` writes.
//!
//! **When it is wrong.** The figures are those of a function that does nothing: imports of a real one
//! come on top. Below the 1st percentile the law is flat at it; above p99.9 it rises to the largest
//! of some 3 000 samples and ends there.

use std::collections::BTreeMap;
use std::fmt;

use super::{Form, MeasuredPhase, Profile, Provenance, WrittenLaw};
use crate::init::Phase;
use crate::math::round_to_u64;
use crate::runtime_table::{ROWS, Row, SOURCE_DATE};
use crate::scenario::{Architecture, PackageKind};
use crate::units::SimDuration;

/// Probabilities of the table's columns; the last is the maximum.
const PROBABILITIES: [f64; 11] = [
    0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0,
];

/// Other spellings, after [`key`], and the runtime that each means. The languages of custom runtimes
/// need no entry: `rust` means the newest `rust_on_provided_…`.
const ALIASES: [(&str, &str); 9] = [
    ("bash", "shell_on_provided_al2023"),
    ("cpp", "cpp11_on_provided_al2023"),
    ("dotnetaot", "dotnet10_aot_on_provided_al2023"),
    ("go1x", "go_on_provided_al2"),
    ("golang", "go_on_provided_al2023"),
    ("graalvm", "graalvm_java23_on_provided_al2023"),
    ("java8", "java8.al2"),
    ("quarkus", "quarkus_native_on_provided_al2"),
    ("swift", "swift62_on_provided_al2"),
];

/// A runtime that is not built in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRuntime {
    /// The name as given.
    pub name: String,
    /// How the runtime was measured instead, when it is known but not so packaged: `zip on x86_64`.
    pub measured_as: Vec<String>,
    /// Known names that may have been meant, the likeliest first.
    pub suggestions: Vec<&'static str>,
}

impl fmt::Display for UnknownRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.measured_as.is_empty() {
            write!(f, "unknown runtime `{}`", self.name)?;
        } else {
            let measured = self.measured_as.join(", ");
            write!(f, "`{}` was measured only as {measured}", self.name)?;
        }
        if !self.suggestions.is_empty() {
            write!(f, "; did you mean `{}`?", self.suggestions.join("`, `"))?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownRuntime {}

/// The names of the built-in runtimes, each once, in alphabetical order.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    let first = |index: usize| index == 0 || ROWS[index - 1].runtime != ROWS[index].runtime;
    (0..ROWS.len())
        .filter(move |index| first(*index))
        .map(|index| ROWS[index].runtime)
}

/// The profile of a runtime: an empirical law of its Init Duration, as phase `runtime`.
///
/// Names are AWS identifiers (`python3.13`, `nodejs22.x`, `java21`, `dotnet8`); case, dots, dashes and
/// underscores do not matter, so that the data's own `python313` works. A custom runtime is named
/// after what runs on it: `rust`, or `rust_on_provided_al2` for the older base.
///
/// # Errors
/// When there is no such runtime, or it was not measured with this package and architecture.
///
/// ```
/// use frostline_models::profile::builtin;
/// use frostline_models::scenario::{Architecture, PackageKind};
///
/// let python = builtin("python3.13", PackageKind::Zip, Architecture::X86_64).unwrap();
/// assert!(python.managed_runtime());
/// let typo = builtin("pyhton3.13", PackageKind::Zip, Architecture::X86_64).unwrap_err();
/// assert_eq!(typo.suggestions[0], "python3.13");
/// ```
pub fn builtin(
    runtime: &str,
    package: PackageKind,
    architecture: Architecture,
) -> Result<Profile, UnknownRuntime> {
    let Some(name) = resolve(runtime) else {
        return Err(UnknownRuntime {
            name: runtime.to_owned(),
            measured_as: Vec::new(),
            suggestions: suggestions(runtime),
        });
    };
    let rows = || ROWS.iter().filter(|row| row.runtime == name);
    let row = rows().find(|row| row.package == package && row.architecture == architecture);
    row.map(profile).ok_or_else(|| UnknownRuntime {
        name: runtime.to_owned(),
        measured_as: rows()
            .map(|row| {
                format!(
                    "{} on {}",
                    package_name(row.package),
                    row.architecture.name()
                )
            })
            .collect(),
        suggestions: Vec::new(),
    })
}

fn profile(row: &Row) -> Profile {
    let points = PROBABILITIES
        .iter()
        .zip(row.quantiles_ms)
        .map(|(probability, ms)| (*probability, SimDuration(round_to_u64(ms * 1e6))))
        .collect();
    let law = WrittenLaw::new(Form::Empirical(points))
        .expect("the table's quantiles rise, because a test builds every row");
    let phase = MeasuredPhase::new(u64::from(row.samples), law);
    let phases = BTreeMap::from([(Phase::Runtime, phase)]);
    let mut profile = Profile::new(row.runtime, is_managed(row.runtime), phases)
        .expect("one phase makes a profile");
    profile.runtime = Some(row.runtime.to_owned());
    profile.package = Some(row.package);
    profile.architecture = Some(row.architecture);
    profile.source = Provenance {
        title: "AWS Lambda hello-world Init Duration, 90 days, all memory sizes".to_owned(),
        url: Some("https://github.com/maxday/lambda-perf".to_owned()),
        date: Some(SOURCE_DATE.to_owned()),
        attribution: Some("maxday/lambda-perf, Apache-2.0".to_owned()),
    };
    profile.environment = BTreeMap::from([("platform".to_owned(), "aws-lambda".to_owned())]);
    profile
}

/// A managed runtime is a language with its version; whatever stands on `provided` or comes as a
/// layer is brought along by the function.
fn is_managed(name: &str) -> bool {
    let versioned = |language: &str| {
        name.strip_prefix(language)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    !name.contains("_on_provided_")
        && ["dotnet", "java", "nodejs", "python", "ruby"]
            .into_iter()
            .any(versioned)
}

/// The built-in name that a spelling means.
fn resolve(runtime: &str) -> Option<&'static str> {
    let wanted = key(runtime);
    if let Some(name) = builtin_names().find(|name| key(name) == wanted) {
        return Some(name);
    }
    if let Some((_, name)) = ALIASES.iter().find(|(alias, _)| *alias == wanted) {
        return Some(name);
    }
    if wanted.starts_with("nodejs") {
        let with_suffix = format!("{wanted}x");
        return builtin_names().find(|name| key(name) == with_suffix);
    }
    // Names sort `al2` before `al2023`: the last one is the newest base.
    builtin_names()
        .filter(|name| language(name).is_some_and(|language| key(language) == wanted))
        .last()
}

/// What runs on a custom runtime: `rust` of `rust_on_provided_al2023`.
fn language(name: &str) -> Option<&str> {
    name.split_once("_on_provided_")
        .map(|(language, _)| language)
}

/// A name without what people spell differently.
fn key(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '.' | '-' | '_' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Known names near a mistyped one. `provided.al2023` alone names no language: it gets them all.
fn suggestions(runtime: &str) -> Vec<&'static str> {
    let wanted = key(runtime);
    if let Some(base) = wanted.strip_prefix("provided") {
        return builtin_names()
            .filter(|name| {
                name.split_once("_on_provided_")
                    .is_some_and(|(_, on)| base.is_empty() || on == base)
            })
            .collect();
    }
    let mut near: Vec<(usize, &'static str)> = builtin_names()
        .filter_map(|name| {
            let full = key(name);
            let short = language(name).map(key);
            let distance = short
                .iter()
                .map(|short| edits(&wanted, short))
                .chain([edits(&wanted, &full)])
                .min()
                .unwrap_or(usize::MAX);
            // `python` and `java` name a language without the version that AWS asks for.
            let is_prefix = wanted.len() >= 2 && full.starts_with(&wanted);
            let limit = 1 + wanted.chars().count() / 4;
            (is_prefix || distance <= limit).then_some((distance, name))
        })
        .collect();
    near.sort_unstable();
    near.into_iter().take(5).map(|(_, name)| name).collect()
}

/// Levenshtein's distance: single insertions, deletions and replacements.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, left) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, right) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

fn package_name(package: PackageKind) -> &'static str {
    match package {
        PackageKind::Zip => "zip",
        PackageKind::Image => "image",
    }
}
