//! Laws in the compact form. Lists of probabilities are written once: the functions of a trace have
//! theirs in common.

use std::collections::BTreeMap;
use std::io;

use super::blocks::{BlockReader, BlockWriter};
use super::{CompactError, MIXTURE, MOST_POINTS, QUANTILES};
use crate::law::Law;
use crate::math::{wide_index, word};
use crate::units::SimDuration;

/// Mixtures of mixtures go no deeper than this.
const DEEPEST: u32 = 8;

/// Writes laws.
#[derive(Debug, Default)]
pub(super) struct LawWriter {
    /// Lists of probabilities, as bits, and their numbers.
    grids: BTreeMap<Vec<u64>, u64>,
    points: u64,
}

impl LawWriter {
    pub(super) fn write(&mut self, blocks: &mut BlockWriter<'_>, law: &Law) -> io::Result<()> {
        self.write_nested(blocks, law, 0)
    }

    fn write_nested(
        &mut self,
        blocks: &mut BlockWriter<'_>,
        law: &Law,
        depth: u32,
    ) -> io::Result<()> {
        if let Some((kind, words)) = law.words() {
            blocks.byte(kind)?;
            return words.into_iter().try_for_each(|word| blocks.word(word));
        }
        match law {
            Law::Empirical(quantiles) => {
                self.count(quantiles.probabilities().len())?;
                blocks.byte(QUANTILES)?;
                let bits = quantiles
                    .probabilities()
                    .iter()
                    .map(|point| point.to_bits());
                self.grid(blocks, bits.collect())?;
                let mut before = 0;
                for value in quantiles.values() {
                    blocks.number(value.0 - before)?;
                    before = value.0;
                }
                Ok(())
            }
            Law::Mixture(mixture) => {
                if depth == DEEPEST {
                    return Err(super::writer::unfit("mixtures are nested too deep"));
                }
                self.count(mixture.components().len())?;
                blocks.byte(MIXTURE)?;
                blocks.number(word(mixture.components().len()))?;
                for (weight, law) in mixture.components() {
                    blocks.word(weight.to_bits())?;
                    self.write_nested(blocks, law, depth + 1)?;
                }
                Ok(())
            }
            _ => Err(super::writer::unfit("a law has no words")),
        }
    }

    fn grid(&mut self, blocks: &mut BlockWriter<'_>, bits: Vec<u64>) -> io::Result<()> {
        if let Some(number) = self.grids.get(&bits) {
            return blocks.number(*number);
        }
        let number = word(self.grids.len());
        blocks.number(number)?;
        blocks.number(word(bits.len()))?;
        bits.iter().try_for_each(|bits| blocks.word(*bits))?;
        self.grids.insert(bits, number);
        Ok(())
    }

    fn count(&mut self, points: usize) -> io::Result<()> {
        self.points += word(points);
        if self.points > MOST_POINTS {
            let what = format!("laws have more than {MOST_POINTS} points");
            return Err(super::writer::unfit(&what));
        }
        Ok(())
    }
}

/// Reads laws.
#[derive(Debug)]
pub(super) struct LawReader {
    grids: Vec<Vec<f64>>,
    points_left: u64,
}

impl LawReader {
    pub(super) fn new() -> Self {
        Self {
            grids: Vec::new(),
            points_left: MOST_POINTS,
        }
    }

    pub(super) fn read(&mut self, blocks: &mut BlockReader<'_>) -> Result<Law, CompactError> {
        self.read_nested(blocks, 0)
    }

    fn read_nested(
        &mut self,
        blocks: &mut BlockReader<'_>,
        depth: u32,
    ) -> Result<Law, CompactError> {
        let kind = blocks.byte()?;
        match kind {
            QUANTILES => self.quantiles(blocks),
            MIXTURE if depth < DEEPEST => self.mixture(blocks, depth),
            _ => {
                let Some(count) = Law::word_count(kind) else {
                    let what = format!("a law of kind {kind}");
                    return Err(blocks.error(&what, "a kind from 0 to 10, not nested too deep"));
                };
                let words = (0..count).map(|_| blocks.word());
                let words = words.collect::<Result<Vec<_>, _>>()?;
                Law::from_words(kind, &words).ok_or_else(|| {
                    blocks.error("parameters that are no law's", "finite, positive ones")
                })
            }
        }
    }

    fn quantiles(&mut self, blocks: &mut BlockReader<'_>) -> Result<Law, CompactError> {
        let known = word(self.grids.len());
        let number = blocks.number_up_to(known, "as a list of probabilities")?;
        if number == known {
            let count = self.spend(blocks, None)?;
            let mut grid = Vec::new();
            for _ in 0..count {
                grid.push(f64::from_bits(blocks.word()?));
            }
            self.grids.push(grid);
        }
        let place = wide_index(number);
        self.spend(blocks, Some(word(self.grids[place].len())))?;
        let mut value = SimDuration::ZERO;
        let mut points = Vec::with_capacity(self.grids[place].len());
        for probability in &self.grids[place] {
            let more = blocks.number_up_to(SimDuration::MAX.0 - value.0, "more nanoseconds")?;
            value.0 += more;
            points.push((*probability, value));
        }
        Law::empirical(&points)
            .map_err(|error| blocks.error(&error.to_string(), "a quantile function"))
    }

    fn mixture(&mut self, blocks: &mut BlockReader<'_>, depth: u32) -> Result<Law, CompactError> {
        let count = self.spend(blocks, None)?;
        let mut components = Vec::new();
        for _ in 0..count {
            let weight = f64::from_bits(blocks.word()?);
            components.push((weight, self.read_nested(blocks, depth + 1)?));
        }
        Law::normalised_mixture(components)
            .ok_or_else(|| blocks.error("weights of a mixture", "positive ones whose sum is 1"))
    }

    /// Takes points off those that may still come; without a number it is read.
    fn spend(
        &mut self,
        blocks: &mut BlockReader<'_>,
        count: Option<u64>,
    ) -> Result<u64, CompactError> {
        let count = match count {
            Some(count) => count,
            None => blocks.number()?,
        };
        let Some(left) = self.points_left.checked_sub(count) else {
            let what = format!("{count} further points of laws");
            return Err(blocks.error(&what, &format!("at most {MOST_POINTS} in all")));
        };
        self.points_left = left;
        Ok(count)
    }
}
