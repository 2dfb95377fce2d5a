//! What loading each module takes, by the runtime's own measurement.
//!
//! Python tells it where `PYTHONPROFILEIMPORTTIME` is set; Node.js has a hook for `require` through
//! `NODE_OPTIONS`, which a small module uses to tell the same in the same form:
//!
//! ```text
//!  import time: self [us] | cumulative | imported package
//!  import time:       213 |        213 |   encodings.aliases
//! ```

use std::ffi::OsString;
use std::fs;

use frostline_models::measurement::ModuleTime;

use crate::host::Host;

/// Modules that are kept, slowest first.
const KEPT: usize = 50;

/// How each line begins.
const PREFIX: &str = "import time:";

/// The module that Node.js loads first.
const NODE_HOOK: &str = include_str!("imports.js");

/// The variables that make runtimes measure.
pub(super) fn environment(host: &Host) -> Vec<(OsString, OsString)> {
    let mut variables = vec![(
        OsString::from("PYTHONPROFILEIMPORTTIME"),
        OsString::from("1"),
    )];
    let hook = host.folder().join("imports.js");
    if fs::write(&hook, NODE_HOOK).is_ok() {
        let mut option = OsString::from("--require=");
        option.push(hook);
        variables.push((OsString::from("NODE_OPTIONS"), option));
    }
    variables
}

/// Reads what a runtime has told, among whatever else it wrote.
pub(super) fn read(output: &str) -> Vec<ModuleTime> {
    let mut modules: Vec<ModuleTime> = output.lines().filter_map(module).collect();
    modules.sort_by(|a, b| b.self_ns.cmp(&a.self_ns).then_with(|| a.name.cmp(&b.name)));
    modules.truncate(KEPT);
    modules
}

fn module(line: &str) -> Option<ModuleTime> {
    let rest = &line[line.find(PREFIX)? + PREFIX.len()..];
    let mut columns = rest.splitn(3, '|').map(str::trim);
    let mut time = || columns.next()?.parse::<u64>().ok()?.checked_mul(1000);
    let (self_ns, cumulative_ns) = (time()?, time()?);
    let name = columns.next().filter(|name| !name.is_empty())?;
    Some(ModuleTime {
        name: name.chars().take(200).collect(),
        self_ns,
        cumulative_ns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_read_among_other_output() {
        let output = "\
starting
import time: self [us] | cumulative | imported package
import time:       213 |        213 |     encodings.aliases
import time:      1100 |       1313 |   encodings
import time: nonsense
import time:  99999999999999999999 | 1 | huge
done";
        let modules = read(output);
        assert_eq!(modules.len(), 2);
        assert_eq!(modules[0].name, "encodings");
        assert_eq!(
            (modules[0].self_ns, modules[0].cumulative_ns),
            (1_100_000, 1_313_000)
        );
    }
}
