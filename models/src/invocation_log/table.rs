//! Tables with named columns: lambda-perf's results, Logs Insights, and anything that people export.

use std::collections::BTreeMap;

use super::source::{Lines, amount, epoch, instant, megabytes, shown};
use super::{
    Format, INVOCATIONS_MAX, InitKind, InvocationLog, LogError, LoggedInit, LoggedInvocation,
    Omission, insights,
};
use crate::scenario::{Architecture, PackageKind};

/// Lines that one quoted cell may span.
const CELL_LINES_MAX: usize = 1_000;

/// What a column means, and the names by which it is known.
const ROLES: [(&str, &[&str]); 13] = [
    (
        "init",
        &[
            "init",
            "init_ms",
            "init_s",
            "init_us",
            "init_duration",
            "init_duration_ms",
            "startup_ms",
            "cold_start_ms",
        ],
    ),
    (
        "duration",
        &[
            "duration",
            "duration_ms",
            "duration_s",
            "duration_us",
            "aws_duration",
            "execution_ms",
            "elapsed_ms",
        ],
    ),
    (
        "end",
        &[
            "end",
            "end_time",
            "end_timestamp",
            "client_end_time",
            "timestamp",
            "time",
            "date",
            "day",
        ],
    ),
    (
        "start",
        &[
            "start",
            "start_time",
            "start_timestamp",
            "client_start_time",
        ],
    ),
    ("cold", &["cold", "is_cold", "cold_start", "coldstart"]),
    (
        "instance",
        &[
            "instance",
            "instance_id",
            "container_id",
            "log_stream",
            "pod",
            "pod_name",
        ],
    ),
    (
        "function",
        &["function", "function_name", "func", "service", "name"],
    ),
    ("request", &["request", "request_id", "invocation_id"]),
    (
        "memory",
        &["memory", "memory_mb", "memory_size", "memory_size_mb"],
    ),
    (
        "max-memory",
        &[
            "max_memory",
            "max_memory_mb",
            "max_mem_used_mb",
            "aws_max_mem",
        ],
    ),
    ("runtime", &["runtime"]),
    ("architecture", &["architecture", "arch"]),
    ("package", &["package", "package_type"]),
];

/// Names that a table's columns have instead of those that are known: `init=boot_ms`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    named: BTreeMap<&'static str, String>,
}

impl Columns {
    /// Adds `ROLE=NAME`.
    ///
    /// # Errors
    /// A message when the text is not of this form or the role is unknown.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let roles = || ROLES.map(|role| role.0).join(", ");
        let (role, name) = text
            .split_once('=')
            .filter(|(_, name)| !name.is_empty())
            .ok_or_else(|| {
                format!(
                    "found `{text}`, expected ROLE=NAME with a role of {}",
                    roles()
                )
            })?;
        let known = ROLES.iter().find(|known| known.0 == role);
        let (role, _) =
            known.ok_or_else(|| format!("no role `{role}`, expected one of {}", roles()))?;
        self.named.insert(role, name.to_owned());
        Ok(())
    }
}

/// Whether a line is the header of a table that is known here.
pub(super) fn is_header(line: &str) -> bool {
    let names = split(line);
    let times = ROLES[..2].iter().flat_map(|role| role.1);
    let known = |name: &String| {
        let lower = name.to_lowercase();
        insights::MARKS.contains(&name.as_str()) || times.clone().any(|known| *known == lower)
    };
    names.len() > 1 && names.iter().any(known)
}

/// Reads a table of Logs Insights or of lambda-perf, or another whose columns have known names.
///
/// # Errors
/// As [`read`].
pub(super) fn read_known(
    header: &str,
    lines: &mut Lines<'_>,
    format: Option<Format>,
    columns: &Columns,
) -> Result<InvocationLog, LogError> {
    let names = split(header);
    let is_insights = names
        .iter()
        .any(|name| insights::MARKS.contains(&name.as_str()));
    if is_insights {
        return read_insights(&names, lines);
    }
    let mut log = read(header, lines, columns)?;
    let is_lambda_perf =
        names.iter().any(|name| name == "init_ms") && names.iter().any(|name| name == "runtime");
    log.format = match format {
        Some(format) => Some(format),
        None if is_lambda_perf => Some(Format::LambdaPerf),
        None => Some(Format::Csv),
    };
    Ok(log)
}

fn read_insights(names: &[String], lines: &mut Lines<'_>) -> Result<InvocationLog, LogError> {
    let mut log = InvocationLog {
        format: Some(Format::LogsInsights),
        ..InvocationLog::default()
    };
    while let Some(cells) = row(lines)? {
        log.records += 1;
        let cell = |wanted: &str| {
            let index = names.iter().position(|name| name == wanted)?;
            cells.get(index).filter(|cell| !cell.is_empty()).cloned()
        };
        match insights::invocation(cell) {
            Some(invocation) => push(&mut log, invocation, lines)?,
            None => log.omit(Omission::OtherRecord),
        }
    }
    Ok(log)
}

/// A column: where it stands, and what turns its numbers into ms.
#[derive(Debug, Clone, Copy)]
struct Column {
    index: usize,
    scale: f64,
}

/// Reads a table whose first line names the columns. Times are in ms unless the name ends in `_s`,
/// `_us` or `_ns`; several inits in one cell are separated by semicolons.
///
/// # Errors
/// When a column that was named does not exist, a cell is not what its column asks for, or no column
/// tells an init or a duration.
pub(super) fn read(
    header: &str,
    lines: &mut Lines<'_>,
    columns: &Columns,
) -> Result<InvocationLog, LogError> {
    let names = split(header);
    let found = roles(&names, columns, lines)?;
    if !found.contains_key("init") && !found.contains_key("duration") {
        return Err(lines.error(
            format!("found the columns {}", shown(header)),
            "a column `init_ms` or `duration_ms`, or `--column init=NAME`",
        ));
    }
    let mut log = InvocationLog {
        format: Some(Format::Csv),
        ..InvocationLog::default()
    };
    while let Some(cells) = row(lines)? {
        log.records += 1;
        if cells.len() != names.len() {
            let what = format!("{} cells", cells.len());
            return Err(lines.error(what, &format!("{} as in the header", names.len())));
        }
        let row = Row {
            cells: &cells,
            columns: &found,
            lines,
        };
        for invocation in row.invocations()? {
            push(&mut log, invocation, lines)?;
        }
    }
    Ok(log)
}

fn push(
    log: &mut InvocationLog,
    invocation: LoggedInvocation,
    lines: &Lines<'_>,
) -> Result<(), LogError> {
    if log.invocations.len() >= INVOCATIONS_MAX {
        let what = format!("more than {INVOCATIONS_MAX} invocations");
        return Err(lines.error(what, "a log of a shorter time"));
    }
    log.invocations.push(invocation);
    Ok(())
}

fn roles(
    names: &[String],
    columns: &Columns,
    lines: &Lines<'_>,
) -> Result<BTreeMap<&'static str, Column>, LogError> {
    let mut found = BTreeMap::new();
    for (role, known) in ROLES {
        let index = match columns.named.get(role) {
            Some(wanted) => {
                let index = names.iter().position(|name| name == wanted);
                let what = || format!("no column `{wanted}`");
                let expected = || format!("one of {}", names.join(", "));
                Some(index.ok_or_else(|| lines.error(what(), &expected()))?)
            }
            None => known.iter().find_map(|known| {
                names
                    .iter()
                    .position(|name| name.eq_ignore_ascii_case(known))
            }),
        };
        if let Some(index) = index {
            let scale = match names[index].rsplit('_').next() {
                Some("s") => 1e3,
                Some("us") => 1e-3,
                Some("ns") => 1e-6,
                _ => 1.0,
            };
            found.insert(role, Column { index, scale });
        }
    }
    Ok(found)
}

struct Row<'a, 'b> {
    cells: &'a [String],
    columns: &'a BTreeMap<&'static str, Column>,
    lines: &'a Lines<'b>,
}

impl Row<'_, '_> {
    fn text(&self, role: &str) -> Option<&str> {
        let column = self.columns.get(role)?;
        let cell = self.cells.get(column.index)?.trim();
        (!cell.is_empty()).then_some(cell)
    }

    fn wrong(&self, role: &str, cell: &str, expected: &str) -> LogError {
        let column = self.columns.get(role).map_or(0, |column| column.index + 1);
        self.lines.error(
            format!("found {} in column {column}", shown(cell)),
            expected,
        )
    }

    fn number(&self, role: &str) -> Result<Option<f64>, LogError> {
        let Some(cell) = self.text(role) else {
            return Ok(None);
        };
        let scale = self.columns.get(role).map_or(1.0, |column| column.scale);
        match amount(cell) {
            Some(value) => Ok(Some(value * scale)),
            None => Err(self.wrong(role, cell, "a number that is not negative")),
        }
    }

    fn time(&self, role: &str) -> Result<Option<f64>, LogError> {
        let Some(cell) = self.text(role) else {
            return Ok(None);
        };
        // A date alone is its midnight.
        let found = instant(cell)
            .or_else(|| instant(&format!("{cell}T00:00:00Z")))
            .or_else(|| epoch(amount(cell)?));
        match found {
            Some(ms) => Ok(Some(ms)),
            None => Err(self.wrong(role, cell, "a time stamp, or seconds or ms since 1970")),
        }
    }

    fn flag(&self, role: &str) -> Result<Option<bool>, LogError> {
        let Some(cell) = self.text(role) else {
            return Ok(None);
        };
        match cell.to_lowercase().as_str() {
            "true" | "1" | "yes" | "cold" => Ok(Some(true)),
            "false" | "0" | "no" | "warm" => Ok(Some(false)),
            _ => Err(self.wrong(role, cell, "`true` or `false`")),
        }
    }

    /// The invocation of the row, or one for each init where a cell lists several.
    fn invocations(&self) -> Result<Vec<LoggedInvocation>, LogError> {
        let duration_ms = self.number("duration")?;
        let end_ms = match (self.time("end")?, self.time("start")?) {
            (Some(end), _) => Some(end),
            (None, Some(start)) => Some(start + duration_ms.unwrap_or(0.0)),
            (None, None) => None,
        };
        let own = |role: &str| self.text(role).map(str::to_owned);
        let plain = LoggedInvocation {
            end_ms,
            instance: own("instance"),
            function: own("function"),
            request: own("request"),
            cold: self.flag("cold")?,
            duration_ms,
            memory_mb: self.number("memory")?.and_then(megabytes),
            max_memory_mb: self.number("max-memory")?,
            runtime: own("runtime"),
            architecture: self.text("architecture").and_then(architecture),
            package: self.text("package").and_then(package),
            ..LoggedInvocation::default()
        };
        let Some(list) = self.text("init") else {
            return Ok(vec![plain]);
        };
        let scale = self.columns.get("init").map_or(1.0, |column| column.scale);
        list.split(';')
            .map(|cell| match amount(cell) {
                // An init of no time is how tables say that there was none.
                Some(ms) if ms > 0.0 => Ok(LoggedInvocation {
                    init: Some(LoggedInit {
                        kind: InitKind::OnDemand,
                        ms: ms * scale,
                        cut_off: false,
                    }),
                    cold: plain.cold.or(Some(true)),
                    ..plain.clone()
                }),
                Some(_) => Ok(LoggedInvocation {
                    cold: plain.cold.or(Some(false)),
                    ..plain.clone()
                }),
                None => Err(self.wrong("init", cell, "a number that is not negative")),
            })
            .collect()
    }
}

/// The architectures by the names that logs use.
pub(super) fn architecture(text: &str) -> Option<Architecture> {
    match text.to_lowercase().as_str() {
        "x86_64" | "x86" | "amd64" => Some(Architecture::X86_64),
        "arm64" | "aarch64" | "arm" => Some(Architecture::Arm64),
        _ => None,
    }
}

/// Kinds of packages by the names that logs use.
pub(super) fn package(text: &str) -> Option<PackageKind> {
    match text.to_lowercase().as_str() {
        "zip" => Some(PackageKind::Zip),
        "image" | "container" => Some(PackageKind::Image),
        _ => None,
    }
}

/// The cells of the next row; a quoted one may hold commas, doubled quotes and line breaks.
fn row(lines: &mut Lines<'_>) -> Result<Option<Vec<String>>, LogError> {
    let Some(mut text) = lines.next()? else {
        return Ok(None);
    };
    let began = lines.error("a quote that does not end".to_owned(), "a closing `\"`");
    let mut spanned = 1;
    while text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        spanned += 1;
        let next = if spanned > CELL_LINES_MAX {
            None
        } else {
            lines.next()?
        };
        let Some(next) = next else {
            return Err(began);
        };
        text.push('\n');
        text.push_str(&next);
    }
    Ok(Some(split(&text)))
}

/// Splits a row at commas outside quotes (RFC 4180).
fn split(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut characters = row.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(cell) = cells.last_mut() else {
            break;
        };
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cell.push(other),
        }
    }
    cells
}
