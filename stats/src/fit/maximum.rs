//! Maximum likelihood, one family at a time.
//!
//! Where every observation is exact, the exponential, log-normal and Pareto laws have closed forms
//! and the shapes of gamma and Weibull come from Newton's steps. Censored observations, and the
//! families without such a form, go to a simplex search over the true likelihood.

use super::law::{Family, FittedLaw};
use super::mixture;
use super::sample::{Observation, Sample, Weighted};
use super::simplex;
use super::special::{digamma, trigamma};
use crate::number::wide;

/// The log-likelihood of a sample: ln f for exact observations, ln P(X > x) for those cut off,
/// ln P(low < X ≤ high) for intervals.
pub fn log_likelihood(sample: &Sample, law: &FittedLaw) -> f64 {
    let exact = sample.exact_values().iter();
    let seen: f64 = exact
        .map(|item| item.weight * law.ln_density(item.value, item.ln))
        .sum();
    if sample.is_complete() {
        return seen;
    }
    let censored = sample
        .items()
        .iter()
        .map(|(observation, times)| match *observation {
            Observation::Exact(_) => 0.0,
            Observation::AtLeast(value) => wide(*times) * libm::log(law.survival(value)),
            Observation::Between { low, high } => {
                // Whichever tail is small is subtracted within itself.
                let share = if law.survival(low) < 0.5 {
                    law.survival(low) - law.survival(high)
                } else {
                    law.cdf(high) - law.cdf(low)
                };
                wide(*times) * libm::log(share)
            }
        });
    seen + censored.sum::<f64>()
}

/// The law of a family under which the sample is likeliest; `None` where it does not exist: all
/// observations are the same, or too few are seen.
pub(super) fn likeliest(sample: &Sample, family: Family) -> Option<FittedLaw> {
    if !sample.is_spread() {
        return None;
    }
    if family.components() > 0 {
        return mixture::fit(sample, family.components());
    }
    let values = sample.representatives();
    let start = match family {
        Family::ShiftedLogNormal => return shifted_log_normal(sample, &values),
        Family::Exponential => FittedLaw::Exponential {
            mean: mean(&values, |item| item.value),
        },
        Family::LogNormal => log_normal(&values)?,
        Family::Gamma => gamma(&values)?,
        Family::Weibull => weibull(&values)?,
        Family::Pareto => pareto(&values)?,
        _ => log_logistic(&values)?,
    };
    let closed = family != Family::LogLogistic;
    // Without exact values the smallest value of a Pareto law cannot be told.
    if family == Family::Pareto && !sample.is_complete() {
        return None;
    }
    let law = if closed && sample.is_complete() {
        start
    } else {
        searched(sample, &start)
    };
    log_likelihood(sample, &law).is_finite().then_some(law)
}

/// The law near `start` under which the sample is likeliest.
pub(super) fn searched(sample: &Sample, start: &FittedLaw) -> FittedLaw {
    let value = |free: &[f64]| -log_likelihood(sample, &start.with_free(free));
    let (free, _) = simplex::minimum(&start.free(), 0.2, value);
    start.with_free(&free)
}

/// The mean of something over weighted values.
fn mean(values: &[Weighted], of: impl Fn(&Weighted) -> f64) -> f64 {
    let total: f64 = values.iter().map(|item| item.weight).sum();
    values
        .iter()
        .map(|item| item.weight * of(item))
        .sum::<f64>()
        / total
}

/// Mean and standard deviation (over n) of the logarithms.
pub(super) fn ln_moments(values: &[Weighted]) -> (f64, f64) {
    let mu = mean(values, |item| item.ln);
    let variance = mean(values, |item| (item.ln - mu) * (item.ln - mu));
    (mu, libm::sqrt(variance))
}

fn log_normal(values: &[Weighted]) -> Option<FittedLaw> {
    let (mu, sigma) = ln_moments(values);
    (sigma > 0.0).then_some(FittedLaw::LogNormal { mu, sigma })
}

/// ln k − ψ(k) = ln(mean) − mean(ln), by Newton's steps from Minka's start ("Estimating a gamma
/// distribution", 2002).
fn gamma(values: &[Weighted]) -> Option<FittedLaw> {
    let average = mean(values, |item| item.value);
    let gap = libm::log(average) - mean(values, |item| item.ln);
    if gap <= 1e-12 {
        return None;
    }
    let mut shape = (3.0 - gap + libm::sqrt((gap - 3.0) * (gap - 3.0) + 24.0 * gap)) / (12.0 * gap);
    for _ in 0..50 {
        let slope = 1.0 / shape - trigamma(shape);
        let next = shape - (libm::log(shape) - digamma(shape) - gap) / slope;
        let next = if next > 0.0 { next } else { 0.5 * shape };
        let arrived = (next / shape - 1.0).abs() < 1e-13;
        shape = next;
        if arrived {
            break;
        }
    }
    Some(FittedLaw::Gamma {
        shape,
        mean: average,
    })
}

/// 1/k = Σ xᵏ ln x / Σ xᵏ − mean(ln x), by bisection in ln k: the difference falls with k.
fn weibull(values: &[Weighted]) -> Option<FittedLaw> {
    let (mu, sigma) = ln_moments(values);
    if sigma <= 0.0 {
        return None;
    }
    // Powers of x/e^mu, so that none overflows.
    let excess = |shape: f64| {
        let (mut sum, mut first) = (0.0, 0.0);
        for item in values {
            let y = item.ln - mu;
            let power = item.weight * libm::exp((shape * y).min(700.0));
            sum += power;
            first += power * y;
        }
        1.0 / shape - first / sum
    };
    let (mut low, mut high) = (libm::log(0.01 / sigma), libm::log(100.0 / sigma));
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if excess(libm::exp(middle)) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let shape = libm::exp(low);
    let power = mean(values, |item| {
        libm::exp((shape * (item.ln - mu)).min(700.0))
    });
    let scale = libm::exp(mu + libm::log(power) / shape);
    Some(FittedLaw::Weibull { shape, scale })
}

fn pareto(values: &[Weighted]) -> Option<FittedLaw> {
    let least = values
        .iter()
        .map(|item| item.ln)
        .fold(f64::INFINITY, f64::min);
    let above = mean(values, |item| item.ln - least);
    (above > 0.0).then(|| FittedLaw::Pareto {
        shape: 1.0 / above,
        minimum: libm::exp(least),
    })
}

/// From the moments of the logistic law of the logarithm: σ = π/(k√3).
fn log_logistic(values: &[Weighted]) -> Option<FittedLaw> {
    let (mu, sigma) = ln_moments(values);
    (sigma > 0.0).then(|| FittedLaw::LogLogistic {
        shape: std::f64::consts::PI / (sigma * libm::sqrt(3.0)),
        median: libm::exp(mu),
    })
}

/// The best shift on a grid, then a golden-section search around it.
///
/// The likelihood grows without bound as the shift approaches the smallest value (Hill, "The
/// three-parameter lognormal distribution and Bayesian analysis of a point-source epidemic", 1963,
/// <https://doi.org/10.1080/01621459.1963.10500884>), so the shift keeps a distance of 2 % of the
/// way from the smallest value to the median.
fn shifted_log_normal(sample: &Sample, values: &[Weighted]) -> Option<FittedLaw> {
    let least = values.first()?.value;
    let median = sample.quantile(0.5).unwrap_or(least);
    let room = 0.02 * (median - least);
    if room <= 0.0 || values.len() < 4 {
        return None;
    }
    // The distance d from the shift to the smallest value, in the logarithm.
    let (nearest, farthest) = (libm::log(room), libm::log(least * 0.999_999));
    if farthest <= nearest {
        return None;
    }
    let at = |ln_distance: f64| {
        let shift = least - libm::exp(ln_distance);
        let above = |item: &Weighted| Weighted {
            ln: libm::log(item.value - shift),
            ..*item
        };
        let moved: Vec<Weighted> = values.iter().map(above).collect();
        let (mu, sigma) = ln_moments(&moved);
        let law = FittedLaw::ShiftedLogNormal { shift, mu, sigma };
        // What the closed form would give, without its constant.
        let value = mean(&moved, |item| item.ln) + libm::log(sigma);
        (value, law)
    };
    let steps = 40_u32;
    let width = (farthest - nearest) / f64::from(steps);
    let place = |index: u32| nearest + width * f64::from(index);
    let best = (0..=steps).min_by(|a, b| at(place(*a)).0.total_cmp(&at(place(*b)).0))?;
    let (mut low, mut high) = (place(best.saturating_sub(1)), place((best + 1).min(steps)));
    let golden = 0.618_033_988_749_894_9;
    for _ in 0..60 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if at(left).0 < at(right).0 {
            high = right;
        } else {
            low = left;
        }
    }
    let law = at(f64::midpoint(low, high)).1;
    let law = if sample.is_complete() {
        law
    } else {
        searched(sample, &law)
    };
    log_likelihood(sample, &law).is_finite().then_some(law)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formulas of the module's head on three values.
    #[test]
    fn small_samples_by_hand() {
        let sample = Sample::exact(&[1.0, 2.0, 4.0]).unwrap();
        let ln_2 = std::f64::consts::LN_2;
        let Some(FittedLaw::LogNormal { mu, sigma }) = likeliest(&sample, Family::LogNormal) else {
            panic!("three values have a log-normal law")
        };
        assert!((mu - ln_2).abs() < 1e-12 && (sigma - ln_2 * (2.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        let Some(FittedLaw::Pareto { shape, minimum }) = likeliest(&sample, Family::Pareto) else {
            panic!("three values have a Pareto law")
        };
        assert!((shape - 1.0 / ln_2).abs() < 1e-12 && (minimum - 1.0).abs() < 1e-12);
        let same = Sample::exact(&[2.0; 9]).unwrap();
        for family in Family::ALL {
            assert_eq!(likeliest(&same, family), None, "{family:?}");
        }
    }

    /// The search over the true likelihood arrives where the closed forms are.
    #[test]
    fn closed_forms_are_maxima() {
        let values: Vec<f64> = (1..200).map(|i| 40.0 + f64::from(i * i % 97)).collect();
        let sample = Sample::exact(&values).unwrap();
        for family in [
            Family::Exponential,
            Family::Gamma,
            Family::Weibull,
            Family::LogNormal,
        ] {
            let law = likeliest(&sample, family).unwrap();
            let moved = law.with_free(&law.free().iter().map(|p| p + 0.05).collect::<Vec<_>>());
            let found = searched(&sample, &moved);
            for (closed, search) in law.parameters().iter().zip(found.parameters()) {
                assert!(
                    (closed.1 / search.1 - 1.0).abs() < 1e-3,
                    "{law:?} and {found:?}"
                );
            }
        }
    }

    /// Times above 60 are only known to be so; the mean of an exponential law is then the time seen
    /// over the events seen.
    #[test]
    fn censoring_by_hand() {
        let items = [
            (Observation::Exact(10.0), 1),
            (Observation::Exact(30.0), 1),
            (Observation::AtLeast(60.0), 2),
        ];
        let sample = Sample::new(items).unwrap();
        let Some(FittedLaw::Exponential { mean }) = likeliest(&sample, Family::Exponential) else {
            panic!("two events have an exponential law")
        };
        assert!((mean - 160.0 / 2.0).abs() < 1e-3, "{mean}");
    }
}
