//! The law of a phase: exactly one key of a table names it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::reader::Reader;
use crate::profile::{Form, WrittenLaw};
use crate::units::SimDuration;

const LAWS: [&str; 10] = [
    "constant",
    "exponential",
    "log-normal",
    "shifted-log-normal",
    "gamma",
    "weibull",
    "log-logistic",
    "pareto",
    "empirical",
    "mixture",
];

/// Mixtures of mixtures are legal, but no deeper than a person would write.
const DEPTH_MAX: usize = 4;

/// Reads the one law among the keys of a table; `beside` are the keys that may stand beside it.
pub(super) fn read_law(
    reader: &mut Reader,
    table: &DeTable<'_>,
    place: &Range<usize>,
    beside: &[&str],
) -> Option<(WrittenLaw, Range<usize>)> {
    let (form, span) = read_form(reader, table, place, beside, 0)?;
    match WrittenLaw::new(form) {
        Ok(law) => Some((law, span)),
        Err(error) => {
            reader.error("law", error.to_string(), span, "this law");
            None
        }
    }
}

fn read_form(
    reader: &mut Reader,
    table: &DeTable<'_>,
    place: &Range<usize>,
    beside: &[&str],
    depth: usize,
) -> Option<(Form, Range<usize>)> {
    let known: Vec<&str> = beside.iter().chain(&LAWS).copied().collect();
    reader.known_keys(table, &known, "a law");
    let mut found = LAWS.iter().filter_map(|name| {
        table
            .get_key_value(*name)
            .map(|(key, value)| (*name, key, value))
    });
    let Some((name, _, value)) = found.next() else {
        reader.missing("law", place, &format!("one of {}", LAWS.join(", ")));
        return None;
    };
    if let Some((other, key, _)) = found.next() {
        let title = format!("two laws: `{name}` and `{other}`");
        reader
            .error("two-kinds", title, key.span(), "the second law")
            .push(format!("remove `{name}` or `{other}`"));
        return None;
    }
    let form = read_named(reader, name, value, depth)?;
    Some((form, value.span()))
}

fn read_named(
    reader: &mut Reader,
    name: &str,
    value: &Spanned<DeValue<'_>>,
    depth: usize,
) -> Option<Form> {
    if name == "constant" {
        return reader
            .quantity_value(value, SimDuration::parse)
            .map(Form::Constant);
    }
    if name == "mixture" {
        return read_mixture(reader, value, depth);
    }
    let Some(table) = value.get_ref().as_table() else {
        reader.wrong_type(value, "a table of parameters");
        return None;
    };
    let place = value.span();
    let span = |reader: &mut Reader, key| reader.quantity(table, &place, key, SimDuration::parse);
    match name {
        "log-normal" => {
            reader.known_keys(table, &["median", "p99"], name);
            let (median, p99) = (span(reader, "median"), span(reader, "p99"));
            Some(Form::LogNormal {
                median: median?,
                p99: p99?,
            })
        }
        "shifted-log-normal" => {
            reader.known_keys(table, &["shift", "median", "p99"], name);
            let shift = span(reader, "shift");
            let (median, p99) = (span(reader, "median"), span(reader, "p99"));
            Some(Form::ShiftedLogNormal {
                shift: shift?,
                median: median?,
                p99: p99?,
            })
        }
        "exponential" => {
            reader.known_keys(table, &["mean"], name);
            span(reader, "mean").map(|mean| Form::Exponential { mean })
        }
        "log-logistic" => {
            reader.known_keys(table, &["shape", "median"], name);
            let median = span(reader, "median");
            Some(Form::LogLogistic {
                shape: reader.required_number(table, &place, "shape")?,
                median: median?,
            })
        }
        "pareto" => {
            reader.known_keys(table, &["shape", "minimum"], name);
            let minimum = span(reader, "minimum");
            Some(Form::Pareto {
                shape: reader.required_number(table, &place, "shape")?,
                minimum: minimum?,
            })
        }
        "gamma" => {
            reader.known_keys(table, &["shape", "mean"], name);
            let mean = span(reader, "mean");
            Some(Form::Gamma {
                shape: reader.required_number(table, &place, "shape")?,
                mean: mean?,
            })
        }
        "weibull" => {
            reader.known_keys(table, &["shape", "scale"], name);
            let scale = span(reader, "scale");
            Some(Form::Weibull {
                shape: reader.required_number(table, &place, "shape")?,
                scale: scale?,
            })
        }
        _ => {
            reader.known_keys(table, &["quantiles"], name);
            if !table.contains_key("quantiles") {
                reader.missing(
                    "quantiles",
                    &place,
                    "a list such as `[[0.5, \"120 ms\"], …]`",
                );
            }
            read_quantiles(reader, table.get("quantiles")?).map(Form::Empirical)
        }
    }
}

fn read_mixture(reader: &mut Reader, value: &Spanned<DeValue<'_>>, depth: usize) -> Option<Form> {
    if depth >= DEPTH_MAX {
        let title = "mixtures are nested too deeply".to_owned();
        let label = format!("at most {DEPTH_MAX} levels");
        reader.error("law", title, value.span(), &label);
        return None;
    }
    let Some(items) = value.get_ref().as_array() else {
        reader.wrong_type(value, "a list of weighted laws");
        return None;
    };
    let faults = reader.errors.len();
    let mut parts = Vec::new();
    for item in items {
        let Some(table) = item.get_ref().as_table() else {
            reader.wrong_type(item, "a table with `weight` and a law");
            continue;
        };
        let weight = reader.required_number(table, &item.span(), "weight");
        let form = read_form(reader, table, &item.span(), &["weight"], depth + 1);
        if let (Some(weight), Some((form, _))) = (weight, form) {
            parts.push((weight, form));
        }
    }
    (reader.errors.len() == faults).then_some(Form::Mixture(parts))
}

fn read_quantiles(
    reader: &mut Reader,
    value: &Spanned<DeValue<'_>>,
) -> Option<Vec<(f64, SimDuration)>> {
    let Some(items) = value.get_ref().as_array() else {
        reader.wrong_type(value, "a list of pairs");
        return None;
    };
    let faults = reader.errors.len();
    let mut points = Vec::new();
    for item in items {
        let pair: Vec<_> = item
            .get_ref()
            .as_array()
            .map(|pair| pair.iter().collect())
            .unwrap_or_default();
        let [probability, span] = pair[..] else {
            reader.wrong_type(item, "a pair such as `[0.5, \"120 ms\"]`");
            continue;
        };
        let probability = reader.number(probability);
        let span = reader.quantity_value(span, SimDuration::parse);
        if let (Some(probability), Some(span)) = (probability, span) {
            points.push((probability, span));
        }
    }
    (reader.errors.len() == faults).then_some(points)
}
