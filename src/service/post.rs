//! One HTTP POST to a receiver on this machine or in the same closed network, and the status that came back: for webhooks and traces, which
//! want nothing else of HTTP. No TLS, no redirects, the body of the answer is not read.

use crate::config::HttpAddress;
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Post a body of a media type; the status of the answer. It takes as long as the receiver lets it: who calls sets the limit.
pub(super) async fn post(to: &HttpAddress, kind: &str, body: &[u8]) -> io::Result<u16> {
    let mut stream = TcpStream::connect(&to.authority).await?;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        to.path,
        to.authority,
        body.len(),
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    let status = std::str::from_utf8(&answer).ok().and_then(|it| it.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok());
    status.ok_or_else(|| io::Error::other("not an answer of HTTP/1"))
}
