//! Draws from the gamma law.

use rand::Rng;

use super::{StandardNormal, exp, ln, open_unit};

/// Draws from the gamma law with scale 1.
///
/// Marsaglia & Tsang's method ("A simple method for generating gamma variables", ACM Transactions on
/// Mathematical Software 26(3), 2000, <https://doi.org/10.1145/358407.358414>), boosted by U^(1/k)
/// for shapes below 1.
#[derive(Debug, Clone, Copy)]
pub struct StandardGamma {
    normal: StandardNormal,
    boost: Option<f64>,
    d: f64,
    c: f64,
}

impl StandardGamma {
    /// The law with this shape, which must be greater than zero.
    pub fn new(shape: f64) -> Self {
        debug_assert!(shape > 0.0, "no gamma law has the shape {shape}");
        let boost = (shape < 1.0).then_some(1.0 / shape);
        let shape = if shape < 1.0 { shape + 1.0 } else { shape };
        let d = shape - 1.0 / 3.0;
        Self {
            normal: StandardNormal::default(),
            boost,
            d,
            c: 1.0 / libm::sqrt(9.0 * d),
        }
    }

    /// One draw.
    pub fn draw<R: Rng>(self, rng: &mut R) -> f64 {
        let value = loop {
            let x = self.normal.draw(rng);
            let root = 1.0 + self.c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let u = open_unit(rng.next_u64());
            if ln(u) < 0.5 * x * x + self.d - self.d * v + self.d * ln(v) {
                break self.d * v;
            }
        };
        let boost = self
            .boost
            .map_or(1.0, |power| exp(power * ln(open_unit(rng.next_u64()))));
        value * boost
    }
}
