//! How precise differences are, and how many replications more it takes.

use frostline_models::math::{round_to_u64, to_f64};
use frostline_models::units::significant;
use serde::Serialize;

use super::Against;

/// How precise the differences of all functions together are, beside what was asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DifferencePrecision {
    /// Half width over the baseline's value that was asked.
    pub relative: f64,
    /// Whether every difference got there.
    pub reached: bool,
    /// The widest, likewise; `None` where it cannot be told.
    pub widest: Option<f64>,
    /// Replications in all that the neediest takes, by estimate.
    pub needed_replications: Option<u64>,
}

impl DifferencePrecision {
    pub(super) fn of(against: &[Against], wanted: f64, replications: u64) -> Self {
        let differences = against.iter().flat_map(|against| &against.differences);
        let is_single = against.iter().all(|one| one.coupling.functions == 1);
        let of_all = differences.filter(|one| one.function.is_none() || is_single);
        // A metric that is 0 in the baseline has no relative precision, and is no obstacle.
        let counted = of_all.filter(|one| one.baseline.point.abs() > 0.0);
        let widths: Vec<Option<f64>> = counted
            .map(|one| {
                let half = one.difference.high? - one.difference.point;
                Some(half / one.baseline.point.abs())
            })
            .collect();
        let widest = widths
            .iter()
            .copied()
            .reduce(|most, width| Some(most?.max(width?)))
            .flatten();
        let reached = widths.is_empty() || widest.is_some_and(|widest| widest <= wanted);
        let needed = widest.map(|widest| {
            let shortfall = widest / wanted;
            let needed = (to_f64(replications) * shortfall * shortfall).min(1e15);
            round_to_u64(needed.ceil())
        });
        Self {
            relative: wanted,
            reached,
            widest,
            needed_replications: if reached { Some(replications) } else { needed },
        }
    }

    pub(super) fn sentence(&self) -> String {
        let percent = significant(100.0 * self.relative);
        if self.reached {
            return format!("Precision of {percent} % of the baseline's value reached.");
        }
        match self.needed_replications {
            Some(needed) => format!(
                "Precision of {percent} % of the baseline's value not reached: it takes about \
                 {needed} replications in all (--max-replications)."
            ),
            None => format!(
                "Precision of {percent} % not reached, and how many replications it takes cannot \
                 be told: run longer."
            ),
        }
    }
}
