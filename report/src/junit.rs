//! `JUnit` XML, which most services that run tests can read.
//!
//! Elements and attributes are those that the schema of Jenkins's xUnit plugin allows
//! (`junit-10.xsd`, as remembered, unverified): `testsuites`, `testsuite`, `testcase`, `failure`, `error`,
//! `system-out`. What is broken is a failure, what is unclear an error, since nothing was shown.

use std::fmt::Write;

/// A test case.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) outcome: CaseOutcome,
    /// Lines about it.
    pub(crate) told: Vec<String>,
}

/// How it ended, with what to say about it.
pub(crate) enum CaseOutcome {
    Passed,
    Failed(String),
    Unclear(String),
}

/// A document with one suite; `class` groups the cases where services show them.
pub(crate) fn document(suite: &str, class: &str, cases: &[Case]) -> String {
    let failures = cases
        .iter()
        .filter(|case| matches!(case.outcome, CaseOutcome::Failed(_)))
        .count();
    let errors = cases
        .iter()
        .filter(|case| matches!(case.outcome, CaseOutcome::Unclear(_)))
        .count();
    let counts = format!(
        "name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\"",
        escaped(suite),
        cases.len()
    );
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite {counts}>\n"
    );
    for case in cases {
        let name = escaped(&case.name);
        let class = escaped(class);
        let _ = writeln!(text, "    <testcase classname=\"{class}\" name=\"{name}\">");
        let (element, kind, message) = match &case.outcome {
            CaseOutcome::Passed => ("", "", ""),
            CaseOutcome::Failed(message) => ("failure", "failed", message.as_str()),
            CaseOutcome::Unclear(message) => ("error", "unclear", message.as_str()),
        };
        if !element.is_empty() {
            let message = escaped(message);
            let _ = writeln!(
                text,
                "      <{element} type=\"{kind}\" message=\"{message}\"/>"
            );
        }
        let told: Vec<String> = case.told.iter().map(|line| escaped(line)).collect();
        let _ = writeln!(text, "      <system-out>{}</system-out>", told.join("\n"));
        text.push_str("    </testcase>\n");
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

/// Text and attribute values of XML 1.0, which has no control characters.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {
                safe.push(' ');
            }
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let case = Case {
            name: "a\"><b &\u{1b}[1m".to_owned(),
            outcome: CaseOutcome::Failed("<x>".to_owned()),
            told: vec!["]]> & <".to_owned()],
        };
        let text = document("s", "c", &[case]);
        assert!(
            text.contains("name=\"a&quot;&gt;&lt;b &amp; [1m\""),
            "{text}"
        );
        assert!(text.contains("message=\"&lt;x&gt;\""), "{text}");
        assert!(
            text.contains("<system-out>]]&gt; &amp; &lt;</system-out>"),
            "{text}"
        );
        assert!(
            text.contains("tests=\"1\" failures=\"1\" errors=\"0\""),
            "{text}"
        );
    }
}
