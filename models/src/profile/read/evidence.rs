//! What a profile rests on: everything in the file that is shown and not simulated.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::law::read_law;
use super::read_coefficient;
use super::reader::Reader;
use crate::keepalive::KeepAlive;
use crate::profile::{CandidateFit, Coefficient, KeepAliveEvidence, Observed, QuantileInterval};
use crate::units::SimDuration;

/// Rows of a list at most; nobody reads more.
const ROWS_MAX: usize = 10_000;

pub(super) fn read_notes(reader: &mut Reader, table: &DeTable<'_>) -> Vec<String> {
    let rows = list(reader, table, "notes");
    rows.into_iter()
        .filter_map(|row| {
            let text = row.get_ref().as_str();
            if text.is_none() {
                reader.wrong_type(row, "a string");
            }
            text.map(str::to_owned)
        })
        .collect()
}

pub(super) fn read_intervals(reader: &mut Reader, table: &DeTable<'_>) -> Vec<QuantileInterval> {
    let rows = list(reader, table, "intervals");
    rows.into_iter()
        .filter_map(|row| {
            let example = "a row such as `[0.5, \"90 ms\", \"88 ms\", \"92 ms\"]`";
            let [probability, point, low, high] = cells(reader, row, example)?;
            let mut span = |value| reader.quantity_value(value, SimDuration::parse);
            let (point, low, high) = (span(point), span(low), span(high));
            Some(QuantileInterval {
                probability: reader.number(probability)?,
                point: point?,
                low: low?,
                high: high?,
            })
        })
        .collect()
}

pub(super) fn read_fits(reader: &mut Reader, table: &DeTable<'_>) -> Vec<CandidateFit> {
    const BESIDE: [&str; 7] = ["aic", "bic", "ks", "ks-p", "ad", "ad-p", "errors"];
    let rows = list(reader, table, "fit");
    rows.into_iter()
        .filter_map(|row| {
            let Some(entry) = row.get_ref().as_table() else {
                reader.wrong_type(row, "a table with a law");
                return None;
            };
            let law = read_law(reader, entry, &row.span(), &BESIDE);
            let aic = reader.required_number(entry, &row.span(), "aic");
            let bic = reader.required_number(entry, &row.span(), "bic");
            let errors = read_errors(reader, entry);
            Some(CandidateFit {
                law: law?.0,
                aic: aic?,
                bic: bic?,
                ks: reader.optional_number(entry, "ks"),
                ks_p: reader.optional_number(entry, "ks-p"),
                ad: reader.optional_number(entry, "ad"),
                ad_p: reader.optional_number(entry, "ad-p"),
                errors,
            })
        })
        .collect()
}

fn read_errors(reader: &mut Reader, table: &DeTable<'_>) -> Vec<(f64, f64)> {
    let rows = list(reader, table, "errors");
    rows.into_iter()
        .filter_map(|row| {
            let [probability, error] = cells(reader, row, "a pair such as `[0.5, 0.01]`")?;
            Some((reader.number(probability)?, reader.number(error)?))
        })
        .collect()
}

pub(super) fn read_observed(reader: &mut Reader, table: &DeTable<'_>) -> Option<Observed> {
    let (entry, span) = reader.table(table, "observed")?;
    let keys = ["invocations", "cold-starts", "cold-ratio", "duration"];
    reader.known_keys(entry, &keys, "observed");
    let invocations = reader.required_count(entry, &span, "invocations");
    let cold_starts = reader.required_count(entry, &span, "cold-starts");
    let cold_ratio = read_coefficient(reader, entry, &span, "cold-ratio", 0.0..=1.0);
    let duration = reader.table(entry, "duration").map(|(inner, place)| {
        let samples = reader.required_count(inner, &place, "n");
        let law = read_law(reader, inner, &place, &["n"]);
        Some((samples?, law?.0))
    });
    Some(Observed {
        invocations: invocations?,
        cold_starts: cold_starts?,
        cold_ratio: cold_ratio?,
        duration: duration.flatten(),
    })
}

pub(super) fn read_keep_alive(
    reader: &mut Reader,
    table: &DeTable<'_>,
) -> Option<KeepAliveEvidence> {
    const KINDS: [&str; 5] = ["fixed", "uniform", "halving", "none", "forever"];
    let (entry, span) = reader.table(table, "keep-alive")?;
    let known: Vec<&str> = KINDS
        .into_iter()
        .chain(["n", "reused", "survival"])
        .collect();
    reader.known_keys(entry, &known, "keep-alive");
    let samples = reader.required_count(entry, &span, "n");
    let reused = reader.required_count(entry, &span, "reused");
    let kind = read_kind(reader, entry, &span);
    let rows = list(reader, entry, "survival");
    let survival = rows.into_iter().filter_map(|row| {
        let example = "a row such as `[\"60 s\", 0.99, 0.97, 1.0, 40]`";
        let [age, point, low, high, n] = cells(reader, row, example)?;
        let age = reader.quantity_value(age, SimDuration::parse);
        let mut number = |value| reader.number(value);
        let (point, low, high, n) = (number(point), number(low), number(high), number(n));
        let share = Coefficient {
            point: point?,
            low: low?,
            high: high?,
            n: crate::math::round_to_u64(n?),
        };
        Some((age?, share))
    });
    let survival = survival.collect();
    Some(KeepAliveEvidence {
        samples: samples?,
        reused: reused?,
        kind: kind?,
        survival,
    })
}

fn read_kind(reader: &mut Reader, entry: &DeTable<'_>, span: &Range<usize>) -> Option<KeepAlive> {
    if let Some((inner, place)) = entry
        .get("uniform")
        .and_then(|_| reader.table(entry, "uniform"))
    {
        reader.known_keys(inner, &["low", "high"], "uniform");
        let low = reader.quantity(inner, &place, "low", SimDuration::parse);
        let high = reader.quantity(inner, &place, "high", SimDuration::parse);
        return Some(KeepAlive::Uniform {
            low: low?,
            high: high?,
        });
    }
    let mut time = |key: &str| {
        let value = entry.get(key)?;
        reader.quantity_value(value, SimDuration::parse)
    };
    if let Some(time) = time("fixed") {
        return Some(KeepAlive::Fixed(time));
    }
    if let Some(time) = time("halving") {
        return Some(KeepAlive::Halving(time));
    }
    let is_set =
        |key: &str| entry.get(key).and_then(|value| value.get_ref().as_bool()) == Some(true);
    if is_set("none") {
        return Some(KeepAlive::None);
    }
    if is_set("forever") {
        return Some(KeepAlive::Forever);
    }
    reader.missing(
        "fixed",
        span,
        "a kind of keep-alive, such as `fixed = \"6 min\"`",
    );
    None
}

/// The rows of a list, empty where there is none.
fn list<'a, 'i>(
    reader: &mut Reader,
    table: &'a DeTable<'i>,
    key: &str,
) -> Vec<&'a Spanned<DeValue<'i>>> {
    let Some(value) = table.get(key) else {
        return Vec::new();
    };
    let Some(items) = value.get_ref().as_array() else {
        reader.wrong_type(value, "a list");
        return Vec::new();
    };
    if items.len() > ROWS_MAX {
        let title = format!(
            "`{key}` has {} rows, expected at most {ROWS_MAX}",
            items.len()
        );
        reader.error("too-long", title, value.span(), "this list");
        return Vec::new();
    }
    items.iter().collect()
}

/// A row of as many cells as asked for.
fn cells<'a, 'i, const N: usize>(
    reader: &mut Reader,
    row: &'a Spanned<DeValue<'i>>,
    example: &str,
) -> Option<[&'a Spanned<DeValue<'i>>; N]> {
    let cells: Vec<_> = row
        .get_ref()
        .as_array()
        .map(|row| row.iter().collect())
        .unwrap_or_default();
    let found = <[_; N]>::try_from(cells).ok();
    if found.is_none() {
        reader.wrong_type(row, example);
    }
    found
}
