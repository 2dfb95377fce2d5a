//! Reports as the JSON that scripts rely on.

use serde::Serialize;

/// The report as indented JSON, with a newline at its end.
///
/// # Panics
/// Never for the reports of this crate: their keys are strings, and numbers that are not finite become
/// `null`.
pub(crate) fn pretty(report: &impl Serialize) -> String {
    let mut json = serde_json::to_string_pretty(report)
        .expect("a report serialises, because all its keys are strings");
    json.push('\n');
    json
}
