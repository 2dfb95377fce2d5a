//! A command: ready when it exits, when it prints a line, or when it writes to a descriptor.

use std::ffi::OsString;

use frostline_models::measurement::{Outcome, TargetDescription, TargetKind};

use super::words::Words;
use crate::body::{Body, Plan, Quiet, events};
use crate::host::Host;
use crate::target::{Failure, Instance, Invoked, Report, Setting, Target};
use crate::watch::Happening;

/// The variable that names the marker descriptor.
pub const MARKER: &str = "FROSTLINE_READY_FD";

/// A command.
#[derive(Debug, Clone)]
pub struct CommandTarget {
    /// The command.
    pub command: Words,
    /// When it is ready.
    pub until: Until,
    /// What it is said to be: a command, or a module or a container behind one.
    pub kind: TargetKind,
}

/// When a command is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// When it has ended with status 0.
    Exit,
    /// When it has written a line that holds this text.
    Line(String),
    /// When it has written something to the descriptor whose number [`MARKER`] gives.
    Marker,
}

impl Target for CommandTarget {
    fn describe(&self) -> TargetDescription {
        self.command.describe(self.kind)
    }

    fn takes_invocations(&self) -> bool {
        false
    }

    fn start<'a>(
        &'a self,
        host: &'a Host,
        setting: &Setting,
    ) -> Result<Box<dyn Instance + 'a>, Failure> {
        let line = match &self.until {
            Until::Line(text) => Some(text.clone()),
            Until::Exit | Until::Marker => None,
        };
        let plan = Plan {
            program: self.command.program.clone(),
            arguments: self.command.arguments.clone(),
            environment: vec![(OsString::from("PORT"), OsString::from("8080"))],
            line,
            marker: (self.until == Until::Marker).then_some(MARKER),
            network: true,
            ..Plan::default()
        };
        let body = Body::start(host, setting, &plan, events())?;
        Ok(Box::new(Running::new(body, &self.until)))
    }
}

/// A command that was started.
pub(super) struct Running<'a> {
    body: Body,
    until: &'a Until,
    is_ready: bool,
}

impl<'a> Running<'a> {
    pub(super) fn new(body: Body, until: &'a Until) -> Self {
        Self {
            body,
            until,
            is_ready: false,
        }
    }
}

impl Instance for Running<'_> {
    fn ready(&mut self) -> Result<(), Failure> {
        let deadline = self.body.deadline();
        while !self.is_ready {
            let event = self.body.next(deadline).map_err(|quiet| match quiet {
                Quiet::Interrupted => Failure::Interrupted,
                Quiet::TimeOver => self.late(),
            })?;
            let hoped_for = match (&event.what, self.until) {
                (Happening::Line, Until::Line(_)) | (Happening::Marked, Until::Marker) => true,
                (Happening::Ended, Until::Exit) => self.body.succeeded(),
                _ => false,
            };
            if hoped_for {
                self.body.note_ready(event.at);
                self.is_ready = true;
            } else if event.what == Happening::Ended {
                // What it wrote last may still be on its way.
                match self.body.last_words() {
                    Some(last) if matches!(last.what, Happening::Line | Happening::Marked) => {
                        self.body.note_ready(last.at);
                        self.is_ready = true;
                    }
                    _ => return Err(self.body.end_of_init()),
                }
            }
        }
        Ok(())
    }

    fn invoke(&mut self, _: &[u8]) -> Result<Invoked, Failure> {
        let detail = "A command takes no invocations.";
        Err(Failure::new(Outcome::InvocationFailed, detail))
    }

    fn freeze(&mut self, frozen: bool) -> bool {
        self.body.freeze(frozen)
    }

    fn is_running(&mut self) -> bool {
        self.body.is_running()
    }

    fn stop(self: Box<Self>) -> Report {
        self.body.stop()
    }
}

impl Running<'_> {
    fn late(&self) -> Failure {
        let patience = self.body.patience();
        let awaited = match self.until {
            Until::Exit => "It did not end".to_owned(),
            Until::Line(text) => format!("It wrote no line with `{text}`"),
            Until::Marker => format!("It wrote nothing to the descriptor ${MARKER}"),
        };
        let detail = format!("{awaited} within {patience}.{}", self.body.said());
        Failure::new(Outcome::NeverReady, detail)
    }
}
