//! The Lambda Runtime API: what an unmodified runtime client asks for, on a loopback port.
//!
//! ```text
//!  client                                 server
//!  GET  …/runtime/invocation/next ──────► AskedNext       (the first one ends the init)
//!       ◄──────────────────────────────── headers and payload, once there is an invocation
//!  POST …/invocation/{id}/response ─────► Answered        (or …/error: AnsweredError)
//!  POST …/runtime/init/error ───────────► InitError
//!  GET  …/runtime/restore/next ─────────► AskedRestore
//! ```
//!
//! Source: AWS, "Using the Lambda runtime API for custom runtimes" and the `OpenAPI` file behind it,
//! version 2018-06-01, read 2026-10; status codes as the Runtime Interface Emulator gives them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::clock;
use crate::network::{self, Network};
use crate::punctual;
use crate::watch::{Event, Happening};

#[cfg(test)]
mod conformance;
mod respond;
mod route;

/// Bytes of a request or response at most (AWS, "Lambda quotas": 6 MB each; what the service enforces
/// is 6,291,556, as its error message says). Certain.
pub(crate) const PAYLOAD_MAX: u64 = 6_291_556;

/// Bytes of a streamed response at most (AWS, "Lambda quotas": 200 MB, read 2026-10). Certain.
pub(crate) const STREAM_MAX: u64 = 200 << 20;

/// Connections at once: a client needs one, a shell one after the other.
const CONNECTIONS_MAX: usize = 64;

/// The ARN that every function here has; the account is the one of AWS's examples.
pub(crate) const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:frostline";

/// An invocation to hand over.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    pub(crate) id: String,
    pub(crate) payload: Bytes,
    /// Milliseconds since 1970 at which the platform would give up.
    pub(crate) deadline_ms: u64,
    pub(crate) trace: String,
}

/// A running server. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    invocations: mpsc::UnboundedSender<Invocation>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the connections share.
#[derive(Debug)]
struct State {
    events: Mutex<Sender<Event>>,
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    ledger: Mutex<Ledger>,
}

/// Which invocations were handed over and answered.
#[derive(Debug, Default)]
struct Ledger {
    /// Whether an invocation was asked for: the init is over then.
    is_initialized: bool,
    current: Option<String>,
    answered: Vec<String>,
    extensions: u32,
}

impl Server {
    /// Starts to listen.
    ///
    /// # Errors
    /// When there is no port or no thread.
    pub(crate) fn start(network: Option<&Network>, events: Sender<Event>) -> io::Result<Self> {
        let (listener, address) = network::listen(network)?;
        listener.set_nonblocking(true)?;
        let (invocations, waiting) = mpsc::unbounded_channel();
        let state = Arc::new(State {
            events: Mutex::new(events),
            waiting: tokio::sync::Mutex::new(waiting),
            ledger: Mutex::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let thread = punctual::start("runtime-api", move || {
            runtime.block_on(async {
                tokio::spawn(serve(listener, state));
                // The sender is dropped or sends; either ends the runtime and all its tasks.
                let _ = stopped.await;
            });
        })?;
        Ok(Self {
            address,
            invocations,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Hands over an invocation to whoever asks next.
    pub(crate) fn hand_over(&self, invocation: Invocation) {
        // A server that has ended answers nobody, which the wait for the response tells.
        let _ = self.invocations.send(invocation);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        // A response must not wait for a fuller packet.
        let _ = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let served = Arc::clone(&state);
            let service = service_fn(move |request| {
                // The stamp is taken before anything else is done with the request.
                let at = clock::now();
                let state = Arc::clone(&served);
                async move { Ok::<_, hyper::Error>(route::answer(&state, at, request).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(None)
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await
                && error.is_incomplete_message()
            {
                state.tell(
                    clock::now(),
                    Happening::Broke {
                        rule: "It closed the connection in the middle of a request.".to_owned(),
                    },
                );
            }
            drop(place);
        });
    }
}

impl State {
    fn tell(&self, at: u64, what: Happening) {
        if let Ok(events) = self.events.lock() {
            // Nobody listens any more when the instance is being stopped.
            let _ = events.send(Event { at, what });
        }
    }

    fn ledger<T>(&self, act: impl FnOnce(&mut Ledger) -> T) -> T {
        let mut ledger = self
            .ledger
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        act(&mut ledger)
    }
}
