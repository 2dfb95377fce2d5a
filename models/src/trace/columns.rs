//! Columns that are found by name, of tables without quotes; blanks around values do not count.

use super::instant::{TimeUnit, decimal};
use super::lines::{Row, shown};
use super::{LONGEST_NAME, TraceError};
use crate::units::SimDuration;

/// Where the columns that are read stand, and how many there are in all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<const N: usize> {
    places: [usize; N],
    width: usize,
}

/// The names in a header, without the byte order mark that spreadsheets leave.
fn names(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let header = header.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(header);
    header.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// Whether a table's first line names all of these columns.
pub(super) fn has_all<const N: usize>(line: &str, columns: [&str; N]) -> bool {
    let has = |column: &&str| names(line.as_bytes()).any(|name| name == column.as_bytes());
    columns.iter().all(has)
}

impl<const N: usize> Places<N> {
    /// # Errors
    /// When a column is missing, or stands there twice.
    pub(super) fn find(header: Row<'_>, columns: [&str; N]) -> Result<Self, TraceError> {
        let mut places = [0; N];
        for (place, column) in places.iter_mut().zip(columns) {
            let is_it = |(_, name): &(usize, &[u8])| *name == column.as_bytes();
            let mut found = names(header.bytes).enumerate().filter(is_it);
            *place = match (found.next(), found.next()) {
                (Some((place, _)), None) => place,
                (Some(_), Some((again, _))) => {
                    return Err(header.error(
                        Some(again),
                        format!("the column `{column}` stands here a second time"),
                        "a header with one column of that name",
                    ));
                }
                (None, _) => {
                    return Err(header.error(
                        None,
                        format!("the column `{column}` is missing"),
                        &format!("a header that names `{column}`"),
                    ));
                }
            };
        }
        Ok(Self {
            places,
            width: names(header.bytes).count(),
        })
    }

    /// The values of the columns that are read.
    ///
    /// # Errors
    /// When the row has other than the header's number of values.
    pub(super) fn fields<'r>(&self, row: Row<'r>) -> Result<[&'r [u8]; N], TraceError> {
        let mut fields = [&b""[..]; N];
        let mut width = 0;
        for field in row.fields() {
            for (into, place) in fields.iter_mut().zip(self.places) {
                if place == width {
                    *into = field.trim_ascii();
                }
            }
            width += 1;
        }
        if width == self.width {
            return Ok(fields);
        }
        Err(row.error(
            None,
            format!("{width} values in the row"),
            &format!("{}, one for each column of the header", self.width),
        ))
    }

    /// The place of a column that is read, for errors.
    pub(super) fn place(&self, column: usize) -> usize {
        self.places[column]
    }

    /// An error about the value of a column that is read.
    #[cold]
    pub(super) fn wrong(
        &self,
        row: Row<'_>,
        column: usize,
        field: &[u8],
        expected: &str,
    ) -> TraceError {
        let what = format!("found `{}`", shown(field));
        row.error(Some(self.places[column]), what, expected)
    }

    /// A time in nanoseconds.
    ///
    /// # Errors
    /// When the value is no number, or beyond 64 bits.
    pub(super) fn time(
        &self,
        row: Row<'_>,
        column: usize,
        field: &[u8],
        unit: TimeUnit,
    ) -> Result<i64, TraceError> {
        decimal(field, unit).ok_or_else(|| {
            let expected = format!("a number in {} below 2⁶³ ns", unit.name());
            self.wrong(row, column, field, &expected)
        })
    }

    /// A duration.
    ///
    /// # Errors
    /// When the value is no number, negative, or longer than the clock.
    pub(super) fn duration(
        &self,
        row: Row<'_>,
        column: usize,
        field: &[u8],
        unit: TimeUnit,
    ) -> Result<SimDuration, TraceError> {
        let span = decimal(field, unit).and_then(|span| u64::try_from(span).ok());
        let span = span.filter(|span| *span <= SimDuration::MAX.0);
        span.map(SimDuration).ok_or_else(|| {
            let expected = format!("a duration in {} from 0 to 73 years", unit.name());
            self.wrong(row, column, field, &expected)
        })
    }

    /// A name: text without control characters, blanks, quotes and slashes.
    ///
    /// # Errors
    /// When the value is something else, empty or longer than [`LONGEST_NAME`].
    pub(super) fn name<'r>(
        &self,
        row: Row<'_>,
        column: usize,
        field: &'r [u8],
    ) -> Result<&'r str, TraceError> {
        let shaped = |text: &&str| {
            let odd = |c: char| c.is_control() || " \"'/".contains(c);
            !text.is_empty() && text.len() <= LONGEST_NAME && !text.contains(odd)
        };
        let text = std::str::from_utf8(field).ok().filter(shaped);
        text.ok_or_else(|| {
            let expected =
                format!("a name of 1 to {LONGEST_NAME} bytes without blanks, quotes and slashes");
            self.wrong(row, column, field, &expected)
        })
    }
}
