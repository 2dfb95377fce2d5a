//! Numbers as people read them: three significant digits, separators, ± instead of two ends.

use frostline_models::units::significant;
use frostline_stats::estimate::{Estimate, Method};

/// A count with separators: `2,592,123`.
pub(crate) fn count(value: u64) -> String {
    separated(&value.to_string())
}

/// Three significant digits with separators: `0.00133`, `12.3`, `1,235`.
pub(crate) fn number(value: f64) -> String {
    let text = significant(value);
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction}", separated(whole)),
        None => separated(&text),
    }
}

/// An optional point: `-` where nothing was seen.
pub(crate) fn point(estimate: Option<&Estimate>) -> String {
    estimate.map_or_else(|| "-".to_owned(), |estimate| number(estimate.point))
}

/// A point with the half-width of its interval, `0.133 ±0.004`; a bound as `<0.0012` or `>93.1`.
pub(crate) fn with_interval(estimate: &Estimate) -> String {
    match (estimate.method, estimate.low, estimate.high) {
        (Method::UpperBound, _, Some(high)) => return format!("<{}", number(high)),
        (Method::LowerBound, Some(low), _) => return format!(">{}", number(low)),
        _ => {}
    }
    match half_width(estimate) {
        Some(half) => format!("{} ±{}", number(estimate.point), uncertainty(half)),
        None => number(estimate.point),
    }
}

/// The longer of the two sides, where an end was cut off at a limit.
fn half_width(estimate: &Estimate) -> Option<f64> {
    let below = estimate.point - estimate.low?;
    let above = estimate.high? - estimate.point;
    Some(below.max(above))
}

/// Two significant digits suffice for an uncertainty.
pub(crate) fn uncertainty(half: f64) -> String {
    if half >= 100.0 || half <= 0.0 {
        return number(half);
    }
    let magnitude = (0..12)
        .find(|&digits| half * 10_f64.powi(digits) >= 1.0)
        .unwrap_or(12);
    let digits = usize::try_from(magnitude).unwrap_or(0);
    let digits = if half >= 10.0 { 0 } else { digits + 1 };
    let text = format!("{half:.digits$}");
    if text.contains('.') {
        let text = text.trim_end_matches('0').trim_end_matches('.');
        return text.to_owned();
    }
    text
}

fn separated(digits: &str) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{sign}{digits}");
    }
    let mut text = String::from(sign);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_numbers_are_separated() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(3_037_902), "3,037,902");
        assert_eq!(number(1234.5), "1,234");
        assert_eq!(number(-0.001_329_4), "-0.00133");
        assert_eq!(number(f64::NAN), "NaN");
    }

    #[test]
    fn an_uncertainty_has_two_digits() {
        for (half, text) in [
            (0.003_87, "0.0039"),
            (1.26, "1.3"),
            (12.6, "13"),
            (1260.0, "1,260"),
        ] {
            assert_eq!(uncertainty(half), text);
        }
    }
}
