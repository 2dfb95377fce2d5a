//! The nonparametric estimate: a survival curve that may only fall.
//!
//! Pool-adjacent-violators (M. Ayer et al., "An empirical distribution function for sampling with
//! incomplete information", Annals of Mathematical Statistics 26(4), 1955,
//! <https://doi.org/10.1214/aoms/1177728423>) gives the maximum-likelihood curve. Its intervals invert
//! the likelihood-ratio test of M. Banerjee & J. A. Wellner ("Likelihood ratio tests for monotone
//! functions", Annals of Statistics 29(6), 2001, <https://doi.org/10.1214/aos/1015345959>): they are
//! pointwise, and need no guess of the curve's slope.

use crate::estimate::{Estimate, LEVEL, Method};

use super::cells::{Cell, Cells, log_likelihood as cell_log_likelihood};
use super::{CURVE_POINTS_MAX, SurvivalPoint};

/// The 0.95 quantile of the test's limiting law, which holds for every smooth curve; the value is
/// rounded up from simulations (2.27 to 2.29). Where the curve jumps or is flat the test is
/// conservative.
const BAND_LIMIT: f64 = 2.29;

/// Steps of a bisection for an end of an interval.
const BISECTIONS: usize = 40;

/// The curve's value in each cell.
pub(super) fn survival(cells: &Cells) -> Vec<f64> {
    falling(&cells.by_gap)
}

/// ln L of a curve with these values.
pub(super) fn log_likelihood(cells: &Cells, curve: &[f64]) -> f64 {
    likelihood(&cells.by_gap, curve)
}

/// The curve at some of its cells, with intervals.
pub(super) fn points(cells: &Cells, curve: &[f64]) -> Vec<SurvivalPoint> {
    let last = cells.by_gap.len() - 1;
    let steps = last.clamp(1, CURVE_POINTS_MAX - 1);
    (0..=steps)
        .map(|step| {
            let index = step * last / steps;
            SurvivalPoint {
                idle_s: cells.by_gap[index].idle_s,
                survival: interval(cells, curve, index),
            }
        })
        .collect()
}

fn interval(cells: &Cells, curve: &[f64], index: usize) -> Estimate {
    let point = curve[index];
    let best = likelihood(&cells.by_gap, curve);
    let (left, right) = cells.by_gap.split_at(index + 1);
    let (left_curve, right_curve) = (falling(left), falling(right));
    // Twice the loss of ln L when the curve has to pass through this value here.
    let loss = |value: f64| {
        let above: Vec<f64> = left_curve.iter().map(|share| share.max(value)).collect();
        let below: Vec<f64> = right_curve.iter().map(|share| share.min(value)).collect();
        2.0 * (best - likelihood(left, &above) - likelihood(right, &below))
    };
    Estimate {
        point,
        low: Some(end(point, 0.0, &loss)),
        high: Some(end(point, 1.0, &loss)),
        level: LEVEL,
        method: Method::LikelihoodRatio,
        n: cells.n,
    }
}

/// Where between the estimate and a bound the loss passes the limit.
fn end(point: f64, bound: f64, loss: &impl Fn(f64) -> f64) -> f64 {
    if loss(bound) <= BAND_LIMIT {
        return bound;
    }
    let (mut inside, mut outside) = (point, bound);
    for _ in 0..BISECTIONS {
        let middle = f64::midpoint(inside, outside);
        if loss(middle) <= BAND_LIMIT {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    inside
}

fn likelihood(cells: &[Cell], curve: &[f64]) -> f64 {
    let both = cells.iter().zip(curve);
    both.map(|(cell, share)| cell_log_likelihood(cell.survived, cell.lost, *share))
        .sum()
}

/// The falling sequence that is likeliest: neighbours that rise are pooled.
fn falling(cells: &[Cell]) -> Vec<f64> {
    // (survived, all, cells) of each pool.
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for cell in cells {
        let mut pool = (cell.survived, cell.survived + cell.lost, 1);
        while let Some(before) = pools.pop() {
            if before.0 * pool.1 > pool.0 * before.1 {
                pools.push(before);
                break;
            }
            pool = (before.0 + pool.0, before.1 + pool.1, before.2 + pool.2);
        }
        pools.push(pool);
    }
    let spread = pools
        .iter()
        .flat_map(|(survived, all, cells)| std::iter::repeat_n(survived / all, *cells));
    spread.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rising_neighbours_are_pooled() {
        let cell = |idle_s, survived, lost| Cell {
            idle_s,
            survived,
            lost,
        };
        // Shares 1, 1/2, 3/4, 0: the middle two are pooled to 4/6.
        let cells = [
            cell(1.0, 3.0, 0.0),
            cell(2.0, 1.0, 1.0),
            cell(3.0, 3.0, 1.0),
            cell(4.0, 0.0, 2.0),
        ];
        let expected = [1.0, 4.0 / 6.0, 4.0 / 6.0, 0.0];
        for (found, expected) in falling(&cells).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15);
        }
    }
}
