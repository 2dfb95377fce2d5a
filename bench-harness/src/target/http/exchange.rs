//! One request and its answer over HTTP/1.1, on a connection of its own, as a probe makes it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::clock;

/// What is said of an answer that is no HTTP.
pub(super) const MALFORMED: &str = "the answer is not HTTP";

/// Bytes of an answer's head at most.
const HEAD_MAX: usize = 64 << 10;

/// Bytes of an answer at most.
const BODY_MAX: u64 = 1 << 30;

/// An answer; its body was read and let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    /// When its last byte was there.
    pub(super) at: u64,
    pub(super) status: u16,
    pub(super) bytes: u64,
}

/// Sends a request: GET, or POST where there is something to send.
///
/// # Errors
/// What went wrong, as a fragment.
pub(super) fn exchange(
    port: u16,
    path: &str,
    request: &[u8],
    patience: Duration,
) -> Result<Answer, String> {
    if patience.is_zero() {
        return Err("no answer".to_owned());
    }
    let told = |error: std::io::Error| error.to_string();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, patience).map_err(told)?;
    stream.set_read_timeout(Some(patience)).map_err(told)?;
    stream.set_write_timeout(Some(patience)).map_err(told)?;
    let method = if request.is_empty() { "GET" } else { "POST" };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: frostline\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        request.len()
    );
    stream
        .write_all(&[head.as_bytes(), request].concat())
        .map_err(told)?;
    read_answer(&mut stream, patience)
}

fn read_answer(stream: &mut impl Read, patience: Duration) -> Result<Answer, String> {
    let began = clock::now();
    let mut head = Vec::new();
    let mut buffer = [0; 16_384];
    let end = loop {
        if let Some(end) = end_of_head(&head) {
            break end;
        }
        let count = stream
            .read(&mut buffer)
            .map_err(|error| error.to_string())?;
        if count == 0 || head.len() > HEAD_MAX {
            return Err(MALFORMED.to_owned());
        }
        head.extend_from_slice(&buffer[..count]);
    };
    let text = String::from_utf8_lossy(&head[..end]);
    let status = status_of(&text).ok_or(MALFORMED)?;
    let length = content_length(&text);
    let mut bytes = u64::try_from(head.len() - end).unwrap_or(0);
    while length.is_none_or(|length| bytes < length) && bytes < BODY_MAX {
        if u128::from(clock::since(began, clock::now())) > patience.as_nanos() {
            return Err("the answer did not end".to_owned());
        }
        match stream.read(&mut buffer) {
            Ok(0) if length.is_some() => return Err(MALFORMED.to_owned()),
            Ok(0) => break,
            Ok(count) => bytes += u64::try_from(count).unwrap_or(0),
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(Answer {
        at: clock::now(),
        status,
        bytes,
    })
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map(|at| at + 4)
}

fn status_of(head: &str) -> Option<u16> {
    let line = head.lines().next()?;
    let rest = line.strip_prefix("HTTP/1.")?;
    rest.split(' ').nth(1)?.parse().ok()
}

fn content_length(head: &str) -> Option<u64> {
    head.lines().skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(u16, u64), String> {
        let answer = read_answer(&mut text.as_bytes(), Duration::from_secs(9));
        answer.map(|answer| (answer.status, answer.bytes))
    }

    #[test]
    fn answers_are_read_to_their_end() {
        assert_eq!(
            read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
            Ok((200, 2))
        );
        assert_eq!(read("HTTP/1.0 404 No\r\n\r\nto the end"), Ok((404, 10)));
        for wrong in [
            "",
            "SSH-2.0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi",
        ] {
            assert_eq!(read(wrong), Err(MALFORMED.to_owned()), "{wrong}");
        }
    }
}
