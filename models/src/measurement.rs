//! Measured cold starts as files: JSON Lines, `frostline/measurement/1`.
//!
//! ```text
//!  line 1   Header   what was measured, under which conditions, on what kind of machine
//!  line 2…  Run      one start of one instance: outcome, phases, usage, noise
//! ```
//!
//! The harness appends a line as soon as a start has ended, so that an interrupted measurement keeps
//! what it has. A last line without its newline was cut off and is no line.
//!
//! All times are whole nanoseconds of one monotonic clock. Phases are spans, not instants:
//!
//! ```text
//!  asked for           exec                first user file   ready
//!  ├── package ─┬─ sandbox ─┼── first_user_open ──┤               │
//!  │            │           ├───────────── ready ─────────────────┤
//!                           ├──────────────── first_response ─────┼──── invocation ───┤
//! ```
//!
//! `ready` is what AWS Lambda calls the Init Duration: from `execve` of the target to its first
//! request for an invocation. What came before it (placing the package, setting up the sandbox) is
//! kept apart, because platforms do that in other ways than this machine.
//!
//! # Example
//!
//! ```
//! use frostline_models::measurement::{Header, Measurements, Outcome, Run};
//!
//! let text = r#"{"schema":"frostline/measurement/1","version":"0.1.0","target":{"kind":"command","label":"hello"},"seed":1,"conditions":[{}]}
//! {"condition":0,"run":0,"order":0,"outcome":"ready","phases":{"ready_ns":26000000}}
//! {"condition":0,"run":1,"order":1,"outcome":"crashed-in-init","phases":{}}
//! "#;
//! let measured = Measurements::parse(text).unwrap();
//! assert_eq!(measured.runs.len(), 2);
//! assert_eq!(measured.runs[0].phases.ready_ns, Some(26_000_000));
//! assert_eq!(measured.runs[1].outcome, Outcome::CrashedInInit);
//!
//! let typo = Measurements::parse(&text.replace("crashed-in-init", "crashed")).unwrap_err();
//! assert!(typo.to_string().starts_with("line 3: "), "{typo}");
//! ```

use serde::{Deserialize, Serialize};

mod condition;
mod run;

pub use condition::{Cache, Condition, Isolation, Resources, ResourcesError};
pub use run::{Applied, ModuleTime, Noise, Outcome, Phases, Residency, Run, Usage};

/// The schema that [`Header::schema`] names.
pub const SCHEMA: &str = "frostline/measurement/1";

/// Bytes of a line at most: a hostile file must not fill the memory.
const LINE_MAX: usize = 4 << 20;

/// The first line: what every run has in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: String,
    /// Version of the program that measured.
    pub version: String,
    /// What was measured.
    pub target: TargetDescription,
    /// Names the random order of the runs.
    pub seed: u64,
    /// The conditions; runs name them by index.
    pub conditions: Vec<Condition>,
    /// How it was measured.
    #[serde(default)]
    pub protocol: Protocol,
    /// The kind of machine; no name, since files are shared.
    #[serde(default)]
    pub machine: Machine,
    /// What measuring itself costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overhead: Option<Overhead>,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetDescription {
    /// How it is started and asked.
    pub kind: TargetKind,
    /// What people call it: the command's words without folders, or a label that was given.
    pub label: String,
}

/// How a target is started and asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// A client of the Lambda Runtime API.
    RuntimeApi,
    /// A server that answers on a port.
    Http,
    /// A command that exits, prints a line, or writes to a descriptor.
    Command,
    /// An OCI bundle.
    Oci,
    /// A WebAssembly module.
    Wasm,
    /// A checkpoint that is restored.
    Restore,
}

impl TargetKind {
    /// The kind's name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::RuntimeApi => "runtime-api",
            Self::Http => "http",
            Self::Command => "command",
            Self::Oci => "oci",
            Self::Wasm => "wasm",
            Self::Restore => "restore",
        }
    }
}

/// How the runs were planned.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Protocol {
    /// Runs of each condition that were discarded first.
    pub warm_up_runs: u32,
    /// Runs a condition, where the number was given.
    pub runs: Option<u32>,
    /// Relative half-width of the median's interval at which a condition was finished, where that
    /// decided.
    pub precision: Option<f64>,
    /// Runs a condition at most.
    pub runs_max: u32,
    /// How long a target may take to be ready, or to answer an invocation.
    pub timeout_ns: u64,
    /// Invocations of each instance.
    pub invocations: u32,
}

/// The kind of machine that measured.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// Operating system and release: `Linux 6.18.4`.
    pub kernel: String,
    /// `x86_64`, `aarch64`, …
    pub architecture: String,
    /// Model name of the processor.
    pub cpu: String,
    /// Logical processors that the harness may use.
    pub cores: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// `v1`, `v2`, `hybrid` or `none`.
    pub cgroups: String,
    /// Type of the file system that holds the package: `ext4`, `overlay`, `tmpfs`, …
    pub file_system: String,
    /// Versions of the programs that matter to the target: (`python3`, `3.11.7`).
    pub runtimes: Vec<(String, String)>,
}

/// What the harness adds to what it measures, taken from starts of a target that does nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Overhead {
    /// Median time from asking for a process to its `exec`, sandbox included.
    pub spawn_ns: u64,
    /// Median time from `exec` of a program that exits at once to the harness's notice of its exit.
    pub notice_ns: u64,
    /// Median time of one reading of the clock.
    pub clock_ns: u64,
    /// Starts behind the medians.
    pub n: u32,
}

/// A whole file of measurements.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurements {
    /// The first line.
    pub header: Header,
    /// The others, in the file's order; warm-up runs included.
    pub runs: Vec<Run>,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: found {found}, expected {expected}")]
pub struct MeasurementError {
    /// The line, from 1.
    pub line: usize,
    /// What stands there.
    pub found: String,
    /// What should.
    pub expected: String,
}

impl Measurements {
    /// Reads a file's text. A last line without a newline was cut off while it was written, and is
    /// left out.
    ///
    /// # Errors
    /// [`MeasurementError`] for the first line that is not what its place asks for.
    pub fn parse(text: &str) -> Result<Self, MeasurementError> {
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let mut lines = whole.lines().enumerate();
        let (_, first) = lines.next().ok_or_else(|| MeasurementError {
            line: 1,
            found: "an empty file".to_owned(),
            expected: format!("a header with `\"schema\":\"{SCHEMA}\"`"),
        })?;
        let header = Header::parse(first)?;
        let mut runs = Vec::new();
        for (index, line) in lines {
            if !line.trim().is_empty() {
                runs.push(Run::parse(line, index + 1, header.conditions.len())?);
            }
        }
        Ok(Self { header, runs })
    }

    /// The runs of a condition that count: warm-up left out.
    pub fn of(&self, condition: u32) -> impl Iterator<Item = &Run> {
        self.runs
            .iter()
            .filter(move |run| run.condition == condition && !run.warm_up)
    }
}

impl Header {
    /// Reads the first line of a file.
    ///
    /// # Errors
    /// [`MeasurementError`] when it is no header of [`SCHEMA`].
    pub fn parse(line: &str) -> Result<Self, MeasurementError> {
        let expected = || format!("a header with `\"schema\":\"{SCHEMA}\"`");
        let header: Self = read(line, 1, expected())?;
        if header.schema != SCHEMA {
            return Err(MeasurementError {
                line: 1,
                found: format!("the schema `{}`", header.schema),
                expected: format!("`{SCHEMA}`"),
            });
        }
        Ok(header)
    }

    /// The line, with its newline.
    ///
    /// # Panics
    /// Never: every part of a header can be written as JSON.
    pub fn to_line(&self) -> String {
        written(self)
    }
}

impl Run {
    /// Reads a line after the first; `line` is its number, from 1, and `conditions` how many there are.
    ///
    /// # Errors
    /// [`MeasurementError`] when it is no run, or one of a condition that the header does not list.
    pub fn parse(text: &str, line: usize, conditions: usize) -> Result<Self, MeasurementError> {
        let run: Self = read(text, line, "a run of the measurement".to_owned())?;
        if crate::math::index(run.condition) >= conditions {
            return Err(MeasurementError {
                line,
                found: format!("a run of condition {}", run.condition),
                expected: format!("one of the header's {conditions} conditions, counted from 0"),
            });
        }
        Ok(run)
    }

    /// The line, with its newline.
    ///
    /// # Panics
    /// Never: every part of a run can be written as JSON.
    pub fn to_line(&self) -> String {
        written(self)
    }
}

fn read<'a, T: Deserialize<'a>>(
    text: &'a str,
    line: usize,
    expected: String,
) -> Result<T, MeasurementError> {
    if text.len() > LINE_MAX {
        return Err(MeasurementError {
            line,
            found: format!("{} bytes", text.len()),
            expected: format!("a line of at most {LINE_MAX} bytes"),
        });
    }
    serde_json::from_str(text).map_err(|error| MeasurementError {
        line,
        found: error.to_string(),
        expected,
    })
}

fn written<T: Serialize>(value: &T) -> String {
    let mut line = serde_json::to_string(value)
        .expect("numbers, texts and lists of them can always be written as JSON");
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Measurements {
        let header = Header {
            schema: SCHEMA.to_owned(),
            version: "0.1.0".to_owned(),
            target: TargetDescription {
                kind: TargetKind::RuntimeApi,
                label: "hello".to_owned(),
            },
            seed: 7,
            conditions: vec![
                Condition::default(),
                Condition {
                    cache: Cache::Evicted,
                    resources: Resources::Lambda { mib: 512 },
                    ..Condition::default()
                },
            ],
            protocol: Protocol::default(),
            machine: Machine::default(),
            overhead: Some(Overhead::default()),
        };
        let run = |condition, number| Run {
            condition,
            run: number,
            instance: 0,
            order: u64::from(number),
            warm_up: number == 0,
            outcome: Outcome::Ready,
            detail: None,
            phases: Phases {
                package_ns: Some(1),
                sandbox_ns: Some(2),
                ready_ns: Some(3),
                ..Phases::default()
            },
            usage: Usage::default(),
            noise: Noise {
                steal_share: Some(0.125),
                ..Noise::default()
            },
            applied: Applied::default(),
            warnings: vec!["the host was busy".to_owned()],
        };
        let runs = vec![run(0, 0), run(1, 0), run(0, 1), run(1, 1)];
        Measurements { header, runs }
    }

    fn text(file: &Measurements) -> String {
        let runs = file.runs.iter().map(Run::to_line);
        std::iter::once(file.header.to_line()).chain(runs).collect()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let file = file();
        assert_eq!(Measurements::parse(&text(&file)), Ok(file.clone()));
        assert_eq!(file.of(1).count(), 1);
        assert_eq!(file.runs[0].phases.start_ns(), Some(6));
    }

    #[test]
    fn a_line_that_was_cut_off_is_none() {
        let file = file();
        let text = text(&file);
        let cut = Measurements::parse(&text[..text.len() - 3]).unwrap();
        assert_eq!(cut.runs, file.runs[..3]);
    }

    #[test]
    fn a_wrong_line_is_told_with_its_number() {
        let text = text(&file());
        for (wrong, told) in [
            (String::new(), "line 1: found an empty file"),
            (
                text.replace("measurement/1", "measurement/2"),
                "line 1: found the schema",
            ),
            (
                text.replace("\"condition\":1", "\"condition\":2"),
                "line 3: found a run of condition 2",
            ),
            (
                text.replace("\"ready_ns\":3", "\"ready_ns\":-3"),
                "line 2: found invalid value",
            ),
            (
                text.replace("lambda:512", "lambda:5"),
                "line 1: found expected `lambda:MB`",
            ),
        ] {
            let error = Measurements::parse(&wrong).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
