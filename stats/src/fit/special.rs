//! Special functions that fits need, on `libm` alone: the same bits on every machine.

use std::f64::consts::{PI, SQRT_2};

/// The logarithm of √(2π).
pub(crate) const LN_SQRT_2_PI: f64 = 0.918_938_533_204_672_8;

/// The standard normal density.
pub(crate) fn normal_density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z - LN_SQRT_2_PI)
}

/// P(Z ≤ z) of the standard normal law.
pub(crate) fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// The standard normal quantile, relative error about 10⁻¹⁶: algorithm AS 241, PPND16 (Wichura, "The
/// percentage points of the normal distribution", Applied Statistics 37(3), 1988,
/// <https://doi.org/10.2307/2347330>). Infinite at 0 and 1.
pub(crate) fn normal_quantile(probability: f64) -> f64 {
    const CENTRE: [[f64; 8]; 2] = [
        [
            3.387_132_872_796_366_5,
            133.141_667_891_784_38,
            1_971.590_950_306_551_3,
            13_731.693_765_509_46,
            45_921.953_931_549_87,
            67_265.770_927_008_7,
            33_430.575_583_588_13,
            2_509.080_928_730_122_7,
        ],
        [
            1.0,
            42.313_330_701_600_91,
            687.187_007_492_057_9,
            5_394.196_021_424_751,
            21_213.794_301_586_597,
            39_307.895_800_092_71,
            28_729.085_735_721_943,
            5_226.495_278_852_854,
        ],
    ];
    const MIDDLE: [[f64; 8]; 2] = [
        [
            1.423_437_110_749_683_5,
            4.630_337_846_156_546,
            5.769_497_221_460_691,
            3.647_848_324_763_204_5,
            1.270_458_252_452_368_4,
            0.241_780_725_177_450_6,
            0.022_723_844_989_269_184,
            7.745_450_142_783_414e-4,
        ],
        [
            1.0,
            2.053_191_626_637_759,
            1.676_384_830_183_803_8,
            0.689_767_334_985_1,
            0.148_103_976_427_480_08,
            0.015_198_666_563_616_457,
            5.475_938_084_995_345e-4,
            1.050_750_071_644_416_9e-9,
        ],
    ];
    const TAIL: [[f64; 8]; 2] = [
        [
            6.657_904_643_501_103,
            5.463_784_911_164_114,
            1.784_826_539_917_291_3,
            0.296_560_571_828_504_87,
            0.026_532_189_526_576_124,
            0.001_242_660_947_388_078_4,
            2.711_555_568_743_487_6e-5,
            2.010_334_399_292_288_1e-7,
        ],
        [
            1.0,
            0.599_832_206_555_888,
            0.136_929_880_922_735_8,
            0.014_875_361_290_850_615,
            7.868_691_311_456_133e-4,
            1.846_318_317_510_054_7e-5,
            1.421_511_758_316_446e-7,
            2.044_263_103_389_939_8e-15,
        ],
    ];
    if !(probability > 0.0 && probability < 1.0) {
        return match probability {
            p if p <= 0.0 => f64::NEG_INFINITY,
            p if p >= 1.0 => f64::INFINITY,
            _ => f64::NAN,
        };
    }
    let q = probability - 0.5;
    if libm::fabs(q) <= 0.425 {
        return q * quotient(&CENTRE, 0.180_625 - q * q);
    }
    let r = libm::sqrt(-libm::log(if q < 0.0 {
        probability
    } else {
        1.0 - probability
    }));
    let size = if r <= 5.0 {
        quotient(&MIDDLE, r - 1.6)
    } else {
        quotient(&TAIL, r - 5.0)
    };
    if q < 0.0 { -size } else { size }
}

/// A quotient of two polynomials of degree 7, lowest coefficients first.
fn quotient([above, below]: &[[f64; 8]; 2], x: f64) -> f64 {
    let value = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c);
    value(above) / value(below)
}

/// ψ(x), the derivative of ln Γ(x), for x > 0: recurrence up to 10, then the asymptotic series
/// (Abramowitz & Stegun, 1964, 6.3.18).
pub(crate) fn digamma(mut x: f64) -> f64 {
    let mut shifted = 0.0;
    while x < 10.0 {
        shifted -= 1.0 / x;
        x += 1.0;
    }
    let s = 1.0 / (x * x);
    let series =
        s * (1.0 / 12.0 - s * (1.0 / 120.0 - s * (1.0 / 252.0 - s * (1.0 / 240.0 - s / 132.0))));
    shifted + libm::log(x) - 0.5 / x - series
}

/// ψ′(x) for x > 0, in the same way (Abramowitz & Stegun, 1964, 6.4.12).
pub(crate) fn trigamma(mut x: f64) -> f64 {
    let mut shifted = 0.0;
    while x < 10.0 {
        shifted += 1.0 / (x * x);
        x += 1.0;
    }
    let s = 1.0 / (x * x);
    let series =
        s * (1.0 / 6.0 - s * (1.0 / 30.0 - s * (1.0 / 42.0 - s * (1.0 / 30.0 - s * 5.0 / 66.0))));
    shifted + (1.0 + 0.5 / x + series) / x
}

/// The regularised upper incomplete gamma function Q(shape, x): a series below shape + 1, Lentz's
/// continued fraction above (Press et al., "Numerical Recipes", 3rd ed., §6.2).
pub(crate) fn upper_gamma(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = libm::exp(shape * libm::log(x) - x - libm::lgamma(shape));
    if x < shape + 1.0 {
        let (mut term, mut sum, mut divisor) = (1.0 / shape, 1.0 / shape, shape);
        while term > sum * 1e-16 {
            divisor += 1.0;
            term *= x / divisor;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    let mut denominator = x + 1.0 - shape;
    let mut upper = 1e300;
    let mut lower = 1.0 / denominator;
    let mut fraction = lower;
    for step in 1..10_000_u32 {
        let numerator = -f64::from(step) * (f64::from(step) - shape);
        denominator += 2.0;
        lower = 1.0 / (numerator * lower + denominator);
        upper = denominator + numerator / upper;
        fraction *= lower * upper;
        if libm::fabs(lower * upper - 1.0) < 1e-15 {
            break;
        }
    }
    front * fraction
}

/// Two independent standard normal numbers from two uniform ones in (0, 1) (Box & Muller, "A note on
/// the generation of random normal deviates", 1958, <https://doi.org/10.1214/aoms/1177706645>).
pub(crate) fn normal_from(first: f64, second: f64) -> f64 {
    libm::sqrt(-2.0 * libm::log(first)) * libm::cos(2.0 * PI * second)
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF, Gamma, Normal};

    use super::*;

    #[test]
    fn normal_quantiles_invert_the_distribution_and_agree_with_statrs() {
        let law = Normal::standard();
        for p in [1e-12, 1e-6, 0.01, 0.075, 0.2, 0.5, 0.9, 0.99, 0.999_999] {
            let z = normal_quantile(p);
            assert!((normal_cdf(z) / p - 1.0).abs() < 1e-12, "{p}: {z}");
            assert!(
                (z - law.inverse_cdf(p)).abs() < 1e-8 * z.abs().max(1.0),
                "{p}: {z}"
            );
        }
        assert!(normal_quantile(0.0).is_infinite() && normal_quantile(f64::NAN).is_nan());
    }

    /// ψ(1) = −γ and ψ′(1) = π²/6 (Abramowitz & Stegun, 1964, 6.3.2 and 6.4.2).
    #[test]
    fn gamma_functions_agree_with_known_values_and_statrs() {
        assert!((digamma(1.0) + 0.577_215_664_901_532_9).abs() < 1e-13);
        assert!((trigamma(1.0) - PI * PI / 6.0).abs() < 1e-12);
        for (shape, x) in [(0.5, 0.1), (2.0, 3.0), (7.5, 4.0), (40.0, 60.0)] {
            let expected = 1.0 - Gamma::new(shape, 1.0).unwrap().cdf(x);
            let found = upper_gamma(shape, x);
            assert!(
                (found - expected).abs() < 1e-9,
                "Q({shape}, {x}) = {found}, not {expected}"
            );
        }
    }
}
