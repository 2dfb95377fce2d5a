//! What is wrong with an input file, with the place in the file for each fault.

use std::ops::Range;

/// A text that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name to show, usually a path.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A place in a source and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Index into [`Diagnostics::sources`].
    pub source: usize,
    /// The bytes it is about.
    pub range: Range<usize>,
    /// What stands beside the mark.
    pub text: String,
    /// Whether this is the place of the fault rather than a related one.
    pub primary: bool,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable name of the kind of fault.
    pub code: &'static str,
    /// The fault in one lower-case fragment.
    pub title: String,
    /// Where it is.
    pub labels: Vec<Label>,
    /// What to type instead.
    pub help: Vec<String>,
}

/// Every fault of one run over its inputs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnostics {
    /// The texts that the labels point into.
    pub sources: Vec<Source>,
    /// The faults.
    pub errors: Vec<Diagnostic>,
}
