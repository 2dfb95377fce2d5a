//! A client of the Lambda Runtime API, started and asked as AWS Lambda does it.

use std::ffi::OsString;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use frostline_models::measurement::{Outcome, Resources, TargetDescription, TargetKind};

use super::words::Words;
use crate::body::{Body, Plan, Quiet, events};
use crate::clock;
use crate::host::Host;
use crate::runtime_api::{Invocation, PAYLOAD_MAX, Server};
use crate::target::{Failure, Instance, Invoked, Report, Setting, Target};
use crate::watch::Happening;

/// A command that talks to the Lambda Runtime API.
#[derive(Debug, Clone)]
pub struct RuntimeApi {
    /// The command.
    pub command: Words,
    /// The value of `_HANDLER`; most runtimes take it from the command's last word instead.
    pub handler: String,
}

impl Target for RuntimeApi {
    fn describe(&self) -> TargetDescription {
        self.command.describe(TargetKind::RuntimeApi)
    }

    fn takes_invocations(&self) -> bool {
        true
    }

    fn start<'a>(
        &'a self,
        host: &'a Host,
        setting: &Setting,
    ) -> Result<Box<dyn Instance + 'a>, Failure> {
        let (sender, receiver) = events();
        let separate = host.isolation().min(setting.isolation)
            >= frostline_models::measurement::Isolation::Namespaces;
        let network = host.network().filter(|_| separate);
        let server = Server::start(network, sender.clone()).map_err(|error| {
            Failure::new(
                Outcome::NotStarted,
                format!("no port for the runtime API: {error}"),
            )
        })?;
        let plan = Plan {
            program: self.command.program.clone(),
            arguments: self.command.arguments.clone(),
            environment: self.environment(&server, setting),
            network: true,
            ..Plan::default()
        };
        let body = Body::start(host, setting, &plan, (sender, receiver))?;
        Ok(Box::new(Client {
            body,
            server,
            is_ready: false,
            invocations: 0,
        }))
    }
}

impl RuntimeApi {
    /// The variables that AWS promises (AWS, "Defined runtime environment variables", read 2026-10).
    fn environment(&self, server: &Server, setting: &Setting) -> Vec<(OsString, OsString)> {
        let memory = setting
            .resources
            .memory_mib()
            .unwrap_or(match setting.resources {
                Resources::Unlimited | Resources::CloudRun { .. } => 1769,
                Resources::Lambda { mib }
                | Resources::LambdaThrottledInit { mib }
                | Resources::Kubernetes { mib, .. } => mib,
            });
        let text = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
        vec![
            text("AWS_LAMBDA_RUNTIME_API", &server.address()),
            text("_HANDLER", &self.handler),
            text("AWS_LAMBDA_FUNCTION_NAME", "frostline"),
            text("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory.to_string()),
            text("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            text("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/frostline"),
            text("AWS_LAMBDA_LOG_STREAM_NAME", "frostline"),
            text("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ]
    }
}

struct Client {
    body: Body,
    server: Server,
    is_ready: bool,
    invocations: u64,
}

impl Client {
    /// Waits for one of the things that a client may do. `accept` takes what was hoped for.
    fn wait<T>(
        &mut self,
        deadline: u64,
        accept: impl Fn(u64, &Happening) -> Option<T>,
    ) -> Result<T, Failure> {
        loop {
            let event = match self.body.next(deadline) {
                Ok(event) => event,
                Err(Quiet::Interrupted) => return Err(Failure::Interrupted),
                Err(Quiet::TimeOver) => return Err(self.late()),
            };
            if let Some(found) = accept(event.at, &event.what) {
                return Ok(found);
            }
            if let Some(failure) = self.failure(&event.what) {
                return Err(failure);
            }
        }
    }

    fn late(&self) -> Failure {
        let patience = self.body.patience();
        let said = self.body.said();
        if self.is_ready {
            let detail = format!("It did not answer within {patience}.{said}");
            return Failure::new(Outcome::TimedOut, detail);
        }
        let detail = format!("It asked for no invocation within {patience}.{said}");
        Failure::new(Outcome::NeverReady, detail)
    }

    fn failure(&mut self, what: &Happening) -> Option<Failure> {
        match what {
            Happening::Broke { rule } => Some(Failure::new(Outcome::ProtocolError, rule)),
            Happening::InitError { message } => Some(Failure::new(Outcome::CrashedInInit, message)),
            Happening::AnsweredError { message } => {
                Some(Failure::new(Outcome::InvocationFailed, message))
            }
            Happening::Ended => {
                // What it said just before its end explains it better than its status.
                while let Some(event) = self.body.last_words() {
                    if let Some(failure) = self.failure(&event.what) {
                        return Some(failure);
                    }
                }
                Some(if self.is_ready {
                    self.body.end_of_invocation()
                } else {
                    self.body.end_of_init()
                })
            }
            _ => None,
        }
    }

    fn asked_next(at: u64, what: &Happening) -> Option<u64> {
        (*what == Happening::AskedNext).then_some(at)
    }
}

impl Instance for Client {
    fn ready(&mut self) -> Result<(), Failure> {
        if self.is_ready {
            return Ok(());
        }
        let deadline = self.body.deadline();
        let at = self.wait(deadline, Self::asked_next)?;
        self.body.note_ready(at);
        self.is_ready = true;
        Ok(())
    }

    fn invoke(&mut self, request: &[u8]) -> Result<Invoked, Failure> {
        self.ready()?;
        let size = u64::try_from(request.len()).unwrap_or(u64::MAX);
        if size > PAYLOAD_MAX {
            let detail = format!("The request has {size} bytes, {PAYLOAD_MAX} are the most.");
            return Err(Failure::new(Outcome::InvocationFailed, detail));
        }
        self.invocations += 1;
        let number = self.invocations;
        let deadline = self.body.deadline();
        let handed_at = clock::now();
        let left_ms = clock::since(handed_at, deadline) / 1_000_000;
        self.server.hand_over(Invocation {
            id: format!("8476a536-e9f4-11e8-9739-{number:012x}"),
            payload: Bytes::copy_from_slice(request),
            deadline_ms: now_ms() + left_ms,
            trace: format!("Root=1-5bef4de7-{number:024x};Parent=9a9197af755a6419;Sampled=0"),
        });
        let (at, response_bytes) = self.wait(deadline, |at, what| match what {
            Happening::Answered { bytes } => Some((at, *bytes)),
            _ => None,
        })?;
        // Only a runtime that asks again can be given another one.
        self.wait(deadline, Self::asked_next)?;
        Ok(Invoked {
            duration_ns: clock::since(handed_at, at),
            answered_ns: clock::since(self.body.exec_at, at),
            response_bytes,
        })
    }

    fn freeze(&mut self, frozen: bool) -> bool {
        self.body.freeze(frozen)
    }

    fn is_running(&mut self) -> bool {
        self.body.is_running()
    }

    fn stop(self: Box<Self>) -> Report {
        let Self { body, server, .. } = *self;
        let report = body.stop();
        // The port closes after the client is gone, so that it sees no closed connection.
        drop(server);
        report
    }
}

/// Milliseconds since 1970, which the protocol's deadline is given in.
fn now_ms() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(0)
}
