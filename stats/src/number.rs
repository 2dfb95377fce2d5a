//! The casts of this crate, named.
#![expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "counts below 2⁵³ are exact as floats; larger ones round to the nearest"
)]

/// A count as a float; exact below 2⁵³.
pub(crate) fn count(value: usize) -> f64 {
    value as f64
}

/// A 64-bit count as a float; exact below 2⁵³.
pub(crate) fn wide(value: u64) -> f64 {
    value as f64
}

/// A count as a 64-bit word. Lossless: the project supports 64-bit machines.
pub(crate) fn word(value: usize) -> u64 {
    value as u64
}

/// A uniform index below `bound` from one random word (multiply-shift; bias below `bound`/2⁶⁴).
#[expect(
    clippy::cast_possible_truncation,
    reason = "the upper half of the product lies below the bound, which is an index"
)]
pub(crate) fn index_below(word: u64, bound: usize) -> usize {
    ((u128::from(word) * bound as u128) >> 64) as usize
}

/// A number in [0, 1) from one random word: its upper 53 bits.
pub(crate) fn unit(word: u64) -> f64 {
    wide(word >> 11) / 9_007_199_254_740_992.0
}
