//! The table of durations: from percentiles of averages to a law.

use std::collections::BTreeMap;

use super::super::lines::{Lines, Row, shown};
use super::super::{MOST_FUNCTIONS, TraceError};
use super::Key;
use super::header::{KeyColumns, column, exactly};
use crate::law::Law;
use crate::math::{round_to_u64, to_f64};
use crate::units::SimDuration;

/// Probabilities of the law's points and the columns that hold their values, in ms.
const POINTS: [(f64, &str); 7] = [
    (0.0, "Minimum"),
    (0.01, "percentile_Average_1"),
    (0.25, "percentile_Average_25"),
    (0.5, "percentile_Average_50"),
    (0.75, "percentile_Average_75"),
    (0.99, "percentile_Average_99"),
    (1.0, "Maximum"),
];

/// # Errors
/// When the table is empty, misses a column, or a row is malformed or there twice.
pub(super) fn read(lines: &mut Lines<'_>) -> Result<BTreeMap<Key, Law>, TraceError> {
    let header = lines.header()?;
    let columns = header.fields().count();
    let keys = KeyColumns::find(header)?;
    let mut places = [0; POINTS.len()];
    for (place, (_, name)) in places.iter_mut().zip(POINTS) {
        *place = column(header, name)?;
    }
    let mut laws = BTreeMap::new();
    while let Some(row) = lines.next()? {
        let fields = exactly(row, columns)?;
        let key = keys.read(row, &fields)?;
        let law = law(row, &fields, places)?;
        if laws.insert(key, law).is_some() {
            let name = shown(fields[keys.function]);
            return Err(row.error(
                Some(keys.function),
                format!("the function `{name}` stands here a second time"),
                "one row a function",
            ));
        }
        if laws.len() > MOST_FUNCTIONS {
            return Err(row.error(
                None,
                format!("more than {MOST_FUNCTIONS} functions"),
                "a smaller table",
            ));
        }
    }
    Ok(laws)
}

/// The law through the points, each raised to the one before it where they fall.
fn law(row: Row<'_>, fields: &[&[u8]], places: [usize; 7]) -> Result<Law, TraceError> {
    let mut highest = SimDuration::ZERO;
    let mut points = [(0.0, SimDuration::ZERO); POINTS.len()];
    for (point, ((probability, _), place)) in points.iter_mut().zip(POINTS.into_iter().zip(places))
    {
        let nanos = row.number(place, fields[place])? * 1e6;
        if nanos > to_f64(SimDuration::MAX.0) {
            return Err(row.error(
                Some(place),
                format!("found `{}`", shown(fields[place])),
                "a duration in milliseconds below 73 years",
            ));
        }
        highest = highest.max(SimDuration(round_to_u64(nanos)));
        *point = (probability, highest);
    }
    Law::empirical(&points)
        .map_err(|error| row.error(None, error.to_string(), "rising percentiles"))
}
