//! Checks a tree against the format: unknown keys, wrong types, wrong units, numbers out of range,
//! missing keys, two kinds at once. What it lets through, the reading functions of
//! [`read`](super::read) understand.

use crate::diagnostic::Diagnostic;
use crate::units::{Bytes, Memory, QuantityError, Quota, Rate, SimDuration, parse_share};

use super::read::{self, parse_date};
use super::spec::{Kind, Presence, TableSpec};
use super::tree::{Node, Span, Table, Value};
use crate::suggest::nearest;

/// Checks a value that should be of a kind; `path` is how one would write its key.
pub(crate) fn check(node: &Node, kind: &Kind, path: &str, errors: &mut Vec<Diagnostic>) {
    match kind {
        Kind::Table(spec) | Kind::OrKey(_, spec) => match &node.value {
            Value::Table(table) => check_table(table, &node.span, spec, path, errors),
            _ => errors.push(no_table(node, spec, path)),
        },
        Kind::List(of, limit) => check_list(node, of, *limit, path, errors),
        Kind::Pair(first, second) => match node.items() {
            [a, b] => {
                check(a, first, path, errors);
                check(b, second, path, errors);
            }
            items => {
                let found = items.len();
                let title = match node.value {
                    Value::Array(_) => format!("expected two values in brackets, found {found}"),
                    _ => format!(
                        "expected two values in brackets, found {}",
                        node.value.kind()
                    ),
                };
                errors.push(node.span.error("scenario::type", title));
            }
        },
        Kind::OrWord(word, other) => or_words(node, &[*word], other, path, errors),
        Kind::OrWords(words, other) => or_words(node, words, other, path, errors),
        _ => {
            if let Some(error) = scalar_error(node, kind, path) {
                errors.push(error);
            }
        }
    }
}

fn check_table(
    table: &Table,
    span: &Span,
    spec: &TableSpec,
    path: &str,
    errors: &mut Vec<Diagnostic>,
) {
    for (name, entry) in table {
        match spec.key(name) {
            Some(key) => check(&entry.node, key.kind, &joined(path, name), errors),
            None => errors.push(unknown_key(name, &entry.key, spec, path)),
        }
    }
    for key in spec.keys {
        if key.presence == Presence::Required && !table.contains_key(key.name) {
            let title = format!("`{}` is missing in `{path}`", key.name);
            let error = span.error("scenario::missing-key", title);
            errors.push(error.help(format!("for example `{}`", spec.example)));
        }
    }
    check_alternatives(table, span, spec, path, errors);
}

/// Exactly one alternative must be there.
fn check_alternatives(
    table: &Table,
    span: &Span,
    spec: &TableSpec,
    path: &str,
    errors: &mut Vec<Diagnostic>,
) {
    let names: Vec<&str> = spec.alternatives().map(|key| key.name).collect();
    let mut present: Vec<(&str, &Span)> = names
        .iter()
        .filter_map(|name| table.get(*name).map(|entry| (*name, &entry.key)))
        .collect();
    present.sort_by_key(|(_, key)| (key.source, key.range.start));
    match present.as_slice() {
        // An unknown key was probably meant to be the kind, and has been told already.
        [] if table.keys().any(|name| spec.key(name).is_none()) => {}
        [] if !names.is_empty() => {
            let title = format!("`{path}` needs one of {}", listed(&names));
            let error = span.error("scenario::missing-kind", title);
            errors.push(error.help(format!("for example `{}`", spec.example)));
        }
        [first, second, ..] => {
            let title = format!(
                "`{path}` has two kinds, `{}` and `{}`, and can have only one",
                first.0, second.0
            );
            let error = second.1.error("scenario::two-kinds", title);
            let error = error.with(first.1.source, first.1.range.clone(), "the first kind");
            errors.push(error.help(format!("remove `{}` or `{}`", first.0, second.0)));
        }
        _ => {}
    }
}

fn check_list(node: &Node, of: &Kind, limit: usize, path: &str, errors: &mut Vec<Diagnostic>) {
    let Value::Array(items) = &node.value else {
        let found = node.value.kind();
        let title = format!("`{path}` must be an array, found {found}");
        let error = node.span.error("scenario::type", title);
        let help = match of {
            Kind::Table(spec) if spec.example.starts_with("[[") => {
                format!("write `[[{path}]]` in double brackets")
            }
            _ => "put the values in brackets".to_owned(),
        };
        errors.push(error.help(help));
        return;
    };
    if items.len() > limit {
        let title = format!(
            "`{path}` has {} entries, at most {limit} are allowed",
            items.len()
        );
        errors.push(node.span.error("scenario::too-large", title));
        return;
    }
    for item in items {
        check(item, of, path, errors);
    }
}

/// What is wrong with a value that is neither table nor list.
fn scalar_error(node: &Node, kind: &Kind, path: &str) -> Option<Diagnostic> {
    let ok_or = |ok: bool, expected: String| (!ok).then(|| wrong(node, path, &expected));
    match kind {
        Kind::Duration => quantity(node, path, "120 ms", SimDuration::parse),
        Kind::PositiveDuration => {
            quantity(node, path, "120 ms", SimDuration::parse).or_else(|| {
                let zero = read::duration(node) == Some(SimDuration::ZERO);
                ok_or(!zero, "a duration greater than zero".to_owned())
            })
        }
        Kind::Memory(low, high) => quantity(node, path, "512 MiB", Memory::parse).or_else(|| {
            let fits = read::memory(node).is_some_and(|size| (*low..=*high).contains(&size.0));
            ok_or(fits, format!("a size between {low} MiB and {high} MiB"))
        }),
        Kind::Bytes => quantity(node, path, "18 MB", Bytes::parse),
        Kind::Rate => quantity(node, path, "3 /s", Rate::parse),
        Kind::Quota => quantity(node, path, "1000 per 10 s", Quota::parse),
        Kind::Share => match &node.value {
            Value::Text(text) => parse_share(text).err().map(|e| unit_error(node, path, &e)),
            _ => ok_or(
                read::share(node).is_some(),
                "a share such as \"80 %\" or 0.8, between 0 and 1".to_owned(),
            ),
        },
        Kind::Count(low, high) => {
            let fits = read::count(node).is_some_and(|value| (*low..=*high).contains(&value));
            ok_or(fits, format!("a whole number from {low} to {high}"))
        }
        Kind::Number(low, high) => {
            let fits = read::number(node).is_some_and(|value| (*low..=*high).contains(&value));
            ok_or(fits, format!("a number from {low} to {high}"))
        }
        Kind::Flag => {
            let fits = matches!(node.value, Value::Boolean(_));
            ok_or(fits, "`true` or `false`".to_owned())
        }
        Kind::True => {
            let fits = node.value == Value::Boolean(true);
            ok_or(fits, "`true`, or remove the key".to_owned())
        }
        Kind::Text => {
            let text = node.text().map(|text| text.trim().len());
            let fits = text.is_some_and(|length| (1..=1000).contains(&length));
            ok_or(fits, "a string of 1 to 1000 characters".to_owned())
        }
        Kind::Date => {
            let fits = read::written(node).is_some_and(|text| parse_date(text).is_some());
            ok_or(fits, "a day such as \"2026-10-05\"".to_owned())
        }
        Kind::Choice(words) => choice_error(node, words, path),
        Kind::OrWord(..)
        | Kind::OrWords(..)
        | Kind::Table(_)
        | Kind::OrKey(..)
        | Kind::List(..)
        | Kind::Pair(..) => None,
    }
}

/// One of these words, or else the other kind.
fn or_words(node: &Node, words: &[&str], other: &Kind, path: &str, errors: &mut Vec<Diagnostic>) {
    if node.text().is_some_and(|text| words.contains(&text)) {
        return;
    }
    let before = errors.len();
    check(node, other, path, errors);
    let quoted: Vec<String> = words.iter().map(|word| format!("or \"{word}\"")).collect();
    let more = format!(", {}, found", quoted.join(", "));
    for error in &mut errors[before..] {
        error.title = error.title.replacen(", found", &more, 1);
    }
}

fn choice_error(node: &Node, words: &[&str], path: &str) -> Option<Diagnostic> {
    let text = node.text().unwrap_or_default();
    if words.contains(&text) {
        return None;
    }
    let error = wrong(node, path, &format!("one of {}", listed(words)));
    Some(match nearest(text, words.iter().copied()) {
        Some(word) => error.help(format!("did you mean \"{word}\"?")),
        None => error,
    })
}

fn quantity<T>(
    node: &Node,
    path: &str,
    example: &str,
    parse: impl Fn(&str) -> Result<T, QuantityError>,
) -> Option<Diagnostic> {
    let name = path.rsplit('.').next().unwrap_or(path);
    match &node.value {
        Value::Text(text) => {
            let error = unit_error(node, path, &parse(text).err()?);
            // A bare number wants only its unit, and the example says which there are.
            let bare = text.trim().parse::<f64>().is_ok();
            Some(if bare {
                error.help(format!("write the unit too: `{name} = \"{example}\"`"))
            } else {
                error
            })
        }
        Value::Integer(_) | Value::Float(_) => {
            let expected = format!("a string with a unit such as \"{example}\"");
            let unit = example.trim_start_matches(|c: char| c.is_ascii_digit());
            let text = format!("{name} = \"{}{unit}\"", node.value.shown());
            Some(wrong(node, path, &expected).help(format!("write `{text}`")))
        }
        _ => Some(wrong(
            node,
            path,
            &format!("a string such as \"{example}\""),
        )),
    }
}

fn unit_error(node: &Node, path: &str, error: &QuantityError) -> Diagnostic {
    let title = format!(
        "`{path}` must be {}, found `{}`",
        error.expected,
        node.value.shown()
    );
    node.span.error("scenario::unit", title)
}

fn wrong(node: &Node, path: &str, expected: &str) -> Diagnostic {
    let title = format!(
        "`{path}` must be {expected}, found `{}`",
        node.value.shown()
    );
    node.span.error("scenario::value", title)
}

fn no_table(node: &Node, spec: &TableSpec, path: &str) -> Diagnostic {
    let title = format!("`{path}` must be a table, found {}", node.value.kind());
    let error = node.span.error("scenario::type", title);
    // `duration = "120 ms"` is what everybody types first.
    let constant = spec.name == "law";
    match (&node.value, constant) {
        (Value::Text(text), true) if SimDuration::parse(text).is_ok() => {
            error.help(format!("write `{path}.constant = \"{text}\"`"))
        }
        _ => error.help(format!("for example `{}`", spec.example)),
    }
}

fn unknown_key(name: &str, key: &Span, spec: &TableSpec, path: &str) -> Diagnostic {
    let known: Vec<&str> = spec.keys.iter().map(|key| key.name).collect();
    let place = if path.is_empty() {
        "a scenario".to_owned()
    } else {
        format!("`{path}`")
    };
    let shown: String = name.chars().take(60).collect();
    let error = key.error(
        "scenario::unknown-key",
        format!("{place} has no key `{shown}`"),
    );
    match nearest(name, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => error.help("it has none: write `{}`"),
        None => error.help(format!("it has {}", listed(&known))),
    }
}

/// `` `a`, `b` and `c` ``
pub(crate) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.join(""),
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
