//! Rows as comma-separated values.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::layout::Layout;
use super::rows::{Cells, Data, Rows};

/// A CSV file that is being written.
pub(super) struct Sink<W: Write>(::csv::Writer<W>);

impl<W: Write> Sink<W> {
    pub(super) fn new(layout: &Layout, file: W) -> io::Result<Self> {
        let mut writer = ::csv::Writer::from_writer(file);
        writer.write_record(layout.columns.iter().map(|column| column.name))?;
        Ok(Self(writer))
    }

    /// Writes the rows, a line each; a cell without a value is empty.
    pub(super) fn write(&mut self, rows: &Rows) -> io::Result<()> {
        let mut columns: Vec<Cursor<'_>> = rows.columns.iter().map(Cursor::new).collect();
        let mut cell = String::new();
        for row in 0..frostline_models::math::wide_index(rows.count()) {
            for cursor in &mut columns {
                cell.clear();
                cursor.next(row, &mut cell);
                self.0.write_field(&cell)?;
            }
            self.0.write_record(None::<&[u8]>)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Where in a column the next value is: those without stand in `defined` only.
struct Cursor<'a> {
    cells: &'a Cells,
    value: usize,
}

impl<'a> Cursor<'a> {
    fn new(cells: &'a Cells) -> Self {
        Self { cells, value: 0 }
    }

    fn next(&mut self, row: usize, cell: &mut String) {
        if self.cells.defined.get(row) == Some(&0) {
            return;
        }
        let value = self.value;
        self.value += 1;
        let written = match &self.cells.data {
            Data::Text(values) => cell.write_str(values[value].as_utf8().unwrap_or_default()),
            Data::Flag(values) => write!(cell, "{}", values[value]),
            Data::Integer(values) => write!(cell, "{}", values[value]),
            Data::Real(values) => write!(cell, "{}", values[value]),
        };
        written.expect("because a string takes everything");
    }
}
