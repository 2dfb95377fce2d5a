//! A container: made from a folder of files by an OCI runtime, begun, and watched.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use frostline_models::measurement::{Isolation, Outcome, TargetDescription, TargetKind};

use super::command::{Running, Until};
use super::words::{Words, find_program};
use crate::body::{Body, Container, Plan, events};
use crate::host::Host;
use crate::target::{Failure, Instance, Setting, Target};

/// Runtimes that are looked for, the first that is there wins.
pub const CONTAINER_RUNTIMES: [&str; 2] = ["runc", "crun"];

/// A command in a container whose files are the package of the [`Setting`]. The host must own its
/// process ([`HostOptions::own_process`](crate::HostOptions::own_process)): containers belong to whoever
/// adopts orphans.
#[derive(Debug, Clone)]
pub struct Oci {
    /// The runtime's program.
    pub runtime: PathBuf,
    /// The command inside.
    pub command: Words,
    /// When it is ready; it cannot be given a marker.
    pub until: Until,
}

impl Oci {
    /// The first runtime along a path.
    pub fn find_runtime(path: &OsStr) -> Option<PathBuf> {
        CONTAINER_RUNTIMES
            .iter()
            .find_map(|name| find_program(OsStr::new(name), path))
    }
}

impl Target for Oci {
    fn describe(&self) -> TargetDescription {
        self.command.describe(TargetKind::Oci)
    }

    fn takes_invocations(&self) -> bool {
        false
    }

    fn start<'a>(
        &'a self,
        host: &'a Host,
        setting: &Setting,
    ) -> Result<Box<dyn Instance + 'a>, Failure> {
        let Some(root) = setting.package.clone() else {
            return Err(Failure::Missing {
                what: "a container needs a folder with its files".to_owned(),
                help: "--rootfs DIR".to_owned(),
            });
        };
        if host.isolation() < Isolation::Namespaces {
            return Err(Failure::Missing {
                what: format!(
                    "containers cannot be made here. {}",
                    host.obstacles().join(" ")
                ),
                help: "run as root".to_owned(),
            });
        }
        if host.cgroup_version() == "hybrid" && self.runtime.ends_with("crun") {
            return Err(Failure::Missing {
                what: "crun refuses machines with both versions of control groups".to_owned(),
                help: "apt-get install runc".to_owned(),
            });
        }
        let words = std::iter::once(&self.command.program).chain(&self.command.arguments);
        let words = words.map(|word| word.to_string_lossy().into_owned());
        let line = match &self.until {
            Until::Line(text) => Some(text.clone()),
            Until::Exit => None,
            Until::Marker => {
                let detail = "A container inherits no descriptor for a marker.";
                return Err(Failure::new(Outcome::NotStarted, detail));
            }
        };
        let plan = Plan {
            container: Some(Container {
                runtime: self.runtime.clone(),
                words: words.collect(),
                root,
            }),
            environment: vec![
                (OsString::from("PORT"), OsString::from("8080")),
                (
                    OsString::from("PATH"),
                    OsString::from(crate::body::CONTAINER_PATH),
                ),
                (OsString::from("HOME"), OsString::from("/tmp")),
                (OsString::from("TMPDIR"), OsString::from("/tmp")),
                (OsString::from("LAMBDA_TASK_ROOT"), OsString::from("/")),
            ],
            line,
            network: true,
            ..Plan::default()
        };
        let body = Body::start(host, setting, &plan, events())?;
        Ok(Box::new(Running::new(body, &self.until)))
    }
}
