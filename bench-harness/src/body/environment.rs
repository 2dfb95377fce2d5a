//! What an instance finds in its environment: what platforms promise, and nothing of the caller's.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use crate::host::Host;
use crate::target::Setting;

use super::Plan;

/// Variables of every instance. Credentials are of a form that libraries accept and no service does:
/// without them some look for the cloud's metadata address during init.
const COMMON: [(&str, &str); 8] = [
    ("LANG", "en_US.UTF-8"),
    ("TZ", ":UTC"),
    ("AWS_ACCESS_KEY_ID", "AKIAFROSTLINEDUMMY00"),
    ("AWS_SECRET_ACCESS_KEY", "frostline-dummy-secret"),
    ("AWS_SESSION_TOKEN", "frostline-dummy-token"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

/// Later entries win over earlier ones.
pub(super) fn of(
    host: &Host,
    setting: &Setting,
    plan: &Plan,
    name: &str,
    folder: &Path,
    temporary: &Path,
    marker: Option<&(OwnedFd, OwnedFd)>,
) -> Vec<(OsString, OsString)> {
    let mut environment: Vec<(OsString, OsString)> = Vec::new();
    let mut set = |name: &OsStr, value: &OsStr| {
        environment.retain(|(known, _)| known != name);
        environment.push((name.to_owned(), value.to_owned()));
    };
    for (name, value) in COMMON {
        set(name.as_ref(), value.as_ref());
    }
    set("PATH".as_ref(), host.path());
    set("HOME".as_ref(), temporary.as_os_str());
    set("TMPDIR".as_ref(), temporary.as_os_str());
    set("LAMBDA_TASK_ROOT".as_ref(), folder.as_os_str());
    for (name, value) in &plan.environment {
        set(name, value);
    }
    if let (Some(variable), Some((_, end))) = (plan.marker, marker) {
        set(variable.as_ref(), end.as_raw_fd().to_string().as_ref());
    }
    for (name, value) in &setting.environment {
        set(name, value);
    }
    let (name, value) = host.mark(name);
    set(&name, &value);
    environment
}
