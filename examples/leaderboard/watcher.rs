//! A client of the leaderboard, for the check and the tests: it speaks WebSocket, and reads when it
//! is told to.

use actors_core::prelude::BoxError;
use futures_util::StreamExt;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// What the kernel keeps for a client that does not read: with the server's own buffer, some tens
/// of versions.
const RECEIVE_BUFFER_BYTES: u32 = 4096;

/// A connected client, and what it has seen.
pub(crate) struct Watcher {
    pub(crate) socket: WebSocketStream<TcpStream>,
    /// The versions that it has seen.
    pub(crate) seen: u64,
    /// The last one.
    pub(crate) last: Option<u64>,
    /// Whether each version was newer than the one before.
    pub(crate) is_in_order: bool,
}

impl Watcher {
    pub(crate) async fn connect(at: SocketAddr, label: &str) -> Result<Watcher, BoxError> {
        let socket = if at.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        let stream = socket.connect(at).await?;
        let (socket, _) = client_async(format!("ws://{at}/ws?label={label}"), stream).await?;
        Ok(Watcher { socket, seen: 0, last: None, is_in_order: true })
    }

    /// Waits for the next version. `None` at the end of the connection.
    pub(crate) async fn next(&mut self) -> Result<Option<u64>, BoxError> {
        loop {
            let text = match self.socket.next().await.transpose()? {
                Some(Message::Text(text)) => text,
                Some(Message::Close(_)) | None => return Ok(None),
                Some(_) => continue,
            };
            let body: Value = serde_json::from_str(&text)?;
            let version = body["version"].as_u64().ok_or("an update without a version")?;
            self.is_in_order &= self.last.is_none_or(|last| version > last);
            self.seen += 1;
            self.last = Some(version);
            return Ok(Some(version));
        }
    }

    /// Reads until it has seen this version or a newer one, or the connection ends.
    pub(crate) async fn until(&mut self, version: u64) -> Result<(), BoxError> {
        while self.last.is_none_or(|last| last < version) && self.next().await?.is_some() {}
        Ok(())
    }
}

/// Makes one request of HTTP, and returns the whole response.
pub(crate) async fn request(at: SocketAddr, line: &str, body: &str) -> Result<String, BoxError> {
    let mut stream = TcpStream::connect(at).await?;
    let length = body.len();
    let head =
        format!("{line} HTTP/1.1\r\nhost: board\r\nconnection: close\r\ncontent-type: application/json\r\n");
    stream.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response)
}
