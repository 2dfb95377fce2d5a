//! A server: started, probed until it answers, then asked.

use std::ffi::OsString;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use frostline_models::measurement::{Isolation, Outcome, TargetDescription, TargetKind};

use super::words::Words;
use crate::body::{Body, Plan, Quiet, events};
use crate::clock;
use crate::host::Host;
use crate::network::{self, Network};
use crate::punctual;
use crate::target::{Failure, Instance, Invoked, Report, Setting, Target};
use crate::watch::Happening;

mod exchange;

use exchange::{Answer, exchange};

/// Time between two probes. A probe costs the server as little as a connection refused.
const BETWEEN_PROBES: Duration = Duration::from_micros(500);

/// How long one probe waits for its answer before another is made.
const PROBE_PATIENCE: Duration = Duration::from_secs(1);

/// A server that answers on the port that the variable `PORT` names.
#[derive(Debug, Clone)]
pub struct Http {
    /// The command.
    pub command: Words,
    /// The port, where the server cannot be told one.
    pub port: Option<u16>,
    /// The path of the probe and of the requests.
    pub path: String,
}

impl Target for Http {
    fn describe(&self) -> TargetDescription {
        self.command.describe(TargetKind::Http)
    }

    fn takes_invocations(&self) -> bool {
        true
    }

    fn start<'a>(
        &'a self,
        host: &'a Host,
        setting: &Setting,
    ) -> Result<Box<dyn Instance + 'a>, Failure> {
        let separate = host.isolation().min(setting.isolation) >= Isolation::Namespaces;
        let network = host.network().filter(|_| separate);
        let cannot = |what: &str, error: io::Error| {
            Failure::new(Outcome::NotStarted, format!("{what}: {error}"))
        };
        let port = match self.port {
            Some(port) => port,
            None => network::listen(network)
                .map(|(_, address)| address.port())
                .map_err(|error| cannot("no port is free", error))?,
        };
        let plan = Plan {
            program: self.command.program.clone(),
            arguments: self.command.arguments.clone(),
            environment: vec![(OsString::from("PORT"), OsString::from(port.to_string()))],
            network: true,
            ..Plan::default()
        };
        let serving = Serving::start(host, setting, &plan, port, &self.path)?;
        Ok(Box::new(serving))
    }
}

/// A server that was started.
pub(super) struct Serving {
    body: Body,
    courier: Courier,
    is_ready: bool,
}

impl Serving {
    /// Starts what will answer on the port.
    pub(super) fn start(
        host: &Host,
        setting: &Setting,
        plan: &Plan,
        port: u16,
        path: &str,
    ) -> Result<Self, Failure> {
        let separate = host.isolation().min(setting.isolation) >= Isolation::Namespaces;
        let network = host.network().filter(|_| separate);
        let courier = Courier::start(network.cloned(), port, path).map_err(|error| {
            let told = format!("no thread for its probe: {error}");
            Failure::new(Outcome::NotStarted, told)
        })?;
        let body = Body::start(host, setting, plan, events())?;
        Ok(Self {
            body,
            courier,
            is_ready: false,
        })
    }

    /// Its first process.
    pub(super) fn pid(&self) -> i32 {
        self.body.pid()
    }
}

impl Instance for Serving {
    fn ready(&mut self) -> Result<(), Failure> {
        if self.is_ready {
            return Ok(());
        }
        let deadline = self.body.deadline();
        self.courier.ask(Errand::Probe { deadline });
        let answer = self.wait(deadline)?;
        self.body.note_ready(answer.at);
        self.is_ready = true;
        Ok(())
    }

    fn invoke(&mut self, request: &[u8]) -> Result<Invoked, Failure> {
        self.ready()?;
        let deadline = self.body.deadline();
        let handed_at = clock::now();
        let request = request.to_owned();
        self.courier.ask(Errand::Request { deadline, request });
        let answer = self.wait(deadline)?;
        if answer.status >= 400 {
            let detail = format!("It answered with status {}.", answer.status);
            return Err(Failure::new(Outcome::InvocationFailed, detail));
        }
        Ok(Invoked {
            duration_ns: clock::since(handed_at, answer.at),
            answered_ns: clock::since(self.body.exec_at, answer.at),
            response_bytes: answer.bytes,
        })
    }

    fn freeze(&mut self, frozen: bool) -> bool {
        self.body.freeze(frozen)
    }

    fn is_running(&mut self) -> bool {
        self.body.is_running()
    }

    fn stop(self: Box<Self>) -> Report {
        let Self { body, courier, .. } = *self;
        // The server goes first: its sockets close, and the courier's wait ends.
        let report = body.stop();
        drop(courier);
        report
    }
}

impl Serving {
    /// Waits for the courier, and meanwhile for the server's end.
    fn wait(&mut self, deadline: u64) -> Result<Answer, Failure> {
        loop {
            match self.courier.answers.try_recv() {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) if self.body.is_running() => return Err(self.failed(&error)),
                Ok(Err(_)) => return Err(self.ended()),
                Err(_) => {}
            }
            // Short waits: the courier's answer carries its own stamp.
            let slice = clock::now() + 200_000;
            match self.body.next(slice.min(deadline)) {
                Ok(event) if event.what == Happening::Ended => return Err(self.ended()),
                Err(Quiet::Interrupted) => return Err(Failure::Interrupted),
                Err(Quiet::TimeOver) if clock::now() >= deadline => {
                    return Err(self.failed("no answer"));
                }
                Ok(_) | Err(Quiet::TimeOver) => {}
            }
        }
    }

    fn ended(&self) -> Failure {
        if self.is_ready {
            self.body.end_of_invocation()
        } else {
            self.body.end_of_init()
        }
    }

    fn failed(&self, why: &str) -> Failure {
        let outcome = match (self.is_ready, why) {
            (false, _) => Outcome::NeverReady,
            (true, exchange::MALFORMED) => Outcome::ProtocolError,
            (true, _) => Outcome::TimedOut,
        };
        let detail = format!(
            "Within {}: {why}.{}",
            self.body.patience(),
            self.body.said()
        );
        Failure::new(outcome, detail)
    }
}

/// What the courier is sent for.
enum Errand {
    /// Until the first answer of any kind but a server error.
    Probe { deadline: u64 },
    /// One request.
    Request { deadline: u64, request: Vec<u8> },
}

/// A thread that speaks to the server, in the server's network.
struct Courier {
    errands: Option<Sender<Errand>>,
    answers: Receiver<Result<Answer, String>>,
    thread: Option<JoinHandle<()>>,
}

impl Courier {
    fn start(network: Option<Network>, port: u16, path: &str) -> io::Result<Self> {
        let (errands, todo) = channel::<Errand>();
        let (done, answers) = channel();
        let path = path.to_owned();
        let run = move || {
            let entered = network.map_or(Ok(()), |network| network.enter());
            for errand in todo {
                let result = match &entered {
                    Ok(()) => run_errand(errand, port, &path),
                    Err(error) => Err(error.to_string()),
                };
                if done.send(result).is_err() {
                    return;
                }
            }
        };
        let thread = punctual::start("courier", run)?;
        Ok(Self {
            errands: Some(errands),
            answers,
            thread: Some(thread),
        })
    }

    fn ask(&self, errand: Errand) {
        if let Some(errands) = &self.errands {
            // A courier that is gone brings no answer, which the wait tells.
            let _ = errands.send(errand);
        }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        drop(self.errands.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run_errand(errand: Errand, port: u16, path: &str) -> Result<Answer, String> {
    let (deadline, request) = match errand {
        Errand::Request { deadline, request } => (deadline, request),
        Errand::Probe { deadline } => return probe(deadline, port, path),
    };
    let left = Duration::from_nanos(clock::since(clock::now(), deadline));
    exchange(port, path, &request, left)
}

/// Asks again and again. It ends with the server, too: then nobody listens, until the time is over or
/// the thread is told to end by whoever waits.
fn probe(deadline: u64, port: u16, path: &str) -> Result<Answer, String> {
    let mut last = "nobody listened".to_owned();
    while clock::now() < deadline {
        let left = Duration::from_nanos(clock::since(clock::now(), deadline));
        match exchange(port, path, b"", left.min(PROBE_PATIENCE)) {
            Ok(answer) if answer.status < 500 => return Ok(answer),
            Ok(answer) => last = format!("the answer had status {}", answer.status),
            Err(error) => last = error,
        }
        std::thread::sleep(BETWEEN_PROBES);
    }
    Err(last)
}
