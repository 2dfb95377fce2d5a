use super::*;
use crate::histogram::Histogram;

fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-6 * expected.abs().max(1.0),
        "{found} is not {expected}"
    );
}

fn distribution(values: impl Iterator<Item = u64>) -> Distribution {
    let mut histogram = Histogram::default();
    values.for_each(|value| histogram.record(value));
    histogram.drain()
}

/// By hand: x̄ = 3, s² = 2.5, t(4; 0.975) = 2.7764451, half width = 2.7764451·√(2.5/5).
#[test]
fn the_mean_has_students_interval() {
    let estimate = mean(&[1.0, 2.0, 3.0, 4.0, 5.0], Method::Replications);
    close(estimate.point, 3.0);
    close(estimate.high.unwrap() - 3.0, 2.776_445_105 * 0.5_f64.sqrt());
    close(estimate.low.unwrap() + estimate.high.unwrap(), 6.0);
    assert_eq!((estimate.n, estimate.method), (5, Method::Replications));
}

#[test]
fn one_value_has_no_interval() {
    let estimate = mean(&[7.0], Method::Replications);
    assert_eq!(estimate, Estimate::point_only(7.0, 1));
    assert!(mean(&[], Method::Replications).point.is_nan());
    assert_eq!(ratio(&[(1.0, 4.0)], Method::RatioOverBatches).low, None);
}

/// By hand: r = 6/60 = 0.1; residuals 1 − 1, 2 − 3, 3 − 2 give s² = 1; half width = t(2)/(20·√3).
#[test]
fn the_ratio_is_of_sums_and_not_of_ratios() {
    let pairs = [(1.0, 10.0), (2.0, 30.0), (3.0, 20.0)];
    let estimate = ratio(&pairs, Method::RatioOverReplications);
    close(estimate.point, 0.1);
    close(
        estimate.high.unwrap() - 0.1,
        4.302_652_730 / (20.0 * 3.0_f64.sqrt()),
    );
    close(estimate.low.unwrap(), 0.0);
}

#[test]
fn no_event_is_an_upper_bound() {
    let estimate = ratio(&[(0.0, 400.0), (0.0, 500.0)], Method::RatioOverReplications);
    assert_eq!(estimate.method, Method::UpperBound);
    assert_eq!(estimate.low, Some(0.0));
    close(estimate.high.unwrap(), 0.01);
    assert_eq!(estimate.n, 2);
    let few = ratio(&[(0.0, 2.0)], Method::RatioOverReplications);
    assert_eq!(few.high, Some(1.0));
    assert_eq!(ratio(&[], Method::RatioOverReplications).high, Some(1.0));
    assert!(
        ratio(&[(1.0, 0.0)], Method::RatioOverBatches)
            .point
            .is_nan()
    );
}

#[test]
fn a_quantile_needs_ten_values_beyond_it() {
    let parts: Vec<_> = (0..10_u64)
        .map(|part| distribution((1..=200).map(|i| i * 1_000_000 + part * 791_900)))
        .collect();
    let mut pooled = Distribution::default();
    for part in &parts {
        pooled.merge(part);
    }
    let at = |p| quantile(&pooled, &parts, p, Method::SectioningOverReplications).unwrap();
    let median = at(0.5);
    assert_eq!(
        (median.n, median.method),
        (10, Method::SectioningOverReplications)
    );
    assert!(median.low.unwrap() < median.point);
    assert!(median.high.unwrap() > median.point);
    assert_eq!(at(0.97).n, 5, "pairs of parts hold 12 values beyond p97");
    assert_eq!(at(0.99).method, Method::PointOnly);
    assert_eq!(at(1.0).method, Method::PointOnly);
    let empty = Distribution::default();
    assert_eq!(
        quantile(&empty, &[], 0.5, Method::SectioningOverBatches),
        None
    );
}

/// By definition R-7; the same as `numpy.quantile(..., method="linear")`.
#[test]
fn r7_is_linear_between_order_statistics() {
    let sample = [1.0, 2.0, 4.0, 8.0];
    for (p, expected) in [
        (0.0, 1.0),
        (1.0 / 3.0, 2.0),
        (0.5, 3.0),
        (0.9, 6.8),
        (1.0, 8.0),
    ] {
        close(quantile_r7(&sample, p).unwrap(), expected);
    }
    assert_eq!(quantile_r7(&[], 0.5), None);
    assert_eq!(quantile_r7(&[5.0], 0.5), Some(5.0));
    assert_eq!(quantile_r7(&sample, 1.1), None);
}
