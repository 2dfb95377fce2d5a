//! What the fuzz targets do with bytes, apart from the fuzzer, so that a test on any toolchain can replay
//! the committed seeds of `corpus/`.
//!
//! Every target takes any bytes and panics only when a promise is broken. Inputs of several parts have a
//! first byte that chooses, and parts between lines of `----`, so that seeds can be read and written by
//! hand.

#![forbid(unsafe_code)]

use frostline_models::arrival::Placement;
use frostline_models::invocation_log::{self, Format};
use frostline_models::measurement::Measurements;
use frostline_models::profile::Profile;
use frostline_models::scenario_file::{NoResources, ScenarioFile};
use frostline_models::trace::azure2019::{self, Tables};
use frostline_models::trace::huawei2025::{ColdStarts, Reader};
use frostline_models::trace::request_log::{self, Columns};
use frostline_models::trace::{Table, Trace, TraceError, azure2021, compact, opendc};

/// A target: its name, which is also that of its folder in `corpus/`, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 7] = [
    ("azure_functions_2019", azure_functions_2019),
    ("compact_trace", compact_trace),
    ("invocation_log", invocation_log),
    ("measurement", measurement),
    ("profile", profile),
    ("scenario", scenario),
    ("traces", traces),
];

const SEPARATOR: &[u8] = b"\n----\n";

/// The input up to the next separator, and what follows it.
fn part(bytes: &[u8]) -> (&[u8], &[u8]) {
    let found = bytes
        .windows(SEPARATOR.len())
        .position(|window| window == SEPARATOR);
    match found {
        Some(at) => (&bytes[..=at], &bytes[at + SEPARATOR.len()..]),
        None => (bytes, &[]),
    }
}

/// The byte that chooses, from `a`, and the rest.
fn choice(bytes: &[u8]) -> (usize, &[u8]) {
    match bytes {
        [first, rest @ ..] => (usize::from(first.wrapping_sub(b'a')), rest),
        [] => (0, bytes),
    }
}

fn table<'a>(name: &'a str, lines: &'a mut &[u8]) -> Table<'a> {
    Table { name, lines }
}

/// Any bytes are either a trace or an error with its line.
pub fn azure_functions_2019(bytes: &[u8]) {
    let (mut invocations, rest) = part(bytes);
    let (mut durations, mut memory) = part(rest);
    let tables = Tables {
        invocations: table("invocations.csv", &mut invocations),
        durations: Some(table("durations.csv", &mut durations)),
        memory: Some(table("memory.csv", &mut memory)),
    };
    check(azure2019::read(tables, Placement::Uniform));
}

/// Any bytes are either a trace or an error with its place, whichever reader takes them.
pub fn traces(bytes: &[u8]) {
    let (kind, rest) = choice(bytes);
    let (mut first, mut second) = part(rest);
    let one = table("one.csv", &mut first);
    let two = table("two.csv", &mut second);
    check(match kind % 4 {
        0 => azure2021::read(one),
        1 => request_log::read(
            one,
            &Columns {
                duration: Some("d".to_owned()),
                function: Some("f".to_owned()),
                cold: Some("c".to_owned()),
                ..Columns::timed_by("t")
            },
        ),
        2 => functions(one, two),
        _ => requests(one, two),
    });
}

fn functions(one: Table<'_>, two: Table<'_>) -> Result<Trace, TraceError> {
    let mut reader = opendc::Reader::default();
    reader.function("one", one)?;
    reader.function("two", two)?;
    reader.finish("folder", Placement::Uniform)
}

fn requests(one: Table<'_>, two: Table<'_>) -> Result<Trace, TraceError> {
    let mut cold_starts = ColdStarts::default();
    cold_starts.read(one)?;
    let mut reader = Reader::new(cold_starts);
    reader.requests(two)?;
    reader.finish("folder")
}

fn check(read: Result<Trace, TraceError>) {
    match read {
        Ok(trace) => assert!(!trace.functions.is_empty() && trace.duration.0 > 0),
        Err(error) => assert!(error.line > 0 && !error.expected.is_empty()),
    }
}

/// Any bytes are either a compact trace or an error with its place. What was read is written and read
/// again as it was. As mutations seldom guess a checksum, bytes are also taken as the content of a block
/// that is sound.
pub fn compact_trace(bytes: &[u8]) {
    check_compact(bytes);
    let content = &bytes[..bytes.len().min(1 << 16)];
    if content.is_empty() {
        return;
    }
    let mut file = compact::MARK.to_vec();
    file.push(compact::VERSION);
    let mut checked = file.clone();
    checked.extend(content);
    let checksum = crc(&checked).to_le_bytes();
    file.extend(u32::try_from(content.len()).unwrap_or(0).to_le_bytes());
    file.extend(content);
    file.extend(checksum);
    file.extend([0; 4]);
    file.extend(checksum);
    check_compact(&file);
}

fn check_compact(mut bytes: &[u8]) {
    match compact::read(table("fuzz", &mut bytes)) {
        Ok(trace) => {
            let mut again = Vec::new();
            compact::write(&trace, &mut again).expect("what was read can be written");
            let read = compact::read(table("again", &mut again.as_slice()));
            assert_eq!(read.as_ref(), Ok(&trace));
        }
        Err(error) => assert!(error.to_string().starts_with("fuzz, byte ")),
    }
}

/// CRC-32, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let mut state = u32::MAX;
    for byte in bytes {
        state ^= u32::from(*byte);
        for _ in 0..8 {
            let mask = if state & 1 == 1 { 0xedb8_8320 } else { 0 };
            state = (state >> 1) ^ mask;
        }
    }
    !state
}

/// Any bytes are either a log or an error with its file, in whatever format they are said to be; a choice
/// beyond the formats leaves it to the first line.
pub fn invocation_log(bytes: &[u8]) {
    let (kind, mut log) = choice(bytes);
    let format = Format::ALL.get(kind).copied();
    match invocation_log::read("fuzz", &mut log, format) {
        Ok(log) => assert!(!log.is_empty()),
        Err(error) => assert!(error.to_string().starts_with("fuzz:")),
    }
}

/// Any text is either a list of measurements or an error with its line.
pub fn measurement(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Measurements::parse(text) {
        Ok(measured) => assert!(measured.runs.len() < text.lines().count()),
        Err(error) => assert!(error.line > 0),
    }
}

/// Any text is either a profile that survives a file or a list of mistakes.
pub fn profile(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Profile::parse("fuzz.profile.toml", text) {
        Ok(profile) => assert_eq!(Profile::parse("copy", &profile.to_toml()), Ok(profile)),
        Err(diagnostics) => assert!(!diagnostics.errors.is_empty()),
    }
}

/// Any text is either a scenario or a list of mistakes.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let settled =
        ScenarioFile::parse("fuzz.toml", text).and_then(|file| file.resolve(&mut NoResources));
    match settled {
        Ok(scenario) => assert!(!scenario.functions.is_empty()),
        Err(diagnostics) => assert!(!diagnostics.errors.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::TARGETS;

    #[test]
    fn the_seeds_of_every_target_keep_its_promises() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        for (name, target) in TARGETS {
            let entries = fs::read_dir(corpus.join(name)).expect("every target has seeds");
            let mut seeds = 0;
            for entry in entries {
                let path = entry.expect("the folder can be listed").path();
                println!("{}", path.display());
                target(&fs::read(&path).expect("a seed is a file"));
                seeds += 1;
            }
            assert!(seeds > 0, "no seeds of {name}");
        }
    }
}
