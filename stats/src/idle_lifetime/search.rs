//! The likeliest law of each kind, and how far from it the others may lie.

use crate::estimate::{Estimate, LEVEL, Method};
use crate::number::count;

use super::cells::{Cells, log_likelihood};
use super::levels::{Levels, levels};
use super::{LifetimeFit, LifetimeLaw, LifetimeParameter};

/// The 0.95 quantile of 2·Δ ln L where a parameter moves a jump over the observations, −2·ln(1 − √0.95):
/// B. E. Hansen, "Sample splitting and threshold estimation", Econometrica 68(3), 2000,
/// <https://doi.org/10.1111/1468-0262.00124>, table I. It is exact for small jumps in large samples
/// and conservative for large jumps, such as from all warm to all cold.
pub(super) const JUMP_LIMIT: f64 = 7.35;

/// The 0.95 quantile of χ² with one degree of freedom, for parameters in which the likelihood is smooth.
const SMOOTH_LIMIT: f64 = 3.841;

/// Edges of a uniform law that are tried at first, at quantiles of the gaps.
const EDGES: usize = 24;

/// Longest times that are tried beyond the longest gap, in units of it; a law that reaches further than
/// the last is not told from a flat one.
const BEYOND: [f64; 5] = [1.25, 1.6, 2.5, 5.0, 20.0];

/// Periods that are tried over their whole range.
const PERIODS: usize = 400;

/// Of the longest gap, the shortest period that is tried.
const PERIOD_MIN: f64 = 0.01;

/// Steps of a bisection for an end of an interval.
const BISECTIONS: usize = 16;

/// Steps of a search for one edge, each of which leaves 0.618 of the range.
const SECTIONS: usize = 20;

/// Of the longest gap, the step at which the search for both edges ends.
const FINE: f64 = 1e-5;

/// The same for samples that are drawn for the goodness of fit.
const COARSE: f64 = 5e-3;

/// Likelihoods closer than this are equal.
const EQUAL: f64 = 1e-9;

/// The likeliest law of every kind, the simplest first.
pub(super) fn all(cells: &Cells) -> Vec<LifetimeFit> {
    vec![fixed(cells), uniform(cells), halving(cells)]
}

/// The likeliest ln L of a law's kind for other outcomes at the same gaps, searched near the law.
pub(super) fn again(cells: &Cells, law: &LifetimeLaw) -> f64 {
    match *law {
        LifetimeLaw::Fixed { .. } => best_step(&steps(cells)),
        LifetimeLaw::Uniform { low_s, high_s } => {
            climb(cells, low_s, high_s, COARSE).1.log_likelihood
        }
        LifetimeLaw::Halving { period_s } => {
            let periods = spaced(0.5 * period_s, 2.0 * period_s, PERIODS / 8);
            let found = periods.map(|period_s| halved(cells, period_s).log_likelihood);
            found.fold(f64::NEG_INFINITY, f64::max)
        }
    }
}

/// The levels of a law.
pub(super) fn levels_of(cells: &Cells, law: &LifetimeLaw) -> Levels {
    levels(&cells.by_gap, |idle_s| law.survival(idle_s))
}

/// The levels of a fixed time between each cell and the next.
fn steps(cells: &Cells) -> Vec<Levels> {
    let all = cells.by_gap.iter().fold((0.0, 0.0), |sum, cell| {
        (sum.0 + cell.survived, sum.1 + cell.lost)
    });
    let mut before = (0.0, 0.0);
    let inner = &cells.by_gap[..cells.by_gap.len() - 1];
    let step = inner.iter().map(|cell| {
        before = (before.0 + cell.survived, before.1 + cell.lost);
        let after = (all.0 - before.0, all.1 - before.1);
        let kept = before.0 / (before.0 + before.1);
        let beyond = after.0 / (after.0 + after.1);
        let sum =
            log_likelihood(before.0, before.1, kept) + log_likelihood(after.0, after.1, beyond);
        Levels {
            kept,
            beyond,
            log_likelihood: if kept > beyond {
                sum
            } else {
                f64::NEG_INFINITY
            },
        }
    });
    step.collect()
}

fn best_step(steps: &[Levels]) -> f64 {
    let found = steps.iter().map(|step| step.log_likelihood);
    found.fold(f64::NEG_INFINITY, f64::max)
}

fn fixed(cells: &Cells) -> LifetimeFit {
    let steps = steps(cells);
    let best = best_step(&steps);
    // All times from the cell before the first step to the one after the last.
    let within = |loss: f64| {
        let near = |step: &Levels| 2.0 * (best - step.log_likelihood) <= loss;
        let first = steps.iter().position(near).unwrap_or(0);
        let last = steps.iter().rposition(near).unwrap_or(0);
        (cells.by_gap[first].idle_s, cells.by_gap[last + 1].idle_s)
    };
    let equally_good = within(EQUAL);
    let (low, high) = within(JUMP_LIMIT);
    let at_s = f64::midpoint(equally_good.0, equally_good.1);
    let chosen = steps
        .iter()
        .find(|step| best - step.log_likelihood <= EQUAL)
        .copied();
    let estimate = estimate(cells, at_s, Some(low), Some(high));
    LifetimeFit {
        equally_good_s: Some(equally_good),
        ..made(
            LifetimeLaw::Fixed { at_s },
            chosen.unwrap_or(NOTHING),
            vec![LifetimeParameter {
                name: "at_s",
                estimate,
            }],
        )
    }
}

/// The levels of a law that explains nothing.
const NOTHING: Levels = Levels {
    kept: 0.0,
    beyond: 0.0,
    log_likelihood: f64::NEG_INFINITY,
};

fn uniform(cells: &Cells) -> LifetimeFit {
    let longest = cells.longest_s();
    let last = cells.by_gap.len() - 1;
    let edge = |step: usize| cells.by_gap[step * last / (EDGES - 1)].idle_s;
    let mut edges: Vec<f64> = std::iter::once(0.0).chain((0..EDGES).map(edge)).collect();
    edges.extend(BEYOND.map(|factor| factor * longest));
    edges.dedup();
    let mut start = (f64::NEG_INFINITY, 0.0, longest);
    for (index, low_s) in edges.iter().enumerate() {
        for high_s in &edges[index + 1..] {
            let found = spread(cells, *low_s, *high_s).log_likelihood;
            if found > start.0 {
                start = (found, *low_s, *high_s);
            }
        }
    }
    let ((low_s, high_s), best) = climb(cells, start.1, start.2, FINE);
    let limit = best.log_likelihood - SMOOTH_LIMIT / 2.0;
    let reach = BEYOND[BEYOND.len() - 1] * longest;
    // The likeliest law with one edge held and the other free.
    let ln_l = |low_s: f64, high_s: f64| spread(cells, low_s, high_s).log_likelihood;
    let with_low = |low: f64| {
        golden(low, reach.min(4.0 * high_s.max(low)), |high| {
            ln_l(low, high)
        })
    };
    let with_high = |high: f64| golden(0.0, high, |low| ln_l(low, high));
    let parameters = vec![
        LifetimeParameter {
            name: "low_s",
            estimate: estimate(
                cells,
                low_s,
                crossing(low_s, 0.0, limit, &with_low).or(Some(0.0)),
                crossing(low_s, reach, limit, &with_low),
            ),
        },
        LifetimeParameter {
            name: "high_s",
            estimate: estimate(
                cells,
                high_s,
                crossing(high_s, 0.0, limit, &with_high).or(Some(0.0)),
                crossing(high_s, reach, limit, &with_high),
            ),
        },
    ];
    made(LifetimeLaw::Uniform { low_s, high_s }, best, parameters)
}

fn spread(cells: &Cells, low_s: f64, high_s: f64) -> Levels {
    levels_of(cells, &LifetimeLaw::Uniform { low_s, high_s })
}

/// The likeliest uniform law near another one: steps along both edges, halved where none gains.
fn climb(cells: &Cells, low_s: f64, high_s: f64, end: f64) -> ((f64, f64), Levels) {
    let longest = cells.longest_s();
    let mut edges = (low_s, high_s);
    let mut best = spread(cells, low_s, high_s);
    let mut step = 0.1;
    while step > end {
        let by = step * longest;
        let moves = [
            (by, 0.0),
            (-by, 0.0),
            (0.0, by),
            (0.0, -by),
            (by, by),
            (-by, -by),
        ];
        let mut gained = false;
        for (low, high) in moves {
            let next = ((edges.0 + low).max(0.0), edges.1 + high);
            if next.1 <= next.0 {
                continue;
            }
            let found = spread(cells, next.0, next.1);
            if found.log_likelihood > best.log_likelihood {
                (edges, best, gained) = (next, found, true);
            }
        }
        if !gained {
            step *= 0.5;
        }
    }
    (edges, best)
}

/// The largest value of a function with one peak between two points, by the golden section.
fn golden(from: f64, to: f64, value: impl Fn(f64) -> f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let (mut low, mut high) = (from, to);
    let (mut left, mut right) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_left, mut at_right) = (value(left), value(right));
    for _ in 0..SECTIONS {
        if at_left >= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - GOLDEN * (high - low);
            at_left = value(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + GOLDEN * (high - low);
            at_right = value(right);
        }
    }
    at_left.max(at_right)
}

/// Where between the estimate and a bound a profile falls below the limit; `None` when it does not.
fn crossing(point: f64, bound: f64, limit: f64, profile: &impl Fn(f64) -> f64) -> Option<f64> {
    if profile(bound) >= limit {
        return None;
    }
    let (mut inside, mut outside) = (point, bound);
    for _ in 0..BISECTIONS {
        let middle = f64::midpoint(inside, outside);
        if profile(middle) >= limit {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    Some(inside)
}

fn halving(cells: &Cells) -> LifetimeFit {
    let longest = cells.longest_s();
    let coarse: Vec<(f64, Levels)> = spaced(PERIOD_MIN * longest, longest, PERIODS)
        .map(|period_s| (period_s, halved(cells, period_s)))
        .collect();
    let best = likeliest(&coarse);
    // Between the neighbours of the best; the likelihood jumps, so there is nothing to climb.
    let at = coarse.iter().position(|tried| tried.0 >= best.0);
    let at = at.unwrap_or(0);
    let (from, to) = (at.saturating_sub(1), (at + 1).min(coarse.len() - 1));
    let fine: Vec<(f64, Levels)> = spaced(coarse[from].0, coarse[to].0, PERIODS / 4)
        .map(|period_s| (period_s, halved(cells, period_s)))
        .chain([best])
        .collect();
    let (period_s, best) = likeliest(&fine);
    let near =
        |tried: &(f64, Levels)| 2.0 * (best.log_likelihood - tried.1.log_likelihood) <= JUMP_LIMIT;
    // The ends are those of the last steps of the coarse search that may still be true.
    let low = coarse.iter().position(near).filter(|first| *first > 0);
    let high = coarse.iter().rposition(near);
    let high = high.filter(|last| last + 1 < coarse.len());
    let estimate = estimate(
        cells,
        period_s,
        low.map(|first| coarse[first - 1].0.min(period_s)),
        high.map(|last| coarse[last + 1].0.max(period_s)),
    );
    made(
        LifetimeLaw::Halving { period_s },
        best,
        vec![LifetimeParameter {
            name: "period_s",
            estimate,
        }],
    )
}

fn halved(cells: &Cells, period_s: f64) -> Levels {
    levels_of(cells, &LifetimeLaw::Halving { period_s })
}

fn likeliest(tried: &[(f64, Levels)]) -> (f64, Levels) {
    let mut best = (0.0, NOTHING);
    for found in tried {
        if best.0 == 0.0 || found.1.log_likelihood > best.1.log_likelihood {
            best = *found;
        }
    }
    best
}

/// So many values from one to another, each by the same factor above the one before.
fn spaced(from: f64, to: f64, steps: usize) -> impl Iterator<Item = f64> {
    let growth = libm::log(to / from) / count(steps - 1);
    (0..steps).map(move |step| from * libm::exp(growth * count(step)))
}

fn estimate(cells: &Cells, point: f64, low: Option<f64>, high: Option<f64>) -> Estimate {
    Estimate {
        point,
        low,
        high,
        level: LEVEL,
        method: Method::LikelihoodRatio,
        n: cells.n,
    }
}

fn made(law: LifetimeLaw, levels: Levels, parameters: Vec<LifetimeParameter>) -> LifetimeFit {
    LifetimeFit {
        law,
        parameters,
        equally_good_s: None,
        early_loss: 1.0 - levels.kept,
        late_survival: levels.beyond,
        log_likelihood: levels.log_likelihood,
        aic: 2.0 * law.parameter_count() - 2.0 * levels.log_likelihood,
        goodness_p: None,
    }
}
