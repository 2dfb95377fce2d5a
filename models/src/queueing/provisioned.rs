//! Cold starts on demand beside P provisioned instances that take what they can first.
//!
//! The chain (p, m) counts busy provisioned and on-demand instances: an arrival raises p while
//! p < P, else m; each falls at μ an instance. An on-demand instance that fell idle at m + 1 → m is
//! reused at the next m → m + 1, so the cold starts a second are Σₘ φₘ·e^(QₘT)·1, with
//! φₘ(p) = π(p, m + 1)·(m + 1)·μ and Qₘ the generator on levels 0…m that loses what leaves upwards.
//! π comes level by level: mass enters a level from below only at p = P, so each level is the mass
//! there times one vector. e^(QₘT) is uniformised, so every term is positive. P = 0 gives the
//! result of [`super::gap`]. Exact for Poisson arrivals, exponential service and init that takes no
//! time. Method: Jensen, "Markoff chains as an aid in the study of Markoff processes", Skandinavisk
//! Aktuarietidskrift 36, 1953.

use crate::math::{count_to_f64, index, round_to_u64, to_f64, wide_index};

/// The most additions of one evaluation: about a second of work.
const LARGEST_WORK: f64 = 1e9;

/// Probability that an arrival, whoever serves it, is a cold start on demand. Arrivals are Poisson,
/// `instances` are provisioned. `None` unless λ and the mean service are positive, the keep-alive
/// is finite and not negative, and the work (keep-alive times the cube of the load or so) is
/// bearable.
pub fn cold_probability(
    arrivals_per_second: f64,
    mean_service_s: f64,
    instances: u32,
    keep_alive_s: f64,
) -> Option<f64> {
    let load = arrivals_per_second * mean_service_s;
    let valid = arrivals_per_second > 0.0 && mean_service_s > 0.0 && load.is_finite();
    if !(valid && keep_alive_s >= 0.0 && keep_alive_s.is_finite()) {
        return None;
    }
    let levels = levels(load)?;
    let chain = Chain {
        lambda: arrivals_per_second,
        mu: 1.0 / mean_service_s,
        width: index(instances) + 1,
    };
    let (most, width) = (count_to_f64(levels), count_to_f64(chain.width));
    let fastest = arrivals_per_second + (width + most) * chain.mu;
    if (fastest * keep_alive_s + 60.0) * width * most * most > LARGEST_WORK {
        return None;
    }
    let stationary = chain.stationary(levels);
    let cold_per_second: f64 = (0..levels)
        .map(|m| {
            let rate = count_to_f64(m + 1) * chain.mu;
            let falls = stationary[m + 1].iter().map(|p| p * rate).collect();
            chain.surviving(m, falls, keep_alive_s)
        })
        .sum();
    Some(cold_per_second / arrivals_per_second)
}

/// Levels of m above 0 worth keeping: p + m is Poisson whatever P is, so m is less than that.
fn levels(load: f64) -> Option<usize> {
    let most = load + 10.0 * libm::sqrt(load) + 25.0;
    (most < 10_000.0).then(|| wide_index(round_to_u64(most)))
}

struct Chain {
    lambda: f64,
    mu: f64,
    /// P + 1.
    width: usize,
}

impl Chain {
    /// π, one vector a level, from level 0 to `levels`.
    fn stationary(&self, levels: usize) -> Vec<Vec<f64>> {
        let last = self.width - 1;
        // shapes[m]: level m over the mass at (P, m − 1), found from the top down.
        let mut shapes = vec![vec![0.0; self.width]; levels + 2];
        let mut arrival = vec![0.0; self.width];
        arrival[last] = self.lambda;
        for m in (1..=levels).rev() {
            let direct = self.solve(m, &arrival);
            let above = self.solve(m, &self.falls(m + 1, &shapes[m + 1]));
            let mass = direct[last] / (1.0 - above[last]);
            shapes[m] = direct
                .iter()
                .zip(&above)
                .map(|(x, y)| x + mass * y)
                .collect();
        }
        let mut found = vec![self.solve(0, &self.falls(1, &shapes[1]))];
        for m in 1..=levels {
            let below = found[m - 1][last];
            found.push(shapes[m].iter().map(|x| x * below).collect());
        }
        let total: f64 = found.iter().flatten().sum();
        for value in found.iter_mut().flatten() {
            *value /= total;
        }
        found
    }

    fn falls(&self, m: usize, level: &[f64]) -> Vec<f64> {
        let rate = count_to_f64(m) * self.mu;
        level.iter().map(|x| x * rate).collect()
    }

    /// x with x·D = `inflow`, D what leaves a state of level m less what stays in the level:
    /// tridiagonal and dominant, so elimination needs no pivot.
    fn solve(&self, m: usize, inflow: &[f64]) -> Vec<f64> {
        let mut pivot = vec![0.0; self.width];
        let mut x = inflow.to_vec();
        for p in 0..self.width {
            pivot[p] = self.lambda + count_to_f64(p + m) * self.mu;
            if p > 0 {
                let factor = self.lambda / pivot[p - 1];
                pivot[p] -= factor * count_to_f64(p) * self.mu;
                x[p] += factor * x[p - 1];
            }
        }
        for p in (0..self.width).rev() {
            if p + 1 < self.width {
                x[p] += count_to_f64(p + 1) * self.mu * x[p + 1];
            }
            x[p] /= pivot[p];
        }
        x
    }

    /// Mass left after `span_s` of what starts on level `top` and is lost when it leaves upwards.
    fn surviving(&self, top: usize, start: Vec<f64>, span_s: f64) -> f64 {
        let rate = self.lambda + count_to_f64(self.width - 1 + top) * self.mu;
        let (first, weights) = poisson(rate * span_s);
        let mut state = vec![0.0; self.width * top];
        state.extend(start);
        let mut next = state.clone();
        let mut kept = 0.0;
        for step in 0..first + weights.len() {
            let mass: f64 = state.iter().sum();
            // What is lost stays lost: this little no longer matters.
            if mass < 1e-18 * self.lambda {
                break;
            }
            if step >= first {
                kept += weights[step - first] * mass;
            }
            self.step(top, rate, &state, &mut next);
            std::mem::swap(&mut state, &mut next);
        }
        kept
    }

    /// One step of the uniformised chain on levels 0…`top`.
    fn step(&self, top: usize, rate: f64, from: &[f64], to: &mut [f64]) {
        let (up, down) = (self.lambda / rate, self.mu / rate);
        let last = self.width - 1;
        for m in 0..=top {
            let below = m * self.width;
            for p in 0..self.width {
                let here = below + p;
                // The rate is that of the fastest state, so that this is never negative.
                let mut sum = from[here] * count_to_f64(last - p + top - m) * down;
                if p > 0 {
                    sum += from[here - 1] * up;
                }
                if p < last {
                    sum += from[here + 1] * count_to_f64(p + 1) * down;
                } else if m > 0 {
                    sum += from[here - self.width] * up;
                }
                if m < top {
                    sum += from[here + self.width] * count_to_f64(m + 1) * down;
                }
                to[here] = sum;
            }
        }
    }
}

/// The first step and the Poisson weights from there on that matter, from the mode outwards so that
/// nothing underflows (Fox & Glynn, "Computing Poisson probabilities", Communications of the ACM
/// 31(4), 1988, <https://doi.org/10.1145/42404.42409>).
fn poisson(mean: f64) -> (usize, Vec<f64>) {
    let mode = round_to_u64(libm::floor(mean));
    let (mut first, mut weights, mut weight) = (mode, vec![1.0], 1.0);
    while first > 0 && weight > 1e-20 {
        weight *= to_f64(first) / mean;
        first -= 1;
        weights.push(weight);
    }
    weights.reverse();
    let (mut step, mut weight) = (mode, 1.0);
    while weight > 1e-20 {
        step += 1;
        weight *= mean / to_f64(step);
        weights.push(weight);
    }
    let total: f64 = weights.iter().sum();
    for value in &mut weights {
        *value /= total;
    }
    (wide_index(first), weights)
}
