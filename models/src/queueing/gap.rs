//! The gap law: how long the instance that an arrival reuses has been idle.
//!
//! With most-recent reuse, an arrival that finds n instances busy reuses the one that went idle when
//! the number of busy ones last fell from n + 1 to n. Looking backwards (M/M/∞ is reversible) that is
//! the first passage Gₙ from n to n + 1, the time between overflows of M/M/n/n, so the arrival is
//! cold with probability Σₙ P(N = n)·P(Gₙ > T). Gₙ is hyperexponential: with the symmetric
//! tridiagonal matrix of diagonal λ + jμ (j = 0…n) and off-diagonal −√(λμj), its eigenvalues θₖ and
//! the last components vₖ of its unit eigenvectors, P(Gₙ > T) = λ·Σₖ vₖ²·e^(−θₖT)/θₖ. Every term is
//! positive, so nothing cancels. Background: Riordan, "Stochastic Service Systems", Wiley 1962;
//! the eigenvalue method is implicit QL as in Golub & Welsch, "Calculation of Gauss quadrature
//! rules", Mathematics of Computation 23(106), 1969, <https://doi.org/10.1090/S0025-5718-69-99647-1>.
//!
//! Exact for Poisson arrivals, exponential service and init that takes no time; init that is not
//! short beside the service makes the true probability a little higher.

use crate::math::count_to_f64;

/// Occupancies less likely than this are left out.
const NEGLIGIBLE: f64 = 1e-17;

/// The largest load, in busy instances, that is computed: the work grows as its 2.5th power.
pub const LARGEST_LOAD: f64 = 500.0;

/// A mixture of exponentials: P(cold) as a function of the keep-alive.
#[derive(Debug, Clone, PartialEq)]
pub struct GapLaw {
    /// (weight, rate per second).
    terms: Vec<(f64, f64)>,
}

impl GapLaw {
    /// Without a limit on instances. `None` unless λ and the mean service are positive and their
    /// product is at most [`LARGEST_LOAD`].
    pub fn unlimited(arrivals_per_second: f64, mean_service_s: f64) -> Option<Self> {
        let load = arrivals_per_second * mean_service_s;
        if !(arrivals_per_second > 0.0 && mean_service_s > 0.0 && load <= LARGEST_LOAD) {
            return None;
        }
        let mut occupancy = Vec::new();
        let mut n = 0.0;
        loop {
            // In logarithms: e^(−a) underflows above a = 745.
            let probability = libm::exp(n * libm::log(load) - load - libm::lgamma(n + 1.0));
            if n > load && probability < NEGLIGIBLE {
                break;
            }
            occupancy.push(probability);
            n += 1.0;
        }
        Some(Self::from_occupancy(
            arrivals_per_second,
            mean_service_s,
            &occupancy,
        ))
    }

    /// With the probabilities that an arrival that can be served at once finds 0, 1, 2… instances
    /// busy: M/M/c/c or M/M/c below c, whose passages upwards are those of M/M/∞.
    pub fn from_occupancy(
        arrivals_per_second: f64,
        mean_service_s: f64,
        occupancy: &[f64],
    ) -> Self {
        let mut terms = Vec::new();
        for (n, probability) in occupancy.iter().enumerate() {
            if *probability > NEGLIGIBLE {
                let passage = first_passage(arrivals_per_second, 1.0 / mean_service_s, n);
                terms.extend(passage.iter().map(|(w, rate)| (w * probability, *rate)));
            }
        }
        Self { terms }
    }

    /// Probability that an arrival is cold with this keep-alive.
    pub fn cold_probability(&self, keep_alive_s: f64) -> f64 {
        let terms = self.terms.iter();
        terms
            .map(|(w, rate)| w * libm::exp(-rate * keep_alive_s))
            .sum()
    }

    /// Mean idle time an arrival pays for, in seconds: ∫₀ᵀ P(cold | u) du. Mean instances alive are
    /// λ times the sum of this and the mean service.
    pub fn mean_idle_s(&self, keep_alive_s: f64) -> f64 {
        let span = |rate: f64| {
            if rate * keep_alive_s < 1e-12 {
                keep_alive_s
            } else {
                -libm::expm1(-rate * keep_alive_s) / rate
            }
        };
        self.terms.iter().map(|(w, rate)| w * span(*rate)).sum()
    }

    /// Hazard of the gap at `keep_alive_s`, per second: the keep-alive is optimal where it equals
    /// the cost of an idle second over the cost of a cold start. It falls with the keep-alive.
    pub fn hazard_per_second(&self, keep_alive_s: f64) -> f64 {
        let rates = self.terms.iter().map(|term| term.1);
        let slowest = rates.fold(f64::INFINITY, f64::min);
        let (mut density, mut survival) = (0.0, 0.0);
        for (w, rate) in &self.terms {
            // Relative to the slowest, so that a long keep-alive does not leave 0/0.
            let left = w * libm::exp((slowest - rate) * keep_alive_s);
            density += rate * left;
            survival += left;
        }
        density / survival
    }

    /// The keep-alive, in seconds, that costs least when an idle second costs `idle_second` and a
    /// cold start `cold_start`, both in one unit: where the hazard has fallen to their ratio. 0 when
    /// it starts below, `longest_s` when it is not reached by then. Found by bisection to 1 in 10¹².
    pub fn optimal_keep_alive_s(&self, idle_second: f64, cold_start: f64, longest_s: f64) -> f64 {
        // As a product, so that a cold start may be free.
        let pays = |t: f64| self.hazard_per_second(t) * cold_start > idle_second;
        if !pays(0.0) {
            return 0.0;
        }
        if pays(longest_s) {
            return longest_s;
        }
        let (mut low, mut high) = (0.0, longest_s);
        // Bounded: 200 halvings leave nothing of any span.
        for _ in 0..200 {
            if high - low <= 1e-12 * high {
                break;
            }
            let middle = f64::midpoint(low, high);
            if pays(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }
}

/// (weight, rate) of the first passage from n to n + 1 busy instances.
fn first_passage(lambda: f64, mu: f64, n: usize) -> Vec<(f64, f64)> {
    // From j = n down to 0, so that the wanted component is the first.
    let levels = (0..=n).rev().map(count_to_f64);
    let diagonal = levels.clone().map(|j| lambda + j * mu).collect();
    let off = levels.map(|j| -libm::sqrt(lambda * mu * j)).collect();
    let mut terms: Vec<(f64, f64)> = eigen(diagonal, off)
        .into_iter()
        .map(|(rate, first)| (lambda * first * first / rate, rate))
        .collect();
    terms.sort_by(|left, right| left.1.total_cmp(&right.1));
    // The smallest eigenvalue may be lost to rounding; its weight is what the others leave.
    let others: f64 = terms.iter().skip(1).map(|term| term.0).sum();
    if let Some(slowest) = terms.first_mut() {
        *slowest = ((1.0 - others).max(0.0), slowest.1.max(0.0));
    }
    terms
}

/// Eigenvalues and first components of the unit eigenvectors of a symmetric tridiagonal matrix, by
/// QL with implicit shifts; `off[i]` couples rows i and i + 1 and its last entry is 0.
fn eigen(mut diagonal: Vec<f64>, mut off: Vec<f64>) -> Vec<(f64, f64)> {
    let size = diagonal.len();
    let mut first = vec![0.0; size];
    first[0] = 1.0;
    for low in 0..size {
        // Two sweeps a value are usual; 60 leave no doubt and bound the work.
        for _ in 0..60 {
            let end = (low..size - 1)
                .find(|&m| {
                    let scale = diagonal[m].abs() + diagonal[m + 1].abs();
                    off[m].abs() <= f64::EPSILON * scale
                })
                .unwrap_or(size - 1);
            if end == low {
                break;
            }
            sweep(&mut diagonal, &mut off, &mut first, low, end);
        }
    }
    diagonal.into_iter().zip(first).collect()
}

/// One implicit QL sweep over the block `low..=end`.
#[expect(
    clippy::many_single_char_names,
    reason = "the names of the literature: diagonal d, off-diagonal e, vector z, rotation c and s"
)]
fn sweep(d: &mut [f64], e: &mut [f64], z: &mut [f64], low: usize, end: usize) {
    let slope = (d[low + 1] - d[low]) / (2.0 * e[low]);
    let root = libm::hypot(slope, 1.0);
    let mut g = d[end] - d[low] + e[low] / (slope + libm::copysign(root, slope));
    let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
    for i in (low..end).rev() {
        let (f, b) = (s * e[i], c * e[i]);
        let r = libm::hypot(f, g);
        e[i + 1] = r;
        if r <= 0.0 {
            d[i + 1] -= p;
            e[end] = 0.0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        let t = (d[i] - g) * s + 2.0 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        let upper = z[i + 1];
        z[i + 1] = s * z[i] + c * upper;
        z[i] = c * z[i] - s * upper;
    }
    d[low] -= p;
    e[low] = g;
    e[end] = 0.0;
}
