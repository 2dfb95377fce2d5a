//! Whether a law describes the observations: their distance from it beside the distances of
//! observations drawn from it.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

use crate::number::{count, unit};

use super::cells::{Cell, Cells};
use super::{LifetimeFit, Options, isotonic, search};

/// P(distance of a sample from the law ≥ this one). Each sample has the gaps of the observations and
/// outcomes drawn from the law; the law is fitted to it again, for the observations chose theirs too.
pub(super) fn p_value(cells: &Cells, fit: &LifetimeFit, distance: f64, options: Options) -> f64 {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(options.seed);
    let shares: Vec<f64> = cells
        .by_gap
        .iter()
        .map(|cell| {
            let alive = fit.law.survival(cell.idle_s);
            (1.0 - fit.early_loss) * alive + fit.late_survival * (1.0 - alive)
        })
        .collect();
    let mut further = 0;
    for _ in 0..options.replications {
        let drawn = drawn(cells, &shares, &mut rng);
        let curve = isotonic::survival(&drawn);
        let saturated = isotonic::log_likelihood(&drawn, &curve);
        let found = 2.0 * (saturated - search::again(&drawn, &fit.law));
        // Distances of clean samples are zero but for the last bits.
        further += usize::from(found >= distance - 1e-6);
    }
    count(further + 1) / count(options.replications + 1)
}

fn drawn(cells: &Cells, shares: &[f64], rng: &mut Xoshiro256PlusPlus) -> Cells {
    let mut drawn = cells.clone();
    for (cell, share) in drawn.by_gap.iter_mut().zip(shares) {
        let mut left = cell.survived + cell.lost;
        let mut next = Cell {
            survived: 0.0,
            lost: 0.0,
            ..*cell
        };
        while left > 0.5 {
            let survives = unit(rng.next_u64()) < *share;
            *if survives {
                &mut next.survived
            } else {
                &mut next.lost
            } += 1.0;
            left -= 1.0;
        }
        *cell = next;
    }
    drawn
}
