//! Answers of the runtime API.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use super::Invocation;

/// The answer to a request for an invocation.
pub(super) fn invocation(handed: Invocation, arn: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(handed.payload));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let own = [
        ("Lambda-Runtime-Aws-Request-Id", handed.id),
        ("Lambda-Runtime-Deadline-Ms", handed.deadline_ms.to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", arn.to_owned()),
        ("Lambda-Runtime-Trace-Id", handed.trace),
    ];
    for (name, value) in own {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    answer
}

/// `202 Accepted`, as the service says it.
pub(super) fn accepted() -> Response<Full<Bytes>> {
    text(StatusCode::ACCEPTED, "{\"status\":\"OK\"}\n")
}

/// A refusal with its type and message.
pub(super) fn refused(status: StatusCode, kind: &str, message: &str) -> Response<Full<Bytes>> {
    let told = serde_json::json!({ "errorType": kind, "errorMessage": message });
    text(status, &told.to_string())
}

pub(super) fn text(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    answer
}
