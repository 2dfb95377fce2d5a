//! Numbers and dates of traces as whole nanoseconds, exactly.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The unit of a plain number of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Nanoseconds.
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

impl TimeUnit {
    /// By its name in a scenario file: `ns`, `us`, `ms` or `s`.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "ns" => Some(Self::Nanoseconds),
            "us" => Some(Self::Microseconds),
            "ms" => Some(Self::Milliseconds),
            "s" => Some(Self::Seconds),
            _ => None,
        }
    }

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        }
    }

    /// Decimal places of a nanosecond in this unit.
    fn places(self) -> i32 {
        match self {
            Self::Nanoseconds => 0,
            Self::Microseconds => 3,
            Self::Milliseconds => 6,
            Self::Seconds => 9,
        }
    }
}

/// A decimal number, with or without fraction and exponent, as nanoseconds: exact, digits below a
/// nanosecond are rounded to the nearest (halves up). `None` when it is no number or beyond 64 bits.
pub(super) fn decimal(text: &[u8], unit: TimeUnit) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let exponent_at = digits.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match exponent_at {
        Some(at) => {
            let text = std::str::from_utf8(&digits[at + 1..]).ok()?;
            (&digits[..at], text.parse::<i8>().ok()?)
        }
        None => (digits, 0),
    };
    let mut value = 0_i128;
    let mut places = unit.places() + i32::from(exponent);
    let (mut any, mut fraction, mut rounded) = (false, false, false);
    for byte in mantissa {
        match byte {
            b'.' if !fraction => fraction = true,
            b'0'..=b'9' => {
                any = true;
                if fraction && places <= 0 {
                    // The first digit that is too small to keep decides about rounding.
                    value += i128::from(places == 0 && !rounded && *byte >= b'5');
                    rounded = true;
                    continue;
                }
                places -= i32::from(fraction);
                value = value * 10 + i128::from(byte - b'0');
                if value > i128::from(u64::MAX) {
                    return None;
                }
            }
            _ => return None,
        }
    }
    if !any {
        return None;
    }
    while places > 0 && value != 0 {
        value *= 10;
        places -= 1;
        if value > i128::from(u64::MAX) {
            return None;
        }
    }
    while places < 0 && value != 0 {
        value = (value + 5) / 10;
        places += 1;
    }
    i64::try_from(if negative { -value } else { value }).ok()
}

/// A date with time as nanoseconds since 1970, and whether it said its offset from UTC.
pub(super) fn date(text: &[u8]) -> Option<(i64, bool)> {
    let text = std::str::from_utf8(text).ok()?;
    let (instant, has_offset) = if let Ok(instant) = text.parse::<Timestamp>() {
        (instant, true)
    } else {
        let civil = text.parse::<DateTime>().ok()?;
        (TimeZone::UTC.to_timestamp(civil).ok()?, false)
    };
    let nanoseconds = i64::try_from(instant.as_nanosecond()).ok()?;
    Some((nanoseconds, has_offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_whole_nanoseconds() {
        for (text, unit, expected) in [
            ("0", TimeUnit::Seconds, Some(0)),
            (
                "1590530039.5035365",
                TimeUnit::Seconds,
                Some(1_590_530_039_503_536_500),
            ),
            (
                "1837.298583984375",
                TimeUnit::Milliseconds,
                Some(1_837_298_584),
            ),
            ("-0.25", TimeUnit::Seconds, Some(-250_000_000)),
            (".5", TimeUnit::Microseconds, Some(500)),
            ("7.", TimeUnit::Microseconds, Some(7_000)),
            ("0.4", TimeUnit::Nanoseconds, Some(0)),
            ("0.49999", TimeUnit::Nanoseconds, Some(0)),
            ("0.5", TimeUnit::Nanoseconds, Some(1)),
            ("1.5e3", TimeUnit::Milliseconds, Some(1_500_000_000)),
            ("1.6e-05", TimeUnit::Seconds, Some(16_000)),
            ("12e-1", TimeUnit::Nanoseconds, Some(1)),
            ("+3", TimeUnit::Nanoseconds, Some(3)),
            ("9223372036.854775807", TimeUnit::Seconds, Some(i64::MAX)),
            ("9223372036.854775808", TimeUnit::Seconds, None),
            ("99999999999999999999999999", TimeUnit::Nanoseconds, None),
            ("1e127", TimeUnit::Seconds, None),
            ("0e127", TimeUnit::Seconds, Some(0)),
            ("1e-128", TimeUnit::Seconds, Some(0)),
            ("1e128", TimeUnit::Seconds, None),
            ("", TimeUnit::Seconds, None),
            (".", TimeUnit::Seconds, None),
            ("-", TimeUnit::Seconds, None),
            ("nan", TimeUnit::Seconds, None),
            ("inf", TimeUnit::Seconds, None),
            ("1 s", TimeUnit::Seconds, None),
            ("1.2.3", TimeUnit::Seconds, None),
            ("0x10", TimeUnit::Seconds, None),
        ] {
            assert_eq!(
                decimal(text.as_bytes(), unit),
                expected,
                "`{text}` {}",
                unit.name()
            );
        }
    }

    #[test]
    fn dates_count_from_1970_in_utc() {
        let hour = 3_600_000_000_000;
        assert_eq!(date(b"1970-01-01T01:00:00Z"), Some((hour, true)));
        assert_eq!(
            date(b"1970-01-01T01:00:00.5+01:00"),
            Some((500_000_000, true))
        );
        assert_eq!(date(b"1970-01-01 01:00:00"), Some((hour, false)));
        assert_eq!(date(b"yesterday"), None);
        assert_eq!(date(b"9999-01-01T00:00:00Z"), None);
    }
}
