//! The likeliest `early_loss` and `late_survival` under a law.

use super::cells::{Cell, log_likelihood};

/// Shares stay this far from 0 and 1, so that no logarithm is infinite.
const EDGE: f64 = 1e-9;

/// Newton steps at most.
const STEPS_MAX: usize = 50;

/// Where a step gains less than this, the search ends.
const GAIN_MIN: f64 = 1e-9;

/// The two shares and the logarithm of the likelihood that they give.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Levels {
    /// P(warm) while the law keeps an instance.
    pub(super) kept: f64,
    /// P(warm) once the law has it gone.
    pub(super) beyond: f64,
    /// ln L.
    pub(super) log_likelihood: f64,
}

/// Cells that the law keeps with the same probability, taken together.
struct Group {
    alive: f64,
    survived: f64,
    lost: f64,
}

/// The likeliest levels of cells whose instances are kept with the probabilities `alive`. ln L is
/// concave in the two, so Newton's method inside the unit square finds them. Where being kept would
/// make an instance less likely to be warm, the law explains nothing: its likelihood is zero.
pub(super) fn levels(cells: &[Cell], alive: impl Fn(f64) -> f64) -> Levels {
    let groups = groups(cells, alive);
    let value = |point: [f64; 2]| -> f64 {
        let each = groups.iter().map(|group| {
            let share = point[0] * group.alive + point[1] * (1.0 - group.alive);
            log_likelihood(group.survived, group.lost, share)
        });
        each.sum()
    };
    let mut point = [0.95, 0.05];
    let mut best = value(point);
    for _ in 0..STEPS_MAX {
        let step = newton(&groups, point);
        let mut factor = 1.0;
        let mut gained = 0.0;
        while factor > 1e-6 {
            let inside = |index: usize| {
                let moved: f64 = point[index] + factor * step[index];
                moved.clamp(EDGE, 1.0 - EDGE)
            };
            let next = [inside(0), inside(1)];
            let found = value(next);
            if found > best {
                gained = found - best;
                (point, best) = (next, found);
                break;
            }
            factor *= 0.5;
        }
        if gained < GAIN_MIN {
            break;
        }
    }
    Levels {
        kept: point[0],
        beyond: point[1],
        log_likelihood: if point[0] > point[1] {
            best
        } else {
            f64::NEG_INFINITY
        },
    }
}

fn groups(cells: &[Cell], alive: impl Fn(f64) -> f64) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for cell in cells {
        let alive = alive(cell.idle_s);
        match groups.last_mut() {
            // A law falls, so equal probabilities stand side by side.
            Some(group) if group.alive.total_cmp(&alive).is_eq() => {
                group.survived += cell.survived;
                group.lost += cell.lost;
            }
            _ => groups.push(Group {
                alive,
                survived: cell.survived,
                lost: cell.lost,
            }),
        }
    }
    groups
}

/// A Newton step that leaves out what is held at the edge of the square.
fn newton(groups: &[Group], point: [f64; 2]) -> [f64; 2] {
    let mut slope = [0.0, 0.0];
    // Second derivatives, negated: kept², kept·beyond, beyond².
    let mut bend = [0.0, 0.0, 0.0];
    for Group {
        alive,
        survived,
        lost,
    } in groups
    {
        let gone = 1.0 - alive;
        let share = point[0] * alive + point[1] * gone;
        let first = survived / share - lost / (1.0 - share);
        let second = survived / (share * share) + lost / ((1.0 - share) * (1.0 - share));
        slope[0] += first * alive;
        slope[1] += first * gone;
        bend[0] += second * alive * alive;
        bend[1] += second * alive * gone;
        bend[2] += second * gone * gone;
    }
    let held = |index: usize| {
        (point[index] <= EDGE && slope[index] < 0.0)
            || (point[index] >= 1.0 - EDGE && slope[index] > 0.0)
    };
    let alone = |slope: f64, bend: f64| if bend > 0.0 { slope / bend } else { 0.0 };
    match (held(0), held(1)) {
        (true, true) => [0.0, 0.0],
        (true, false) => [0.0, alone(slope[1], bend[2])],
        (false, true) => [alone(slope[0], bend[0]), 0.0],
        (false, false) => {
            let determinant = bend[0] * bend[2] - bend[1] * bend[1];
            if determinant > 1e-12 * bend[0] * bend[2] {
                [
                    (bend[2] * slope[0] - bend[1] * slope[1]) / determinant,
                    (bend[0] * slope[1] - bend[1] * slope[0]) / determinant,
                ]
            } else {
                [alone(slope[0], bend[0]), alone(slope[1], bend[2])]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells at gaps 0, 1, 2 …
    fn cells(counts: &[(f64, f64)]) -> Vec<Cell> {
        let mut idle_s = -1.0;
        let each = counts.iter().map(|(survived, lost)| {
            idle_s += 1.0;
            Cell {
                idle_s,
                survived: *survived,
                lost: *lost,
            }
        });
        each.collect()
    }

    #[test]
    fn levels_of_a_step_are_the_shares_on_its_sides() {
        let step = |idle_s: f64| f64::from(u8::from(idle_s < 0.5));
        let found = levels(&cells(&[(9.0, 1.0), (1.0, 7.0)]), step);
        assert!((found.kept - 0.9).abs() < 1e-6 && (found.beyond - 0.125).abs() < 1e-6);
        let clean = levels(&cells(&[(10.0, 0.0), (0.0, 8.0)]), step);
        assert!(clean.kept > 1.0 - 1e-6 && clean.beyond < 1e-6);
        assert!(clean.log_likelihood > -1e-6);
    }

    #[test]
    fn mixed_cells_have_no_better_levels_nearby() {
        let cells = cells(&[(20.0, 1.0), (9.0, 5.0), (2.0, 8.0), (1.0, 9.0)]);
        let alive = |idle_s: f64| (1.0 - 0.4 * idle_s).max(0.0);
        let best = levels(&cells, alive);
        for (kept, beyond) in [(0.001, 0.0), (-0.001, 0.0), (0.0, 0.001), (0.0, -0.001)] {
            let near = cells.iter().map(|cell| {
                let alive = alive(cell.idle_s);
                let share = (best.kept + kept) * alive + (best.beyond + beyond) * (1.0 - alive);
                log_likelihood(cell.survived, cell.lost, share)
            });
            assert!(near.sum::<f64>() <= best.log_likelihood);
        }
    }
}
