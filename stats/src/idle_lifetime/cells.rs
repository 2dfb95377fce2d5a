//! Observations counted by gap.

use crate::number::{count, wide};

use super::{EITHER_MIN, IdleLifetimeError, OBSERVATIONS_MIN, Observation};

/// The most cells; more distinct gaps are joined with their neighbours, equally many to a cell, so
/// that the search for a law takes bounded time. A lifetime is then found to within a cell.
const CELLS_MAX: usize = 2_000;

/// Observations of one gap, or of neighbouring ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    /// The gap in seconds: the longest of the cell.
    pub(super) idle_s: f64,
    /// How many survived.
    pub(super) survived: f64,
    /// How many were gone.
    pub(super) lost: f64,
}

/// All observations, by rising gap.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cells {
    /// The cells, at least two.
    pub(super) by_gap: Vec<Cell>,
    /// Observations.
    pub(super) n: u64,
    /// Of these, survivors.
    pub(super) survived: u64,
    /// The longest gap survived.
    pub(super) longest_survived_s: f64,
    /// The shortest gap after which an instance was gone.
    pub(super) shortest_lost_s: f64,
}

impl Cells {
    /// Counts observations.
    pub(super) fn new(observations: &[Observation]) -> Result<Self, IdleLifetimeError> {
        let odd = observations
            .iter()
            .find(|seen| !seen.idle_s.is_finite() || seen.idle_s < 0.0);
        if let Some(seen) = odd {
            return Err(IdleLifetimeError::Gap {
                idle_s: seen.idle_s,
            });
        }
        let mut sorted = observations.to_vec();
        sorted.sort_by(|a, b| a.idle_s.total_cmp(&b.idle_s));
        let of = |outcome: bool| sorted.iter().filter(move |seen| seen.survived == outcome);
        let (mut survived, mut lost) = (0_u64, 0_u64);
        for seen in &sorted {
            *if seen.survived {
                &mut survived
            } else {
                &mut lost
            } += 1;
        }
        let [shortest, .., longest] = sorted.as_slice() else {
            return Err(IdleLifetimeError::TooFew { survived, lost });
        };
        if sorted.len() >= OBSERVATIONS_MIN && lost == 0 {
            let longest_s = longest.idle_s;
            return Err(IdleLifetimeError::AllSurvived { longest_s });
        }
        if sorted.len() >= OBSERVATIONS_MIN && survived == 0 {
            let shortest_s = shortest.idle_s;
            return Err(IdleLifetimeError::NoneSurvived { shortest_s });
        }
        if sorted.len() < OBSERVATIONS_MIN || survived.min(lost) < EITHER_MIN {
            return Err(IdleLifetimeError::TooFew { survived, lost });
        }
        let longest_survived_s = of(true).next_back().map_or(0.0, |seen| seen.idle_s);
        let shortest_lost_s = of(false).next().map_or(0.0, |seen| seen.idle_s);
        let by_gap = by_gap(&sorted);
        if by_gap.len() < 2 {
            return Err(IdleLifetimeError::NoDependence { statistic: 0.0 });
        }
        Ok(Self {
            by_gap,
            n: survived + lost,
            survived,
            longest_survived_s,
            shortest_lost_s,
        })
    }

    /// The longest gap, in seconds.
    pub(super) fn longest_s(&self) -> f64 {
        self.by_gap.last().map_or(0.0, |cell| cell.idle_s)
    }

    /// ln L when every gap has the same share of survivors.
    pub(super) fn log_likelihood_of_one_share(&self) -> f64 {
        let (survived, lost) = (wide(self.survived), wide(self.n - self.survived));
        log_likelihood(survived, lost, survived / (survived + lost))
    }
}

fn by_gap(sorted: &[Observation]) -> Vec<Cell> {
    let size = sorted.len().div_ceil(CELLS_MAX);
    let mut cells: Vec<Cell> = Vec::new();
    for seen in sorted {
        let (survived, lost) = if seen.survived {
            (1.0, 0.0)
        } else {
            (0.0, 1.0)
        };
        match cells.last_mut() {
            // The same gap always stays together.
            Some(cell) if cell.idle_s >= seen.idle_s || cell.survived + cell.lost < count(size) => {
                cell.idle_s = seen.idle_s;
                cell.survived += survived;
                cell.lost += lost;
            }
            _ => cells.push(Cell {
                idle_s: seen.idle_s,
                survived,
                lost,
            }),
        }
    }
    cells
}

/// ln L of a cell in which each survives with probability `share`.
pub(super) fn log_likelihood(survived: f64, lost: f64, share: f64) -> f64 {
    let term = |times: f64, probability: f64| {
        if times > 0.0 {
            times * libm::log(probability)
        } else {
            0.0
        }
    };
    term(survived, share) + term(lost, 1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_gaps_are_joined_and_none_is_lost() {
        let seen: Vec<Observation> = (0..5_001)
            .map(|i| Observation {
                idle_s: f64::from(i % 4_000),
                survived: i % 4_000 < 2_000,
            })
            .collect();
        let cells = Cells::new(&seen).unwrap();
        assert!(cells.by_gap.len() <= CELLS_MAX);
        let sum: f64 = cells
            .by_gap
            .iter()
            .map(|cell| cell.survived + cell.lost)
            .sum();
        assert!((sum - 5_001.0).abs() < 1e-9);
        assert!(
            cells
                .by_gap
                .windows(2)
                .all(|pair| pair[0].idle_s < pair[1].idle_s)
        );
        assert!((cells.longest_survived_s - 1_999.0).abs() < 1e-9);
        assert!((cells.shortest_lost_s - 2_000.0).abs() < 1e-9);
    }
}
