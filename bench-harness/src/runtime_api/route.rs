//! Requests of the runtime API, each with its answer.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::{Method, Request, Response, StatusCode};

use super::respond::{accepted, invocation, refused, text};
use super::{FUNCTION_ARN, PAYLOAD_MAX, STREAM_MAX, State};
use crate::clock;
use crate::watch::Happening;

/// Bytes of an error report that are kept.
const ERROR_MAX: u64 = 256 << 10;

/// Invocations whose answers are remembered, to tell an answer that comes twice.
const REMEMBERED: usize = 64;

/// Answers a request that came at a time.
pub(super) async fn answer(
    state: &State,
    at: u64,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let words: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (&parts.method, words.as_slice()) {
        (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => next(state, at).await,
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => {
            response(state, id, &parts.headers, body).await
        }
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => {
            error(state, id, &parts.headers, body).await
        }
        (
            &Method::POST,
            [
                "2018-06-01",
                "runtime",
                which @ ("init" | "restore"),
                "error",
            ],
        ) => {
            let message = message_of(&parts.headers, body).await;
            if *which == "init" && state.ledger(|ledger| ledger.is_initialized) {
                let rule = "It reported an error of its init after it had asked for an invocation.";
                return broken(state, at, rule.to_owned());
            }
            state.tell(at, Happening::InitError { message });
            accepted()
        }
        (&Method::GET, ["2018-06-01", "runtime", "restore", "next"]) => {
            state.tell(at, Happening::AskedRestore);
            text(StatusCode::OK, "")
        }
        (&Method::POST, ["2020-01-01", "extension", "register"]) => {
            // A body that is not read through would end the connection.
            let _ = read_through(body).await;
            register(state)
        }
        (&Method::GET, ["2020-01-01", "extension", "event", "next"]) => {
            // No event is sent; an extension waits until it is killed with its instance.
            std::future::pending().await
        }
        (&Method::PUT, ["2022-07-01", "telemetry"] | ["2020-08-15", "logs"]) => {
            let _ = read_through(body).await;
            text(StatusCode::ACCEPTED, "OK")
        }
        _ => refused(
            StatusCode::NOT_FOUND,
            "Runtime.UnknownPath",
            &format!("no `{} {path}` in the runtime API", parts.method),
        ),
    }
}

/// Tells that a client did something that is not allowed now.
fn broken(state: &State, at: u64, rule: String) -> Response<Full<Bytes>> {
    let answer = refused(StatusCode::FORBIDDEN, "InvalidStateTransition", &rule);
    state.tell(at, Happening::Broke { rule });
    answer
}

async fn next(state: &State, at: u64) -> Response<Full<Bytes>> {
    let open = state.ledger(|ledger| {
        ledger.is_initialized = true;
        ledger.current.clone()
    });
    if let Some(id) = open {
        let rule = format!("It asked for the next invocation before it answered {id}.");
        return broken(state, at, rule);
    }
    state.tell(at, Happening::AskedNext);
    let handed = state.waiting.lock().await.recv().await;
    let Some(handed) = handed else {
        return refused(
            StatusCode::GONE,
            "Runtime.Shutdown",
            "the instance is being stopped",
        );
    };
    state.ledger(|ledger| ledger.current = Some(handed.id.clone()));
    invocation(handed, FUNCTION_ARN)
}

/// Takes the current invocation off the ledger, or says what is wrong with its number.
fn settle(state: &State, id: &str) -> Result<(), Box<Response<Full<Bytes>>>> {
    let verdict = state.ledger(|ledger| {
        if ledger.current.as_deref() == Some(id) {
            ledger.current = None;
            let excess = (ledger.answered.len() + 1).saturating_sub(REMEMBERED);
            ledger.answered.drain(..excess);
            ledger.answered.push(id.to_owned());
            return None;
        }
        Some(ledger.answered.iter().any(|answered| answered == id))
    });
    let Some(twice) = verdict else { return Ok(()) };
    let id: String = id.chars().take(64).collect();
    let (rule, status, kind) = if twice {
        let rule = format!("It answered the invocation {id} twice.");
        (rule, StatusCode::FORBIDDEN, "InvalidStateTransition")
    } else {
        let rule = format!("It answered `{id}`, which is no invocation that it was given.");
        (rule, StatusCode::BAD_REQUEST, "InvalidRequestID")
    };
    let answer = refused(status, kind, &rule);
    state.tell(clock::now(), Happening::Broke { rule });
    Err(Box::new(answer))
}

async fn response(
    state: &State,
    id: &str,
    headers: &HeaderMap,
    body: Incoming,
) -> Response<Full<Bytes>> {
    let streamed = headers
        .get("lambda-runtime-function-response-mode")
        .is_some_and(|mode| mode.as_bytes().eq_ignore_ascii_case(b"streaming"));
    let limit = if streamed { STREAM_MAX } else { PAYLOAD_MAX };
    let read = read_through(body).await;
    let at = clock::now();
    let read = match read {
        Ok(read) => read,
        Err(rule) => {
            state.tell(at, Happening::Broke { rule });
            return refused(
                StatusCode::BAD_REQUEST,
                "Runtime.TruncatedResponse",
                "half a request",
            );
        }
    };
    if let Err(answer) = settle(state, id) {
        return *answer;
    }
    if let Some(message) = read.trailing_error {
        state.tell(at, Happening::AnsweredError { message });
        return accepted();
    }
    if read.bytes > limit {
        let message = format!(
            "Response payload size ({} bytes) exceeded maximum allowed payload size ({limit} bytes).",
            read.bytes
        );
        let answer = refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            "Function.ResponseSizeTooLarge",
            &message,
        );
        state.tell(at, Happening::AnsweredError { message });
        return answer;
    }
    state.tell(at, Happening::Answered { bytes: read.bytes });
    accepted()
}

async fn error(
    state: &State,
    id: &str,
    headers: &HeaderMap,
    body: Incoming,
) -> Response<Full<Bytes>> {
    let message = message_of(headers, body).await;
    let at = clock::now();
    if let Err(answer) = settle(state, id) {
        return *answer;
    }
    state.tell(at, Happening::AnsweredError { message });
    accepted()
}

fn register(state: &State) -> Response<Full<Bytes>> {
    let number = state.ledger(|ledger| {
        ledger.extensions += 1;
        ledger.extensions
    });
    let about = serde_json::json!({
        "functionName": "frostline",
        "functionVersion": "$LATEST",
        "handler": "",
    });
    let mut answer = text(StatusCode::OK, &about.to_string());
    let id = format!("00000000-0000-4000-8000-{number:012}");
    if let Ok(id) = id.parse() {
        answer
            .headers_mut()
            .insert("Lambda-Extension-Identifier", id);
    }
    answer
}

/// What is known of a body that was read and let go.
#[derive(Debug, Default)]
struct ReadThrough {
    bytes: u64,
    /// The first bytes.
    head: Vec<u8>,
    /// An error that the trailers of a streamed response tell.
    trailing_error: Option<String>,
}

/// Reads a body of any length without keeping it. The instance's timeout bounds how long it may take.
async fn read_through(mut body: Incoming) -> Result<ReadThrough, String> {
    let mut read = ReadThrough::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            format!(
                "It broke off a request after {} bytes of its body.",
                read.bytes
            )
        })?;
        if let Some(data) = frame.data_ref() {
            let room = ERROR_MAX.saturating_sub(read.bytes);
            let kept = usize::try_from(room).unwrap_or(0).min(data.len());
            read.head.extend_from_slice(&data[..kept]);
            read.bytes += u64::try_from(data.len()).unwrap_or(0);
        } else if let Some(trailers) = frame.trailers_ref() {
            let kind = trailers.get("lambda-runtime-function-error-type");
            read.trailing_error = kind.map(|kind| String::from_utf8_lossy(kind.as_bytes()).into());
        }
    }
    Ok(read)
}

/// What an error report says, in one line.
async fn message_of(headers: &HeaderMap, body: Incoming) -> String {
    let kind = headers
        .get("lambda-runtime-function-error-type")
        .map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned());
    let head = read_through(body)
        .await
        .map(|read| read.head)
        .unwrap_or_default();
    let told = serde_json::from_slice::<serde_json::Value>(&head).ok();
    let field = |name: &str| {
        let value = told.as_ref().and_then(|value| value.get(name));
        value.and_then(|value| value.as_str()).map(str::to_owned)
    };
    let kind = field("errorType")
        .or(kind)
        .unwrap_or_else(|| "error".to_owned());
    let message = field("errorMessage").unwrap_or_default();
    let line: String = format!("{kind}: {message}").chars().take(300).collect();
    line.trim_end_matches(": ").replace('\n', " ")
}
