//! By hand, and as properties; error rates are in `tests/it/gate.rs`.

use super::*;

fn test_of(log_ratios: &[f64], tolerance: f64, error: f64) -> Test {
    let mut test = Test::new(tolerance, error).unwrap();
    for log_ratio in log_ratios {
        assert!(test.add(1.0, libm::exp(*log_ratio)));
    }
    test
}

/// Far beyond the tolerance every bet wins all of its stake: 1.9ⁿ reaches 2/α = 200 at n = 9 (1.9⁸ is
/// 169.8), for each weight alike.
#[test]
fn the_fewest_pairs_by_hand() {
    assert_eq!(test_of(&[2.0; 8], 0.03, 0.01).verdict(), Verdict::Unclear);
    assert_eq!(test_of(&[2.0; 9], 0.03, 0.01).verdict(), Verdict::Slower);
    assert_eq!(test_of(&[-2.0; 9], 0.03, 0.01).verdict(), Verdict::Faster);
    let too_few = test_of(&[0.0; 8], 0.03, 0.01).standing();
    assert_eq!((too_few.effect.low, too_few.detectable), (None, None));
    assert_eq!(too_few.effect.method, Method::PointOnly);
}

/// By hand: tanh 0.5 = 0.46211716, ln(1 + 0.9·0.46211716) = ln 1.41590544 = 0.34776921.
#[test]
fn a_gain_by_hand() {
    assert!((gain(0.5) - 0.347_769).abs() < 1e-6, "{}", gain(0.5));
    assert!((gain(-400.0) - libm::log(0.1)).abs() < 1e-12);
    assert!((gain(400.0) - libm::log(1.9)).abs() < 1e-12);
    assert!(gain(0.0).abs() < 1e-15);
}

#[test]
fn values_without_noise_are_the_same_after_ten_pairs() {
    let test = test_of(&[0.0; 12], 0.03, 0.01);
    assert_eq!(test.verdict(), Verdict::Same);
    let found = test.standing();
    assert!(found.effect.low.unwrap() < 0.0 && found.effect.high.unwrap() > 0.0);
    assert!(found.effect.high.unwrap() < 0.01);
    assert_eq!(found.pairs_needed, None);
}

#[test]
fn exchanged_arms_exchange_the_verdict() {
    let values = [0.08, 0.05, 0.09, 0.02, 0.07, 0.06, 0.08, 0.11, 0.04, 0.07];
    let values: Vec<f64> = values.iter().cycle().take(60).copied().collect();
    let mirrored: Vec<f64> = values.iter().map(|value| -value).collect();
    let (test, other) = (test_of(&values, 0.03, 0.01), test_of(&mirrored, 0.03, 0.01));
    assert_eq!(test.verdict(), Verdict::Slower);
    assert_eq!(other.verdict(), Verdict::Faster);
    let (one, other) = (test.standing().effect, other.standing().effect);
    assert!((libm::log1p(one.low.unwrap()) + libm::log1p(other.high.unwrap())).abs() < 1e-9);
    assert!((libm::log1p(one.point) + libm::log1p(other.point)).abs() < 1e-9);
}

/// The incremental verdict and the interval that is found by bisection say the same.
#[test]
fn the_verdict_is_read_off_the_interval() {
    let mut word = 1_u64;
    for shift in [-0.08, -0.03, 0.0, 0.03, 0.05, 0.1] {
        let mut test = Test::new(0.03, 0.05).unwrap();
        for _ in 0..80 {
            word = word
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let noise = crate::number::unit(word) - 0.5;
            test.add(1.0, libm::exp(shift + 0.1 * noise));
            let found = test.standing();
            let (low, high) = (found.effect.low, found.effect.high);
            let slower = low.is_some_and(|low| low >= 0.03);
            let faster = high.is_some_and(|high| high <= 1.0 / 1.03 - 1.0);
            let within = high.is_some_and(|high| high <= 0.03)
                && low.is_some_and(|low| low >= 1.0 / 1.03 - 1.0);
            let expected = match (slower, faster, within) {
                (true, _, _) => Verdict::Slower,
                (_, true, _) => Verdict::Faster,
                (_, _, true) => Verdict::Same,
                _ => Verdict::Unclear,
            };
            assert_eq!(found.verdict, expected, "{found:?}");
            assert!(low.is_none_or(|low| low <= found.effect.point));
            assert!(high.is_none_or(|high| high >= found.effect.point));
        }
    }
}

#[test]
fn one_outlier_counts_as_one_sign() {
    let mut values = [0.0, 0.01, -0.01, 0.005, -0.005, 0.002].repeat(5);
    let before = test_of(&values, 0.03, 0.01).standing().effect;
    values.push(5.0);
    let test = test_of(&values, 0.03, 0.01);
    assert_eq!(test.verdict(), Verdict::Same);
    let after = test.standing().effect;
    assert!((after.point - before.point).abs() < 0.002);
}

#[test]
fn what_makes_no_test_is_refused() {
    assert_eq!(Test::new(0.0, 0.01), Err(TestError::Tolerance(0.0)));
    assert!(Test::new(f64::NAN, 0.01).is_err());
    assert_eq!(Test::new(0.03, 0.5), Err(TestError::Error(0.5)));
    let mut test = Test::new(0.03, 0.01).unwrap();
    assert!(!test.add(0.0, 1.0) && !test.add(1.0, f64::INFINITY) && !test.add(f64::NAN, 1.0));
    assert_eq!(test.pairs(), 0);
    assert_eq!(test.standing().effect.n, 0);
}

/// A wavering comparison says how many pairs it would need, and more than it has.
#[test]
fn an_unclear_test_says_what_it_needs() {
    let values = [0.1, -0.1, 0.12, -0.08].repeat(5);
    let found = test_of(&values, 0.03, 0.01).standing();
    assert_eq!(found.verdict, Verdict::Unclear);
    assert!(found.pairs_needed.is_some_and(|pairs| pairs > 20));
    assert!(found.detectable.is_some_and(|effect| effect > 0.1));
}
