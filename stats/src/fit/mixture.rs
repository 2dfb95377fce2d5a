//! Mixtures of log-normal laws by expectation and maximisation (Dempster, Laird & Rubin, "Maximum
//! likelihood from incomplete data via the EM algorithm", JRSS B 39(1), 1977,
//! <https://doi.org/10.1111/j.2517-6161.1977.tb01600.x>).
//!
//! The likelihood of a mixture is unbounded where a component shrinks onto one observation, so every σ
//! keeps a floor, and a component must hold some observations. The search starts from several cuts
//! of the ordered sample, always the same ones, and keeps the best.

use super::law::{Component, FittedLaw, ln_normal};
use super::maximum::ln_moments;
use super::sample::{Observation, Sample, Weighted};
use super::special::{normal_cdf, normal_density};
use crate::number::wide;

/// The smallest σ of a component, as a share of the standard deviation of all logarithms.
const SIGMA_FLOOR_SHARE: f64 = 0.01;

/// The smallest σ of a component at all: 0.1 % of the value.
const SIGMA_FLOOR: f64 = 1e-3;

/// The fewest observations that a component stands for.
const COMPONENT_MIN: f64 = 5.0;

/// Steps of the search from each start, and from the best of them.
const SCOUTING_STEPS: usize = 25;
const STEPS_MAX: usize = 1_000;

/// Observations that the scouts look at.
const SCOUTED: usize = 2_000;

/// Where the ordered sample is cut at the start.
const CUTS: [f64; 7] = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98];

/// The mixture of `components` under which the sample is likeliest; `None` where no start leads to
/// components that each hold some observations.
pub(super) fn fit(sample: &Sample, components: usize) -> Option<FittedLaw> {
    let values = sample.representatives();
    let cells = Cells::of(sample);
    let scouts = cells.thinned();
    let (_, spread) = ln_moments(&values);
    let floor = (SIGMA_FLOOR_SHARE * spread).max(SIGMA_FLOOR);
    let mut best: Option<(f64, Vec<Component>)> = None;
    for start in starts(&values, components, floor) {
        let Some((value, parts)) = climb(&scouts, start, floor, SCOUTING_STEPS) else {
            continue;
        };
        if best.as_ref().is_none_or(|best| value > best.0) {
            best = Some((value, parts));
        }
    }
    refined(&cells, best?.1, floor)
}

/// The mixture that the search reaches from a given one; for samples drawn from it.
pub(super) fn fit_from(sample: &Sample, start: &[Component]) -> Option<FittedLaw> {
    let (_, spread) = ln_moments(&sample.representatives());
    let floor = (SIGMA_FLOOR_SHARE * spread).max(SIGMA_FLOOR);
    refined(&Cells::of(sample), start.to_vec(), floor)
}

fn refined(cells: &Cells, start: Vec<Component>, floor: f64) -> Option<FittedLaw> {
    let (_, mut parts) = climb(cells, start, floor, STEPS_MAX)?;
    parts.sort_by(|a, b| a.mu.total_cmp(&b.mu));
    Some(FittedLaw::Mixture(parts))
}

/// Components from cutting the ordered sample in every way that [`CUTS`] allow, and one with all
/// components in the same place but of different widths.
fn starts(values: &[Weighted], components: usize, floor: f64) -> Vec<Vec<Component>> {
    let total: f64 = values.iter().map(|item| item.weight).sum();
    let mut starts = Vec::new();
    for (index, &first) in CUTS.iter().enumerate() {
        if components == 2 {
            starts.extend(cut(values, total, &[first], floor));
            continue;
        }
        for &second in &CUTS[index + 1..] {
            starts.extend(cut(values, total, &[first, second], floor));
        }
    }
    let (mu, sigma) = ln_moments(values);
    let widths = [0.4, 1.6, 3.0];
    let share = 1.0 / crate::number::count(components);
    let nested = widths.iter().take(components).map(|width| Component {
        weight: share,
        mu,
        sigma: (sigma * width).max(floor),
    });
    starts.push(nested.collect());
    starts
}

fn cut(values: &[Weighted], total: f64, cuts: &[f64], floor: f64) -> Option<Vec<Component>> {
    let mut parts = Vec::new();
    let (mut from, mut before) = (0, 0.0);
    for end in cuts.iter().copied().chain([1.0]) {
        let mut to = from;
        while to < values.len() && (before < end * total || end >= 1.0) {
            before += values[to].weight;
            to += 1;
        }
        let group = &values[from..to];
        let weight: f64 = group.iter().map(|item| item.weight).sum();
        if weight < COMPONENT_MIN {
            return None;
        }
        let (mu, sigma) = ln_moments(group);
        parts.push(Component {
            weight: weight / total,
            mu,
            sigma: sigma.max(floor),
        });
        from = to;
    }
    Some(parts)
}

/// The observations as logarithms: exact, or between two ends.
struct Cells {
    items: Vec<(f64, f64, f64)>,
    total: f64,
    /// The fewest that a component may stand for.
    least: f64,
}

impl Cells {
    fn of(sample: &Sample) -> Self {
        let items = sample.items().iter().map(|(observation, times)| {
            let (low, high) = match *observation {
                Observation::Exact(value) => (libm::log(value), libm::log(value)),
                Observation::AtLeast(value) => (libm::log(value), f64::INFINITY),
                Observation::Between { low, high } => (libm::log(low), libm::log(high)),
            };
            (low, high, wide(*times))
        });
        Self {
            items: items.collect(),
            total: wide(sample.n()),
            least: COMPONENT_MIN,
        }
    }

    fn thinned(&self) -> Self {
        let step = self.items.len().div_ceil(SCOUTED).max(1);
        let items: Vec<_> = self
            .items
            .iter()
            .copied()
            .skip(step / 2)
            .step_by(step)
            .collect();
        let total: f64 = items.iter().map(|item| item.2).sum();
        let least = COMPONENT_MIN * total / self.total;
        Self {
            items,
            total,
            least,
        }
    }
}

/// Climbs until the likelihood rises no more; `None` when a component has emptied.
fn climb(
    cells: &Cells,
    mut parts: Vec<Component>,
    floor: f64,
    steps: usize,
) -> Option<(f64, Vec<Component>)> {
    let mut value = f64::NEG_INFINITY;
    for _ in 0..steps {
        let (found, next) = step(cells, &parts, floor);
        let is_empty =
            |part: &Component| !(part.weight * cells.total >= cells.least && part.mu.is_finite());
        if next.iter().any(is_empty) {
            return None;
        }
        let risen = found - value;
        value = found;
        parts = next;
        if risen.abs() < 1e-9 * (1.0 + value.abs()) {
            break;
        }
    }
    Some((value, parts))
}

/// Sums of one component: weight, first and second moment.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    weight: f64,
    first: f64,
    second: f64,
}

/// One step: the likelihood before it and the components after it.
fn step(cells: &Cells, parts: &[Component], floor: f64) -> (f64, Vec<Component>) {
    let mut sums = [Sums::default(); 3];
    let mut value = 0.0;
    let ln_weights: Vec<f64> = parts.iter().map(|part| libm::log(part.weight)).collect();
    for &(low, high, weight) in &cells.items {
        let exact = high <= low;
        let mut terms = [f64::NEG_INFINITY; 3];
        let mut largest = f64::NEG_INFINITY;
        for (index, part) in parts.iter().enumerate() {
            let ln_share = if exact {
                ln_normal(low, part.mu, part.sigma)
            } else {
                libm::log(between(low, high, part))
            };
            terms[index] = ln_weights[index] + ln_share;
            largest = largest.max(terms[index]);
        }
        if largest.is_infinite() {
            value = f64::NEG_INFINITY;
            continue;
        }
        let mut sum = 0.0;
        for term in &mut terms {
            *term = libm::exp(*term - largest);
            sum += *term;
        }
        // The Jacobian of the logarithm does not change with the parameters; it is left out.
        value += weight * (largest + libm::log(sum));
        for (index, part) in parts.iter().enumerate() {
            let share = weight * terms[index] / sum;
            let (mean, square) = if exact {
                (low, low * low)
            } else {
                moments_between(low, high, part)
            };
            sums[index].weight += share;
            sums[index].first += share * mean;
            sums[index].second += share * square;
        }
    }
    let next = sums.iter().take(parts.len()).map(|sums| {
        let mu = sums.first / sums.weight;
        let variance = (sums.second / sums.weight - mu * mu).max(0.0);
        Component {
            weight: sums.weight / cells.total,
            mu,
            sigma: libm::sqrt(variance).max(floor),
        }
    });
    (value, next.collect())
}

/// P(low < Y ≤ high) of a normal component.
fn between(low: f64, high: f64, part: &Component) -> f64 {
    let (a, b) = ((low - part.mu) / part.sigma, (high - part.mu) / part.sigma);
    if a > 0.0 {
        normal_cdf(-a) - normal_cdf(-b)
    } else {
        normal_cdf(b) - normal_cdf(a)
    }
}

/// E[Y] and E[Y²] of a normal component between two ends.
fn moments_between(low: f64, high: f64, part: &Component) -> (f64, f64) {
    let (a, b) = ((low - part.mu) / part.sigma, (high - part.mu) / part.sigma);
    let share = between(low, high, part);
    if share < 1e-290 {
        // Far out in a tail the mass lies at the end that is nearer.
        let end = if a > 0.0 { low } else { high };
        return (end, end * end);
    }
    let times = |z: f64| {
        if z.is_finite() {
            z * normal_density(z)
        } else {
            0.0
        }
    };
    let shift = (normal_density(a) - normal_density(b)) / share;
    let mean = part.mu + part.sigma * shift;
    let spread = part.sigma * part.sigma * (1.0 + (times(a) - times(b)) / share);
    (mean, spread + 2.0 * part.mu * mean - part.mu * part.mu)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;
    use crate::fit::Family;
    use crate::fit::maximum::{likeliest, log_likelihood};

    fn truth() -> FittedLaw {
        let part = |weight, mu, sigma| Component { weight, mu, sigma };
        FittedLaw::Mixture(vec![part(0.85, 4.5, 0.12), part(0.15, 5.3, 0.25)])
    }

    fn draws(n: usize) -> Vec<f64> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        (0..n).map(|_| truth().draw(&mut rng)).collect()
    }

    #[test]
    fn two_components_are_found_again() {
        let sample = Sample::exact(&draws(4_000)).unwrap();
        let found = likeliest(&sample, Family::Mixture2).unwrap();
        for ((name, value), (_, true_value)) in found.parameters().iter().zip(truth().parameters())
        {
            assert!(
                (value / true_value - 1.0).abs() < 0.1,
                "{name}: {value}, not {true_value}"
            );
        }
        let single = likeliest(&sample, Family::LogNormal).unwrap();
        let gain = log_likelihood(&sample, &found) - log_likelihood(&sample, &single);
        assert!(gain > 100.0, "{gain}");
    }

    /// A histogram of 40 cells and a cap in the tail leave enough to see both components.
    #[test]
    fn two_components_are_found_in_cells_and_below_a_cap() {
        let mut cells = vec![0_u64; 100];
        for value in draws(20_000) {
            let cell = (0..99).find(|cell| value <= libm::exp(f64::from(cell + 1) / 8.0));
            cells[usize::try_from(cell.unwrap_or(99)).unwrap()] += 1;
        }
        let items = (0_u32..).zip(cells).map(|(cell, times)| {
            let cell = f64::from(cell);
            let (low, high) = (libm::exp(cell / 8.0), libm::exp((cell + 1.0) / 8.0));
            let open = low > 350.0;
            let cut = if open {
                Observation::AtLeast(low)
            } else {
                Observation::Between { low, high }
            };
            (cut, times)
        });
        let sample = Sample::new(items).unwrap();
        let found = likeliest(&sample, Family::Mixture2).unwrap();
        for ((name, value), (_, true_value)) in found.parameters().iter().zip(truth().parameters())
        {
            assert!(
                (value / true_value - 1.0).abs() < 0.15,
                "{name}: {value}, not {true_value}"
            );
        }
    }

    #[test]
    fn no_component_shrinks_onto_equal_values() {
        let mut values = draws(300);
        values.extend([100.0; 30]);
        let sample = Sample::exact(&values).unwrap();
        for family in [Family::Mixture2, Family::Mixture3] {
            let Some(FittedLaw::Mixture(parts)) = likeliest(&sample, family) else {
                panic!("330 values have a mixture")
            };
            assert!(
                parts.iter().all(|part| part.sigma >= SIGMA_FLOOR),
                "{parts:?}"
            );
        }
    }

    #[test]
    fn the_moments_of_a_cut_normal_law_by_hand() {
        let part = Component {
            weight: 1.0,
            mu: 0.0,
            sigma: 1.0,
        };
        // Above 0: E = √(2/π), E[Y²] = 1.
        let (mean, square) = moments_between(0.0, f64::INFINITY, &part);
        assert!((mean - (2.0 / std::f64::consts::PI).sqrt()).abs() < 1e-12);
        assert!((square - 1.0).abs() < 1e-12);
    }
}
