//! Recorded counts per interval.

use serde::Serialize;

use crate::packed::{Packed, Packer};
use crate::units::SimDuration;

/// Recorded counts per interval.
///
/// A day of 50,000 functions has some fifteen million cells, so they are packed: one to three bytes
/// each, read from the front.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counts {
    /// Length of an interval; greater than zero.
    pub interval: SimDuration,
    /// Where in its interval an invocation falls.
    pub placement: Placement,
    /// A cell is 2 · (count − 1), plus 1 where intervals without invocations lie before it, whose
    /// number less 1 follows.
    cells: Packed,
    total: u64,
}

/// Where in its interval an invocation of a trace falls: the reader's assumption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// Independent and uniform (exact order statistics).
    Uniform,
    /// Evenly spaced: the j-th of k at (j + ½)/k of the interval.
    Equidistant,
    /// All at the start of the interval.
    MinuteStart,
}

/// How far counts were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CellCursor {
    place: usize,
    /// The interval behind the last cell.
    interval: u64,
}

impl Counts {
    /// Counts of these cells (index of the interval, count), ascending by index. Counts of zero may
    /// be left out.
    ///
    /// # Panics
    /// When the indices do not ascend.
    pub fn new(
        interval: SimDuration,
        placement: Placement,
        cells: impl IntoIterator<Item = (u32, u32)>,
    ) -> Self {
        let mut packer = Packer::default();
        let (mut total, mut due) = (0, 0);
        for (index, count) in cells {
            let Some(above_one) = count.checked_sub(1) else {
                continue;
            };
            let index = u64::from(index);
            assert!(index >= due, "the interval {index} comes after {due}");
            let skipped = index - due;
            packer.push(2 * u64::from(above_one) + u64::from(skipped > 0));
            if skipped > 0 {
                packer.push(skipped - 1);
            }
            total += u64::from(count);
            due = index + 1;
        }
        Self {
            interval,
            placement,
            cells: packer.finish(),
            total,
        }
    }

    /// All requests of the trace.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The cells (index of the interval, count > 0), ascending by index.
    pub fn cells(&self) -> impl Iterator<Item = (u32, u32)> {
        let mut cursor = CellCursor::default();
        std::iter::from_fn(move || self.next_cell(&mut cursor))
    }

    /// The next cell, for those who go on reading later; `None` behind the last.
    #[inline]
    pub fn next_cell(&self, cursor: &mut CellCursor) -> Option<(u32, u32)> {
        let head = self.cells.take(&mut cursor.place)?;
        if head % 2 == 1 {
            cursor.interval += self.cells.take(&mut cursor.place)? + 1;
        }
        let interval = u32::try_from(cursor.interval).ok()?;
        cursor.interval += 1;
        Some((interval, u32::try_from(head / 2 + 1).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back_without_zeros() {
        let cells = [(0, 1), (1, 0), (2, u32::MAX), (3, 7), (u32::MAX, 64)];
        let counts = Counts::new(SimDuration::from_secs(60), Placement::Uniform, cells);
        let found: Vec<(u32, u32)> = counts.cells().collect();
        assert_eq!(found, [cells[0], cells[2], cells[3], cells[4]]);
        assert_eq!(counts.total(), 1 + u64::from(u32::MAX) + 7 + 64);
        let none = Counts::new(SimDuration::from_secs(60), Placement::Uniform, []);
        assert_eq!((none.cells().count(), none.total()), (0, 0));
    }
}
