//! The server against the documented interface, byte by byte: AWS, "Using the Lambda runtime API for
//! custom runtimes", version 2018-06-01, and "Response streaming", read 2026-10.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::*;

const API: &str = "/2018-06-01/runtime";

/// A client that speaks plain bytes, on one connection that is kept.
struct Client {
    server: Server,
    events: Receiver<Event>,
    stream: BufReader<TcpStream>,
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Client {
    fn new() -> Self {
        let (sender, events) = channel();
        let server = Server::start(None, sender).unwrap();
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            server,
            events,
            stream: BufReader::new(stream),
        }
    }

    /// A client that was given the invocation `id` and has not answered it.
    fn invoked(id: &str, payload: &'static [u8]) -> (Self, Answer) {
        let mut client = Self::new();
        client.hand_over(id, payload);
        let answer = client.ask("GET", &format!("{API}/invocation/next"), &[], b"");
        assert_eq!(client.event(), Happening::AskedNext);
        (client, answer)
    }

    fn hand_over(&self, id: &str, payload: &'static [u8]) {
        self.server.hand_over(Invocation {
            id: id.to_owned(),
            payload: Bytes::from_static(payload),
            deadline_ms: 1_542_409_706_888,
            trace: "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".to_owned(),
        });
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    fn ask(&mut self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: runtime\r\n");
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head += "Content-Length: ";
        head += &body.len().to_string();
        head += "\r\n\r\n";
        self.send(head.as_bytes());
        self.send(body);
        self.answer()
    }

    fn answer(&mut self) -> Answer {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines[1..]
            .iter()
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
        self.stream.read_exact(&mut body).unwrap();
        Answer {
            status,
            headers,
            body,
        }
    }

    fn event(&self) -> Happening {
        self.events
            .recv_timeout(Duration::from_secs(60))
            .unwrap()
            .what
    }
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, value)| value)
    }

    /// The type of a refusal.
    fn kind(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert!(body["errorMessage"].is_string(), "{body}");
        body["errorType"].as_str().unwrap().to_owned()
    }
}

#[test]
fn an_invocation_has_its_headers_and_its_payload() {
    let (client, answer) = Client::invoked("7-a", b"{\"key\": \"v\xc3\xa4lue\"}");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("lambda-runtime-aws-request-id"), "7-a");
    assert_eq!(answer.header("lambda-runtime-deadline-ms"), "1542409706888");
    assert_eq!(
        answer.header("lambda-runtime-invoked-function-arn"),
        FUNCTION_ARN
    );
    let trace = answer.header("lambda-runtime-trace-id");
    assert!(trace.starts_with("Root=1-5bef4de7-"), "{trace}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.body, b"{\"key\": \"v\xc3\xa4lue\"}");
    assert!(client.server.address().starts_with("127.0.0.1:"));
}

#[test]
fn one_connection_serves_one_invocation_after_the_other() {
    let (mut client, _) = Client::invoked("1", b"{}");
    for id in ["1", "2", "3"] {
        let answer = client.ask(
            "POST",
            &format!("{API}/invocation/{id}/response"),
            &[],
            b"\"ok\"",
        );
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (202, &b"{\"status\":\"OK\"}\n"[..])
        );
        assert_eq!(client.event(), Happening::Answered { bytes: 4 });
        let next = (id.parse::<u32>().unwrap() + 1).to_string();
        client.hand_over(&next, b"{}");
        let answer = client.ask("GET", &format!("{API}/invocation/next"), &[], b"");
        assert_eq!(answer.header("lambda-runtime-aws-request-id"), next);
        assert_eq!(client.event(), Happening::AskedNext);
    }
}

#[test]
fn errors_are_taken_with_their_type_and_message() {
    let told = br#"{"errorMessage": "no\nbucket", "errorType": "NoBucket", "stackTrace": []}"#;
    let (mut client, _) = Client::invoked("1", b"{}");
    let path = format!("{API}/invocation/1/error");
    assert_eq!(client.ask("POST", &path, &[], told).status, 202);
    let message = "NoBucket: no bucket".to_owned();
    assert_eq!(client.event(), Happening::AnsweredError { message });

    // The header stands in where the body says nothing.
    let mut client = Client::new();
    let header = "Lambda-Runtime-Function-Error-Type: Runtime.NoSuchHandler";
    let path = format!("{API}/init/error");
    assert_eq!(
        client.ask("POST", &path, &[header], b"not json").status,
        202
    );
    let message = "Runtime.NoSuchHandler".to_owned();
    assert_eq!(client.event(), Happening::InitError { message });
    // The init is not over: another report is taken, too.
    assert_eq!(client.ask("POST", &path, &[], told).status, 202);
}

#[test]
fn a_response_has_at_most_6_mb() {
    let most = usize::try_from(PAYLOAD_MAX).unwrap();
    for (bytes, status) in [(most, 202), (most + 1, 413)] {
        let (mut client, _) = Client::invoked("1", b"{}");
        let body = vec![b'7'; bytes];
        let answer = client.ask("POST", &format!("{API}/invocation/1/response"), &[], &body);
        assert_eq!(answer.status, status);
        match client.event() {
            Happening::Answered { bytes } => assert_eq!((bytes, status), (PAYLOAD_MAX, 202)),
            Happening::AnsweredError { message } => {
                assert_eq!(answer.kind(), "Function.ResponseSizeTooLarge");
                assert!(message.contains("6291557 bytes"), "{message}");
                assert_eq!(status, 413);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Chunks of a streamed response, and whatever trailers end it.
fn stream(client: &mut Client, chunks: usize, trailers: &str) -> Answer {
    let head = format!(
        "POST {API}/invocation/1/response HTTP/1.1\r\nHost: runtime\r\n\
         Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\
         Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n"
    );
    client.send(head.as_bytes());
    let chunk = vec![b'7'; 1 << 20];
    for _ in 0..chunks {
        client.send(b"100000\r\n");
        client.send(&chunk);
        client.send(b"\r\n");
    }
    client.send(format!("0\r\n{trailers}\r\n").as_bytes());
    client.answer()
}

#[test]
fn a_streamed_response_may_be_longer_and_fail_at_its_end() {
    let (mut client, _) = Client::invoked("1", b"{}");
    assert_eq!(stream(&mut client, 8, "").status, 202);
    assert_eq!(client.event(), Happening::Answered { bytes: 8 << 20 });

    let (mut client, _) = Client::invoked("1", b"{}");
    let trailers = "Lambda-Runtime-Function-Error-Type: Runtime.StreamBroken\r\n\
                    Lambda-Runtime-Function-Error-Body: e30=\r\n";
    assert_eq!(stream(&mut client, 1, trailers).status, 202);
    let message = "Runtime.StreamBroken".to_owned();
    assert_eq!(client.event(), Happening::AnsweredError { message });
}

#[test]
fn chunks_and_expectations_are_understood() {
    let (mut client, _) = Client::invoked("1", b"{}");
    let head = format!(
        "POST {API}/invocation/1/response HTTP/1.1\r\nHost: runtime\r\nExpect: 100-continue\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    client.send(head.as_bytes());
    // A client that expects it sends nothing before it is told to.
    assert_eq!(client.answer().status, 100);
    client.send(b"2\r\n{}\r\n0\r\n\r\n");
    assert_eq!(client.answer().status, 202);
    assert_eq!(client.event(), Happening::Answered { bytes: 2 });
}

#[test]
fn what_is_not_allowed_now_is_refused_and_told() {
    let response = |id: &str| format!("{API}/invocation/{id}/response");
    let (mut client, _) = Client::invoked("1", b"{}");
    let answer = client.ask("POST", &response("other"), &[], b"{}");
    assert_eq!(
        (answer.status, answer.kind().as_str()),
        (400, "InvalidRequestID")
    );
    assert!(matches!(client.event(), Happening::Broke { .. }));

    let answer = client.ask("GET", &format!("{API}/invocation/next"), &[], b"");
    assert_eq!(
        (answer.status, answer.kind().as_str()),
        (403, "InvalidStateTransition")
    );
    assert!(matches!(client.event(), Happening::Broke { .. }));

    assert_eq!(client.ask("POST", &response("1"), &[], b"{}").status, 202);
    assert!(matches!(client.event(), Happening::Answered { .. }));
    let answer = client.ask("POST", &response("1"), &[], b"{}");
    assert_eq!(
        (answer.status, answer.kind().as_str()),
        (403, "InvalidStateTransition")
    );
    assert!(matches!(client.event(), Happening::Broke { .. }));

    let answer = client.ask("POST", &format!("{API}/init/error"), &[], b"{}");
    assert_eq!(
        (answer.status, answer.kind().as_str()),
        (403, "InvalidStateTransition")
    );
    assert!(matches!(client.event(), Happening::Broke { .. }));

    for (method, path) in [
        ("GET", "/"),
        ("DELETE", "/2018-06-01/runtime/invocation/next"),
    ] {
        assert_eq!(client.ask(method, path, &[], b"").status, 404);
    }
}

#[test]
fn extensions_register_and_snapshots_ask_what_follows() {
    let mut client = Client::new();
    let header = "Lambda-Extension-Name: watcher";
    let events = br#"{"events": ["INVOKE", "SHUTDOWN"]}"#;
    let answer = client.ask("POST", "/2020-01-01/extension/register", &[header], events);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("lambda-extension-identifier").len(), 36);
    let about: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(about["functionVersion"], "$LATEST");
    assert_eq!(
        client
            .ask("PUT", "/2022-07-01/telemetry", &[], b"{}")
            .status,
        202
    );
    assert_eq!(
        client
            .ask("GET", &format!("{API}/restore/next"), &[], b"")
            .status,
        200
    );
    assert_eq!(client.event(), Happening::AskedRestore);
    let told = br#"{"errorMessage": "stale", "errorType": "AfterRestore"}"#;
    assert_eq!(
        client
            .ask("POST", &format!("{API}/restore/error"), &[], told)
            .status,
        202
    );
    let message = "AfterRestore: stale".to_owned();
    assert_eq!(client.event(), Happening::InitError { message });
}
