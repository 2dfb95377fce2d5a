//! Drawing many values from a table of quantiles: a guide table finds the segment of a probability
//! without a search (Chen & Asau, "On generating random variates from an empirical distribution",
//! AIIE Transactions 6(2), 1974, <https://doi.org/10.1080/05695557408974949>).

use rand::Rng;

use super::Quantiles;
use crate::math::{index, round_to_u64, slot, unit, wide_index};

/// Entries of a guide table, one for each value of a word's upper byte.
const ENTRIES: usize = 256;

/// A table of quantiles made ready to draw many values from: the same bits as its `value_ns` gives.
#[derive(Debug, Clone)]
pub(super) struct Guide {
    /// For each upper byte the first segment that its probabilities may lie in.
    first: [u32; ENTRIES],
    segments: Vec<Segment>,
}

/// A stretch of probabilities over which the quantile function is a straight line:
/// low + width · (probability − from) / span.
#[derive(Debug, Clone, Copy)]
struct Segment {
    /// Where the next segment begins.
    until: f64,
    from: f64,
    span: f64,
    low_ns: f64,
    width_ns: f64,
}

impl Guide {
    pub(super) fn new(table: &Quantiles) -> Self {
        let (probabilities, values_ns) = (&table.probabilities, &table.values_ns);
        let level = |until, value_ns| Segment {
            until,
            from: 0.0,
            span: 1.0,
            low_ns: value_ns,
            width_ns: 0.0,
        };
        let mut segments = vec![level(probabilities[0], values_ns[0])];
        for (p, ns) in probabilities.windows(2).zip(values_ns.windows(2)) {
            segments.push(Segment {
                until: p[1],
                from: p[0],
                span: p[1] - p[0],
                low_ns: ns[0],
                width_ns: ns[1] - ns[0],
            });
        }
        segments.push(level(f64::INFINITY, values_ns[values_ns.len() - 1]));
        let mut first = [0; ENTRIES];
        for (entry, byte) in first.iter_mut().zip(0_u64..) {
            let lowest = unit(byte << 56);
            *entry = slot(probabilities.partition_point(|p| *p <= lowest));
        }
        Self { first, segments }
    }

    pub(super) fn fill<R: Rng>(&self, rng: &mut R, block: &mut [u64]) {
        for value in block {
            let word = rng.next_u64();
            let probability = unit(word);
            let mut place = self.first[wide_index(word >> 56)];
            let segment = loop {
                let segment = &self.segments[index(place)];
                if probability < segment.until {
                    break segment;
                }
                place += 1;
            };
            let share = segment.width_ns * (probability - segment.from) / segment.span;
            *value = round_to_u64(segment.low_ns + share);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::to_f64;
    use crate::random::{Purpose, StreamKey};

    #[test]
    fn the_guide_gives_the_bits_of_the_search() {
        let mut long: Vec<(f64, f64)> = (0_u64..3_000)
            .map(|point| {
                let p = to_f64(point) / 3_000.0;
                (p * p, 1e3 + 1e9 * p)
            })
            .collect();
        long.push((1.0, 7e9));
        let tables = [
            vec![
                (0.0, 1e3),
                (0.01, 2e6),
                (0.25, 1.1e7),
                (0.5, 1.1e7),
                (0.99, 9e8),
                (1.0, 6e10),
            ],
            // Levels before the first point and behind the last.
            vec![(0.2, 5.0), (0.200_000_1, 8e4), (0.7, 1e5)],
            vec![(0.5, 1e6)],
            long,
        ];
        for points in tables {
            let (probabilities, values_ns) = points.into_iter().unzip();
            let table = Quantiles {
                probabilities,
                values_ns,
            };
            let key = StreamKey::new(3, 0, 0, Purpose::Duration);
            let mut found = vec![0; 50_000];
            Guide::new(&table).fill(&mut key.block(0), &mut found);
            let mut rng = key.block(0);
            for value in found {
                assert_eq!(value, round_to_u64(table.value_ns(unit(rng.next_u64()))));
            }
        }
    }
}
