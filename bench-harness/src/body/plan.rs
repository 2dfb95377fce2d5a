//! What an instance is started with.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::container::{Bundle, Container};
use crate::host::Host;
use crate::target::find_program;

/// What to run, and how it tells that it is ready.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) program: OsString,
    pub(crate) arguments: Vec<OsString>,
    /// Variables that its kind of target needs.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// The text of a line that means readiness.
    pub(crate) line: Option<String>,
    /// The name of the variable that holds the number of the marker descriptor.
    pub(crate) marker: Option<&'static str>,
    /// Whether it runs in the host's own network.
    pub(crate) network: bool,
    /// Whether it sees the machine's mounts, as a checkpoint must.
    pub(crate) bare: bool,
    /// The folder that it starts in and that has its temporary files, where that must outlive it.
    pub(crate) home: Option<PathBuf>,
    /// The container that it runs in; program and arguments are the runtime's then.
    pub(crate) container: Option<Container>,
}

impl Plan {
    /// The program with its arguments and environment: its own, or those that make its container.
    pub(super) fn command(
        &self,
        bundle: Option<&Bundle>,
        host: &Host,
        environment: Vec<(OsString, OsString)>,
    ) -> (OsString, Vec<OsString>, Vec<(OsString, OsString)>) {
        let Some(bundle) = bundle else {
            return (self.program.clone(), self.arguments.clone(), environment);
        };
        let (program, arguments) = bundle.create();
        let path = host.path().to_owned();
        (program, arguments, vec![(OsString::from("PATH"), path)])
    }

    /// Paths of the machine that the command names: they must not be hidden.
    pub(super) fn named(&self, path: &OsStr) -> Vec<PathBuf> {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        words
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .chain(find_program(&self.program, path))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_of_the_command_are_named() {
        let plan = Plan {
            program: OsString::from("python3"),
            arguments: vec![OsString::from("-m"), OsString::from("/opt/a.py")],
            ..Plan::default()
        };
        assert_eq!(plan.named("".as_ref()), [PathBuf::from("/opt/a.py")]);
    }
}
