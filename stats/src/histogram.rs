//! A histogram of nanoseconds, cheap enough to record every simulated invocation.
//!
//! A cell is named by the exponent and the seven leading mantissa bits of the value as `f64`: 128
//! cells an octave, each at most 0.8 % wide, so a quantile is exact to ±0.4 % and, interpolated
//! within its cell, usually better. Recording costs about a nanosecond. Counts are integers, so
//! merging gives the same result in any order.
#![expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the index of a cell is made of the bits of a float"
)]

use std::sync::Arc;

use serde::Serialize;

/// Mantissa bits that are kept: 2⁷ = 128 cells an octave.
const KEPT_BITS: u32 = 7;
const SHIFT: u32 = 52 - KEPT_BITS;
/// The index that 1 ns would have without an offset.
const OFFSET: u64 = 1023 << KEPT_BITS;
/// Values reach 2⁶², twice the longest span of a scenario.
const CELLS: usize = 62 << KEPT_BITS;

/// Cells an octave.
const OCTAVE: usize = 1 << KEPT_BITS;

/// Cells that are looked at together when a histogram is emptied; a divisor of an octave.
const STRIDE: usize = 8;

/// So many cells are rather sorted than spread out over all octaves between them.
const FEW: usize = 512;

/// Counts of nanosecond values to record into. Zero counts as 1 ns.
///
/// Only the octaves between the smallest and the largest value so far have cells, so a function
/// that is seldom invoked takes a kilobyte or none, and emptying costs what was filled.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    /// Whole octaves of cells, beginning with the cell `first`.
    cells: Vec<u64>,
    first: usize,
    /// Values in all cells.
    count: u64,
    /// The cells that were found when it was emptied last: space for the next time.
    found: Vec<(u32, u64)>,
}

#[inline]
fn cell_of(value: u64) -> usize {
    let float = value.cast_signed() as f64;
    (float.to_bits() >> SHIFT).saturating_sub(OFFSET) as usize
}

fn lower_edge(cell: u32) -> f64 {
    f64::from_bits((u64::from(cell) + OFFSET) << SHIFT)
}

impl Histogram {
    /// Counts a value below 2⁶² as often as told.
    pub fn record_many(&mut self, value: u64, times: u64) {
        if times == 0 {
            return;
        }
        self.record(value);
        let cell = cell_of(value).min(CELLS - 1).wrapping_sub(self.first);
        if let Some(count) = self.cells.get_mut(cell) {
            *count += times - 1;
            self.count += times - 1;
        }
    }

    /// Counts a value below 2⁶².
    #[inline]
    pub fn record(&mut self, value: u64) {
        let cell = cell_of(value);
        self.count += 1;
        match self.cells.get_mut(cell.wrapping_sub(self.first)) {
            Some(count) => *count += 1,
            None => *self.cell_beyond(cell) += 1,
        }
    }

    /// Counts values below 2⁶².
    pub fn record_all(&mut self, values: &[u64]) {
        self.count += values.len() as u64;
        let mut rest = values.iter();
        loop {
            let (first, cells) = (self.first, self.cells.as_mut_slice());
            // Ends early at a value whose octave has no cells yet.
            let beyond = rest.find(|value| {
                let count = cells.get_mut(cell_of(**value).wrapping_sub(first));
                count.map(|count| *count += 1).is_none()
            });
            match beyond {
                Some(value) => *self.cell_beyond(cell_of(*value)) += 1,
                None => return,
            }
        }
    }

    /// Adds what another histogram held.
    pub fn add(&mut self, distribution: &Distribution) {
        self.count += distribution.count;
        for &(cell, more) in distribution.cells.iter() {
            let cell = cell as usize;
            match self.cells.get_mut(cell.wrapping_sub(self.first)) {
                Some(count) => *count += more,
                None => *self.cell_beyond(cell) += more,
            }
        }
    }

    /// Takes back a value that was counted before.
    #[inline]
    pub fn take_back(&mut self, value: u64) {
        let place = cell_of(value).min(CELLS - 1).wrapping_sub(self.first);
        let count = self.cells.get_mut(place).filter(|count| **count > 0);
        debug_assert!(count.is_some(), "{value} ns was never recorded");
        if let Some(count) = count {
            *count -= 1;
            self.count -= 1;
        }
    }

    /// Makes room for the octave of a cell.
    #[cold]
    #[inline(never)]
    fn cell_beyond(&mut self, cell: usize) -> &mut u64 {
        let cell = cell.min(CELLS - 1);
        let octave = cell - cell % OCTAVE;
        if self.cells.is_empty() {
            self.first = octave;
        }
        if octave < self.first {
            let missing = self.first - octave;
            self.cells.splice(..0, std::iter::repeat_n(0, missing));
            self.first = octave;
        }
        let reached = octave + OCTAVE - self.first;
        if reached > self.cells.len() {
            self.cells.resize(reached, 0);
        }
        &mut self.cells[cell - self.first]
    }

    /// Hands over what was counted and starts again from nothing.
    #[must_use]
    pub fn drain(&mut self) -> Distribution {
        let count = std::mem::take(&mut self.count);
        if count == 0 {
            return Distribution::default();
        }
        self.found.clear();
        let mut left = count;
        let strides = self.cells.chunks_exact_mut(STRIDE);
        for (stride, first) in strides.zip((self.first..).step_by(STRIDE)) {
            if stride.iter().fold(0, |any, count| any | *count) == 0 {
                continue;
            }
            for (count, cell) in stride.iter_mut().zip(first..) {
                if *count > 0 {
                    left -= *count;
                    self.found.push((cell as u32, std::mem::take(count)));
                }
            }
            if left == 0 {
                break;
            }
        }
        debug_assert_eq!(left, 0, "of {count} values");
        Distribution {
            cells: self.found.as_slice().into(),
            count,
        }
    }
}

/// A finished histogram: only the cells that hold something. Copies share them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Distribution {
    cells: Arc<[(u32, u64)]>,
    /// Values in all cells.
    #[serde(skip)]
    count: u64,
}

impl Distribution {
    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of them together.
    #[must_use]
    pub fn sum<'a>(parts: impl Iterator<Item = &'a Self>) -> Self {
        let parts: Vec<&Self> = parts.filter(|part| part.count > 0).collect();
        if let [only] = parts.as_slice() {
            return (*only).clone();
        }
        let cells = parts.iter().map(|part| part.cells.len()).sum();
        if cells > FEW {
            let mut sum = Histogram::default();
            for part in &parts {
                sum.add(part);
            }
            return sum.drain();
        }
        let mut found = Vec::with_capacity(cells);
        for part in &parts {
            found.extend_from_slice(&part.cells);
        }
        found.sort_unstable_by_key(|cell| cell.0);
        found.dedup_by(|later, earlier| {
            let is_same = later.0 == earlier.0;
            if is_same {
                earlier.1 += later.1;
            }
            is_same
        });
        Self {
            cells: found.into(),
            count: parts.iter().map(|part| part.count).sum(),
        }
    }

    /// Adds another distribution.
    pub fn merge(&mut self, other: &Self) {
        if other.cells.is_empty() {
            return;
        }
        if self.cells.is_empty() {
            *self = other.clone();
            return;
        }
        let mut merged = Vec::with_capacity(self.cells.len() + other.cells.len());
        let (mut left, mut right) = (self.cells.iter().peekable(), other.cells.iter().peekable());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            match a.0.cmp(&b.0) {
                std::cmp::Ordering::Less => merged.extend(left.next()),
                std::cmp::Ordering::Greater => merged.extend(right.next()),
                std::cmp::Ordering::Equal => {
                    merged.push((a.0, a.1 + b.1));
                    left.next();
                    right.next();
                }
            }
        }
        merged.extend(left);
        merged.extend(right);
        self.cells = merged.into();
        self.count += other.count;
    }

    /// The quantile in nanoseconds by definition R-7 over the binned values, each value spread
    /// evenly over its cell; `None` when nothing was counted.
    ///
    /// # Panics
    /// When `probability` lies outside [0, 1].
    pub fn quantile_ns(&self, probability: f64) -> Option<f64> {
        assert!(
            (0.0..=1.0).contains(&probability),
            "no quantile at {probability}"
        );
        let (place, rank) = self.place_of(probability)?;
        let (cell, count) = self.cells[place];
        let (low, high) = (lower_edge(cell), lower_edge(cell + 1));
        Some(low + (high - low) * (rank + 0.5) / (count as f64))
    }

    /// What binning leaves open of a quantile, in nanoseconds: the edges of the cell that it fell
    /// into. Where a cell beside that one holds at least half as much, values are spread over their
    /// cells and the bounds are the quantile itself; `None` when nothing was counted.
    ///
    /// # Panics
    /// When `probability` lies outside [0, 1].
    pub fn bounds_ns(&self, probability: f64) -> Option<(f64, f64)> {
        let (place, _) = self.place_of(probability)?;
        let cell = self.cells[place].0;
        if self.is_spread(place) {
            let quantile = self.quantile_ns(probability)?;
            return Some((quantile, quantile));
        }
        Some((lower_edge(cell), lower_edge(cell + 1)))
    }

    /// How many values exceed `bound_ns`: at the least and at the most, as far as binning leaves it
    /// open. Where a cell beside that of the bound holds at least half as much, values are spread
    /// evenly over their cells, and both are the same.
    pub fn exceeding(&self, bound_ns: f64) -> (f64, f64) {
        let mut above = 0.0;
        for (place, (cell, count)) in self.cells.iter().enumerate().rev() {
            let (low, high) = (lower_edge(*cell), lower_edge(cell + 1));
            let held = *count as f64;
            if high <= bound_ns {
                break;
            }
            if low > bound_ns {
                above += held;
                continue;
            }
            if self.is_spread(place) {
                let part = held * (high - bound_ns) / (high - low);
                return (above + part, above + part);
            }
            return (above, above + held);
        }
        (above, above)
    }

    /// Whether a cell beside this one holds at least half as much, so that values are spread rather
    /// than one value drawn often.
    fn is_spread(&self, place: usize) -> bool {
        let (cell, count) = self.cells[place];
        let is_like = |place: usize| {
            let beside = self.cells.get(place);
            beside.is_some_and(|(other, held)| other.abs_diff(cell) == 1 && *held >= count / 2)
        };
        is_like(place + 1) || place.checked_sub(1).is_some_and(is_like)
    }

    /// The place of the cell that a quantile falls into, and its rank within the cell.
    fn place_of(&self, probability: f64) -> Option<(usize, f64)> {
        assert!(
            (0.0..=1.0).contains(&probability),
            "no quantile at {probability}"
        );
        let mut rank = (self.count().checked_sub(1)? as f64) * probability;
        for (place, (_, count)) in self.cells.iter().enumerate() {
            let count = *count as f64;
            if rank < count {
                return Some((place, rank));
            }
            rank -= count;
        }
        // Beyond 2⁵³ values the rank may round to beyond the last.
        let last = self.cells.len().checked_sub(1)?;
        Some((last, self.cells[last].1 as f64 - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_half_a_percent() {
        let mut histogram = Histogram::default();
        for value in 1..=100_000_u64 {
            histogram.record(value * 1_000);
        }
        let distribution = histogram.drain();
        assert_eq!(distribution.count(), 100_000);
        for probability in [0.01, 0.5, 0.9, 0.99, 0.999] {
            let exact = (1.0 + 99_999.0 * probability) * 1_000.0;
            let found = distribution.quantile_ns(probability).unwrap();
            assert!(
                (found / exact - 1.0).abs() < 0.004,
                "p{probability}: {found} for {exact}"
            );
        }
        assert_eq!(
            histogram.drain(),
            Distribution::default(),
            "draining empties"
        );
        assert_eq!(Distribution::default().quantile_ns(0.5), None);
    }

    #[test]
    fn an_atom_leaves_its_cell_open_and_a_smooth_law_nothing() {
        let mut histogram = Histogram::default();
        (0..1_000).for_each(|_| histogram.record(250_000_000));
        let (low, high) = histogram.drain().bounds_ns(0.5).unwrap();
        assert!(
            low <= 250e6 && 250e6 < high && high < low * 1.008,
            "{low} to {high}"
        );
        for value in 100_000..200_000 {
            histogram.record(value * 1_000);
        }
        let smooth = histogram.drain();
        let median = smooth.quantile_ns(0.5).unwrap();
        assert_eq!(smooth.bounds_ns(0.5), Some((median, median)));
        assert_eq!(Distribution::default().bounds_ns(0.5), None);
    }

    #[test]
    fn quantiles_are_those_of_hdrhistogram() {
        let mut ours = Histogram::default();
        let mut theirs = hdrhistogram::Histogram::<u64>::new(3).unwrap();
        let mut state = 9_u64;
        for _ in 0..100_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            // From microseconds to minutes, evenly in the logarithm.
            let value = 1_000 << (state >> 60) << (state >> 55 & 7) | state >> 50 & 0x3ff;
            ours.record(value);
            theirs.record(value).unwrap();
        }
        let ours = ours.drain();
        for probability in [0.1, 0.5, 0.9, 0.99, 0.999] {
            let expected = theirs.value_at_quantile(probability) as f64;
            let found = ours.quantile_ns(probability).unwrap();
            assert!(
                (found / expected - 1.0).abs() < 0.01,
                "{found} for {expected}"
            );
        }
    }

    #[test]
    fn merging_is_adding() {
        let mut parts = [Histogram::default(), Histogram::default()];
        let mut whole = Histogram::default();
        for value in [1, 2, 2, 5_000, 1 << 61, 0, u64::MAX >> 1] {
            parts[usize::from(value % 2 == 0)].record(value);
            whole.record(value);
        }
        for value in [77, 3 << 61] {
            whole.record(value);
            whole.take_back(value);
        }
        let [mut left, mut right] = parts;
        let mut merged = left.drain();
        merged.merge(&right.drain());
        let mut sum = Histogram::default();
        sum.record(9);
        sum.take_back(9);
        sum.add(&merged);
        assert_eq!(sum.drain(), merged);
        assert_eq!(merged, whole.drain());
    }
}
