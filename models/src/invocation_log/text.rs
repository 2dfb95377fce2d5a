//! AWS Lambda's text lines, whatever stands before them.
//!
//! Fields are found by their names, never by their places: the runtime interface emulator puts the
//! Init Duration first, some tools the Billed Restore Duration. Tabs or blanks separate them, and
//! fields may follow on lines of their own.

use super::sessions::{Event, Report, Sessions, What};
use super::source::{self, Lines, amount, instant};
use super::{Format, InitKind, InvocationLog, LogError, Omission, Status};

/// The names of fields. Longer names come before those that they contain.
const KEYS: [&str; 18] = [
    "Billed Restore Duration: ",
    "Runtime Version ARN: ",
    "Restore Duration: ",
    "Runtime Version: ",
    "Max Memory Used: ",
    "Billed Duration: ",
    "Init Duration: ",
    "XRAY TraceId: ",
    "Memory Size: ",
    "Error Type: ",
    "RequestId: ",
    "SegmentId: ",
    "Duration: ",
    "Sampled: ",
    "Version: ",
    "Status: ",
    "Phase: ",
    "Architecture: ",
];

/// The words that begin a line of the platform's own.
const MARKERS: [&str; 8] = [
    "INIT_REPORT ",
    "INIT_START ",
    "RESTORE_REPORT ",
    "RESTORE_START ",
    "REPORT RequestId: ",
    "START RequestId: ",
    "END RequestId: ",
    "EXTENSION\t",
];

/// A line taken apart: what stands before the marker, the marker, the fields.
struct Parsed<'a> {
    prefix: &'a str,
    marker: &'a str,
    fields: Vec<(&'static str, &'a str)>,
}

/// Reads text lines until the end.
///
/// # Errors
/// When a line is too long or a number of a report is none.
pub(super) fn read(first: String, lines: &mut Lines<'_>) -> Result<InvocationLog, LogError> {
    let mut log = InvocationLog {
        format: Some(Format::AwsText),
        ..InvocationLog::default()
    };
    let mut sessions = Sessions::default();
    let mut pending: Option<Event> = None;
    let mut next = Some(first);
    while let Some(line) = next {
        log.records += 1;
        match event(&line, lines)? {
            Some(found) => {
                if let Some(event) = pending.replace(found) {
                    sessions.take(event, &mut log, |what, expected| {
                        lines.error(what, expected)
                    })?;
                }
            }
            None => {
                // The platform's own lines that tell nothing here (`END`) are no other records.
                if !continued(&mut pending, &line, lines)? && parse(&line).is_none() {
                    log.omit(Omission::OtherRecord);
                }
            }
        }
        next = lines.next()?;
    }
    if let Some(event) = pending {
        sessions.take(event, &mut log, |what, expected| {
            lines.error(what, expected)
        })?;
    }
    Ok(log)
}

/// The event of a line; `None` for a line that is not the platform's.
pub(super) fn event(line: &str, lines: &Lines<'_>) -> Result<Option<Event>, LogError> {
    let Some(parsed) = parse(line) else {
        return Ok(None);
    };
    let what = match parsed.marker {
        "INIT_START " => What::InitStart {
            kind: None,
            runtime: parsed.text("Runtime Version: ").and_then(runtime),
            architecture: None,
            memory_mb: None,
        },
        "INIT_REPORT " => {
            let Some(ms) = parsed.ms("Init Duration: ", lines)? else {
                return Ok(None);
            };
            What::InitReport {
                kind: (parsed.text("Phase: ") == Some("restore")).then_some(InitKind::Restore),
                ms,
                status: parsed.status(Status::Success),
                in_invocation: parsed.text("Phase: ") == Some("invoke"),
            }
        }
        "RESTORE_REPORT " => {
            let Some(ms) = parsed.ms("Restore Duration: ", lines)? else {
                return Ok(None);
            };
            What::RestoreReport {
                ms,
                status: parsed.status(Status::Success),
            }
        }
        "START RequestId: " => What::Start,
        "REPORT RequestId: " => What::Report(Box::new(parsed.report(lines)?)),
        _ => return Ok(None),
    };
    let (time_ms, instance) = prefix(parsed.prefix);
    Ok(Some(Event {
        time_ms,
        instance,
        function: None,
        what,
    }))
}

/// Adds the fields of a line that continues a report; `false` when it does not.
pub(super) fn continued(
    pending: &mut Option<Event>,
    line: &str,
    lines: &Lines<'_>,
) -> Result<bool, LogError> {
    let Some(Event {
        what: What::Report(report),
        ..
    }) = pending
    else {
        return Ok(false);
    };
    let text = line.trim_start();
    if !KEYS.iter().any(|key| text.starts_with(key)) {
        return Ok(false);
    }
    let more = Parsed {
        prefix: "",
        marker: "",
        fields: fields(text),
    }
    .report(lines)?;
    let Report {
        duration_ms,
        billed_ms,
        memory_mb,
        max_memory_mb,
        init_ms,
        restore_ms,
        status,
        ..
    } = more;
    report.duration_ms = report.duration_ms.or(duration_ms);
    report.billed_ms = report.billed_ms.or(billed_ms);
    report.memory_mb = report.memory_mb.or(memory_mb);
    report.max_memory_mb = report.max_memory_mb.or(max_memory_mb);
    report.init_ms = report.init_ms.or(init_ms);
    report.restore_ms = report.restore_ms.or(restore_ms);
    if status != Status::Success {
        report.status = status;
    }
    Ok(true)
}

fn parse(line: &str) -> Option<Parsed<'_>> {
    let (at, marker) = MARKERS
        .iter()
        .filter_map(|marker| Some((line.find(marker)?, *marker)))
        // `REPORT RequestId` is also the end of no other marker, but `INIT_REPORT` holds `REPORT`.
        .min_by_key(|(at, _)| *at)?;
    let before = &line[..at];
    // In the middle of a word or a sentence it is the function's own text.
    if !before.is_empty() && !before.ends_with([' ', '\t', '"', '>']) {
        return None;
    }
    let words = before.split_whitespace().count();
    if words > 4 {
        return None;
    }
    let body = &line[at..];
    let fields = fields(
        body.strip_prefix(marker.trim_end_matches("RequestId: "))
            .unwrap_or(body),
    );
    Some(Parsed {
        prefix: before,
        marker,
        fields,
    })
}

/// The fields of a line: each value reaches to the next name.
fn fields(text: &str) -> Vec<(&'static str, &str)> {
    let mut found: Vec<(usize, &'static str)> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let starts = at == 0 || text[..at].ends_with([' ', '\t']);
        if starts && let Some(key) = KEYS.iter().find(|key| rest.starts_with(**key)) {
            found.push((at, key));
            at += key.len();
            continue;
        }
        at += rest.chars().next().map_or(1, char::len_utf8);
    }
    let ends = found.iter().skip(1).map(|next| next.0).chain([text.len()]);
    found
        .iter()
        .zip(ends)
        .map(|(&(start, key), end)| (key, text[start + key.len()..end].trim()))
        .collect()
}

impl<'a> Parsed<'a> {
    fn text(&self, key: &str) -> Option<&'a str> {
        let field = self.fields.iter().find(|field| field.0 == key)?;
        Some(field.1).filter(|text| !text.is_empty())
    }

    /// A number with the unit `ms` or `MB`.
    fn number(&self, key: &str, unit: &str, lines: &Lines<'_>) -> Result<Option<f64>, LogError> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        let number = text
            .split_whitespace()
            .next()
            .map(|word| word.trim_end_matches(unit));
        if let Some(value) = number.and_then(amount) {
            return Ok(Some(value));
        }
        let what = format!("{key}found {}", source::shown(text));
        Err(lines.error(what, &format!("a number of {unit}")))
    }

    fn ms(&self, key: &str, lines: &Lines<'_>) -> Result<Option<f64>, LogError> {
        self.number(key, "ms", lines)
    }

    fn status(&self, otherwise: Status) -> Status {
        match self.text("Status: ") {
            Some("timeout") => Status::Timeout,
            Some("success") => Status::Success,
            Some(_) => Status::Error,
            None => otherwise,
        }
    }

    fn report(&self, lines: &Lines<'_>) -> Result<Report, LogError> {
        Ok(Report {
            request: self.text("RequestId: ").map(str::to_owned),
            duration_ms: self.ms("Duration: ", lines)?,
            billed_ms: self.ms("Billed Duration: ", lines)?,
            memory_mb: self.number("Memory Size: ", "MB", lines)?,
            max_memory_mb: self.number("Max Memory Used: ", "MB", lines)?,
            init_ms: self.ms("Init Duration: ", lines)?,
            restore_ms: self.ms("Restore Duration: ", lines)?,
            status: self.status(Status::Success),
        })
    }
}

/// Time and log stream of what stands before a line: `aws logs tail` puts the time first, `sam logs`
/// the stream, an S3 export has the time alone, a console copy neither.
fn prefix(text: &str) -> (Option<f64>, Option<String>) {
    let (mut time, mut stream) = (None, None);
    for word in text.split_whitespace() {
        let is_stream = word.contains('[') && word.contains(']') && word.contains('/');
        if is_stream {
            stream = Some(word.to_owned());
        } else if time.is_none() {
            time = instant(word);
        }
    }
    (time, stream)
}

/// `python:3.12.v38` is python3.12; what is not so made stays as it is.
pub(super) fn runtime(version: &str) -> Option<String> {
    let version = version.split_whitespace().next()?;
    let Some((language, rest)) = version.split_once(':') else {
        return Some(version.to_owned());
    };
    let number = rest.split(".v").next().unwrap_or(rest);
    // AWS identifiers: nodejs22.x, provided.al2023.
    Some(match language {
        "nodejs" => format!("nodejs{number}.x"),
        "provided" => format!("provided.{number}"),
        _ => format!("{language}{number}"),
    })
}
