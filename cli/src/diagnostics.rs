//! Failures as people read them: file, line, caret, expectation and help, all of a run at once.

use std::io::Write;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use frostline_models::diagnostic::{Diagnostic, Diagnostics};

use crate::exit::Failure;

/// Tells a failure on stderr; colours only where a terminal shows them and `NO_COLOR` is not set.
pub(crate) fn tell(failure: &Failure) {
    let text = match failure {
        Failure::Input(diagnostics) => rendered(diagnostics),
        Failure::Usage { what, help } => {
            let group = Level::ERROR
                .primary_title(what.as_str())
                .element(Level::HELP.message(help));
            Renderer::styled().render(&[group])
        }
        Failure::Fault(error) => format!("error: {error:#}"),
        Failure::Interrupted(missing) => format!("interrupted: {missing}"),
    };
    // There is nowhere left to report that stderr is closed.
    let _ = writeln!(anstream::stderr().lock(), "{}", text.trim_end());
}

/// Every mistake, each with its places, a blank line between them.
fn rendered(diagnostics: &Diagnostics) -> String {
    let renderer = Renderer::styled();
    let mut text = String::new();
    for error in &diagnostics.errors {
        text.push_str(&renderer.render(&[group(diagnostics, error)]));
        text.push_str("\n\n");
    }
    let count = diagnostics.errors.len();
    if count > 1 {
        text.push_str(&renderer.render(&[Group::with_title(
            Level::ERROR.primary_title(format!("{count} mistakes; nothing was written")),
        )]));
    }
    text
}

fn group<'a>(diagnostics: &'a Diagnostics, error: &'a Diagnostic) -> Group<'a> {
    let title = Level::ERROR
        .primary_title(error.title.as_str())
        .id(error.code);
    let mut group = Group::with_title(title);
    for (index, source) in diagnostics.sources.iter().enumerate() {
        let mut labels = error
            .labels
            .iter()
            .filter(|label| label.source == index)
            .peekable();
        if labels.peek().is_none() {
            continue;
        }
        let annotations = labels.map(|label| {
            let kind = if label.primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let annotation = kind.span(inside(&source.text, &label.range));
            if label.text.is_empty() {
                annotation
            } else {
                annotation.label(label.text.as_str())
            }
        });
        let snippet = Snippet::source(source.text.as_str())
            .path(source.name.as_str())
            .annotations(annotations);
        group = group.element(snippet);
    }
    group.elements(
        error
            .help
            .iter()
            .map(|help| Level::HELP.message(help.as_str())),
    )
}

/// The range, moved inside the text: a wrong label must not hide the mistake that it marks.
fn inside(text: &str, range: &Range<usize>) -> Range<usize> {
    let boundary = |at: usize| {
        let at = at.min(text.len());
        (0..=at)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0)
    };
    let start = boundary(range.start);
    start..boundary(range.end.max(range.start)).max(start)
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn a_range_is_moved_inside_the_text() {
        assert_eq!(inside("aé", &(1..9)), 1..3);
        assert_eq!(inside("aé", &(2..2)), 1..1);
        assert_eq!(inside("", &(5..7)), 0..0);
    }
}
