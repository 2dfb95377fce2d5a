//! Rows of Logs Insights queries: named cells that begin with `@`.

use super::source::{amount, instant, megabytes};
use super::{InitKind, LoggedInit, LoggedInvocation};

/// The columns of which at least one marks a table as rows of Logs Insights.
pub(super) const MARKS: [&str; 4] = [
    "@duration",
    "@initDuration",
    "@billedDuration",
    "@requestId",
];

/// The invocation of a row, whose cells `cell` gives by name; `None` where it tells no time.
///
/// `@memorySize` is in bytes, decimal: 128 MB are written `1.28E8`.
pub(super) fn invocation(cell: impl Fn(&str) -> Option<String>) -> Option<LoggedInvocation> {
    let number = |name: &str| cell(name).as_deref().and_then(amount);
    let init = number("@initDuration").map(|ms| (InitKind::OnDemand, ms));
    let init = init.or_else(|| Some((InitKind::Restore, number("@restoreDuration")?)));
    let duration_ms = number("@duration");
    if init.is_none() && duration_ms.is_none() {
        return None;
    }
    let bytes_as_mb = |bytes: f64| if bytes > 1e5 { bytes / 1e6 } else { bytes };
    Some(LoggedInvocation {
        end_ms: cell("@timestamp").as_deref().and_then(instant),
        instance: cell("@logStream"),
        // `123456789012:/aws/lambda/checkout`
        function: cell("@log").map(|log| log.rsplit('/').next().unwrap_or(&log).to_owned()),
        request: cell("@requestId"),
        init: init.map(|(kind, ms)| LoggedInit {
            kind,
            ms,
            cut_off: false,
        }),
        cold: Some(init.is_some()),
        duration_ms,
        billed_ms: number("@billedDuration"),
        memory_mb: number("@memorySize").map(bytes_as_mb).and_then(megabytes),
        max_memory_mb: number("@maxMemoryUsed").map(bytes_as_mb),
        ..LoggedInvocation::default()
    })
}
