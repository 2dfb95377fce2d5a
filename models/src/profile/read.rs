//! Reading a `*.profile.toml`: every fault of the file in one run, each with its place.

mod evidence;
mod law;
mod reader;

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use self::reader::Reader;
use super::{
    Coefficient, CpuShare, FULL_VCPU_MIB, MeasuredPhase, PackageSize, Profile, ProfileError,
    ProfileWarning, Provenance, SCHEMA, SCHEMAS,
};
use crate::diagnostic::Diagnostics;
use crate::init::Phase;
use crate::scenario::{Architecture, PackageKind};
use crate::units::{Bytes, Memory, SimDuration};

const KEYS: [&str; 15] = [
    "schema",
    "name",
    "managed-runtime",
    "runtime",
    "package",
    "architecture",
    "warnings",
    "source",
    "environment",
    "phase",
    "package-size",
    "cpu-share",
    "observed",
    "keep-alive",
    "notes",
];

impl Profile {
    /// Reads the text of a `*.profile.toml`; `name` is what the diagnostics call it.
    ///
    /// # Errors
    /// Every fault of the text at once.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostics> {
        let (root, syntax) = DeTable::parse_recoverable(text);
        let mut reader = Reader::default();
        for error in &syntax {
            reader.syntax(error, text.len());
        }
        // Half-read tables would be reported as missing keys, which misleads.
        let profile = if syntax.is_empty() {
            read_profile(&mut reader, &root)
        } else {
            None
        };
        match profile {
            Some(profile) if reader.errors.is_empty() => Ok(profile),
            _ => Err(reader.into_diagnostics(name, text)),
        }
    }
}

fn read_profile(reader: &mut Reader, root: &Spanned<DeTable<'_>>) -> Option<Profile> {
    let table = root.get_ref();
    let span = root.span();
    reader.known_keys(table, &KEYS, "a profile");
    if let Some((schema, place)) = reader.required_text(table, &span, "schema")
        && !SCHEMAS.contains(&schema.as_str())
    {
        let title = format!("unknown profile format `{schema}`");
        reader
            .error(
                "profile-schema",
                title,
                place,
                "this program reads another one",
            )
            .push(format!("write `schema = \"{SCHEMA}\"`"));
    }
    let name = reader
        .required_text(table, &span, "name")
        .map(|text| text.0);
    let managed = reader.required_flag(table, &span, "managed-runtime");
    let runtime = reader.text(table, "runtime").map(|text| text.0);
    let package = reader.choice(
        table,
        "package",
        &[("zip", PackageKind::Zip), ("image", PackageKind::Image)],
    );
    let architecture = reader.choice(
        table,
        "architecture",
        &[Architecture::X86_64, Architecture::Arm64].map(|a| (a.name(), a)),
    );
    let warnings = read_warnings(reader, table);
    let source = read_source(reader, table, &span);
    let environment = read_environment(reader, table);
    let phases = read_phases(reader, table, &span);
    let package_size = read_package_size(reader, table);
    let cpu_share = read_cpu_share(reader, table);
    let observed = evidence::read_observed(reader, table);
    let keep_alive = evidence::read_keep_alive(reader, table);
    let notes = evidence::read_notes(reader, table);
    let mut profile = match Profile::new(&name?, managed?, phases) {
        Ok(profile) => profile,
        Err(error) => {
            let place = table.get("phase").map_or(span, Spanned::span);
            let help = match error {
                ProfileError::NoPhase => "add a table such as `[phase.runtime]`".to_owned(),
                ProfileError::TotalBeside { other } => {
                    format!("remove `[phase.total]` or `[phase.{}]`", other.name())
                }
            };
            // A phase that could not be read has been reported already.
            if reader.errors.is_empty() {
                reader
                    .error("profile-phases", error.to_string(), place, "here")
                    .push(help);
            }
            return None;
        }
    };
    profile.runtime = runtime;
    profile.package = package;
    profile.architecture = architecture;
    profile.warnings = warnings;
    profile.source = source;
    profile.environment = environment;
    profile.package_size = package_size;
    profile.cpu_share = cpu_share;
    profile.observed = observed;
    profile.keep_alive = keep_alive;
    profile.notes = notes;
    Some(profile)
}

fn read_warnings(reader: &mut Reader, table: &DeTable<'_>) -> Vec<ProfileWarning> {
    let names = ProfileWarning::ALL.map(|warning| (warning.name(), warning));
    let Some(value) = table.get("warnings") else {
        return Vec::new();
    };
    let Some(items) = value.get_ref().as_array() else {
        reader.wrong_type(value, "a list of names");
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| reader.one_of(item, "warning", &names))
        .collect()
}

fn read_source(
    reader: &mut Reader,
    table: &DeTable<'_>,
    span: &std::ops::Range<usize>,
) -> Provenance {
    if !table.contains_key("source") {
        reader.missing("source", span, "a table with the key `title`");
    }
    let Some((source, span)) = reader.table(table, "source") else {
        return Provenance::default();
    };
    reader.known_keys(source, &["title", "url", "date", "attribution"], "a source");
    let title = reader.required_text(source, &span, "title");
    Provenance {
        title: title.map_or_else(String::new, |text| text.0),
        url: reader.text(source, "url").map(|text| text.0),
        date: reader.text(source, "date").map(|text| text.0),
        attribution: reader.text(source, "attribution").map(|text| text.0),
    }
}

fn read_environment(reader: &mut Reader, table: &DeTable<'_>) -> BTreeMap<String, String> {
    let mut environment = BTreeMap::new();
    if let Some((entries, _)) = reader.table(table, "environment") {
        for (key, value) in entries {
            match value.get_ref() {
                DeValue::String(text) => {
                    environment.insert(key.get_ref().to_string(), text.to_string());
                }
                _ => reader.wrong_type(value, "a string"),
            }
        }
    }
    environment
}

fn read_phases(
    reader: &mut Reader,
    table: &DeTable<'_>,
    span: &std::ops::Range<usize>,
) -> BTreeMap<Phase, MeasuredPhase> {
    let mut phases = BTreeMap::new();
    if !table.contains_key("phase") {
        reader.missing("phase", span, "a table such as `[phase.runtime]`");
    }
    let Some((entries, _)) = reader.table(table, "phase") else {
        return phases;
    };
    reader.known_keys(entries, &Phase::ALL.map(Phase::name), "the phases");
    for phase in Phase::ALL {
        let Some((entry, span)) = reader.table(entries, phase.name()) else {
            continue;
        };
        let samples = reader.required_count(entry, &span, "n");
        let law = law::read_law(reader, entry, &span, &["n", "intervals", "fit"]);
        let intervals = evidence::read_intervals(reader, entry);
        let fits = evidence::read_fits(reader, entry);
        if let (Some(samples), Some((law, _))) = (samples, law) {
            phases.insert(
                phase,
                MeasuredPhase {
                    samples,
                    law,
                    intervals,
                    fits,
                },
            );
        }
    }
    phases
}

fn read_package_size(reader: &mut Reader, table: &DeTable<'_>) -> Option<PackageSize> {
    let (entry, span) = reader.table(table, "package-size")?;
    reader.known_keys(
        entry,
        &["reference", "ms-per-mb", "hold-out-error"],
        "package-size",
    );
    let reference = reader.quantity(entry, &span, "reference", Bytes::parse);
    let ms_per_mb = read_coefficient(reader, entry, &span, "ms-per-mb", 0.0..=1e6);
    let hold_out_error = reader.optional_number(entry, "hold-out-error");
    Some(PackageSize {
        reference: reference?,
        ms_per_mb: ms_per_mb?,
        hold_out_error,
    })
}

fn read_cpu_share(reader: &mut Reader, table: &DeTable<'_>) -> Option<CpuShare> {
    let (entry, span) = reader.table(table, "cpu-share")?;
    let keys = ["reference", "share", "period", "hold-out-error"];
    reader.known_keys(entry, &keys, "cpu-share");
    let reference = reader.quantity(entry, &span, "reference", Memory::parse);
    let share = read_coefficient(reader, entry, &span, "share", 0.0..=1.0);
    let hold_out_error = reader.optional_number(entry, "hold-out-error");
    let period = read_period(reader, entry, reference);
    Some(CpuShare {
        reference: reference?,
        share: share?,
        period,
        hold_out_error,
    })
}

/// The period of the quota, if there is one. Its staircase starts from unthrottled times.
fn read_period(
    reader: &mut Reader,
    entry: &DeTable<'_>,
    reference: Option<Memory>,
) -> Option<SimDuration> {
    let value = entry.get("period")?;
    let period = reader.quantity_value(value, SimDuration::parse)?;
    let throttled = reference.is_some_and(|memory| f64::from(memory.0) < FULL_VCPU_MIB);
    if throttled || period == SimDuration::ZERO {
        let title = "a quota's staircase starts from unthrottled times".to_owned();
        let label = "expected a period above zero and `reference` of at least 1769 MiB";
        reader.error("profile-period", title, value.span(), label);
    }
    Some(period)
}

fn read_coefficient(
    reader: &mut Reader,
    table: &DeTable<'_>,
    span: &std::ops::Range<usize>,
    key: &'static str,
    range: std::ops::RangeInclusive<f64>,
) -> Option<Coefficient> {
    if !table.contains_key(key) {
        reader.missing(key, span, "a table with `point`, `low`, `high` and `n`");
    }
    let (entry, span) = reader.table(table, key)?;
    reader.known_keys(entry, &["point", "low", "high", "n"], key);
    let point = reader.required_number(entry, &span, "point");
    let low = reader.required_number(entry, &span, "low");
    let high = reader.required_number(entry, &span, "high");
    let n = reader.required_count(entry, &span, "n");
    let value = Coefficient {
        point: point?,
        low: low?,
        high: high?,
        n: n?,
    };
    if !(value.low <= value.point && value.point <= value.high) {
        let title = format!("the interval of `{key}` does not hold its point");
        reader.error(
            "profile-interval",
            title,
            span,
            "expected low ≤ point ≤ high",
        );
        return None;
    }
    if !range.contains(&value.point) {
        let title = format!("`{key}` is out of range: {}", value.point);
        let label = format!("expected {} to {}", range.start(), range.end());
        reader.error("profile-range", title, span, &label);
        return None;
    }
    Some(value)
}
