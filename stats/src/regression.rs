//! Straight lines through measurements, and the staircase of a CPU quota.
//!
//! **When it is wrong.** A line says nothing beyond the measured range; start times are skewed, so
//! least squares on raw times follows the slow ones. [`Line::of`] is therefore given medians or means of
//! conditions where there are many runs each, and says how well it predicts what it has not seen.

use serde::Serialize;

use crate::estimate::{Estimate, LEVEL, Method};
use crate::number::{count, index_below, word};
use crate::replications::quantile_r7;
use crate::student::two_sided_factor;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// The largest hold-out error, as a share of what was measured, with which a fitted dependence may be
/// carried to conditions that were not measured.
pub const HOLD_OUT_MAX: f64 = 0.25;

/// Resamples of an interval.
const RESAMPLES: usize = 499;

/// A line y = intercept + slope·x through points.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Line {
    /// y at x = 0.
    pub intercept: Estimate,
    /// y for each further unit of x.
    pub slope: Estimate,
    /// The median of all slopes between two points (Theil and Sen), which outliers do not move; where
    /// it lies outside the interval of the slope, outliers carry the line.
    pub robust_slope: f64,
    /// Different values of x.
    pub distinct: usize,
    /// How far the line misses the mean of the points at one x when it is fitted to the others: the
    /// largest error, as a share of that mean. `None` with fewer than three values of x.
    pub hold_out_error: Option<f64>,
}

impl Line {
    /// The line of least squares through points (x, y), with standard errors that allow for unequal
    /// variances (HC3; `MacKinnon` & White, "Some heteroskedasticity-consistent covariance matrix
    /// estimators with improved finite sample properties", Journal of Econometrics 29(3), 1985,
    /// <https://doi.org/10.1016/0304-4076(85)90158-7>) and Student's t with n − 2 degrees of freedom.
    /// `None` with fewer than three points or a single x.
    pub fn of(points: &[(f64, f64)]) -> Option<Self> {
        let n = points.len();
        if n < 3 {
            return None;
        }
        let (intercept, slope) = least_squares(points)?;
        let mean_x = points.iter().map(|point| point.0).sum::<f64>() / count(n);
        let spread: f64 = points
            .iter()
            .map(|point| (point.0 - mean_x) * (point.0 - mean_x))
            .sum();
        let (mut slope_variance, mut intercept_variance) = (0.0, 0.0);
        for &(x, y) in points {
            let centred = x - mean_x;
            let leverage = 1.0 / count(n) + centred * centred / spread;
            // A point that alone decides the line tells nothing about its own error.
            let residual = (y - intercept - slope * x) / (1.0 - leverage).max(1e-3);
            let pull = centred / spread;
            let pull_intercept = 1.0 / count(n) - mean_x * pull;
            slope_variance += pull * pull * residual * residual;
            intercept_variance += pull_intercept * pull_intercept * residual * residual;
        }
        let factor = two_sided_factor(n - 2, LEVEL)?;
        let estimate = |point: f64, variance: f64| {
            let half = factor * libm::sqrt(variance);
            Estimate {
                point,
                low: Some(point - half),
                high: Some(point + half),
                level: LEVEL,
                method: Method::LeastSquares,
                n: word(n),
            }
        };
        let groups = groups(points);
        Some(Self {
            intercept: estimate(intercept, intercept_variance),
            slope: estimate(slope, slope_variance),
            robust_slope: theil_sen(points)?,
            distinct: groups.len(),
            hold_out_error: hold_out(points, &groups),
        })
    }

    /// The line's value, or `None` outside the measured range by more than half of it, or where the
    /// line could not predict its own points: a line is no licence to extrapolate.
    pub fn predict(&self, x: f64, range: (f64, f64)) -> Option<f64> {
        let room = 0.5 * (range.1 - range.0);
        let inside = x >= range.0 - room && x <= range.1 + room;
        (inside && self.is_usable()).then_some(self.intercept.point + self.slope.point * x)
    }

    /// Whether the line may be used where nothing was measured: it predicts points that were held
    /// out within [`HOLD_OUT_MAX`], and its slope is surely not zero.
    pub fn is_usable(&self) -> bool {
        let predicts = self
            .hold_out_error
            .is_some_and(|error| error <= HOLD_OUT_MAX);
        let sloped = match (self.slope.low, self.slope.high) {
            (Some(low), Some(high)) => low > 0.0 || high < 0.0,
            _ => false,
        };
        predicts && sloped
    }
}

fn least_squares(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let n = count(points.len());
    let mean_x = points.iter().map(|point| point.0).sum::<f64>() / n;
    let mean_y = points.iter().map(|point| point.1).sum::<f64>() / n;
    let (mut xx, mut xy) = (0.0, 0.0);
    for &(x, y) in points {
        xx += (x - mean_x) * (x - mean_x);
        xy += (x - mean_x) * (y - mean_y);
    }
    let slope = xy / xx;
    slope
        .is_finite()
        .then_some((mean_y - slope * mean_x, slope))
}

/// The means of the points at each x, ascending.
fn groups(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let equal = |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0).is_eq();
    let mean = |group: &[(f64, f64)]| {
        let sum: f64 = group.iter().map(|point| point.1).sum();
        (group[0].0, sum / count(group.len()))
    };
    sorted.chunk_by(equal).map(mean).collect()
}

fn hold_out(points: &[(f64, f64)], groups: &[(f64, f64)]) -> Option<f64> {
    if groups.len() < 3 {
        return None;
    }
    let mut worst = 0.0_f64;
    for &(x, mean) in groups {
        let others: Vec<(f64, f64)> = points
            .iter()
            .copied()
            .filter(|point| point.0.total_cmp(&x).is_ne())
            .collect();
        let (intercept, slope) = least_squares(&others)?;
        worst = worst.max(((intercept + slope * x - mean) / mean).abs());
    }
    Some(worst)
}

/// The median slope between any two points (Sen, "Estimates of the regression coefficient based on
/// Kendall's tau", JASA 63(324), 1968, <https://doi.org/10.1080/01621459.1968.10480934>), over at
/// most some 500 points at equal steps.
fn theil_sen(points: &[(f64, f64)]) -> Option<f64> {
    let step = points.len().div_ceil(500).max(1);
    let kept: Vec<(f64, f64)> = points.iter().copied().step_by(step).collect();
    let mut slopes = Vec::new();
    for (index, first) in kept.iter().enumerate() {
        for second in &kept[index + 1..] {
            let slope = (second.1 - first.1) / (second.0 - first.0);
            if slope.is_finite() {
                slopes.push(slope);
            }
        }
    }
    slopes.sort_by(f64::total_cmp);
    quantile_r7(&slopes, 0.5)
}

/// Wall time of `cpu` time under a quota of `quota` a period: ⌊cpu/quota⌋·period + cpu mod quota.
///
/// A process runs until its quota is used up, then waits for the next period; work that fits into one
/// quota is not slowed at all, which cpu/share would deny (measured at 0.29 CPUs and 100 ms periods:
/// 26, 235 and 696 ms where the staircase says 26, 228 and 715 and the quotient 89, 297 and 752).
/// The staircase starts with a full quota. A quota of at least a period does not throttle.
pub fn staircase(cpu: f64, quota: f64, period: f64) -> f64 {
    if quota >= period || cpu <= 0.0 || quota <= 0.0 {
        return cpu;
    }
    let periods = libm::floor(cpu / quota);
    periods * period + (cpu - periods * quota)
}

/// Runs under one CPU share.
#[derive(Debug, Clone, PartialEq)]
pub struct Throttled {
    /// The share of a CPU, up to 1.
    pub share: f64,
    /// The wall times of the runs.
    pub walls: Vec<f64>,
}

/// How wall time depends on the CPU share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuotaFit {
    /// The part β of the unthrottled wall time that is CPU work: wall(s) is
    /// (1 − β)·w + staircase(β·w) for each unthrottled time w.
    pub share: Estimate,
    /// The largest error of a predicted median, as a share of the measured one, with β fitted to the
    /// other shares. `None` with a single throttled share.
    pub hold_out_error: Option<f64>,
    /// Share, measured median and predicted median of each throttled condition.
    pub conditions: Vec<(f64, f64, f64)>,
}

impl QuotaFit {
    /// β from unthrottled runs and runs under quotas of `period`: the value that makes the squared
    /// log-errors of the medians least, on a grid and then by golden section; its interval from
    /// resampled runs of every condition. `None` without unthrottled or without throttled runs.
    pub fn of(
        unthrottled: &[f64],
        throttled: &[Throttled],
        period: f64,
        seed: u64,
    ) -> Option<Self> {
        let base = sorted(unthrottled);
        let mut conditions: Vec<Throttled> = throttled
            .iter()
            .filter(|condition| condition.share < 1.0 && !condition.walls.is_empty())
            .map(|condition| Throttled {
                walls: sorted(&condition.walls),
                ..*condition
            })
            .collect();
        conditions.sort_by(|a, b| a.share.total_cmp(&b.share));
        if base.is_empty() || conditions.is_empty() {
            return None;
        }
        let point = best_share(&base, &conditions, period);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut found: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                let base = resampled(&base, &mut rng);
                let drawn: Vec<Throttled> = conditions
                    .iter()
                    .map(|c| Throttled {
                        share: c.share,
                        walls: resampled(&c.walls, &mut rng),
                    })
                    .collect();
                best_share(&base, &drawn, period)
            })
            .collect();
        found.sort_by(f64::total_cmp);
        let n = base.len() + conditions.iter().map(|c| c.walls.len()).sum::<usize>();
        let share = Estimate {
            point,
            low: quantile_r7(&found, 0.025).map(|low| low.min(point)),
            high: quantile_r7(&found, 0.975).map(|high| high.max(point)),
            level: LEVEL,
            method: Method::Bootstrap,
            n: word(n),
        };
        let error = |beta: f64, condition: &Throttled| {
            let measured = median(&condition.walls);
            (predicted(&base, beta, condition.share, period) / measured - 1.0).abs()
        };
        let held_out = (conditions.len() >= 2).then(|| {
            (0..conditions.len())
                .map(|index| {
                    let mut others = conditions.clone();
                    let condition = others.remove(index);
                    error(best_share(&base, &others, period), &condition)
                })
                .fold(0.0, f64::max)
        });
        let shown = conditions.iter().map(|condition| {
            let prediction = predicted(&base, point, condition.share, period);
            (condition.share, median(&condition.walls), prediction)
        });
        Some(Self {
            share,
            hold_out_error: held_out,
            conditions: shown.collect(),
        })
    }

    /// Whether β may be used for shares that were not measured: within [`HOLD_OUT_MAX`] of those
    /// held out.
    pub fn is_usable(&self) -> bool {
        self.hold_out_error
            .is_some_and(|error| error <= HOLD_OUT_MAX)
    }
}

/// The median wall time under a share, predicted from unthrottled times.
fn predicted(base: &[f64], beta: f64, share: f64, period: f64) -> f64 {
    let mut walls: Vec<f64> = base
        .iter()
        .map(|wall| (1.0 - beta) * wall + staircase(beta * wall, share * period, period))
        .collect();
    walls.sort_by(f64::total_cmp);
    median(&walls)
}

fn best_share(base: &[f64], conditions: &[Throttled], period: f64) -> f64 {
    let loss = |beta: f64| -> f64 {
        conditions
            .iter()
            .map(|condition| {
                let predicted = predicted(base, beta, condition.share, period);
                let error = libm::log(predicted / median(&condition.walls));
                error * error
            })
            .sum()
    };
    let place = |index: u32| f64::from(index) / 50.0;
    let best = (0..=50_u32)
        .min_by(|a, b| loss(place(*a)).total_cmp(&loss(place(*b))))
        .unwrap_or(50);
    let (mut low, mut high) = (place(best.saturating_sub(1)), place((best + 1).min(50)));
    let golden = 0.618_033_988_749_894_9;
    for _ in 0..24 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if loss(left) < loss(right) {
            high = right;
        } else {
            low = left;
        }
    }
    let inner = f64::midpoint(low, high);
    // The loss has jumps: the grid's own point may be the better one.
    if loss(inner) <= loss(place(best)) {
        inner
    } else {
        place(best)
    }
}

fn median(sorted: &[f64]) -> f64 {
    quantile_r7(sorted, 0.5).unwrap_or(f64::NAN)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}

fn resampled(values: &[f64], rng: &mut Xoshiro256PlusPlus) -> Vec<f64> {
    let drawn: Vec<f64> = values
        .iter()
        .map(|_| values[index_below(rng.next_u64(), values.len())])
        .collect();
    sorted(&drawn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::FittedLaw;

    /// Measured on Linux with 29 ms of 100 ms (CPU work of 26, 83.5 and 214 ms): see [`staircase`].
    #[test]
    fn steps_by_hand() {
        for (cpu, wall) in [(26.0, 26.0), (29.0, 100.0), (86.0, 228.0), (218.0, 715.0)] {
            assert!((staircase(cpu, 29.0, 100.0) - wall).abs() < 1e-9, "{cpu}");
        }
        assert!((staircase(50.0, 100.0, 100.0) - 50.0).abs() < 1e-12);
    }

    #[test]
    fn a_line_by_hand() {
        let line = Line::of(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0), (3.0, 7.0)]).unwrap();
        assert!(
            (line.slope.point - 2.0).abs() < 1e-12 && (line.intercept.point - 1.0).abs() < 1e-12
        );
        assert!((line.robust_slope - 2.0).abs() < 1e-12 && line.is_usable());
        assert!(
            line.predict(4.0, (0.0, 3.0))
                .is_some_and(|y| (y - 9.0).abs() < 1e-12)
        );
        assert_eq!(line.predict(10.0, (0.0, 3.0)), None, "too far");
        assert_eq!(Line::of(&[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]), None);
    }

    /// A curve that no line follows is not extrapolated, nor is one of two sizes only.
    #[test]
    fn a_poor_line_is_refused() {
        let curved: Vec<(f64, f64)> = (1..=6)
            .map(|x| (f64::from(x), f64::from(x * x * x)))
            .collect();
        let line = Line::of(&curved).unwrap();
        assert!(!line.is_usable() && line.predict(4.5, (1.0, 6.0)).is_none());
        let two = Line::of(&[(1.0, 1.0), (1.0, 1.1), (2.0, 2.0), (2.0, 2.1)]).unwrap();
        assert!(two.hold_out_error.is_none() && !two.is_usable());
    }

    /// 400 repetitions of a true 95 % interval cover 380 ± 4.4 times; below 360 is left by chance
    /// once in 200,000 tests. Variances grow with x, as they do with sizes of packages.
    #[test]
    fn the_interval_of_a_slope_covers_with_unequal_variances() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(17);
        let noise = FittedLaw::LogNormal {
            mu: 0.0,
            sigma: 0.2,
        };
        let mean = libm::exp(0.02);
        let mut covered = 0;
        for _ in 0..400 {
            let points: Vec<(f64, f64)> = (0..60_u32)
                .map(|i| {
                    let x = f64::from(i % 4 * 20 + 5);
                    (x, (50.0 + 3.0 * x) * noise.draw(&mut rng) / mean)
                })
                .collect();
            let slope = Line::of(&points).unwrap().slope;
            covered += u32::from(slope.low.unwrap() <= 3.0 && 3.0 <= slope.high.unwrap());
        }
        assert!(covered >= 360, "{covered}");
    }

    #[test]
    fn the_cpu_part_is_found_and_predicts_a_share_that_was_held_out() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
        let law = FittedLaw::LogNormal {
            mu: libm::log(200.0),
            sigma: 0.05,
        };
        let beta = 0.7;
        let mut draw = |share: f64| -> Vec<f64> {
            (0..60)
                .map(|_| {
                    let wall = law.draw(&mut rng);
                    (1.0 - beta) * wall + staircase(beta * wall, share * 20.0, 20.0)
                })
                .collect()
        };
        let base = draw(1.0);
        let throttled: Vec<Throttled> = [0.07, 0.15, 0.3, 0.6]
            .map(|share| Throttled {
                share,
                walls: draw(share),
            })
            .into();
        let fit = QuotaFit::of(&base, &throttled, 20.0, 1).unwrap();
        let (low, high) = (fit.share.low.unwrap(), fit.share.high.unwrap());
        assert!(low <= beta && beta <= high && high - low < 0.1, "{fit:?}");
        assert!(
            fit.is_usable() && fit.hold_out_error.unwrap() < 0.1,
            "{fit:?}"
        );
        assert!(QuotaFit::of(&base, &[], 20.0, 1).is_none());
    }
}
