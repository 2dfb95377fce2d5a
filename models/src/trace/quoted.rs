//! Rows of comma-separated values with quotes (RFC 4180), of bounded length.

use std::io::{self, BufRead, Read};

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use super::{LONGEST_LINE, TraceError};

/// Reads one row at a time.
pub(super) struct Records<'a> {
    file: &'a str,
    reader: csv::Reader<Rationed<'a>>,
    /// The line on which the latest row began, or the first of the blank lines before it.
    line: u64,
}

/// Bytes that the table's reader holds ready.
const BLOCK: u64 = 1 << 16;

/// Hands out so much and no more until the ration is renewed: a quote that is never closed would
/// otherwise take the whole file for one field.
struct Rationed<'a> {
    inner: &'a mut dyn BufRead,
    left: u64,
}

impl Read for Rationed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let length = buffer.len().min(most);
        if length == 0 {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("a row of more than {LONGEST_LINE} bytes"),
            ));
        }
        let read = self.inner.read(&mut buffer[..length])?;
        self.left -= crate::math::word(read);
        Ok(read)
    }
}

impl<'a> Records<'a> {
    pub(super) fn new(file: &'a str, lines: &'a mut dyn BufRead) -> Self {
        let rationed = Rationed {
            inner: lines,
            left: LONGEST_LINE + BLOCK,
        };
        Self {
            file,
            reader: ReaderBuilder::new()
                .has_headers(false)
                .flexible(false)
                .buffer_capacity(crate::math::wide_index(BLOCK))
                .from_reader(rationed),
            line: 1,
        }
    }

    /// The first row, without the byte order mark that spreadsheets leave.
    ///
    /// # Errors
    /// When there is none, or as [`Records::read`].
    pub(super) fn header(&mut self) -> Result<ByteRecord, TraceError> {
        let mut header = ByteRecord::new();
        if !self.read(&mut header)? {
            return Err(self.error(
                None,
                "an empty file".to_owned(),
                "a line with the column names",
            ));
        }
        Ok(header
            .iter()
            .enumerate()
            .map(|(place, name)| match name.strip_prefix(b"\xEF\xBB\xBF") {
                Some(rest) if place == 0 => rest.trim_ascii(),
                _ => name.trim_ascii(),
            })
            .collect())
    }

    /// Reads the next row into `record`; `false` at the end.
    ///
    /// # Errors
    /// When the underlying reader fails, a row exceeds [`LONGEST_LINE`], or has other than the
    /// header's number of columns.
    pub(super) fn read(&mut self, record: &mut ByteRecord) -> Result<bool, TraceError> {
        self.reader.get_mut().left = LONGEST_LINE + BLOCK;
        match self.reader.read_byte_record(record) {
            Ok(more) => {
                self.line = record.position().map_or(self.line, csv::Position::line);
                Ok(more)
            }
            Err(error) => {
                self.line = self.reader.position().line();
                Err(self.refusal(&error))
            }
        }
    }

    fn refusal(&mut self, error: &csv::Error) -> TraceError {
        match error.kind() {
            ErrorKind::UnequalLengths {
                expected_len,
                len,
                pos,
            } => {
                self.line = pos.as_ref().map_or(self.line, csv::Position::line);
                self.error(
                    None,
                    format!("{len} values in the row"),
                    &format!("{expected_len}, one for each column of the header"),
                )
            }
            ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => self.error(
                None,
                error.to_string(),
                "a table with one row a line, every quote closed",
            ),
            ErrorKind::Io(error) => self.error(
                None,
                format!("the file cannot be read ({error})"),
                "a whole, undamaged file",
            ),
            _ => self.error(None, error.to_string(), "comma-separated values"),
        }
    }

    /// An error in the row that was read last; `column` counts from 0.
    #[cold]
    pub(super) fn error(&self, column: Option<usize>, what: String, expected: &str) -> TraceError {
        TraceError {
            file: self.file.to_owned(),
            line: self.line.max(1),
            column: column.map(|column| column + 1),
            what,
            expected: expected.to_owned(),
        }
    }
}
