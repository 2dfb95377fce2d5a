//! Single requests of many functions, gathered row by row in any order.

use std::collections::BTreeMap;

use super::{MOST_FUNCTIONS, MOST_REQUESTS};
use crate::arrival::{ColdFlags, Recorded};
use crate::math::word;
use crate::units::{SimDuration, SimTime};

/// Set in a row's packed duration when the request was cold: durations need 62 bits.
const COLD: u64 = 1 << 63;

/// Times may lie this far from the first one that was read, so that any two are within the clock.
const FARTHEST: u64 = SimDuration::MAX.0 / 2;

/// One request as it was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    /// Its arrival in nanoseconds, counted from wherever the format counts.
    pub(super) time_ns: i64,
    /// Its duration; zero where the format has none.
    pub(super) duration: SimDuration,
    /// Whether it met a cold start; `false` where the format does not say it.
    pub(super) cold: bool,
}

/// Which parts of requests a trace records.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recording {
    pub(super) durations: bool,
    pub(super) cold: bool,
}

/// Requests by function, in order of the functions' first rows.
#[derive(Debug, Default)]
pub(super) struct Requests {
    places: BTreeMap<Vec<u8>, usize>,
    functions: Vec<FunctionRequests>,
    /// The function of the latest row: logs often have runs of one.
    latest: usize,
    total: u64,
    first_ns: i64,
    earliest_ns: i64,
    latest_ns: i64,
    latest_end_ns: i64,
}

#[derive(Debug, Default)]
struct FunctionRequests {
    key: Vec<u8>,
    /// (arrival, duration with the flag on top).
    rows: Vec<(i64, u64)>,
}

impl Requests {
    /// Adds a request of the function `key`.
    ///
    /// # Errors
    /// What is too much, and what would be possible, when there are too many functions or requests,
    /// or the time lies too far from the first one.
    pub(super) fn push(
        &mut self,
        key: &[u8],
        request: Request,
    ) -> Result<(), (&'static str, String)> {
        if self.total == MOST_REQUESTS {
            return Err(("too many requests", format!("at most {MOST_REQUESTS}")));
        }
        if self.total == 0 {
            self.first_ns = request.time_ns;
            self.earliest_ns = request.time_ns;
            self.latest_ns = request.time_ns;
            self.latest_end_ns = request.time_ns;
        }
        if request.time_ns.abs_diff(self.first_ns) > FARTHEST {
            let expected = "a time within 36 years of it".to_owned();
            return Err(("a time too far from the first row's", expected));
        }
        let place = self.place(key)?;
        let flag = if request.cold { COLD } else { 0 };
        let rows = &mut self.functions[place].rows;
        rows.push((request.time_ns, request.duration.0 | flag));
        self.latest = place;
        self.total += 1;
        self.earliest_ns = self.earliest_ns.min(request.time_ns);
        self.latest_ns = self.latest_ns.max(request.time_ns);
        let duration = i64::try_from(request.duration.0).unwrap_or(i64::MAX);
        let end = request.time_ns.saturating_add(duration);
        self.latest_end_ns = self.latest_end_ns.max(end);
        Ok(())
    }

    /// Notes that something of the trace went on until this instant.
    pub(super) fn extend_to(&mut self, instant_ns: i64) {
        self.latest_end_ns = self.latest_end_ns.max(instant_ns);
    }

    fn place(&mut self, key: &[u8]) -> Result<usize, (&'static str, String)> {
        let latest = self.functions.get(self.latest);
        if latest.is_some_and(|function| function.key == key) {
            return Ok(self.latest);
        }
        if let Some(place) = self.places.get(key) {
            return Ok(*place);
        }
        let place = self.functions.len();
        if place == MOST_FUNCTIONS {
            return Err(("too many functions", format!("at most {MOST_FUNCTIONS}")));
        }
        self.places.insert(key.to_owned(), place);
        self.functions.push(FunctionRequests {
            key: key.to_owned(),
            rows: Vec::new(),
        });
        Ok(place)
    }

    /// All requests.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The earliest arrival.
    pub(super) fn earliest_ns(&self) -> i64 {
        self.earliest_ns
    }

    /// The span from `zero_ns` to the last arrival or end, such that every arrival lies before it.
    pub(super) fn span_from(&self, zero_ns: i64) -> SimDuration {
        let end = self.latest_end_ns.max(self.latest_ns.saturating_add(1));
        let span = u64::try_from(end.saturating_sub(zero_ns)).unwrap_or(0);
        SimDuration(span.clamp(1, SimDuration::MAX.0))
    }

    /// Each function's key and requests in order of arrival, with `zero_ns` as time zero; what came
    /// before it comes at it. Requests of the same instant stay in the order of the rows.
    pub(super) fn recorded(
        self,
        zero_ns: i64,
        recording: Recording,
    ) -> impl Iterator<Item = (Vec<u8>, Recorded)> {
        self.functions.into_iter().filter_map(move |function| {
            let recorded = arranged(function.rows, zero_ns, recording);
            debug_assert!(recorded.is_some(), "rows are checked when they are added");
            Some((function.key, recorded?))
        })
    }
}

fn arranged(mut rows: Vec<(i64, u64)>, zero_ns: i64, recording: Recording) -> Option<Recorded> {
    rows.sort_by_key(|row| row.0);
    let times: Vec<SimTime> = rows
        .iter()
        .map(|row| SimTime(u64::try_from(row.0.saturating_sub(zero_ns)).unwrap_or(0)))
        .collect();
    let mut recorded = Recorded::at(times).ok()?;
    if recording.durations {
        let durations: Vec<_> = rows.iter().map(|row| SimDuration(row.1 & !COLD)).collect();
        recorded = recorded.with_durations(durations).ok()?;
    }
    if recording.cold {
        let cold: ColdFlags = rows.iter().map(|row| row.1 & COLD != 0).collect();
        recorded = recorded.with_cold(cold).ok()?;
    }
    debug_assert_eq!(recorded.total(), word(rows.len()));
    Some(recorded)
}
