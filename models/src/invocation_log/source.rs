//! Lines of text with their numbers, and the small values that logs are made of.

use std::io::{BufRead, Read};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{LINE_MAX, LogError};

/// Reads one line at a time.
pub(super) struct Lines<'a> {
    file: &'a str,
    reader: &'a mut dyn BufRead,
    number: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(file: &'a str, reader: &'a mut dyn BufRead) -> Self {
        Self {
            file,
            reader,
            number: 0,
        }
    }

    /// The next line that is not blank, without its line break; bytes that are no UTF-8 are replaced,
    /// since functions log what they like.
    ///
    /// # Errors
    /// When the reader fails or a line exceeds [`LINE_MAX`].
    pub(super) fn next(&mut self) -> Result<Option<String>, LogError> {
        loop {
            self.number += 1;
            let mut bytes = Vec::new();
            let mut limited = (&mut *self.reader).take(LINE_MAX + 1);
            if let Err(error) = limited.read_until(b'\n', &mut bytes) {
                return Err(self.error(
                    format!("the file cannot be read ({error})"),
                    "a whole, undamaged file",
                ));
            }
            if bytes.is_empty() {
                return Ok(None);
            }
            if crate::math::word(bytes.len()) > LINE_MAX {
                let what = format!("a line of more than {LINE_MAX} bytes");
                return Err(self.error(what, "one record a line"));
            }
            let text = String::from_utf8_lossy(&bytes);
            let text = if self.number == 1 {
                text.trim_start_matches('\u{feff}')
            } else {
                &text
            };
            let line = text.trim_end_matches(['\n', '\r']);
            if !line.trim().is_empty() {
                return Ok(Some(line.to_owned()));
            }
        }
    }

    /// Everything from a line that was read already to the end, as one text.
    ///
    /// # Errors
    /// When the reader fails or there are more than `limit` bytes.
    pub(super) fn rest(&mut self, first: String, limit: u64) -> Result<String, LogError> {
        let mut text = first;
        text.push('\n');
        let mut limited = (&mut *self.reader).take(limit + 1);
        let mut bytes = Vec::new();
        if let Err(error) = limited.read_to_end(&mut bytes) {
            return Err(self.error(
                format!("the file cannot be read ({error})"),
                "a whole, undamaged file",
            ));
        }
        if crate::math::word(text.len() + bytes.len()) > limit {
            return Err(LogError {
                file: self.file.to_owned(),
                line: None,
                what: format!("a JSON document of more than {limit} bytes"),
                expected: "a smaller one, or one record a line (`jq -c '.[]'`)".to_owned(),
            });
        }
        text.push_str(&String::from_utf8_lossy(&bytes));
        Ok(text)
    }

    /// An error at the line that was read last.
    pub(super) fn error(&self, what: String, expected: &str) -> LogError {
        LogError {
            file: self.file.to_owned(),
            line: Some(self.number.max(1)),
            what,
            expected: expected.to_owned(),
        }
    }
}

/// A time stamp in ms since 1970: RFC 3339 with a zone, or a date and time without one (UTC).
pub(super) fn instant(text: &str) -> Option<f64> {
    let text = text.trim();
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Some(milliseconds(stamp));
    }
    let civil: DateTime = text.parse().ok()?;
    let stamp = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(milliseconds(stamp))
}

fn milliseconds(stamp: Timestamp) -> f64 {
    let below = f64::from(stamp.subsec_nanosecond()) / 1e6;
    let seconds = stamp.as_second();
    let whole = crate::math::to_f64(seconds.unsigned_abs());
    (if seconds < 0 { -whole } else { whole }) * 1e3 + below
}

/// A time in ms from a JSON value: a time stamp, or a number of ms since 1970.
pub(super) fn instant_of(value: &serde_json::Value) -> Option<f64> {
    match value {
        serde_json::Value::String(text) => instant(text).or_else(|| epoch(text.parse().ok()?)),
        serde_json::Value::Number(number) => epoch(number.as_f64()?),
        _ => None,
    }
}

/// A number of seconds, ms, µs or ns since 1970, told apart by its size: all of them lie between 1973
/// and 5138 in their own unit.
pub(super) fn epoch(number: f64) -> Option<f64> {
    let scale = match number {
        n if !(n.is_finite() && n >= 1e8) => return None,
        n if n < 1e11 => 1e3,
        n if n < 1e14 => 1.0,
        n if n < 1e17 => 1e-3,
        _ => 1e-6,
    };
    Some(number * scale)
}

/// A finite number that is not negative.
pub(super) fn amount(text: &str) -> Option<f64> {
    let text = text.trim();
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The same from a JSON number or a number in a string.
pub(super) fn amount_of(value: &serde_json::Value) -> Option<f64> {
    match value {
        serde_json::Value::Number(number) => number.as_f64().filter(|value| *value >= 0.0),
        serde_json::Value::String(text) => amount(text),
        _ => None,
    }
}

/// A memory size in MB from a number of MB.
pub(super) fn megabytes(number: f64) -> Option<u32> {
    let rounded = crate::math::round_to_u64(number);
    u32::try_from(rounded)
        .ok()
        .filter(|mb| (1..=1 << 24).contains(mb))
}

/// The beginning of a text, made printable.
pub(super) fn shown(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    let dots = if start.len() < text.len() { "…" } else { "" };
    format!("`{}{dots}`", start.escape_debug())
}
