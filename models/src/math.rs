//! The arithmetic that the hot laws live on: the same bits on every machine and in every feature graph.
//!
//! `f64::exp` and its relatives are of unspecified precision (they call the platform's libm), so
//! nothing here uses them. [`exp`] and [`ln`] are polynomials evaluated in a fixed order from
//! additions, multiplications and divisions, which IEEE 754 rounds identically everywhere; Rust
//! never contracts them to fused multiply-adds. Cold code uses the crate `libm`.
//!
//! This is also the one place where numbers are cast: by named functions that say what they do.
#![expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the named casts of the project live here, each with its range stated"
)]

mod gamma;

use std::sync::LazyLock;

use rand::Rng;

pub use self::gamma::StandardGamma;

/// ln 2 in two parts: the first has 32 trailing zero bits, so that its product with an exponent is
/// exact.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// 2⁵²: adding it to a smaller non-negative number leaves that number, rounded, in the mantissa.
const TWO_52: f64 = 4_503_599_627_370_496.0;

/// The nearest `f64`; exact below 2⁵³.
#[inline]
pub fn to_f64(value: u64) -> f64 {
    value as f64
}

/// The nearest `f64` of a wide total; relative error at most 2⁻⁵³.
#[inline]
pub fn wide_to_f64(value: u128) -> f64 {
    value as f64
}

/// A count or an index as `f64`; exact below 2⁵³.
#[inline]
pub fn count_to_f64(value: usize) -> f64 {
    value as f64
}

/// A slot number as an index. Lossless: the project supports 64-bit machines.
#[inline]
pub fn index(value: u32) -> usize {
    value as usize
}

/// A 64-bit word as an index. Lossless: the project supports 64-bit machines.
#[inline]
pub fn wide_index(value: u64) -> usize {
    value as usize
}

/// An index as a 64-bit word.
#[inline]
pub fn word(value: usize) -> u64 {
    value as u64
}

/// The lower 32 bits of an index that is known to be a slot number.
#[inline]
pub fn slot(value: usize) -> u32 {
    debug_assert!(
        u32::try_from(value).is_ok(),
        "slot number {value} exceeds 32 bits"
    );
    value as u32
}

/// Rounds to the nearest integer (ties to even below 2⁵²); negative numbers and NaN give 0, large
/// ones saturate.
#[inline]
pub fn round_to_u64(value: f64) -> u64 {
    if (0.0..TWO_52).contains(&value) {
        (value + TWO_52).to_bits() - TWO_52.to_bits()
    } else {
        value as u64
    }
}

/// A uniform number in [0, 1) from the upper 53 bits of a word.
#[inline]
pub fn unit(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// A uniform number in (0, 1), never 0 or 1, from the upper 52 bits of a word.
#[inline]
pub fn open_unit(word: u64) -> f64 {
    ((word >> 12) as f64 + 0.5) * (1.0 / TWO_52)
}

/// A uniform whole number below `bound` from one word (multiply-shift; bias below `bound`/2⁶⁴).
#[inline]
pub fn below(word: u64, bound: u64) -> u64 {
    ((u128::from(word) * u128::from(bound)) >> 64) as u64
}

/// eˣ with a relative error below 10⁻¹⁵; 0 below −708, infinity above 709.
///
/// x = k·ln 2 + r with |r| ≤ ½ ln 2; eʳ is its Taylor polynomial of degree 13.
#[inline]
pub fn exp(x: f64) -> f64 {
    if x < -708.0 {
        return 0.0;
    }
    if x > 709.0 {
        return f64::INFINITY;
    }
    // Rounds to the nearest integer: 1.5·2⁵² leaves room for a negative number.
    let shift = 1.5 * TWO_52;
    let k = (x * std::f64::consts::LOG2_E + shift) - shift;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let r2 = r * r;
    let r4 = r2 * r2;
    let low = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6.0));
    let middle = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5_040.0));
    let high = (1.0 / 40_320.0 + r * (1.0 / 362_880.0))
        + r2 * (1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0))
        + r4 * (1.0 / 479_001_600.0 + r * (1.0 / 6_227_020_800.0));
    let power = low + r4 * (middle + r4 * high);
    let exponent = (k as i64 + 1023) as u64;
    power * f64::from_bits(exponent << 52)
}

/// ln x for positive, normal x with an absolute error below 4·10⁻¹⁶ · max(1, |ln x|); anything else
/// gives −∞ (0 and subnormal) or NaN (negative).
///
/// x = 2ᵏ·m with m in [√½, √2); ln m = 2·atanh((m−1)/(m+1)) by its series up to the 19th power.
#[inline]
pub fn ln(x: f64) -> f64 {
    if x < f64::MIN_POSITIVE {
        return if x < 0.0 { f64::NAN } else { f64::NEG_INFINITY };
    }
    if x > f64::MAX {
        return x;
    }
    let bits = x.to_bits();
    // Subtracting the bits of √½ makes the exponent field count from that number.
    let offset = bits.wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits());
    let k = (offset.cast_signed() >> 52) as f64;
    let m = f64::from_bits(bits.wrapping_sub(offset & (0xfff << 52)));
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let s4 = s2 * s2;
    let s8 = s4 * s4;
    let series = (1.0 / 3.0 + s2 * (1.0 / 5.0))
        + s4 * (1.0 / 7.0 + s2 * (1.0 / 9.0))
        + s8 * ((1.0 / 11.0 + s2 * (1.0 / 13.0))
            + s4 * (1.0 / 15.0 + s2 * (1.0 / 17.0))
            + s8 * (1.0 / 19.0));
    k * LN_2_HIGH + (2.0 * s + (2.0 * s * s2 * series + k * LN_2_LOW))
}

/// The quantile of the standard normal law, for a probability strictly between 0 and 1; relative error
/// below 1.2·10⁻⁹. Outside it gives an infinity.
///
/// P. J. Acklam's rational approximation ("An algorithm for computing the inverse normal cumulative
/// distribution function", 2003): one for the middle, one in √(−2 ln p) for each tail.
pub fn normal_quantile(probability: f64) -> f64 {
    const TAIL: f64 = 0.024_25;
    let tail = |p: f64| {
        let q = libm::sqrt(-2.0 * ln(p));
        let above = polynomial(
            q,
            &[
                -7.784_894_002_430_293e-3,
                -3.223_964_580_411_365e-1,
                -2.400_758_277_161_838,
                -2.549_732_539_343_734,
                4.374_664_141_464_968,
                2.938_163_982_698_783,
            ],
        );
        let below = polynomial(
            q,
            &[
                7.784_695_709_041_462e-3,
                3.224_671_290_700_398e-1,
                2.445_134_137_142_996,
                3.754_408_661_907_416,
                1.0,
            ],
        );
        above / below
    };
    if probability <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if probability >= 1.0 {
        return f64::INFINITY;
    }
    if probability < TAIL {
        return tail(probability);
    }
    if probability > 1.0 - TAIL {
        return -tail(1.0 - probability);
    }
    let q = probability - 0.5;
    let r = q * q;
    let above = polynomial(
        r,
        &[
            -3.969_683_028_665_376e1,
            2.209_460_984_245_205e2,
            -2.759_285_104_469_687e2,
            1.383_577_518_672_69e2,
            -3.066_479_806_614_716e1,
            2.506_628_277_459_239,
        ],
    );
    let below = polynomial(
        r,
        &[
            -5.447_609_879_822_406e1,
            1.615_858_368_580_409e2,
            -1.556_989_798_598_866e2,
            6.680_131_188_771_972e1,
            -1.328_068_155_288_572e1,
            1.0,
        ],
    );
    q * above / below
}

/// A polynomial by Horner's rule, the highest power first.
fn polynomial(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().fold(0.0, |sum, term| sum * x + term)
}

/// Tables of a 256-layer ziggurat (Marsaglia & Tsang, "The ziggurat method for generating random
/// variables", Journal of Statistical Software 5(8), 2000, <https://doi.org/10.18637/jss.v005.i08>),
/// with 53-bit coordinates.
#[derive(Debug)]
pub struct Ziggurat {
    /// A coordinate below `accept[i]` lies in the part of layer i that is all below the density.
    accept: [u64; 256],
    /// Width of layer i over 2⁵³.
    width: [f64; 256],
    /// The density at the layer's right edge, and one more for the top.
    density: [f64; 257],
    /// Where the tail begins.
    tail: f64,
}

impl Ziggurat {
    /// Layers of equal area `area` under `density`, the lowest ending at `tail`.
    fn new(tail: f64, area: f64, density: fn(f64) -> f64, inverse: fn(f64) -> f64) -> Self {
        let mut edges = [0.0; 257];
        edges[0] = area / density(tail);
        edges[1] = tail;
        for layer in 2..256 {
            let below: f64 = edges[layer - 1];
            edges[layer] = inverse(density(below) + area / below);
        }
        let scale = 9_007_199_254_740_992.0;
        let mut ziggurat = Self {
            accept: [0; 256],
            width: [0.0; 256],
            density: [0.0; 257],
            tail,
        };
        for layer in 0..256 {
            ziggurat.accept[layer] = (edges[layer + 1] / edges[layer] * scale) as u64;
            ziggurat.width[layer] = edges[layer] / scale;
            ziggurat.density[layer] = density(edges[layer]);
        }
        ziggurat.density[256] = 1.0;
        ziggurat
    }
}

static EXPONENTIAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    // Tail and layer area for 256 layers under e⁻ˣ (Marsaglia & Tsang 2000).
    Ziggurat::new(
        7.697_117_470_131_05,
        0.003_949_659_822_581_557,
        |x| exp(-x),
        |y| -ln(y),
    )
});

static NORMAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    // Tail and layer area for 256 layers under e^(−x²/2) (Marsaglia & Tsang 2000).
    Ziggurat::new(
        3.654_152_885_361_009,
        0.004_928_673_233_974_655,
        |x| exp(-0.5 * x * x),
        |y| libm::sqrt(-2.0 * ln(y)),
    )
});

/// Draws from the exponential law with mean 1.
#[derive(Debug, Clone, Copy)]
pub struct StandardExponential {
    tables: &'static Ziggurat,
}

impl Default for StandardExponential {
    fn default() -> Self {
        Self {
            tables: &EXPONENTIAL,
        }
    }
}

impl StandardExponential {
    /// One draw.
    #[inline]
    pub fn draw<R: Rng>(self, rng: &mut R) -> f64 {
        let word = rng.next_u64();
        let layer = (word & 0xff) as usize;
        let coordinate = word >> 11;
        let x = coordinate as f64 * self.tables.width[layer];
        if coordinate < self.tables.accept[layer] {
            x
        } else {
            self.edge(layer, x, rng)
        }
    }

    #[cold]
    #[inline(never)]
    fn edge<R: Rng>(self, mut layer: usize, mut x: f64, rng: &mut R) -> f64 {
        loop {
            if layer == 0 {
                // The tail of an exponential is an exponential.
                return self.tables.tail - ln(open_unit(rng.next_u64()));
            }
            let (low, high) = (self.tables.density[layer], self.tables.density[layer + 1]);
            if low + (high - low) * unit(rng.next_u64()) < exp(-x) {
                return x;
            }
            let word = rng.next_u64();
            layer = (word & 0xff) as usize;
            x = (word >> 11) as f64 * self.tables.width[layer];
            if word >> 11 < self.tables.accept[layer] {
                return x;
            }
        }
    }
}

/// Draws from the normal law with mean 0 and standard deviation 1.
#[derive(Debug, Clone, Copy)]
pub struct StandardNormal {
    tables: &'static Ziggurat,
}

impl Default for StandardNormal {
    fn default() -> Self {
        Self { tables: &NORMAL }
    }
}

impl StandardNormal {
    /// One draw.
    #[inline]
    pub fn draw<R: Rng>(self, rng: &mut R) -> f64 {
        loop {
            let word = rng.next_u64();
            let layer = (word & 0xff) as usize;
            let coordinate = word >> 11;
            let x = coordinate as f64 * self.tables.width[layer];
            let sign = (word & 0x100) << 55;
            let signed = f64::from_bits(x.to_bits() | sign);
            if coordinate < self.tables.accept[layer] {
                return signed;
            }
            if let Some(x) = self.edge(layer, x, rng) {
                return f64::from_bits(x.to_bits() | sign);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn edge<R: Rng>(self, layer: usize, x: f64, rng: &mut R) -> Option<f64> {
        if layer == 0 {
            // Marsaglia's tail method.
            loop {
                let x = -ln(open_unit(rng.next_u64())) / self.tables.tail;
                let y = -ln(open_unit(rng.next_u64()));
                if 2.0 * y >= x * x {
                    return Some(self.tables.tail + x);
                }
            }
        }
        let (low, high) = (self.tables.density[layer], self.tables.density[layer + 1]);
        (low + (high - low) * unit(rng.next_u64()) < exp(-0.5 * x * x)).then_some(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, StreamKey};

    #[test]
    fn exp_and_ln_agree_with_libm_to_the_last_digits() {
        let mut rng = StreamKey::new(1, 0, 0, Purpose::Arrival).block(0);
        for _ in 0..100_000 {
            let x = (unit(rng.next_u64()) - 0.5) * 1400.0;
            let relative = (exp(x) - libm::exp(x)).abs() / libm::exp(x);
            assert!(relative < 1e-15, "exp({x}) is off by {relative:e}");
            let y = exp(x);
            let error = (ln(y) - libm::log(y)).abs();
            assert!(
                error <= 4e-16 * libm::log(y).abs().max(1.0),
                "ln({y}) is off by {error:e}"
            );
        }
        assert_eq!(exp(0.0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(ln(1.0).to_bits(), 0.0_f64.to_bits());
        assert!(ln(0.0).is_infinite() && ln(-1.0).is_nan() && exp(-800.0) < f64::MIN_POSITIVE);
    }

    #[test]
    fn normal_quantiles_invert_the_error_function() {
        let mut probability = 1e-12;
        while probability < 1.0 {
            let z = normal_quantile(probability);
            let back = 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
            let relative = (back - probability).abs() / probability.min(1.0 - probability);
            assert!(relative < 1e-7, "{probability} came back as {back}");
            probability = (1.07 * probability).min(probability + 0.003);
        }
        assert!(normal_quantile(0.0) < f64::MIN && normal_quantile(1.0) > f64::MAX);
    }

    #[test]
    fn rounding_is_to_nearest() {
        for (value, rounded) in [(0.4, 0), (0.6, 1), (1e9 + 0.25, 1_000_000_000), (-3.0, 0)] {
            assert_eq!(round_to_u64(value), rounded);
        }
        assert_eq!(round_to_u64(f64::NAN), 0);
        assert_eq!(round_to_u64(1e300), u64::MAX);
        assert_eq!(round_to_u64(1e18), 1_000_000_000_000_000_000);
    }

    /// The bits of the first draws of both laws. A change here changes every result of the
    /// simulator for a given seed: it belongs in the CHANGELOG as value-breaking.
    #[test]
    fn golden_draws() {
        let mut rng = StreamKey::new(7, 0, 0, Purpose::Duration).block(0);
        let exponential = StandardExponential::default();
        let normal = StandardNormal::default();
        let mut digest = [0_u64; 2];
        for _ in 0..200_000 {
            digest[0] = digest[0].rotate_left(5) ^ exponential.draw(&mut rng).to_bits();
            digest[1] = digest[1].rotate_left(5) ^ normal.draw(&mut rng).to_bits();
        }
        assert_eq!(
            digest,
            [2_361_714_869_343_546_895, 3_437_717_233_311_640_669]
        );
    }
}
