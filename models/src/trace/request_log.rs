//! Reader of request logs: any table of comma-separated values with a row a request, its columns
//! told by name.
//!
//! | column | what it says |
//! |---|---|
//! | `time` | when the request arrived; the only one that must be there |
//! | `end` | when its response came |
//! | `duration` | how long the function took, without any wait for an instance to start |
//! | `function` | which function it was for |
//! | `cold` | whether it met a cold start: `true`, `1`, `yes` or `cold`, or their opposites |
//!
//! Times are plain numbers in a unit, or dates (RFC 3339; without an offset they are UTC). Fields may
//! be quoted (RFC 4180). Rows may come in any order. The first request arrives at time zero.
//!
//! ```
//! use frostline_models::trace::Table;
//! use frostline_models::trace::request_log::{Columns, read};
//!
//! let mut rows = "at,name,took,is_cold\n7.5,\"a, b\",80,False\n7,c,900,True\n".as_bytes();
//! let columns = Columns {
//!     function: Some("name".to_owned()),
//!     cold: Some("is_cold".to_owned()),
//!     ..Columns::timed_by("at")
//! };
//! let trace = read(Table { name: "log.csv", lines: &mut rows }, &columns)?;
//! assert_eq!(trace.requests(), 2);
//! assert_eq!(trace.functions[0].name, "a, b");
//! # Ok::<(), frostline_models::trace::TraceError>(())
//! ```

use csv::ByteRecord;

use super::instant::{TimeUnit, date, decimal};
use super::lines::shown;
use super::quoted::Records;
use super::requests::{Recording, Request, Requests};
use super::{LONGEST_NAME, Table, Trace, TraceError, TraceFunction};
use crate::arrival::Arrivals;
use crate::units::SimDuration;

/// The name of the format in scenario files and on the command line.
pub const FORMAT: &str = "request-log";

/// What the only function is called where no column names functions.
const UNNAMED: &str = "requests";

/// Which columns say what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The column with the time of arrival.
    pub time: String,
    /// The column with the time of the response.
    pub end: Option<String>,
    /// The column with the duration.
    pub duration: Option<String>,
    /// The column with the function's name; without it all requests are one function's.
    pub function: Option<String>,
    /// The column that says whether the start was cold.
    pub cold: Option<String>,
    /// The unit of times that are plain numbers.
    pub time_unit: TimeUnit,
    /// The unit of durations.
    pub duration_unit: TimeUnit,
}

impl Columns {
    /// Times alone, in seconds.
    pub fn timed_by(column: &str) -> Self {
        Self {
            time: column.to_owned(),
            end: None,
            duration: None,
            function: None,
            cold: None,
            time_unit: TimeUnit::Seconds,
            duration_unit: TimeUnit::Seconds,
        }
    }

    /// The columns that the keys of a scenario file name. Without `duration-unit` durations have the
    /// unit of times; without `time-unit` times are seconds.
    ///
    /// # Errors
    /// A lower-case fragment, when `time` is missing or a key or unit is not known.
    pub fn from_options(options: &[(String, String)]) -> Result<Self, String> {
        let mut columns = Self::timed_by("");
        let mut duration_unit = None;
        let unit = |key: &str, text: &str| {
            let unknown = || format!("found `{key} = {text}`, expected ns, us, ms or s");
            TimeUnit::parse(text).ok_or_else(unknown)
        };
        for (key, text) in options {
            match key.as_str() {
                "time" => columns.time.clone_from(text),
                "end" => columns.end = Some(text.clone()),
                "duration" => columns.duration = Some(text.clone()),
                "function" => columns.function = Some(text.clone()),
                "cold" => columns.cold = Some(text.clone()),
                "time-unit" => columns.time_unit = unit(key, text)?,
                "duration-unit" => duration_unit = Some(unit(key, text)?),
                _ => {
                    return Err(format!(
                        "found the key `{key}`, expected a column of the log"
                    ));
                }
            }
        }
        if columns.time.is_empty() {
            return Err("no column is named for times, expected `time`".to_owned());
        }
        columns.duration_unit = duration_unit.unwrap_or(columns.time_unit);
        Ok(columns)
    }
}

/// Reads a log.
///
/// # Errors
/// [`TraceError`] when the table is empty, misses a column, or has a row that is too long, has
/// other than the header's columns, or a value that is not what its column says; when a request
/// ends before it arrives; when there is no request, or more than the limits of
/// [the readers](super).
pub fn read(table: Table<'_>, columns: &Columns) -> Result<Trace, TraceError> {
    let Table { name, lines } = table;
    let mut records = Records::new(name, lines);
    let places = Places::find(&mut records, columns)?;
    let mut requests = Requests::default();
    let mut told = Told::default();
    let mut record = ByteRecord::new();
    while records.read(&mut record)? {
        let row = Row {
            records: &records,
            record: &record,
            columns,
        };
        let (request, end_ns) = row.request(&places, &mut told)?;
        let name = match places.function {
            Some(place) => row.name(place)?,
            None => UNNAMED.as_bytes(),
        };
        requests
            .push(name, request)
            .map_err(|(what, expected)| records.error(None, what.to_owned(), &expected))?;
        if let Some(end_ns) = end_ns {
            requests.extend_to(end_ns);
        }
    }
    if requests.total() == 0 {
        let what = "no row below the header".to_owned();
        return Err(records.error(None, what, "at least one request"));
    }
    let zero_ns = requests.earliest_ns();
    let recording = Recording {
        durations: places.duration.or(places.end).is_some(),
        cold: places.cold.is_some(),
    };
    let duration = requests.span_from(zero_ns);
    let functions = requests.recorded(zero_ns, recording);
    let functions = functions.map(|(key, recorded)| TraceFunction {
        name: String::from_utf8_lossy(&key).into_owned(),
        trigger: None,
        arrivals: Arrivals::Recorded(recorded),
        duration: None,
        memory: None,
        init: None,
    });
    Ok(Trace {
        format: FORMAT.to_owned(),
        duration,
        functions: functions.collect(),
        assumptions: told.assumptions(columns),
    })
}

/// Where the columns stand, from 0.
struct Places {
    time: usize,
    end: Option<usize>,
    duration: Option<usize>,
    function: Option<usize>,
    cold: Option<usize>,
}

impl Places {
    fn find(records: &mut Records<'_>, columns: &Columns) -> Result<Self, TraceError> {
        let header = records.header()?;
        let find = |name: &str| {
            let mut named = (0..header.len()).filter(|place| &header[*place] == name.as_bytes());
            match (named.next(), named.next()) {
                (Some(place), None) => Ok(place),
                (Some(_), Some(again)) => Err(records.error(
                    Some(again),
                    format!("the column `{name}` stands here a second time"),
                    "a header with one column of that name",
                )),
                (None, _) => {
                    let there = header.iter().take(12).map(shown).collect::<Vec<_>>();
                    Err(records.error(
                        None,
                        format!("the column `{name}` is missing"),
                        &format!("one of the header's: {}", there.join(", ")),
                    ))
                }
            }
        };
        let maybe = |name: &Option<String>| name.as_deref().map(find).transpose();
        Ok(Self {
            time: find(&columns.time)?,
            end: maybe(&columns.end)?,
            duration: maybe(&columns.duration)?,
            function: maybe(&columns.function)?,
            cold: maybe(&columns.cold)?,
        })
    }
}

/// What was met on the way and must be told.
#[derive(Default)]
struct Told {
    dates_without_offset: bool,
}

impl Told {
    fn assumptions(&self, columns: &Columns) -> Vec<String> {
        let mut sentences = vec!["time zero is the arrival of the first request.".to_owned()];
        if columns.function.is_none() {
            sentences.push(format!(
                "all requests are those of one function, called `{UNNAMED}`."
            ));
        }
        if self.dates_without_offset {
            sentences.push("dates without an offset are UTC.".to_owned());
        }
        match (&columns.duration, &columns.end) {
            (Some(duration), _) => sentences.push(format!(
                "the column `{duration}` holds no wait for an instance to start."
            )),
            (None, Some(end)) => sentences.push(format!(
                "durations are `{end}` less `{}`; what a recorded cold start took is part of them.",
                columns.time
            )),
            (None, None) => {
                sentences.push("durations are those of the function defaults.".to_owned());
            }
        }
        sentences
    }
}

/// A row and what its columns mean.
struct Row<'r, 'a> {
    records: &'r Records<'a>,
    record: &'r ByteRecord,
    columns: &'r Columns,
}

impl<'r> Row<'r, '_> {
    /// The request, and when its response came.
    fn request(
        &self,
        places: &Places,
        told: &mut Told,
    ) -> Result<(Request, Option<i64>), TraceError> {
        let time_ns = self.time(places.time, told)?;
        let end_ns = match places.end {
            Some(place) => Some(self.end(place, time_ns, told)?),
            None => None,
        };
        let duration = match (places.duration, end_ns) {
            (Some(place), _) => self.duration(place)?,
            (None, Some(end_ns)) => SimDuration(end_ns.abs_diff(time_ns)),
            (None, None) => SimDuration::ZERO,
        };
        let cold = match places.cold {
            Some(place) => self.flag(place)?,
            None => false,
        };
        let request = Request {
            time_ns,
            duration,
            cold,
        };
        Ok((request, end_ns))
    }

    fn time(&self, place: usize, told: &mut Told) -> Result<i64, TraceError> {
        let field = self.record[place].trim_ascii();
        if let Some(time_ns) = decimal(field, self.columns.time_unit) {
            return Ok(time_ns);
        }
        if let Some((time_ns, has_offset)) = date(field) {
            told.dates_without_offset |= !has_offset;
            return Ok(time_ns);
        }
        let unit = self.columns.time_unit.name();
        let expected =
            format!("a number in {unit} below 2⁶³ ns, or a date such as 2026-01-05T08:00:00Z");
        Err(self.wrong(place, &expected))
    }

    fn end(&self, place: usize, time_ns: i64, told: &mut Told) -> Result<i64, TraceError> {
        let end_ns = self.time(place, told)?;
        if end_ns < time_ns {
            return Err(self.wrong(place, "a time at or after the arrival"));
        }
        if end_ns.abs_diff(time_ns) > SimDuration::MAX.0 {
            return Err(self.wrong(place, "a time within 73 years of the arrival"));
        }
        Ok(end_ns)
    }

    fn duration(&self, place: usize) -> Result<SimDuration, TraceError> {
        let unit = self.columns.duration_unit;
        let nanoseconds = decimal(self.record[place].trim_ascii(), unit);
        let duration = nanoseconds.and_then(|span| u64::try_from(span).ok());
        let duration = duration.filter(|span| *span <= SimDuration::MAX.0);
        duration.map(SimDuration).ok_or_else(|| {
            let expected = format!("a duration in {} from 0 to 73 years", unit.name());
            self.wrong(place, &expected)
        })
    }

    fn flag(&self, place: usize) -> Result<bool, TraceError> {
        let field = self.record[place].trim_ascii();
        let is = |words: [&str; 4]| {
            let mut words = words.iter();
            words.any(|word| field.eq_ignore_ascii_case(word.as_bytes()))
        };
        if is(["true", "1", "yes", "cold"]) {
            Ok(true)
        } else if is(["false", "0", "no", "warm"]) {
            Ok(false)
        } else {
            Err(self.wrong(place, "true or false, 1 or 0, yes or no, cold or warm"))
        }
    }

    fn name(&self, place: usize) -> Result<&'r [u8], TraceError> {
        let field = self.record[place].trim_ascii();
        let text = std::str::from_utf8(field).unwrap_or_default();
        if text.is_empty() || text.len() > LONGEST_NAME || text.contains(char::is_control) {
            let expected =
                format!("a name of 1 to {LONGEST_NAME} bytes without control characters");
            return Err(self.wrong(place, &expected));
        }
        Ok(field)
    }

    #[cold]
    fn wrong(&self, place: usize, expected: &str) -> TraceError {
        let what = format!("found `{}`", shown(&self.record[place]));
        self.records.error(Some(place), what, expected)
    }
}
