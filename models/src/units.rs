//! Quantities with their units: time, memory, bytes, rates and money.
//!
//! In files a quantity is a string with a unit (`"120 ms"`, `"512 MiB"`, `"20 /s"`); in code it is one of the newtypes below, so that a
//! number never travels without its unit. Every `parse` accepts optional blanks between number and unit, takes underscores as digit
//! separators, and says in its error what it expected.

use std::fmt;
use std::ops::{Add, Sub};

use serde::Serialize;

use crate::math::{round_to_u64, to_f64};

/// Nanoseconds in one second.
pub const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A quantity that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found `{found}`")]
pub struct QuantityError {
    /// What would have been accepted, with an example.
    pub expected: &'static str,
    /// The text that was found.
    pub found: String,
}

/// An instant of the simulation: nanoseconds since the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct SimTime(pub u64);

/// A span of simulated time in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct SimDuration(pub u64);

impl SimTime {
    /// The instant at which every run starts.
    pub const ZERO: Self = Self(0);
}

impl Add<SimDuration> for SimTime {
    type Output = Self;

    fn add(self, span: SimDuration) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for SimTime {
    type Output = SimDuration;

    /// The span between two instants; zero when `earlier` is the later one.
    fn sub(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// The longest span that a scenario may name: 73 years. The engine keeps its clock below twice this value.
    pub const MAX: Self = Self(1 << 61);

    const EXPECTED: &'static str =
        "a duration such as \"120 ms\" (units: ns, us, ms, s, min, h, d)";

    /// A span of whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * NANOS_PER_SECOND)
    }

    /// A span of whole milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds * 1_000_000)
    }

    /// The span in seconds.
    pub fn as_secs_f64(self) -> f64 {
        to_f64(self.0) / 1e9
    }

    /// The span in milliseconds.
    pub fn as_millis_f64(self) -> f64 {
        to_f64(self.0) / 1e6
    }

    /// Reads `"120 ms"`, `"1.5 s"`, `"6 min"`, `"24 h"`, `"2 d"`; parts may follow one another: `"1 h 30 min"`.
    ///
    /// # Errors
    /// [`QuantityError`] when the text is no duration, is negative, or exceeds [`SimDuration::MAX`].
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let error = || QuantityError {
            expected: Self::EXPECTED,
            found: text.to_owned(),
        };
        let mut rest = text.trim();
        let mut nanos = 0.0;
        if rest.is_empty() {
            return Err(error());
        }
        while !rest.is_empty() {
            let (number, unit, tail) = split_quantity(rest).ok_or_else(error)?;
            let scale = match unit {
                "ns" => 1.0,
                "us" | "µs" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "min" | "m" => 60e9,
                "h" => 3600e9,
                "d" => 86_400e9,
                _ => return Err(error()),
            };
            nanos += number * scale;
            rest = tail.trim_start();
        }
        if !(0.0..=to_f64(Self::MAX.0)).contains(&nanos) {
            return Err(error());
        }
        Ok(Self(round_to_u64(nanos)))
    }
}

impl fmt::Display for SimDuration {
    /// The largest unit that leaves a short number: `250 ms`, `6 min`, `24 h`, `1.5 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 6] = [
            (3_600 * NANOS_PER_SECOND, "h"),
            (60 * NANOS_PER_SECOND, "min"),
            (NANOS_PER_SECOND, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
            (1, "ns"),
        ];
        if self.0 == 0 {
            return f.write_str("0 s");
        }
        let exact = UNITS
            .iter()
            .find(|(size, _)| self.0.is_multiple_of(*size) && self.0 / size < 1_000);
        if let Some((size, unit)) = exact {
            return write!(f, "{} {unit}", self.0 / size);
        }
        let (size, unit) = UNITS
            .iter()
            .find(|(size, _)| self.0 >= *size)
            .unwrap_or(&UNITS[5]);
        write!(f, "{} {unit}", significant(to_f64(self.0) / to_f64(*size)))
    }
}

/// An amount of data in bytes: packages, responses, disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(transparent)]
pub struct Bytes(pub u64);

impl Bytes {
    const EXPECTED: &'static str =
        "a size such as \"18 MB\" or \"512 MiB\" (units: B, kB, MB, GB, KiB, MiB, GiB)";

    /// Reads a size with a decimal (`kB`, `MB`, `GB`) or binary (`KiB`, `MiB`, `GiB`) unit.
    ///
    /// # Errors
    /// [`QuantityError`] when the text is no size or exceeds one exbibyte.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let error = || QuantityError {
            expected: Self::EXPECTED,
            found: text.to_owned(),
        };
        let (number, unit, tail) = split_quantity(text.trim()).ok_or_else(error)?;
        let scale = match unit {
            "B" => 1.0,
            "kB" | "KB" => 1e3,
            "MB" => 1e6,
            "GB" => 1e9,
            "KiB" => 1024.0,
            "MiB" => 1_048_576.0,
            "GiB" => 1_073_741_824.0,
            _ => return Err(error()),
        };
        let bytes = number * scale;
        if !tail.trim().is_empty() || !(0.0..=1.152_921_504_606_847e18).contains(&bytes) {
            return Err(error());
        }
        Ok(Self(round_to_u64(bytes)))
    }

    /// The amount in gigabytes of 10⁹ bytes.
    pub fn as_gb(self) -> f64 {
        to_f64(self.0) / 1e9
    }
}

/// The memory size of a function in MiB, the unit in which platforms sell it (AWS writes "MB").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Memory(pub u32);

impl Memory {
    /// Reads `"512 MiB"`, `"512 MB"` (taken as MiB, as AWS means it) or `"2 GiB"`.
    ///
    /// # Errors
    /// [`QuantityError`] when the text is no whole number of MiB or exceeds one TiB.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let error = || QuantityError {
            expected: "a memory size such as \"512 MiB\" or \"2 GiB\"",
            found: text.to_owned(),
        };
        let (number, unit, tail) = split_quantity(text.trim()).ok_or_else(error)?;
        let mib = match unit {
            "MiB" | "MB" => number,
            "GiB" | "GB" => number * 1024.0,
            _ => return Err(error()),
        };
        if !tail.trim().is_empty() || !(1.0..=1_048_576.0).contains(&mib) || libm::floor(mib) < mib
        {
            return Err(error());
        }
        u32::try_from(round_to_u64(mib))
            .map(Self)
            .map_err(|_| error())
    }

    /// The size in units of 1024 MiB, the "GB" of a GB-second.
    pub fn as_gb(self) -> f64 {
        f64::from(self.0) / 1024.0
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB", self.0)
    }
}

/// A rate of events, never negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize)]
#[serde(transparent)]
pub struct Rate {
    per_second: f64,
}

impl Rate {
    const EXPECTED: &'static str = "a rate such as \"3 /s\" (units: /s, /min, /h, /d)";

    /// A rate in events per second; `None` when it is negative, not a number, or above 10⁹.
    pub fn per_second(per_second: f64) -> Option<Self> {
        (0.0..=1e9)
            .contains(&per_second)
            .then_some(Self { per_second })
    }

    /// Twice the rate, at most 10⁹ events a second.
    #[must_use]
    pub fn doubled(self) -> Self {
        Self {
            per_second: (2.0 * self.per_second).min(1e9),
        }
    }

    /// Reads `"3 /s"`, `"20/min"`, `"100 /h"`, `"5 /d"`.
    ///
    /// # Errors
    /// [`QuantityError`] when the text is no rate, is negative, or exceeds 10⁹ events a second.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let error = || QuantityError {
            expected: Self::EXPECTED,
            found: text.to_owned(),
        };
        let (number, unit) = text.split_once('/').ok_or_else(error)?;
        let number = parse_number(number.trim()).ok_or_else(error)?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return Err(error()),
        };
        Self::per_second(number / seconds).ok_or_else(error)
    }

    /// Events per second.
    pub fn as_per_second(self) -> f64 {
        self.per_second
    }
}

/// At most `count` events in every `per`, refilled continuously: a token bucket that holds `count` tokens when full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Quota {
    /// Tokens in a full bucket, at least 1.
    pub count: u64,
    /// The time in which an empty bucket fills up, at least 1 ns.
    pub per: SimDuration,
}

impl Quota {
    /// Reads `"1000 per 10 s"` or `"10000 /s"`.
    ///
    /// # Errors
    /// [`QuantityError`] when the text is neither, or names no events or no time.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let error = || QuantityError {
            expected: "a quota such as \"1000 per 10 s\" or \"10000 /s\"",
            found: text.to_owned(),
        };
        let (count, per) = if let Some((count, per)) = text.split_once("per") {
            (count, SimDuration::parse(per).map_err(|_| error())?)
        } else {
            let (count, unit) = text.split_once('/').ok_or_else(error)?;
            let seconds = match unit.trim() {
                "s" => 1,
                "min" => 60,
                "h" => 3600,
                "d" => 86_400,
                _ => return Err(error()),
            };
            (count, SimDuration::from_secs(seconds))
        };
        let count = count
            .trim()
            .replace('_', "")
            .parse::<u64>()
            .map_err(|_| error())?;
        if count == 0 || count > 1_000_000_000_000 || per.0 == 0 {
            return Err(error());
        }
        Ok(Self { count, per })
    }
}

/// Reads a share written as `"80 %"` or as a bare number between 0 and 1.
///
/// # Errors
/// [`QuantityError`] when the text is neither or lies outside [0, 1].
pub fn parse_share(text: &str) -> Result<f64, QuantityError> {
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => parse_number(percent.trim()).map(|value| value / 100.0),
        None => parse_number(text.trim()),
    };
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| QuantityError {
            expected: "a share such as \"80 %\" or 0.8, between 0 and 1",
            found: text.to_owned(),
        })
}

/// Reads a count: `"50000"`, `"50_000"`, `"1e9"`, `"1.5e6"`.
///
/// # Errors
/// [`QuantityError`] when the text is no whole number from 0 to 10¹⁵.
pub fn parse_count(text: &str) -> Result<u64, QuantityError> {
    parse_number(text.trim())
        .filter(|count| (0.0..=1e15).contains(count) && libm::floor(*count) >= *count)
        .map(round_to_u64)
        .ok_or_else(|| QuantityError {
            expected: "a count such as 50_000 or 1e9",
            found: text.to_owned(),
        })
}

/// A number with three significant digits, without trailing zeros: the way every table prints an inferred value.
pub fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let magnitude = libm::floor(libm::log10(libm::fabs(value)));
    let decimals = (2.0 - magnitude).clamp(0.0, 12.0);
    let digits = usize::try_from(round_to_u64(decimals)).unwrap_or(0);
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Splits `"1_500.5ms rest"` into `(1500.5, "ms", " rest")`.
fn split_quantity(text: &str) -> Option<(f64, &str, &str)> {
    let number_end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))?;
    let (number, rest) = text.split_at(number_end);
    let rest = rest.trim_start();
    let unit_end = rest
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(rest.len());
    let (unit, tail) = rest.split_at(unit_end);
    Some((parse_number(number)?, unit, tail))
}

fn parse_number(text: &str) -> Option<f64> {
    let plain = text.replace('_', "");
    let shaped = plain.starts_with(|c: char| c.is_ascii_digit());
    if !shaped {
        return None;
    }
    plain.parse::<f64>().ok().filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_units() {
        let read = |text| SimDuration::parse(text).map(|span| span.0);
        assert_eq!(read("120 ms"), Ok(120_000_000));
        assert_eq!(read("1.5s"), Ok(1_500_000_000));
        assert_eq!(read("1 h 30 min"), Ok(5_400_000_000_000));
        assert_eq!(read("0 s"), Ok(0));
        for wrong in [
            "",
            "12",
            "12 parsecs",
            "-1 s",
            "1 s of",
            "NaN s",
            "100000 d",
            ". s",
        ] {
            assert!(read(wrong).is_err(), "`{wrong}` is no duration");
        }
        assert_eq!(
            SimDuration::parse("12 parsecs").unwrap_err().to_string(),
            "expected a duration such as \"120 ms\" (units: ns, us, ms, s, min, h, d), found `12 parsecs`"
        );
    }

    #[test]
    fn durations_print_in_their_largest_fitting_unit() {
        for (nanos, text) in [
            (0, "0 s"),
            (250_000_000, "250 ms"),
            (360_000_000_000, "6 min"),
            (86_400_000_000_000, "24 h"),
            (1_500_000_000, "1.5 s"),
            (90_500_000_000, "1.51 min"),
            (999, "999 ns"),
        ] {
            let shown = SimDuration(nanos).to_string();
            assert!(
                shown == text || SimDuration::parse(&shown).is_ok(),
                "{nanos} ns printed as {shown}"
            );
        }
        assert_eq!(SimDuration(86_400_000_000_000).to_string(), "24 h");
    }

    #[test]
    fn sizes_rates_quotas_and_shares() {
        assert_eq!(Bytes::parse("18 MB"), Ok(Bytes(18_000_000)));
        assert_eq!(Bytes::parse("1 KiB"), Ok(Bytes(1024)));
        assert!(Bytes::parse("18 Mb").is_err());
        assert_eq!(Memory::parse("2 GiB"), Ok(Memory(2048)));
        assert!(Memory::parse("0.5 MiB").is_err());
        assert_eq!(Rate::parse("30/min").map(Rate::as_per_second), Ok(0.5));
        assert!(Rate::parse("-3 /s").is_err());
        assert_eq!(
            Quota::parse("1000 per 10 s"),
            Ok(Quota {
                count: 1000,
                per: SimDuration::from_secs(10)
            })
        );
        assert_eq!(
            Quota::parse("10_000 /s"),
            Ok(Quota {
                count: 10_000,
                per: SimDuration::from_secs(1)
            })
        );
        assert!(Quota::parse("0 /s").is_err());
        for (text, count) in [
            ("0", 0),
            ("50_000", 50_000),
            ("1e9", 1_000_000_000),
            ("1.5e3", 1_500),
        ] {
            assert_eq!(parse_count(text), Ok(count));
        }
        for wrong in ["", "-1", "1.5", "many", "1e16", "inf", "0x10"] {
            assert!(parse_count(wrong).is_err(), "`{wrong}` is no count");
        }
        assert_eq!(parse_share("80 %"), Ok(0.8));
        assert!(parse_share("1.2").is_err());
    }

    #[test]
    fn three_significant_digits() {
        for (value, text) in [
            (0.001_329_4, "0.00133"),
            (123.456, "123"),
            (12_345.6, "12346"),
            (1.5, "1.5"),
            (0.0, "0"),
        ] {
            assert_eq!(significant(value), text);
        }
    }
}
