//! The table of invocations: a row a function, a column a minute. This is where the bytes are, so
//! counts are parsed in place, and runs of zeros eight bytes at a time.

use std::collections::BTreeSet;

use super::super::lines::{Lines, Row, shown};
use super::super::{MOST_FUNCTIONS, TraceError};
use super::header::KeyColumns;
use super::{Key, MINUTE};
use crate::arrival::{Counts, Placement};
use crate::math::slot;

/// Four minutes without an invocation.
const FOUR_ZEROS: &[u8; 8] = b"0,0,0,0,";

const EXPECTED_COUNT: &str = "a whole number from 0 to 4294967295";

/// All rows, and how many minutes each has.
pub(super) struct Invocations {
    pub(super) minutes: u32,
    pub(super) rows: Vec<FunctionRow>,
}

/// A function and its counts.
pub(super) struct FunctionRow {
    pub(super) key: Key,
    /// `None` where the table has no such column.
    pub(super) trigger: Option<String>,
    pub(super) counts: Counts,
}

/// The layout told by the header.
struct Layout {
    /// Columns before the first minute.
    heads: usize,
    keys: KeyColumns,
    trigger: Option<usize>,
    minutes: u32,
}

/// # Errors
/// When the table is empty, misses a column, its minutes have a gap, or a row is malformed or there
/// twice.
pub(super) fn read(lines: &mut Lines<'_>, placement: Placement) -> Result<Invocations, TraceError> {
    let layout = Layout::of(lines.header()?)?;
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    let mut cells = Vec::new();
    while let Some(row) = lines.next()? {
        let function = layout.row(row, placement, &mut cells)?;
        if rows.len() == MOST_FUNCTIONS {
            return Err(row.error(
                None,
                format!("more than {MOST_FUNCTIONS} functions"),
                "a smaller table",
            ));
        }
        if !seen.insert(function.key.clone()) {
            return Err(row.error(
                Some(layout.keys.function),
                format!(
                    "the function `{}` stands here a second time",
                    function.key.function
                ),
                "one row a function",
            ));
        }
        rows.push(function);
    }
    if rows.is_empty() {
        return Err(lines.error(
            "no row below the header".to_owned(),
            "at least one function",
        ));
    }
    Ok(Invocations {
        minutes: layout.minutes,
        rows,
    })
}

impl Layout {
    fn of(header: Row<'_>) -> Result<Self, TraceError> {
        let keys = KeyColumns::find(header)?;
        let trigger = header.fields().position(|field| field == b"Trigger");
        let heads = 1 + trigger
            .unwrap_or(0)
            .max(keys.owner)
            .max(keys.app)
            .max(keys.function);
        let mut minutes = 0;
        let mut due = None;
        for (place, field) in header.fields().enumerate().skip(heads) {
            let label = number(field);
            if label.is_none() || due.is_some_and(|due| label != Some(due)) {
                let expected = match due {
                    Some(due) => format!("the minute {due}, next to the one before"),
                    None => "the first minute, such as `1`".to_owned(),
                };
                let what = format!("found `{}`", shown(field));
                return Err(header.error(Some(place), what, &expected));
            }
            due = label.and_then(|label| label.checked_add(1));
            minutes += 1;
        }
        if minutes == 0 {
            return Err(header.error(
                None,
                "no minutes in the header".to_owned(),
                "columns `1` to `1440`, one a minute",
            ));
        }
        Ok(Self {
            heads,
            keys,
            trigger,
            minutes,
        })
    }

    fn row(
        &self,
        row: Row<'_>,
        placement: Placement,
        cells: &mut Vec<(u32, u32)>,
    ) -> Result<FunctionRow, TraceError> {
        let heads: Vec<_> = row.fields().take(self.heads).collect();
        if heads.len() < self.heads {
            return Err(self.wrong_length(row));
        }
        let start = heads.iter().map(|field| field.len() + 1).sum::<usize>();
        let counts = row.bytes.get(start..).unwrap_or_default();
        cells.clear();
        self.counts(row, counts, cells)?;
        Ok(FunctionRow {
            key: self.keys.read(row, &heads)?,
            trigger: match self.trigger {
                Some(trigger) => Some(row.identifier(trigger, heads[trigger])?),
                None => None,
            },
            counts: Counts::new(MINUTE, placement, cells.iter().copied()),
        })
    }

    /// Reads the minutes of a row into `cells`, zeros left out.
    fn counts(
        &self,
        row: Row<'_>,
        counts: &[u8],
        cells: &mut Vec<(u32, u32)>,
    ) -> Result<(), TraceError> {
        let mut at = 0;
        let mut minute = 0;
        loop {
            while minute + 4 < self.minutes && counts[at..].starts_with(FOUR_ZEROS) {
                at += FOUR_ZEROS.len();
                minute += 4;
            }
            let rest = &counts[at..];
            let length = rest.iter().position(|byte| *byte == b',');
            let field = &rest[..length.unwrap_or(rest.len())];
            let Some(count) = number(field) else {
                if rest.is_empty() && minute + 1 < self.minutes {
                    return Err(self.wrong_length(row));
                }
                let place = self.heads + crate::math::index(minute);
                let what = format!("found `{}`", shown(field));
                return Err(row.error(Some(place), what, EXPECTED_COUNT));
            };
            if count > 0 {
                cells.push((minute, count));
            }
            minute += 1;
            match length {
                Some(length) if minute < self.minutes => at += length + 1,
                None if minute == self.minutes => return Ok(()),
                _ => return Err(self.wrong_length(row)),
            }
        }
    }

    #[cold]
    fn wrong_length(&self, row: Row<'_>) -> TraceError {
        let columns = slot(self.heads) + self.minutes;
        row.error(
            None,
            format!("{} values in the row", row.fields().count()),
            &format!("{columns}, one for each column of the header"),
        )
    }
}

/// A whole number of digits alone; `None` when there are others, none, or it exceeds 32 bits.
#[inline]
fn number(field: &[u8]) -> Option<u32> {
    if field.is_empty() || field.len() > 10 {
        return None;
    }
    let mut value = 0_u64;
    for byte in field {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    u32::try_from(value).ok()
}
