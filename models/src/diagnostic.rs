//! What is wrong with an input file, where, and what to type instead.
//!
//! A [`Diagnostics`] holds every mistake of one run together with the texts that its labels point
//! into, so that a front end can draw carets. Its own [`Display`](fmt::Display) is one plain line a
//! mistake: `file:line:column: title (help)`.

use std::fmt;
use std::ops::Range;

/// The most mistakes that are kept: nobody reads more, and a hostile file must not fill the memory.
const KEPT: usize = 100;

/// A text that labels point into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file's name as the user gave it, or `--set` for an assignment on the command line.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A place in a source, with what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Index into [`Diagnostics::sources`].
    pub source: usize,
    /// Bytes of the source's text.
    pub range: Range<usize>,
    /// A short remark; may be empty.
    pub text: String,
    /// Whether this is the place of the mistake rather than context.
    pub primary: bool,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable code: `scenario::quantile-order`.
    pub code: &'static str,
    /// What is wrong: a lower-case fragment with the value and the expectation.
    pub title: String,
    /// Where; the primary label comes first.
    pub labels: Vec<Label>,
    /// What to do about it, with the exact text to type.
    pub help: Vec<String>,
}

/// Every mistake of one run, with the texts that they are in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnostics {
    /// The texts.
    pub sources: Vec<Source>,
    /// The mistakes, in the order of their places.
    pub errors: Vec<Diagnostic>,
}

impl Diagnostic {
    /// A mistake without a place yet.
    pub fn new(code: &'static str, title: impl Into<String>) -> Self {
        Self {
            code,
            title: title.into(),
            labels: Vec::new(),
            help: Vec::new(),
        }
    }

    /// The same with the place of the mistake.
    #[must_use]
    pub fn at(mut self, source: usize, range: Range<usize>, text: impl Into<String>) -> Self {
        let label = Label {
            source,
            range,
            text: text.into(),
            primary: true,
        };
        self.labels.insert(0, label);
        self
    }

    /// The same with a place that gives context.
    #[must_use]
    pub fn with(mut self, source: usize, range: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            source,
            range,
            text: text.into(),
            primary: false,
        });
        self
    }

    /// The same with one more line of help.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// What two mistakes must differ in to be told twice, and what they are sorted by.
    fn place(&self) -> (usize, usize, usize) {
        self.labels.first().map_or((0, 0, 0), |label| {
            (label.source, label.range.start, label.range.end)
        })
    }
}

impl Diagnostics {
    /// One mistake about one text.
    pub fn single(name: &str, text: &str, error: Diagnostic) -> Self {
        Self {
            sources: vec![Source {
                name: name.to_owned(),
                text: text.to_owned(),
            }],
            errors: vec![error],
        }
    }

    /// The same mistakes in the order of their places, each told once and at most a hundred.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.errors
            .sort_by(|a, b| (a.place(), a.code, &a.title).cmp(&(b.place(), b.code, &b.title)));
        self.errors
            .dedup_by(|a, b| a.place() == b.place() && a.code == b.code && a.title == b.title);
        let more = self.errors.len().saturating_sub(KEPT);
        if more > 0 {
            self.errors.truncate(KEPT);
            let title = format!("and {more} more mistakes");
            self.errors
                .push(Diagnostic::new("scenario::too-many-errors", title));
        }
        self
    }

    /// The line and column, both from 1, at which a range of a source starts; columns count
    /// characters.
    pub fn position(&self, source: usize, range: &Range<usize>) -> (usize, usize) {
        let text = self.sources.get(source).map_or("", |source| &source.text);
        let mut start = range.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            if let Some(label) = error.labels.first() {
                let name = self
                    .sources
                    .get(label.source)
                    .map_or("input", |source| source.name.as_str());
                let (line, column) = self.position(label.source, &label.range);
                write!(f, "{name}:{line}:{column}: ")?;
            }
            write!(f, "{}", error.title)?;
            if !error.help.is_empty() {
                write!(f, " (help: {})", error.help.join("; "))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
