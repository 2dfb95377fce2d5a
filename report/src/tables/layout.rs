//! What the columns of a table are called, hold and mean.

use serde_json::{Value, json};

/// A table: its name, its schema's name, and its columns in order.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    /// The name of the file without its ending.
    pub name: &'static str,
    /// Name and version of the layout, as in a file's metadata.
    pub schema: &'static str,
    /// The columns in order.
    pub columns: &'static [Column],
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What its cells hold.
    pub kind: Kind,
    /// Whether a cell may be empty.
    pub is_optional: bool,
    /// The unit of its cells, empty where there is none.
    pub unit: &'static str,
    /// What it says, in a sentence or two.
    pub meaning: &'static str,
}

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text in UTF-8; dictionary encoded in Parquet.
    Text,
    /// `true` or `false`.
    Flag,
    /// A signed integer of 64 bits.
    Integer,
    /// As `Integer`, seldom the same twice.
    Position,
    /// A number of double precision.
    Real,
}

impl Kind {
    /// The name in documents: that of SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "VARCHAR",
            Self::Flag => "BOOLEAN",
            Self::Integer | Self::Position => "BIGINT",
            Self::Real => "DOUBLE",
        }
    }
}

impl Column {
    pub(super) const fn new(
        name: &'static str,
        kind: Kind,
        unit: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            is_optional: false,
            unit,
            meaning,
        }
    }

    /// A column whose cells may be empty.
    pub(super) const fn optional(
        name: &'static str,
        kind: Kind,
        unit: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self {
            is_optional: true,
            ..Self::new(name, kind, unit, meaning)
        }
    }
}

impl Layout {
    /// The columns as JSON, for a file's metadata.
    pub(super) fn to_json(&self) -> String {
        let columns: Vec<Value> = self
            .columns
            .iter()
            .map(|column| {
                json!({"name": column.name, "unit": column.unit, "meaning": column.meaning})
            })
            .collect();
        Value::from(columns).to_string()
    }
}
