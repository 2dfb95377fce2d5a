//! A server that is restored from a checkpoint: the analogue of platforms' snapshots.
//!
//! ```text
//!  once     start ─► answers ─► criu dump ─► image
//!  a run                                     image ─► criu restore ─► answers
//! ```
//!
//! The checkpoint is taken after the first answer, so that everything which a first request loads lies
//! in the image, as with a snapshot of a function that was warmed up. The processes get the numbers back
//! that they had, so that two instances cannot run at once.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use frostline_models::measurement::{Outcome, TargetDescription, TargetKind};

use super::http::{Http, Serving};
use crate::body::{Plan, run_to_end};
use crate::host::Host;
use crate::network;
use crate::observe;
use crate::target::{Failure, Instance, Invoked, Report, Setting, Target};

/// How to get a checkpoint tool that works.
const HELP: &str = "apt-get install criu; kernels after 6.5 need version 4.0 or later, which Debian has \
                    from release 13 on";

/// A server that answers on the port that the variable `PORT` names, started from its checkpoint.
#[derive(Debug)]
pub struct Restore {
    /// The program `criu`.
    pub tool: PathBuf,
    /// The server.
    pub server: Http,
    image: Mutex<Option<Image>>,
}

/// A checkpoint.
#[derive(Debug, Clone)]
struct Image {
    folder: PathBuf,
    port: u16,
}

impl Restore {
    /// A server that has no checkpoint yet.
    pub fn new(tool: PathBuf, server: Http) -> Self {
        Self {
            tool,
            server,
            image: Mutex::new(None),
        }
    }

    /// The checkpoint, which is taken when it is asked for first.
    fn image(&self, host: &Host, setting: &Setting) -> Result<Image, Failure> {
        let mut image = self.image.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = &*image {
            return Ok(image.clone());
        }
        self.check(host)?;
        let taken = self.take(host, setting)?;
        Ok(image.insert(taken).clone())
    }

    /// Whether the tool works on this machine.
    fn check(&self, host: &Host) -> Result<(), Failure> {
        let plan = self.plan(["check".into()]);
        run_to_end(host, &plan).map_err(|told| Failure::Missing {
            what: format!("criu cannot checkpoint on this machine: {told}"),
            help: HELP.to_owned(),
        })
    }

    fn take(&self, host: &Host, setting: &Setting) -> Result<Image, Failure> {
        let folder = host.folder().join("checkpoint");
        let cannot = |told: String| Failure::new(Outcome::NotStarted, told);
        let home = folder.join("home");
        fs::create_dir_all(&home)
            .map_err(|error| cannot(format!("no folder for the checkpoint: {error}")))?;
        let network = host.network();
        let port = match self.server.port {
            Some(port) => port,
            None => network::listen(network)
                .map(|(_, address)| address.port())
                .map_err(|error| cannot(format!("no port is free: {error}")))?,
        };
        let plan = Plan {
            program: self.server.command.program.clone(),
            arguments: self.server.command.arguments.clone(),
            environment: vec![(OsString::from("PORT"), OsString::from(port.to_string()))],
            network: true,
            bare: true,
            home: Some(home),
            ..Plan::default()
        };
        let mut running = Serving::start(host, setting, &plan, port, &self.server.path)?;
        running.ready()?;
        running.invoke(b"")?;
        let number = running.pid().to_string();
        let words = ["dump", "--tree", &number, "--leave-running"];
        let words = words
            .into_iter()
            .map(OsString::from)
            .chain(common(&folder, "dump.log"));
        let dumped = run_to_end(host, &self.plan(words));
        // Killed here and not by the tool, so that its group and folder go with it.
        let report = Box::new(running).stop();
        drop(report);
        dumped.map_err(|told| {
            cannot(format!(
                "criu cannot take the checkpoint: {told} {}",
                errors(&folder.join("dump.log"))
            ))
        })?;
        Ok(Image { folder, port })
    }

    fn plan(&self, words: impl IntoIterator<Item = OsString>) -> Plan {
        Plan {
            program: self.tool.clone().into(),
            arguments: words.into_iter().collect(),
            network: true,
            bare: true,
            ..Plan::default()
        }
    }
}

impl Target for Restore {
    fn describe(&self) -> TargetDescription {
        self.server.command.describe(TargetKind::Restore)
    }

    fn takes_invocations(&self) -> bool {
        true
    }

    fn start<'a>(
        &'a self,
        host: &'a Host,
        setting: &Setting,
    ) -> Result<Box<dyn Instance + 'a>, Failure> {
        let image = self.image(host, setting)?;
        let words = std::iter::once("restore".into()).chain(common(&image.folder, "restore.log"));
        let plan = self.plan(words);
        let serving = Serving::start(host, setting, &plan, image.port, &self.server.path)?;
        Ok(Box::new(Restored { serving, image }))
    }
}

struct Restored {
    serving: Serving,
    image: Image,
}

impl Instance for Restored {
    fn ready(&mut self) -> Result<(), Failure> {
        self.serving.ready().map_err(|failure| match failure {
            Failure::Target { outcome, detail } => {
                let told = errors(&self.image.folder.join("restore.log"));
                Failure::new(outcome, format!("{detail} {told}").trim())
            }
            other => other,
        })
    }

    fn invoke(&mut self, request: &[u8]) -> Result<Invoked, Failure> {
        self.serving.invoke(request)
    }

    fn freeze(&mut self, frozen: bool) -> bool {
        self.serving.freeze(frozen)
    }

    fn is_running(&mut self) -> bool {
        self.serving.is_running()
    }

    fn stop(self: Box<Self>) -> Report {
        let Self { serving, image } = *self;
        let mut report = Box::new(serving).stop();
        if !report.opened.is_empty() {
            // The image is read and closed again, which what is mapped does not show.
            report.opened.extend(observe::files_in(&image.folder));
        }
        report
    }
}

/// Words of dump and restore: where the image is, what the tool writes of its work, and that control
/// groups are the harness's.
fn common(folder: &Path, log: &str) -> impl Iterator<Item = OsString> {
    let words: [&OsStr; 5] = [
        "--images-dir".as_ref(),
        folder.as_os_str(),
        "--log-file".as_ref(),
        log.as_ref(),
        "--manage-cgroups=ignore".as_ref(),
    ];
    words.map(OsStr::to_owned).into_iter()
}

/// The errors in the tool's log; the cause is among the first, but not always the first.
fn errors(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().filter(|line| line.contains("Error"));
    let told: Vec<&str> = lines.map(str::trim).take(4).collect();
    told.join("; ").chars().take(400).collect()
}
