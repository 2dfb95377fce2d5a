//! The tree of a file: TOML values that know where they stand.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;
use toml::de::{DeArray, DeTable, DeValue};

use crate::diagnostic::Diagnostic;

/// How deeply values may be nested. The format itself needs eight levels, mixtures of mixtures a few
/// more.
const DEPTH: usize = 32;

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Index of the source: 0 is the file, the assignments of the command line follow.
    pub source: usize,
    /// Bytes of its text.
    pub range: Range<usize>,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the value stands.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// A TOML value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// A whole number that fits 64 bits.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A date or a time, as written.
    Datetime(String),
    /// An array.
    Array(Vec<Node>),
    /// A table.
    Table(Table),
}

/// A table.
pub type Table = BTreeMap<String, Entry>;

/// A key's place and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where the key stands.
    pub key: Span,
    /// The value.
    pub node: Node,
}

/// The code of a mistake is all that tells a place's error from another's.
impl Span {
    /// A mistake at this place.
    pub fn error(&self, code: &'static str, title: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, title).at(self.source, self.range.clone(), "")
    }
}

impl Value {
    /// What kind of value it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "a boolean",
            Self::Datetime(_) => "a date",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
        }
    }

    /// The value as one would type it, shortened when long.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) if text.chars().count() > 60 => {
                format!("{}…", text.chars().take(60).collect::<String>())
            }
            Self::Text(text) | Self::Datetime(text) => text.clone(),
            Self::Integer(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::Array(_) | Self::Table(_) => self.kind().to_owned(),
        }
    }
}

impl Node {
    /// The table, when it is one.
    pub fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The value of a key, when this is a table that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.table()?.get(key).map(|entry| &entry.node)
    }

    /// The elements, none when it is no array.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    /// The string, when it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Serialize for Node {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Text(text) | Value::Datetime(text) => serializer.serialize_str(text),
            Value::Integer(value) => serializer.serialize_i64(*value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Boolean(value) => serializer.serialize_bool(*value),
            Value::Array(items) => serializer.collect_seq(items),
            Value::Table(table) => {
                serializer.collect_map(table.iter().map(|(key, entry)| (key, &entry.node)))
            }
        }
    }
}

/// Makes nodes of parsed TOML, with `offset` added to every place.
pub(crate) struct Reader<'a> {
    /// The source that the places are in.
    pub(crate) source: usize,
    /// Where in that source the parsed text starts.
    pub(crate) offset: usize,
    /// What went wrong.
    pub(crate) errors: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn span(&self, range: Range<usize>) -> Span {
        Span {
            source: self.source,
            range: range.start + self.offset..range.end + self.offset,
        }
    }

    /// A table with everything in it.
    pub(crate) fn table(&mut self, table: &DeTable<'_>, depth: usize) -> Table {
        let mut entries = Table::new();
        for (key, value) in table {
            let key_span = self.span(key.span());
            let node = self.node(value.get_ref(), value.span(), depth + 1);
            let entry = Entry {
                key: key_span,
                node,
            };
            entries.insert(key.get_ref().to_string(), entry);
        }
        entries
    }

    /// A value with everything in it.
    pub(crate) fn node(&mut self, value: &DeValue<'_>, range: Range<usize>, depth: usize) -> Node {
        let span = self.span(range);
        if depth > DEPTH {
            let title = format!("values are nested more than {DEPTH} deep");
            self.errors.push(span.error("scenario::too-deep", title));
            return Node {
                span,
                value: Value::Boolean(false),
            };
        }
        let value = match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => {
                let plain = i64::from_str_radix(number.as_str(), number.radix());
                plain.map_or_else(|_| self.too_large(&span), Value::Integer)
            }
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => Value::Float(number),
                _ => self.too_large(&span),
            },
            DeValue::Boolean(value) => Value::Boolean(*value),
            DeValue::Datetime(value) => Value::Datetime(value.to_string()),
            DeValue::Array(items) => Value::Array(self.items(items, depth)),
            DeValue::Table(table) => Value::Table(self.table(table, depth)),
        };
        Node { span, value }
    }

    fn items(&mut self, items: &DeArray<'_>, depth: usize) -> Vec<Node> {
        items
            .iter()
            .map(|item| self.node(item.get_ref(), item.span(), depth + 1))
            .collect()
    }

    fn too_large(&mut self, span: &Span) -> Value {
        let error = span.error(
            "scenario::number-range",
            "expected a finite number of at most 64 bits",
        );
        self.errors.push(error);
        Value::Boolean(false)
    }
}
