//! The rows that wait to be written, column by column.

use frostline_models::math::word;
use parquet::data_type::ByteArray;

use super::layout::{Column, Kind, Layout};

/// Rows that are written together: what `DuckDB` reads on one thread, so that larger files are read
/// by several, at some 40 MB of a timeline in memory.
const ROW_GROUP: usize = 122_880;

/// Rows of a table, column by column.
pub(super) struct Rows {
    pub(super) columns: Vec<Cells>,
    count: usize,
}

/// The cells of a column. Optional ones hold a value only where `defined` is 1.
pub(super) struct Cells {
    pub(super) column: &'static Column,
    pub(super) data: Data,
    pub(super) defined: Vec<i16>,
}

pub(super) enum Data {
    Text(Vec<ByteArray>),
    Flag(Vec<bool>),
    Integer(Vec<i64>),
    Real(Vec<f64>),
}

impl Rows {
    pub(super) fn new(layout: &'static Layout) -> Self {
        let columns = layout.columns.iter().map(|column| Cells {
            column,
            data: match column.kind {
                Kind::Text => Data::Text(Vec::new()),
                Kind::Flag => Data::Flag(Vec::new()),
                Kind::Integer | Kind::Position => Data::Integer(Vec::new()),
                Kind::Real => Data::Real(Vec::new()),
            },
            defined: Vec::new(),
        });
        Self {
            columns: columns.collect(),
            count: 0,
        }
    }

    pub(super) fn push(&mut self, fill: impl FnOnce(&mut Row<'_>)) {
        let mut row = Row {
            rest: self.columns.iter_mut(),
        };
        fill(&mut row);
        let left = row.rest.len();
        assert_eq!(left, 0, "a row lacks its last {left} cells");
        self.count += 1;
    }

    pub(super) fn is_full(&self) -> bool {
        self.count >= ROW_GROUP
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn count(&self) -> u64 {
        word(self.count)
    }

    pub(super) fn clear(&mut self) {
        for cells in &mut self.columns {
            cells.defined.clear();
            match &mut cells.data {
                Data::Text(values) => values.clear(),
                Data::Flag(values) => values.clear(),
                Data::Integer(values) => values.clear(),
                Data::Real(values) => values.clear(),
            }
        }
        self.count = 0;
    }
}

/// A row that is being filled, cell after cell in the order of the columns.
pub(super) struct Row<'a> {
    rest: std::slice::IterMut<'a, Cells>,
}

impl Row<'_> {
    fn next(&mut self, is_defined: bool) -> &mut Data {
        let cells = self.rest.next().expect("because a row has a cell a column");
        if cells.column.is_optional {
            cells.defined.push(i16::from(is_defined));
        } else {
            assert!(is_defined, "`{}` needs a value", cells.column.name);
        }
        &mut cells.data
    }

    pub(super) fn text(&mut self, value: impl Into<Option<ByteArray>>) -> &mut Self {
        let value = value.into();
        match self.next(value.is_some()) {
            Data::Text(values) => values.extend(value),
            _ => unreachable!("because this column holds text"),
        }
        self
    }

    pub(super) fn flag(&mut self, value: bool) -> &mut Self {
        match self.next(true) {
            Data::Flag(values) => values.push(value),
            _ => unreachable!("because this column holds flags"),
        }
        self
    }

    /// An integer; what no analysis can hold is cut at 2⁶³ − 1.
    pub(super) fn integer(&mut self, value: impl Into<Option<u64>>) -> &mut Self {
        let value = value.into();
        match self.next(value.is_some()) {
            Data::Integer(values) => {
                values.extend(value.map(|value| i64::try_from(value).unwrap_or(i64::MAX)));
            }
            _ => unreachable!("because this column holds integers"),
        }
        self
    }

    pub(super) fn real(&mut self, value: impl Into<Option<f64>>) -> &mut Self {
        let value = value.into();
        match self.next(value.is_some()) {
            Data::Real(values) => values.extend(value),
            _ => unreachable!("because this column holds numbers"),
        }
        self
    }
}
