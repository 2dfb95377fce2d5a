//! Recorded figures of memory as sizes that somebody can order.

use crate::math::round_to_u64;
use crate::units::Memory;

/// The smallest and largest memory size of AWS Lambda in MiB ("Configure Lambda function memory",
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>, read 2026-11-23).
const SIZES_MIB: (f64, f64) = (128.0, 10_240.0);

/// A figure in MiB, rounded up to a MiB and clamped to the sizes that are sold.
pub(super) fn sold(mib: f64) -> Memory {
    let mib = libm::ceil(mib).clamp(SIZES_MIB.0, SIZES_MIB.1);
    Memory(u32::try_from(round_to_u64(mib)).unwrap_or(u32::MAX))
}
