//! The scenario file: TOML in, [`Scenario`] out, and every mistake told at once with its place.
//!
//! ```text
//! text ──parse──► ScenarioFile (raw, with places) ──set──► … ──resolve──► Scenario (valid)
//! ```
//!
//! Serde stops at the first mistake, so the file is read by hand: the TOML becomes a tree whose
//! values know where they stand, the tree is checked against the one description of the format
//! ([`spec`]), and what passes is settled: presets applied, defaults filled in, `like` followed,
//! memory turned into speed. The same description gives the JSON schema ([`schema`]) that editors
//! complete from.
//!
//! ```
//! use frostline_models::scenario_file::{NoResources, ScenarioFile};
//!
//! let text = r#"
//! run.duration = "1 h"
//!
//! [[function]]
//! name = "hello"
//! duration.constant = "20 ms"
//! init.total.constant = "200 ms"
//! arrivals.poisson = { rate = "1 /s" }
//! "#;
//! let mut file = ScenarioFile::parse("hello.toml", text).unwrap();
//! file.set("function.hello.arrivals.poisson.rate=2 /s").unwrap();
//! let scenario = file.resolve(&mut NoResources).unwrap();
//! assert_eq!(scenario.functions[0].name, "hello");
//!
//! let typo = text.replace("duration.constant", "duratoin.constant");
//! let told = ScenarioFile::parse("hello.toml", &typo).unwrap().resolve(&mut NoResources);
//! assert!(told.unwrap_err().to_string().contains("did you mean `duration`?"));
//! ```

use crate::arrival::Placement;
use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::scenario::Scenario;
use crate::trace::Trace;

mod arrivals;
mod check;
mod functions;
mod init;
mod laws;
mod path;
mod platform;
mod precision;
mod provisioned;
mod read;
mod schema;
mod settle;
mod shorthand;
pub mod spec;
mod tree;

pub use schema::{reference, schema};
pub use tree::{Entry, Node, Span, Table, Value};

use toml::de::{DeTable, DeValue};
use tree::Reader;

/// The largest file that is read: 4 MiB.
pub const LARGEST_FILE: usize = 4 << 20;

/// One unclosed bracket makes a dozen follow-up errors; nobody needs more than the first three.
const SYNTAX_ERRORS: usize = 3;

/// The starter scenario, with comments, that `frostline init` writes.
pub const TEMPLATE: &str = include_str!("scenario_file/template.toml");

/// A scenario as it was written, with the place of every value.
#[derive(Debug, Clone)]
pub struct ScenarioFile {
    sources: Vec<Source>,
    root: Table,
}

/// Where a trace lies and how it is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceRequest {
    /// The format, as in the scenario file: `azure-functions-2019`.
    pub format: String,
    /// The file or folder, as written.
    pub path: String,
    /// Where in its interval an invocation falls, for traces of counts.
    pub placement: Placement,
    /// The further options, as (key, text): the columns of a request log, the day of
    /// an Azure trace of 2019.
    pub options: Vec<(String, String)>,
}

/// What a scenario refers to and this crate cannot fetch itself, for it does no I/O.
pub trait Resources {
    /// The text of a profile.
    ///
    /// # Errors
    /// Why it could not be read, as a lower-case fragment.
    fn profile(&mut self, path: &str) -> Result<String, String>;

    /// A trace.
    ///
    /// # Errors
    /// Why it could not be read, as a lower-case fragment.
    fn trace(&mut self, request: &TraceRequest) -> Result<Trace, String>;
}

/// For scenarios that stand alone: refuses every profile and trace.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoResources;

impl Resources for NoResources {
    fn profile(&mut self, path: &str) -> Result<String, String> {
        Err(format!("no files can be read here, `{path}` neither"))
    }

    fn trace(&mut self, request: &TraceRequest) -> Result<Trace, String> {
        Err(format!(
            "no files can be read here, `{}` neither",
            request.path
        ))
    }
}

impl ScenarioFile {
    /// Reads a file's text. Mistakes against the format are [`ScenarioFile::resolve`]'s.
    ///
    /// # Errors
    /// When the text is larger than [`LARGEST_FILE`], is no TOML (the first three mistakes), or is
    /// nested more than 32 deep.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostics> {
        if text.len() > LARGEST_FILE {
            let title = format!("{name} is larger than 4 MiB");
            let error = Diagnostic::new("scenario::too-large", title);
            return Err(Diagnostics::single(name, "", error));
        }
        let sources = vec![Source {
            name: name.to_owned(),
            text: text.to_owned(),
        }];
        let (document, faults) = DeTable::parse_recoverable(text);
        let mut errors: Vec<Diagnostic> = faults
            .iter()
            .take(SYNTAX_ERRORS)
            .map(|fault| {
                Diagnostic::new("scenario::syntax", fault.message()).at(
                    0,
                    fault.span().unwrap_or(0..0),
                    "",
                )
            })
            .collect();
        let mut root = Table::new();
        if errors.is_empty() {
            let mut reader = Reader {
                source: 0,
                offset: 0,
                errors: &mut errors,
            };
            root = reader.table(document.get_ref(), 0);
            shorthand::write_out(&mut root, &spec::SCENARIO);
        }
        if errors.is_empty() {
            return Ok(Self { sources, root });
        }
        Err(Diagnostics { sources, errors }.sorted())
    }

    /// Changes one value: `run.duration=2 h`, `function.checkout.memory="1 GiB"`,
    /// `function[0].arrivals.poisson={ rate = "5 /s" }`.
    ///
    /// The value is TOML; what is no TOML is taken as a string, so that quantities need no quotes.
    /// Functions are addressed by name or index. A kind replaces the kind that was there. Whether
    /// key and value suit each other is told by [`ScenarioFile::resolve`], with all else.
    ///
    /// # Errors
    /// When there is no `=`, the path is no path, or names a function that is not there. The file
    /// is then as before.
    pub fn set(&mut self, assignment: &str) -> Result<(), Diagnostics> {
        let source = self.sources.len();
        let fail = |sources: &[Source], error: Diagnostic| {
            let mut sources = sources.to_vec();
            sources.push(set_source(assignment));
            Err(Diagnostics {
                sources,
                errors: vec![error],
            })
        };
        let place = |range: std::ops::Range<usize>| Span { source, range };
        let Some(equals) = assignment.find('=').filter(|_| assignment.len() < 100_000) else {
            let error = place(0..assignment.len())
                .error("scenario::set", "expected `path=value`")
                .help("write for example `--set run.duration=\"2 h\"`");
            return fail(&self.sources, error);
        };
        let path = assignment[..equals].trim_end();
        let steps = match path::parse(path) {
            Ok(steps) => steps,
            Err(at) => {
                let error = place(at..equals.max(at))
                    .error(
                        "scenario::set",
                        format!("`{path}` is no path into a scenario"),
                    )
                    .help("write for example `function.checkout.memory` or `function[0].memory`");
                return fail(&self.sources, error);
            }
        };
        let value = match set_value(assignment, equals + 1, source) {
            Ok(value) => value,
            Err(error) => return fail(&self.sources, error),
        };
        let mut root = self.root.clone();
        match path::set(&mut root, &steps, value, source) {
            Ok(()) => {
                shorthand::write_out(&mut root, &spec::SCENARIO);
                self.root = root;
                self.sources.push(set_source(assignment));
                Ok(())
            }
            Err(error) => fail(&self.sources, error),
        }
    }

    /// The value at a path as it stands, with its place; `None` when there is none.
    pub fn get(&self, path: &str) -> Option<&Node> {
        path::get(&self.root, &path::parse(path).ok()?)
    }

    /// The texts that the places of the values are in: the file, then the assignments.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The whole tree.
    pub fn root(&self) -> &Table {
        &self.root
    }

    /// Checks everything and settles it.
    ///
    /// # Errors
    /// Every mistake of the file and the assignments, each with its place.
    pub fn resolve(&self, resources: &mut dyn Resources) -> Result<Scenario, Diagnostics> {
        settle::settle(&self.root, &self.sources, resources)
    }
}

fn set_source(assignment: &str) -> Source {
    Source {
        name: "--set".to_owned(),
        text: assignment.to_owned(),
    }
}

/// The value of an assignment: TOML, or else the bare text.
fn set_value(assignment: &str, start: usize, source: usize) -> Result<Node, Diagnostic> {
    let text = &assignment[start..];
    let offset = start + (text.len() - text.trim_start().len());
    let text = text.trim();
    let Ok(parsed) = DeValue::parse(text) else {
        let range = offset..offset + text.len();
        return Ok(Node {
            span: Span { source, range },
            value: Value::Text(text.to_owned()),
        });
    };
    let mut errors = Vec::new();
    let mut reader = Reader {
        source,
        offset,
        errors: &mut errors,
    };
    let node = reader.node(parsed.get_ref(), parsed.span(), 1);
    match errors.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(node),
    }
}
