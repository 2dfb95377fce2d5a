//! Minimising a function of a few variables without its derivatives.

/// The most steps of one search.
const STEPS_MAX: usize = 4_000;

/// The spread of values at which a search has arrived, relative to their size.
const TOLERANCE: f64 = 1e-11;

/// The point near `start` at which `value` is smallest, by Nelder & Mead's simplex ("A simplex method
/// for function minimization", The Computer Journal 7(4), 1965,
/// <https://doi.org/10.1093/comjnl/7.4.308>), started again once from where it ended: the restart
/// leaves a simplex that has collapsed too early. Values that are not numbers count as infinite.
pub(super) fn minimum(start: &[f64], step: f64, value: impl Fn(&[f64]) -> f64) -> (Vec<f64>, f64) {
    let (point, _) = descend(start, step, &value);
    descend(&point, 0.25 * step, &value)
}

fn descend(start: &[f64], step: f64, value: &impl Fn(&[f64]) -> f64) -> (Vec<f64>, f64) {
    let at = |point: &[f64]| {
        let found = value(point);
        if found.is_nan() { f64::INFINITY } else { found }
    };
    let mut corners = vec![(start.to_vec(), at(start))];
    for index in 0..start.len() {
        let mut corner = start.to_vec();
        corner[index] += step;
        let found = at(&corner);
        corners.push((corner, found));
    }
    for _ in 0..STEPS_MAX {
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let worst = corners.len() - 1;
        let (low, high) = (corners[0].1, corners[worst].1);
        if high - low <= TOLERANCE * (1.0 + low.abs()) {
            break;
        }
        let centre = centre(&corners[..worst]);
        // How far beyond the centre, seen from the worst corner.
        let beyond = |factor: f64| -> (Vec<f64>, f64) {
            let away = corners[worst].0.iter().zip(&centre);
            let point: Vec<f64> = away.map(|(bad, mid)| mid + factor * (mid - bad)).collect();
            let found = at(&point);
            (point, found)
        };
        let reflected = beyond(1.0);
        let better = if reflected.1 < low {
            let expanded = beyond(2.0);
            Some(if expanded.1 < reflected.1 {
                expanded
            } else {
                reflected
            })
        } else if reflected.1 < corners[worst - 1].1 {
            Some(reflected)
        } else {
            let contracted = beyond(if reflected.1 < high { 0.5 } else { -0.5 });
            (contracted.1 < reflected.1.min(high)).then_some(contracted)
        };
        if let Some(corner) = better {
            corners[worst] = corner;
        } else {
            shrink(&mut corners, &at);
        }
    }
    corners.sort_by(|a, b| a.1.total_cmp(&b.1));
    corners.swap_remove(0)
}

/// Draws every corner half way to the best one.
fn shrink(corners: &mut [(Vec<f64>, f64)], at: &impl Fn(&[f64]) -> f64) {
    let best = corners[0].0.clone();
    for corner in &mut corners[1..] {
        for (place, target) in corner.0.iter_mut().zip(&best) {
            *place = f64::midpoint(*place, *target);
        }
        corner.1 = at(&corner.0);
    }
}

fn centre(corners: &[(Vec<f64>, f64)]) -> Vec<f64> {
    let share = 1.0 / crate::number::count(corners.len());
    let mut centre = vec![0.0; corners.first().map_or(0, |corner| corner.0.len())];
    for (corner, _) in corners {
        for (sum, place) in centre.iter_mut().zip(corner) {
            *sum += share * place;
        }
    }
    centre
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rosenbrock's valley has its minimum 0 at (1, 1).
    #[test]
    fn the_bottom_of_a_curved_valley_is_found() {
        let valley = |p: &[f64]| {
            let (a, b) = (1.0 - p[0], p[1] - p[0] * p[0]);
            a * a + 100.0 * b * b
        };
        let (point, value) = minimum(&[-1.2, 1.0], 0.5, valley);
        assert!(value < 1e-8, "{value}");
        assert!(
            (point[0] - 1.0).abs() < 1e-3 && (point[1] - 1.0).abs() < 1e-3,
            "{point:?}"
        );
    }
}
