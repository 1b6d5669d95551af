//! Reads what a peer still sends after the last frame was written.
//!
//! A kernel resets a connection that is dropped with unread bytes, and the reset may overtake the
//! last frames (RFC 1122, section 4.2.2.13; RFC 9112, section 9.6). So the bytes are read and
//! discarded until the peer has closed.

use crate::panics::caught;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Sleep;

/// How long a peer may take to read the last frames and close, 2 seconds: many round trips, and
/// what Apache's lingering close gives a peer that is silent.
const TIME_MAX: Duration = Duration::from_secs(2);
/// How many bytes are discarded, 1 MiB: more than the window of a socket with default settings, so
/// a peer that stops at the farewell is read to its end.
const BYTES_MAX: usize = 1 << 20;
/// How many bytes are discarded at a time, 4 KiB: a buffer on the stack that is worth a system
/// call.
const CHUNK: usize = 4 << 10;

/// The end of a connection whose writing direction is shut down.
#[derive(Debug)]
pub(super) struct Linger {
    until: Pin<Box<Sleep>>,
    left: usize,
}

impl Linger {
    /// Starts the limit of time. Needs a runtime of tokio with time.
    pub(super) fn start() -> Self {
        Linger { until: Box::pin(tokio::time::sleep(TIME_MAX)), left: BYTES_MAX }
    }

    /// Polls until the peer has closed, the socket has failed, or a limit is reached.
    pub(super) fn poll<T>(&mut self, socket: &mut T, cx: &mut Context<'_>) -> Poll<()>
    where
        T: AsyncRead + Unpin,
    {
        let mut bytes = [0; CHUNK];
        while self.left > 0 && self.until.as_mut().poll(cx).is_pending() {
            let mut bytes = ReadBuf::new(&mut bytes);
            match caught(|| Pin::new(&mut *socket).poll_read(cx, &mut bytes)) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(Ok(()))) if !bytes.filled().is_empty() => {}
                // The end, or no more can be read.
                Ok(Poll::Ready(_)) | Err(_) => break,
            }
            self.left = self.left.saturating_sub(bytes.filled().len());
        }
        Poll::Ready(())
    }
}
