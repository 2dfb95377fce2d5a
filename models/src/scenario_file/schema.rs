//! The format as a JSON schema and as a reference, both written from the one description.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::spec::{Kind, Presence, TableSpec, tables};

/// The JSON schema (draft 2020-12) of a scenario file, for editors: completion, descriptions and
/// most mistakes while typing.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for table in tables() {
        definitions.insert(table.name.to_owned(), table_schema(table));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Frostline scenario",
        "$ref": "#/$defs/scenario",
        "$defs": definitions,
    })
}

fn table_schema(table: &TableSpec) -> Value {
    let mut properties = Map::new();
    for key in table.keys {
        let mut schema = kind_schema(key.kind);
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), json!(key.doc));
        }
        properties.insert(key.name.to_owned(), schema);
    }
    let mut schema = json!({
        "type": "object",
        "description": table.doc,
        "properties": properties,
        "additionalProperties": false,
    });
    let required: Vec<&str> = table
        .keys
        .iter()
        .filter(|key| key.presence == Presence::Required)
        .map(|key| key.name)
        .collect();
    let alternatives: Vec<Value> = table
        .alternatives()
        .map(|key| json!({ "required": [key.name] }))
        .collect();
    if let Some(object) = schema.as_object_mut() {
        if !required.is_empty() {
            object.insert("required".to_owned(), json!(required));
        }
        if !alternatives.is_empty() {
            object.insert("oneOf".to_owned(), Value::Array(alternatives));
        }
    }
    schema
}

fn kind_schema(kind: &Kind) -> Value {
    let quantity = |example: &str, pattern: &str| json!({ "type": "string", "pattern": pattern, "examples": [example] });
    match kind {
        Kind::Duration | Kind::PositiveDuration => quantity(
            "120 ms",
            r"^\s*([0-9][0-9._]*\s*(ns|us|µs|ms|s|min|m|h|d)\s*)+$",
        ),
        Kind::Memory(..) => quantity("512 MiB", r"^\s*[0-9][0-9._]*\s*(MiB|MB|GiB|GB)\s*$"),
        Kind::Bytes => quantity(
            "18 MB",
            r"^\s*[0-9][0-9._]*\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)\s*$",
        ),
        Kind::Rate => quantity("3 /s", r"^\s*[0-9][0-9._eE+-]*\s*/\s*(s|min|h|d)\s*$"),
        Kind::Quota => quantity(
            "1000 per 10 s",
            r"^\s*[0-9][0-9_]*\s*(per.+|/\s*(s|min|h|d)\s*)$",
        ),
        Kind::Share => json!({
            "oneOf": [
                { "type": "number", "minimum": 0, "maximum": 1 },
                { "type": "string", "examples": ["80 %"] },
            ],
        }),
        Kind::Count(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Kind::Number(low, high) => json!({ "type": "number", "minimum": low, "maximum": high }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::True => json!({ "const": true }),
        Kind::Text => json!({ "type": "string", "minLength": 1, "maxLength": 1000 }),
        Kind::Date => json!({ "type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$" }),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::OrWord(word, other) => json!({ "anyOf": [{ "const": word }, kind_schema(other)] }),
        Kind::OrWords(words, other) => json!({ "anyOf": [{ "enum": words }, kind_schema(other)] }),
        Kind::Table(table) => json!({ "$ref": format!("#/$defs/{}", table.name) }),
        Kind::OrKey(key, table) => {
            let whole = kind_schema(&Kind::Table(table));
            let short = table.key(key).map(|key| kind_schema(key.kind));
            json!({ "anyOf": [whole, short] })
        }
        Kind::List(of, limit) => {
            json!({ "type": "array", "items": kind_schema(of), "maxItems": limit })
        }
        Kind::Pair(first, second) => json!({
            "type": "array",
            "prefixItems": [kind_schema(first), kind_schema(second)],
            "minItems": 2,
            "maxItems": 2,
        }),
    }
}

/// Every key of the format in Markdown, a section a table.
pub fn reference() -> String {
    let mut text = String::from("# Keys of a scenario file\n");
    for table in tables() {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n## {}\n\n{}\n\n", table.name, table.doc);
        let _ = write!(text, "```toml\n{}\n```\n\n", table.example);
        for key in table.keys {
            let must = match key.presence {
                Presence::Required => " (required)",
                Presence::Alternative => " (one of)",
                Presence::Optional => "",
            };
            let _ = writeln!(text, "- `{}`{must}: {}", key.name, key.doc);
        }
    }
    text
}
