//! JSON: one record a line, or one document whose shape tells what it is.

use serde_json::Value;

use super::sessions::{Event, Sessions};
use super::source::{Lines, amount_of, instant, instant_of, megabytes};
use super::{
    DOCUMENT_MAX, Format, INVOCATIONS_MAX, InitKind, InvocationLog, LogError, LoggedInit,
    LoggedInvocation, Omission, google, insights, otlp, performance, platform, requests, table,
    text,
};

/// Reads JSON from the first line to the end.
///
/// # Errors
/// When a line or the document is no JSON, or of no known shape.
pub(super) fn read(
    first: String,
    lines: &mut Lines<'_>,
    format: Option<Format>,
) -> Result<InvocationLog, LogError> {
    let mut reader = Reader {
        format,
        ..Reader::default()
    };
    if let Ok(value) = serde_json::from_str::<Value>(&first) {
        reader.value(value, lines)?;
        while let Some(line) = lines.next()? {
            match serde_json::from_str::<Value>(&line) {
                Ok(value) => reader.value(value, lines)?,
                // A function may print anything between the platform's records.
                Err(_) if !line.starts_with(['{', '[']) => reader.log.omit(Omission::OtherRecord),
                Err(error) => {
                    let what = format!("a line that is no JSON ({error})");
                    return Err(lines.error(what, "one JSON record a line"));
                }
            }
        }
    } else {
        let whole = lines.rest(first, DOCUMENT_MAX)?;
        let value = serde_json::from_str::<Value>(&whole).map_err(|error| LogError {
            line: Some(crate::math::word(error.line())),
            ..lines.error(format!("text that is no JSON ({error})"), "a JSON document")
        })?;
        reader.value(value, lines)?;
    }
    Ok(reader.finish())
}

/// What is read of records that may be of several kinds.
#[derive(Debug, Default)]
struct Reader {
    format: Option<Format>,
    log: InvocationLog,
    sessions: Sessions,
    requests: requests::Requests,
}

impl Reader {
    /// Takes a document or a record.
    fn value(&mut self, value: Value, lines: &Lines<'_>) -> Result<(), LogError> {
        if self.log.invocations.len() >= INVOCATIONS_MAX {
            let what = format!("more than {INVOCATIONS_MAX} invocations");
            return Err(lines.error(what, "a log of a shorter time"));
        }
        match value {
            Value::Array(items) => {
                // Logs Insights writes a row as a list of fields.
                if items
                    .first()
                    .is_some_and(|item| item.get("field").is_some())
                {
                    self.row(&items);
                    return Ok(());
                }
                for item in items {
                    self.value(item, lines)?;
                }
                Ok(())
            }
            Value::Object(_) => self.object(&value, lines),
            _ => {
                self.log.omit(Omission::OtherRecord);
                Ok(())
            }
        }
    }

    fn object(&mut self, object: &Value, lines: &Lines<'_>) -> Result<(), LogError> {
        let list = |key: &str| object.get(key).and_then(Value::as_array);
        if let Some(events) = list("events").or_else(|| list("logEvents")) {
            self.found(Format::CloudwatchEvents);
            for event in events {
                self.message(event, lines)?;
            }
            return Ok(());
        }
        if let Some(rows) = list("results") {
            for row in rows {
                self.value(row.clone(), lines)?;
            }
            return Ok(());
        }
        self.log.records += 1;
        if list("resourceSpans").is_some() || list("resourceMetrics").is_some() {
            self.found(Format::Otlp);
            otlp::read(object, &mut self.log);
        } else if list("timeSeries").is_some() || object.get("points").is_some() {
            self.found(Format::CloudRun);
            google::read_series(object, &mut self.log);
        } else if object.get("httpRequest").is_some() {
            let format = google::request_format(object);
            self.found(format);
            self.requests.take(object, &mut self.log);
        } else if platform::is_event(object) {
            self.found(Format::AwsJson);
            self.event(platform::event(object), None, lines)?;
        } else if performance::is_event(object) {
            self.found(Format::LambdaInsights);
            self.take(performance::invocation(object));
        } else if object.get("message").is_some() && object.get("timestamp").is_some() {
            self.found(Format::CloudwatchEvents);
            self.message(object, lines)?;
        } else if object.get("i").is_some_and(Value::is_array) && object.get("r").is_some() {
            self.found(Format::LambdaPerf);
            lambda_perf(object, &mut self.log);
        } else if insights::MARKS
            .iter()
            .any(|mark| object.get(*mark).is_some())
        {
            self.found(Format::LogsInsights);
            let cell = |name: &str| object.get(name).and_then(as_text);
            self.take(insights::invocation(cell));
        } else {
            self.log.omit(Omission::OtherRecord);
        }
        Ok(())
    }

    /// A log event of `CloudWatch`: its message is a line or an event.
    fn message(&mut self, event: &Value, lines: &Lines<'_>) -> Result<(), LogError> {
        self.log.records += 1;
        let Some(message) = event.get("message").and_then(Value::as_str) else {
            self.log.omit(Omission::OtherRecord);
            return Ok(());
        };
        let found = match serde_json::from_str::<Value>(message) {
            Ok(inner) if performance::is_event(&inner) => {
                self.take(performance::invocation(&inner));
                return Ok(());
            }
            Ok(inner) if inner.is_object() => platform::event(&inner),
            _ => {
                let mut found = None;
                for line in message.lines() {
                    match text::event(line, lines)? {
                        Some(event) => found = Some(event),
                        None => {
                            text::continued(&mut found, line, lines)?;
                        }
                    }
                }
                found
            }
        };
        let outer = Event {
            time_ms: event.get("timestamp").and_then(instant_of),
            instance: event.get("logStreamName").and_then(as_text),
            function: event
                .get("logGroupName")
                .or_else(|| event.get("logGroup"))
                .and_then(as_text),
            what: super::sessions::What::Start,
        };
        self.event(found, Some(outer), lines)
    }

    fn event(
        &mut self,
        event: Option<Event>,
        outer: Option<Event>,
        lines: &Lines<'_>,
    ) -> Result<(), LogError> {
        let Some(mut event) = event else {
            self.log.omit(Omission::OtherRecord);
            return Ok(());
        };
        if let Some(outer) = outer {
            event.time_ms = event.time_ms.or(outer.time_ms);
            event.instance = outer.instance.or(event.instance);
            event.function = event.function.or(outer.function);
        }
        self.sessions.take(event, &mut self.log, |what, expected| {
            lines.error(what, expected)
        })
    }

    fn row(&mut self, fields: &[Value]) {
        self.found(Format::LogsInsights);
        self.log.records += 1;
        let cell = |name: &str| {
            let is = |field: &&Value| field.get("field").and_then(Value::as_str) == Some(name);
            fields.iter().find(is)?.get("value").and_then(as_text)
        };
        self.take(insights::invocation(cell));
    }

    fn take(&mut self, invocation: Option<LoggedInvocation>) {
        match invocation {
            Some(invocation) => self.log.invocations.push(invocation),
            None => self.log.omit(Omission::OtherRecord),
        }
    }

    /// Notes the format of the first record that has one.
    fn found(&mut self, format: Format) {
        self.log.format = self.log.format.or(self.format).or(Some(format));
    }

    fn finish(mut self) -> InvocationLog {
        self.requests.finish(&mut self.log);
        self.log
    }
}

/// A cell as text; empty ones are none.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A result of maxday/lambda-perf: runtime `r`, package `p`, day `d`, inits `i` in ms, memory `m` in MB,
/// architecture `a`, most memory used `mu`, mean warm duration `ad`.
fn lambda_perf(object: &Value, log: &mut InvocationLog) {
    let text = |key: &str| object.get(key).and_then(as_text);
    let number = |key: &str| object.get(key).and_then(amount_of);
    let end_ms =
        text("d").and_then(|day| instant(&day).or_else(|| instant(&format!("{day}T00:00:00Z"))));
    let inits = object.get("i").and_then(Value::as_array);
    for init in inits.into_iter().flatten() {
        let Some(ms) = amount_of(init) else {
            log.omit(Omission::NoTime);
            continue;
        };
        log.invocations.push(LoggedInvocation {
            end_ms,
            init: Some(LoggedInit {
                kind: InitKind::OnDemand,
                ms,
                cut_off: false,
            }),
            cold: Some(true),
            memory_mb: number("m").and_then(megabytes),
            max_memory_mb: number("mu"),
            runtime: text("r"),
            architecture: text("a").as_deref().and_then(table::architecture),
            package: text("p").as_deref().and_then(table::package),
            ..LoggedInvocation::default()
        });
    }
}
