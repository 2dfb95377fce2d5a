//! Recorded counts: the k requests of an interval at the order statistics of k uniform instants.
//!
//! Exponential spacings give them in order, without a sort and without a logarithm: with the partial
//! sums S₁ < S₂ < … of unit exponentials, S₁/S₍ₖ₊₁₎ … Sₖ/S₍ₖ₊₁₎ are distributed as the order
//! statistics of k uniform numbers (Devroye, "Non-Uniform Random Variate Generation", Springer 1986,
//! ch. V.2, <https://doi.org/10.1007/978-1-4613-8643-8>). An interval that goes on behind the block
//! takes what the later spacings add up to as one draw from the gamma law; given the last instant of
//! the block, those behind it are uniform on what is left of the interval.

use frostline_models::arrival::{CellCursor, Counts, Placement};
use frostline_models::math::{
    StandardExponential, StandardGamma, index, round_to_u64, slot, to_f64, unit,
};
use rand::Rng;
use rand::rngs::Xoshiro256PlusPlus;

use super::{ArrivalProcess, ORIGIN};

/// The requests of recorded counts.
pub(super) struct CountProcess {
    counts: Counts,
    exponential: StandardExponential,
    cursor: CellCursor,
    /// The interval whose requests are given now, and their number.
    cell: Option<(u32, u32)>,
    /// Requests of the cell that were already given.
    given: u32,
    /// The last instant given, in nanoseconds since the start of the interval.
    reached_ns: f64,
}

impl CountProcess {
    pub(super) fn new(counts: Counts) -> Self {
        let mut cursor = CellCursor::default();
        Self {
            cell: counts.next_cell(&mut cursor),
            counts,
            exponential: StandardExponential::default(),
            cursor,
            given: 0,
            reached_ns: 0.0,
        }
    }

    /// Fills `block` with the next instants of the current cell.
    fn fill_from_cell(
        &mut self,
        rng: &mut Xoshiro256PlusPlus,
        (interval, count): (u32, u32),
        block: &mut [u64],
    ) {
        let length = self.counts.interval.0;
        let start = ORIGIN + u64::from(interval) * length;
        // Whole nanoseconds that stay inside the interval.
        let instant_at = |nanoseconds| start + round_to_u64(nanoseconds).min(length - 1);
        match self.counts.placement {
            Placement::MinuteStart => block.fill(start),
            Placement::Equidistant => {
                for (number, instant) in (self.given..).zip(block) {
                    let share = (f64::from(number) + 0.5) / f64::from(count);
                    *instant = instant_at(share * to_f64(length));
                }
            }
            Placement::Uniform => self.fill_uniformly(rng, count - self.given, block, instant_at),
        }
    }

    /// Fills `block` with the lowest of `left` independent instants, each uniform between the last
    /// one given and the end of the interval.
    fn fill_uniformly(
        &mut self,
        rng: &mut Xoshiro256PlusPlus,
        left: u32,
        block: &mut [u64],
        instant_at: impl Fn(f64) -> u64,
    ) {
        let reached = self.reached_ns;
        let remaining = to_f64(self.counts.interval.0) - reached;
        if let (1, [instant]) = (left, &mut *block) {
            *instant = instant_at(reached + remaining * unit(rng.next_u64()));
            return;
        }
        let mut sum = 0.0;
        for instant in block.iter_mut() {
            sum += self.exponential.draw(rng);
            // The place of a sum whose scale is not known yet.
            *instant = sum.to_bits();
        }
        let beyond = match left - slot(block.len()) {
            0 => self.exponential.draw(rng),
            behind => StandardGamma::new(f64::from(behind) + 1.0).draw(rng),
        };
        let scale = remaining / (sum + beyond);
        for instant in block {
            *instant = instant_at(reached + f64::from_bits(*instant) * scale);
        }
        self.reached_ns = reached + sum * scale;
    }
}

impl ArrivalProcess for CountProcess {
    fn fill(&mut self, rng: &mut Xoshiro256PlusPlus, block: &mut [u64]) -> usize {
        let mut filled = 0;
        while filled < block.len() {
            let Some((interval, count)) = self.cell else {
                break;
            };
            let taken = index(count - self.given).min(block.len() - filled);
            self.fill_from_cell(rng, (interval, count), &mut block[filled..filled + taken]);
            filled += taken;
            self.given += slot(taken);
            if self.given == count {
                self.cell = self.counts.next_cell(&mut self.cursor);
                self.given = 0;
                self.reached_ns = 0.0;
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frostline_models::math::{count_to_f64, to_f64};
    use frostline_models::random::{Purpose, StreamKey};
    use frostline_models::units::SimDuration;

    const LENGTH_NS: u64 = 60_000_000_000;

    /// The instants of an interval with `count` requests as shares of it, drawn `block` at a time.
    fn shares(count: u32, block: usize, replication: u32) -> Vec<f64> {
        let cells = [(2, count)];
        let interval = SimDuration(LENGTH_NS);
        let mut process = CountProcess::new(Counts::new(interval, Placement::Uniform, cells));
        let key = StreamKey::new(5, replication, u64::from(count), Purpose::Arrival);
        let mut shares = Vec::new();
        let mut instants = vec![0; block];
        for number in 0.. {
            let filled = process.fill(&mut key.block(number), &mut instants);
            let since = |instant: &u64| to_f64(instant - ORIGIN - 2 * LENGTH_NS);
            shares.extend(
                instants[..filled]
                    .iter()
                    .map(|i| since(i) / to_f64(LENGTH_NS)),
            );
            if filled < block {
                return shares;
            }
        }
        unreachable!("an interval ends")
    }

    /// The j-th of k uniform instants has the beta law with mean j/(k + 1) and variance
    /// j(k + 1 − j)/((k + 1)²(k + 2)), and so has the distance between any two that are j apart. 4.5
    /// standard errors: each of the 48 comparisons fails by chance once in 150,000 seeds.
    #[test]
    fn instants_are_order_statistics_whatever_the_blocks() {
        const RUNS: u32 = 2_000;
        for (count, block) in [(1, 8), (2, 1), (6, 8), (6, 4), (500, 2_048), (500, 150)] {
            let runs: Vec<Vec<f64>> = (0..RUNS).map(|run| shares(count, block, run)).collect();
            let k = f64::from(count);
            let size = index(count);
            // Ranks counted from 1, 0 for the start of the interval.
            for (from, to) in [
                (0, 1),
                (0, size.div_ceil(2)),
                (0, size),
                (size / 4, size - size / 5),
            ] {
                let at = |run: &Vec<f64>, rank: usize| if rank == 0 { 0.0 } else { run[rank - 1] };
                let spans: Vec<f64> = runs.iter().map(|run| at(run, to) - at(run, from)).collect();
                let j = count_to_f64(to - from);
                let (mean, variance) = (
                    j / (k + 1.0),
                    j * (k + 1.0 - j) / ((k + 1.0) * (k + 1.0) * (k + 2.0)),
                );
                let runs = f64::from(RUNS);
                let found = spans.iter().sum::<f64>() / runs;
                let off = (found - mean) / (variance / runs).sqrt();
                assert!(
                    off.abs() < 4.5,
                    "{from} to {to} of {count}: mean off by {off}"
                );
                let squares = spans.iter().map(|span| (span - mean) * (span - mean));
                // Excess kurtosis of the beta law with parameters j and k + 1 − j.
                let (a, b) = (j, k + 1.0 - j);
                let kurtosis = 6.0 * ((a - b) * (a - b) * (a + b + 1.0) - a * b * (a + b + 2.0))
                    / (a * b * (a + b + 2.0) * (a + b + 3.0));
                let off = (squares.sum::<f64>() / runs / variance - 1.0)
                    / ((kurtosis + 2.0) / runs).sqrt();
                assert!(
                    off.abs() < 4.5,
                    "{from} to {to} of {count}: variance off by {off}"
                );
            }
        }
    }

    #[test]
    fn every_request_comes_once_inside_its_interval_and_in_order() {
        for placement in [
            Placement::Uniform,
            Placement::Equidistant,
            Placement::MinuteStart,
        ] {
            let cells = [(0, 3), (1, 5_000), (7, 1), (8, 2_048)];
            let counts = Counts::new(SimDuration(1_000), placement, cells);
            let mut process = CountProcess::new(counts);
            let mut found = vec![0; 10_000];
            let key = StreamKey::new(5, 0, 0, Purpose::Arrival);
            let mut filled = 0;
            for (number, block) in (0..).zip(found.chunks_mut(2_048)) {
                filled += process.fill(&mut key.block(number), block);
            }
            found.truncate(filled);
            assert!(found.is_sorted());
            for (interval, count) in cells {
                let start = ORIGIN + u64::from(interval) * 1_000;
                let within = found
                    .iter()
                    .filter(|at| (start..start + 1_000).contains(at));
                assert_eq!(
                    within.count(),
                    index(count),
                    "{placement:?}, interval {interval}"
                );
            }
        }
    }
}
