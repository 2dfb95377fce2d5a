//! Tables of a run for analysis elsewhere: the timeline and the invocations, as Parquet or CSV.
//!
//! ```text
//!  Minute ─────► Timeline ────┐             ┌─► Parquet: row groups of 122,880 rows, snappy
//!                             ├─► Writer ───┤
//!  Invocation ─► Invocations ─┘  a row      └─► CSV: a header, then a line a row
//!                                group
//! ```
//!
//! What a column is called and means stands in one place, [`Layout`]: files, their metadata and
//! `docs/outputs.md` come from it. A file depends on its rows and on [`Manifest`] alone: no clock, no
//! machine, so it is the same bytes wherever it is made.

use std::io::{self, Write};

use crate::summary::Manifest;

mod csv;
mod invocations;
mod layout;
mod parquet;
mod rows;
mod timeline;

pub use invocations::{INVOCATIONS, Invocations};
pub use layout::{Column, Kind, Layout};
pub use timeline::{TIMELINE, Timeline};

use self::rows::{Row, Rows};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet, compressed with snappy.
    Parquet,
    /// Comma-separated values with a header (RFC 4180, lines ended by `\n`).
    Csv,
}

impl Format {
    /// The end of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }
}

/// Writes rows in either format, holding one row group at the most.
struct Writer<W: Write + Send> {
    rows: Rows,
    sink: Sink<W>,
    written: u64,
}

enum Sink<W: Write + Send> {
    Parquet(parquet::Sink<W>),
    Csv(csv::Sink<W>),
}

impl<W: Write + Send> Writer<W> {
    fn new(
        layout: &'static Layout,
        format: Format,
        manifest: &Manifest,
        file: W,
    ) -> io::Result<Self> {
        Ok(Self {
            rows: Rows::new(layout),
            sink: match format {
                Format::Parquet => Sink::Parquet(parquet::Sink::new(layout, manifest, file)?),
                Format::Csv => Sink::Csv(csv::Sink::new(layout, file)?),
            },
            written: 0,
        })
    }

    /// Adds a row, whose cells `fill` gives in the order of the columns.
    fn push(&mut self, fill: impl FnOnce(&mut Row<'_>)) -> io::Result<()> {
        self.rows.push(fill);
        if self.rows.is_full() {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        match &mut self.sink {
            Sink::Parquet(sink) => sink.write(&self.rows)?,
            Sink::Csv(sink) => sink.write(&self.rows)?,
        }
        self.written += self.rows.count();
        self.rows.clear();
        Ok(())
    }

    /// Writes what is left; how many rows there were.
    fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        match self.sink {
            Sink::Parquet(sink) => sink.finish()?,
            Sink::Csv(sink) => sink.finish()?,
        }
        Ok(self.written)
    }
}
