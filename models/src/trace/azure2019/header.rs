//! What a table is, and where its columns stand: told by its header.

use super::super::TraceError;
use super::super::lines::Row;
use super::Key;

/// The three tables of the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Counts a minute.
    Invocations,
    /// Percentiles of durations.
    Durations,
    /// Percentiles of memory.
    Memory,
}

impl Kind {
    /// Recognises a table by its first line; `None` when it is none of the three.
    pub fn of_header(line: &str) -> Option<Self> {
        let has = |name: &str| {
            let mut columns = line.trim_start_matches('\u{feff}').trim_end().split(',');
            columns.any(|column| column == name)
        };
        if !has("HashApp") {
            return None;
        }
        let counts = || {
            let last = line.trim_end().rsplit(',').next().unwrap_or_default();
            has("HashFunction")
                && !last.is_empty()
                && last.bytes().all(|byte| byte.is_ascii_digit())
        };
        if has("Trigger") || counts() {
            Some(Self::Invocations)
        } else if has("percentile_Average_50") {
            Some(Self::Durations)
        } else if has("AverageAllocatedMb_pct50") {
            Some(Self::Memory)
        } else {
            None
        }
    }

    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invocations => "invocations",
            Self::Durations => "durations",
            Self::Memory => "memory",
        }
    }
}

/// Where in a row the parts of a key stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyColumns {
    pub(super) owner: usize,
    pub(super) app: usize,
    pub(super) function: usize,
}

impl KeyColumns {
    /// # Errors
    /// When one of them is missing.
    pub(super) fn find(header: Row<'_>) -> Result<Self, TraceError> {
        Ok(Self {
            owner: column(header, "HashOwner")?,
            app: column(header, "HashApp")?,
            function: column(header, "HashFunction")?,
        })
    }

    /// # Errors
    /// When one of the three is no identifier.
    pub(super) fn read(self, row: Row<'_>, fields: &[&[u8]]) -> Result<Key, TraceError> {
        Ok(Key {
            owner: row.identifier(self.owner, fields[self.owner])?,
            app: row.identifier(self.app, fields[self.app])?,
            function: row.identifier(self.function, fields[self.function])?,
        })
    }
}

/// The index of a column that the header must have.
///
/// # Errors
/// When it is missing.
pub(super) fn column(header: Row<'_>, name: &str) -> Result<usize, TraceError> {
    header
        .fields()
        .position(|field| field == name.as_bytes())
        .ok_or_else(|| {
            header.error(
                None,
                format!("the column `{name}` is missing"),
                &format!("a header that names `{name}`"),
            )
        })
}

/// The fields of a row, as many as the header has.
///
/// # Errors
/// When there are fewer or more.
pub(super) fn exactly(row: Row<'_>, columns: usize) -> Result<Vec<&[u8]>, TraceError> {
    let fields: Vec<_> = row.fields().collect();
    if fields.len() == columns {
        return Ok(fields);
    }
    Err(row.error(
        None,
        format!("{} values in the row", fields.len()),
        &format!("{columns}, one for each column of the header"),
    ))
}
