//! Lines of a table of comma-separated values without quotes, with their place for errors.

use std::io::{BufRead, Read};

use super::{LONGEST_LINE, TraceError};

/// Reads one line at a time into one buffer.
pub(super) struct Lines<'a> {
    file: &'a str,
    reader: &'a mut dyn BufRead,
    number: u64,
    buffer: Vec<u8>,
}

/// A line, without its line break.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    file: &'a str,
    number: u64,
    pub(super) bytes: &'a [u8],
}

impl<'a> Lines<'a> {
    pub(super) fn new(file: &'a str, reader: &'a mut dyn BufRead) -> Self {
        Self {
            file,
            reader,
            number: 0,
            buffer: Vec::new(),
        }
    }

    /// The next line that is not blank; `None` at the end.
    ///
    /// # Errors
    /// When the underlying reader fails, or a line exceeds [`LONGEST_LINE`].
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, TraceError> {
        loop {
            self.number += 1;
            self.buffer.clear();
            let mut limited = (&mut *self.reader).take(LONGEST_LINE + 1);
            if let Err(error) = limited.read_until(b'\n', &mut self.buffer) {
                return Err(self.error(
                    format!("the file cannot be read ({error})"),
                    "a whole, undamaged file",
                ));
            }
            if self.buffer.is_empty() {
                return Ok(None);
            }
            if crate::math::word(self.buffer.len()) > LONGEST_LINE {
                return Err(self.error(
                    format!("a line of more than {LONGEST_LINE} bytes"),
                    "a table with one row a line",
                ));
            }
            let ended = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
            let length = ended.strip_suffix(b"\r").unwrap_or(ended).len();
            if length > 0 {
                return Ok(Some(Row {
                    file: self.file,
                    number: self.number,
                    bytes: &self.buffer[..length],
                }));
            }
        }
    }

    /// The header: the first line, without the byte order mark that spreadsheets leave.
    ///
    /// # Errors
    /// When there is none, or as [`Lines::next`].
    pub(super) fn header(&mut self) -> Result<Row<'_>, TraceError> {
        let missing = self.error("an empty file".to_owned(), "a line with the column names");
        let mut row = self.next()?.ok_or(missing)?;
        row.bytes = row.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(row.bytes);
        Ok(row)
    }

    /// An error at the line that was read last.
    pub(super) fn error(&self, what: String, expected: &str) -> TraceError {
        TraceError {
            file: self.file.to_owned(),
            line: self.number.max(1),
            column: None,
            what,
            expected: expected.to_owned(),
        }
    }
}

impl<'a> Row<'a> {
    /// The fields, split at commas.
    pub(super) fn fields(self) -> impl Iterator<Item = &'a [u8]> {
        self.bytes.split(|byte| *byte == b',')
    }

    /// The number of the line, from 1.
    pub(super) fn line(self) -> u64 {
        self.number
    }

    /// An error in this line; `column` counts from 0.
    #[cold]
    pub(super) fn error(self, column: Option<usize>, what: String, expected: &str) -> TraceError {
        TraceError {
            file: self.file.to_owned(),
            line: self.number,
            column: column.map(|column| column + 1),
            what,
            expected: expected.to_owned(),
        }
    }

    /// An identifier: text that is not empty and holds no control characters, blanks or quotes.
    ///
    /// # Errors
    /// When the field is something else.
    pub(super) fn identifier(self, column: usize, field: &[u8]) -> Result<String, TraceError> {
        let shaped = |text: &&str| {
            !text.is_empty() && !text.contains(|c: char| c.is_control() || " \"'".contains(c))
        };
        match std::str::from_utf8(field).ok().filter(shaped) {
            Some(text) => Ok(text.to_owned()),
            None => Err(self.error(
                Some(column),
                format!("found `{}`", shown(field)),
                "an identifier without blanks and quotes",
            )),
        }
    }

    /// A number that is finite and not negative.
    ///
    /// # Errors
    /// When the field is something else.
    pub(super) fn number(self, column: usize, field: &[u8]) -> Result<f64, TraceError> {
        let text = std::str::from_utf8(field).unwrap_or_default();
        let starts = text.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let number = text.parse::<f64>().ok().filter(|value| value.is_finite());
        match number.filter(|_| starts) {
            Some(value) => Ok(value),
            None => Err(self.error(
                Some(column),
                format!("found `{}`", shown(field)),
                "a number that is not negative",
            )),
        }
    }
}

/// The beginning of a field, made printable.
pub(super) fn shown(field: &[u8]) -> String {
    let text = String::from_utf8_lossy(field);
    let start: String = text.chars().take(40).collect();
    let dots = if start.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", start.escape_debug())
}
