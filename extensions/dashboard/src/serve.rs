//! The dashboard's own server: HTTP/1.1 on a listener, everything about it bounded.
//!
//! | bound | against |
//! |---|---|
//! | connections | clients that open them and send nothing |
//! | the time for a request's head | the same, one byte at a time |
//! | the time in which a client takes nothing of an answer | a page in a browser that is suspended |
//!
//! `axum::serve` has none of these. A router that is mounted into another server has the limits of
//! that server.

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections at once: 100 streams, and for each page one more that loads files and answers.
const CONNECTIONS_MAX: usize = 200;
/// The time in which a request's head must arrive; also the time for which a connection may be idle
/// between requests.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// A request's head is smaller: a browser sends less than two kilobytes. It is also the memory that
/// a connection buffers; hyper's least is 8 KiB.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The time in which a client must take some bytes of what is sent to it. A browser on the same
/// machine takes milliseconds.
const UNREAD_MAX: Duration = Duration::from_secs(30);
/// The time for answers that are being sent when the system shuts down.
const END_MAX: Duration = Duration::from_secs(2);
/// The pause after a failed accept: most often too many files are open, and a loop that tries again
/// at once would take a core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Sent to a client that finds all connections taken.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 10\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Serves until the token is cancelled, and then for a moment more.
pub(crate) async fn serve(listener: TcpListener, router: Router, token: CancellationToken) -> io::Result<()> {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = token.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(permit) = connections.clone().try_acquire_owned() else {
            // It fits into an empty socket buffer, so one attempt is enough.
            let _ = stream.try_write(FULL);
            continue;
        };
        let (router, token) = (router.clone(), token.clone());
        tasks.spawn(async move {
            connection(stream, peer, router, token).await;
            drop(permit);
        });
    }
    tasks.close();
    // A client that never finishes its request does not keep the process.
    let _ = tokio::time::timeout(END_MAX, tasks.wait()).await;
    Ok(())
}

/// Serves one connection.
async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, token: CancellationToken) {
    // Frames are sent at once.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(UNREAD_MAX));
    // What the guard needs to know about the client.
    let service = TowerToHyperService::new(router.layer(axum::Extension(ConnectInfo(peer))));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_MAX).max_buf_size(HEAD_BYTES_MAX);
    let serving = builder.serve_connection(TokioIo::new(Box::pin(stream)), service);
    tokio::pin!(serving);
    // An error is the client's: it has gone away, or broken a limit above.
    tokio::select! {
        _ = serving.as_mut() => return,
        () = token.cancelled() => serving.as_mut().graceful_shutdown(),
    }
    let _ = tokio::time::timeout(END_MAX, serving).await;
}
