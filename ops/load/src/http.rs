//! A kept-alive HTTP/1.1 connection that costs the load program as little as can be.
//!
//! It speaks only what the measured servers answer: a status, headers, a body of known length. A
//! general client would spend the processor that the server under test needs.

use anyhow::{Context as _, bail, ensure};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Largest answer that is read, bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer: status and body.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// As sent.
    pub(crate) body: Vec<u8>,
}

/// Refuses to put load on anything but this machine.
pub(crate) fn loopback_only(address: SocketAddr) -> anyhow::Result<SocketAddr> {
    ensure!(
        address.ip().is_loopback(),
        "{address} is not a loopback address; this program loads only its own machine"
    );
    Ok(address)
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(loopback_only(address)?)
            .await
            .with_context(|| format!("no server at {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends a whole request, head and body, and reads the answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(request).await.context("the server closed the connection")?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let (status, length) = parse_head(&self.buffer[..head])?;
        ensure!(length <= ANSWER_BYTES_MAX, "an answer of {length} bytes");
        while self.buffer.len() < head + length {
            self.more().await?;
        }
        Ok(Answer { status, body: self.buffer[head..head + length].to_vec() })
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection before it answered");
        }
        Ok(())
    }
}

/// The bytes of a POST with these extra header lines.
pub(crate) fn post(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    )
    .into_bytes();
    for (name, value) in headers {
        request.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(body);
    request
}

/// The bytes of a GET.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

fn parse_head(head: &[u8]) -> anyhow::Result<(u16, usize)> {
    let text = std::str::from_utf8(head).context("an answer that is not HTTP")?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok());
    match (status, length) {
        (Some(status), Some(length)) => Ok((status, length)),
        (Some(204 | 304), None) => Ok((204, 0)),
        _ => bail!("an answer without status or length: {text:?}"),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_are_never_loaded() {
        assert!(loopback_only("127.0.0.1:8080".parse().unwrap()).is_ok());
        assert!(loopback_only("192.0.2.1:8080".parse().unwrap()).is_err());
    }

    #[test]
    fn an_answer_head_gives_status_and_length() {
        let head = b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 42\r\n\r\n";
        assert_eq!(parse_head(head).unwrap(), (200, 42));
        assert!(parse_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
