//! Reads single values out of nodes. A value of the wrong kind reads as `None`; the check has told
//! why, so nobody who reads has to.

use jiff::civil::Date;

use crate::math::to_f64;
use crate::units::{Bytes, Memory, Quota, Rate, SimDuration, parse_share};

use super::tree::{Node, Value};

pub(crate) fn duration(node: &Node) -> Option<SimDuration> {
    SimDuration::parse(node.text()?).ok()
}

pub(crate) fn memory(node: &Node) -> Option<Memory> {
    Memory::parse(node.text()?).ok()
}

pub(crate) fn bytes(node: &Node) -> Option<Bytes> {
    Bytes::parse(node.text()?).ok()
}

pub(crate) fn rate(node: &Node) -> Option<Rate> {
    Rate::parse(node.text()?).ok()
}

pub(crate) fn quota(node: &Node) -> Option<Quota> {
    Quota::parse(node.text()?).ok()
}

pub(crate) fn share(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Text(text) => parse_share(text).ok(),
        _ => number(node).filter(|share| (0.0..=1.0).contains(share)),
    }
}

pub(crate) fn count(node: &Node) -> Option<u64> {
    match node.value {
        Value::Integer(value) => u64::try_from(value).ok(),
        _ => None,
    }
}

pub(crate) fn small_count(node: &Node) -> Option<u32> {
    u32::try_from(count(node)?).ok()
}

pub(crate) fn number(node: &Node) -> Option<f64> {
    match node.value {
        Value::Float(value) => Some(value),
        Value::Integer(value) => {
            let size = to_f64(value.unsigned_abs());
            Some(if value < 0 { -size } else { size })
        }
        _ => None,
    }
}

pub(crate) fn flag(node: &Node) -> Option<bool> {
    match node.value {
        Value::Boolean(value) => Some(value),
        _ => None,
    }
}

/// A string or a date as it is written.
pub(crate) fn written(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) | Value::Datetime(text) => Some(text),
        _ => None,
    }
}

/// A day of the years 1900 to 2999.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    let date: Date = text.parse().ok()?;
    (text.len() == 10 && (1900..3000).contains(&date.year())).then_some(date)
}
